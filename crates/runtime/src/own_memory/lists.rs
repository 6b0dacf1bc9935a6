//! Pieces of the runtime's own memory that lists lead to: by the variables' names, else told by the code that uses them.

use super::{OwnKind, OwnPiece, paged};
use crate::discover::operands;
use crate::model::RuntimeModel;
use foldhash::HashSet;
use goheap_image::Address;

/// `persistentChunkSize` (malloc.go).
const PERSISTENT_BYTES: u64 = 256 << 10;
/// `gcBitsChunkBytes` (mheap.go).
const MARK_BITS_BYTES: u64 = 64 << 10;
/// Where the bits begin in such a chunk.
const MARK_BITS_HEADER: u64 = 16;
/// `free`, `next`, `current` and `previous` of `gcBitsArenas`, behind its lock.
const MARK_BITS_LISTS: std::ops::Range<u64> = 1..5;
/// `buckhashArray` (mprof.go): so many pointers.
const BUCKETS: u64 = 179_999;
/// Chunks of all lists that are looked at for one: 256 GiB of persistent ones.
const MOST: usize = 1 << 20;

impl RuntimeModel<'_> {
    pub(super) fn listed_pieces(&self) -> Vec<OwnPiece> {
        let mut pieces = self.mark_bits();
        pieces.extend(self.profile_table());
        pieces.extend(self.persistent());
        pieces
    }

    /// The words that may be the variable `name`: itself where it is known, else those that the functions name.
    fn candidates(&self, name: &str, functions: &[&str]) -> Vec<u64> {
        match self.symbols.address(name) {
            Some(at) => vec![at.0],
            None => operands(self.memory(), self.machine(), &self.modules[0], functions).into_iter().collect(),
        }
    }

    /// True for the first byte of memory that the runtime took from the system by itself.
    fn is_taken(&self, at: u64) -> bool {
        at != 0 && at.is_multiple_of(4096) && !self.heap.in_arena(at) && !self.modules[0].holds_variable(at)
    }

    /// The list that begins at the word `head`, each chunk's next at `next`; None where some chunk is none by `is_one`.
    fn chain(&self, head: u64, next: u64, left: &mut usize, is_one: impl Fn(u64) -> bool) -> Option<Vec<u64>> {
        let (memory, mut seen, mut found) = (self.memory(), HashSet::default(), Vec::new());
        let mut at = memory.read_u64(Address(head))?;
        while at != 0 && seen.insert(at) {
            if *left == 0 || !self.is_taken(at) || !is_one(at) {
                return None;
            }
            *left -= 1;
            found.push(at);
            at = memory.read_u64(Address(at).add(next))?;
        }
        Some(found)
    }

    /// `persistentChunks`: each chunk begins with the address of the one before.
    fn persistent(&self) -> Vec<OwnPiece> {
        let readable = |at: u64| self.memory().readable_len(Address(at), PERSISTENT_BYTES) == PERSISTENT_BYTES;
        let heads = self.candidates("runtime.persistentChunks", &["runtime.persistentalloc1"]);
        // Other words that the code names hold no such list; of two, the longer goes on into the shorter.
        let mut left = MOST;
        let lists = heads.into_iter().filter_map(|head| self.chain(head, 0, &mut left, readable));
        pieces(OwnKind::Persistent, lists.max_by_key(Vec::len).unwrap_or_default(), PERSISTENT_BYTES)
    }

    /// `gcBitsArenas`: four lists of chunks, each of which begins with how much of it is used and the next.
    fn mark_bits(&self) -> Vec<OwnPiece> {
        let memory = self.memory();
        let is_one = |at: u64| {
            let used = memory.read_u64(Address(at)).unwrap_or(u64::MAX);
            used <= MARK_BITS_BYTES && memory.read_u64(Address(at).add(MARK_BITS_BYTES - 8)).is_some()
        };
        let words: Vec<u64> = match self.symbols.address("runtime.gcBitsArenas") {
            Some(lists) => MARK_BITS_LISTS.map(|word| lists.0.wrapping_add(word * 8)).collect(),
            None => self.candidates("", &["runtime.newMarkBits", "runtime.nextMarkBitArenaEpoch"]),
        };
        let is_used = |list: &Vec<u64>| {
            let used = list.first().and_then(|&at| memory.read_u64(Address(at)));
            used.is_some_and(|used| used == 0 || used >= MARK_BITS_HEADER)
        };
        let mut left = MOST;
        let lists = words.into_iter().filter_map(|head| self.chain(head, 8, &mut left, is_one)).filter(is_used);
        let mut found: Vec<u64> = lists.flatten().collect();
        found.sort_unstable();
        found.dedup();
        pieces(OwnKind::MarkBits, found, MARK_BITS_BYTES)
    }

    /// `buckhash`: made with the first bucket, each of whose entries is null or the address of a bucket.
    fn profile_table(&self) -> Option<OwnPiece> {
        let memory = self.memory();
        let is_table = |&start: &u64| {
            let end = Address(start.saturating_add((BUCKETS - 1) * 8));
            self.is_taken(start)
                && memory.read_u64(end).is_some_and(|last| last == 0 || memory.read_u8(Address(last)).is_some())
        };
        let heads = self.candidates("runtime.buckhash", &["runtime.stkbucket"]);
        let tables = heads.into_iter().filter_map(|head| memory.read_u64(Address(head)));
        let start = tables.filter(is_table).min()?;
        Some(OwnPiece { kind: OwnKind::ProfileTable, start, end: paged(start.checked_add(BUCKETS * 8)?)? })
    }
}

fn pieces(kind: OwnKind, starts: Vec<u64>, len: u64) -> Vec<OwnPiece> {
    let piece = |start: u64| Some(OwnPiece { kind, start, end: start.checked_add(len)? });
    starts.into_iter().filter_map(piece).collect()
}
