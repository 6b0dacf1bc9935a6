//! An assembler for small debug information, in the forms that Go writes, and tests on what it makes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod damage;
mod locals;
mod types;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gimli::constants::*;
use gimli::{DwAt, DwForm, DwTag};

use super::{Dwarf, Sections};

const GO_KIND: DwAt = DwAt(0x2900);
const GO_KEY: DwAt = DwAt(0x2901);
const GO_ELEM: DwAt = DwAt(0x2902);
const GO_EMBEDDED: DwAt = DwAt(0x2903);
const GO_RUNTIME_TYPE: DwAt = DwAt(0x2904);
const GO_DICT_INDEX: DwAt = DwAt(0x2906);
const GO_CLOSURE_OFFSET: DwAt = DwAt(0x2907);

const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<Dwarf>();
};

/// Bytes in the making.
#[derive(Clone, Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    fn u32(&mut self, value: usize) -> &mut Self {
        self.raw(&(value as u32).to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.raw(text.as_bytes()).u8(0)
    }

    fn uleb(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }

    fn sleb(&mut self, mut value: i64) -> &mut Self {
        while !(-64..64).contains(&value) {
            self.u8((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.u8(value as u8 & 0x7f)
    }

    fn here(&self) -> usize {
        self.0.len()
    }
}

/// Attribute values, each in one form.
#[derive(Clone)]
enum Value<'a> {
    Text(&'a str),
    Byte(u8),
    Number(u64),
    Signed(i64),
    Address(u64),
    AddressIndex(u64),
    /// The entry of this label, of any unit.
    Entry(&'a str),
    Section(usize),
    Block(&'a [u8]),
    Flag(bool),
    Present,
    /// A block that says it is longer than memory.
    EndlessBlock,
}

impl Value<'_> {
    fn form(&self) -> DwForm {
        match self {
            Value::Text(_) => DW_FORM_string,
            Value::Byte(_) => DW_FORM_data1,
            Value::Number(_) => DW_FORM_udata,
            Value::Signed(_) => DW_FORM_sdata,
            Value::Address(_) => DW_FORM_addr,
            Value::AddressIndex(_) => DW_FORM_addrx,
            Value::Entry(_) => DW_FORM_ref_addr,
            Value::Section(_) => DW_FORM_sec_offset,
            Value::Block(_) => DW_FORM_block1,
            Value::Flag(_) => DW_FORM_flag,
            Value::Present => DW_FORM_flag_present,
            Value::EndlessBlock => DW_FORM_block,
        }
    }
}

type Attributes<'a> = &'a [(DwAt, Value<'a>)];

/// Debug sections in the making: units of entries, each with an abbreviation of its own.
#[derive(Clone, Default)]
struct Assembler {
    info: Bytes,
    abbrev: Bytes,
    codes: u64,
    labels: BTreeMap<String, usize>,
    references: Vec<(usize, String)>,
    unit: usize,
    others: BTreeMap<&'static str, Bytes>,
}

impl Assembler {
    /// Starts a unit; its root entry is to follow.
    fn unit(&mut self, version: u16) -> &mut Self {
        self.unit = self.info.here();
        self.info.u32(0).u16(version);
        match version {
            5 => self.info.u8(DW_UT_compile.0).u8(8).u32(0),
            _ => self.info.u32(0).u8(8),
        };
        self
    }

    /// Starts a unit of Go with a root entry.
    fn go_unit(&mut self, version: u16, extra: Attributes<'_>) -> &mut Self {
        let mut attributes = vec![(DW_AT_language, Value::Byte(DW_LANG_Go.0 as u8))];
        attributes.extend_from_slice(extra);
        self.unit(version).open("", DW_TAG_compile_unit, &attributes)
    }

    /// An entry with children, to be ended by `end`.
    fn open(&mut self, label: &str, tag: DwTag, attributes: Attributes<'_>) -> &mut Self {
        self.entry(label, tag, DW_CHILDREN_yes.0, attributes)
    }

    fn leaf(&mut self, label: &str, tag: DwTag, attributes: Attributes<'_>) -> &mut Self {
        self.entry(label, tag, DW_CHILDREN_no.0, attributes)
    }

    fn end(&mut self) -> &mut Self {
        self.info.u8(0);
        self
    }

    /// Ends root entry and unit.
    fn end_unit(&mut self) -> &mut Self {
        self.end();
        let length = (self.info.here() - self.unit - 4) as u32;
        self.info.0[self.unit..self.unit + 4].copy_from_slice(&length.to_le_bytes());
        self
    }

    fn entry(&mut self, label: &str, tag: DwTag, children: u8, attributes: Attributes<'_>) -> &mut Self {
        self.codes += 1;
        self.abbrev.uleb(self.codes).uleb(tag.0.into()).u8(children);
        if !label.is_empty() {
            self.labels.insert(label.to_owned(), self.info.here());
        }
        self.info.uleb(self.codes);
        for (name, value) in attributes {
            self.abbrev.uleb(name.0.into()).uleb(value.form().0.into());
            self.value(value);
        }
        self.abbrev.u16(0);
        self
    }

    fn value(&mut self, value: &Value<'_>) {
        match value {
            Value::Text(text) => self.info.text(text),
            Value::Byte(value) => self.info.u8(*value),
            Value::Number(value) | Value::AddressIndex(value) => self.info.uleb(*value),
            Value::Signed(value) => self.info.sleb(*value),
            Value::Address(value) => self.info.u64(*value),
            Value::Entry(label) => {
                self.references.push((self.info.here(), (*label).to_owned()));
                self.info.u32(0)
            }
            Value::Section(offset) => self.info.u32(*offset),
            Value::Block(bytes) => self.info.u8(bytes.len() as u8).raw(bytes),
            Value::Flag(value) => self.info.u8((*value).into()),
            Value::Present => &mut self.info,
            Value::EndlessBlock => self.info.uleb(u64::MAX),
        };
    }

    /// Appends to a section other than `.debug_info` and `.debug_abbrev`; the offset where that starts.
    fn section(&mut self, name: &'static str, bytes: &Bytes) -> usize {
        let section = self.others.entry(name).or_default();
        let offset = section.here();
        section.raw(&bytes.0);
        offset
    }

    /// All sections by name.
    fn sections(&self) -> Assembled {
        let mut info = self.info.0.clone();
        for (place, label) in &self.references {
            let target = self.labels[label] as u32;
            info[*place..place + 4].copy_from_slice(&target.to_le_bytes());
        }
        let mut abbrev = self.abbrev.clone();
        abbrev.u8(0);
        let mut all: BTreeMap<&'static str, Vec<u8>> =
            self.others.iter().map(|(name, bytes)| (*name, bytes.0.clone())).collect();
        all.insert(".debug_info", info);
        all.insert(".debug_abbrev", abbrev.0);
        Assembled(all)
    }

    fn parse(&self) -> Dwarf<'static> {
        self.sections().parse()
    }
}

struct Assembled(BTreeMap<&'static str, Vec<u8>>);

impl Assembled {
    fn parse(&self) -> Dwarf<'static> {
        Dwarf::parse(self).unwrap().unwrap()
    }
}

impl Sections<'static> for Assembled {
    fn section(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        self.0.get(name).cloned().map(Cow::from)
    }
}
