//! Which field a word of an object is in.

use crate::compiled::CompiledTypes;
use crate::containers::{Position, Role};
use crate::object::Slot;
use crate::snapshot::HeapSnapshot;

/// One word of an object that leads to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgePlace {
    /// The field that holds the pointer, with its type: `.next *main.node`; `+16` where no type tells.
    pub path: String,
    /// Bytes from the holder's first byte to the pointer.
    pub offset: u64,
    /// Bytes from the held object's first byte to where the pointer leads.
    pub into: u64,
}

/// Names words of many objects.
pub(crate) struct Places<'s, 'm, 'p> {
    pub(super) snapshot: &'s HeapSnapshot<'m, 'p>,
    compiled: CompiledTypes,
}

impl<'s, 'm, 'p> Places<'s, 'm, 'p> {
    pub(crate) fn new(snapshot: &'s HeapSnapshot<'m, 'p>) -> Self {
        let mut compiled = CompiledTypes::default();
        compiled.grow(&snapshot.types);
        Places { snapshot, compiled }
    }

    /// The field at `offset` bytes from the first byte of the slot, with its type: `[3].Name string`; `+16` where no type
    /// tells.
    pub(crate) fn path(&self, slot: Slot, offset: u64) -> String {
        let snapshot = self.snapshot;
        let object = snapshot.object_types[slot.id.0 as usize];
        let (payload, _) = snapshot.payload(slot);
        let inner = offset.wrapping_sub(payload - snapshot.objects.address(slot));
        let nowhere = format!("+{inner}");
        if !object.is_known() {
            return nowhere;
        }
        let (part, types, containers) = (object.part(), &snapshot.types, snapshot.containers());
        if let Some(machinery) = snapshot.machinery_type(part) {
            let entry = self.compiled.entry(types, &containers, machinery, inner);
            return entry.map_or(nowhere, |entry| format!("{} {}", entry.path, types.get(entry.field).name));
        }
        let layout = || self.compiled.map_layout(types, &containers, object.ty());
        match containers.position(types, layout, part, object.ty(), inner) {
            Position::Item(role, ty, rest) => match self.compiled.entry(types, &containers, ty, rest) {
                Some(entry) => {
                    let prefix = match (role, inner.checked_div(types.get(ty).size)) {
                        (Role::Element | Role::Queued, Some(index)) => format!("[{index}]"),
                        _ => role.prefix().to_owned(),
                    };
                    format!("{prefix}{} {}", entry.path, types.get(entry.field).name).trim_start().to_owned()
                }
                None => nowhere,
            },
            Position::Indirect(role, ty) => format!("{} *{}", role.prefix(), types.get(ty).name),
            Position::Machinery => nowhere,
        }
    }
    /// The words of the object in `from` that lead into `to`, at most `limit`.
    pub(crate) fn between(&self, from: Slot, to: Slot, limit: usize) -> Vec<EdgePlace> {
        let (objects, masks) = (&self.snapshot.objects, &self.snapshot.model.masks);
        let (span, start, target) = (objects.span(from), objects.address(from), objects.address(to));
        let range = target..target + objects.span(to).elem_size;
        let mut found = Vec::new();
        masks.for_each_offset(span, from.slot, |offset| {
            let value = masks.word(span, start + offset).filter(|value| range.contains(value));
            if let Some(value) = value.filter(|_| found.len() < limit) {
                found.push(EdgePlace { path: self.path(from, offset), offset, into: value - target });
            }
        });
        found
    }
}
