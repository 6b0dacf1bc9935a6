//! Swiss maps (internal/runtime/maps, since 1.24): header, directory of tables, tables, groups.

use super::Inside;
use goheap_image::{Address, MemoryImage};
use goheap_model::Part;

/// `maps.Map`: used, seed, dirPtr, dirLen.
const DIR_PTR: u64 = 16;
const DIR_LEN: u64 = 24;
/// `maps.table`: used, capacity, growthLeft, localDepth, index, groups.
const TABLE_CAPACITY: u64 = 2;
const TABLE_GROUPS: u64 = 16;
/// Slots of a group, the only one of a small map.
const GROUP_SLOTS: u64 = 8;
/// Entries of a directory: globalDepth is at most 63, memory ends long before.
const MAX_DIRECTORY: u64 = 1 << 32;

/// A small map's `dirPtr` leads to its only group; a larger one's to the directory.
pub(super) fn from_header(memory: &MemoryImage, header: u64) -> Vec<Inside> {
    let word = |offset: u64| memory.read_u64(Address(header).add(offset));
    match (word(DIR_PTR), word(DIR_LEN)) {
        (Some(address), Some(0)) if address != 0 => vec![Inside { address, part: Part::MapGroups }],
        (Some(address), Some(1..=MAX_DIRECTORY)) if address != 0 => vec![Inside { address, part: Part::MapDirectory }],
        _ => Vec::new(),
    }
}

/// Tables, some of which stand in several entries.
pub(super) fn from_directory(memory: &MemoryImage, directory: u64, size: u64) -> Vec<Inside> {
    let entry = |index: u64| memory.read_u64(Address(directory).add(index * 8));
    let mut tables: Vec<u64> = (0..size / 8).filter_map(entry).filter(|&table| table != 0).collect();
    tables.sort_unstable();
    tables.dedup();
    tables.into_iter().map(|address| Inside { address, part: Part::MapTable }).collect()
}

/// A table's groups.
pub(super) fn from_table(memory: &MemoryImage, table: u64) -> Vec<Inside> {
    let groups = memory.read_u64(Address(table).add(TABLE_GROUPS)).filter(|&groups| groups != 0);
    groups.map(|address| Inside { address, part: Part::MapGroups }).into_iter().collect()
}

/// Entries of a map and slots of its tables, each of which may stand in several entries of the directory, one after the other.
pub(super) fn slots(memory: &MemoryImage, header: u64, may_read: impl FnOnce(u64, u64) -> bool) -> Option<(u64, u64)> {
    let word = |offset: u64| memory.read_u64(Address(header).add(offset));
    let (used, directory, len) = (word(0)?, word(DIR_PTR)?, word(DIR_LEN)?);
    if len == 0 {
        return Some((used, if directory == 0 { 0 } else { GROUP_SLOTS }));
    }
    if !may_read(directory, len) {
        return None;
    }
    let (mut slots, mut before) = (0, 0);
    for index in 0..len {
        let table = memory.read_u64(Address(directory).add(index * 8))?;
        if table != before {
            slots += u64::from(memory.read_u16(Address(table).add(TABLE_CAPACITY))?);
            before = table;
        }
    }
    Some((used, slots))
}
