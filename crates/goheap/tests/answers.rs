//! Each question of the library on a carried core: with an index and without, and where what it needs was not read.
#![allow(clippy::unwrap_used)]

use goheap::index_file::{self, CoreOptions};
use goheap::{
    Error, GoroutineSort, GoroutinesWanted, Grouping, Heap, IndexUse, Options, RootGrouping, Selection, SiteGrouping,
    WrongPair,
};
use goheap_heap::index::{IndexParts, write};
use goheap_heap::references::ReferenceOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::Unobserved;
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

fn carried(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores/1.26").join(name)
}

fn options() -> Options {
    Options::default().executable(carried("structures.zst"))
}

fn all() -> Options {
    options().places(true).waste(true).process_memory(true)
}

/// What every question says, by its name.
fn answers(heap: &Heap) -> Result<Vec<(&'static str, String)>, Error> {
    fn json(answer: &impl serde::Serialize) -> String {
        serde_json::to_string(answer).unwrap()
    }
    let mut profile = Vec::new();
    heap.write_pprof(&mut profile)?;
    Ok(vec![
        ("totals", format!("{:?}", heap.totals())),
        ("histogram", json(&heap.histogram(Grouping::Type, Selection::Allocated))),
        ("types", json(&heap.retained_by_type()?)),
        ("roots", json(&heap.retained_by_root(RootGrouping::Package)?)),
        ("object", json(&heap.object_at(heap.data().objects.spans()[0].start)?)),
        ("owners", json(&heap.owners("main.Session")?)),
        ("paths", json(&heap.paths("main.Session", 3)?)),
        ("suspects", json(&heap.suspects(1)?)),
        ("births", json(&heap.births(SiteGrouping::Stack)?)),
        ("goroutines", json(&heap.goroutines(GoroutinesWanted::default(), GoroutineSort::Count)?)),
        ("waste", json(heap.waste()?)),
        ("rounding", json(&heap.rounding()?)),
        ("memory", json(heap.process_memory()?)),
        ("pprof", format!("{profile:?}")),
    ])
}

/// The carried core unpacked, with its index beside it.
fn core_with_index(folder: &Path) -> PathBuf {
    let core = folder.join("structures.core");
    let mut unpacked = File::create(&core).unwrap();
    let packed = fs::read(carried("structures.core.zst")).unwrap();
    std::io::copy(&mut ruzstd::decoding::StreamingDecoder::new(&*packed).unwrap(), &mut unpacked).unwrap();
    let mut opened = CoreOptions::default();
    (opened.request.core, opened.request.executable) = (core.clone(), Some(carried("structures.zst")));
    let process = goheap::open_process(&opened.request).unwrap();
    let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
    let whole = SnapshotOptions { tree: true, owners: true, roots: true, full_names: false };
    let snapshot = HeapSnapshot::take(&model, whole).unwrap();
    let options = ReferenceOptions { referred: true, words: true };
    let graph = &snapshot.references_with(options, &Unobserved).unwrap();
    let dominators = &graph.data().dominators(&Unobserved).unwrap();
    let births = snapshot.births(&Unobserved).unwrap();
    let frames = &graph.frames_with_births(dominators, &births, &Unobserved).unwrap();
    let identity = &index_file::identity(&opened, &process);
    let out = File::create(index_file::beside(&core).unwrap()).unwrap();
    write(&IndexParts { graph, dominators, frames, identity }, out).unwrap();
    core
}

#[test]
fn an_index_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let core = core_with_index(folder.path());
    let without = goheap::open(&core, &all().index(IndexUse::None)).unwrap();
    let named = IndexUse::Named(index_file::beside(&core).unwrap());
    for index in [IndexUse::Beside, named] {
        let with = goheap::open(&core, &all().index(index)).unwrap();
        assert!(with.data().references.as_ref().unwrap().kept().is_some(), "it was used");
        assert_eq!(with.diagnostics(), without.diagnostics());
        for (one, other) in answers(&with).unwrap().into_iter().zip(answers(&without).unwrap()) {
            assert_eq!(one, other);
        }
    }
}

#[test]
fn an_index_that_is_of_something_else_is_told_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let core = core_with_index(folder.path());
    let told = goheap::open(&core, &options().dwarf(false).frames(false)).unwrap();
    let found = told.diagnostics().iter().find(|one| one.code == "index-passed-over").unwrap();
    assert!(found.text.ends_with("it was made with another --no-dwarf"), "{}", found.text);
    let named = options().index(IndexUse::Named(carried("structures.zst")));
    assert!(matches!(goheap::open(&core, &named), Err(Error::Index { .. })));
}

#[test]
fn what_was_not_read_is_said() {
    let options = options().frames(false).goroutines(false).births(false);
    let heap = goheap::open(carried("structures.core.zst"), &options).unwrap();
    let missing = |error: Error| match error {
        Error::NotRead { option, .. } => option,
        _ => "",
    };
    let wanted = GoroutinesWanted::default();
    assert_eq!(missing(heap.suspects(1).unwrap_err()), "frames");
    assert_eq!(missing(heap.births(SiteGrouping::Line).unwrap_err()), "births");
    assert_eq!(missing(heap.goroutines(wanted, GoroutineSort::Count).unwrap_err()), "goroutines");
    assert_eq!(missing(heap.waste().unwrap_err()), "waste");
    assert_eq!(missing(heap.process_memory().unwrap_err()), "process_memory");
    assert_eq!(missing(heap.diff(&heap, 1).unwrap_err()), "places");
    assert!(heap.retained_by_type().is_ok());
}

#[test]
fn without_references_goroutines_are_told_all_the_same() {
    let heap = goheap::open(carried("structures.core.zst"), &options().references(false)).unwrap();
    let list = heap.goroutines(GoroutinesWanted { system: true, ..Default::default() }, GoroutineSort::Stack).unwrap();
    assert!(list.goroutines > 1 && list.selected == list.goroutines && list.leaked.is_none() && list.waits.is_none());
    assert!(list.groups.is_sorted_by_key(|group| std::cmp::Reverse(group.stack_bytes)));
}

#[test]
fn cores_that_do_not_belong_together_are_not_compared() {
    let one = goheap::open(carried("structures.core.zst"), &options().places(true)).unwrap();
    assert!(matches!(one.diff(&one.clone(), 1), Err(Error::Pair(WrongPair::SameMoment))));
    let other = Options::default().executable(carried("slack.zst")).places(true);
    let other = goheap::open(carried("slack.core.zst"), &other).unwrap();
    assert!(matches!(one.diff(&other, 1), Err(Error::Pair(WrongPair::OtherProgram { .. }))));
}
