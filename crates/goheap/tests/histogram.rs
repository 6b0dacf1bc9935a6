//! Every grouping and selection of every carried core sums up to the heap.
#![allow(clippy::unwrap_used)]

use goheap::{Grouping, Heap, Options, Selection, Share};
use std::path::{Path, PathBuf};

fn releases() -> Vec<PathBuf> {
    let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    cores.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn totals_are_the_heap_to_the_byte() {
    for folder in releases() {
        for dwarf in [true, false] {
            let options = Options::default().executable(folder.join("structures.zst")).dwarf(dwarf).references(false);
            check(&goheap::open(folder.join("structures.core.zst"), &options).unwrap(), &folder);
        }
    }
}

fn check(heap: &Heap, folder: &Path) {
    let totals = heap.totals();
    for (selection, expected) in [
        (Selection::Allocated, totals.allocated),
        (Selection::Reachable, totals.reachable()),
        (Selection::Unreachable, totals.unreachable),
    ] {
        for grouping in [Grouping::Type, Grouping::Package, Grouping::Kind] {
            let all = heap.histogram(grouping, selection);
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
                let is_wanted = |text: &str| text.contains("main.") == wanted;
                goheap_ask::histogram(heap.data(), grouping, selection, is_wanted).total.share.bytes
            });
            assert_eq!(with + without, expected.bytes);
            assert!(selection == Selection::Unreachable || with > 0 && without > 0);
        }
    }
}
