//! What the references of objects are called, looked up once for each field of a kind of object.

use super::strings::{StringId, Strings};
use crate::ExportError;
use foldhash::HashMap;
use goheap_model::names::captured_path;
use goheap_model::{Fields, Heap, ObjectType, Part, Slot, TypeId, kind_of};

/// Kinds of edges by the place of their name in the list of the file.
pub(super) const ELEMENT: u32 = 1;
/// A field.
pub(super) const PROPERTY: u32 = 2;
/// A container's own, or one of this file's.
pub(super) const INTERNAL: u32 = 3;

/// Elements of structs whose fields have a string with their number, each: beyond, `[…].Name` does for all.
const NUMBERED: u64 = 4096;
/// The same of all together.
const MOST_NUMBERED: usize = 1 << 20;
/// Of an object whose type is not known a reference has its offset for a name, up to here: a large one has no names for a million words.
const FAR: u64 = 1 << 12;
const FAR_NAME: &str = "+…";

/// A kind of edge, and the number of its name or element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EdgeName {
    pub(super) kind: u32,
    pub(super) name: u32,
}

/// One field of a kind of object.
#[derive(Debug)]
struct Place {
    kind: u32,
    name: StringId,
    /// Of an element, the bytes of one; 0 where the number is to be asked for.
    stride: Option<u64>,
    /// What follows the number of the element.
    rest: Box<str>,
    /// The names of the first elements, where they have some; [`StringId`] of the empty text where none was needed yet.
    numbered: Vec<StringId>,
}

/// Names of edges by kind of object and offset.
///
/// # Overhead
/// Some 150 bytes a field; four and a text for each numbered field of an element, of which there are a million at the most.
pub(super) struct EdgeNames<'h> {
    heap: &'h Heap,
    fields: &'h dyn Fields,
    places: HashMap<(u32, u64), Place>,
    numbered: usize,
}

impl<'h> EdgeNames<'h> {
    pub(super) fn new(heap: &'h Heap, fields: &'h dyn Fields) -> Self {
        EdgeNames { heap, fields, places: HashMap::default(), numbered: 0 }
    }

    /// What the reference by the word at an offset of an object's slot is called.
    ///
    /// # Errors
    /// [`ExportError::TooMany`] strings.
    pub(super) fn of(&mut self, from: Slot, offset: u64, strings: &mut Strings) -> Result<EdgeName, ExportError> {
        let object = self.heap.object_types.of(from.id);
        let in_period = self.fields.offset_in_period(from, offset);
        if in_period >= FAR && !object.is_known() {
            return Ok(EdgeName { kind: PROPERTY, name: strings.id(FAR_NAME)?.0 });
        }
        let key = (kind_of(object), in_period);
        let place = match self.places.get_mut(&key) {
            Some(place) => place,
            None => {
                let place = self.look_up(from, offset, object, strings)?;
                self.places.entry(key).or_insert(place)
            }
        };
        let Some(stride) = place.stride else { return Ok(EdgeName { kind: place.kind, name: place.name.0 }) };
        let index = match inner(self.heap, from, offset).checked_div(stride) {
            Some(index) => Some(index),
            None => number_of(&self.fields.place(from, offset, true).path).map(|(index, _)| index),
        };
        match index {
            Some(index) if place.rest.is_empty() && index <= i32::MAX as u64 => {
                Ok(EdgeName { kind: ELEMENT, name: index as u32 })
            }
            Some(index) if index < NUMBERED => {
                let name = place.numbered_name(index, &mut self.numbered, strings)?;
                Ok(EdgeName { kind: place.kind, name: name.0 })
            }
            _ => Ok(EdgeName { kind: place.kind, name: place.name.0 }),
        }
    }

    fn look_up(
        &self,
        from: Slot,
        offset: u64,
        object: ObjectType,
        strings: &mut Strings,
    ) -> Result<Place, ExportError> {
        let place = self.fields.place(from, offset, false);
        let numbered = self.fields.place(from, offset, true).path;
        let kind = if place.is_inside { INTERNAL } else { PROPERTY };
        let number = number_of(&numbered).filter(|_| numbered != place.path);
        let Some((index, rest)) = number else {
            let name = strings.id(&field_name(&place.path, object))?;
            return Ok(Place { kind, name, stride: None, rest: "".into(), numbered: Vec::new() });
        };
        let told = |&stride: &u64| inner(self.heap, from, offset).checked_div(stride) == Some(index);
        let stride = self.stride(object).filter(told).unwrap_or(0);
        let name = strings.id(&format!("[…]{rest}"))?;
        Ok(Place { kind, name, stride: Some(stride), rest: rest.into(), numbered: Vec::new() })
    }

    /// Bytes of an element of what is a row of elements.
    fn stride(&self, object: ObjectType) -> Option<u64> {
        let size = |ty: TypeId| self.heap.types.get(ty).size;
        match object.part() {
            _ if !object.is_known() => None,
            Part::Elements => Some(size(object.ty())),
            Part::ChanBuffer => self.heap.chan_elem(object.ty()).map(size),
            _ => None,
        }
    }
}

impl Place {
    fn numbered_name(&mut self, index: u64, all: &mut usize, strings: &mut Strings) -> Result<StringId, ExportError> {
        let at = index as usize;
        if let Some(&known) = self.numbered.get(at).filter(|&&known| known != StringId(0)) {
            return Ok(known);
        }
        if *all >= MOST_NUMBERED {
            return Ok(self.name);
        }
        *all += 1;
        if self.numbered.len() <= at {
            self.numbered.resize(at + 1, StringId(0));
        }
        let name = strings.id(&format!("[{index}]{}", self.rest))?;
        self.numbered[at] = name;
        Ok(name)
    }
}

/// Bytes from the first of an object behind its header.
fn inner(heap: &Heap, from: Slot, offset: u64) -> u64 {
    offset.wrapping_sub(u64::from(heap.objects.span_of(from).header_bytes))
}

/// The number of the element with which a path begins, and what follows.
fn number_of(path: &str) -> Option<(u64, &str)> {
    let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

/// A field as viewers name properties: without the dot. `*` is the value of an object that is a pointer itself.
fn field_name(path: &str, object: ObjectType) -> String {
    match path.strip_prefix('.').unwrap_or(path) {
        "" => "*".to_owned(),
        name if object.part() == Part::Closure && !name.starts_with('+') => captured_path(name),
        name => name.to_owned(),
    }
}
