//! Names of types made at run time (`reflect.StructOf`, `MapOf`, …): their `nameOff` is a negative key of `runtime.reflectOffs.m`.
//!
//! The variable is `struct { lock mutex; next int32; m map[int32]unsafe.Pointer; minv map[unsafe.Pointer]int32 }` in Go 1.17 to
//! 1.27; keys are -1, -2, … in the order of their making, `next` the one that comes next.

use crate::small_map::{self, MapShape};
use crate::version::GoVersion;
use crate::words::{half_at, present_words, word_at};
use foldhash::HashMap;
use goheap_image::{Address, MemoryImage};
use std::ops::Range;

const NEXT: u64 = 8;
const MAP: u64 = 16;
const INVERSE: u64 = 24;
/// `map[int32]unsafe.Pointer`.
const OFFSETS: MapShape = MapShape { key: 4, elem: 8 };
/// Variables of this much are searched.
const SEARCHED_BYTES: u64 = 1 << 28;

/// What `reflectOffs.m` holds: the address of an `abi.Name` (or of a descriptor) by its negative offset.
#[derive(Debug, Default)]
pub struct RunTimeNames {
    by_offset: HashMap<i32, u64>,
    /// The headers of `m` and `minv`.
    maps: Vec<u64>,
}

impl RunTimeNames {
    /// Reads the variable at `reflect_offs`; where that is unknown, the word of `bss` that looks like it: `next` and the counts of
    /// both maps agree.
    pub fn read(memory: &MemoryImage, version: &GoVersion, reflect_offs: Option<Address>, bss: &Range<u64>) -> Self {
        let found = reflect_offs.or_else(|| find(memory, bss));
        let map = found.and_then(|at| memory.read_u64(at.add(MAP))).unwrap_or(0);
        let mut by_offset = HashMap::default();
        // Of a map that is broken what could be read stands.
        let _ = small_map::read(memory, version, Address(map), OFFSETS, |key, elem| {
            if let (Some(key), Some(name)) = (half_at(key, 0), word_at(elem, 0)) {
                by_offset.insert(key as i32, name);
            }
        });
        let inverse = found.and_then(|at| memory.read_u64(at.add(INVERSE))).unwrap_or(0);
        let maps = [map, inverse].into_iter().filter(|&map| map != 0).collect();
        RunTimeNames { by_offset, maps }
    }

    /// What the offset stands for.
    pub fn get(&self, offset: i32) -> Option<u64> {
        self.by_offset.get(&offset).copied()
    }

    /// Addresses of the headers of the maps that hold them.
    pub fn maps(&self) -> &[u64] {
        &self.maps
    }

    /// What all offsets stand for, ascending.
    pub fn addresses(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.by_offset.values().copied().collect();
        all.sort_unstable();
        all
    }

    /// Number of offsets.
    pub fn len(&self) -> usize {
        self.by_offset.len()
    }

    /// True if reflect made no type.
    pub fn is_empty(&self) -> bool {
        self.by_offset.is_empty()
    }
}

fn find(memory: &MemoryImage, bss: &Range<u64>) -> Option<Address> {
    present_words(memory, bss, SEARCHED_BYTES).find(|&at| {
        // Both designs of maps begin with a word that counts the entries; the lower half of the next is padding of `next`.
        let count = |offset: u64| {
            let map = memory.read_u64(at.add(offset)).filter(|&map| map != 0 && map.is_multiple_of(8))?;
            memory.read_u64(Address(map))
        };
        memory.read_u64(at.add(NEXT)).is_some_and(|next| {
            let made = -1 - i64::from(next as u32 as i32);
            made > 0 && next >> 32 == 0 && count(MAP) == Some(made as u64) && count(INVERSE) == Some(made as u64)
        })
    })
}
