//! The class of each object: one for each Go type and size, one for the arrays of each.

use super::java::JavaType;
use super::layout::{Layout, WORD};
use super::names::{Ids, array_class_name, class_name};
use crate::word_references::WordReferences;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::names::captured_path;
use goheap_model::{Fields, Heap, Kind, Part, Slot, TextKey, TypeId, UNKNOWN_TYPE};

/// How an object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As an instance with fields.
    Instance(Layout),
    /// As an array of its words, of which those that lead nowhere in the heap are null.
    Words,
    /// As an array of numbers.
    Numbers(JavaType),
}

/// A class of objects.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) form: Form,
    /// Bytes of each instance; 0 of arrays.
    pub(super) bytes: u64,
}

/// The number of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClassIndex(u32);

/// What tells classes apart: part, type and what else its text depends on, bytes of the slot, and of these those of the header.
type Key = (Option<(Part, TypeId, u64)>, u64, u32, bool);

/// The classes of all objects.
///
/// # Overhead
/// Some 60 bytes a field of a class; a bit a slot.
pub(super) struct Classes<'h> {
    heap: &'h Heap,
    all: Vec<Class>,
    by_key: HashMap<Key, ClassIndex>,
    /// Classes of arrays by name.
    arrays: HashMap<String, ClassIndex>,
    /// Objects that are written as arrays of words.
    words: IdBitSet,
    /// The answer before: most objects of a span are of one class.
    last: Option<(u32, u32, ClassIndex)>,
}

impl<'h> Classes<'h> {
    /// Of all objects: goes over them and their references.
    pub(super) fn survey(
        heap: &'h Heap,
        references: &WordReferences<'h>,
        fields: &dyn Fields,
        ids: &mut Ids,
        mut progress: impl FnMut(),
    ) -> Self {
        let mut classes = Classes {
            heap,
            all: Vec::new(),
            by_key: HashMap::default(),
            arrays: HashMap::default(),
            words: IdBitSet::with_room_for(heap.objects.len()),
            last: None,
        };
        for slot in heap.objects.allocated() {
            let class = classes.of_slot(slot, ids);
            classes.learn(class, slot, references, fields);
            progress();
        }
        for slot in heap.objects.allocated() {
            let class = classes.of_slot(slot, ids);
            if matches!(classes.get(class).form, Form::Words) {
                classes.words.insert(slot.id.0);
            }
        }
        classes
    }

    pub(super) fn get(&self, class: ClassIndex) -> &Class {
        &self.all[class.0 as usize]
    }

    /// Those that objects have, in the order in which they were met.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Class> {
        self.all.iter()
    }

    /// True of an object that is written as an array of words.
    pub(super) fn is_words(&self, object: u32) -> bool {
        self.words.contains(object)
    }

    /// The class of an object.
    pub(super) fn of_slot(&mut self, slot: Slot, ids: &mut Ids) -> ClassIndex {
        let object = self.heap.object_types.of(slot.id);
        let is_closure = object.part() == Part::Closure;
        let last = self.last.filter(|&(bits, span, _)| (bits, span) == (object.to_bits(), slot.span));
        if let Some((_, _, class)) = last.filter(|_| !is_closure) {
            return class;
        }
        let span = self.heap.objects.span_of(slot);
        let key = self.heap.text_key(slot).map(TextKey::family);
        let whole = (key.map(TextKey::identity), span.slot_bytes, span.header_bytes, span.has_pointers);
        let class = match self.by_key.get(&whole) {
            Some(&class) => class,
            None => {
                let class = self.add(slot, key, ids);
                self.by_key.insert(whole, class);
                class
            }
        };
        self.last = Some((object.to_bits(), slot.span, class));
        class
    }

    fn add(&mut self, slot: Slot, key: Option<TextKey>, ids: &mut Ids) -> ClassIndex {
        let heap = self.heap;
        let (bytes, row) = (heap.objects.size(slot), key.and_then(|key| row_of(heap, key)));
        if let Some(elem) = row {
            let form = match number(heap, elem).filter(|_| !heap.objects.span_of(slot).has_pointers) {
                Some(ty) => Form::Numbers(ty),
                None => Form::Words,
            };
            return self.array(form, &heap.types.get(elem).name, ids);
        }
        let Some(key) = key else { return self.array(Form::Words, UNKNOWN_TYPE, ids) };
        let text = heap.text_of(key);
        let layout = match key.part {
            Part::StringData => return self.array(Form::Numbers(JavaType::Byte), "", ids),
            Part::MapBuckets | Part::MapGroups | Part::MapDirectory => None,
            Part::Value => Layout::new(&heap.types, key.ty, bytes),
            Part::Closure if matches!(heap.types.get(key.ty).kind, Kind::Struct(_)) => {
                Layout::new(&heap.types, key.ty, bytes)
            }
            _ => Layout::filled(Vec::new(), bytes),
        };
        match layout {
            Some(layout) => {
                let text = if text.is_empty() { UNKNOWN_TYPE } else { &text };
                self.push(Class { id: ids.next(), name: class_name(text), form: Form::Instance(layout), bytes })
            }
            None => self.array(Form::Words, &text, ids),
        }
    }

    fn array(&mut self, form: Form, element: &str, ids: &mut Ids) -> ClassIndex {
        let name = match form {
            Form::Numbers(ty) => ty.array_class().to_owned(),
            _ => array_class_name(element),
        };
        if let Some(&known) = self.arrays.get(&name) {
            return known;
        }
        let class = self.push(Class { id: ids.next(), name: name.clone(), form, bytes: 0 });
        self.arrays.insert(name, class);
        class
    }

    fn push(&mut self, class: Class) -> ClassIndex {
        self.all.push(class);
        ClassIndex(self.all.len() as u32 - 1)
    }

    /// Makes references of the words of an object that are some, whatever its type says.
    fn learn(&mut self, class: ClassIndex, slot: Slot, references: &WordReferences<'_>, fields: &dyn Fields) {
        let known = &mut self.all[class.0 as usize];
        let header = u64::from(self.heap.objects.span_of(slot).header_bytes);
        for (offset, _) in references.of(slot.id) {
            let Form::Instance(layout) = &known.form else { return };
            let at = offset.wrapping_sub(header);
            if layout.is_reference(at) || at.checked_add(WORD).is_none_or(|end| end > known.bytes) {
                continue;
            }
            let name = field_name(&fields.place(slot, offset, false).path, known.name.starts_with("func "));
            match layout.with_reference(at, name, known.bytes) {
                Some(layout) => known.form = Form::Instance(layout),
                None => {
                    known.name = array_class_name(&known.name);
                    (known.form, known.bytes) = (Form::Words, 0);
                }
            }
        }
    }
}

/// Of what is a row of values, the type of one. An array type with a name of its own keeps it.
fn row_of(heap: &Heap, key: TextKey) -> Option<TypeId> {
    let ty = heap.types.get(key.ty);
    match (key.part, &ty.kind) {
        (Part::Elements, _) => Some(key.ty),
        (Part::Value, &Kind::Array(elem, _)) if ty.name.starts_with('[') => Some(elem),
        (Part::ChanBuffer, _) => heap.chan_elem(key.ty),
        _ => None,
    }
}

/// Arrays of Go's own numbers are arrays of Java's; those of named ones keep their name.
fn number(heap: &Heap, elem: TypeId) -> Option<JavaType> {
    let ty = heap.types.get(elem);
    let is_scalar = matches!(ty.kind, Kind::Scalar) && !ty.name.contains(['.', '/']);
    is_scalar.then(|| JavaType::of_scalar(&ty.name, ty.size)).flatten()
}

fn field_name(path: &str, is_closure: bool) -> String {
    match path.strip_prefix('.').unwrap_or(path) {
        "" => "value".to_owned(),
        name if is_closure && !name.starts_with('+') => captured_path(name),
        name => name.to_owned(),
    }
}
