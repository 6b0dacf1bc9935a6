#![allow(clippy::unwrap_used)]
use super::*;
use crate::{Grouping, RetainedHistogram, Selection};
use goheap_model::{Heap, HeapBuilder, Unobserved};

/// A cache and a goroutine hold what two lines made, one of them for both; one object is garbage.
fn sampled() -> Heap {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("main.Cache", 64);
    let [kept, other, shared, local, dead] =
        [4096, 4096, 1024, 2048, 4096].map(|bytes| heap.object("main.Item", bytes));
    [(cache, kept), (cache, other), (cache, shared), (local, shared)].into_iter().for_each(|(a, b)| heap.refer(a, b));
    heap.variable("main.cache *main.Cache", cache);
    heap.goroutine(7, "main.work", &[("item *main.Item", local)]);
    [kept, other, dead].into_iter().for_each(|object| heap.born(object, "main.fill", 10));
    heap.born(shared, "main.fill", 12);
    heap.born(local, "main.load", 30);
    heap.build().unwrap()
}

fn told(heap: &Heap, found: &BirthSites) -> Vec<(String, u64, u64)> {
    let births = heap.births.as_ref().unwrap();
    let line = |site: &BirthSite| {
        let calls = site.calls.iter().filter_map(|&call| births.call(call));
        calls.map(|call| format!("{}:{}", call.function, call.line)).collect::<Vec<_>>().join(" ")
    };
    found.sites.iter().map(|site| (line(site), site.count.samples, site.count.sampled_bytes)).collect()
}

fn row(site: &str, samples: u64, bytes: u64) -> (String, u64, u64) {
    (site.to_owned(), samples, bytes)
}

#[test]
fn each_site_tells_who_holds_what_it_made() {
    let heap = sampled();
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&Unobserved).unwrap();
    let index = BirthIndex::new(graph, &tree, heap.births.as_ref().unwrap());
    let all = index.all(SiteGrouping::Line, |_| true);
    let sites = [row("main.fill:10", 3, 12288), row("main.load:30", 1, 2048), row("main.fill:12", 1, 1024)];
    assert_eq!(told(&heap, &all), sites);
    assert_eq!((all.total.samples, all.total.sampled_bytes), (5, 15360));
    let held = |site: usize| -> Vec<_> {
        all.sites[site].held.iter().map(|held| (index.holder_text(held.holder), held.count.samples)).collect()
    };
    let told = |name: &str, samples| (name.to_owned(), samples);
    assert_eq!(held(0), [told("main.cache *main.Cache", 2), told("unreachable", 1)]);
    assert_eq!(held(1), [told("goroutine main.work", 1)]);
    assert_eq!(held(2), [told("several roots", 1)]);
    assert_eq!(all.sites[0].held[0].example, ObjectId(1));
    // A sample of 1024 bytes at a rate of 512 stands for 1 / (1 - exp(-2)) of it, one of 4096 for itself and a little.
    assert_eq!((all.sites[2].count.bytes, all.sites[0].count.objects), (1184, 3));
}

#[test]
fn what_a_node_retains_is_told_by_where_it_was_made() {
    let heap = sampled();
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&Unobserved).unwrap();
    let index = BirthIndex::new(graph, &tree, heap.births.as_ref().unwrap());
    let below = |nodes: &[u32]| told(&heap, &index.below_all(nodes, SiteGrouping::Line));
    assert_eq!(below(&[0]), [row("main.fill:10", 2, 8192)]);
    // What lies below another node is counted once.
    assert_eq!(below(&[1, 0, 4]), [row("main.fill:10", 2, 8192), row("main.load:30", 1, 2048)]);
    assert_eq!(below(&[5]), [], "garbage retains nothing");
    let stacks = told(&heap, &index.below(4, SiteGrouping::Stack));
    assert_eq!(stacks, [row("main.load:30 main.main:1", 1, 2048)]);
    assert_eq!(index.below(graph.root(), SiteGrouping::Line).total.samples, 4);
}

#[test]
fn what_a_type_retains_is_told_by_where_it_was_made() {
    let heap = sampled();
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&Unobserved).unwrap();
    let index = BirthIndex::new(graph, &tree, heap.births.as_ref().unwrap());
    let by_type = |wanted: &str| {
        let is_wanted = |text: &str| text == wanted;
        let request =
            RetainedHistogram { grouping: Grouping::Whole, selection: Selection::Reachable, is_wanted, exact: 0 };
        let found = index.by_group(request, SiteGrouping::Line);
        found.into_iter().map(|(name, sites)| (name, told(&heap, &sites))).collect::<Vec<_>>()
    };
    // The cache was not sampled, and keeps two that were; the third is another's, too.
    assert_eq!(by_type("main.Cache"), [("main.Cache".to_owned(), vec![row("main.fill:10", 2, 8192)])]);
    // Garbage is none of what is reachable.
    let items = vec![row("main.fill:10", 2, 8192), row("main.load:30", 1, 2048), row("main.fill:12", 1, 1024)];
    assert_eq!(by_type("main.Item"), [("main.Item".to_owned(), items)]);
    assert_eq!(by_type("main.Nothing"), []);
}

#[test]
fn lines_are_named_for_another_core_and_calls_that_read_alike_are_one() {
    let heap = sampled();
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&Unobserved).unwrap();
    let index = BirthIndex::new(graph, &tree, heap.births.as_ref().unwrap());
    let counts = site_counts(&index);
    let names: Vec<(&str, u64)> = counts.iter().map(|count| (&*count.name, count.share.objects)).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().any(|(name, objects)| name.contains("main.fill") && name.contains("10") && *objects == 3));
    let only = index.all(SiteGrouping::Line, |id| id == ObjectId(3));
    assert_eq!(told(&heap, &only), [row("main.fill:12", 1, 1024)]);
}

#[test]
fn frames_tell_what_was_made_below_them() {
    use goheap_graph::PathTrie;
    let heap = sampled();
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&Unobserved).unwrap();
    let index = BirthIndex::new(graph, &tree, heap.births.as_ref().unwrap());
    let mut frames = DominatorFrames { trie: PathTrie::new(), ..DominatorFrames::default() };
    let above = frames.trie.child(PathTrie::ROOT, 0);
    let [one, other] = [1, 2].map(|label| frames.trie.child(above, label));
    frames.sampled = vec![(ObjectId(1), one), (ObjectId(3), other)];
    let by_frame = index.by_frame(&frames);
    let below = |frame| told(&heap, &by_frame.below(frame, SiteGrouping::Line));
    assert_eq!(below(one), [row("main.fill:10", 1, 4096)]);
    assert_eq!(below(above), [row("main.fill:10", 1, 4096), row("main.fill:12", 1, 1024)]);
    let nothing = frames.trie.child(above, 9);
    assert_eq!(below(nothing), []);
}

#[test]
fn what_an_absent_word_may_hold_is_nobodys_garbage() {
    let mut heap = sampled();
    heap.unreached.lacks = true;
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&Unobserved).unwrap();
    let index = BirthIndex::new(graph, &tree, heap.births.as_ref().unwrap());
    let all = index.all(SiteGrouping::Line, |_| true);
    let holders: Vec<_> = all.sites[0].held.iter().map(|held| index.holder_text(held.holder)).collect();
    assert_eq!(holders, ["main.cache *main.Cache", "not known to be reachable"]);
}
