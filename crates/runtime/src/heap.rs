//! `runtime.mheap` (mheap.go): every span of the process, found by address.

use crate::layout::RuntimeLayout;
use crate::span::{ManualSpan, PAGE_BYTES, Span, SpanReader, SpanRecord};
use crate::version::GoVersion;
use crate::words::{read_slice, read_words};
use goheap_image::{Address, Machine, MemoryImage, keep_first};
use goheap_model::{Claim, Observer, Refusal};

/// `heapArenaBytes` on 64-bit Linux.
pub const ARENA_BYTES: u64 = 64 << 20;
const PAGES_PER_ARENA: usize = (ARENA_BYTES / PAGE_BYTES) as usize;
/// Arenas whose page tables may be held: a 16 TiB heap.
const MAX_ARENAS: usize = 1 << 18;
const NO_SPAN: u32 = u32::MAX;

/// The heap's spans and the way from an address to its span.
///
/// # Overhead
/// Four bytes a page of each arena in use (32 KiB an arena of 64 MiB), and the spans.
#[derive(Debug)]
pub struct GoHeap<'p> {
    /// Spans in use, in address order, none overlapping.
    pub spans: Vec<Span<'p>>,
    /// Spans of memory managed by hand (stacks, work buffers), in address order.
    pub manual: Vec<ManualSpan>,
    /// `mheap_.sweepgen`.
    pub sweepgen: u32,
    /// `mheap_.pagesInUse`.
    pub pages_in_use: u64,
    /// Spans that could not be read or that overlapped another.
    pub broken_spans: u64,
    /// Of these, those whose record or allocation bits are absent.
    pub absent_spans: u64,
    /// Addresses of the first of the broken ones' records, or where one lies that overlaps another.
    pub first_broken: Vec<u64>,
    first_arena: u64,
    arenas: Vec<Option<Box<[u32]>>>,
}

impl<'p> GoHeap<'p> {
    /// Reads every span that `mheap_.allspans` lists; None where the list itself is absent.
    ///
    /// # Errors
    /// What the list would take is more than the observer grants.
    pub fn read(
        memory: &'p MemoryImage,
        layout: &RuntimeLayout,
        version: &GoVersion,
        mheap: Address,
        observer: &dyn Observer,
    ) -> Result<Option<Self>, Refusal> {
        let fields = &layout.mheap;
        let word = |offset| memory.read_u64(mheap.add(offset));
        let sweepgen = memory.read_u32(mheap.add(fields.sweepgen));
        let (Some(sweepgen), Some(pages_in_use)) = (sweepgen, word(fields.pages_in_use)) else { return Ok(None) };
        let list = read_slice(memory, mheap.add(fields.allspans)).filter(|list| list.has_words(memory));
        let Some(list) = list else { return Ok(None) };
        observer.claim(Claim { kept: 0, passing: list.len.saturating_mul(8) })?;
        let Some(addresses) = usize::try_from(list.len).ok().and_then(|len| read_words(memory, list.data, len)) else {
            return Ok(None);
        };
        let inline_marks = version.release().has_inline_mark_bits;
        let reader = SpanReader { layout, memory, sweepgen, inline_marks, max_bytes: max_span_bytes(memory) };
        let SpanList { mut spans, mut manual, mut broken, absent, mut first_broken, .. } =
            SpanList::read(&reader, &addresses, observer)?;
        manual.sort_unstable();
        spans.sort_by_key(|span| span.base);
        let mut end = 0;
        spans.retain(|span| {
            let apart = span.base >= end;
            if apart {
                end = span.end()
            } else {
                broken += 1;
                keep_first(&mut first_broken, span.base);
            }
            apart
        });
        observer.claim(Claim { kept: page_table_bytes(&spans), passing: 0 })?;
        let mut heap = GoHeap {
            spans,
            manual,
            sweepgen,
            pages_in_use,
            broken_spans: broken,
            absent_spans: absent,
            first_broken,
            first_arena: 0,
            arenas: Vec::new(),
        };
        heap.index_pages();
        Ok(Some(heap))
    }

    /// The heap of a core that lacks the list of spans.
    pub fn absent() -> Self {
        GoHeap {
            spans: Vec::new(),
            manual: Vec::new(),
            sweepgen: 0,
            pages_in_use: 0,
            broken_spans: 0,
            absent_spans: 0,
            first_broken: Vec::new(),
            first_arena: 0,
            arenas: Vec::new(),
        }
    }

    /// True if no span is known: not even an idle process has none.
    pub fn is_absent(&self) -> bool {
        self.spans.is_empty()
    }

    fn index_pages(&mut self) {
        let Some((first, last)) = self.spans.first().map(|span| span.base).zip(self.spans.last().map(Span::end)) else {
            return;
        };
        self.first_arena = first / ARENA_BYTES;
        let count = usize::try_from((last - 1) / ARENA_BYTES - self.first_arena + 1).unwrap_or(usize::MAX);
        // Arenas further apart than any heap is large: spans beyond the bound are found by search alone.
        self.arenas = vec![None; count.min(MAX_ARENAS)];
        for (index, span) in self.spans.iter().enumerate() {
            for page in 0..span.npages {
                let number = span.base / PAGE_BYTES + page;
                let arena = number / PAGES_PER_ARENA as u64 - self.first_arena;
                let Some(slot) = usize::try_from(arena).ok().and_then(|arena| self.arenas.get_mut(arena)) else {
                    break;
                };
                let table = slot.get_or_insert_with(|| vec![NO_SPAN; PAGES_PER_ARENA].into());
                table[(number % PAGES_PER_ARENA as u64) as usize] = index as u32;
            }
        }
    }

    /// Index in [`GoHeap::spans`] of the span that holds `address`.
    #[inline]
    pub fn span_index(&self, address: u64) -> Option<usize> {
        let page = address / PAGE_BYTES;
        let arena = (page / PAGES_PER_ARENA as u64).checked_sub(self.first_arena)?;
        match self.arenas.get(usize::try_from(arena).ok()?) {
            Some(Some(table)) => match table[(page % PAGES_PER_ARENA as u64) as usize] {
                NO_SPAN => None,
                index => Some(index as usize),
            },
            Some(None) => None,
            None => self.search(address),
        }
    }

    fn search(&self, address: u64) -> Option<usize> {
        let index = self.spans.partition_point(|span| span.base <= address).checked_sub(1)?;
        (address < self.spans[index].end()).then_some(index)
    }

    /// True if `address` lies in memory that the runtime manages by hand.
    pub fn is_manual(&self, address: u64) -> bool {
        let index = self.manual.partition_point(|span| span.base <= address);
        index > 0 && address < self.manual[index - 1].end
    }

    /// True if `address` lies in an arena that holds spans.
    pub fn in_arena(&self, address: u64) -> bool {
        (address / ARENA_BYTES)
            .checked_sub(self.first_arena)
            .and_then(|arena| self.arenas.get(usize::try_from(arena).ok()?))
            .is_some_and(Option::is_some)
    }
}

/// What [`GoHeap::index_pages`] makes of spans in address order: a table for each arena that they touch.
fn page_table_bytes(spans: &[Span<'_>]) -> u64 {
    let (mut arenas, mut next) = (0_u64, 0);
    for span in spans {
        let first = (span.base / ARENA_BYTES).max(next);
        next = span.end().div_ceil(ARENA_BYTES);
        arenas += next.saturating_sub(first);
    }
    let (first, last) = (spans.first().map_or(0, |span| span.base), spans.last().map_or(0, Span::end));
    let listed = ((last - first) / ARENA_BYTES + 1).min(MAX_ARENAS as u64);
    let (list, table) = (size_of::<Option<Box<[u32]>>>() as u64, (PAGES_PER_ARENA * size_of::<u32>()) as u64);
    listed * list + arenas.min(listed) * table
}

/// The observer is asked for so many bytes at once, and for a sixteenth of what the list has already.
const CLAIM_BYTES: u64 = 64 << 10;

/// The spans as they stand in the list, which a broken core may fill with the same span again and again.
#[derive(Default)]
struct SpanList<'p> {
    spans: Vec<Span<'p>>,
    manual: Vec<ManualSpan>,
    broken: u64,
    absent: u64,
    first_broken: Vec<u64>,
    bytes: u64,
    /// Bytes that the observer granted.
    granted: u64,
}

impl<'p> SpanList<'p> {
    fn read(reader: &SpanReader<'_, 'p>, addresses: &[u64], observer: &dyn Observer) -> Result<SpanList<'p>, Refusal> {
        let mut list = SpanList::default();
        for &address in addresses {
            match reader.read(Address(address)) {
                Some(SpanRecord::InUse(span)) => {
                    list.claim((size_of::<Span<'_>>() + span.allocated.bytes.len()) as u64, observer)?;
                    list.spans.push(*span);
                }
                Some(SpanRecord::Manual(span)) => {
                    list.claim(size_of::<ManualSpan>() as u64, observer)?;
                    list.manual.push(span);
                }
                Some(SpanRecord::Dead) => {}
                None => {
                    list.broken += 1;
                    keep_first(&mut list.first_broken, address);
                    list.absent += u64::from(reader.is_absent(Address(address)));
                }
            }
        }
        Ok(list)
    }

    /// Counts `bytes` more, asking for them where what was granted does not do.
    fn claim(&mut self, bytes: u64, observer: &dyn Observer) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.granted {
            let kept = (self.bytes - self.granted).max(CLAIM_BYTES).max(self.granted / 16);
            // The sort that follows copies half of them.
            let passing = (self.spans.len() * size_of::<Span<'_>>() / 2) as u64;
            observer.claim(Claim { kept, passing })?;
            self.granted = self.granted.saturating_add(kept);
        }
        Ok(())
    }
}

/// What a span may claim: much more than the image holds would cost time and memory for nothing. A truncated core may lack most
/// of a large object all the same.
fn max_span_bytes(memory: &MemoryImage) -> u64 {
    let readable = memory.ranges().fold(0_u64, |sum, range| sum.saturating_add(range.len));
    readable.saturating_mul(16).clamp(ARENA_BYTES, 1 << 46)
}

/// Where the first arena's address space begins (`arenaBaseOffset`, malloc.go).
pub(crate) fn arena_base(machine: Machine) -> u64 {
    match machine {
        Machine::X86_64 => 0xffff_8000_0000_0000,
        Machine::Aarch64 => 0,
    }
}

/// Address of the `heapArena` that describes `address` (malloc.go `arenaIndex`): the index is one level on 64-bit Linux.
pub(crate) fn heap_arena_of(
    memory: &MemoryImage,
    layout: &RuntimeLayout,
    machine: Machine,
    mheap: Address,
    address: u64,
) -> Option<Address> {
    let index = address.wrapping_sub(arena_base(machine)) / ARENA_BYTES;
    let level2 = memory.read_u64(mheap.add(layout.mheap.arenas))?;
    let arena = memory.read_u64(Address(level2).add(index * 8))?;
    (arena != 0).then_some(Address(arena))
}
