//! What is asked of more than the heap's marks and types: births, waste, the process's memory, suspects, of a process of which words are wrong.
#![no_main]

use goheap_ask::{BirthIndex, RowsWanted, SiteGrouping, dominator_rows, suspects};
use goheap_fuzz::bounded;
use goheap_fuzz::world::World;
use goheap_heap::process_memory::ProcessMemory;
use goheap_heap::references::ReferenceOptions;
use goheap_heap::waste::WasteOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions, memory_profile};
use goheap_model::Unobserved;
use goheap_runtime::RuntimeModel;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let (world, process, is_sound) = World::damaged(input);
    let Ok(model) = RuntimeModel::open(&process, world.options()) else { return assert!(!is_sound) };
    let options = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
    let Ok(snapshot) = HeapSnapshot::take(&model, options) else { return assert!(!is_sound) };
    let memory = ProcessMemory::take(&snapshot);
    assert_eq!(memory.total(|_| true).bytes, memory.mapped, "each byte is in one part");
    let _ = memory_profile(&model, &Unobserved);
    let _ = snapshot.waste(WasteOptions { values: true, contents: 20 }, &Unobserved);
    let wanted = ReferenceOptions { referred: true, ..ReferenceOptions::default() };
    let Ok(graph) = snapshot.references_with(wanted, &Unobserved) else { return };
    let tree = graph.data().dominators(&Unobserved).expect("nobody refuses");
    let Ok(births) = snapshot.births(&Unobserved) else { return };
    let Ok(frames) = graph.frames_with_births(&tree, &births, &Unobserved) else { return };
    let heap = graph.data().heap();
    for suspect in suspects(heap, &frames, 1) {
        assert!(suspect.retained.bytes <= heap.totals.reachable().bytes);
        let _ = suspect.sampled(&frames);
    }
    let all = RowsWanted { limit: 100, depth: 20, min_size: 0, matching: None, without_library: true };
    assert!(!dominator_rows(heap, &frames, all).rows.is_empty());
    let index = BirthIndex::new(graph.data(), &tree, &births);
    let _ = (index.all(SiteGrouping::Stack, |_| true), index.below(graph.data().root(), SiteGrouping::Line));
}));
