//! Numbers that the runtime's enumerations carry and that move between releases, as data.

/// States of `g.atomicstatus`, less the `_Gscan` bit (runtime2.go, 1.17 to 1.27).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoroutineStatus {
    /// `_Gidle`: allocated, not yet set up.
    Idle,
    /// `_Grunnable`.
    Runnable,
    /// `_Grunning`: has a thread and runs Go code.
    Running,
    /// `_Gsyscall`.
    Syscall,
    /// `_Gwaiting`.
    Waiting,
    /// `_Gdead`: finished, kept for reuse.
    Dead,
    /// `_Gcopystack`: its stack is being moved.
    Copystack,
    /// `_Gpreempted`: stopped itself for a suspension.
    Preempted,
    /// `_Gleaked`, since 1.26: found blocked for ever by a leak-finding collection.
    Leaked,
    /// `_Gdeadextra`, since 1.26: belongs to an extra M made for C threads.
    DeadExtra,
    /// A number that no release has used.
    Unknown(u32),
}

/// `_Gscan`: the collector owns the stack at this moment.
const GSCAN: u32 = 0x1000;

impl GoroutineStatus {
    /// From the word in `g.atomicstatus`.
    pub fn from_word(word: u32) -> Self {
        match word & !GSCAN {
            0 => Self::Idle,
            1 => Self::Runnable,
            2 => Self::Running,
            3 => Self::Syscall,
            4 => Self::Waiting,
            6 => Self::Dead,
            8 => Self::Copystack,
            9 => Self::Preempted,
            10 => Self::Leaked,
            11 => Self::DeadExtra,
            other => Self::Unknown(other),
        }
    }

    /// True if the goroutine has a stack that holds anything (`markroot` scans it).
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Idle | Self::Dead | Self::DeadExtra | Self::Unknown(_))
    }

    /// The word that Go's tracebacks use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Runnable => "runnable",
            Self::Running => "running",
            Self::Syscall => "syscall",
            Self::Waiting => "waiting",
            Self::Dead => "dead",
            Self::Copystack => "copystack",
            Self::Preempted => "preempted",
            Self::Leaked => "leaked",
            Self::DeadExtra => "dead extra",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// What a `special` record attached to a span says about an object (mheap.go, `_KindSpecial*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialKind {
    /// `runtime.SetFinalizer`.
    Finalizer,
    /// `weak.Pointer` and `unique`, since 1.23.
    WeakHandle,
    /// Sampled by the memory profile.
    Profile,
    /// `runtime.AddCleanup`, since 1.24.
    Cleanup,
    /// Anything that neither roots nor names memory: pins, tests, bubbles, secrets.
    Other(u8),
}

/// Finalizer, weak handle, profile and cleanup numbers for 1.17-1.20, 1.21-1.22, 1.23, 1.24, 1.25, 1.26 and later.
/// They were renumbered whenever a kind was put between; 0 means that the release has no such kind.
const SPECIAL_KINDS: [(u32, [u8; 4]); 4] =
    [(17, [1, 0, 2, 0]), (23, [1, 2, 3, 0]), (24, [1, 2, 3, 6]), (25, [2, 3, 4, 7])];

impl SpecialKind {
    /// From `special.kind` of Go 1.`minor`.
    pub fn from_number(kind: u8, minor: u32) -> Self {
        let row = SPECIAL_KINDS.iter().rev().find(|row| row.0 <= minor).unwrap_or(&SPECIAL_KINDS[0]);
        match row.1.iter().position(|&number| number != 0 && number == kind) {
            Some(0) => Self::Finalizer,
            Some(1) => Self::WeakHandle,
            Some(2) => Self::Profile,
            Some(3) => Self::Cleanup,
            _ => Self::Other(kind),
        }
    }
}

/// Marks a wait reason that a release does not have.
const N: u8 = u8::MAX;

/// `waitReasonStrings` (runtime2.go): the number of each reason in Go 1.17-1.19, 1.20-1.21, 1.22, 1.23, 1.24, 1.25,
/// and 1.26-1.27. The table was renumbered in almost every second release.
#[rustfmt::skip]
const WAIT_REASONS: &[(&str, [u8; 7])] = &[
    ("", [0, 0, 0, 0, 0, 0, 0]),
    ("GC assist marking", [1, 1, 1, 1, 1, 1, 1]),
    ("IO wait", [2, 2, 2, 2, 2, 2, 2]),
    ("dumping heap", [5, 5, 5, 5, 5, 5, 3]),
    ("garbage collection", [6, 6, 6, 6, 6, 6, 4]),
    ("garbage collection scan", [7, 7, 7, 7, 7, 7, 5]),
    ("panicwait", [8, 8, 8, 8, 8, 8, 6]),
    ("GC assist wait", [11, 11, 11, 11, 11, 11, 7]),
    ("GC sweep wait", [12, 12, 12, 12, 12, 12, 8]),
    ("GC scavenge wait", [13, 13, 13, 13, 13, 13, 9]),
    ("finalizer wait", [16, 16, 16, 16, 16, 16, 10]),
    ("force gc (idle)", [17, 17, 17, 17, 17, 17, 11]),
    ("GOMAXPROCS updater (idle)", [N, N, N, N, N, 18, 12]),
    ("semacquire", [18, 18, 18, 18, 18, 19, 13]),
    ("sleep", [19, 19, 19, 19, 19, 20, 14]),
    ("chan receive (nil chan)", [3, 3, 3, 3, 3, 3, 15]),
    ("chan send (nil chan)", [4, 4, 4, 4, 4, 4, 16]),
    ("select (no cases)", [10, 10, 10, 10, 10, 10, 17]),
    ("select", [9, 9, 9, 9, 9, 9, 18]),
    ("chan receive", [14, 14, 14, 14, 14, 14, 19]),
    ("chan send", [15, 15, 15, 15, 15, 15, 20]),
    ("sync.Cond.Wait", [20, 20, 20, 20, 20, 21, 21]),
    ("sync.Mutex.Lock", [N, 21, 21, 21, 21, 22, 22]),
    ("sync.RWMutex.RLock", [N, 22, 22, 22, 22, 23, 23]),
    ("sync.RWMutex.Lock", [N, 23, 23, 23, 23, 24, 24]),
    ("sync.WaitGroup.Wait", [N, N, N, N, 24, 25, 25]),
    ("trace reader (blocked)", [22, 24, 24, 24, 25, 26, 26]),
    ("wait for GC cycle", [23, 25, 25, 25, 26, 27, 27]),
    ("GC worker (idle)", [24, 26, 26, 26, 27, 28, 28]),
    ("GC worker (active)", [N, 27, 27, 27, 28, 29, 29]),
    ("preempted", [25, 28, 28, 28, 29, 30, 30]),
    ("debug call", [26, 29, 29, 29, 30, 31, 31]),
    ("GC mark termination", [N, 30, 30, 30, 31, 32, 32]),
    ("stopping the world", [N, 31, 31, 31, 32, 33, 33]),
    ("flushing proc caches", [N, N, 32, 32, 33, 34, 34]),
    ("trace goroutine status", [N, N, 33, 33, 34, 35, 35]),
    ("trace proc status", [N, N, 34, 34, 35, 36, 36]),
    ("page trace flush", [N, N, 35, 35, 36, 37, 37]),
    ("coroutine", [N, N, 36, 36, 37, 38, 38]),
    ("GC weak to strong wait", [N, N, N, 37, 38, 39, 39]),
    ("synctest.Run", [N, N, N, N, 39, 40, 40]),
    ("synctest.Wait", [N, N, N, N, 40, 41, 41]),
    ("chan receive (synctest)", [N, N, N, N, 41, N, N]),
    ("chan send (synctest)", [N, N, N, N, 42, N, N]),
    ("select (synctest)", [N, N, N, N, 43, N, N]),
    ("chan receive (durable)", [N, N, N, N, N, 42, 42]),
    ("chan send (durable)", [N, N, N, N, N, 43, 43]),
    ("select (durable)", [N, N, N, N, N, 44, 44]),
    ("sync.WaitGroup.Wait (durable)", [N, N, N, N, N, 45, 45]),
    ("cleanup wait", [N, N, N, N, N, 46, 46]),
    ("timer goroutine (idle)", [21, N, N, N, N, N, N]),
];

/// The reason why a goroutine waits, as tracebacks print it; None for a number that Go 1.`minor` does not use.
pub fn wait_reason(number: u8, minor: u32) -> Option<&'static str> {
    let column = match minor {
        ..=19 => 0,
        20 | 21 => 1,
        22 => 2,
        23 => 3,
        24 => 4,
        25 => 5,
        _ => 6,
    };
    if number == N {
        return None;
    }
    WAIT_REASONS.iter().find(|row| row.1[column] == number).map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_release() {
        assert_eq!(SpecialKind::from_number(2, 22), SpecialKind::Profile);
        assert_eq!(SpecialKind::from_number(2, 23), SpecialKind::WeakHandle);
        assert_eq!(SpecialKind::from_number(2, 27), SpecialKind::Finalizer);
        assert_eq!(SpecialKind::from_number(6, 24), SpecialKind::Cleanup);
        assert_eq!(SpecialKind::from_number(6, 25), SpecialKind::Other(6));
    }

    #[test]
    fn wait_reasons_follow_the_release() {
        assert_eq!(wait_reason(14, 22), Some("chan receive"));
        assert_eq!(wait_reason(19, 27), Some("chan receive"));
        assert_eq!(wait_reason(200, 27), None);
    }

    #[test]
    fn the_scan_bit_is_no_status() {
        assert_eq!(GoroutineStatus::from_word(0x1004), GoroutineStatus::Waiting);
    }
}
