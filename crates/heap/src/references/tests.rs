//! The graph of references: its edges, what stands above objects, and what is taken from records of the runtime.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::testing::{Doing, GoProcess};
use goheap_model::{Fields, Heap, ObjectId, RootClass, RootKind, TableFields, Unobserved};

const WITH_ALL: ReferenceOptions = ReferenceOptions { referred: true, words: true };

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    go
}

/// Shows `ask` the graph of a process.
fn graph<R>(
    go: &GoProcess,
    options: ReferenceOptions,
    ask: impl FnOnce(&HeapSnapshot<'_, '_>, &ReferenceGraph<'_, '_, '_>) -> R,
) -> R {
    go.take(|snapshot| ask(snapshot, &snapshot.references_with(options, &Unobserved).unwrap()))
}

/// The nodes that a node leads to, as text.
fn texts(graph: &ReferenceGraph<'_, '_, '_>, node: u32) -> Vec<String> {
    graph.data().edges().targets(node).iter().map(|to| graph.data().text(*to)).collect()
}

#[test]
fn each_word_of_a_reached_object_that_leads_to_an_object_is_an_edge() {
    let mut go = process();
    go.define("main.Pair", &[("a", "*main.Node"), ("n", "int"), ("b", "*main.Node"), ("c", "*main.Node")]);
    let (one, two, freed) = (go.object("main.Node"), go.object("main.Node"), go.object("main.Node"));
    go.free(freed);
    let pair = go.filled("main.Pair", &[one, 0, two + 8, freed]);
    let dead = go.filled("main.Pair", &[one]);
    go.variable("main.pair", "*main.Pair", &[pair]);
    graph(&go, ReferenceOptions::default(), |snapshot, graph| {
        let id = |at| snapshot.id(at).0;
        let mut targets = graph.data().edges().targets(id(pair)).to_vec();
        targets.sort_unstable();
        assert_eq!(targets, [id(one), id(two)]);
        assert!(graph.data().edges().targets(id(dead)).is_empty(), "what no root reaches refers to nothing");
        let place = &graph.edge_places(id(pair), id(two), 9)[0];
        assert_eq!((&*place.path, place.offset, place.into), (".b *main.Node", 16, 8));
    });
}

#[test]
fn the_words_of_an_object_larger_than_a_piece_are_edges_in_order() {
    let mut go = process();
    let count = 100_000;
    let nodes: Vec<u64> = (0..3).map(|_| go.object("main.Node")).collect();
    let row = go.row("*main.Node", count);
    for (at, node) in [(1, nodes[2]), (50_000, nodes[0]), (count - 1, nodes[1])] {
        go.set(row + at * 8, &[node]);
    }
    go.variable("main.row", "[]*main.Node", &[row, count, count]);
    graph(&go, WITH_ALL, |snapshot, graph| {
        let id = |at| snapshot.id(at).0;
        assert_eq!(graph.data().edges().targets(id(row)), [id(nodes[2]), id(nodes[0]), id(nodes[1])]);
        let words = graph.data().edges().tags(id(row)).unwrap();
        assert_eq!(words, [1, 50_000, count as u32 - 1]);
        let fields = graph.fields();
        let offset = fields
            .offset_between(snapshot.objects.slot(ObjectId(id(row))), snapshot.objects.slot(ObjectId(id(nodes[1]))));
        assert_eq!(offset, Some((count - 1) * 8));
    });
}

#[test]
fn variables_hang_on_their_package_and_goroutines_on_their_stack() {
    let mut go = process();
    let nodes: Vec<u64> = (0..5).map(|_| go.object("main.Node")).collect();
    go.frame("main.work", 1, &[0]);
    go.local("main.work", "node", "*main.Node", 0);
    go.variable("main.a", "*main.Node", &[nodes[0]]);
    go.variable("main.b", "*main.Node", &[nodes[1]]);
    go.variable("net/http.c", "*main.Node", &[nodes[2]]);
    for node in &nodes[3..] {
        go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[*node])]);
    }
    graph(&go, ReferenceOptions::default(), |_, graph| {
        let roots = graph.data().references().roots();
        let variables = roots.node_of(RootKind::Class(RootClass::Variables)).unwrap();
        assert_eq!(texts(graph, variables), ["main", "net/http"]);
        let main = graph.data().edges().targets(variables)[0];
        assert_eq!(texts(graph, main), ["main.a *main.Node", "main.b *main.Node"]);
        let goroutines = roots.node_of(RootKind::Class(RootClass::Goroutines)).unwrap();
        let groups = graph.data().edges().targets(goroutines);
        assert_eq!(groups.len(), 1, "both stand at one place");
        assert_eq!(graph.data().edges().targets(groups[0]).len(), 2);
    });
}

#[test]
fn what_several_hold_is_dominated_by_what_holds_them_all() {
    let mut go = process();
    let shared = go.object("main.Node");
    let (one, two) = (go.filled("main.Node", &[shared]), go.filled("main.Node", &[shared]));
    let own = go.object("main.Node");
    go.define("main.Pair", &[("a", "*main.Node"), ("b", "*main.Node"), ("c", "*main.Node"), ("n", "int")]);
    let pair = go.filled("main.Pair", &[one, two, own]);
    go.variable("main.pair", "*main.Pair", &[pair]);
    graph(&go, ReferenceOptions::default(), |snapshot, graph| {
        let dominance = graph.data().dominance(&Unobserved).unwrap();
        let retained = |at| dominance.retained.of(snapshot.id(at).0);
        assert_eq!([shared, one, own].map(retained), [16, 16, 16]);
        assert_eq!(retained(pair), 32 + 4 * 16);
        let frames = graph.frames(&dominance.tree, &Unobserved).unwrap();
        let texts: Vec<&str> = frames.trie.nodes().map(|node| frames.text(node)).collect();
        assert!(texts.contains(&"[shared] main.Node"), "{texts:?}");
        assert!(texts.contains(&".c *main.Node"), "{texts:?}");
    });
}

#[test]
fn what_is_shared_is_told_by_the_frame_that_took_it() {
    let mut go = process();
    let shared = go.object("main.Node");
    let (one, two) = (go.filled("main.Node", &[shared]), go.filled("main.Node", &[shared]));
    go.variable("main.one", "*main.Node", &[one]);
    go.variable("main.two", "*main.Node", &[two]);
    graph(&go, ReferenceOptions::default(), |snapshot, graph| {
        let dominance = graph.data().dominance(&Unobserved).unwrap();
        let shares = graph.shared_by_frame(&dominance.tree);
        let of = |at| shares[snapshot.frame_of(snapshot.id(at)).unwrap().index()].objects;
        assert_eq!([shared, one, two].map(of), [1, 0, 0]);
    });
}

#[test]
fn a_waiting_goroutine_holds_what_its_records_lead_to_and_the_runtime_does_not() {
    let build = |is_live: bool| {
        let mut go = process();
        let channel = go.channel("*main.Node", &[], 0);
        let doing = if is_live { Doing::Waits("chan receive") } else { Doing::Dead };
        let waiter = go.goroutine(doing, &[("runtime.gopark", &[]), ("main.work", &[])]);
        go.define("runtime.sudog", &[("words", "[13]unsafe.Pointer")]);
        let sudog = go.object("runtime.sudog");
        go.waits_by(waiter, sudog, channel);
        go.variable("runtime.sudogs", "unsafe.Pointer", &[sudog]);
        graph(&go, ReferenceOptions::default(), |snapshot, graph| {
            let id = |at| snapshot.id(at).0;
            let from_record = graph.data().edges().targets(id(sudog)).contains(&id(channel));
            let roots = graph.data().references().roots();
            let of_goroutine = roots.node_of(RootKind::Goroutine(0));
            let held = of_goroutine.is_some_and(|node| graph.data().edges().targets(node).contains(&id(channel)));
            (from_record, held)
        })
    };
    assert_eq!(build(true), (false, true));
    assert_eq!(build(false), (true, false));
}

#[test]
fn a_list_that_collections_empty_holds_nothing_that_others_hold() {
    let mut go = process();
    go.define("sync.Pool", &[("local", "unsafe.Pointer"), ("size", "uintptr")]);
    let (pool, kept, idle) = (go.object("sync.Pool"), go.object("main.Node"), go.object("main.Node"));
    let (list, local) = (go.row("*sync.Pool", 1), go.row("*main.Node", 2));
    go.set(list, &[pool]);
    go.set(local, &[kept, idle]);
    go.set(pool, &[local]);
    go.variable("sync.allPools", "[]*sync.Pool", &[list, 1, 1]);
    go.variable("main.kept", "*main.Node", &[kept]);
    graph(&go, WITH_ALL, |snapshot, graph| {
        let id = |at| snapshot.id(at).0;
        // Where an edge was, one to itself stands.
        assert_eq!(graph.data().edges().targets(id(local)), [id(local), id(idle)]);
        assert!(graph.words_of(snapshot.objects.slot(ObjectId(id(local)))).is_none(), "its words are not its edges");
        assert!(graph.words_of(snapshot.objects.slot(ObjectId(id(pool)))).is_some());
    });
}

#[test]
fn a_graph_needs_the_roots() {
    let mut go = process();
    let node = go.object("main.Node");
    go.variable("main.node", "*main.Node", &[node]);
    go.open(|model| {
        let snapshot = HeapSnapshot::take(model, crate::SnapshotOptions::default()).unwrap();
        assert!(matches!(snapshot.references(&Unobserved), Err(HeapError::NoRoots)));
    });
}

/// Fields are told by the core, by words that were kept, and by the table that outlives the core: all the same.
#[test]
fn fields_are_the_same_whoever_tells_them() {
    let mut go = process();
    go.define("main.App", &[("rows", "[]main.Row"), ("table", "map[string]*main.Node"), ("any", "interface {}")]);
    go.define("main.Row", &[("n", "int"), ("node", "*main.Node")]);
    let nodes: Vec<u64> = (0..3).map(|_| go.object("main.Node")).collect();
    let row = go.row("main.Row", 2);
    go.set(row, &[1, 0, 2, nodes[0]]);
    let key = go.string("a key of more than 16");
    let map = go.map("map[string]*main.Node", &[(&key, &[nodes[1]])]);
    let ty = go.descriptor("*main.Node");
    let app = go.filled("main.App", &[row, 2, 2, map, ty, nodes[2]]);
    go.variable("main.app", "*main.App", &[app]);
    let by_words = graph(&go, WITH_ALL, |snapshot, graph| told(snapshot, graph.data().edges(), &graph.fields()));
    let none = ReferenceOptions::default();
    let by_core = graph(&go, none, |snapshot, graph| told(snapshot, graph.data().edges(), &graph.fields()));
    assert_eq!(by_words, by_core);
    let by_table = go.open(|model| {
        let options = crate::SnapshotOptions { roots: true, ..crate::SnapshotOptions::default() };
        let snapshot = HeapSnapshot::take(model, options).unwrap();
        let graph = snapshot.references_with(WITH_ALL, &Unobserved).unwrap();
        let table = graph.field_table();
        let references = graph.into_references().with_fields(table);
        let heap = snapshot.into_heap(Some(references));
        told(&heap, Graph::new(&heap).unwrap().edges(), &TableFields::new(&heap).unwrap())
    });
    assert_eq!(by_words, by_table);
    let paths: Vec<&str> = by_words.iter().map(|(.., path, _)| &**path).collect();
    for path in ["[1].node", "[key]", "[value]", ".rows", ".table", ".any"] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    let held = by_words.iter().find(|(.., path, _)| path == ".any").unwrap();
    assert_eq!(held.4.as_deref(), Some("*main.Node"));
}

/// Of each reference whence, whereto and where it lies, and its field; of an interface what that holds.
fn told(heap: &Heap, edges: &CsrGraph, fields: &dyn Fields) -> Vec<(u32, u32, u64, String, Option<String>)> {
    let mut told = Vec::new();
    for id in heap.reached.iter_ones() {
        let slot = heap.objects.slot(ObjectId(id));
        for to in edges.targets(id) {
            let offset = fields.offset_between(slot, heap.objects.slot(ObjectId(*to))).unwrap();
            let path = fields.place(slot, offset, true).path;
            let held = fields.dynamic_type(slot, offset, false).filter(|_| path == ".any");
            told.push((id, *to, offset, path, held.map(|ty| heap.types.get(ty).name.to_string())));
        }
    }
    told
}

/// A row of nodes so large that it is read in pieces: the first, one in the middle and the last lead to something.
fn large() -> (GoProcess, u64, [u64; 3]) {
    let mut go = process();
    let size = go.ty_size("main.Node");
    let count = 3 * (1 << 18) / size + 5;
    let row = go.row("main.Node", count);
    let held = [go.object("main.Node"), go.object("main.Node"), go.object("main.Node")];
    for (at, held) in [0, count / 2, count - 1].into_iter().zip(held) {
        go.set(row + at * size, &[held]);
    }
    go.variable("main.rows", "[]main.Node", &[row, count, count]);
    (go, row, held)
}

#[test]
fn of_an_object_that_is_absent_in_part_the_rest_is_read() {
    let (mut go, row, held) = large();
    go.lose(row + (1 << 18), 4096);
    graph(&go, ReferenceOptions::default(), |snapshot, graph| {
        assert_eq!(graph.data().edges().targets(snapshot.id(row).0).len(), 3, "nothing stood in the page");
        assert!(held.iter().all(|at| snapshot.is_reachable(snapshot.id(*at))));
        assert!(snapshot.totals.pointers.absent > 0);
    });
    let (mut go, row, held) = large();
    go.lose(row, 4096);
    go.take(|snapshot| {
        let reached = held.map(|at| snapshot.is_reachable(snapshot.id(at)));
        assert_eq!(reached, [false, true, true]);
    });
}

#[test]
fn timers_do_not_hold_the_processor_in_whose_list_they_are() {
    let mut go = process();
    let bytes = go.open(|model| model.layout.p.size);
    go.define("runtime.p", &[("timers", "*main.List"), ("rest", &format!("[{}]uint64", bytes.div_ceil(8)))]);
    go.define("main.Timer", &[("p", "*runtime.p"), ("n", "int")]);
    go.define("main.List", &[("timers", "[2]*main.Timer")]);
    let p = go.object("runtime.p");
    let [one, two, other] = [0; 3].map(|_| go.filled("main.Timer", &[p]));
    let list = go.filled("main.List", &[one, two]);
    go.set(p, &[list]);
    go.processor_at(p, 0);
    go.variable("main.timers", "[3]*main.Timer", &[one, two, other]);
    graph(&go, ReferenceOptions::default(), |snapshot, graph| {
        let targets = |at| graph.data().edges().targets(snapshot.id(at).0).to_vec();
        let id = |at| snapshot.id(at).0;
        for timer in [one, two] {
            assert!(!targets(timer).contains(&id(p)));
        }
        assert_eq!(targets(other), [id(p)], "what is in no list is no timer of it");
        assert_eq!((targets(p), targets(list)), (vec![id(list)], vec![id(one), id(two)]));
    });
}
