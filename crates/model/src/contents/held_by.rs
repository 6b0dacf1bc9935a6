//! Who leads to an object.

use super::hexadecimal;
use crate::Standing;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// An object that holds a pointer to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// First byte of the holder.
    #[serde(rename = "addr", serialize_with = "hexadecimal")]
    pub address: u64,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// The field that holds the pointer, with its type.
    pub path: String,
    /// Bytes from the holder's first byte to the pointer.
    pub offset: u64,
    /// Bytes from the held object's first byte to where the pointer leads.
    pub into: u64,
    /// Whether a root reaches the holder.
    #[serde(flatten, serialize_with = "reachable")]
    pub standing: Standing,
}

/// Objects of one type that hold a pointer to another in the same field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HolderGroup {
    /// Pointers.
    pub count: u64,
    /// Their type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// The field, with its type and `[i]` for elements.
    pub path: String,
    /// First byte of the first holder.
    #[serde(rename = "example", serialize_with = "hexadecimal")]
    pub first: u64,
    /// Whether roots reach them.
    #[serde(flatten, serialize_with = "reachable")]
    pub standing: Standing,
}

/// A root that holds a pointer to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootHolder {
    /// The frames that name it, the outermost first.
    pub path: Vec<String>,
    /// Bytes from the object's first byte to where the pointer leads.
    pub into: u64,
    /// True if the word only looks like a pointer.
    #[serde(rename = "conservative")]
    pub is_conservative: bool,
    /// How many roots have that name and lead there.
    pub count: u64,
}

/// `reachable`, and `not_known_to_be_reachable` where that is so.
fn reachable<S: Serializer>(standing: &Standing, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(None)?;
    map.serialize_entry("reachable", &(*standing == Standing::Reachable))?;
    if *standing == Standing::NotKnown {
        map.serialize_entry("not_known_to_be_reachable", &true)?;
    }
    map.end()
}
