//! What an object is, in words: `main.Item`, `[4]main.Item`, `string`, `map[string]int groups`, `func main.f.func1`.

use crate::{Heap, Kind, Part, Slot, TypeId};
use foldhash::HashMap;

/// The name of the group of objects whose type is not known.
pub const UNKNOWN_TYPE: &str = "(unknown)";

impl Heap {
    /// The type of what is in a slot; empty where it is not known.
    pub fn type_text(&self, slot: Slot) -> String {
        self.text_key(slot).map_or_else(String::new, |key| self.text_of(key))
    }

    /// The same without the length of an array: `[...]main.Item`.
    pub fn family_text(&self, slot: Slot) -> String {
        self.text_key(slot).map_or_else(String::new, |key| self.text_of(key.family()))
    }

    /// What the text depends on; None where nothing is known.
    pub fn text_key(&self, slot: Slot) -> Option<TextKey> {
        let object = self.object_types.of(slot.id);
        if !object.is_known() {
            return None;
        }
        let (_, room) = self.objects.payload(slot);
        let ty = object.ty();
        let part = match object.part() {
            Part::BoxedValue => Part::Value,
            part => part,
        };
        let detail = match part {
            Part::Elements => self.count(ty, room),
            Part::ChanBuffer => self.chan_elem(ty).map_or(0, |elem| self.count(elem, room)),
            Part::Closure => self.closures.function_of(slot.id),
            _ => 0,
        };
        Some(TextKey { part, ty, detail })
    }

    /// Elements of an array, by its key; 0 of what is none.
    pub fn elements(&self, key: TextKey) -> u64 {
        match (key.part, &self.types.get(key.ty).kind) {
            (Part::Elements | Part::ChanBuffer, _) => key.detail,
            (Part::Value, &Kind::Array(_, len)) => len,
            _ => 0,
        }
    }

    /// Values of `ty` that fit `room` bytes.
    fn count(&self, ty: TypeId, room: u64) -> u64 {
        let size = self.types.get(ty).size;
        let (most, zones) = (room.checked_div(size).unwrap_or(0), self.red_zones);
        let fitting = if zones.is_on() { zones.unpadded(room) / size.max(1) } else { most };
        fitting.min(most).max(1)
    }

    /// The text of a key.
    pub fn text_of(&self, key: TextKey) -> String {
        let name = &self.types.get(key.ty).name;
        match key.part {
            Part::Value => name.to_string(),
            Part::Elements => array_text(key.detail, name),
            Part::StringData => "string".to_owned(),
            Part::ChanHeader => match self.chan_elem(key.ty) {
                Some(elem) => format!("chan {}", self.types.get(elem).name),
                None => name.to_string(),
            },
            Part::ChanBuffer => match self.chan_elem(key.ty) {
                Some(elem) => array_text(key.detail, &self.types.get(elem).name),
                None => name.to_string(),
            },
            Part::Closure => match self.closures.name(key.detail) {
                Some(function) => format!("func {function}"),
                None => name.to_string(),
            },
            Part::Machinery => self.map_text(key.ty).map_or_else(String::new, |map| format!("{map} internals")),
            part => format!("{} {}", self.map_text(key.ty).as_deref().unwrap_or(name), map_part(part)),
        }
    }

    /// The element of a channel type; None of others.
    pub fn chan_elem(&self, ty: TypeId) -> Option<TypeId> {
        match self.types.get(ty).kind {
            Kind::Chan(elem) => Some(elem),
            _ => None,
        }
    }

    /// What a part of a map or channel is a part of; None of other objects.
    pub fn whole_text(&self, key: TextKey) -> Option<String> {
        match key.part {
            Part::Value | Part::Elements | Part::StringData | Part::Closure => None,
            Part::ChanHeader | Part::ChanBuffer => Some(self.text_of(TextKey { part: Part::ChanHeader, ..key })),
            _ => self.map_text(key.ty),
        }
    }

    /// A map type as Go writes it, whatever its own name.
    fn map_text(&self, ty: TypeId) -> Option<String> {
        match self.types.get(ty).kind {
            Kind::Map(key, elem) => Some(format!("map[{}]{}", self.types.get(key).name, self.types.get(elem).name)),
            _ => None,
        }
    }
}

/// The element of what is named as an array, `main.Item` of `[4]main.Item` and `[...]main.Item`. Who asks for `string` gets the bytes of
/// strings and the arrays of them.
pub fn element_text(text: &str) -> Option<&str> {
    let mut elem = text;
    while let Some((len, rest)) = elem.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if len != ELLIPSIS && (len.is_empty() || !len.bytes().all(|byte| byte.is_ascii_digit())) {
            break;
        }
        elem = rest;
    }
    (elem.len() < text.len()).then_some(elem)
}

/// True if `is_wanted` says so of a type's text, or of the element's where it is an array's.
pub fn is_wanted_text(text: &str, mut is_wanted: impl FnMut(&str) -> bool) -> bool {
    is_wanted(text) || element_text(text).is_some_and(is_wanted)
}

fn array_text(len: u64, elem: &str) -> String {
    if len == ANY_LENGTH { format!("[{ELLIPSIS}]{elem}") } else { format!("[{len}]{elem}") }
}

/// What a part of a map is called.
fn map_part(part: Part) -> &'static str {
    match part {
        Part::MapHeader => "header",
        Part::MapBuckets => "buckets",
        Part::MapExtra => "extra",
        Part::MapDirectory => "directory",
        Part::MapTable => "table",
        Part::MapGroups => "groups",
        _ => "internals",
    }
}

/// What stands in the place of a length that may be any.
const ELLIPSIS: &str = "...";

/// Instead of a number of elements: of any.
const ANY_LENGTH: u64 = u64::MAX;

/// What a text depends on.
#[derive(Clone, Copy, Debug)]
pub struct TextKey {
    /// Which part; a boxed value is a value.
    pub part: Part,
    /// Of which type.
    pub ty: TypeId,
    /// The number of elements, or that of a closure's function.
    detail: u64,
}

impl TextKey {
    /// What tells two keys apart.
    pub fn identity(self) -> (Part, TypeId, u64) {
        (self.part, self.ty, self.detail)
    }

    /// The same for arrays of every length.
    pub fn family(self) -> TextKey {
        match self.part {
            Part::Elements | Part::ChanBuffer => TextKey { detail: ANY_LENGTH, ..self },
            _ => self,
        }
    }
}

/// The number of a text in [`TypeTexts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(u32);

impl TextId {
    /// Of objects whose type is not known; its text is empty.
    pub const UNKNOWN: TextId = TextId(0);

    /// Place in a table that the caller keeps beside the texts.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The texts of the types of many objects, each made once.
///
/// # Overhead
/// A text and some 60 bytes for each different text; nothing for an object.
pub struct TypeTexts<'h> {
    heap: &'h Heap,
    texts: Vec<Box<str>>,
    by_key: HashMap<(Part, TypeId, u64), TextId>,
    by_text: HashMap<Box<str>, TextId>,
}

impl<'h> TypeTexts<'h> {
    /// No text yet but that of the unknown.
    pub fn new(heap: &'h Heap) -> Self {
        let by_text = std::iter::once(("".into(), TextId::UNKNOWN)).collect();
        TypeTexts { heap, texts: vec!["".into()], by_key: HashMap::default(), by_text }
    }

    /// The text of an object's type: equal texts have equal numbers, whichever type they come from.
    pub fn id(&mut self, slot: Slot) -> TextId {
        let Some(key) = self.heap.text_key(slot) else { return TextId::UNKNOWN };
        if let Some(&id) = self.by_key.get(&key.identity()) {
            return id;
        }
        let text = self.heap.text_of(key).into_boxed_str();
        let next = TextId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let id = *self.by_text.entry(text.clone()).or_insert(next);
        if id == next {
            self.texts.push(text);
        }
        self.by_key.insert(key.identity(), id);
        id
    }

    /// The text of a number that this gave out.
    pub fn get(&self, id: TextId) -> &str {
        self.at(id.index())
    }

    /// The text at a place, as [`TextId::index`] tells it: texts are numbered in the order they were first asked for.
    pub fn at(&self, index: usize) -> &str {
        self.texts.get(index).map_or("", |text| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_known_by_their_elements() {
        let names = ["[4]main.Item", "[...][2]*main.Item", "[...]map[int]string", "[...][]uint8", "[...]string"];
        let elements = [Some("main.Item"), Some("*main.Item"), Some("map[int]string"), Some("[]uint8"), Some("string")];
        assert_eq!(names.map(element_text), elements);
        assert_eq!(["main.Item", "[]uint8", "map[string]int groups", "[", ""].map(element_text), [None; 5]);
    }
}
