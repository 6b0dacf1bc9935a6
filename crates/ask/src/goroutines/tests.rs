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

/// Three goroutines of one stack, of which each has a buffer and two share one; and one of another that has nothing.
fn held() -> goheap_model::Heap {
    let mut heap = goheap_model::HeapBuilder::default();
    let [own, other, third] = [100, 200, 400].map(|bytes| heap.object("main.Buffer", bytes * 8));
    let shared = heap.object("main.Shared", 8000);
    heap.goroutine(10, "main.worker", &[("buf *main.Buffer", own), ("s *main.Shared", shared)]);
    heap.goroutine(11, "main.worker", &[("buf *main.Buffer", other), ("s *main.Shared", shared)]);
    heap.goroutine(12, "main.worker", &[("buf *main.Buffer", third)]);
    heap.goroutine(13, "main.idle", &[]);
    heap.build().unwrap()
}

#[test]
fn what_several_goroutines_keep_together_is_more_than_what_each_does() {
    let heap = held();
    let graph = goheap_model::Graph::new(&heap).unwrap();
    let dominance = graph.dominance(&goheap_model::Unobserved).unwrap();
    let retained = RetainedByGoroutines::new(graph, &dominance);
    assert_eq!([0, 1, 2, 3].map(|one| retained.of_goroutine(one)), [800, 1600, 3200, 0]);
    assert_eq!(retained.of_set(&[0, 1]), 800 + 1600 + 8000);
    assert_eq!(retained.at_least(&[0, 1]), 800 + 1600, "that they share is left out");
    assert_eq!(retained.of_set(&[0, 2]), 800 + 3200, "the third has no part of what is shared");
    assert_eq!((retained.of_group(2), retained.of_group(9), retained.of_goroutine(9)), (3200, 0, 0));
}

#[test]
fn parts_of_groups_are_weighed_by_themselves() {
    let heap = held();
    let graph = goheap_model::Graph::new(&heap).unwrap();
    let dominance = graph.dominance(&goheap_model::Unobserved).unwrap();
    let retained = RetainedByGoroutines::new(graph, &dominance);
    let mut groups = groups();
    groups.groups.truncate(1);
    let told = |leaked: &[u32]| {
        let leaks = Leaks { goroutines: leaked.to_vec(), ..Leaks::default() };
        let mut listing = GoroutineListing::new(&groups, Some(&leaks), GoroutinesWanted::default(), |_| true);
        listing.weigh(&retained);
        listing.sort(GoroutineSort::Retained);
        let told = listing.told(9, None, &|_| false);
        told.groups.iter().map(|row| (row.leaked, row.retained_bytes, row.retained_at_least)).collect::<Vec<_>>()
    };
    let parts = told(&[0, 1]);
    assert_eq!(parts, [(Some(2), Some(800 + 1600 + 8000), false), (Some(0), Some(3200), false)]);
    assert_eq!(told(&[2])[1], (Some(1), Some(3200), false));
}

#[test]
fn values_of_labels_are_told_only_where_contents_are_asked_for() {
    let mut groups = groups();
    let label = |value: &str| vec![("tenant".to_owned(), value.to_owned())];
    groups.labels = vec![label("a"), label("b")];
    groups.each[1].labels = 1;
    let told = |values| {
        let wanted = GoroutinesWanted { values, ..GoroutinesWanted::default() };
        let mut listing = GoroutineListing::new(&groups, None, wanted, |group| group.number == 0);
        listing.sort(GoroutineSort::Count);
        listing.told(9, None, &|_| false).groups.remove(0).labels.remove(0)
    };
    let label = told(true);
    assert_eq!((&*label.key, label.goroutines, label.different), ("tenant", 3, 2));
    assert_eq!(label.values.unwrap(), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
    assert_eq!((told(false).values, told(false).different), (None, 2));
}

#[test]
fn without_a_look_at_leaks_none_are_told() {
    let groups = groups();
    let listing = GoroutineListing::new(&groups, None, GoroutinesWanted::default(), |_| true);
    let told = listing.told(1, Some(goheap_model::waits::WaitsReport::default()), &|_| false);
    assert_eq!((told.leaked, told.groups[0].leaked), (None, None));
    assert_eq!(told.waits, None, "an empty report of waits is none");
    assert_eq!((told.groups.len(), told.groups_left_out, told.goroutines_left_out), (1, 1, 1));
    assert_eq!(told.stack_bytes, (10 + 11 + 12 + 13) * 1024, "of all that are wanted, told or not");
    assert!(listing.contains(3) && !listing.contains(4), "the runtime's own are not wanted");
}
