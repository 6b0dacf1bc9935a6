//! By which fields objects lead to each other is the same, whether it is looked up beside the edges or read from the core.
#![allow(clippy::unwrap_used)]

use goheap_ask::Graph;
use goheap_ask::holding::{Exclusions, Holding};
use goheap_heap::references::ReferenceOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_model::{ObjectId, Unobserved};
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
fn fields_are_the_same_with_words_and_without() {
    each_core(|release, snapshot| {
        let graphs =
            [WORDS, ReferenceOptions::default()].map(|kept| snapshot.references_with(kept, &Unobserved).unwrap());
        let answers = graphs.each_ref().map(|graph| {
            let (data, fields) = (Graph::of(snapshot, graph.references()), graph.fields());
            let holding = Holding::new(data, &fields, &Unobserved).unwrap();
            let turned = holding.turned(&Unobserved).unwrap();
            let set: Vec<u32> =
                (0..graph.object_count()).filter(|node| snapshot.is_reachable(ObjectId(*node))).collect();
            let is_in_the_way = |text: &str| text.contains("next");
            let [all, some] = [None, Some(&is_in_the_way as &dyn Fn(&str) -> bool)].map(Exclusions::new);
            let merged = [&all, &some].map(|exclusions| holding.merged_paths(&set, exclusions, &Unobserved).unwrap());
            let owners = holding.owners(&set[..set.len() / 2], &|_| false, &Unobserved).unwrap();
            let each = set.iter().step_by(set.len() / 50).copied();
            let paths: Vec<_> = each
                .map(|node| (holding.paths_to(&turned, node, &all).next(), holding.cuts_for(&turned, node)))
                .collect();
            (merged, owners, paths)
        });
        assert!(answers[0] == answers[1], "{release}");
    });
}
