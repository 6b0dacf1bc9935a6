//! Where `main_arena` and `mp_` lie among the variables of libc, or of a program that has it linked in.

use super::{BINS, NEXT, STATE_BYTES, SYSTEM_MEM, TOP};
use foldhash::HashMap;
use goheap_image::{Address, MemoryImage, Process};
use std::cell::RefCell;
use std::ops::Range;

/// `NBINS`, less the one that is none.
const BIN_COUNT: u64 = 127;
/// Bins that must be empty: a program would have to hold free chunks of all sizes at once to have fewer.
const LEAST_EMPTY: usize = 8;
/// Variables of this much are looked through.
const SEARCHED_BYTES: u64 = 16 << 20;
/// How far `mp_` has `sbrk_base` behind `mmapped_mem` (2.26 to 2.41, whatever stands before both).
const MMAPPED_BELOW: u64 = 16;
/// A library is mapped in a handful of parts.
const MOST_PARTS: usize = 64;

/// Variables that may hold glibc's.
pub(super) struct Places<'p> {
    memory: &'p MemoryImage,
    ranges: Vec<Range<u64>>,
    /// Arenas that were followed, and whether the chain of them leads back to each.
    on_ring: RefCell<HashMap<u64, bool>>,
}

impl<'p> Places<'p> {
    /// Those of `libc.so.6`; without one, those of the program, that may be linked with it.
    pub(super) fn of(process: &'p Process) -> Self {
        let is_libc = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.starts_with("libc.so") || name.starts_with("libc-2.")
        };
        let files = process.core.mapped_files().iter();
        let libc: Vec<Range<u64>> = files
            .filter(|file| is_libc(&file.path_lossy()))
            .take(MOST_PARTS)
            .map(|file| file.start.0..file.end.0)
            .collect();
        let own = process.executable.load_segments().filter(|segment| segment.flags.writable()).map(|segment| {
            let start = segment.address.0.wrapping_add(process.load_bias);
            start..start.saturating_add(segment.memory_size)
        });
        let writable = |range: &Range<u64>| {
            let at = process
                .core
                .segments()
                .iter()
                .find(|segment| segment.address.0 <= range.start && range.start < segment.end().0);
            at.is_some_and(|segment| segment.flags.writable())
        };
        let ranges = if libc.is_empty() { own.collect() } else { libc.into_iter().filter(writable).collect() };
        Places { memory: &process.memory, ranges, on_ring: RefCell::default() }
    }

    fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let ranges = self.ranges.iter();
        ranges.flat_map(|range| range.clone().step_by(8)).take((SEARCHED_BYTES / 8) as usize)
    }

    /// The first arena by its shape whose ring closes.
    pub(super) fn main_arena(&self) -> Option<u64> {
        self.words().find(|&at| self.is_arena(at) && self.ring_closes(at))
    }

    fn is_arena(&self, at: u64) -> bool {
        let word = |offset: u64| self.memory.read_u64(Address(at).add(offset));
        let system = word(SYSTEM_MEM).filter(|bytes| bytes.is_multiple_of(4096));
        let bounded = system.zip(word(SYSTEM_MEM + 8)).is_some_and(|(now, most)| now <= most);
        if !bounded || word(NEXT).is_none_or(|next| next == 0) || word(TOP).is_none_or(|top| top == 0) {
            return false;
        }
        let mut empty = 0;
        for bin in 0..BIN_COUNT {
            let pointers = BINS + bin * 16;
            // As a chunk a bin begins two words before its pointers.
            let itself = at.wrapping_add(pointers - 16);
            match (word(pointers), word(pointers + 8)) {
                (Some(forward), Some(back)) if forward == itself && back == itself => empty += 1,
                (Some(1..), Some(1..)) => {}
                _ => return false,
            }
        }
        empty >= LEAST_EMPTY
    }

    fn ring_closes(&self, main: u64) -> bool {
        let mut known = self.on_ring.borrow_mut();
        // What was followed once is not followed again from each word that leads there.
        if let Some(&is_on_ring) = known.get(&main) {
            return is_on_ring;
        }
        let (mut chain, mut place) = (vec![main], HashMap::from_iter([(main, 0)]));
        let mut at = main;
        let ring = loop {
            let next = self.memory.read_u64(Address(at).add(NEXT));
            let is_readable = |next: &u64| self.memory.readable_len(Address(*next), STATE_BYTES) == STATE_BYTES;
            match next.filter(is_readable).filter(|next| !known.contains_key(next)) {
                Some(next) if chain.len() < super::MOST_ARENAS => match place.insert(next, chain.len()) {
                    Some(start) => break start,
                    None => chain.push(next),
                },
                _ => break chain.len(),
            }
            at = chain[chain.len() - 1];
        };
        known.extend(chain.iter().zip(0..).map(|(&arena, index)| (arena, index >= ring)));
        ring == 0
    }

    /// `mp_.mmapped_mem`: `mp_` is told by its `sbrk_base`, where the main arena's memory begins.
    pub(super) fn mmapped(&self, start: u64) -> Option<u64> {
        let is_base = |at: &u64| self.memory.read_u64(Address(*at)) == Some(start);
        let bases = self.words().filter(is_base);
        let counts = bases.filter_map(|at| {
            let mmapped = self.memory.read_u64(Address(at.checked_sub(MMAPPED_BELOW)?))?;
            let most = self.memory.read_u64(Address(at - MMAPPED_BELOW + 8))?;
            (mmapped.is_multiple_of(4096) && mmapped <= most).then_some(mmapped)
        });
        counts.max()
    }
}
