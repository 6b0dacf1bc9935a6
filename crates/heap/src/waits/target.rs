//! From the word that a goroutine sleeps on to the lock that it is in (sync/mutex.go, rwmutex.go, waitgroup.go, cond.go).

use goheap_runtime::{Call, Release};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitKind {
    /// A channel.
    Channel,
    /// `sync.Mutex`, also that of a `sync.Once`.
    Mutex,
    /// `sync.RWMutex`.
    RwMutex,
    /// `sync.WaitGroup`.
    WaitGroup,
    /// `sync.Cond`.
    Cond,
    /// A bare semaphore of the runtime or of `internal/poll`.
    Semaphore,
}

impl WaitKind {
    /// As Go calls it.
    pub fn name(self) -> &'static str {
        match self {
            WaitKind::Channel => "chan",
            WaitKind::Mutex => "sync.Mutex",
            WaitKind::RwMutex => "sync.RWMutex",
            WaitKind::WaitGroup => "sync.WaitGroup",
            WaitKind::Cond => "sync.Cond",
            WaitKind::Semaphore => "semaphore",
        }
    }

    /// True of what one goroutine has and others wait for.
    pub fn is_lock(self) -> bool {
        matches!(self, WaitKind::Mutex | WaitKind::RwMutex)
    }

    /// Bytes of it; of a channel, of its header as far as it matters here.
    pub(super) fn size(self) -> u64 {
        match self {
            WaitKind::Mutex => 8,
            WaitKind::RwMutex => 24,
            WaitKind::WaitGroup => 12,
            WaitKind::Cond => 56,
            WaitKind::Channel | WaitKind::Semaphore => 4,
        }
    }
}

/// What the waiting goroutine wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitMode {
    /// To send.
    Send,
    /// To receive.
    Receive,
    /// To have a lock alone.
    Lock,
    /// To have it with other readers.
    Read,
    /// To have it alone once the readers have left: nobody else gets it before.
    Drain,
    /// That it is done, or that it is called.
    Wait,
}

/// A lock or the like by its first byte, and what is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyncTarget {
    pub(super) kind: WaitKind,
    pub(super) address: u64,
    pub(super) mode: WaitMode,
}

/// The list in a `sync.Cond`: behind its Locker.
const NOTIFY_LIST: u64 = 16;

/// What the goroutine with these calls, innermost first, waits for that sleeps on `word`. Which function of `package sync` called the
/// semaphore tells which word of which struct it is: all releases agree on the offsets, but for `WaitGroup` up to 1.17.
pub(super) fn sync_target(calls: &[Call], word: u64, release: Release) -> SyncTarget {
    let at = |kind, offset: u64, mode| SyncTarget { kind, address: word.wrapping_sub(offset), mode };
    let mut in_mutex = false;
    for name in calls.iter().map(|call| &*call.call.function) {
        match name {
            "sync.(*RWMutex).Lock" if in_mutex => return at(WaitKind::RwMutex, 4, WaitMode::Lock),
            "sync.(*RWMutex).Lock" => return at(WaitKind::RwMutex, 8, WaitMode::Drain),
            "sync.(*RWMutex).RLock" => return at(WaitKind::RwMutex, 12, WaitMode::Read),
            // `state1 [3]uint32`, of which the semaphore is the first where that is not aligned.
            "sync.(*WaitGroup).Wait" if release.aligns_wait_groups && !word.is_multiple_of(8) => {
                return at(WaitKind::WaitGroup, 0, WaitMode::Wait);
            }
            "sync.(*WaitGroup).Wait" => return at(WaitKind::WaitGroup, 8, WaitMode::Wait),
            "sync.(*Cond).Wait" => {
                let offset = if release.conditions_wait_by_list { NOTIFY_LIST } else { 0 };
                return at(WaitKind::Cond, offset, WaitMode::Wait);
            }
            _ if name.ends_with("sync.(*Mutex).Lock") || name.ends_with("sync.(*Mutex).lockSlow") => in_mutex = true,
            _ if is_machinery(name) => {}
            _ => break,
        }
    }
    match in_mutex {
        true => at(WaitKind::Mutex, 4, WaitMode::Lock),
        false => at(WaitKind::Semaphore, 0, WaitMode::Wait),
    }
}

fn is_machinery(name: &str) -> bool {
    name.starts_with("runtime.") || name.starts_with("sync.") || name.starts_with("internal/sync.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_runtime::{GoVersion, InlineFrame};
    use std::sync::Arc;

    fn of(functions: &[&str], word: u64, minor: u32) -> (WaitKind, u64, WaitMode) {
        let call = |function: &&str| {
            let function = (*function).to_owned();
            let frame = InlineFrame { function, ..InlineFrame::default() };
            Call { call: Arc::new(frame), frame: 0, is_shown: true }
        };
        let calls: Vec<Call> = functions.iter().map(call).collect();
        let release = GoVersion::parse(&format!("go1.{minor}")).unwrap().release();
        let found = sync_target(&calls, word, release);
        (found.kind, found.address, found.mode)
    }

    #[test]
    fn the_caller_of_the_semaphore_tells_the_struct() {
        let slow = ["runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow"];
        let with = |more: &[&'static str]| [&slow, more].concat();
        let of_mutex = with(&["sync.(*Mutex).Lock", "main.f"]);
        assert_eq!(of(&of_mutex, 0x1004, 19), (WaitKind::Mutex, 0x1000, WaitMode::Lock));
        let newer = ["internal/sync.(*Mutex).lockSlow", "internal/sync.(*Mutex).Lock", "sync.(*Mutex).Lock", "main.f"];
        assert_eq!(of(&newer, 0x1004, 26), (WaitKind::Mutex, 0x1000, WaitMode::Lock));
        let writer = with(&["sync.(*Mutex).Lock", "sync.(*RWMutex).Lock", "main.f"]);
        assert_eq!(of(&writer, 0x1004, 26), (WaitKind::RwMutex, 0x1000, WaitMode::Lock));
        let drains = ["sync.runtime_SemacquireRWMutex", "sync.(*RWMutex).Lock", "main.f"];
        assert_eq!(of(&drains, 0x1008, 26), (WaitKind::RwMutex, 0x1000, WaitMode::Drain));
        let reader = ["sync.runtime_SemacquireRWMutexR", "sync.(*RWMutex).RLock", "main.f"];
        assert_eq!(of(&reader, 0x100c, 26), (WaitKind::RwMutex, 0x1000, WaitMode::Read));
        assert_eq!(of(&["sync.(*WaitGroup).Wait"], 0x1008, 22), (WaitKind::WaitGroup, 0x1000, WaitMode::Wait));
        assert_eq!(of(&["sync.(*WaitGroup).Wait"], 0x1004, 17), (WaitKind::WaitGroup, 0x1004, WaitMode::Wait));
        assert_eq!(of(&["sync.(*Cond).Wait"], 0x1010, 26), (WaitKind::Cond, 0x1000, WaitMode::Wait));
        assert_eq!(of(&["sync.(*Cond).Wait"], 0x1000, 25), (WaitKind::Cond, 0x1000, WaitMode::Wait));
        // A program's own lock is told by what it is made of, and the runtime's own by nothing.
        assert_eq!(of(&["runtime.semacquire", "main.f", "sync.(*Mutex).Lock"], 8, 22).0, WaitKind::Semaphore);
    }
}
