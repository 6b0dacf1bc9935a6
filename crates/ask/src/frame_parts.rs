//! What the objects of each frame of a tree are.

use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode, Weight};
use goheap_model::{Claim, Heap, Meter, ObjectId, ObjectType, Observer, Refusal};

/// Objects of a frame that are of one type, known by one evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameObjects {
    /// The frame.
    pub frame: TrieNode,
    /// What they are.
    pub object: ObjectType,
    /// The first of them.
    pub example: ObjectId,
    /// How much they are.
    pub weight: Weight,
}

/// The frame of an object, where `places` has that of each slot; None of what no root reaches.
pub fn frame_at(places: &[TrieNode], id: ObjectId) -> Option<TrieNode> {
    places.get(id.0 as usize).copied().filter(|&frame| frame != PathTrie::ROOT)
}

/// What one takes, and how many are claimed at first.
const BYTES: usize = 60;
const CLAIMED: usize = 1 << 14;

/// The objects of each frame by type and evidence, in the order of frames. `frame_of` tells the frame that counts an object; what it tells
/// none of is left out.
///
/// # Overhead
/// 60 bytes for each type in each frame.
///
/// # Errors
/// The observer's refusal.
pub fn frame_objects(
    heap: &Heap,
    frame_of: impl Fn(ObjectId) -> Option<TrieNode>,
    observer: &dyn Observer,
) -> Result<Vec<FrameObjects>, Refusal> {
    observer.begin("types of frames");
    let meter = Meter::new(observer, u64::from(heap.objects.len()));
    let mut found: Vec<FrameObjects> = Vec::new();
    let mut index_of: HashMap<(u32, u32), u32> = HashMap::default();
    // Objects side by side are mostly alike.
    let (mut last, mut claimed) = (None, 0);
    for (span, number) in heap.objects.spans().iter().zip(0..) {
        for slot in heap.objects.allocated_of(number) {
            let Some(frame) = frame_of(slot.id) else { continue };
            let object = heap.object_types.of(slot.id);
            let key = (frame.index() as u32, object.to_bits());
            let index = match last {
                Some((known, index)) if known == key => index,
                _ => *index_of.entry(key).or_insert_with(|| {
                    found.push(FrameObjects { frame, object, example: slot.id, weight: Weight::default() });
                    found.len() as u32 - 1
                }),
            };
            last = Some((key, index));
            found[index as usize].weight.add(Weight { bytes: span.slot_bytes, objects: 1 });
        }
        meter.add(u64::from(span.slots));
        if found.len() > claimed {
            claimed = found.len() * 2 + CLAIMED;
            observer.claim(Claim { kept: 0, passing: (claimed * BYTES) as u64 })?;
        }
    }
    found.sort_unstable_by_key(|part| (part.frame, part.example));
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_graph::PathTrie;
    use goheap_model::{HeapBuilder, Unobserved};

    #[test]
    fn objects_of_a_frame_are_told_by_type() {
        let mut heap = HeapBuilder::default();
        let objects = [heap.object("main.A", 64), heap.object("main.B", 32), heap.object("main.A", 64)];
        let heap = heap.build().unwrap();
        let mut trie = PathTrie::new();
        let frame = trie.child(PathTrie::ROOT, 0);
        let parts = frame_objects(&heap, |id| (id != objects[1]).then_some(frame), &Unobserved).unwrap();
        let [part] = &parts[..] else { unreachable!("one type in one frame, not {parts:?}") };
        assert_eq!((part.frame, part.example, part.weight), (frame, objects[0], Weight { bytes: 128, objects: 2 }));
        let parts = frame_objects(&heap, |_| Some(frame), &Unobserved).unwrap();
        assert_eq!(parts.iter().map(|part| part.weight.bytes).collect::<Vec<_>>(), [128, 32]);
    }
}
