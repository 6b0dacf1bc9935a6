//! What functions do with channels and locks, by the functions of the runtime and of `package sync` that their code calls. Names are in
//! pclntab, which stripping leaves.

use super::target::{WaitKind, WaitMode};

/// A set of what is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deeds(u16);

impl Deeds {
    const RECEIVE: Deeds = Deeds(1);
    const SEND: Deeds = Deeds(2);
    const LOCK: Deeds = Deeds(4);
    const UNLOCK: Deeds = Deeds(8);
    const LOCK_RW: Deeds = Deeds(16);
    const UNLOCK_RW: Deeds = Deeds(32);
    const DONE: Deeds = Deeds(64);
    const CALL: Deeds = Deeds(128);
    /// Taking any lock.
    pub(super) const ANY_LOCK: Deeds = Deeds(4 | 16);

    pub(super) const fn and(self, other: Deeds) -> Deeds {
        Deeds(self.0 | other.0)
    }

    pub(super) fn all(deeds: impl Iterator<Item = Deeds>) -> Deeds {
        deeds.fold(Deeds::default(), Deeds::and)
    }

    /// True of what takes a lock and gives one back.
    pub(super) fn is_both(self) -> bool {
        self.has(Deeds::ANY_LOCK) && self.has(Deeds::UNLOCK.and(Deeds::UNLOCK_RW))
    }

    pub(super) fn has(self, other: Deeds) -> bool {
        self.0 & other.0 != 0
    }

    /// What ends waits.
    pub(super) fn ending(kind: WaitKind, modes: impl Iterator<Item = WaitMode>) -> Deeds {
        match kind {
            WaitKind::Channel => Deeds::all(modes.map(|mode| match mode {
                WaitMode::Send => Deeds::RECEIVE,
                _ => Deeds::SEND,
            })),
            WaitKind::Mutex => Deeds::UNLOCK,
            WaitKind::RwMutex => Deeds::UNLOCK_RW,
            WaitKind::WaitGroup => Deeds::DONE,
            WaitKind::Cond => Deeds::CALL,
            WaitKind::Semaphore => Deeds::default(),
        }
    }

    /// What takes a lock, and what gives it back.
    pub(super) fn of_lock(kind: WaitKind) -> (Deeds, Deeds) {
        match kind {
            WaitKind::Mutex => (Deeds::LOCK, Deeds::UNLOCK),
            WaitKind::RwMutex => (Deeds::LOCK_RW, Deeds::UNLOCK_RW),
            _ => (Deeds::default(), Deeds::default()),
        }
    }

    /// Of a function by its name. The first steps of `Lock`, `Unlock`, `RLock` and `RUnlock` are inlined; what they call if these do
    /// not do stands for them. Up to 1.19 `RLock` calls `runtime_SemacquireMutex`, which nothing else does outside of `package sync`.
    pub(super) fn of(name: &str) -> Deeds {
        match name {
            "runtime.chanrecv1" | "runtime.chanrecv2" | "runtime.selectnbrecv" | "reflect.chanrecv" => Deeds::RECEIVE,
            "runtime.chansend1"
            | "runtime.selectnbsend"
            | "runtime.closechan"
            | "reflect.chansend0"
            | "reflect.chanclose" => Deeds::SEND,
            "runtime.selectgo" | "reflect.rselect" => Deeds::RECEIVE.and(Deeds::SEND),
            "sync.(*RWMutex).Lock"
            | "sync.(*RWMutex).RLock"
            | "sync.runtime_SemacquireRWMutexR"
            | "sync.runtime_SemacquireMutex" => Deeds::LOCK_RW,
            "sync.(*RWMutex).Unlock" | "sync.(*RWMutex).RUnlock" | "sync.(*RWMutex).rUnlockSlow" => Deeds::UNLOCK_RW,
            "sync.(*WaitGroup).Add" | "sync.(*WaitGroup).Done" => Deeds::DONE,
            "sync.(*Cond).Signal"
            | "sync.(*Cond).Broadcast"
            | "sync.runtime_notifyListNotifyOne"
            | "sync.runtime_notifyListNotifyAll" => Deeds::CALL,
            _ => match name.strip_prefix("internal/").unwrap_or(name) {
                "sync.(*Mutex).Lock" | "sync.(*Mutex).lockSlow" => Deeds::LOCK,
                "sync.(*Mutex).Unlock" | "sync.(*Mutex).unlockSlow" => Deeds::UNLOCK,
                _ => Deeds::default(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_wait_is_the_other_side_of_it() {
        let ending = |kind, modes: &[WaitMode]| Deeds::ending(kind, modes.iter().copied());
        assert_eq!(ending(WaitKind::Channel, &[WaitMode::Send]), Deeds::RECEIVE);
        assert_eq!(ending(WaitKind::Channel, &[WaitMode::Receive]), Deeds::SEND, "closing is told with sending");
        assert_eq!(ending(WaitKind::Channel, &[]), Deeds::default());
        assert_eq!(ending(WaitKind::Mutex, &[WaitMode::Lock]), Deeds::UNLOCK);
        assert_eq!(ending(WaitKind::WaitGroup, &[WaitMode::Wait]), Deeds::DONE);
        assert_eq!(ending(WaitKind::Semaphore, &[WaitMode::Wait]), Deeds::default(), "nobody knows whose it is");
    }

    #[test]
    fn functions_of_the_runtime_and_of_sync_tell_what_is_done() {
        for (name, deed) in [
            ("runtime.chanrecv2", Deeds::RECEIVE),
            ("runtime.closechan", Deeds::SEND),
            ("sync.(*Mutex).lockSlow", Deeds::LOCK),
            ("internal/sync.(*Mutex).lockSlow", Deeds::LOCK),
            ("sync.(*RWMutex).rUnlockSlow", Deeds::UNLOCK_RW),
            ("sync.(*Cond).Broadcast", Deeds::CALL),
            ("main.(*Mutex).Lock", Deeds::default()),
        ] {
            assert_eq!(Deeds::of(name), deed, "{name}");
        }
        let select = Deeds::of("runtime.selectgo");
        assert!(select.has(Deeds::RECEIVE) && select.has(Deeds::SEND) && !select.has(Deeds::LOCK));
    }

    #[test]
    fn who_locks_and_unlocks_does_both() {
        let all = |names: &[&str]| Deeds::all(names.iter().map(|name| Deeds::of(name)));
        assert!(all(&["sync.(*Mutex).Lock", "sync.(*RWMutex).RUnlock"]).is_both());
        assert!(!all(&["sync.(*Mutex).Lock", "sync.(*RWMutex).Lock"]).is_both());
        let (take, give) = Deeds::of_lock(WaitKind::RwMutex);
        assert!(take.has(Deeds::ANY_LOCK) && give.has(Deeds::of("sync.(*RWMutex).Unlock")));
        assert_eq!(Deeds::of_lock(WaitKind::Channel), (Deeds::default(), Deeds::default()));
    }
}
