//! What objects hold, which is asked of the core: their fields, what these lead to, and who leads to them.

mod field;
mod held_by;

pub use field::{Field, Pointer, Target, Value};
pub use held_by::{Holder, HolderGroup, RootHolder};

use crate::{MapRoom, Slot};
use serde::{Deserialize, Serialize, Serializer};

/// How closely an object is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectOptions {
    /// Whether contents are read: bytes of strings, numbers. They may be secrets of the dead process.
    pub values: bool,
    /// The most that is told of fields, of pointers, of holders and of roots each.
    pub limit: usize,
    /// Bytes of a string that are read.
    pub text_bytes: usize,
}

/// Some of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// The first ones.
    pub shown: Vec<T>,
    /// How many more there are.
    pub left_out: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Listed { shown: Vec::new(), left_out: 0 }
    }
}

impl<T> Listed<T> {
    /// One more, which is made only where there is room for it.
    pub fn push(&mut self, limit: usize, item: impl FnOnce() -> T) {
        if self.shown.len() < limit {
            self.shown.push(item());
        } else {
            self.left_out += 1;
        }
    }
}

/// What of an object is referred to, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObjectWindows {
    /// In a window of a string or slice, or all.
    #[serde(rename = "referred_bytes")]
    pub referred: u64,
    /// The same with what slices have room for.
    #[serde(rename = "capacity_bytes")]
    pub capacity: u64,
    /// Before the first window.
    #[serde(rename = "before_bytes")]
    pub before: u64,
    /// Behind the last one.
    #[serde(rename = "behind_bytes")]
    pub behind: u64,
    /// Strings and slices, and pointers to one of its elements, that lead into it.
    #[serde(rename = "windows")]
    pub headers: u64,
    /// Pointers that refer to all of it, or of which the type is not known.
    #[serde(rename = "whole_pointers")]
    pub whole: u64,
}

/// How those voted on a type that words of one place lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Objects that can be what all are taken for.
    pub agree: u64,
    /// All objects.
    pub of: u64,
}

/// What the core tells of one object beside its row in a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The frames of the tree from the root down to the one that counts the object; none where no root reaches it.
    pub path: Vec<String>,
    /// How its type was voted, where it was.
    pub vote: Option<Vote>,
    /// Fields in order of offset, nested ones in place of those they are nested in; of a block of the tiny allocator the values in it.
    pub fields: Listed<Field>,
    /// Pointers by the collector's masks that are not nil.
    pub pointers: Listed<Pointer>,
    /// Roots that lead to it.
    pub roots: Listed<RootHolder>,
    /// Objects that lead to it.
    pub holders: Listed<Holder>,
    /// All of them by type, field and whether roots reach them.
    pub holder_groups: Vec<HolderGroup>,
    /// Of a closure, its function and where that begins: `main.open.func1 main.go:101`.
    pub function: Option<String>,
    /// What of it is referred to, by reachable objects and by roots where the snapshot was taken with these.
    pub windows: ObjectWindows,
    /// Entries and slots of a map, where it is one's header.
    pub map: Option<MapRoom>,
}

/// A package variable, which is no object of the heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticValue {
    /// Its first byte.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Its name.
    pub name: String,
    /// Its type; empty where it is not known.
    pub ty: String,
    /// The variable, with the field in it that was asked for where that has a name of its own: `main.state.lock`.
    pub place: String,
    /// Its fields.
    pub fields: Listed<Field>,
}

/// Who reads what objects hold: a handle on the core, which a heap as data need not have.
pub trait Contents {
    /// The object in an allocated slot, looked at closely.
    fn inspect(&self, slot: Slot, options: InspectOptions) -> Inspection;

    /// The package variable that holds an address; None where none is named there.
    fn inspect_static(&self, address: u64, options: InspectOptions) -> Option<StaticValue>;

    /// What lies at an address that no object holds, in words.
    fn place_text(&self, address: u64) -> String;
}

/// Writes an address as answers have it: `"0xc000012340"`, since numbers of JSON hold no more than 53 bits in many readers.
///
/// # Errors
/// Those of the serializer.
pub fn hexadecimal<S: Serializer>(address: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{address:#x}"))
}
