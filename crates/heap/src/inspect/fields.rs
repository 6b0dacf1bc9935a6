//! Walks a type over memory: every field by its path, nested structs flattened, within bounds.

use super::tiny::TinyValue;
use super::value::number;
use crate::meaning::containers::{MapLayout, Position, Role};
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_model::contents::{Field, InspectOptions, Listed, Value};
use goheap_model::{Kind, Part, Slot, TypeId};
use std::collections::BTreeMap;

/// Elements of an array in a field that are told one by one.
const MAX_ELEMENTS: u64 = 16;
/// Numbers of a row that are told.
const MAX_NUMBERS: u64 = 16;
/// Values that are looked at: a hostile type may have fields without end and nothing to show.
const MAX_STEPS: u32 = 1 << 20;
/// Types do not nest deeper by value.
const MAX_DEPTH: u32 = 32;
/// Slots of a bucket or a group.
const SLOTS: u64 = 8;
/// `tophash` of the first occupied cell (runtime/map.go `minTopHash`).
const MIN_TOP_HASH: u8 = 5;
/// Buckets or groups that are looked into: empty ones tell nothing.
const MAX_BUCKETS: u64 = 1 << 16;

/// The walk over one object.
pub(super) struct Walk<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    options: InspectOptions,
    start: u64,
    steps: u32,
    fields: Listed<Field>,
}

impl<'s, 'm, 'p> Walk<'s, 'm, 'p> {
    pub(super) fn new(snapshot: &'s HeapSnapshot<'m, 'p>, options: InspectOptions) -> Self {
        Walk { snapshot, options, start: 0, steps: 0, fields: Listed::default() }
    }

    /// The fields of a value of `ty` at `at`, outside of any object: a variable on a stack.
    pub(super) fn variable(mut self, name: &str, ty: TypeId, at: u64) -> Listed<Field> {
        self.start = at;
        self.value(name, ty, at, self.snapshot.types.get(ty).size, MAX_DEPTH);
        self.fields
    }

    /// The fields of the object in `slot`.
    pub(super) fn object(mut self, slot: Slot) -> Listed<Field> {
        self.start = self.snapshot.objects.address(slot);
        let object = self.snapshot.object_types.of(slot.id);
        let (address, room) = self.snapshot.objects.payload(slot);
        let (part, ty) = (object.part(), object.ty());
        if !object.is_known() {
            self.words(slot);
            return self.fields;
        }
        match part {
            Part::Value | Part::BoxedValue => self.value("", ty, address, room, MAX_DEPTH),
            Part::Elements => self.elements("", ty, address, room, MAX_DEPTH, u64::MAX),
            Part::ChanBuffer => match self.snapshot.chan_elem(ty) {
                Some(elem) => self.elements("", elem, address, room, MAX_DEPTH, u64::MAX),
                None => self.words(slot),
            },
            Part::StringData => {
                let bytes = self.options.values.then(|| self.bytes(address, room)).flatten();
                self.push("", address, "string", || Value::Text(room, bytes, None));
            }
            Part::MapBuckets | Part::MapGroups => self.map_entries(ty, address, room),
            _ => match self.snapshot.machinery_type(part) {
                Some(machinery) => self.value("", machinery, address, room, MAX_DEPTH),
                None => self.words(slot),
            },
        }
        self.fields
    }

    /// The values in a block of the tiny allocator, by their offsets.
    pub(super) fn tiny(mut self, block: Slot, values: &BTreeMap<u64, TinyValue>) -> Listed<Field> {
        self.start = self.snapshot.objects.address(block);
        for (&offset, &value) in values {
            let at = self.start + offset;
            match value {
                TinyValue::Unknown => self.push("", at, "", || Value::Number(None)),
                TinyValue::Text(len) => {
                    let bytes = self.options.values.then(|| self.bytes(at, len)).flatten();
                    self.push("", at, "string", || Value::Text(len, bytes, None));
                }
                TinyValue::Row(elem, count) => {
                    let bytes = self.snapshot.types.get(elem).size.saturating_mul(count);
                    self.elements("", elem, at, bytes, MAX_DEPTH, MAX_ELEMENTS);
                }
                TinyValue::One(ty) => self.value("", ty, at, self.snapshot.types.get(ty).size, MAX_DEPTH),
            }
        }
        self.fields
    }

    fn push(&mut self, path: &str, at: u64, ty: &str, value: impl FnOnce() -> Value) {
        let offset = at.wrapping_sub(self.start);
        let field = || Field { path: path.to_owned(), offset, ty: ty.to_owned(), value: value() };
        self.fields.push(self.options.limit, field);
    }

    fn is_full(&self) -> bool {
        self.fields.shown.len() >= self.options.limit
    }

    fn bytes(&self, address: u64, len: u64) -> Option<Vec<u8>> {
        let len = usize::try_from(len).ok()?.min(self.options.text_bytes);
        Some(self.snapshot.model.memory().bytes(Address(address), len)?.into_owned())
    }

    /// A value of `ty`, of which `room` bytes lie in the object.
    fn value(&mut self, path: &str, ty: TypeId, at: u64, room: u64, depth: u32) {
        let snapshot = self.snapshot;
        let go_type = snapshot.types.get(ty);
        let Some(depth) = depth.checked_sub(1).filter(|_| go_type.size <= room) else { return };
        self.steps += 1;
        match &go_type.kind {
            Kind::Struct(fields) => {
                for field in fields.iter().filter(|field| field.offset <= room) {
                    if self.steps >= MAX_STEPS {
                        return self.fields.left_out += 1;
                    }
                    let path = format!("{path}.{}", field.name.rsplit('.').next().unwrap_or_default());
                    if snapshot.types.get(field.ty).size > 0 {
                        self.value(&path, field.ty, at.wrapping_add(field.offset), room - field.offset, depth);
                    }
                }
            }
            Kind::Array(elem, len) => {
                let size = snapshot.types.get(*elem).size.saturating_mul(*len).min(room);
                self.elements(path, *elem, at, size, depth, MAX_ELEMENTS);
            }
            _ => {
                let (values, text_bytes) = (self.options.values, self.options.text_bytes);
                let value = || snapshot.leaf(ty, at, values, text_bytes).unwrap_or(Value::Absent);
                self.push(path, at, &go_type.name, value);
            }
        }
    }

    /// As many values of `elem` as fit, the first `most` of them one by one.
    fn elements(&mut self, path: &str, elem: TypeId, at: u64, room: u64, depth: u32, most: u64) {
        let elem_type = self.snapshot.types.get(elem);
        let Some(count) = room.checked_div(elem_type.size) else { return };
        if matches!(elem_type.kind, Kind::Scalar) {
            let ty = format!("[{count}]{}", elem_type.name);
            let row = self.row(elem, at, count);
            return self.push(path, at, &ty, || row);
        }
        for index in 0..count {
            let at = at.wrapping_add(index * elem_type.size);
            if index >= most || self.is_full() || self.steps >= MAX_STEPS {
                let path = format!("{path}[{index}..{count}]");
                let ty = elem_type.name.to_string();
                if index >= most {
                    self.push(&path, at, &ty, || Value::More(count - index));
                } else {
                    self.fields.left_out += count - index;
                }
                return;
            }
            self.value(&format!("{path}[{index}]"), elem, at, elem_type.size, depth);
        }
    }

    /// Bytes as text, other numbers one after the other.
    fn row(&self, elem: TypeId, at: u64, count: u64) -> Value {
        let elem_type = self.snapshot.types.get(elem);
        if self.snapshot.model.memory().read_u8(Address(at)).is_none() {
            return Value::Absent;
        }
        if !self.options.values {
            return Value::Row(count, None);
        }
        if &*elem_type.name == "uint8" {
            return match self.bytes(at, count) {
                Some(bytes) => Value::Text(count, Some(bytes), None),
                None => Value::Absent,
            };
        }
        let memory = self.snapshot.model.memory();
        let one = |index: u64| number(memory, elem_type, at.wrapping_add(index * elem_type.size));
        let mut numbers: Vec<String> = (0..count.min(MAX_NUMBERS)).map_while(one).collect();
        if count > MAX_NUMBERS {
            numbers.push("…".to_owned());
        }
        Value::Row(count, Some(numbers.join(" ")))
    }

    /// Keys and values of the occupied places of a row of buckets or groups: `[key 3.0]` is in place 0 of group 3.
    fn map_entries(&mut self, map: TypeId, address: u64, room: u64) {
        let snapshot = self.snapshot;
        let containers = snapshot.containers();
        let Some(layout) = MapLayout::of(&snapshot.types, map, &containers).filter(|layout| layout.stride > 0) else {
            return;
        };
        let memory = snapshot.model.memory();
        for bucket in 0..(room / layout.stride).min(MAX_BUCKETS) {
            let start = address.wrapping_add(bucket * layout.stride);
            let (mut offset, mut found) = (SLOTS, [0; 2]);
            while offset < layout.stride {
                let (role, ty, size, indirect) = match layout.position(offset) {
                    Position::Item(role, ty, 0) => (role, ty, snapshot.types.get(ty).size, false),
                    Position::Indirect(role, ty) => (role, ty, 8, true),
                    _ => {
                        offset += 1;
                        continue;
                    }
                };
                let place = &mut found[usize::from(role == Role::Value)];
                let index = *place;
                *place += 1;
                let control = memory.read_u8(Address(start.wrapping_add(index)));
                let is_occupied = |byte: u8| if containers.swiss { byte < 0x80 } else { byte >= MIN_TOP_HASH };
                if control.is_some_and(is_occupied) {
                    let name = if role == Role::Key { "key" } else { "value" };
                    let path = format!("[{name} {bucket}.{index}]");
                    self.item(&path, ty, start.wrapping_add(offset), size, indirect);
                }
                offset += size.max(1);
            }
        }
    }

    fn item(&mut self, path: &str, ty: TypeId, at: u64, size: u64, indirect: bool) {
        let snapshot = self.snapshot;
        if !indirect {
            return self.value(path, ty, at, size, MAX_DEPTH);
        }
        let name = format!("*{}", snapshot.types.get(ty).name);
        self.push(path, at, &name, || match snapshot.model.memory().read_u64(Address(at)) {
            None => Value::Absent,
            Some(0) => Value::Nil,
            Some(address) => Value::Pointer(snapshot.target(address)),
        });
    }

    /// Of an object without a type: its words, those that the collector takes for pointers as such.
    fn words(&mut self, slot: Slot) {
        let snapshot = self.snapshot;
        let (masks, span) = (&snapshot.model.masks, snapshot.objects.span(slot));
        let (address, room) = snapshot.objects.payload(slot);
        let header = address - self.start;
        if !self.options.values {
            return masks.for_each_offset(span, slot.slot, |offset| self.word(slot, offset, header, true));
        }
        let shown = (self.options.limit as u64).saturating_mul(8).min(room);
        let mut pointers = Vec::new();
        masks.for_each_offset(span, slot.slot, |offset| {
            if offset < header + shown {
                pointers.push(offset);
            }
        });
        for offset in (header..header + shown).step_by(8) {
            self.word(slot, offset, header, pointers.binary_search(&offset).is_ok());
        }
        self.fields.left_out += (room - shown).div_ceil(8);
    }

    fn word(&mut self, slot: Slot, offset: u64, header: u64, is_pointer: bool) {
        let snapshot = self.snapshot;
        let (masks, span, at) = (&snapshot.model.masks, snapshot.objects.span(slot), self.start + offset);
        let ty = if is_pointer { "pointer" } else { "" };
        self.push(&format!("+{}", offset - header), at, ty, || match masks.word(span, at) {
            None => Value::Absent,
            Some(0) if is_pointer => Value::Nil,
            Some(word) if is_pointer => Value::Pointer(snapshot.target(word)),
            Some(word) => Value::Number(Some(format!("{word:#x}"))),
        });
    }
}
