#![allow(clippy::unwrap_used)]
use super::*;
use goheap_model::{Heap, HeapBuilder, Unobserved};

/// Two variables of one package hold a cache each; the caches share an item, and have one of their own.
fn caches() -> Heap {
    let mut heap = HeapBuilder::default();
    let [one, other] = [heap.object("main.Cache", 64), heap.object("main.Cache", 64)];
    let [own, others, shared] = [32, 48, 1024].map(|bytes| heap.object("main.Item", bytes));
    for (cache, item) in [(one, own), (other, others), (one, shared), (other, shared)] {
        heap.refer(cache, item);
    }
    heap.variable("main.one *main.Cache", one);
    heap.variable("main.other *main.Cache", other);
    let buffer = heap.object("bytes.Buffer", 4096);
    heap.goroutine(7, "main.work", &[("buffer *bytes.Buffer", buffer)]);
    heap.object("main.Item", 16);
    heap.build().unwrap()
}

fn rows(heap: &Heap, exact: usize, selection: Selection) -> Vec<(String, u64, Option<u64>)> {
    let graph = Graph::new(heap).unwrap();
    let request = RetainedHistogram { grouping: Grouping::Whole, selection, is_wanted: |_: &str| true, exact };
    let histogram = retained_histogram(graph, &graph.dominance(&Unobserved).unwrap(), request);
    histogram.rows.into_iter().map(|row| (row.name, row.share.bytes, row.retained)).collect()
}

#[test]
fn the_minimum_leaves_out_what_only_several_hold_and_the_exact_one_does_not() {
    let heap = caches();
    let row = |name: &str, bytes, retained| (name.to_owned(), bytes, Some(retained));
    let least = rows(&heap, 0, Selection::Reachable);
    assert_eq!(
        least,
        [row("bytes.Buffer", 4096, 4096), row("main.Item", 1104, 1104), row("main.Cache", 128, 64 + 32 + 64 + 48)]
    );
    let exact = rows(&heap, 10, Selection::Reachable);
    assert_eq!(exact[2], row("main.Cache", 128, 128 + 32 + 48 + 1024));
    assert_eq!(rows(&heap, 0, Selection::Unreachable), [row("main.Item", 16, 0)], "garbage retains nothing");
}

#[test]
fn what_is_not_referred_to_counts_once_for_each_group_that_retains_it() {
    let mut heap = HeapBuilder::default();
    let outer = heap.object("main.Node", 64);
    let inner = heap.object("main.Node", 64);
    let [text, other] = [heap.object("[]uint8", 4096), heap.object("[]uint8", 1024)];
    [(outer, inner), (inner, text), (outer, other)].into_iter().for_each(|(from, to)| heap.refer(from, to));
    heap.variable("main.list *main.Node", outer);
    heap.referred(text, 96);
    heap.referred(inner, 32);
    let heap = heap.build().unwrap();
    let graph = Graph::new(&heap).unwrap();
    let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
    let request = RetainedHistogram { grouping, selection, is_wanted: |_: &str| true, exact: 0 };
    let found = retained_histogram(graph, &graph.dominance(&Unobserved).unwrap(), request);
    let rows: Vec<_> = found.rows.iter().map(|row| (&*row.name, row.retained, row.referred)).collect();
    let nodes = 64 + 64 + 4096 + 1024;
    assert_eq!(
        rows,
        [("[]uint8", Some(4096 + 1024), Some(96 + 1024)), ("main.Node", Some(nodes), Some(nodes - 4000 - 32))]
    );
}

#[test]
fn groups_of_roots_and_what_is_shared_are_all_that_is_reachable() {
    let heap = caches();
    let graph = Graph::new(&heap).unwrap();
    let dominance = graph.dominance(&Unobserved).unwrap();
    let of = |grouping| root_groups(graph, &dominance, grouping, |_| true);
    let told = |groups: &RootGroups| {
        let rows = groups.groups.iter().map(|group| (group.name.clone(), group.retained.bytes));
        (rows.collect::<Vec<_>>(), groups.shared.bytes)
    };
    let by_root = of(RootGrouping::Root);
    let names = ["goroutine main.work", "main.other *main.Cache", "main.one *main.Cache"].map(str::to_owned);
    let bytes = [4096, 112, 96];
    assert_eq!(told(&by_root), (names.into_iter().zip(bytes).collect(), 1024));
    let by_package = told(&of(RootGrouping::Package));
    assert_eq!(by_package, (vec![("goroutines".to_owned(), 4096), ("main".to_owned(), 1232)], 0));
    let sum = by_root.groups.iter().map(|group| group.retained.bytes).sum::<u64>() + by_root.shared.bytes;
    assert_eq!(sum, heap.totals.reachable().bytes);
}

#[test]
fn without_references_nobody_holds_anything() {
    let heap = Heap::default();
    assert!(Graph::new(&heap).is_none());
}
