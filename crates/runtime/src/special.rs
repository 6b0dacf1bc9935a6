//! Specials, the finalizer queue and the cleanup queue (mheap.go, mfinal.go, mcleanup.go): what the runtime ties to objects.

use crate::constants::SpecialKind;
use crate::layout::RuntimeLayout;
use crate::span::Span;
use crate::version::GoVersion;
use foldhash::HashSet;
use goheap_image::{Address, MemoryImage};

/// Records of one list; a broken core's may be a ring.
const MAX_RECORDS: usize = 1 << 26;
/// Bytes of a block of the finalizer queue, and of the cleanup queue.
const FINALIZER_BLOCK_ENTRIES: u32 = 101;
const FINALIZER_BLOCK_HEADER: u64 = 24;
const FINALIZER_BYTES: u64 = 40;
const CLEANUP_BLOCK_BYTES: u64 = 512;
const CLEANUP_BLOCK_HEADER: u64 = 32;

/// A record tied to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Special {
    /// The object's address: the span's base plus the record's offset, which may lie inside a tiny block.
    pub object: u64,
    /// What the record says.
    pub detail: SpecialDetail,
}

/// What a record says, and keeps alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialDetail {
    /// A finalizer: its function, and the type of the object (`*T`).
    Finalizer {
        /// The funcval to call.
        func: u64,
        /// Descriptor of the pointer type that the finalizer was set on.
        object_type: u64,
    },
    /// The handle through which weak pointers reach the object.
    WeakHandle(u64),
    /// A cleanup's function and argument.
    Cleanup([u64; 3]),
    /// The bucket of the memory profile that counts the object: nothing is kept alive.
    Profile(u64),
}

/// What a list of the runtime held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// Records and words of it that are absent; behind an absent record may be others.
    pub absent: u64,
}

/// The specials of `span` that keep memory alive or are of the memory profile. `seen` are the records of all spans' lists so far, of which none is in two.
pub fn read_specials(
    memory: &MemoryImage,
    layout: &RuntimeLayout,
    version: &GoVersion,
    span: &Span<'_>,
    seen: &mut HashSet<u64>,
) -> Listed<Special> {
    let fields = &layout.special;
    let (mut specials, mut absent) = (Vec::new(), 0);
    let mut record = span.specials;
    while !record.is_null() && seen.insert(record.0) && seen.len() < MAX_RECORDS {
        // The offset is two bytes up to 1.23 and a word since; the kind follows it.
        let wide = fields.kind == fields.offset + 8;
        let offset = if wide {
            memory.read_u64(record.add(fields.offset))
        } else {
            memory.read_u16(record.add(fields.offset)).map(u64::from)
        };
        let (Some(offset), Some(kind)) = (offset, memory.read_u8(record.add(fields.kind))) else {
            absent += 1;
            break;
        };
        if offset < span.byte_len()
            && let Some(detail) = read_detail(memory, layout, SpecialKind::from_number(kind, version.minor), record)
        {
            specials.push(Special { object: span.base + offset, detail });
        }
        let Some(next) = memory.read_u64(record.add(fields.next)) else {
            absent += 1;
            break;
        };
        record = Address(next);
    }
    Listed { entries: specials, absent }
}

fn read_detail(
    memory: &MemoryImage,
    layout: &RuntimeLayout,
    kind: SpecialKind,
    record: Address,
) -> Option<SpecialDetail> {
    let word = |offset: u64| memory.read_u64(record.add(offset));
    match kind {
        SpecialKind::Finalizer => Some(SpecialDetail::Finalizer {
            func: word(layout.special_finalizer.func)?,
            object_type: word(layout.special_finalizer.ot)?,
        }),
        SpecialKind::WeakHandle => Some(SpecialDetail::WeakHandle(word(layout.special_weak_handle.handle?)?)),
        SpecialKind::Cleanup => match (layout.special_cleanup.cleanup, layout.special_cleanup.func) {
            (Some(at), _) => Some(SpecialDetail::Cleanup([word(at)?, word(at + 8)?, word(at + 16)?])),
            (None, Some(at)) => Some(SpecialDetail::Cleanup([word(at)?, 0, 0])),
            (None, None) => None,
        },
        SpecialKind::Profile => Some(SpecialDetail::Profile(word(layout.special_profile.bucket)?)),
        SpecialKind::Other(_) => None,
    }
}

/// One word of a queue of calls that the runtime will make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedWord {
    /// The pointer.
    pub value: u64,
    /// Descriptor of the type of what it points to: known for the arguments of finalizers alone.
    pub pointer_type: Option<u64>,
}

/// The words of every block of `allfin` (mfinal.go `finBlock`): function, argument, argument's type, object's type.
pub fn read_finalizer_queue(memory: &MemoryImage, allfin: Address) -> Listed<QueuedWord> {
    let mut words = Vec::new();
    let Listed { entries: list, absent } = blocks(memory, allfin, 0);
    for block in list {
        let count = memory.read_u32(block.add(16)).unwrap_or(0).min(FINALIZER_BLOCK_ENTRIES);
        for entry in 0..u64::from(count) {
            let at = block.add(FINALIZER_BLOCK_HEADER + entry * FINALIZER_BYTES);
            let word = |offset: u64| memory.read_u64(at.add(offset)).unwrap_or(0);
            let object_type = Some(word(32)).filter(|&ty| ty != 0);
            words.push(QueuedWord { value: word(0), pointer_type: None });
            words.push(QueuedWord { value: word(8), pointer_type: object_type });
            words.push(QueuedWord { value: word(24), pointer_type: None });
            words.push(QueuedWord { value: word(32), pointer_type: None });
        }
    }
    Listed { entries: words, absent }
}

/// A call of the cleanup queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedCleanup {
    /// The func value that calls the function with the argument, since 1.26.
    pub call: Option<u64>,
    /// The func value.
    pub func: u64,
    /// Where the argument is kept, since 1.26.
    pub argument: Option<u64>,
}

impl QueuedCleanup {
    /// All words that may be pointers.
    pub fn words(self) -> impl Iterator<Item = u64> {
        self.call.into_iter().chain([self.func]).chain(self.argument)
    }
}

/// The calls in every block of `gcCleanups.all` (mcleanup.go `cleanupBlock`): a funcval each in 1.25, a `cleanupFn` of three
/// words since 1.26. `all` is the address of the head's word.
pub fn read_cleanup_queue(memory: &MemoryImage, version: &GoVersion, all: Address) -> Listed<QueuedCleanup> {
    let entry_words = version.release().cleanup_words;
    let capacity = (CLEANUP_BLOCK_BYTES - CLEANUP_BLOCK_HEADER) / (entry_words * 8);
    let mut calls = Vec::new();
    let Listed { entries: list, absent } = blocks(memory, all, 16);
    for block in list {
        let count = u64::from(memory.read_u32(block.add(24)).unwrap_or(0)).min(capacity);
        let start = block.add(CLEANUP_BLOCK_HEADER);
        let word = |index: u64| memory.read_u64(start.add(index * 8)).unwrap_or(0);
        calls.extend((0..count).map(|entry| entry * entry_words).map(|at| match entry_words {
            1 => QueuedCleanup { call: None, func: word(at), argument: None },
            _ => QueuedCleanup { call: Some(word(at)), func: word(at + 1), argument: Some(word(at + 2)) },
        }));
    }
    Listed { entries: calls, absent }
}

/// The blocks of the list whose head lies at `head` and whose next pointers lie at `link`.
fn blocks(memory: &MemoryImage, head: Address, link: u64) -> Listed<Address> {
    let mut seen = HashSet::default();
    let mut list = Vec::new();
    let mut next = memory.read_u64(head);
    while let Some(block) = next.filter(|&block| block != 0 && list.len() < MAX_RECORDS && seen.insert(block)) {
        list.push(Address(block));
        next = memory.read_u64(Address(block).add(link));
    }
    Listed { entries: list, absent: u64::from(next.is_none()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::goroutine::tests::layout;
    use crate::span::tests::span;

    #[test]
    fn a_record_is_in_one_list_alone() {
        let layout = layout();
        let fields = &layout.special;
        let is_finalizer = |&kind: &u8| SpecialKind::from_number(kind, 27) == SpecialKind::Finalizer;
        let finalizer = (0..u8::MAX).find(is_finalizer).unwrap();
        // A ring of two: each leads to the other.
        let mut bytes = vec![0; 0x200];
        for (at, next) in [(0, 0x1100_u64), (0x100, 0x1000)] {
            bytes[at + fields.next as usize..][..8].copy_from_slice(&next.to_le_bytes());
            bytes[at + fields.kind as usize] = finalizer;
        }
        let memory = MemoryImage::from_buffers([(Address(0x1000), bytes, true)]);
        let version = GoVersion::parse("go1.27.3").unwrap();
        let mut seen = HashSet::default();
        let mut count = || {
            let mut span = span();
            span.specials = Address(0x1000);
            read_specials(&memory, &layout, &version, &span, &mut seen).entries.len()
        };
        assert_eq!((count(), count()), (2, 0));
    }
}
