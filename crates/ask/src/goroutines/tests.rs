#![allow(clippy::unwrap_used)]
use super::*;
use goheap_model::{GoroutineState, InlineFrame, Leaks};
use std::sync::Arc;

fn call(function: &str) -> InlineFrame {
    InlineFrame { function: function.into(), file: "main.go".into(), line: 7, ..InlineFrame::default() }
}

/// Two groups of the program's, of three and of one, and one of the runtime's.
fn groups() -> GoroutineGroups {
    let each = [(10, 0, 50), (11, 0, 90), (12, 1, 0), (13, 0, 20), (2, 0, 10)].map(|(id, state, since)| {
        GoroutineState { id, state, since, waits: true, stack: (0, id * 1024), ..GoroutineState::default() }
    });
    let group = |number: u32, members: &[u32], function: &str| GoroutineGroup {
        number,
        members: members.to_vec(),
        calls: vec![Arc::new(call("runtime.gopark")), Arc::new(call(function))],
        speaking: Some(1),
        creator: Some(call("main.main")),
        is_system: function.starts_with("runtime."),
    };
    GoroutineGroups {
        groups: vec![
            group(0, &[0, 1, 2], "main.worker[go.shape.int]"),
            group(1, &[3], "main.wait"),
            group(2, &[4], "runtime.bgsweep"),
        ],
        each: each.to_vec(),
        states: vec!["chan receive".into(), "select".into()],
        labels: vec![Vec::new()],
        now: Some(1_000_000_050),
        broken: 0,
    }
}

#[test]
fn a_group_that_is_leaked_in_part_is_two_rows() {
    let groups = groups();
    let leaks = Leaks { goroutines: vec![1], ..Leaks::default() };
    let mut listing = GoroutineListing::new(&groups, Some(&leaks), GoroutinesWanted::default(), |_| true);
    listing.sort(GoroutineSort::Count);
    let told = listing.told(2, None, &|goroutine| goroutine == 2);
    let rows: Vec<_> = told.groups.iter().map(|row| (row.count, row.leaked, row.suspected, row.ids.clone())).collect();
    assert_eq!(rows, [(2, Some(0), 1, vec![10, 12]), (1, Some(1), 0, vec![11])]);
    assert_eq!((told.goroutines, told.system, told.selected, told.goroutines_left_out), (5, 1, 4, 1));
    assert_eq!(told.groups[0].oldest_wait_seconds, Some(1.0));
    assert_eq!(told.groups[0].unknown_waits, 1, "no collection saw it");
    assert_eq!(told.groups[0].place().unwrap().function, "main.worker[...]");
    let alone = GoroutinesWanted { leaked_alone: true, system: true, ..GoroutinesWanted::default() };
    assert_eq!(GoroutineListing::new(&groups, Some(&leaks), alone, |_| true).members(), [1]);
}

#[test]
fn groups_are_sorted_by_what_is_asked_for() {
    let groups = groups();
    let order = |by| {
        let wanted = GoroutinesWanted { system: true, ..GoroutinesWanted::default() };
        let mut listing = GoroutineListing::new(&groups, None, wanted, |group| group.number != 9);
        listing.sort(by);
        listing.told(9, None, &|_| false).groups.iter().map(|row| row.ids[0]).collect::<Vec<_>>()
    };
    assert_eq!(order(GoroutineSort::Wait), [2, 13, 10], "the longest wait began first");
    assert_eq!(order(GoroutineSort::Stack), [10, 13, 2]);
    assert_eq!(order(GoroutineSort::Count), [10, 2, 13]);
}

#[test]
fn goroutines_are_counted_by_what_they_do_and_where() {
    let counts = goroutine_counts(&groups());
    let named: Vec<(&str, u64)> = counts.iter().map(|count| (&*count.name, count.share.objects)).collect();
    let expected = [
        ("chan receive at main.wait, created by main.main", 1),
        ("chan receive at main.worker[...], created by main.main", 3),
    ];
    assert_eq!(named, expected);
}
