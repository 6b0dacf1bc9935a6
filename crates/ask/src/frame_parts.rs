//! What the objects of each frame of a tree are.

use goheap_graph::{TrieNode, Weight};
use goheap_model::{Heap, Meter, ObjectId, ObjectType, Observer};
use rustc_hash::FxHashMap;

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

/// The objects of each frame by type and evidence, in the order of frames. `frame_of` tells the frame that counts an object; what it tells
/// none of is left out.
///
/// # Overhead
/// 60 bytes for each type in each frame.
pub fn frame_objects(
    heap: &Heap,
    frame_of: impl Fn(ObjectId) -> Option<TrieNode>,
    observer: &dyn Observer,
) -> Vec<FrameObjects> {
    observer.begin("types of frames");
    let meter = Meter::new(observer, u64::from(heap.objects.len()));
    let mut found: Vec<FrameObjects> = Vec::new();
    let mut index_of: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    // Objects side by side are mostly alike.
    let mut last = None;
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
    }
    found.sort_unstable_by_key(|part| (part.frame, part.example));
    found
}
