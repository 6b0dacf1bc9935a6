//! A frame's text and its name as data must say the same: the text is made again from the name.
#![allow(clippy::unwrap_used)]

use super::label_text::{dynamic_text, object_label, shown};
use crate::{HeapSnapshot, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_model::names::{FoundType, FrameName, FrameRole};
use goheap_model::{DominatorFrames, Evidence, ObjectType, RootClass, Unobserved};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::collections::BTreeMap;
use std::path::Path;

/// The text of a frame of that name; None of those that are told by more than their names.
fn said(snapshot: &HeapSnapshot<'_, '_>, name: &FrameName) -> Option<String> {
    let types = &snapshot.types;
    let short = |text: &str| snapshot.packages.shorten(text).into_owned();
    let object = |part, ty| short(&object_label(types, ObjectType::new(part, ty, Evidence::Exact)));
    let is = match name.found {
        FoundType::Declared => String::new(),
        FoundType::Is(part, ty) => format!(" = {}", object(part, ty)),
        FoundType::In(part, ty) => format!(" in {}", object(part, ty)),
    };
    let end = format!("{is}{}", if name.is_guess { " ?" } else { "" });
    let declared = name.declared.map(|ty| format!(" {}", short(&shown(types, ty)))).unwrap_or_default();
    let value = dynamic_text(types, &snapshot.packages, &name.dynamic) + &end;
    let through = |prefix: &str| Some(format!("{prefix}{}{declared}{value}", name.path).trim_start().to_owned());
    match name.role {
        FrameRole::Variable if name.found == FoundType::Declared && name.declared.is_some() => {
            Some(format!("{} {}", name.path, shown(types, name.declared?)))
        }
        FrameRole::Field | FrameRole::Local => through(""),
        FrameRole::Element => through("[i]"),
        FrameRole::Key => through("[key]"),
        FrameRole::Value => through("[value]"),
        FrameRole::Queued => through("[queued]"),
        FrameRole::Goroutine => Some(format!("goroutine {}", name.path)),
        FrameRole::Function => Some(name.path.to_string()),
        FrameRole::Place if name.path.is_empty() => Some(format!("?{value}")),
        FrameRole::Place if name.found == FoundType::Declared && name.declared.is_none() => Some(name.path.to_string()),
        FrameRole::Objects | FrameRole::Shared => match name.found {
            FoundType::Is(part, ty) => {
                let shared = if name.role == FrameRole::Shared { "[shared] " } else { "" };
                Some(format!("{shared}{}{}", object(part, ty), if name.is_guess { " ?" } else { "" }))
            }
            _ => None,
        },
        FrameRole::Captured => Some(format!("[captured]{value}")),
        FrameRole::Class(class) => Some(class.name().to_owned()),
        FrameRole::Package => Some(name.path.to_string()),
        _ => None,
    }
}

/// How many names of each role were made again, and how many there are.
type Counts = BTreeMap<String, (u64, u64)>;

fn compare(snapshot: &HeapSnapshot<'_, '_>, texts: &[Box<str>], names: &[FrameName], counts: &mut Counts) {
    assert_eq!(texts.len(), names.len());
    for (text, name) in texts.iter().zip(names) {
        assert!(name.is_of(&snapshot.types), "{text}: {name:?}");
        let (same, all) = counts.entry(format!("{:?}", name.role)).or_default();
        *all += 1;
        let Some(said) = said(snapshot, name) else {
            // Words of which code or an object tells what they lead to: the place stands behind that or before it.
            let place = (format!(" at {}", name.path), format!("{} ", name.path));
            *same +=
                u64::from(name.role == FrameRole::Place && (text.ends_with(&place.0) || text.starts_with(&place.1)));
            continue;
        };
        // Goroutines of one stack are counted in front; finalizers write types whole; calls say that they were inlined.
        let is_same = *said == **text
            || text.strip_suffix(" (inlined)") == Some(&said)
            || name.role == FrameRole::Goroutine && text.ends_with(&said)
            // Below a variable the objects of which only they tell what they are.
            || text.strip_prefix("= ").or_else(|| text.strip_prefix("in ")) == Some(&said)
            || snapshot.packages.shorten(text) == said;
        assert!(is_same, "{text:?} is called {said:?} by {name:?}");
        *same += 1;
    }
}

fn each_core(no_dwarf: bool, mut check: impl FnMut(&HeapSnapshot<'_, '_>, &DominatorFrames)) {
    let cores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    for folder in cores.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let (core, executable) = (folder.join("structures.core.zst"), Some(folder.join("structures.zst")));
        let process = Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap();
        let model = RuntimeModel::open(&process, ModelOptions { no_dwarf, ..ModelOptions::default() }).unwrap();
        let options = SnapshotOptions { tree: true, owners: true, roots: true, ..SnapshotOptions::default() };
        let snapshot = HeapSnapshot::take(&model, options).unwrap();
        let graph = snapshot.references(&Unobserved).unwrap();
        let dominance = graph.data().dominance(&Unobserved).unwrap();
        let frames = graph.frames(&dominance.tree, &Unobserved).unwrap();
        check(&snapshot, &frames);
    }
}

#[test]
fn names_and_texts_of_carried_cores_say_the_same() {
    for no_dwarf in [false, true] {
        let mut counts = Counts::default();
        each_core(no_dwarf, |snapshot, frames| {
            compare(snapshot, &snapshot.labels, &snapshot.names, &mut counts);
            compare(snapshot, &frames.texts, &frames.names, &mut counts);
            for class in RootClass::ALL {
                let of_class = frames.trie.nodes().skip(1).filter(|&node| frames.text(node) == class.name());
                let is_it = |node| frames.name(node).map(|name| name.role) == Some(FrameRole::Class(class));
                assert!(of_class.into_iter().all(is_it), "{class:?}");
            }
        });
        let (same, all) = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        assert!(all > 1000 && same * 10 > all * 9, "{same} of {all} are made again: {counts:?}");
        assert!(!counts.contains_key("Other"), "all have a role: {counts:?}");
    }
}
