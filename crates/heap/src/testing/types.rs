//! Types by their names, and their descriptors (`abi.Type`).

use super::{GoProcess, TYPES};
use std::collections::BTreeMap;

/// Each descriptor has room for this much.
const ROOM: u64 = 0x100;
/// Names, fields and masks.
const PARTS: u64 = TYPES + 0x4_0000;
const ITABS: u64 = TYPES + 0x3_0000;
const END: u64 = TYPES + 0x7_f000;

const POINTER: u8 = 22;
const STRUCT: u8 = 25;

#[derive(Clone, Debug)]
pub(super) struct FieldOf {
    pub(super) name: String,
    pub(super) ty: usize,
    pub(super) offset: u64,
    pub(super) is_embedded: bool,
}

/// A type; its place among [`Types`] is its number.
#[derive(Clone, Debug, Default)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) kind: u8,
    pub(super) size: u64,
    pub(super) align: u64,
    /// For each word whether it is a pointer.
    pub(super) pointers: Vec<bool>,
    pub(super) elem: usize,
    pub(super) key: usize,
    pub(super) len: u64,
    pub(super) fields: Vec<FieldOf>,
    pub(super) is_named: bool,
    pub(super) has_methods: bool,
    /// Made up by the compiler for a map.
    pub(super) is_map_part: bool,
    is_known: bool,
}

#[derive(Clone, Default)]
pub(super) struct Types {
    pub(super) all: Vec<Type>,
    by_name: BTreeMap<String, usize>,
    itabs: Vec<(usize, usize)>,
    next_part: u64,
}

/// Where a type's descriptor lies.
pub(super) const fn descriptor(ty: usize) -> u64 {
    TYPES + 0x40 + ty as u64 * ROOM
}

/// Kind and size of types without parts.
fn scalar(name: &str) -> Option<(u8, u64)> {
    Some(match name {
        "bool" => (1, 1),
        "int" => (2, 8),
        "int8" => (3, 1),
        "int16" => (4, 2),
        "int32" => (5, 4),
        "int64" => (6, 8),
        "uint8" => (8, 1),
        "uint16" => (9, 2),
        "uint32" => (10, 4),
        "uint64" => (11, 8),
        "uintptr" => (12, 8),
        "float64" => (14, 8),
        _ => return None,
    })
}

/// The text up to the bracket that closes, and what follows it.
fn closed(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (at, char) in text.char_indices() {
        match char {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[..at], &text[at + 1..]);
        }
    }
    panic!("{text}: no bracket closes")
}

/// Names and types of a struct's fields as Go writes them.
fn fields_of(text: &str) -> Vec<(&str, &str)> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, char) in text.char_indices() {
        match char {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            ';' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().filter_map(|part| part.trim().split_once(' ')).collect()
}

impl GoProcess {
    /// Defines a struct type; a field without a name is embedded.
    pub(crate) fn define(&mut self, name: &str, fields: &[(&str, &str)]) {
        let id = self.placeholder(name);
        let fields: Vec<(String, usize)> = fields.iter().map(|(name, ty)| ((*name).to_owned(), self.ty(ty))).collect();
        self.types.all[id].is_named = !name.starts_with("struct {") && !name.starts_with("map.");
        self.lay_out(id, fields);
    }

    /// Defines a type of another's kind: `type Names []string`.
    pub(crate) fn define_as(&mut self, name: &str, underlying: &str) {
        let other = self.ty(underlying);
        let id = self.placeholder(name);
        let other = self.types.all[other].clone();
        self.types.all[id] = Type { name: name.to_owned(), is_named: true, is_known: true, ..other };
    }

    /// Defines an interface type with a method.
    pub(crate) fn define_interface(&mut self, name: &str) {
        self.define_as(name, "interface {}");
        let id = self.ty(name);
        self.types.all[id].has_methods = true;
    }

    /// Makes the program know a type.
    pub(crate) fn know(&mut self, name: &str) {
        self.ty(name);
    }

    /// Bytes of a value of a type; of `… part` those of a group or bucket of the map type before.
    pub(crate) fn ty_size(&mut self, name: &str) -> u64 {
        let ty = match name.strip_suffix(" part") {
            Some(map) => {
                let map = self.ty(map);
                self.map_part(map)
            }
            None => self.ty(name),
        };
        self.types.all[ty].size
    }

    /// The address of a type's descriptor.
    pub(crate) fn descriptor(&mut self, name: &str) -> u64 {
        descriptor(self.ty(name))
    }

    /// The itab of an interface with methods and a type that has them.
    pub(crate) fn itab(&mut self, interface: &str, ty: &str) -> u64 {
        let pair = (self.ty(interface), self.ty(ty));
        self.types.itabs.push(pair);
        ITABS + (self.types.itabs.len() as u64 - 1) * 0x20
    }

    fn placeholder(&mut self, name: &str) -> usize {
        if let Some(&id) = self.types.by_name.get(name) {
            return id;
        }
        let id = self.types.all.len();
        assert!(descriptor(id) < ITABS, "too many types");
        self.types.by_name.insert(name.to_owned(), id);
        self.types.all.push(Type { name: name.to_owned(), kind: STRUCT, align: 1, ..Type::default() });
        id
    }

    /// The type of that name: defined, or put together of others. One that will be defined later counts as an empty struct.
    pub(super) fn ty(&mut self, name: &str) -> usize {
        if let Some(&id) = self.types.by_name.get(name) {
            return id;
        }
        let word = |pointers: &[bool], kind, elem| Type {
            kind,
            size: pointers.len() as u64 * 8,
            align: 8,
            pointers: pointers.to_vec(),
            elem,
            is_known: true,
            ..Type::default()
        };
        let made = if let Some((kind, size)) = scalar(name) {
            let pointers = vec![false; size.div_ceil(8) as usize];
            Type { kind, size, align: size, pointers, is_named: true, is_known: true, ..Type::default() }
        } else if let Some(elem) = name.strip_prefix('*') {
            // Before what it points to, for that may hold such a pointer itself.
            let id = self.placeholder(name);
            self.types.all[id] = Type { name: name.to_owned(), ..word(&[true], POINTER, 0) };
            self.types.all[id].elem = self.ty(elem);
            return id;
        } else if let Some(elem) = name.strip_prefix("[]") {
            word(&[true, false, false], 23, self.ty(elem))
        } else if let Some(rest) = name.strip_prefix('[') {
            let (len, elem) = closed(rest);
            let (len, elem) = (len.parse::<u64>().unwrap(), self.ty(elem));
            self.array(len, elem)
        } else if let Some(rest) = name.strip_prefix("map[") {
            let (key, elem) = closed(rest);
            let key = self.ty(key);
            let elem = self.ty(elem);
            Type { key, ..word(&[true], 21, elem) }
        } else if let Some(elem) = name.strip_prefix("chan ") {
            word(&[true], 18, self.ty(elem))
        } else {
            match name {
                "string" => Type { is_named: true, ..word(&[true, false], 24, 0) },
                "unsafe.Pointer" => Type { is_named: true, ..word(&[true], 26, 0) },
                "interface {}" => word(&[false, true], 20, 0),
                "func()" => word(&[true], 19, 0),
                _ => return self.of_text(name),
            }
        };
        let id = self.placeholder(name);
        self.types.all[id] = Type { name: name.to_owned(), ..made };
        id
    }

    fn of_text(&mut self, name: &str) -> usize {
        match name.strip_prefix("struct {") {
            Some(rest) => self.define(name, &fields_of(rest.strip_suffix('}').unwrap())),
            None => drop(self.placeholder(name)),
        }
        self.types.by_name[name]
    }

    fn array(&self, len: u64, elem: usize) -> Type {
        let of = &self.types.all[elem];
        let size = len * of.size;
        let mut pointers = vec![false; size.div_ceil(8) as usize];
        for index in 0..len {
            for (word, _) in of.pointers.iter().enumerate().filter(|(_, is_pointer)| **is_pointer) {
                pointers[(index * of.size / 8) as usize + word] = true;
            }
        }
        Type { kind: 17, size, align: of.align, pointers, elem, len, is_known: true, ..Type::default() }
    }

    fn lay_out(&mut self, id: usize, fields: Vec<(String, usize)>) {
        let (mut end, mut align, mut laid) = (0, 1, Vec::new());
        for (name, ty) in fields {
            let of = &self.types.all[ty];
            let offset = u64::next_multiple_of(end, of.align);
            (end, align) = (offset + of.size, align.max(of.align));
            let is_embedded = name.is_empty();
            let name = if is_embedded { of.name.rsplit('.').next().unwrap().to_owned() } else { name };
            laid.push(FieldOf { name, ty, offset, is_embedded });
        }
        let size = end.next_multiple_of(align);
        let mut pointers = vec![false; size.div_ceil(8) as usize];
        for field in &laid {
            for (word, _) in self.types.all[field.ty].pointers.iter().enumerate().filter(|(_, is)| **is) {
                pointers[(field.offset / 8) as usize + word] = true;
            }
        }
        let ty = &mut self.types.all[id];
        (ty.size, ty.align, ty.pointers, ty.fields, ty.is_known) = (size, align, pointers, laid, true);
    }

    /// The struct that a map's groups or buckets are.
    pub(super) fn map_part(&mut self, map: usize) -> usize {
        let (key, elem) = (self.types.all[map].key, self.types.all[map].elem);
        let (key, elem) = (self.types.all[key].name.clone(), self.types.all[elem].name.clone());
        let stored = |name: &str, size: u64| if size > 128 { format!("*{name}") } else { name.to_owned() };
        let sizes = [&key, &elem].map(|name| self.types.by_name[name]).map(|ty| self.types.all[ty].size);
        let (stored_key, stored_elem) = (stored(&key, sizes[0]), stored(&elem, sizes[1]));
        let name;
        if self.version.release().has_swiss_maps {
            name = format!("map.group[{key}]{elem}");
            let slots = format!("[8]struct {{ key {stored_key}; elem {stored_elem} }}");
            self.define(&name, &[("ctrl", "uint64"), ("slots", &slots)]);
        } else {
            name = format!("map.bucket[{key}]{elem}");
            let (keys, elems) = (format!("[8]{stored_key}"), format!("[8]{stored_elem}"));
            let has_pointers =
                [&keys, &elems].map(|ty| self.ty(ty)).iter().any(|&ty| self.types.all[ty].has_pointers());
            let overflow = if has_pointers { "unsafe.Pointer" } else { "uintptr" };
            self.define(&name, &[("topbits", "[8]uint8"), ("keys", &keys), ("elems", &elems), ("overflow", overflow)]);
        }
        let id = self.ty(&name);
        self.types.all[id].is_map_part = true;
        id
    }

    /// Writes all descriptors.
    pub(super) fn finish_types(&mut self) {
        self.types.next_part = PARTS;
        let maps: Vec<usize> = (0..self.types.all.len()).filter(|&ty| self.types.all[ty].kind == 21).collect();
        let parts: BTreeMap<usize, usize> = maps.into_iter().map(|map| (map, self.map_part(map))).collect();
        if self.types.all.iter().any(|ty| ty.has_methods) {
            self.ty("func()");
        }
        for id in 0..self.types.all.len() {
            let ty = self.types.all[id].clone();
            assert!(ty.is_known, "{} is not defined", ty.name);
            self.write_type(id, &ty, parts.get(&id).copied());
        }
        for (index, (interface, ty)) in self.types.itabs.clone().into_iter().enumerate() {
            let at = ITABS + index as u64 * 0x20;
            let hash = 0x1000 + ty as u64;
            self.set(at, &[descriptor(interface), descriptor(ty), hash, super::TEXT]);
        }
        self.pieces.put(END - 1, &[0]);
    }

    fn write_type(&mut self, id: usize, ty: &Type, map_part: Option<usize>) {
        let at = descriptor(id);
        let end = ty.pointers.iter().rposition(|is_pointer| *is_pointer).map_or(0, |last| last as u64 + 1);
        let mask = self.part(&Self::bits(ty.pointers.iter().copied().take(end as usize)));
        let name = self.name(&ty.name, 0);
        let is_direct = matches!(ty.kind, 18 | 19 | 21 | POINTER | 26) && self.version.minor <= 26;
        self.set(at, &[ty.size, end * 8]);
        self.put(at + 16, &(0x1000 + id as u32).to_le_bytes());
        let align = ty.align as u8;
        self.put(at + 20, &[4 * u8::from(ty.is_named), align, align, ty.kind | (0x20 * u8::from(is_direct))]);
        self.set(at + 24, &[0, mask]);
        self.put(at + 40, &((name - TYPES) as u32).to_le_bytes());
        match ty.kind {
            17 => {
                let elem = self.types.all[ty.elem].name.clone();
                let slice = self.types.by_name.get(&format!("[]{elem}")).copied().unwrap_or(ty.elem);
                self.set(at + 48, &[descriptor(ty.elem), descriptor(slice), ty.len]);
            }
            18 => self.set(at + 48, &[descriptor(ty.elem), 3]),
            POINTER | 23 => self.set(at + 48, &[descriptor(ty.elem)]),
            21 => self.set(at + 48, &[descriptor(ty.key), descriptor(ty.elem), descriptor(map_part.unwrap())]),
            20 if ty.has_methods => {
                let (name, func) = (self.name("Do", 1), self.descriptor("func()"));
                let methods = [(name - TYPES) as u32, (func - TYPES) as u32].map(u32::to_le_bytes).concat();
                let list = self.part(&methods);
                self.set(at + 56, &[list, 1, 1]);
            }
            20 => self.set(at + 56, &[PARTS, 0, 0]),
            STRUCT => self.write_fields(at, ty),
            _ => {}
        }
    }

    fn write_fields(&mut self, at: u64, ty: &Type) {
        let mut list = Vec::new();
        for field in &ty.fields {
            let is_exported = field.name.starts_with(|char: char| char.is_uppercase());
            let name = self.name(&field.name, u8::from(is_exported) + 8 * u8::from(field.is_embedded));
            list.extend([name, descriptor(field.ty), field.offset].map(u64::to_le_bytes).concat());
        }
        let list_at = self.part(&list);
        self.set(at + 56, &[list_at, ty.fields.len() as u64, ty.fields.len() as u64]);
    }

    fn name(&mut self, text: &str, flags: u8) -> u64 {
        let len = text.len();
        let varint = if len < 0x80 { vec![len as u8] } else { vec![len as u8 & 0x7f | 0x80, (len >> 7) as u8] };
        self.part(&[&[flags], &varint[..], text.as_bytes()].concat())
    }

    fn part(&mut self, bytes: &[u8]) -> u64 {
        let at = self.types.next_part;
        self.types.next_part = (at + bytes.len() as u64 + 1).next_multiple_of(8);
        assert!(self.types.next_part < END, "too many types");
        self.put(at, bytes);
        at
    }
}

impl Type {
    pub(super) fn has_pointers(&self) -> bool {
        self.pointers.iter().any(|is_pointer| *is_pointer)
    }
}
