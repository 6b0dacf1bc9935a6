//! One object, looked at closely, as a screen of text or as JSON.

use crate::ReportError;
use crate::table::Align::{Left, Right};
use crate::table::{Table, grouped};
use crate::text::{json_text, shortened};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// Longest type in a table, in characters; longest holder or target.
const TYPE_CHARS: usize = 60;
const TEXT_CHARS: usize = 120;

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
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// How the type is known.
    pub evidence: &'static str,
    /// Whether a root leads to it.
    pub reachable: bool,
    /// The root under which the tree puts it; empty where there is none.
    pub owner: String,
    /// The frames of the tree from that root to the one that counts the object.
    pub path: Vec<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// How many more there are.
    pub fields_left_out: u64,
    /// Roots that point to it.
    pub roots: Vec<Root>,
    /// How many more there are.
    pub roots_left_out: u64,
    /// Objects that point to it.
    pub holders: Vec<Holder>,
    /// How many more there are.
    pub holders_left_out: u64,
    /// Its pointers.
    pub pointers: Vec<Pointer>,
    /// How many more there are.
    pub pointers_left_out: u64,
}

/// A field and what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Field {
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
    pub target: Option<Target>,
}

/// Where a pointer leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Target {
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
pub struct Holder {
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
}

/// A pointer of the object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pointer {
    /// The field that holds it, with its type.
    pub path: String,
    /// Bytes from the object's first byte.
    pub offset: u64,
    /// Where it leads.
    pub target: Target,
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
    pub fn write_text(&self, out: impl Write) -> Result<(), ReportError> {
        let mut out = BufWriter::new(out);
        self.facts().write(&mut out)?;
        section(&mut out, "fields", self.fields_table(), self.fields.len(), self.fields_left_out)?;
        section(&mut out, "held by roots", self.roots_table(), self.roots.len(), self.roots_left_out)?;
        section(&mut out, "held by objects", self.holders_table(), self.holders.len(), self.holders_left_out)?;
        // Most pointers stand among the fields already.
        let others = self.other_pointers();
        if !others.is_empty() {
            section(&mut out, "points also to", pointers_table(&others), others.len(), self.pointers_left_out)?;
        }
        Ok(out.flush()?)
    }

    fn facts(&self) -> Table {
        let mut table = Table::new(0, &[Left, Left]);
        let asked = match self.asked_offset {
            0 => String::new(),
            offset => format!("  (asked for {offset:#x} bytes into it)"),
        };
        table.row(["object", &format!("{}{asked}", self.addr)]);
        let ty = if self.ty.is_empty() { "(unknown)" } else { &self.ty };
        table.row(["type", &format!("{ty}  ({})", evidence(self.evidence))]);
        let header = match self.header_bytes {
            0 => String::new(),
            bytes => format!(", {bytes} of them the runtime's header"),
        };
        table.row(["size", &format!("{} bytes{header}", grouped(self.size))]);
        match &self.path[..] {
            [] => table.row(["reachable", "no"]),
            [owner, rest @ ..] => {
                table.row(["reachable", &format!("from {owner}")]);
                rest.iter().fold(&mut table, |table, frame| table.row(["", &format!("→ {frame}")]))
            }
        };
        table
    }

    fn fields_table(&self) -> Table {
        let mut table = Table::new(2, &[Right, Left, Left, Left]);
        for field in &self.fields {
            let offset = format!("+{}", field.offset);
            table.row([&*offset, &field.path, &shortened(&field.ty, TYPE_CHARS), &field.shown()]);
        }
        table
    }

    fn roots_table(&self) -> Table {
        let mut table = Table::new(2, &[Left, Left]);
        for root in &self.roots {
            let count = if root.count > 1 { format!("{} times", grouped(root.count)) } else { String::new() };
            let looks = if root.conservative { "looks like a pointer" } else { "" };
            let notes: Vec<String> = [count, into(root.into), looks.to_owned()].into();
            let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
            table.row([root.path.join(" → "), notes.join(", ")]);
        }
        table
    }

    fn holders_table(&self) -> Table {
        let mut table = Table::new(2, &[Left, Left, Left, Left]);
        for holder in &self.holders {
            let ty = if holder.ty.is_empty() { "(unknown)" } else { &holder.ty };
            let garbage = if holder.reachable { String::new() } else { "itself unreachable".to_owned() };
            let notes: Vec<String> = [into(holder.into), garbage].into_iter().filter(|note| !note.is_empty()).collect();
            let path = shortened(&holder.path, TEXT_CHARS);
            table.row([&*holder.addr, &shortened(ty, TYPE_CHARS), &path, &notes.join(", ")]);
        }
        table
    }

    /// The pointers that no shown field shows.
    fn other_pointers(&self) -> Vec<&Pointer> {
        // The pointer of an interface is its second word.
        let word = |field: &Field| field.offset + if field.kind == "interface" { 8 } else { 0 };
        let shown: BTreeSet<u64> = self.fields.iter().filter(|field| field.target.is_some()).map(word).collect();
        self.pointers.iter().filter(|pointer| !shown.contains(&pointer.offset)).collect()
    }
}

fn pointers_table(pointers: &[&Pointer]) -> Table {
    let mut table = Table::new(2, &[Right, Left, Left]);
    for pointer in pointers {
        let path = shortened(&pointer.path, TEXT_CHARS);
        table.row([&*format!("+{}", pointer.offset), &path, &pointer.target.shown()]);
    }
    table
}

fn evidence(name: &str) -> String {
    match name {
        "none" => "nothing tells".to_owned(),
        name => format!("evidence: {name}"),
    }
}

fn into(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { format!("{bytes} bytes into it") }
}

fn section(out: &mut impl Write, name: &str, table: Table, shown: usize, left_out: u64) -> Result<(), ReportError> {
    if shown == 0 && left_out == 0 {
        writeln!(out, "\n{name}: none")?;
        return Ok(());
    }
    writeln!(out, "\n{name}")?;
    table.write(&mut *out)?;
    if left_out > 0 {
        writeln!(out, "  ({} more; --limit shows more)", grouped(left_out))?;
    }
    Ok(())
}

impl Target {
    fn shown(&self) -> String {
        let space = if self.text.is_empty() { "" } else { " " };
        format!("{}{space}{}", self.addr, shortened(&self.text, TEXT_CHARS))
    }
}

impl Field {
    /// What the field holds, on one line.
    fn shown(&self) -> String {
        let hidden = || "…".to_owned();
        let len = self.len.map(|len| format!("len {len}"));
        let cap = self.cap.map(|cap| format!("cap {cap}"));
        let arrow = self.target.as_ref().map(|target| format!("→ {}", target.shown()));
        let parts = match self.kind {
            "nil" => return "nil".to_owned(),
            "absent" => return "(not in the core)".to_owned(),
            "more" => return format!("({} more)", grouped(self.len.unwrap_or(0))),
            "number" => return self.value.clone().unwrap_or_else(hidden),
            "array" => [self.value.clone().or_else(|| Some(hidden())), None, None],
            "string" => [len, Some(self.quoted().unwrap_or_else(hidden)), arrow],
            "slice" | "map" | "chan" => [len, cap, arrow],
            _ => [self.dynamic.clone(), arrow, None],
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The beginning of a string, in quotes; cut ones end in `…`.
    fn quoted(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        let is_cut = (value.len() as u64) < self.len.unwrap_or(0);
        Some(format!("{value:?}{}", if is_cut { "…" } else { "" }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn field(path: &str, kind: &'static str) -> Field {
        Field { path: path.to_owned(), kind, ty: "T".to_owned(), ..Field::default() }
    }

    fn target(text: &str) -> Option<Target> {
        Some(Target { addr: "0xc000".to_owned(), object: None, text: text.to_owned() })
    }

    #[test]
    fn fields_read_on_one_line() {
        let text = |value: Option<&str>, len| Field {
            value: value.map(str::to_owned),
            len: Some(len),
            ..field(".s", "string")
        };
        let slice = Field { len: Some(3), cap: Some(4), target: target("[4]int"), ..field(".a", "slice") };
        let map = Field { len: Some(3), target: target("map[a]b header"), ..field(".m", "map") };
        let any = Field { dynamic: Some("*main.T".into()), target: target("main.T"), ..field(".i", "interface") };
        for (field, shown) in [
            (text(Some("a\"\u{1b}"), 3), r#"len 3 "a\"\u{1b}""#),
            (text(Some("ab"), 3), "len 3 \"ab\"…"),
            (text(None, 3), "len 3 …"),
            (slice, "len 3 cap 4 → 0xc000 [4]int"),
            (map, "len 3 → 0xc000 map[a]b header"),
            (any, "*main.T → 0xc000 main.T"),
            (Field { target: target(""), ..field(".p", "pointer") }, "→ 0xc000"),
            (field(".n", "number"), "…"),
            (field(".n", "nil"), "nil"),
            (Field { len: Some(1200), ..field("", "more") }, "(1,200 more)"),
        ] {
            assert_eq!(field.shown(), shown);
        }
    }

    #[test]
    fn text_and_json_hide_nothing_and_let_nothing_through() {
        let report = ObjectReport {
            addr: "0xc000".into(),
            size: 48,
            ty: "main.\u{202e}T".into(),
            evidence: "exact",
            reachable: true,
            path: vec!["main.x *main.T".into(), ".next\u{1b} *main.T".into()],
            fields: vec![field(".n", "number")],
            fields_left_out: 2,
            ..ObjectReport::default()
        };
        let (mut text, mut json) = (Vec::new(), Vec::new());
        report.write_text(&mut text).unwrap();
        report.write_json(&mut json).unwrap();
        let expected = "\
object     0xc000
type       main.\\u{202e}T  (evidence: exact)
size       48 bytes
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
