//! How Go's built-in containers lie in memory: one file each. A rule says what the parts of a container are, and what stands at
//! an offset of a part.

mod channel;
pub(crate) mod hash_trie;
mod layout;
mod old_map;
mod old_sync_map;
pub(crate) mod structs;
mod swiss_map;

pub(crate) use layout::MapLayout;

use crate::snapshot::HeapSnapshot;
use goheap_image::MemoryImage;
use goheap_model::{Kind, Part, RedZones, TypeId, TypeTable};
use goheap_runtime::RuntimeLayout;

/// Bytes of the header of a map of either kind: a size class of its own.
const MAP_HEADER_BYTES: u64 = 48;
/// Bytes of a Swiss map's table.
const MAP_TABLE_BYTES: u64 = 32;

/// A part of a container found from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Where the part begins.
    pub(crate) address: u64,
    /// What it is.
    pub(crate) part: Part,
}

/// Entries and slots of the map whose header is at an address; None where the core lacks it. `may_read` is asked before a directory of
/// so many words at an address is read.
pub(crate) fn map_slots(
    memory: &MemoryImage,
    swiss: bool,
    header: u64,
    may_read: impl FnOnce(u64, u64) -> bool,
) -> Option<(u64, u64)> {
    if swiss { swiss_map::slots(memory, header, may_read) } else { old_map::slots(memory, header) }
}

/// Where in a container's part an offset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// In a key or value: its role, its type, and the offset in it.
    Item(Role, TypeId, u64),
    /// A pointer to a key or value that is too large to lie in the table.
    Indirect(Role, TypeId),
    /// In the container's own machinery.
    Machinery,
}

/// What an item is to its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// The object's own value.
    Own,
    /// One of the values in a row.
    Element,
    /// A map's key.
    Key,
    /// A map's value.
    Value,
    /// A value in a channel's buffer.
    Queued,
}

impl Role {
    /// How paths begin that go through it.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Role::Own => "",
            Role::Element => "[i]",
            Role::Key => "[key]",
            Role::Value => "[value]",
            Role::Queued => "[queued]",
        }
    }
}

/// What the container rules need to know of the process.
pub(crate) struct Containers<'a> {
    pub(crate) memory: &'a MemoryImage,
    pub(crate) layout: &'a RuntimeLayout,
    pub(crate) swiss: bool,
    pub(crate) split_groups: bool,
    pub(crate) red_zones: RedZones,
}

impl HeapSnapshot<'_, '_> {
    /// The rules of containers for this process.
    pub(crate) fn containers(&self) -> Containers<'_> {
        Containers {
            memory: self.model.memory(),
            layout: &self.model.layout,
            swiss: self.model.version.release().has_swiss_maps,
            split_groups: self.model.version.has_experiment("mapsplitgroup"),
            red_zones: self.model.red_zones,
        }
    }
}

impl Containers<'_> {
    /// The parts that the part of `ty` at `address` leads to, with its whole size in bytes. Only parts made of the container's
    /// own machinery have any; keys, values and elements are found by position.
    pub(crate) fn insides<'l>(
        &self,
        layout: impl Fn() -> Option<&'l MapLayout>,
        part: Part,
        address: u64,
        size: u64,
    ) -> Vec<Inside> {
        match part {
            Part::MapHeader if self.swiss => swiss_map::from_header(self.memory, address),
            Part::MapDirectory => swiss_map::from_directory(self.memory, address, size),
            Part::MapTable => swiss_map::from_table(self.memory, address),
            Part::MapHeader => old_map::from_header(self.memory, address),
            Part::MapExtra => old_map::from_extra(self.memory, address),
            // Groups hold no more parts.
            Part::MapBuckets => {
                layout().map(|layout| old_map::from_buckets(self.memory, layout, address, size)).unwrap_or_default()
            }
            Part::ChanHeader => channel::from_header(self.memory, self.layout, address),
            _ => Vec::new(),
        }
    }

    /// Bytes of the slot of a map's header.
    pub(crate) fn map_header_room(&self) -> u64 {
        self.red_zones.padded(MAP_HEADER_BYTES)
    }

    /// True if the part can lie in `room` bytes whose elements, where the runtime recorded them, have `element` bytes.
    pub(crate) fn can_hold<'l>(
        &self,
        types: &TypeTable,
        layout: impl Fn() -> Option<&'l MapLayout>,
        (part, ty): (Part, TypeId),
        room: u64,
        element: Option<u64>,
    ) -> bool {
        let stride = match part {
            Part::MapBuckets | Part::MapGroups => match layout() {
                Some(layout) => layout.stride,
                None => return false,
            },
            Part::ChanBuffer => match channel_elem(types, ty) {
                Some(elem) => types.get(elem).size,
                None => return false,
            },
            Part::MapDirectory => 8,
            Part::ChanHeader => return room >= self.layout.hchan.size,
            Part::MapHeader => return room == self.map_header_room(),
            Part::MapTable => return room == self.red_zones.padded(MAP_TABLE_BYTES),
            Part::BoxedValue => {
                let size = types.get(ty).size;
                return room == size || self.red_zones.is_on() && room >= self.red_zones.padded(size);
            }
            _ => return true,
        };
        room >= stride && element.is_none_or(|element| element == stride)
    }

    /// Where `offset` of the part is.
    pub(crate) fn position<'l>(
        &self,
        types: &TypeTable,
        layout: impl Fn() -> Option<&'l MapLayout>,
        part: Part,
        ty: TypeId,
        offset: u64,
    ) -> Position {
        match part {
            Part::Value => row(types, Role::Own, ty, offset),
            Part::Elements => row(types, Role::Element, ty, offset),
            Part::BoxedValue => row(types, Role::Value, ty, offset),
            Part::MapBuckets | Part::MapGroups => {
                layout().map_or(Position::Machinery, |layout| layout.position(offset))
            }
            Part::Closure if matches!(types.get(ty).kind, Kind::Struct(_)) => Position::Item(Role::Own, ty, offset),
            Part::ChanBuffer => {
                channel_elem(types, ty).map_or(Position::Machinery, |elem| row(types, Role::Queued, elem, offset))
            }
            // A ring behind its hchan holds no pointers.
            _ => Position::Machinery,
        }
    }
}

impl Containers<'_> {
    /// After how many bytes of the part what [`Containers::position`] says begins anew; None where it says one thing of all, or
    /// of all beyond the value.
    pub(crate) fn period<'l>(
        &self,
        types: &TypeTable,
        layout: impl Fn() -> Option<&'l MapLayout>,
        part: Part,
        ty: TypeId,
    ) -> Option<u64> {
        let bytes = match part {
            Part::Value | Part::Elements | Part::BoxedValue => types.get(ty).size,
            Part::MapBuckets | Part::MapGroups => layout()?.stride,
            Part::ChanBuffer => types.get(channel_elem(types, ty)?).size,
            _ => return None,
        };
        Some(bytes).filter(|&bytes| bytes > 0)
    }
}

fn channel_elem(types: &TypeTable, ty: TypeId) -> Option<TypeId> {
    match types.get(ty).kind {
        Kind::Chan(elem) => Some(elem),
        _ => None,
    }
}

/// An offset among values of `ty` in a row.
fn row(types: &TypeTable, role: Role, ty: TypeId, offset: u64) -> Position {
    match offset.checked_rem(types.get(ty).size) {
        Some(inner) => Position::Item(role, ty, inner),
        None => Position::Machinery,
    }
}
