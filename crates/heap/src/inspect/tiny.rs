//! The values in a block of the tiny allocator (runtime/malloc.go `mallocgcTiny`): several small ones without pointers, of which the
//! block's type is that of the first in use. Only those that point to them know where they begin.

use super::place::Places;
use goheap_image::Address;
use goheap_model::FieldType;
use goheap_model::{Kind, Slot, TypeId};
use std::collections::BTreeMap;

/// What a pointer says of a value in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TinyValue {
    /// Nothing but that there is one.
    Unknown,
    /// Bytes of a string.
    Text(u64),
    /// So many values in a row.
    Row(TypeId, u64),
    /// One value.
    One(TypeId),
}

impl Places<'_, '_, '_> {
    /// The values in a block by their offsets; None where the only one begins it.
    pub(super) fn tiny_values(&mut self, block: Slot) -> Option<BTreeMap<u64, TinyValue>> {
        let snapshot = self.snapshot;
        let (objects, masks) = (&snapshot.objects, &snapshot.model.masks);
        if !objects.span(block).is_tiny_class() {
            return None;
        }
        let first = objects.address(block);
        let range = first..first + objects.span(block).elem_size;
        let mut values = BTreeMap::new();
        let mut add = |value: u64, said: TinyValue| {
            let known = values.entry(value - first).or_insert(said);
            *known = said.max(*known);
        };
        for slot in objects.allocated() {
            let (span, start) = (objects.span(slot), objects.address(slot));
            masks.for_each_offset(span, slot.slot, |offset| {
                let word = masks.word(span, start + offset).filter(|value| range.contains(value));
                if let Some(value) = word {
                    add(value, self.said_by(slot, offset, range.end - value));
                }
            });
        }
        let roots = snapshot.roots.iter().filter(|root| range.contains(&root.value) && !root.is_conservative);
        roots.for_each(|root| add(root.value, TinyValue::Unknown));
        let is_block = values.keys().any(|&offset| offset > 0);
        is_block.then_some(values)
    }

    /// What the word at `offset` of an object says of its target, which has at most `room` bytes.
    fn said_by(&self, slot: Slot, offset: u64, room: u64) -> TinyValue {
        let (types, memory) = (&self.snapshot.types, self.snapshot.model.memory());
        let at = self.snapshot.objects.address(slot) + offset;
        let word = |index: i64| memory.read_u64(Address(at.wrapping_add_signed(index * 8)));
        let one = |ty: TypeId| if types.get(ty).size <= room { TinyValue::One(ty) } else { TinyValue::Unknown };
        let ty = match self.place(slot, offset, false).field {
            Some(FieldType::Of(ty, _)) => ty,
            Some(FieldType::PointerTo(ty)) => return one(ty),
            None => return TinyValue::Unknown,
        };
        match types.get(ty).kind {
            Kind::String => TinyValue::Text(word(1).unwrap_or(0).min(room)),
            Kind::Slice(elem) => {
                let most = room.checked_div(types.get(elem).size).unwrap_or(0);
                TinyValue::Row(elem, word(2).unwrap_or(0).min(most))
            }
            Kind::Pointer(elem) => one(elem),
            Kind::Interface(has_methods) => {
                let table = word(-1).unwrap_or(0);
                let descriptor = if has_methods { memory.read_u64(Address(table).add(8)) } else { Some(table) };
                descriptor.and_then(|at| types.by_descriptor(at)).map_or(TinyValue::Unknown, one)
            }
            _ => TinyValue::Unknown,
        }
    }
}
