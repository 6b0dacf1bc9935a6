//! What the words of a lock, a wait group or a channel say (sync/mutex.go, rwmutex.go, waitgroup.go).

use super::target::WaitKind;
use super::waiters::WaitGroup;
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;

const MUTEX_LOCKED: u32 = 1;
/// `rwmutexMaxReaders`: taken from the number of readers when a writer comes.
const MAX_READERS: i64 = 1 << 30;
/// Since 1.25 the highest bit of the waiters says that the group is of a synctest bubble.
const COUNTER_SHIFT: u32 = 32;

/// What it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockState {
    /// Of a mutex: whether it is locked. It is not for the moment in which it passes from one to the next.
    Mutex {
        /// One goroutine has it.
        is_locked: bool,
    },
    /// Of a read-write mutex.
    RwMutex {
        /// A writer has it or waits for the readers to leave.
        has_writer: bool,
        /// Readers that have it, or wait behind the writer.
        readers: u64,
        /// Readers that a writer waits for.
        leaving: u64,
    },
    /// Of a wait group: how many times `Done` is to come.
    WaitGroup {
        /// The counter.
        counter: i64,
    },
    /// Of a channel.
    Channel {
        /// Elements in its buffer.
        len: u64,
        /// Room for elements.
        cap: u64,
    },
}

impl HeapSnapshot<'_, '_> {
    /// What the thing that is waited for says; None where it says nothing or the core lacks it.
    pub fn lock_state(&self, group: &WaitGroup) -> Option<LockState> {
        let memory = self.model.memory();
        let half = |offset: u64| memory.read_u32(Address(group.address.checked_add(offset)?));
        Some(match group.kind {
            WaitKind::Mutex => LockState::Mutex { is_locked: half(0)? & MUTEX_LOCKED != 0 },
            WaitKind::RwMutex => {
                let (count, wait) = (i64::from(half(16)?.cast_signed()), i64::from(half(20)?.cast_signed()));
                let (has_writer, readers) = if count < 0 { (true, count + MAX_READERS) } else { (false, count) };
                let positive = |number: i64| u64::try_from(number).unwrap_or(0);
                LockState::RwMutex { has_writer, readers: positive(readers), leaving: positive(wait) }
            }
            WaitKind::WaitGroup => {
                let aligned = group.address.is_multiple_of(8);
                // `state1 [3]uint32` of 1.17 begins with the semaphore where it is not aligned.
                let state = memory.read_u64(Address(group.address.checked_add(if aligned { 0 } else { 4 })?))?;
                LockState::WaitGroup { counter: i64::from(((state >> COUNTER_SHIFT) as u32).cast_signed()) }
            }
            WaitKind::Channel => {
                let channel = self.model.channel(group.address)?;
                LockState::Channel { len: channel.len, cap: channel.cap }
            }
            WaitKind::Cond | WaitKind::Semaphore => return None,
        })
    }
}
