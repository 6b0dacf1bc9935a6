//! What a field holds, and where it leads.

use super::hexadecimal;
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// Where a pointer leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The pointer.
    #[serde(rename = "addr", serialize_with = "hexadecimal")]
    pub address: u64,
    /// First byte of the object that it leads into; None outside the heap.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "of_object")]
    pub object: Option<u64>,
    /// What is there: the object's type, a variable's name; empty where neither is known.
    pub text: String,
}

fn of_object<S: Serializer>(object: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    hexadecimal(&object.unwrap_or_default(), to)
}

/// A pointer of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pointer {
    /// The field that holds it, with its type.
    pub path: String,
    /// Bytes from the object's first byte.
    pub offset: u64,
    /// Where it leads.
    pub target: Target,
}

/// One field. As data it is a flat row: `kind` says in one word what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The way to it: `.a.b`, `[3].x`, `[value 0.2].y`; empty where the object is no more than this.
    pub path: String,
    /// Bytes from the object's first byte.
    pub offset: u64,
    /// Its type; empty where nothing is known.
    pub ty: String,
    /// What it holds.
    pub value: Value,
}

/// What a field holds. Texts are None where contents were not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The core lacks it.
    Absent,
    /// A nil pointer, slice, map, channel, func or interface.
    Nil,
    /// A number or a boolean.
    Number(Option<String>),
    /// A string's length and its first bytes; where they lie, unless they are the object itself.
    Text(u64, Option<Vec<u8>>, Option<Target>),
    /// A pointer.
    Pointer(Target),
    /// A slice: length, capacity, elements.
    Slice(u64, u64, Target),
    /// A map: its number of entries, if the core has it, and its header.
    Map(Option<u64>, Target),
    /// A channel: elements waiting and room for them; its header.
    Chan(Option<u64>, Option<u64>, Target),
    /// An interface: the dynamic type, if it is known, and what its data word leads to.
    Interface(Option<String>, Target),
    /// A func value: the function, if it is known, and the closure.
    Func(Option<String>, Target),
    /// A row of bytes or numbers: how many, and the first of them.
    Row(u64, Option<String>),
    /// Elements that are not told one by one.
    More(u64),
}

impl Value {
    /// What it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Absent => "absent",
            Value::Nil => "nil",
            Value::Number(_) => "number",
            Value::Text(..) => "string",
            Value::Pointer(_) => "pointer",
            Value::Slice(..) => "slice",
            Value::Map(..) => "map",
            Value::Chan(..) => "chan",
            Value::Interface(..) => "interface",
            Value::Func(..) => "func",
            Value::Row(..) => "array",
            Value::More(_) => "more",
        }
    }

    /// Where it leads.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Value::Pointer(target)
            | Value::Slice(_, _, target)
            | Value::Map(_, target)
            | Value::Chan(_, _, target)
            | Value::Interface(_, target)
            | Value::Func(_, target) => Some(target),
            Value::Text(_, _, target) => target.as_ref(),
            _ => None,
        }
    }

    /// The same, to be written otherwise.
    pub fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Value::Pointer(target)
            | Value::Slice(_, _, target)
            | Value::Map(_, target)
            | Value::Chan(_, _, target)
            | Value::Interface(_, target)
            | Value::Func(_, target) => Some(target),
            Value::Text(_, _, target) => target.as_mut(),
            _ => None,
        }
    }

    /// Length of a string, slice, map, channel or row; how many more elements.
    pub fn length(&self) -> Option<u64> {
        match self {
            Value::Text(len, ..) | Value::Slice(len, ..) | Value::Row(len, _) | Value::More(len) => Some(*len),
            Value::Map(len, _) | Value::Chan(len, ..) => *len,
            _ => None,
        }
    }

    /// Capacity of a slice or channel.
    pub fn capacity(&self) -> Option<u64> {
        match self {
            Value::Slice(_, capacity, _) => Some(*capacity),
            Value::Chan(_, capacity, _) => *capacity,
            _ => None,
        }
    }

    /// A number, the beginning of a string: only where contents were asked for. What is no UTF-8 is replaced.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::Number(text) | Value::Row(_, text) => text.as_deref().map(Cow::Borrowed),
            Value::Text(_, bytes, _) => bytes.as_deref().map(String::from_utf8_lossy),
            _ => None,
        }
    }

    /// The dynamic type of an interface, the function of a func value.
    pub fn dynamic(&self) -> Option<&str> {
        match self {
            Value::Interface(dynamic, _) | Value::Func(dynamic, _) => dynamic.as_deref(),
            _ => None,
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Field { path, offset, ty, value } = self;
        Row {
            path,
            offset: *offset,
            ty,
            kind: value.kind(),
            len: value.length(),
            cap: value.capacity(),
            value: value.text(),
            dynamic: value.dynamic(),
            target: value.target(),
        }
        .serialize(to)
    }
}

/// A field as data. What it lacks is left out.
#[derive(Serialize)]
struct Row<'f> {
    path: &'f str,
    offset: u64,
    #[serde(rename = "type")]
    ty: &'f str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    len: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Cow<'f, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dynamic: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'f Target>,
}
