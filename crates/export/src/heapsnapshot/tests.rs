#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use goheap_model::{Evidence, FieldPlace, FieldType, HeapBuilder, ObjectId, Unobserved};
use serde_json::Value;

/// Each reference of an object is a field of its own, `.f0`, `.f1` and so on; those of arrays are elements.
struct Numbered<'h>(Graph<'h>);

impl Fields for Numbered<'_> {
    fn place(&self, from: Slot, offset: u64, is_numbered: bool) -> FieldPlace {
        let is_array = self.0.heap().object_types.of(from.id).part() == Part::Elements;
        let path = match (is_array, is_numbered) {
            (true, true) => format!("[{}].f", offset / 8),
            (true, false) => "[i].f".to_owned(),
            _ => format!(".f{}", offset / 8),
        };
        FieldPlace { path, field: Some(FieldType::PointerTo(TypeId(0))), is_inside: false }
    }

    fn offset_in_period(&self, from: Slot, offset: u64) -> u64 {
        let is_array = self.0.heap().object_types.of(from.id).part() == Part::Elements;
        if is_array { 0 } else { offset }
    }

    fn offset_between(&self, _: Slot, _: Slot) -> Option<u64> {
        None
    }

    fn for_each_reference(&self, _: Slot, _: &mut dyn FnMut(u64, ObjectId)) {}

    fn dynamic_type(&self, _: Slot, _: u64, _: bool) -> Option<TypeId> {
        None
    }

    fn is_machinery(&self, _: TypeId) -> bool {
        false
    }
}

/// A snapshot as readers see it.
struct Read {
    json: Value,
    nodes: Vec<Vec<u64>>,
    edges: Vec<Vec<(u64, u64, usize)>>,
}

impl Read {
    fn of(heap: &Heap, limit: u64) -> (Self, SnapshotWritten) {
        let graph = Graph::new(heap).unwrap();
        let mut file = Vec::new();
        let written = SnapshotFile { limit }.write(graph, &Numbered(graph), &Unobserved, &mut file).unwrap();
        let json: Value = serde_json::from_slice(&file).unwrap();
        let numbers = |name: &str, width: usize| {
            let all: Vec<u64> = json[name].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
            assert_eq!(all.len() % width, 0);
            all.chunks(width).map(<[u64]>::to_vec).collect::<Vec<_>>()
        };
        let (nodes, mut all) = (numbers("nodes", 7), numbers("edges", 3).into_iter());
        assert_eq!(json["snapshot"]["node_count"], nodes.len());
        assert_eq!(json["snapshot"]["edge_count"], all.len());
        let row = |edge: Vec<u64>| {
            assert_eq!(edge[2] % 7, 0);
            (edge[0], edge[1], edge[2] as usize / 7)
        };
        let edges = nodes.iter().map(|node| all.by_ref().take(node[4] as usize).map(row).collect()).collect();
        let read = Read { nodes, edges, json };
        assert_eq!(all.next(), None);
        assert_eq!(
            (written.nodes, written.edges),
            (read.nodes.len() as u64, read.edges.iter().flatten().count() as u64)
        );
        (read, written)
    }

    fn string(&self, number: u64) -> &str {
        self.json["strings"][number as usize].as_str().unwrap()
    }

    fn name(&self, node: usize) -> &str {
        self.string(self.nodes[node][1])
    }

    /// Of a node, what it leads to by which name.
    fn lead(&self, node: usize) -> Vec<(String, usize)> {
        let name = |&(kind, name, to): &(u64, u64, usize)| {
            let name = if kind == 1 { format!("[{name}]") } else { self.string(name).to_owned() };
            (name, to)
        };
        self.edges[node].iter().map(name).collect()
    }

    fn named(&self, name: &str) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&node| self.name(node) == name).collect()
    }

    fn bytes(&self) -> u64 {
        self.nodes.iter().map(|node| node[3]).sum()
    }

    fn leads_to(&self, from: usize, name: &str) -> usize {
        let leads = self.lead(from);
        leads.iter().find(|(edge, _)| edge == name).unwrap_or_else(|| panic!("no {name} in {leads:?}")).1
    }
}

fn small() -> Heap {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("main.Cache", 64);
    // The first object of a type tells its size.
    heap.object("main.Row", 8);
    let row = heap.part("main.Row", 128, Part::Elements, Evidence::Exact);
    let items = [heap.object("main.Item", 32), heap.object("main.Item", 32)];
    heap.refer(cache, row);
    heap.refer(cache, cache);
    heap.refer(row, items[0]);
    heap.refer(row, items[1]);
    heap.variable("main.cache *main.Cache", cache);
    heap.goroutine(7, "main.serve", &[("item *main.Item", items[1])]);
    heap.object("main.Dead", 512);
    heap.object("", 16);
    heap.build().unwrap()
}

#[test]
fn nodes_are_objects_and_edges_their_fields() {
    let heap = small();
    let (read, written) = Read::of(&heap, 100);
    assert_eq!((read.bytes(), written.merged), (64 + 8 + 128 + 64 + 512 + 16, 0));
    let cache = read.named("main.Cache")[0];
    let items = read.named("main.Item");
    let row = read.named("[...]main.Row")[0];
    assert_eq!(read.lead(cache), [("f0".to_owned(), row), ("f1".to_owned(), cache)]);
    assert_eq!(read.lead(row), [("[0].f".to_owned(), items[0]), ("[1].f".to_owned(), items[1])]);
    assert_eq!(read.named(UNKNOWN_TYPE).len(), 1);
    assert!(items.iter().all(|&item| read.nodes[item][..4] == [3, read.nodes[item][1], read.nodes[item][2], 32]));
}

#[test]
fn roots_are_grouped_and_ids_tell_addresses() {
    let heap = small();
    let (read, written) = Read::of(&heap, 100);
    let roots = read.leads_to(0, "[1]");
    assert_eq!((read.name(0), read.name(roots)), ("", "(GC roots)"));
    let down = |names: &[&str]| {
        names.iter().fold(roots, |node, name| {
            let mut below = read.edges[node].iter().map(|edge| edge.2);
            below.find(|&below| read.name(below) == *name).unwrap_or_else(|| panic!("no {name}"))
        })
    };
    let cache = down(&["(package variables)", "package main", "main.cache *main.Cache", "main.Cache"]);
    let item = down(&["(goroutines)", "goroutine main.serve", "goroutine 7: main.serve", "main.serve"]);
    assert_eq!(read.name(read.lead(item)[0].1), "item *main.Item");
    let unreachable = read.leads_to(0, "(unreachable)");
    let dead: Vec<&str> = read.lead(unreachable).iter().map(|lead| read.name(lead.1)).collect();
    assert_eq!(dead, ["main.Row", "main.Dead", UNKNOWN_TYPE]);
    let about = read.leads_to(0, "about this file");
    assert!(read.lead(about).iter().map(|lead| read.name(lead.1)).eq(&written.facts));
    assert_eq!((read.nodes[cache][2], read.nodes[read.named("main.Item")[0]][2]), (1, (3 << 20) / 4 + 1));
    assert!(written.facts[1].starts_with("the address of an object is 0xc000000000 + (id - 1) * 4"));
    let mut ids: Vec<u64> = read.nodes.iter().map(|node| node[2]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), read.nodes.len());
}

#[test]
fn small_subtrees_are_merged_below_their_dominators() {
    let mut builder = HeapBuilder::default();
    let cache = builder.object("main.Cache", 64);
    builder.variable("main.cache *main.Cache", cache);
    let large = builder.object("main.Large", 4096);
    builder.refer(cache, large);
    for _ in 0..50 {
        let (item, name) = (builder.object("main.Item", 32), builder.object("string", 16));
        builder.refer(cache, item);
        builder.refer(item, name);
        builder.refer(item, large);
        builder.refer(large, name);
    }
    builder.object("main.Dead", 512);
    let heap = builder.build().unwrap();
    let (read, written) = Read::of(&heap, 20);
    assert_eq!((read.bytes(), written.merged), (64 + 4096 + 50 * 48 + 512, 101));
    let (cache, large) = (read.named("main.Cache")[0], read.named("main.Large")[0]);
    let smaller = read.leads_to(cache, "100 smaller objects");
    assert_eq!((read.name(smaller), read.nodes[smaller][3]), (MERGED, 50 * 48));
    assert_eq!(read.lead(smaller), [("[1]".to_owned(), large)]);
    assert!(read.lead(large).iter().all(|lead| lead.1 == smaller));
    assert_eq!(read.named("main.Item"), [0; 0]);
    let dead = read.leads_to(read.leads_to(0, "(unreachable)"), "1 smaller objects");
    assert_eq!(read.nodes[dead][3], 512);
    assert!(written.facts.iter().any(|fact| fact.starts_with("101 objects that retain less than")));
}

#[test]
fn names_of_the_process_break_nothing() {
    let long = "x".repeat(100_000);
    let names = ["a\0b\n\"c\\\"", "[", "]}", &long, "\u{fffd}\u{202e}ü", "\",\"strings\":["];
    let mut builder = HeapBuilder::default();
    for name in names {
        let object = builder.object(name, 64);
        builder.variable(name, object);
    }
    let (read, _) = Read::of(&builder.build().unwrap(), 100);
    for name in names {
        let found = read.named(name);
        assert!(found.iter().any(|&node| read.nodes[node][0] == 3), "{name:?}");
        assert!(found.iter().any(|&node| read.nodes[node][0] == 9), "{name:?}");
    }
}
