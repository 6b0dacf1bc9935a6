//! What is referred to of the objects of each frame.

use crate::meaning::containers::structs;
use crate::references::ReferenceGraph;
use crate::tree::Drawn;
use foldhash::{HashMap, HashSet};
use goheap_graph::{DominatorTree, IdBitSet, PathTrie, TrieNode};
use goheap_model::{Extent, Extents, FrameFacts, Kind, ObjectId, ObjectType, Part, TypeTable};

/// The objects of which [`frame_facts`] asks for the frame.
pub(crate) fn with_facts(graph: &ReferenceGraph<'_, '_, '_>) -> IdBitSet {
    let mut objects = IdBitSet::with_room_for(graph.data().object_count());
    let extents = graph.data().references().extents().into_iter().flat_map(Extents::iter).map(|(id, _)| id);
    objects.extend(extents.chain(graph.snapshot().map_headers()).map(|id| id.0));
    objects
}

/// Those of a tree that was drawn. What roots reach and the tree does not have lies at its root.
pub(crate) fn frame_facts(
    graph: &ReferenceGraph<'_, '_, '_>,
    tree: &DominatorTree,
    (trie, drawn): (&PathTrie, &mut Drawn),
) -> FrameFacts {
    let snapshot = graph.snapshot();
    let mut values = std::mem::take(&mut drawn.values);
    values.resize(trie.len(), 0);
    let lost = snapshot.reached.minus(&tree.reached_below(graph.data().object_count()));
    let is_value = |id: &ObjectId| !is_part(&snapshot.types, snapshot.object_types.of(*id), None);
    values[PathTrie::ROOT.index()] += lost.iter_ones().map(ObjectId).filter(is_value).count() as u64;
    let mut facts = FrameFacts { rests: vec![Extent::default(); trie.len()], maps: HashMap::default(), values };
    for (id, extent) in graph.data().references().extents().into_iter().flat_map(Extents::iter) {
        let frame = drawn.frames.of(id);
        facts.rests[frame.index()].add(Extent::all(graph.data().shallow(id.0)).without(extent));
    }
    let mut directories = HashSet::default();
    for id in snapshot.map_headers() {
        // A directory is one map's.
        let (frame, slot) = (drawn.frames.of(id), snapshot.objects.slot(id));
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
pub(crate) fn is_part(types: &TypeTable, kind: ObjectType, above: Option<ObjectType>) -> bool {
    if !kind.is_known() {
        return false;
    }
    let above = above.filter(|above| above.is_known());
    match kind.part() {
        Part::MapBuckets
        | Part::MapExtra
        | Part::MapDirectory
        | Part::MapTable
        | Part::MapGroups
        | Part::ChanBuffer
        | Part::Machinery => true,
        Part::Value if above.is_some() && structs::is_machinery(&types.get(kind.ty()).name) => true,
        Part::Value | Part::Elements | Part::StringData => above.is_some_and(|above| {
            let ty = types.get(above.ty());
            let is_header = matches!(ty.kind, Kind::Slice(_) | Kind::String);
            above.part() == Part::Value && (is_header || structs::is_machinery(&ty.name))
        }),
        _ => false,
    }
}
