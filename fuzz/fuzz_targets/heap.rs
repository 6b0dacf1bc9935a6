//! Spans, objects, masks, specials, roots, inference and references of a heap of which words are wrong.
#![no_main]

use goheap_ask::holding::{Exclusions, Holding, select};
use goheap_ask::{Grouping, RetainedHistogram, RootGrouping, Selection, retained_histogram, root_groups};
use goheap_fuzz::bounded;
use goheap_fuzz::world::World;
use goheap_heap::goroutines::{CallsWanted, leaked};
use goheap_heap::references::ReferenceGraph;
use goheap_heap::{HeapSnapshot, SnapshotOptions, invariants};
use goheap_model::contents::{Contents, InspectOptions};
use goheap_model::{Graph, Heap, ObjectId, Unobserved};
use goheap_runtime::RuntimeModel;
use libfuzzer_sys::fuzz_target;

/// Objects that are asked for each input: one in each span.
const ASKED: [u64; 5] = [0xc0_0000_0000, 0xc0_0000_2040, 0xc0_0000_4000, 0xc0_0000_6000, 0xc0_0000_2140];

fn ask_objects(snapshot: &HeapSnapshot<'_, '_>) {
    let options = InspectOptions { values: true, limit: 20, text_bytes: 40 };
    for slot in snapshot.objects.allocated() {
        let _ = (snapshot.type_text(slot), snapshot.family_text(slot), snapshot.objects.payload(slot));
    }
    for slot in ASKED.into_iter().filter_map(|address| snapshot.objects.find_allocated(address)) {
        snapshot.inspect(slot, options);
    }
    for variable in snapshot.model.symbols.variables() {
        snapshot.inspect_static(variable.address, options);
    }
    for goroutine in snapshot.model.goroutines.iter().take(4) {
        snapshot.goroutine_frames(goroutine, CallsWanted { all: true, limit: 20 }, options);
    }
    snapshot.place_text(0x60_0800);
}

fn ask_references(graph: &ReferenceGraph<'_, '_, '_>) {
    let (data, fields) = (graph.data(), graph.fields());
    let Ok(holding) = Holding::new(data, &fields, &Unobserved) else { return };
    let Ok(turned) = holding.turned(&Unobserved) else { return };
    graph.frames(&holding.dominance().tree, &Unobserved).expect("nobody refuses");
    let nodes: Vec<u32> = (0..data.object_count().min(32)).collect();
    for node in &nodes {
        holding.cuts_for(&turned, *node);
        let _ = (data.text(*node), holding.name(*node), data.slot_of(*node).is_some());
        holding.references_of(ObjectId(*node), 5);
    }
    let exclusions = Exclusions::new(None);
    for node in nodes.iter().step_by(5) {
        holding.paths_to(&turned, *node, &exclusions).take(3).for_each(drop);
    }
    let _ = holding.merged_paths(&nodes, &exclusions, &Unobserved);
    let _ = holding.owners(&nodes, &|_| false, &Unobserved);
    for text in ["main.cache", "main.any", "*main.T", "0xc000002040"] {
        select(data, &fields, text, None);
    }
    leaked(graph, &Unobserved).expect("nobody refuses");
}

/// What needs no core.
fn ask_data(heap: &Heap) {
    goheap_ask::nearest(heap, 0xc0_0000_0100);
    goheap_ask::histogram(heap, Grouping::Kind, Selection::default(), |_| true);
    goheap_ask::size_classes(heap, None);
    let Some(graph) = Graph::new(heap) else { return };
    let dominance = graph.dominance(&Unobserved).expect("nobody refuses");
    let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
    retained_histogram(
        graph,
        &dominance,
        RetainedHistogram { grouping, selection, is_wanted: |_: &str| true, exact: 2 },
    );
    let groups = root_groups(graph, &dominance, RootGrouping::Root, |_| true);
    let sum = groups.groups.iter().map(|group| group.retained.bytes).sum::<u64>() + groups.shared.bytes;
    assert_eq!(sum, dominance.retained.of(graph.root()), "what is shared and what is not is all");
}

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let (world, process, is_sound) = World::damaged(input);
    let Ok(model) = RuntimeModel::open(&process, world.options()) else { return assert!(!is_sound) };
    let options = SnapshotOptions { tree: true, owners: true, roots: true, ..SnapshotOptions::default() };
    let Ok(snapshot) = HeapSnapshot::take(&model, options) else { return assert!(!is_sound) };
    assert!(snapshot.totals.is_reconciled());
    if is_sound {
        let texts: Vec<String> = snapshot.objects.allocated().map(|slot| snapshot.type_text(slot)).collect();
        let expected = ["main.T", "map[int]*main.T header", "chan *main.T", "func main.(*T).leaf"];
        assert!(expected.iter().all(|text| texts.iter().any(|found| found == text)), "{texts:?}");
    }
    invariants::check(&snapshot);
    let _ = snapshot.owner(ObjectId(0));
    ask_objects(&snapshot);
    let references = snapshot.references(&Unobserved).ok().map(|graph| {
        ask_references(&graph);
        graph.into_references()
    });
    ask_data(&snapshot.into_heap(references));
}));
