//! Which field a word of an object is in.

use crate::meaning::compiled::CompiledTypes;
use crate::meaning::containers::structs::Inside;
use crate::meaning::containers::{Position, Role};
use crate::meaning::plan::{PlanEntry, PointerWord};
use crate::snapshot::HeapSnapshot;
use goheap_model::{FieldPlace, FieldType, ObjectId, ObjectType, Part, Slot};

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

fn place_of(prefix: &str, entry: &PlanEntry) -> FieldPlace {
    let is_inside = match entry.inside {
        Inside::No => false,
        Inside::Whole => prefix.is_empty() && entry.path.is_empty(),
        Inside::Part => true,
    };
    let tells_more = entry.is_dynamic() || entry.word == PointerWord::Untyped;
    FieldPlace {
        path: format!("{prefix}{}", entry.path),
        field: Some(FieldType::Of(entry.field, tells_more)),
        is_inside,
    }
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
        self.path_text(slot, offset, true)
    }

    /// The same for all elements: `[i].Name string`.
    pub(crate) fn unnumbered_path(&self, slot: Slot, offset: u64) -> String {
        self.path_text(slot, offset, false)
    }

    fn path_text(&self, slot: Slot, offset: u64, is_numbered: bool) -> String {
        let place = self.place(slot, offset, is_numbered);
        let Some(field) = place.field else { return place.path };
        format!("{} {}", place.path, field.text(&self.snapshot.types)).trim_start().to_owned()
    }

    /// The same in parts. Elements have their number if `is_numbered`, else `[i]`.
    pub(crate) fn place(&self, slot: Slot, offset: u64, is_numbered: bool) -> FieldPlace {
        let snapshot = self.snapshot;
        let object = snapshot.object_types.of(slot.id);
        let (payload, _) = snapshot.objects.payload(slot);
        let inner = offset.wrapping_sub(payload - snapshot.objects.address(slot));
        let nowhere = FieldPlace { path: format!("+{inner}"), field: None, is_inside: false };
        if !object.is_known() {
            return nowhere;
        }
        let (part, types, containers) = (object.part(), &snapshot.types, snapshot.containers());
        if let Some(machinery) = snapshot.machinery_type(part) {
            let entry = self.compiled.entry(types, &containers, machinery, inner);
            return entry.map_or(nowhere, |entry| place_of("", &entry));
        }
        let layout = || self.compiled.map_layout(types, &containers, object.ty());
        match containers.position(types, layout, part, object.ty(), inner) {
            Position::Item(role, ty, rest) => match self.compiled.entry(types, &containers, ty, rest) {
                Some(entry) => match (role, inner.checked_div(types.get(ty).size)) {
                    (Role::Element | Role::Queued, Some(index)) if is_numbered => {
                        place_of(&format!("[{index}]"), &entry)
                    }
                    _ => place_of(role.prefix(), &entry),
                },
                None => nowhere,
            },
            Position::Indirect(role, ty) => {
                let field = Some(FieldType::PointerTo(ty));
                FieldPlace { path: role.prefix().to_owned(), field, is_inside: false }
            }
            Position::Machinery => nowhere,
        }
    }

    /// What tells two places of objects of a kind apart: the offset in the value, element, bucket or group that they are in.
    pub(crate) fn offset_in_period(&self, slot: Slot, offset: u64) -> u64 {
        let snapshot = self.snapshot;
        let (payload, _) = snapshot.objects.payload(slot);
        let inner = offset.wrapping_sub(payload - snapshot.objects.address(slot));
        let period = self.period(snapshot.object_types.of(slot.id));
        period.map_or(inner, |period| inner % period)
    }

    /// After how many bytes of the payload of objects of a kind what they mean begins anew.
    pub(crate) fn period(&self, object: ObjectType) -> Option<u64> {
        let (types, containers) = (&self.snapshot.types, self.snapshot.containers());
        let layout = || self.compiled.map_layout(types, &containers, object.ty());
        let period = || containers.period(types, layout, object.part(), object.ty());
        object.is_known().then(period).flatten()
    }

    /// Of a word in one of many elements, the bytes of one.
    pub(crate) fn element_bytes(&self, slot: Slot, offset: u64) -> Option<u64> {
        let snapshot = self.snapshot;
        let object = snapshot.object_types.of(slot.id);
        let element = match object.part() {
            _ if !object.is_known() => None,
            Part::Elements => Some(object.ty()),
            Part::ChanBuffer => snapshot.chan_elem(object.ty()),
            _ => None,
        };
        // What no field explains has no number.
        element.filter(|_| self.place(slot, offset, false).field.is_some()).map(|ty| snapshot.types.get(ty).size)
    }

    /// Shows `visit` every word of the object that leads to an allocated object: its offset in bytes from the slot's start.
    pub(crate) fn for_each_reference(&self, from: Slot, mut visit: impl FnMut(u64, ObjectId)) {
        let (objects, masks) = (&self.snapshot.objects, &self.snapshot.model.masks);
        let (span, start) = (objects.span(from), objects.address(from));
        masks.for_each_offset(span, from.slot, |offset| {
            let to = masks.word(span, start + offset).and_then(|value| objects.find_allocated(value));
            if let Some(to) = to {
                visit(offset, to.id);
            }
        });
    }

    /// Where the first word of `from` is that leads into `to`, in bytes from the slot's start.
    pub(crate) fn first_between(&self, from: Slot, to: Slot) -> Option<u64> {
        let (objects, masks) = (&self.snapshot.objects, &self.snapshot.model.masks);
        let (span, start, target) = (objects.span(from), objects.address(from), objects.address(to));
        let range = target..target + objects.span(to).elem_size;
        let mut found = None;
        masks.for_each_offset(span, from.slot, |offset| {
            if found.is_none() && masks.word(span, start + offset).is_some_and(|value| range.contains(&value)) {
                found = Some(offset);
            }
        });
        found
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
