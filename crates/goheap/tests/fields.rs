//! By which fields objects lead to each other is the same, whether it is read from the core, looked up beside the edges, or told by the table that needs no core.
#![allow(clippy::unwrap_used)]

use goheap_ask::holding::{Cuts, Exclusions, Holding, MergedStep, Owners, Selected, Walk, select};
use goheap_graph::Weight;
use goheap_heap::references::ReferenceOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_model::{Graph, Heap, ObjectId, TableFields, Unobserved};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::path::Path;

const WORDS: ReferenceOptions = ReferenceOptions { referred: false, words: true };

/// Shows `check` the snapshot of every carried core, by its release.
fn each_core(check: impl Fn(&str, &HeapSnapshot<'_, '_>)) {
    let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    for folder in cores.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let (core, executable) = (folder.join("structures.core.zst"), Some(folder.join("structures.zst")));
        let process = Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap();
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let options = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
        check(folder.file_name().unwrap().to_str().unwrap(), &HeapSnapshot::take(&model, options).unwrap());
    }
}

#[test]
fn fields_are_the_same_from_the_core_from_words_and_from_the_table() {
    each_core(|release, snapshot| {
        let graphs =
            [WORDS, ReferenceOptions::default()].map(|kept| snapshot.references_with(kept, &Unobserved).unwrap());
        let [with_words, without] = graphs.each_ref().map(|graph| {
            let (data, fields) = (graph.data(), graph.fields());
            answers(&Holding::new(data, &fields, &Unobserved).unwrap())
        });
        assert_same(&with_words, &without, release);
        // The table must do without the core.
        let [graph, _] = graphs;
        let (table, mut heap) = (graph.field_table(), Heap::clone(snapshot));
        heap.references = Some(graph.into_references().with_fields(table));
        let fields = TableFields::new(&heap).unwrap();
        let holding = Holding::new(Graph::new(&heap).unwrap(), &fields, &Unobserved).unwrap();
        assert_same(&answers(&holding), &with_words, release);
    });
}

type Answers = ([(Vec<MergedStep>, Weight); 2], Owners, Vec<(Option<Walk>, Option<Cuts>)>, Vec<Selected>);

fn assert_same(one: &Answers, other: &Answers, release: &str) {
    let ((merged, owners, paths, named), (other_merged, other_owners, other_paths, other_named)) = (one, other);
    for ((one, unreached), (other, also_unreached)) in merged.iter().zip(other_merged) {
        assert_eq!(unreached, also_unreached, "{release}");
        one.iter().zip(other).for_each(|(one, other)| assert_eq!(one, other, "{release}"));
        assert_eq!(one.len(), other.len(), "{release}");
    }
    owners.owned.iter().zip(&other_owners.owned).for_each(|(one, other)| assert_eq!(one, other, "{release}"));
    assert!(owners == other_owners, "{release}");
    paths.iter().zip(other_paths).for_each(|(one, other)| assert_eq!(one, other, "{release}"));
    named.iter().zip(other_named).for_each(|(one, other)| assert_eq!(one, other, "{release}"));
}

/// What is told of half of the heap, of some objects, and of what people name.
fn answers(holding: &Holding<'_>) -> Answers {
    let (graph, turned) = (holding.graph(), holding.turned(&Unobserved).unwrap());
    let set: Vec<u32> = (0..graph.object_count()).filter(|node| graph.heap().is_reachable(ObjectId(*node))).collect();
    let is_in_the_way = |text: &str| text.contains("next");
    let [all, some] = [None, Some(&is_in_the_way as &dyn Fn(&str) -> bool)].map(Exclusions::new);
    let merged = [&all, &some].map(|exclusions| holding.merged_paths(&set, exclusions, &Unobserved).unwrap());
    let owners = holding.owners(&set[..set.len() / 2], &|_| false, &Unobserved).unwrap();
    let each = set.iter().step_by(set.len() / 50).copied();
    let paths =
        each.map(|node| (holding.paths_to(&turned, node, &all).next(), holding.cuts_for(&turned, node))).collect();
    let names = ["main.store.order", "main.sliceOfSlices[11][3]", "main.largeMap[value]", "main.chain.next.next"];
    let named = names.map(|name| select(graph, holding.fields(), name, None)).into();
    (merged, owners, paths, named)
}
