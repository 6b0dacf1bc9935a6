//! Where keys and values lie in the buckets and groups of maps, computed from their types as the compiler does
//! (cmd/compile/internal/reflectdata/map*.go).

use super::{Containers, Position, Role};
use goheap_model::{Kind, TypeId, TypeTable};

/// Slots of a bucket or a group.
const SLOTS: u64 = 8;
/// Keys and values larger than this are kept behind a pointer.
const MAX_INLINE: u64 = 128;
const MAX_DEPTH: u32 = 64;
/// Parts that are looked at for an alignment; forged types double at each level.
const MAX_PARTS: u32 = 1 << 12;

/// The layout of one bucket (up to 1.23, and 1.24-1.25 with `noswissmap`) or one group (Swiss maps).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MapLayout {
    key: TypeId,
    elem: TypeId,
    key_indirect: bool,
    elem_indirect: bool,
    keys: Run,
    elems: Run,
    /// Bytes of one bucket or group.
    pub(crate) stride: u64,
}

/// Eight items at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    start: u64,
    distance: u64,
    size: u64,
}

impl Run {
    fn offset_in(self, offset: u64) -> Option<u64> {
        let relative = offset.checked_sub(self.start)?;
        let (index, inner) = (relative / self.distance.max(1), relative % self.distance.max(1));
        (index < SLOTS && inner < self.size).then_some(inner)
    }
}

impl MapLayout {
    /// The layout of the map type `map`; None if it is none.
    pub(crate) fn of(types: &TypeTable, map: TypeId, containers: &Containers<'_>) -> Option<Self> {
        let Kind::Map(key, elem) = types.get(map).kind else { return None };
        let (key_size, elem_size) = (types.get(key).size, types.get(elem).size);
        let (key_indirect, elem_indirect) = (key_size > MAX_INLINE, elem_size > MAX_INLINE);
        let inline = |indirect: bool, size: u64| if indirect { 8 } else { size };
        let (key_size, elem_size) = (inline(key_indirect, key_size), inline(elem_indirect, elem_size));
        let (keys, elems, stride) = if !containers.swiss {
            // tophash, keys, values, and the overflow pointer in the last word
            let elems = SLOTS + SLOTS * key_size;
            let stride = elems + SLOTS * elem_size + 8;
            let run = |start, size| Run { start, distance: size, size };
            (run(SLOTS, key_size), run(elems, elem_size), stride)
        } else if containers.split_groups {
            let elems = SLOTS + SLOTS * key_size;
            let run = |start, size| Run { start, distance: size, size };
            (run(SLOTS, key_size), run(elems, elem_size), (elems + SLOTS * elem_size).next_multiple_of(8))
        } else {
            let key_align = if key_indirect { 8 } else { alignment(types, key) };
            let elem_align = if elem_indirect { 8 } else { alignment(types, elem) };
            let elem_offset = key_size.next_multiple_of(elem_align);
            // A struct that ends in a field of no size gets a byte more, lest a pointer to it point past the object.
            let padding = u64::from(elem_size == 0 && elem_offset > 0);
            let distance = (elem_offset + elem_size + padding).next_multiple_of(key_align.max(elem_align));
            let run = |start, size| Run { start, distance, size };
            (run(8, key_size), run(8 + elem_offset, elem_size), (8 + SLOTS * distance).next_multiple_of(8))
        };
        Some(MapLayout { key, elem, key_indirect, elem_indirect, keys, elems, stride })
    }

    /// What stands at `offset` of a row of buckets or groups.
    pub(crate) fn position(&self, offset: u64) -> Position {
        let offset = offset % self.stride;
        if let Some(inner) = self.keys.offset_in(offset) {
            return item(Role::Key, self.key, self.key_indirect, inner);
        }
        match self.elems.offset_in(offset) {
            Some(inner) => item(Role::Value, self.elem, self.elem_indirect, inner),
            None => Position::Machinery,
        }
    }
}

fn item(role: Role, ty: TypeId, indirect: bool, inner: u64) -> Position {
    if indirect { Position::Indirect(role, ty) } else { Position::Item(role, ty, inner) }
}

/// The alignment of a type by its structure: that of its widest part.
fn alignment(types: &TypeTable, ty: TypeId) -> u64 {
    let mut parts = MAX_PARTS;
    alignment_within(types, ty, MAX_DEPTH, &mut parts)
}

fn alignment_within(types: &TypeTable, ty: TypeId, depth: u32, parts: &mut u32) -> u64 {
    let (Some(depth), Some(left)) = (depth.checked_sub(1), parts.checked_sub(1)) else { return 8 };
    *parts = left;
    let ty = types.get(ty);
    match &ty.kind {
        // complex64 is two float32.
        Kind::Scalar if &*ty.name == "complex64" => 4,
        Kind::Scalar => ty.size.clamp(1, 8),
        Kind::Array(elem, _) => alignment_within(types, *elem, depth, parts),
        Kind::Struct(fields) => {
            fields.iter().map(|field| alignment_within(types, field.ty, depth, parts)).max().unwrap_or(1)
        }
        _ => 8,
    }
}
