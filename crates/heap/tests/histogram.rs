//! Every grouping and selection of every carried core sums up to the heap.
#![allow(clippy::unwrap_used)]

use goheap_heap::{Grouping, HeapSnapshot, Selection, Share, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::path::{Path, PathBuf};

fn releases() -> Vec<PathBuf> {
    let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    cores.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn totals_are_the_heap_to_the_byte() {
    for folder in releases() {
        let request = OpenRequest {
            core: folder.join("structures.core.zst"),
            executable: Some(folder.join("structures.zst")),
            ..OpenRequest::default()
        };
        let process = Process::open(&request).unwrap();
        for no_dwarf in [false, true] {
            let mut model = RuntimeModel::open(&process, ModelOptions { no_dwarf, ..ModelOptions::default() }).unwrap();
            let types = std::mem::take(&mut model.types);
            check(&HeapSnapshot::take(&model, types, SnapshotOptions::default()).unwrap(), &folder);
        }
    }
}

fn check(snapshot: &HeapSnapshot<'_, '_>, folder: &Path) {
    let totals = &snapshot.totals;
    for (selection, expected) in [
        (Selection::Allocated, totals.allocated),
        (Selection::Reachable, totals.reachable()),
        (Selection::Unreachable, totals.unreachable),
    ] {
        for grouping in [Grouping::Type, Grouping::Package, Grouping::Kind] {
            let all = snapshot.histogram(grouping, selection, |_| true);
            assert_eq!(all.total.share, expected, "{} {grouping:?}", folder.display());
            let sum = all.rows.iter().fold(Share::default(), |sum, row| Share {
                bytes: sum.bytes + row.share.bytes,
                objects: sum.objects + row.share.objects,
            });
            assert_eq!(sum, expected);
            for row in all.rows.iter().chain([&all.total]) {
                assert_eq!(row.by_evidence.iter().sum::<u64>(), row.share.bytes, "{}", row.name);
            }
            // A filter and its opposite share the heap.
            let [with, without] = [true, false].map(|wanted| {
                snapshot.histogram(grouping, selection, |text| text.contains("main.") == wanted).total.share.bytes
            });
            assert_eq!(with + without, expected.bytes);
            assert!(selection == Selection::Unreachable || with > 0 && without > 0);
        }
    }
}
