//! An index gives back what was kept, and one that was made up makes nothing fall.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_ask::holding::Holding;
use goheap_ask::{Grouping, RetainedHistogram, Selection, histogram, retained_histogram};
use goheap_graph::shared_copy;
use goheap_heap::goroutines::leaked;
use goheap_heap::index::{IndexParts, write};
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_heap::waits::Waits;
use goheap_heap::{HeapError, HeapSnapshot, SnapshotOptions, invariants};
use goheap_image::{OpenRequest, Process};
use goheap_model::contents::{Contents, InspectOptions};
use goheap_model::{Observer, SectionError, SectionWriter, Sections, Unobserved};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const WHOLE: SnapshotOptions = SnapshotOptions { tree: true, owners: true, roots: true, full_names: false };
const REFERENCES: ReferenceOptions = ReferenceOptions { referred: true, words: true };

fn opened(release: &str) -> Process {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
    let request = OpenRequest {
        core: folder.join("structures.core.zst"),
        executable: Some(folder.join("structures.zst")),
        ..OpenRequest::default()
    };
    Process::open(&request).unwrap()
}

/// The index of a heap, as bytes.
fn kept(snapshot: &HeapSnapshot<'_, '_>) -> Vec<u8> {
    let graph = snapshot.references_with(REFERENCES, &Unobserved).unwrap();
    let dominators = graph.data().dominators(&Unobserved).unwrap();
    let frames = graph.frames(&dominators, &Unobserved).unwrap();
    let identity = vec![("core".to_owned(), "this".to_owned())];
    let mut bytes = Vec::new();
    let parts = IndexParts { graph: &graph, dominators: &dominators, frames: &frames, identity: &identity };
    write(&parts, &mut bytes).unwrap();
    bytes
}

fn sections(bytes: &[u8]) -> Result<Arc<Sections>, SectionError> {
    Sections::open(shared_copy(bytes)).map(Arc::new)
}

/// Counts the parts of an index that are worked out anew.
#[derive(Default)]
struct PassedOver(AtomicU32);

impl Observer for PassedOver {
    fn passed_over(&self, _: &SectionError) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What questions of every kind say.
fn answers(snapshot: &HeapSnapshot<'_, '_>, observer: &dyn Observer) -> Result<Vec<String>, HeapError> {
    let graph = snapshot.references_with(REFERENCES, observer)?;
    let dominance = graph.data().dominance(observer)?;
    let frames = graph.frames(&dominance.tree, observer)?;
    let mut said = vec![
        format!("{:?} {:?}", snapshot.totals, snapshot.diagnostics()),
        format!("{:?} {:?}", snapshot.absent, snapshot.samples),
        format!("{:?}", histogram(snapshot, Grouping::Type, Selection::Allocated, |_| true).rows),
        format!("{:?}", frames.trie.totals()),
        format!("{:?}", invariants::check(snapshot)),
        format!("{:?}", leaked(&graph, observer)?.goroutines),
    ];
    let request = RetainedHistogram {
        grouping: Grouping::Whole,
        selection: Selection::Reachable,
        is_wanted: |_: &str| true,
        exact: 3,
    };
    said.push(format!("{:?}", retained_histogram(graph.data(), &dominance, request).rows));
    let waits = Waits::read(snapshot);
    said.extend(waits.locks().map(|(_, group)| format!("{:?}", snapshot.wait_name(group))));
    said.extend(frames.trie.nodes().filter_map(|node| Some(frames.label_text(frames.trie.label(node)?).to_owned())));
    said.extend(snapshot.tree.nodes().map(|node| snapshot.frame_text(node).unwrap_or("").to_owned()));
    of_objects(&graph, &mut said);
    let fields = graph.fields();
    let holding = Holding::with(graph.data(), &fields, Arc::new(dominance));
    let strings: Vec<u32> = (0..snapshot.objects.len())
        .filter(|&id| snapshot.is_reachable(goheap_model::ObjectId(id)))
        .step_by(97)
        .collect();
    said.push(format!("{:?}", holding.owners(&strings, &|_| false, observer).map(|owners| owners.owned)));
    Ok(said)
}

fn of_objects(graph: &ReferenceGraph<'_, '_, '_>, said: &mut Vec<String>) {
    let snapshot = graph.snapshot();
    for slot in snapshot.objects.allocated() {
        let owner = snapshot.owner(slot.id).and_then(|label| snapshot.labels.get(label as usize));
        let extent = graph.data().extent(slot.id);
        said.push(format!("{} {owner:?} {extent:?} {:?}", snapshot.type_text(slot), snapshot.vote(slot.id)));
    }
    for slot in snapshot.objects.allocated().step_by(211) {
        said.push(format!("{:?}", snapshot.inspect(slot, InspectOptions { values: true, limit: 20, text_bytes: 16 })));
    }
    for (node, root) in graph.data().references().roots().iter() {
        said.push(format!("{} {:?}", graph.data().root_text(root.kind), graph.data().start_of(node)));
    }
}

#[test]
fn what_was_kept_answers_as_what_was_worked_out() {
    for release in ["1.19", "1.22", "1.26", "1.27"] {
        let process = opened(release);
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let snapshot = HeapSnapshot::take(&model, WHOLE).unwrap();
        let index = sections(&kept(&snapshot)).unwrap();
        let observer = PassedOver::default();
        let restored = HeapSnapshot::restore(&model, &index, WHOLE, &observer).unwrap();
        let (said, again) = (answers(&snapshot, &observer).unwrap(), answers(&restored, &observer).unwrap());
        for (one, other) in said.iter().zip(&again) {
            assert_eq!(one, other, "{release}");
        }
        assert_eq!((said.len(), observer.0.into_inner()), (again.len(), 0), "{release}");
    }
}

#[test]
fn what_was_not_asked_for_is_not_there() {
    let process = opened("1.26");
    let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
    let index = sections(&kept(&HeapSnapshot::take(&model, WHOLE).unwrap())).unwrap();
    let (plain, none) = (SnapshotOptions::default(), ReferenceOptions::default());
    let (taken, restored) = (
        HeapSnapshot::take(&model, plain).unwrap(),
        HeapSnapshot::restore(&model, &index, plain, &Unobserved).unwrap(),
    );
    assert_eq!(taken.tree.totals(), restored.tree.totals());
    assert!(restored.owner(goheap_model::ObjectId(1)).is_none());
    let roots = SnapshotOptions { roots: true, ..plain };
    let restored = HeapSnapshot::restore(&model, &index, roots, &Unobserved).unwrap();
    assert!(!restored.references_with(none, &Unobserved).unwrap().data().knows_extents());
}

#[test]
fn an_index_of_another_heap_is_refused() {
    let (one, other) = (opened("1.26"), opened("1.27"));
    let model = RuntimeModel::open(&one, ModelOptions::default()).unwrap();
    let index = sections(&kept(&HeapSnapshot::take(&model, WHOLE).unwrap())).unwrap();
    let model = RuntimeModel::open(&other, ModelOptions::default()).unwrap();
    let restored = HeapSnapshot::restore(&model, &index, WHOLE, &Unobserved);
    assert!(matches!(restored.err(), Some(HeapError::Index(SectionError::Impossible(..)))));
}

/// The index with one section otherwise; its checksums are good.
fn with_section(index: &Sections, changed: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = SectionWriter::new(&mut out).unwrap();
    for name in index.names().map(str::to_owned).collect::<Vec<_>>() {
        let section = index.column::<u8>(&name).unwrap();
        writer.column(&name, if name == changed { bytes } else { &section[..] }).unwrap();
    }
    writer.finish().unwrap();
    out
}

fn changed(section: &[u8], random: &mut impl FnMut() -> u64) -> Vec<u8> {
    let mut bytes = section.to_vec();
    if bytes.is_empty() {
        return vec![1; 16];
    }
    for _ in 0..random() % 3 + 1 {
        let at = (random() % bytes.len() as u64) as usize;
        match random() % 4 {
            0 => bytes[at] ^= 1 << (random() % 8),
            1 => bytes.truncate(at),
            2 => {
                let at = at / 4 * 4;
                let value = [0, 1, u32::MAX, u32::MAX - 1, random() as u32 % 5000][random() as usize % 5];
                bytes.splice(at..bytes.len().min(at + 4), value.to_le_bytes());
            }
            _ => bytes[at] = 0xff,
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

#[test]
fn a_made_up_index_makes_nothing_fall() {
    let process = opened("1.26");
    let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
    let whole = sections(&kept(&HeapSnapshot::take(&model, WHOLE).unwrap())).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let rounds: u32 = std::env::var("GOHEAP_INDEX_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let (mut refused, mut passed_over, mut believed, mut fell) = (0, 0, 0, BTreeSet::new());
    for name in whole.names().map(str::to_owned).collect::<Vec<_>>() {
        for _ in 0..rounds {
            let bytes = changed(&whole.column::<u8>(&name).unwrap(), &mut random);
            let index = sections(&with_section(&whole, &name, &bytes)).unwrap();
            let observer = PassedOver::default();
            let ask =
                || HeapSnapshot::restore(&model, &index, WHOLE, &observer).and_then(|heap| answers(&heap, &observer));
            match catch_unwind(AssertUnwindSafe(ask)) {
                Err(why) => _ = fell.insert(format!("{name}: {:?}", why.downcast_ref::<String>())),
                Ok(Err(_)) => refused += 1,
                Ok(Ok(_)) if observer.0.into_inner() > 0 => passed_over += 1,
                Ok(Ok(_)) => believed += 1,
            }
        }
    }
    assert!(fell.is_empty(), "{fell:#?}");
    assert!(refused > 0 && passed_over > 0 && believed > 0, "{refused} {passed_over} {believed}");
}
