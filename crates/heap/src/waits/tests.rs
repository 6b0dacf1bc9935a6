//! What goroutines wait for together, who probably has a lock, and which waits nobody seems to end.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::snapshot::HeapSnapshot;
use crate::testing::{Doing, GoProcess};
use goheap_model::Unobserved;

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("sync.Mutex", &[("state", "int32"), ("sema", "uint32")]);
    go.define(
        "sync.RWMutex",
        &[
            ("w", "sync.Mutex"),
            ("writerSem", "uint32"),
            ("readerSem", "uint32"),
            ("readerCount", "int32"),
            ("readerWait", "int32"),
        ],
    );
    go.define("sync.WaitGroup", &[("state", "uint64"), ("sema", "uint32")]);
    go.define(
        "main.Account",
        &[
            ("n", "int"),
            ("mu", "sync.Mutex"),
            ("rw", "sync.RWMutex"),
            ("group", "sync.WaitGroup"),
            ("next", "*main.Account"),
        ],
    );
    go.frame("main.work", 2, &[0]);
    go
}

/// The offsets of an account's locks.
const MUTEX: u64 = 8;
const RW_MUTEX: u64 = 16;
const GROUP: u64 = 40;

/// A goroutine that sleeps on a word, called by these functions from the innermost on.
fn sleeper(go: &mut GoProcess, reason: &'static str, calls: &[&str], word: u64) -> u64 {
    let calls: Vec<(&str, &[u64])> = calls.iter().map(|name| (*name, &[][..])).collect();
    let goroutine = go.goroutine(Doing::Waits(reason), &calls);
    go.waits_for(goroutine, 0, word, false);
    goroutine
}

/// Kind, address and mode of what the only group is.
fn only(snapshot: &HeapSnapshot<'_, '_>) -> (WaitKind, u64, WaitMode) {
    let waits = Waits::read(snapshot);
    assert_eq!((waits.groups.len(), waits.unknown), (1, 0));
    (waits.groups[0].kind, waits.groups[0].address, waits.groups[0].waiters[0].mode)
}

#[test]
fn the_calls_tell_which_lock_the_word_is_in() {
    let lock = ["runtime.gopark", "sync.runtime_SemacquireMutex"];
    for (reason, callers, offset, kind, at, mode, state) in [
        (
            "sync.Mutex.Lock",
            &["sync.(*Mutex).lockSlow"][..],
            MUTEX + 4,
            WaitKind::Mutex,
            MUTEX,
            WaitMode::Lock,
            Some(LockState::Mutex { is_locked: true }),
        ),
        (
            "sync.RWMutex.RLock",
            &["sync.(*RWMutex).RLock"],
            RW_MUTEX + 12,
            WaitKind::RwMutex,
            RW_MUTEX,
            WaitMode::Read,
            Some(LockState::RwMutex { has_writer: true, readers: 2, leaving: 1 }),
        ),
        (
            "sync.RWMutex.Lock",
            &["sync.(*RWMutex).Lock"],
            RW_MUTEX + 8,
            WaitKind::RwMutex,
            RW_MUTEX,
            WaitMode::Drain,
            Some(LockState::RwMutex { has_writer: true, readers: 2, leaving: 1 }),
        ),
        (
            "sync.Mutex.Lock",
            &["sync.(*Mutex).Lock", "sync.(*RWMutex).Lock"],
            RW_MUTEX + 4,
            WaitKind::RwMutex,
            RW_MUTEX,
            WaitMode::Lock,
            Some(LockState::RwMutex { has_writer: true, readers: 2, leaving: 1 }),
        ),
        (
            "sync.WaitGroup.Wait",
            &["sync.(*WaitGroup).Wait"],
            GROUP + 8,
            WaitKind::WaitGroup,
            GROUP,
            WaitMode::Wait,
            Some(LockState::WaitGroup { counter: 3 }),
        ),
        ("sync.Cond.Wait", &["sync.(*Cond).Wait"], 16, WaitKind::Cond, 0, WaitMode::Wait, None),
        ("sync.Mutex.Lock", &["main.other"], MUTEX + 4, WaitKind::Semaphore, MUTEX + 4, WaitMode::Wait, None),
    ] {
        let mut go = process();
        let account = go.object("main.Account");
        // Locked; a writer waits for one of two readers; three are to be done.
        let readers = (2_i32 - (1 << 30)) as u32;
        go.set(account + MUTEX, &[1]);
        go.set(account + RW_MUTEX + 16, &[u64::from(readers) | 1 << 32]);
        go.set(account + GROUP, &[3 << 32]);
        let calls = [&lock[..], callers, &["main.work"]].concat();
        sleeper(&mut go, reason, &calls, account + offset);
        go.variable("main.account", "*main.Account", &[account]);
        go.take(|snapshot| {
            assert_eq!(only(snapshot), (kind, account + at, mode), "{reason} {callers:?}");
            let waits = Waits::read(snapshot);
            assert_eq!(snapshot.lock_state(&waits.groups[0]), state, "{reason} {callers:?}");
        });
    }
}

#[test]
fn who_waits_for_one_channel_is_one_group_and_both_sides_are_told_apart() {
    let mut go = process();
    let channel = go.channel("int", &[], 0);
    go.variable("main.queue", "chan int", &[channel]);
    for (reason, sends) in [("chan send", true), ("chan receive", false), ("chan send", true)] {
        let goroutine = go.goroutine(Doing::Waits(reason), &[("runtime.gopark", &[]), ("main.work", &[])]);
        go.waits_for(goroutine, channel, 0, sends);
    }
    go.take(|snapshot| {
        let waits = Waits::read(snapshot);
        let group = &waits.groups[0];
        assert_eq!((waits.groups.len(), group.kind, group.address), (1, WaitKind::Channel, channel));
        assert_eq!((group.count(WaitMode::Send), group.count(WaitMode::Receive)), (2, 1));
        assert_eq!([0, 1, 2].map(|goroutine| waits.of(goroutine).to_vec()), [vec![0], vec![0], vec![0]]);
        assert_eq!(snapshot.lock_state(group), Some(LockState::Channel { len: 0, cap: 0 }));
    });
}

#[test]
fn a_select_waits_in_a_group_for_each_of_its_channels() {
    let mut go = process();
    let (one, two) = (go.channel("int", &[], 0), go.channel("int", &[], 0));
    go.variable("main.both", "[2]chan int", &[one, two]);
    let goroutine = go.goroutine(Doing::Waits("select"), &[("runtime.gopark", &[]), ("main.work", &[])]);
    go.waits_for_all(goroutine, &[one, two, one]);
    go.take(|snapshot| {
        let waits = Waits::read(snapshot);
        assert_eq!(waits.of(0), [0, 1], "a channel of two cases once");
        assert!(waits.groups.iter().flat_map(|group| &group.waiters).all(|waiter| waiter.is_select));
    });
}

#[test]
fn what_is_waited_for_is_named_by_its_field_or_its_variable() {
    let mut go = process();
    let account = go.object("main.Account");
    go.variable("main.account", "*main.Account", &[account]);
    let rows = go.row("main.Account", 3);
    go.variable("main.rows", "[]main.Account", &[rows, 3, 3]);
    let channel = go.channel("*main.Account", &[], 0);
    go.variable("main.queue", "chan *main.Account", &[channel]);
    let named = go.variable("main.named", "main.Account", &[]);
    let nameless = go.variable("", "main.Account", &[]);
    go.variable("main.behind", "*main.Account", &[nameless]);
    let size = go.ty_size("main.Account");
    go.take(|snapshot| {
        let name = |kind, address| {
            let name = snapshot.wait_name(&WaitGroup { kind, address, waiters: Vec::new() });
            (name.text, name.is_static)
        };
        let told = |text: &str, is_static| (text.to_owned(), is_static);
        assert_eq!(name(WaitKind::Mutex, account + MUTEX), told("main.Account .mu", false));
        assert_eq!(name(WaitKind::RwMutex, account + RW_MUTEX), told("main.Account .rw", false));
        assert_eq!(name(WaitKind::Mutex, account + RW_MUTEX), told("main.Account .rw.w", false));
        let second = rows + size + MUTEX;
        assert_eq!(name(WaitKind::Mutex, second), told("[3]main.Account [1].mu", false));
        assert_eq!(name(WaitKind::Channel, channel), told("chan *main.Account", false));
        assert_eq!(name(WaitKind::WaitGroup, named + GROUP), told("main.named .group", true));
        assert_eq!(name(WaitKind::Mutex, nameless + MUTEX), told("main.behind .mu", true));
    });
}

/// Senders on a channel that a variable leads to, and one more goroutine, if any.
fn senders(count: usize, other: impl Fn(&mut GoProcess, u64)) -> Vec<Suspicion> {
    let mut go = process();
    let channel = go.channel("int", &[], 0);
    go.variable("main.queue", "chan int", &[channel]);
    for _ in 0..count {
        let goroutine = go.goroutine(Doing::Waits("chan send"), &[("runtime.gopark", &[]), ("main.work", &[])]);
        go.waits_for(goroutine, channel, 0, true);
    }
    other(&mut go, channel);
    suspicions(&go)
}

fn suspicions(go: &GoProcess) -> Vec<Suspicion> {
    go.take(|snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        Waits::read(snapshot).look_closer(&graph, &Unobserved).unwrap().suspicions
    })
}

#[test]
fn many_who_send_to_nobody_are_suspect() {
    assert_eq!(senders(9, |_, _| {}), [], "so few may wait for the next");
    let found = senders(10, |_, _| {});
    assert_eq!((found.len(), found[0].stuck.len(), found[0].others_at_hand), (1, 10, 0));
}

#[test]
fn who_has_the_channel_at_hand_and_code_that_receives_ends_the_wait() {
    let holder = |go: &mut GoProcess, channel: u64, does: &[(u64, &str)], doing: Doing| {
        go.frame("main.drain", 1, &[0]);
        go.local("main.drain", "queue", "chan int", 0);
        go.code("main.drain", does);
        go.goroutine(doing, &[("main.drain", &[channel])]);
    };
    let receives = [(0x40, "runtime.chanrecv1")];
    let found = senders(10, |go, channel| holder(go, channel, &receives, Doing::Runnable));
    assert_eq!(found, [], "it goes on and receives");
    let found = senders(10, |go, channel| holder(go, channel, &[(0x40, "main.other")], Doing::Runnable));
    assert_eq!((found.len(), found[0].others_at_hand, found[0].other), (1, 1, Some(10)), "it does nothing with it");
    let found = senders(10, |go, _| holder(go, 0, &receives, Doing::Runnable));
    assert_eq!(found.len(), 1, "it has another channel");
}

#[test]
fn a_lock_is_had_by_who_locked_it_and_has_not_unlocked_it_yet() {
    let held = |does: &[(u64, &str)], state: u64| {
        let mut go = process();
        let account = go.object("main.Account");
        go.set(account + MUTEX, &[state]);
        go.variable("main.account", "*main.Account", &[account]);
        let lock = ["runtime.gopark", "sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow", "main.work"];
        sleeper(&mut go, "sync.Mutex.Lock", &lock, account + MUTEX + 4);
        go.frame("main.hold", 1, &[0]);
        go.local("main.hold", "account", "*main.Account", 0);
        go.code("main.hold", does);
        go.goroutine(Doing::Runnable, &[("main.hold", &[account])]);
        go.take(|snapshot| {
            let graph = snapshot.references(&Unobserved).unwrap();
            let closer = Waits::read(snapshot).look_closer(&graph, &Unobserved).unwrap();
            let holders = closer.holders.get(&0).cloned().unwrap_or_default();
            holders.iter().map(|holder| (holder.goroutine, holder.function.clone())).collect::<Vec<_>>()
        })
    };
    let (lock, unlock) = ("sync.(*Mutex).lockSlow", "sync.(*Mutex).unlockSlow");
    // The call stands at 0x10.
    let holds = [(1, "main.hold".to_owned())];
    assert_eq!(held(&[(0x1, lock), (0x40, unlock)], 1), holds);
    assert_eq!(held(&[(0x40, lock), (0x50, unlock)], 1), [], "it is yet to lock it");
    assert_eq!(held(&[(0x1, lock), (0x8, unlock), (0x40, "main.other")], 1), [], "it has unlocked it");
    assert_eq!(held(&[(0x40, unlock), (0x50, lock)], 1), [], "what it gives back it has not taken here");
    assert_eq!(held(&[(0x1, lock), (0x40, lock), (0x50, unlock)], 1), [], "who locks it again has it no more");
    assert_eq!(held(&[(0x1, lock), (0x40, unlock)], 0), [], "nobody has it");
}

#[test]
fn what_is_waited_for_is_told_by_the_way_to_it() {
    let mut go = process();
    go.define("main.App", &[("accounts", "[]*main.Account"), ("n", "int")]);
    let account = go.object("main.Account");
    go.set(account + MUTEX, &[1]);
    let list = go.row("*main.Account", 4);
    go.set(list + 8, &[account]);
    let app = go.filled("main.App", &[list, 4, 4]);
    go.variable("main.app", "*main.App", &[app]);
    let lock = ["runtime.gopark", "sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow", "main.work"];
    sleeper(&mut go, "sync.Mutex.Lock", &lock, account + MUTEX + 4);
    go.take(|snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let found = FoundWaits::new(&graph, &Unobserved).unwrap();
        assert_eq!(found.reached_by(0).as_deref(), Some("main.app .accounts [i]"));
        let report = found.report(10, &|_| true, &|_| false);
        assert_eq!((report.locks.len(), report.suspected), (1, 0));
        let told = &report.locks[0].awaited;
        assert_eq!((&*told.name, told.kind, &*told.state), ("main.Account .mu", "sync.Mutex", "locked"));
        assert_eq!((told.ids.clone(), report.locks[0].holders.len()), (vec![1], 0));
        assert!(found.report(10, &|_| false, &|_| false).locks.is_empty(), "of none that is wanted");
        assert!(found.report(10, &|_| true, &|_| true).locks.is_empty(), "only leaked ones wait, and nobody has it");
    });
}

#[test]
fn what_most_of_some_goroutines_wait_for_is_told_together() {
    let mut go = process();
    let (one, two) = (go.channel("int", &[], 0), go.channel("int", &[], 0));
    go.variable("main.both", "[2]chan int", &[one, two]);
    for channel in [one, two, two] {
        let goroutine = go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[])]);
        go.waits_for(goroutine, channel, 0, false);
    }
    go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    go.take(|snapshot| {
        let graph = snapshot.references(&Unobserved).unwrap();
        let told = awaited_together(&graph, &[&[0, 1, 2], &[0], &[3]], &Unobserved).unwrap();
        let addresses: Vec<_> = told.iter().map(|one| one.as_ref().map(|one| one.awaited.addr.clone())).collect();
        assert_eq!(addresses, [Some(format!("{two:#x}")), Some(format!("{one:#x}")), None]);
        assert_eq!(told[0].as_ref().unwrap().these[0].goroutines, 2);
    });
}
