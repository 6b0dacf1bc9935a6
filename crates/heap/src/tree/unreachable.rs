//! The tower of garbage that was not collected yet.

use super::TreeBuilder;
use crate::label_text::object_label;
use crate::object_type::{Evidence, ObjectType};
use goheap_graph::{PathTrie, TrieNode};
use goheap_runtime::{Span, TypeTable};
use rustc_hash::FxHashMap;

/// The top of the tower.
pub(crate) const UNREACHABLE: &str = "unreachable";

/// What an object in a slot of `span` is, without regard to who holds it.
pub(super) fn type_label(types: &TypeTable, object: ObjectType, span: &Span<'_>) -> String {
    if object.is_known() {
        let mark = if object.evidence() == Evidence::Candidate { " ?" } else { "" };
        return object_label(types, object) + mark;
    }
    format!("? {} bytes{}", span.elem_size, if span.is_noscan() { ", no pointers" } else { "" })
}

impl TreeBuilder<'_, '_, '_> {
    /// Draws what no root reaches as a tower of its own, by type.
    pub(crate) fn unreachable(&mut self) {
        let Self { scanner, merger, .. } = self;
        let (objects, types) = (scanner.objects, scanner.types);
        let top = merger.labels.text(UNREACHABLE);
        let top = merger.trie.child(PathTrie::ROOT, top);
        let mut frames: FxHashMap<(ObjectType, u64), TrieNode> = FxHashMap::default();
        for slot in objects.allocated().filter(|slot| scanner.unreached.contains(slot.id.0)) {
            let span = objects.span(slot);
            let object = types[slot.id.0 as usize];
            let shape = if object.is_known() { 0 } else { span.elem_size | u64::from(span.is_noscan()) };
            let node = *frames.entry((object, shape)).or_insert_with(|| {
                let label = merger.labels.text(&type_label(&merger.resolver.types, object, span));
                merger.trie.child(top, label)
            });
            merger.trie.add(node, span.elem_size, 1);
        }
    }
}
