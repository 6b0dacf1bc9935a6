//! What is kept in an index is what was worked out, and nothing of another heap.
#![allow(clippy::unwrap_used)]

use super::{Identity, IndexParts, identity, write};
use crate::error::HeapError;
use crate::snapshot::{HeapSnapshot, SnapshotOptions};
use crate::testing::{Doing, GoProcess};
use goheap_graph::SharedBytes;
use goheap_model::{SectionError, Sections, Unobserved};
use std::sync::Arc;

const ALL: SnapshotOptions = SnapshotOptions { tree: true, owners: true, roots: true, full_names: false };

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("name", "string")]);
    go.define("main.Cache", &[("index", "map[int]*main.Node"), ("any", "interface {}")]);
    let text = go.string("a text of 22 characters");
    let shared = go.filled("main.Node", &[0, text[0], text[1]]);
    let (one, two) = (go.filled("main.Node", &[shared]), go.filled("main.Node", &[shared]));
    let index = go.map("map[int]*main.Node", &[(&[1], &[one]), (&[2], &[two])]);
    let cache = go.filled("main.Cache", &[index]);
    go.variable("main.cache", "*main.Cache", &[cache]);
    go.filled("main.Node", &[shared]);
    go.frame("main.work", 2, &[0]);
    go.local("main.work", "node", "*main.Node", 0);
    go.goroutine(Doing::Runnable, &[("main.work", &[two])]);
    go
}

fn made(snapshot: &HeapSnapshot<'_, '_>, identity: &Identity) -> Vec<u8> {
    let graph = snapshot.references(&Unobserved).unwrap();
    let dominators = graph.data().dominators(&Unobserved).unwrap();
    let births = snapshot.births(&Unobserved).unwrap();
    let frames = graph.frames_with_births(&dominators, &births, &Unobserved).unwrap();
    let mut bytes = Vec::new();
    let parts = IndexParts { graph: &graph, dominators: &dominators, frames: &frames, identity };
    let len = write(&parts, &mut bytes).unwrap();
    assert_eq!(len, bytes.len() as u64);
    bytes
}

fn bytes_of(bytes: Vec<u8>) -> SharedBytes {
    Arc::new(bytes)
}

fn opened(bytes: Vec<u8>) -> Arc<Sections> {
    Arc::new(Sections::open(bytes_of(bytes)).unwrap())
}

/// Shows `ask` the heap as it was taken and as an index has it.
fn both(go: &GoProcess, ask: impl FnOnce(&HeapSnapshot<'_, '_>, &HeapSnapshot<'_, '_>)) {
    go.open(|model| {
        let taken = HeapSnapshot::take(model, ALL).unwrap();
        let index = opened(made(&taken, &Vec::new()));
        ask(&taken, &HeapSnapshot::restore(model, &index, ALL, &Unobserved).unwrap());
    });
}

#[test]
fn types_marks_and_frames_are_those_that_were_worked_out() {
    both(&process(), |taken, kept| {
        assert_eq!(kept.totals, taken.totals);
        let mut frames = 0;
        for slot in taken.objects.allocated() {
            assert_eq!(kept.type_text(slot), taken.type_text(slot));
            assert_eq!(kept.object_types.of(slot.id), taken.object_types.of(slot.id));
            assert_eq!(kept.standing(slot.id), taken.standing(slot.id));
            let path = |heap: &HeapSnapshot<'_, '_>| {
                let frame = heap.frame_of(slot.id)?;
                Some(heap.tree.path(frame).into_iter().map(|label| heap.label_text(label).to_string()).collect())
            };
            let (one, other): (Option<Vec<String>>, _) = (path(taken), path(kept));
            assert_eq!(one, other);
            frames += usize::from(one.is_some());
        }
        assert!(frames >= 7, "{frames}");
        assert_eq!(kept.roots.len(), taken.roots.len());
        assert_eq!(kept.stacks.of_goroutine, taken.stacks.of_goroutine);
    });
}

#[test]
fn references_and_dominators_are_those_that_were_worked_out() {
    both(&process(), |taken, kept| {
        let (one, other) = (taken.references(&Unobserved).unwrap(), kept.references(&Unobserved).unwrap());
        let (graph, again) = (one.data().edges(), other.data().edges());
        assert_eq!(graph.node_count(), again.node_count());
        assert!(graph.edge_count() > 8);
        for node in 0..graph.node_count() {
            assert_eq!(graph.targets(node), again.targets(node), "{node}");
        }
        let dominators = [&one, &other].map(|graph| graph.data().dominators(&Unobserved).unwrap());
        for node in 0..graph.node_count() {
            assert_eq!(dominators[0].idom(node), dominators[1].idom(node), "{node}");
        }
        let roots = [&one, &other].map(|graph| graph.data().references().roots().iter().count());
        assert_eq!(roots[0], roots[1]);
    });
}

#[test]
fn what_is_not_asked_for_is_left_out() {
    process().open(|model| {
        let taken = HeapSnapshot::take(model, ALL).unwrap();
        let index = opened(made(&taken, &Vec::new()));
        let options = SnapshotOptions { tree: false, owners: false, roots: false, full_names: false };
        let kept = HeapSnapshot::restore(model, &index, options, &Unobserved).unwrap();
        let alike = HeapSnapshot::take(model, options).unwrap();
        assert!(kept.roots.is_empty() && kept.owners.is_none());
        assert_eq!((kept.tree.len(), &kept.totals), (alike.tree.len(), &alike.totals), "answers are the same");
        assert!(kept.tree.len() < taken.tree.len());
    });
}

#[test]
fn an_index_says_what_it_was_made_of() {
    let told: Identity = vec![("core".to_owned(), "one".to_owned()), ("goheap".to_owned(), "9".to_owned())];
    let bytes = process().take(|snapshot| made(snapshot, &told));
    assert_eq!(identity(&opened(bytes)).unwrap(), told);
}

#[test]
fn an_index_of_another_heap_is_refused() {
    let bytes = process().take(|snapshot| made(snapshot, &Vec::new()));
    let refused = |go: &GoProcess| {
        go.open(|model| {
            let index = opened(bytes.clone());
            match HeapSnapshot::restore(model, &index, ALL, &Unobserved) {
                Err(HeapError::Index(SectionError::Impossible(section, _))) => Some(section),
                Err(_) => Some("otherwise"),
                Ok(_) => None,
            }
        })
    };
    assert_eq!(refused(&process()), None);
    let mut larger = process();
    larger.data(&[0; 2000]);
    assert_eq!(refused(&larger), Some("shape"), "there are more slots");
    let mut busier = process();
    busier.goroutine(Doing::Runnable, &[("main.work", &[0, 0])]);
    assert_eq!(refused(&busier), Some("shape"), "there is another goroutine");
}

#[test]
fn of_what_an_index_is_made_a_snapshot_must_have_all() {
    process().open(|model| {
        let options = SnapshotOptions { owners: false, ..ALL };
        let snapshot = HeapSnapshot::take(model, options).unwrap();
        let graph = snapshot.references(&Unobserved).unwrap();
        let dominators = graph.data().dominators(&Unobserved).unwrap();
        let births = snapshot.births(&Unobserved).unwrap();
        let frames = graph.frames_with_births(&dominators, &births, &Unobserved).unwrap();
        let none = Vec::new();
        let parts = IndexParts { graph: &graph, dominators: &dominators, frames: &frames, identity: &none };
        assert!(matches!(write(&parts, Vec::new()), Err(HeapError::NoRoots)));
    });
}

#[test]
fn an_index_whose_bytes_were_changed_gives_an_error_or_answers_and_never_a_panic() {
    process().open(|model| {
        let taken = HeapSnapshot::take(model, ALL).unwrap();
        let bytes = made(&taken, &Vec::new());
        let mut refused = 0;
        for at in (0..bytes.len()).step_by(bytes.len() / 150) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            let Ok(sections) = Sections::open(bytes_of(changed)) else {
                refused += 1;
                continue;
            };
            match HeapSnapshot::restore(model, &Arc::new(sections), ALL, &Unobserved) {
                Ok(kept) => drop(kept.references(&Unobserved).unwrap()),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 30, "{refused}: what is never read may be anything");
    });
}
