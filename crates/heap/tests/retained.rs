//! What the fixture `retained` says would be freed with each of its objects, and who dominates it, on every carried core of it.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_graph::{DominatorTree, RetainedSizes};
use goheap_heap::references::{ReferenceGraph, RootKind};
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_runtime::{ModelOptions, RuntimeModel, Unobserved};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The carried cores of `retained`, and those of the folder in `GOHEAP_RETAINED_CORES` (made by make-cores): core,
/// executable and truth.
fn cores() -> Vec<[PathBuf; 3]> {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    let mut found = Vec::new();
    for folder in carried.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        found.push(["retained.core.zst", "retained.zst", "retained.truth.json"].map(|name| folder.join(name)));
    }
    found.retain(|[core, ..]| core.exists());
    found.sort();
    found
}

fn address(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// The name of the variable, or of the function, that a node without an object belongs to.
fn holder(graph: &ReferenceGraph<'_, '_, '_>, node: u32) -> Option<String> {
    let path = graph.root_path(node);
    let frame = path.iter().find(|node| matches!(graph.root_node(**node).unwrap().kind, RootKind::Frame(_)));
    match frame {
        Some(frame) => {
            let goroutine =
                path.iter().find(|node| matches!(graph.root_node(**node).unwrap().kind, RootKind::Goroutine(_)));
            let text = graph.text(*goroutine.unwrap_or(frame));
            let text = text.rsplit_once(": ").map_or(text.as_str(), |(_, function)| function);
            Some(text.split(' ').next().unwrap().to_owned())
        }
        None => None,
    }
}

fn check(row: &Value, graph: &ReferenceGraph<'_, '_, '_>, tree: &DominatorTree, retained: &RetainedSizes) {
    let objects = &graph.snapshot().objects;
    let node_at = |value: &Value| graph.node_of(objects.find_allocated(address(value)).unwrap().id);
    let (case, node) = (&row["case"], node_at(&row["addr"]));
    assert_eq!(retained.of(node), row["bytes"].as_u64().unwrap(), "{case}");
    let dominator = tree.idom(node).unwrap();
    match row["holders"].as_str() {
        None => assert_eq!(dominator, node_at(&row["owner"]), "{case}: {}", graph.text(dominator)),
        Some(holders) if holders.contains(' ') => {
            assert!(graph.object_of(dominator).is_none() && holder(graph, dominator).is_none(), "{case}");
        }
        Some(variable) => assert_eq!(holder(graph, dominator).as_deref(), Some(variable), "{case}"),
    }
}

#[test]
fn retained_sizes_and_dominators_are_what_the_program_says_to_the_byte() {
    let mut rows = 0;
    for [core, executable, truth] in cores() {
        let truth: Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
        let request = OpenRequest { core, executable: Some(executable), ..OpenRequest::default() };
        let process = Process::open(&request).unwrap();
        let mut model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let types = std::mem::take(&mut model.types);
        let options = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
        let snapshot = HeapSnapshot::take(&model, types, options).unwrap();
        let graph = snapshot.references(&Unobserved).unwrap();
        let tree = graph.dominators(&Unobserved).unwrap();
        let retained = graph.retained(&tree, &Unobserved).unwrap();
        for row in truth["retained"].as_array().unwrap() {
            check(row, &graph, &tree, &retained);
            rows += 1;
        }
    }
    assert!(rows >= 300, "{rows}");
}
