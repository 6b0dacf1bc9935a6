//! One object, looked at closely, as a screen of text or as JSON.

use crate::ReportError;
use crate::object_text;
use crate::page::Page;
use crate::text::json_text;
use serde::Serialize;
use std::io::Write;

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything told of one object. Addresses are texts like `0xc000012340`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ObjectReport {
    /// The first byte of its slot.
    pub addr: String,
    /// Bytes from there to the address that was asked for.
    pub asked_offset: u64,
    /// Bytes of the slot.
    pub size: u64,
    /// Bytes of the runtime's header before the object itself: 8 or 0.
    pub header_bytes: u64,
    /// What of it is referred to, where a root leads to it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub referred: Option<Referred>,
    /// Entries and room, where it is the header of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<ShownMapRoom>,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// How the type is known.
    pub evidence: &'static str,
    /// Of a type that was voted: how many of the objects that words of the same place lead to can be of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voted: Option<Voted>,
    /// Of a closure, the function that it calls, and where that begins: `main.open.func1 main.go:101`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The calls that allocated it, where it was sampled, the one that allocates first: `main.fill /src/main.go:10`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub born: Vec<String>,
    /// Whether a root leads to it.
    pub reachable: bool,
    /// True if none does that is in the core, and perhaps a pointer that is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_known_to_be_reachable: bool,
    /// The root under which the tree puts it; empty where there is none.
    pub owner: String,
    /// The frames of the tree from that root to the one that counts the object.
    pub path: Vec<String>,
    /// Its fields.
    pub fields: Vec<ShownField>,
    /// How many more there are.
    pub fields_left_out: u64,
    /// Roots that point to it.
    pub roots: Vec<Root>,
    /// How many more there are.
    pub roots_left_out: u64,
    /// Objects that point to it.
    pub holders: Vec<ShownHolder>,
    /// How many more there are.
    pub holders_left_out: u64,
    /// All of them by type and field, those that roots lead to first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holder_groups: Vec<ShownHolderGroup>,
    /// Its pointers.
    pub pointers: Vec<ShownPointer>,
    /// How many more there are.
    pub pointers_left_out: u64,
}

/// The vote on a type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Voted {
    /// Objects that can be of it.
    pub agree: u64,
    /// All objects.
    pub of: u64,
}

/// What of an object is referred to, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Referred {
    /// In a window of a string or slice, or all.
    pub referred_bytes: u64,
    /// The same with what slices have room for.
    pub capacity_bytes: u64,
    /// Before the first window.
    pub before_bytes: u64,
    /// Behind the last one.
    pub behind_bytes: u64,
    /// Strings, slices and pointers to an element that lead into it.
    pub windows: u64,
    /// Pointers to all of it, or of which the type is not known.
    pub whole_pointers: u64,
}

/// A map's entries and the entries that it has room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ShownMapRoom {
    /// Entries.
    pub entries: u64,
    /// Slots.
    pub slots: u64,
}

/// A field and what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownField {
    /// The way to it; empty where the object is no more than this.
    pub path: String,
    /// Bytes from the object's first byte.
    pub offset: u64,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it holds, in one word: `number`, `string`, `pointer`, `slice`, `map`, `chan`, `interface`, `func`, `array`, `nil`,
    /// `absent` (not in the core) or `more` (elements that are not listed).
    pub kind: &'static str,
    /// Length of a string, slice, map, channel or array; how many more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    /// Capacity of a slice or channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<u64>,
    /// A number, the beginning of a string: only where contents were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The dynamic type of an interface, the function of a func value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<String>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<ObjectTarget>,
}

/// Where a pointer leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ObjectTarget {
    /// The pointer.
    pub addr: String,
    /// First byte of the object that it leads into; none outside the heap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What is there.
    pub text: String,
}

/// A root that points to the object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Root {
    /// The frames that name it.
    pub path: Vec<String>,
    /// Bytes from the object's first byte to where it leads.
    pub into: u64,
    /// True if the word only looks like a pointer.
    pub conservative: bool,
    /// How many roots have this name.
    pub count: u64,
}

/// An object that points to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownHolder {
    /// The first byte of its slot.
    pub addr: String,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// The field that holds the pointer, with its type.
    pub path: String,
    /// Bytes from its first byte to the pointer.
    pub offset: u64,
    /// Bytes from the held object's first byte to where the pointer leads.
    pub into: u64,
    /// Whether a root leads to it.
    pub reachable: bool,
    /// True if none does that is in the core, and perhaps a pointer that is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_known_to_be_reachable: bool,
}

/// Objects of one type that point to it from one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownHolderGroup {
    /// Pointers.
    pub count: u64,
    /// Their type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// The field that holds the pointer, with its type; `[i]` stands for all elements.
    pub path: String,
    /// The first byte of one of them.
    pub example: String,
    /// Whether roots lead to them.
    pub reachable: bool,
    /// True if none does that is in the core, and perhaps a pointer that is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_known_to_be_reachable: bool,
}

/// A pointer of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShownPointer {
    /// The field that holds it, with its type.
    pub path: String,
    /// Bytes from the object's first byte.
    pub offset: u64,
    /// Where it leads.
    pub target: ObjectTarget,
}

impl ObjectReport {
    /// As indented JSON.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, mut out: impl Write) -> Result<(), ReportError> {
        #[derive(Serialize)]
        struct Versioned<'a> {
            schema_version: u32,
            #[serde(flatten)]
            report: &'a ObjectReport,
        }
        let json = serde_json::to_string_pretty(&Versioned { schema_version: SCHEMA_VERSION, report: self })?;
        writeln!(out, "{}", json_text(&json))?;
        Ok(out.flush()?)
    }

    /// For people.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_text(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        object_text::write(self, page, out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_and_json_hide_nothing_and_let_nothing_through() {
        let report = ObjectReport {
            addr: "0xc000".into(),
            size: 48,
            ty: "main.\u{202e}T".into(),
            evidence: "exact",
            reachable: true,
            path: vec!["main.x *main.T".into(), ".next\u{1b} *main.T".into()],
            fields: vec![ShownField { path: ".n".into(), ty: "T".into(), kind: "number", ..ShownField::default() }],
            fields_left_out: 2,
            ..ObjectReport::default()
        };
        let (mut text, mut json) = (Vec::new(), Vec::new());
        report.write_text(Page::default(), &mut text).unwrap();
        report.write_json(&mut json).unwrap();
        let expected = "\
object     0xc000
type       main.\\u{202e}T  (evidence: exact)
size       48 B
reachable  from main.x *main.T
           → .next\\x1b *main.T

fields
  +0  .n  T  …
  (2 more; --limit shows more)

held by roots: none

held by objects: none
";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["type"], &json["fields"][0]["kind"]), (&"main.\u{202e}T".into(), &"number".into()));
    }
}
