//! Debug information, in the forms that Go writes (DWARF 4).

use super::GoProcess;
use super::module::{Function, STRIDE};
use super::types::{Type, descriptor};
use super::{TEXT, TYPES};

const ARRAY: u16 = 0x01;
const MEMBER: u16 = 0x0d;
const POINTER: u16 = 0x0f;
const COMPILE_UNIT: u16 = 0x11;
const STRUCTURE: u16 = 0x13;
const SUBROUTINE: u16 = 0x15;
const TYPEDEF: u16 = 0x16;
const SUBRANGE: u16 = 0x21;
const BASE: u16 = 0x24;
const SUBPROGRAM: u16 = 0x2e;
const VARIABLE: u16 = 0x34;

const LOCATION: u16 = 0x02;
const NAME: u16 = 0x03;
const BYTE_SIZE: u16 = 0x0b;
const LOW_PC: u16 = 0x11;
const HIGH_PC: u16 = 0x12;
const LANGUAGE: u16 = 0x13;
const PRODUCER: u16 = 0x25;
const COUNT: u16 = 0x37;
const MEMBER_LOCATION: u16 = 0x38;
const ENCODING: u16 = 0x3e;
const FRAME_BASE: u16 = 0x40;
const TYPE: u16 = 0x49;
const GO_KIND: u16 = 0x2900;
const GO_KEY: u16 = 0x2901;
const GO_ELEM: u16 = 0x2902;
const GO_EMBEDDED: u16 = 0x2903;
const GO_RUNTIME_TYPE: u16 = 0x2904;
const GO_CLOSURE_OFFSET: u16 = 0x2907;

enum Value {
    Text(String),
    Number(u64),
    Address(u64),
    /// The entry of that label.
    Entry(usize),
    Block(Vec<u8>),
    Flag,
}

/// Sections in the making. Labels are numbers of types, and three more.
#[derive(Default)]
pub(super) struct Debug {
    pub(super) info: Vec<u8>,
    pub(super) abbrev: Vec<u8>,
    codes: u64,
    labels: Vec<(usize, usize)>,
    references: Vec<(usize, usize)>,
}

const EFACE: usize = usize::MAX;
const IFACE: usize = usize::MAX - 1;
const HEADER: usize = usize::MAX - 2;
const HEADER_POINTER: usize = usize::MAX - 3;

fn uleb(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

impl Debug {
    /// The debug information of the process.
    pub(super) fn of(go: &GoProcess) -> Debug {
        let mut debug = Debug { info: vec![0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8], ..Debug::default() };
        let producer = Value::Text(format!("Go cmd/compile {}", go.version.text));
        debug.entry(None, COMPILE_UNIT, true, vec![(LANGUAGE, Value::Number(0x16)), (PRODUCER, producer)]);
        for (label, name) in [(EFACE, "runtime.eface"), (IFACE, "runtime.iface"), (HEADER, "map<K,V>")] {
            debug.entry(Some(label), STRUCTURE, true, vec![named(name), (BYTE_SIZE, Value::Number(16))]);
            debug.info.push(0);
        }
        debug.entry(Some(HEADER_POINTER), POINTER, false, vec![named("*map<K,V>"), (TYPE, Value::Entry(HEADER))]);
        for (id, ty) in go.types.all.iter().enumerate().filter(|(_, ty)| !ty.is_map_part) {
            debug.ty(id, ty);
        }
        for variable in go.variables.iter().filter(|variable| !variable.name.is_empty()) {
            let location = [&[0x03], &variable.address.to_le_bytes()[..]].concat();
            let attributes = vec![named(&variable.name), (LOCATION, Value::Block(location)), of_type(variable.ty)];
            debug.entry(None, VARIABLE, false, attributes);
        }
        for (index, function) in go.functions.iter().enumerate() {
            debug.function(TEXT + index as u64 * STRIDE, function);
        }
        debug.info.push(0);
        debug.abbrev.push(0);
        let len = (debug.info.len() - 4) as u32;
        debug.info[..4].copy_from_slice(&len.to_le_bytes());
        for (at, label) in std::mem::take(&mut debug.references) {
            let target = debug.labels.iter().find(|(known, _)| *known == label).map_or(0, |(_, at)| *at as u32);
            debug.info[at..at + 4].copy_from_slice(&target.to_le_bytes());
        }
        debug
    }

    fn entry(&mut self, label: Option<usize>, tag: u16, has_children: bool, attributes: Vec<(u16, Value)>) {
        self.codes += 1;
        if let Some(label) = label {
            self.labels.push((label, self.info.len()));
        }
        uleb(self.codes, &mut self.abbrev);
        uleb(tag.into(), &mut self.abbrev);
        self.abbrev.push(u8::from(has_children));
        uleb(self.codes, &mut self.info);
        for (attribute, value) in attributes {
            uleb(attribute.into(), &mut self.abbrev);
            self.abbrev.push(match &value {
                Value::Text(_) => 0x08,
                Value::Number(_) if matches!(attribute, LANGUAGE | GO_KIND | ENCODING) => 0x0b,
                Value::Number(_) => 0x0f,
                Value::Address(_) => 0x01,
                Value::Entry(_) => 0x10,
                Value::Block(_) => 0x0a,
                Value::Flag => 0x0c,
            });
            match value {
                Value::Text(text) => self.info.extend(text.bytes().chain([0])),
                Value::Number(value) if matches!(attribute, LANGUAGE | GO_KIND | ENCODING) => {
                    self.info.push(value as u8)
                }
                Value::Number(value) => uleb(value, &mut self.info),
                Value::Address(value) => self.info.extend(value.to_le_bytes()),
                Value::Entry(label) => {
                    self.references.push((self.info.len(), label));
                    self.info.extend([0; 4]);
                }
                Value::Flag => self.info.push(1),
                Value::Block(bytes) => {
                    self.info.push(bytes.len() as u8);
                    self.info.extend(bytes);
                }
            }
        }
        self.abbrev.extend([0, 0]);
    }

    fn ty(&mut self, id: usize, ty: &Type) {
        let runtime = (GO_RUNTIME_TYPE, Value::Address(descriptor(id) - TYPES));
        let mut attributes = vec![named(&ty.name), (GO_KIND, Value::Number(ty.kind.into())), runtime];
        let sized = |attributes: &mut Vec<(u16, Value)>| attributes.push((BYTE_SIZE, Value::Number(ty.size)));
        let elem = (GO_ELEM, Value::Entry(ty.elem));
        match ty.kind {
            1..=16 => {
                sized(&mut attributes);
                let encoding = if ty.kind == 1 {
                    2
                } else if ty.kind == 14 {
                    4
                } else {
                    5 + 2 * u64::from(ty.kind > 6)
                };
                attributes.push((ENCODING, Value::Number(encoding)));
                self.entry(Some(id), BASE, false, attributes);
            }
            17 => {
                sized(&mut attributes);
                attributes.push(of_type(ty.elem));
                self.entry(Some(id), ARRAY, true, attributes);
                self.entry(None, SUBRANGE, false, vec![(COUNT, Value::Number(ty.len))]);
                self.info.push(0);
            }
            18 => {
                attributes.extend([elem, of_type(HEADER_POINTER)]);
                self.entry(Some(id), TYPEDEF, false, attributes);
            }
            19 => self.entry(Some(id), SUBROUTINE, false, attributes),
            20 => {
                attributes.push(of_type(if ty.has_methods { IFACE } else { EFACE }));
                self.entry(Some(id), TYPEDEF, false, attributes);
            }
            21 => {
                attributes.extend([elem, (GO_KEY, Value::Entry(ty.key)), of_type(HEADER_POINTER)]);
                self.entry(Some(id), TYPEDEF, false, attributes);
            }
            22 => {
                attributes.push(of_type(ty.elem));
                self.entry(Some(id), POINTER, false, attributes);
            }
            26 => self.entry(Some(id), POINTER, false, attributes),
            _ => self.structure(id, ty, attributes),
        }
    }

    fn structure(&mut self, id: usize, ty: &Type, mut attributes: Vec<(u16, Value)>) {
        attributes.push((BYTE_SIZE, Value::Number(ty.size)));
        if ty.kind == 23 {
            attributes.push((GO_ELEM, Value::Entry(ty.elem)));
        }
        self.entry(Some(id), STRUCTURE, true, attributes);
        for field in &ty.fields {
            let at = (MEMBER_LOCATION, Value::Number(field.offset));
            let mut attributes = vec![named(&field.name), at, of_type(field.ty)];
            if field.is_embedded {
                attributes.push((GO_EMBEDDED, Value::Flag));
            }
            self.entry(None, MEMBER, false, attributes);
        }
        self.info.push(0);
    }

    fn function(&mut self, entry: u64, function: &Function) {
        let range = [(LOW_PC, Value::Address(entry)), (HIGH_PC, Value::Address(entry + STRIDE))];
        let mut attributes = vec![named(&function.name), (FRAME_BASE, Value::Block(vec![0x9c]))];
        attributes.extend(range);
        self.entry(None, SUBPROGRAM, true, attributes);
        for (name, ty, word) in &function.locals {
            // From the canonical frame address down: return address, frame pointer, locals.
            let offset = *word as i64 * 8 - (function.words as i64 * 8 + 16);
            let mut location = vec![0x91];
            sleb(offset, &mut location);
            self.entry(None, VARIABLE, false, vec![named(name), of_type(*ty), (LOCATION, Value::Block(location))]);
        }
        for (name, ty, offset) in &function.captures {
            let at = (GO_CLOSURE_OFFSET, Value::Number(*offset));
            self.entry(None, VARIABLE, false, vec![named(name), of_type(*ty), at]);
        }
        self.info.push(0);
    }
}

fn sleb(mut value: i64, out: &mut Vec<u8>) {
    while !(-64..64).contains(&value) {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8 & 0x7f);
}

fn named(text: &str) -> (u16, Value) {
    (NAME, Value::Text(text.to_owned()))
}

fn of_type(label: usize) -> (u16, Value) {
    (TYPE, Value::Entry(label))
}
