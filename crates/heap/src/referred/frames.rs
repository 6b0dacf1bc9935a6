//! What is referred to of the objects of each frame.

use crate::meaning::containers::structs;
use crate::references::ReferenceGraph;
use crate::snapshot::HeapSnapshot;
use goheap_graph::{DominatorTree, PathTrie, TrieNode};
use goheap_model::{Extent, Extents, FrameFacts, Kind, ObjectId, Part};
use rustc_hash::{FxHashMap, FxHashSet};

/// Those of a tree, of the frame of each slot.
pub(crate) fn frame_facts(
    graph: &ReferenceGraph<'_, '_, '_>,
    tree: &DominatorTree,
    (trie, frames): (&PathTrie, &[TrieNode]),
) -> FrameFacts {
    let snapshot = graph.snapshot();
    let mut facts = FrameFacts {
        rests: vec![Extent::default(); trie.len()],
        maps: FxHashMap::default(),
        values: vec![0; trie.len()],
    };
    for id in snapshot.reached.iter_ones() {
        let Some(&frame) = frames.get(id as usize) else { continue };
        let above = tree.idom(id).and_then(|above| graph.data().object_of(above));
        let above = above.filter(|above| frames.get(above.0 as usize) == Some(&frame));
        facts.values[frame.index()] += u64::from(!is_part(snapshot, ObjectId(id), above));
    }
    for (id, extent) in graph.data().references().extents().into_iter().flat_map(Extents::iter) {
        if let Some(frame) = frames.get(id.0 as usize) {
            facts.rests[frame.index()].add(Extent::all(graph.data().shallow(id.0)).without(extent));
        }
    }
    let mut directories = FxHashSet::default();
    for id in snapshot.map_headers() {
        // A directory is one map's.
        let (Some(&frame), slot) = (frames.get(id.0 as usize), snapshot.objects.slot(id)) else { continue };
        let room = snapshot.map_room_at(snapshot.objects.payload(slot).0, |directory| directories.insert(directory));
        facts.maps.entry(frame).or_default().add(room.unwrap_or_default());
    }
    // Parents stand before their children.
    let nodes: Vec<TrieNode> = trie.nodes().collect();
    for node in nodes.into_iter().rev() {
        if let Some(parent) = trie.parent(node) {
            let rest = facts.rests[node.index()];
            facts.rests[parent.index()].add(rest);
        }
    }
    facts
}

/// True if an object is only a part of a value. `above` is the object of the same frame that holds it, if there is one.
fn is_part(snapshot: &HeapSnapshot<'_, '_>, object: ObjectId, above: Option<ObjectId>) -> bool {
    let of = |object: ObjectId| snapshot.object_types.of(object);
    let (kind, types) = (of(object), &snapshot.types);
    if !kind.is_known() {
        return false;
    }
    let above = above.map(of).filter(|above| above.is_known());
    match kind.part() {
        Part::MapBuckets
        | Part::MapExtra
        | Part::MapDirectory
        | Part::MapTable
        | Part::MapGroups
        | Part::ChanBuffer
        | Part::Machinery => true,
        Part::Value if structs::is_machinery(&types.get(kind.ty()).name) => above.is_some(),
        Part::Value | Part::Elements | Part::StringData => above.is_some_and(|above| {
            let ty = types.get(above.ty());
            let is_header = matches!(ty.kind, Kind::Slice(_) | Kind::String);
            above.part() == Part::Value && (is_header || structs::is_machinery(&ty.name))
        }),
        _ => false,
    }
}
