//! `runtime.g` and `runtime.m` (runtime2.go): goroutines and the threads that run them.

use crate::constants::{GoroutineStatus, wait_reason};
use crate::layout::RuntimeLayout;
use crate::words::{half_at, read_slice, read_words, word_at};
use foldhash::HashMap;
use goheap_image::{Address, MemoryImage, keep_first};
use goheap_model::{Claim, Observer, Refusal};

/// The `m` chain of a broken core may be a ring.
const MAX_THREADS: usize = 1 << 20;

/// One goroutine, alive or kept for reuse.
#[derive(Clone, Debug)]
pub struct Goroutine {
    /// Where its `g` lies.
    pub address: Address,
    /// `goid`.
    pub id: u64,
    /// What it was doing.
    pub status: GoroutineStatus,
    /// Why it waits, where it does.
    pub wait_reason: Option<&'static str>,
    /// Stack bounds `[lo, hi)`.
    pub stack: (u64, u64),
    /// Saved registers of a goroutine that does not run.
    pub sched: Gobuf,
    /// SP and PC at the entry of a system call; SP is 0 outside one.
    pub syscall: (u64, u64),
    /// True if it was stopped at an arbitrary instruction.
    pub async_safe_point: bool,
    /// Its `m`, or null.
    pub m: Address,
    /// Head of its deferred calls.
    pub defer: Address,
    /// Innermost panic.
    pub panic: u64,
    /// Entry of the function that the go statement called.
    pub startpc: u64,
    /// Where the go statement is.
    pub gopc: u64,
    /// Since when it waits, nanoseconds of the monotonic clock; 0 unless a collection saw it wait.
    pub waitsince: u64,
    /// `goid` of the goroutine that made it, since 1.21; 0 for the first and those of the runtime.
    pub parent_id: Option<u64>,
    /// True if it is bound to its thread (`runtime.LockOSThread`).
    pub is_locked: bool,
    /// Its synctest bubble, or null: see [`RuntimeModel::bubble`](crate::RuntimeModel::bubble).
    pub bubble: Address,
    /// True while it runs a cleanup, since 1.25.
    pub is_running_cleanups: bool,
    /// Its profiler labels, or null: see [`RuntimeModel::labels`](crate::RuntimeModel::labels).
    pub labels: Address,
    /// Whence it descends, or null: see [`RuntimeModel::ancestors`](crate::RuntimeModel::ancestors).
    pub ancestors: Address,
}

/// `runtime.gobuf`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gobuf {
    /// Stack pointer.
    pub sp: u64,
    /// Program counter.
    pub pc: u64,
    /// Link register; 0 on amd64.
    pub lr: u64,
    /// Closure context, which the collector takes for a pointer.
    pub ctxt: u64,
    /// The `g` that owns this: equal to its own address in a sound one.
    pub g: u64,
}

/// One `m`: an operating system thread that runs goroutines.
#[derive(Clone, Copy, Debug)]
pub struct MachineThread {
    /// Where the `m` lies.
    pub address: Address,
    /// Its number, counted by the runtime.
    pub id: u64,
    /// Thread id as the runtime saw it (in its own pid namespace).
    pub procid: u64,
    /// The goroutine that it runs, or null.
    pub curg: Address,
    /// Bounds of the stack for signals.
    pub signal_stack: (u64, u64),
    /// SP and PC of the caller of a vDSO function, for which the thread left the goroutine's stack; 0 outside of one.
    pub vdso: (u64, u64),
}

impl Goroutine {
    /// Reads the `g` at `address`; None where it is absent.
    pub fn read(memory: &MemoryImage, layout: &RuntimeLayout, minor: u32, address: Address) -> Option<Self> {
        let fields = &layout.g;
        let record = memory.bytes(address, usize::try_from(fields.size).ok()?)?;
        let word = |offset: u64| word_at(&record, usize::try_from(offset).ok()?);
        let half = |offset: u64| half_at(&record, usize::try_from(offset).ok()?);
        let byte = |offset: u64| record.get(usize::try_from(offset).ok()?).copied();
        let saved = |offset: u64| word(fields.sched + offset);
        let status = GoroutineStatus::from_word(half(fields.atomicstatus)?);
        let waits = matches!(status, GoroutineStatus::Waiting | GoroutineStatus::Leaked);
        Some(Goroutine {
            address,
            id: word(fields.goid)?,
            status,
            wait_reason: if waits { wait_reason(byte(fields.waitreason)?, minor) } else { None },
            stack: (word(fields.stack)?, word(fields.stack + 8)?),
            sched: Gobuf {
                sp: saved(layout.gobuf.sp)?,
                pc: saved(layout.gobuf.pc)?,
                lr: saved(layout.gobuf.lr)?,
                ctxt: saved(layout.gobuf.ctxt)?,
                g: saved(layout.gobuf.g)?,
            },
            syscall: (word(fields.syscallsp)?, word(fields.syscallpc)?),
            async_safe_point: byte(fields.async_safe_point)? != 0,
            m: Address(word(fields.m)?),
            defer: Address(word(fields.defer)?),
            panic: word(fields.panic)?,
            startpc: word(fields.startpc)?,
            gopc: word(fields.gopc)?,
            waitsince: word(fields.waitsince)?,
            parent_id: fields.parent_goid.and_then(word),
            is_locked: word(fields.lockedm)? != 0,
            bubble: Address(fields.bubble.and_then(word).unwrap_or(0)),
            is_running_cleanups: fields.running_cleanups.and_then(byte).unwrap_or(0) != 0,
            labels: Address(word(fields.labels)?),
            ancestors: Address(word(fields.ancestors)?),
        })
    }

    /// True if `address` lies on its stack.
    pub fn on_stack(&self, address: u64) -> bool {
        self.stack.0 <= address && address < self.stack.1
    }
}

/// Entries of `allgs` that could not be read, or not whole.
#[derive(Debug, Default)]
pub(crate) struct BrokenGoroutines {
    pub(crate) count: u64,
    /// Where the records of the first are, or should be.
    pub(crate) first: Vec<Address>,
}

impl BrokenGoroutines {
    fn add(&mut self, address: Address) {
        self.count += 1;
        keep_first(&mut self.first, address);
    }
}

/// Every goroutine of `allgs`, in its order (that of creation), and the entries that could not be read; None where the list
/// is absent.
///
/// # Errors
/// What the list would take is more than the observer grants.
pub(crate) fn read_goroutines(
    memory: &MemoryImage,
    layout: &RuntimeLayout,
    minor: u32,
    allgs: Address,
    observer: &dyn Observer,
) -> Result<Option<(Vec<Goroutine>, BrokenGoroutines)>, Refusal> {
    let list = read_slice(memory, allgs).filter(|list| list.has_words(memory));
    let Some(list) = list else { return Ok(None) };
    let kept = list.len.saturating_mul(size_of::<Goroutine>() as u64);
    observer.claim(Claim { kept, passing: list.len.saturating_mul(8) })?;
    let Some(addresses) = usize::try_from(list.len).ok().and_then(|len| read_words(memory, list.data, len)) else {
        return Ok(None);
    };
    let mut goroutines = Vec::with_capacity(addresses.len());
    let mut broken = BrokenGoroutines::default();
    for address in addresses.into_iter().map(Address) {
        match Goroutine::read(memory, layout, minor, address) {
            Some(goroutine) => goroutines.push(goroutine),
            None => broken.add(address),
        }
    }
    part_stacks(&mut goroutines, &mut broken);
    Ok(Some((goroutines, broken)))
}

/// Takes the stack from every goroutine whose stack begins on another's, and notes these: what is scanned is no more than what there is.
fn part_stacks(goroutines: &mut [Goroutine], broken: &mut BrokenGoroutines) {
    let mut order: Vec<u32> =
        (0..).zip(&*goroutines).filter(|(_, one)| one.stack.0 < one.stack.1).map(|(at, _)| at).collect();
    order.sort_unstable_by_key(|&at| goroutines[at as usize].stack);
    let mut end = 0;
    for at in order {
        let goroutine = &mut goroutines[at as usize];
        if goroutine.stack.0 < end {
            goroutine.stack = (0, 0);
            broken.add(goroutine.address);
        } else {
            end = goroutine.stack.1;
        }
    }
}

/// The threads found from the goroutines' `m` fields and from `first` (`allm`), along `alllink`; by address of the `m`.
pub(crate) fn read_threads(
    memory: &MemoryImage,
    layout: &RuntimeLayout,
    first: impl IntoIterator<Item = Address>,
) -> HashMap<u64, MachineThread> {
    let mut threads = HashMap::default();
    for mut address in first {
        while !address.is_null() && !threads.contains_key(&address.0) && threads.len() < MAX_THREADS {
            let Some((thread, next)) = read_thread(memory, layout, address) else { break };
            threads.insert(address.0, thread);
            address = next;
        }
    }
    threads
}

fn read_thread(memory: &MemoryImage, layout: &RuntimeLayout, address: Address) -> Option<(MachineThread, Address)> {
    let word = |offset: u64| memory.read_u64(address.add(offset));
    let gsignal = Address(word(layout.m.gsignal)?);
    let bound = |offset: u64| memory.read_u64(gsignal.add(layout.g.stack + offset)).unwrap_or(0);
    let signal_stack = if gsignal.is_null() { (0, 0) } else { (bound(0), bound(8)) };
    let thread = MachineThread {
        address,
        id: word(layout.m.id)?,
        procid: word(layout.m.procid)?,
        curg: Address(word(layout.m.curg)?),
        signal_stack,
        vdso: (word(layout.m.vdso_sp)?, word(layout.m.vdso_pc)?),
    };
    Some((thread, Address(word(layout.m.alllink)?)))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::layout::TableSource;
    use goheap_image::Machine;

    pub(crate) fn layout() -> RuntimeLayout {
        RuntimeLayout::load(&TableSource::new(27, Machine::X86_64).unwrap()).unwrap()
    }

    /// A goroutine of nothing but zeros.
    pub(crate) fn blank() -> Goroutine {
        let memory = MemoryImage::from_buffers([(Address(0x1000), vec![0; 0x1000], true)]);
        Goroutine::read(&memory, &layout(), 27, Address(0x1000)).unwrap()
    }

    #[test]
    fn no_two_goroutines_have_one_stack() {
        let of = |stack| Goroutine { stack, ..blank() };
        let stacks =
            [(0x3000, 0x5000), (0x1000, 0x2000), (0x1000, 0x4000), (0, 0), (0x4ff8, 1 << 46), (0x9000, 0x8000)];
        let mut goroutines: Vec<Goroutine> = stacks.into_iter().map(of).collect();
        let mut broken = BrokenGoroutines::default();
        part_stacks(&mut goroutines, &mut broken);
        assert_eq!((broken.count, broken.first.len()), (2, 2));
        let left: Vec<(u64, u64)> = goroutines.iter().map(|goroutine| goroutine.stack).collect();
        assert_eq!(left, [(0x3000, 0x5000), (0x1000, 0x2000), (0, 0), (0, 0), (0, 0), (0x9000, 0x8000)]);
    }
}
