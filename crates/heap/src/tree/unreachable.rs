//! The towers of garbage that was not collected yet, and of what is not known to be garbage.

use super::TreeBuilder;
use crate::names::label_text::{object_label, objects_name};
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::names::FrameRole;
use goheap_model::{Evidence, NOT_KNOWN, ObjectType, Standing, TypeTable, UNREACHABLE, Unreached};
use goheap_runtime::Span;

/// What an object in a slot of `span` is, without regard to who holds it.
pub(super) fn type_label(types: &TypeTable, object: ObjectType, span: &Span<'_>) -> String {
    if object.is_known() {
        let mark = if object.evidence() == Evidence::Candidate { " ?" } else { "" };
        return object_label(types, object) + mark;
    }
    format!("? {} bytes{}", span.elem_size, if span.is_noscan() { ", no pointers" } else { "" })
}

impl TreeBuilder<'_, '_, '_> {
    /// Draws what no root reaches as towers of their own, by type; the tops of these, one for each that has something.
    pub(crate) fn unreachable(&mut self, unreached: &Unreached) -> Vec<TrieNode> {
        let Self { scanner, merger, .. } = self;
        let (objects, types) = (scanner.objects, scanner.types);
        let mut tops: Vec<TrieNode> = Vec::new();
        let mut frames: HashMap<(Standing, ObjectType, u64), TrieNode> = HashMap::default();
        for slot in objects.allocated().filter(|slot| scanner.unreached.contains(slot.id.0)) {
            let span = objects.span(slot);
            let (standing, object) = (unreached.standing(slot.id), types.of(slot.id));
            let shape = if object.is_known() { 0 } else { span.elem_size | u64::from(span.is_noscan()) };
            let node = *frames.entry((standing, object, shape)).or_insert_with(|| {
                let (text, role) = match standing {
                    Standing::NotKnown => (NOT_KNOWN, FrameRole::NotKnown),
                    _ => (UNREACHABLE, FrameRole::Unreachable),
                };
                let top = merger.labels.plain(text, role);
                let top = merger.trie.child(PathTrie::ROOT, top);
                if !tops.contains(&top) {
                    tops.push(top);
                }
                let text = type_label(&merger.resolver.types, object, span);
                let label = merger.labels.text(&text, || objects_name(FrameRole::Objects, object));
                merger.trie.child(top, label)
            });
            merger.trie.add(node, span.elem_size, 1);
        }
        tops
    }
}
