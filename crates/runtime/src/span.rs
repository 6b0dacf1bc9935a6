//! `runtime.mspan` (mheap.go): a run of pages cut into slots of one size.

use crate::bits;
use crate::layout::RuntimeLayout;
use crate::words::{half_at, word_at};
use goheap_image::{Address, MemoryImage};
use goheap_model::BitVector;

/// The runtime's page (`_PageSize`), whatever the machine's is.
pub const PAGE_BYTES: u64 = 8192;
/// Spans of elements up to this size keep their pointer bitmap at their own end, since 1.22 (`MinSizeForMallocHeader`).
pub(crate) const MAX_IN_SPAN_BITMAP: u64 = 512;
/// Bytes that Green Tea keeps at the end of a span for `spanInlineMarkBits`.
pub(crate) const INLINE_MARK_BYTES: u64 = 128;
/// Where the marks begin in `spanInlineMarkBits`.
const INLINE_MARKS_OFFSET: u64 = 64;
/// No size class puts more slots into a span; since 1.22 their number has two bytes.
const MAX_SLOTS: u64 = 1 << 16;

const STATE_IN_USE: u8 = 1;
const STATE_MANUAL: u8 = 2;

/// How a span stands in the collector's sweep (`mspan.sweepgen` less `mheap.sweepgen`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepState {
    /// Swept and usable, or cached by a P since.
    Swept,
    /// The last collection's mark bits have yet to be made its allocation bits: what is unmarked is garbage.
    NeedsSweep,
    /// A thread was sweeping it at the moment of the dump.
    Sweeping,
    /// No state that a sound heap shows.
    Unknown(i32),
}

/// A span of the garbage-collected heap.
///
/// # Overhead
/// About 200 bytes a span plus one bit a slot.
#[derive(Clone, Debug)]
pub struct Span<'p> {
    /// First byte.
    pub base: u64,
    /// Pages.
    pub npages: u64,
    /// Bytes of a slot; of a large span, of its one object.
    pub elem_size: u64,
    /// Slots.
    pub nelems: u32,
    /// Size class doubled, plus one where the slots hold no pointers.
    pub span_class: u8,
    /// How the sweep stands.
    pub sweep: SweepState,
    /// One bit a slot: handed out and not freed since (`isFree`'s rule: below freeindex, or in allocBits).
    pub allocated: BitVector,
    /// Slots from here on may be handed out but not initialised (`freeIndexForScan`, since 1.19).
    pub free_index_for_scan: u32,
    /// The runtime's own count of allocated slots.
    pub alloc_count: u32,
    /// First address past the slots, as the runtime says.
    pub limit: u64,
    /// Type of a large object's elements, since 1.22; 0 where none is set.
    pub large_type: u64,
    /// Head of the list of specials.
    pub specials: Address,
    /// True for a chunk of a user arena.
    pub is_user_arena_chunk: bool,
    /// True if the slots' pointer bits lie at the span's own end.
    pub has_in_span_bitmap: bool,
    /// True if Green Tea keeps marks at the span's end.
    pub has_inline_marks: bool,
    /// The span's memory, where the image holds it in one piece.
    pub bytes: Option<&'p [u8]>,
    mark_bits: Address,
    alloc_bits: Address,
}

/// A span that the runtime frees by hand (`mSpanManual`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManualSpan {
    /// First byte.
    pub base: u64,
    /// First address past it.
    pub end: u64,
    /// Bytes of each stack in it: `stackpoolalloc` and `stackalloc` (stack.go) set `elemsize`, and those that take spans for the
    /// collector's work buffers and pointer bits leave it 0 (1.17 to 1.27).
    pub stack_bytes: u64,
}

impl ManualSpan {
    /// True if it holds stacks.
    pub fn has_stacks(&self) -> bool {
        self.stack_bytes != 0
    }
}

/// What one `mspan` turned out to be.
#[derive(Clone, Debug)]
pub(crate) enum SpanRecord<'p> {
    /// Holds objects.
    InUse(Box<Span<'p>>),
    /// Stacks and other memory that the runtime frees by hand.
    Manual(ManualSpan),
    /// Holds nothing.
    Dead,
}

/// What reading a span needs to know of the heap.
#[derive(Clone, Copy)]
pub(crate) struct SpanReader<'a, 'p> {
    /// Where the struct's fields are.
    pub(crate) layout: &'a RuntimeLayout,
    /// The process.
    pub(crate) memory: &'p MemoryImage,
    /// `mheap_.sweepgen`.
    pub(crate) sweepgen: u32,
    /// True if spans end in Green Tea's marks.
    pub(crate) inline_marks: bool,
    /// A span that claims more bytes than this is broken.
    pub(crate) max_bytes: u64,
}

impl<'p> SpanReader<'_, 'p> {
    /// Reads the `mspan` at `address`; None where it is absent or contradicts itself.
    pub(crate) fn read(&self, address: Address) -> Option<SpanRecord<'p>> {
        let fields = &self.layout.mspan;
        let record = self.memory.bytes(address, usize::try_from(fields.size).ok()?)?;
        let base = word(&record, fields.start_addr)?;
        let npages = word(&record, fields.npages)?;
        match byte(&record, fields.state)? {
            STATE_IN_USE => {}
            STATE_MANUAL => {
                let end = base.saturating_add(npages.saturating_mul(PAGE_BYTES));
                let stack_bytes = word(&record, fields.elemsize)?;
                return Some(SpanRecord::Manual(ManualSpan { base, end, stack_bytes }));
            }
            _ => return Some(SpanRecord::Dead),
        }
        let bytes = npages.checked_mul(PAGE_BYTES).filter(|&bytes| bytes <= self.max_bytes)?;
        base.checked_add(bytes)?;
        let elem_size = word(&record, fields.elemsize)?;
        if !base.is_multiple_of(PAGE_BYTES) || !elem_size.is_multiple_of(8) {
            return None;
        }
        let span_class = byte(&record, fields.spanclass)?;
        let (nelems, free_index) = self.counts(&record)?;
        if elem_size == 0 || elem_size > bytes || nelems == 0 || nelems > MAX_SLOTS || nelems > bytes / elem_size {
            return None;
        }
        let nelems = nelems as u32;
        let free_index = free_index.min(u64::from(nelems)) as u32;
        let alloc_bits = Address(word(&record, fields.alloc_bits)?);
        let allocated = self.allocated(alloc_bits, nelems, free_index)?;
        // 1.22 could still be built with the arena's bitmap (GOEXPERIMENT=noallocheaders).
        let types_tell = self.layout.heap_arena.bitmap.is_none();
        let has_in_span_bitmap = types_tell && span_class & 1 == 0 && elem_size <= MAX_IN_SPAN_BITMAP;
        let free_index_for_scan = fields.free_index_for_scan.and_then(|at| self.index(&record, at));
        let contiguous = self.memory.contiguous(Address(base));
        Some(SpanRecord::InUse(Box::new(Span {
            base,
            npages,
            elem_size,
            nelems,
            span_class,
            sweep: sweep_state(half(&record, fields.sweepgen)?, self.sweepgen),
            allocated,
            free_index_for_scan: free_index_for_scan.map_or(nelems, |index| index as u32),
            alloc_count: u32::from(u16::from_le_bytes([
                byte(&record, fields.alloc_count)?,
                byte(&record, fields.alloc_count + 1)?,
            ])),
            limit: word(&record, fields.limit)?,
            large_type: fields.large_type.map_or(Some(0), |at| word(&record, at))?,
            specials: Address(word(&record, fields.specials)?),
            is_user_arena_chunk: fields.is_user_arena_chunk.is_some_and(|at| byte(&record, at) == Some(1)),
            has_in_span_bitmap,
            has_inline_marks: self.inline_marks && (16..=MAX_IN_SPAN_BITMAP).contains(&elem_size),
            bytes: contiguous.and_then(|memory| memory.get(..usize::try_from(bytes).ok()?)),
            mark_bits: Address(word(&record, fields.gcmark_bits)?),
            alloc_bits,
        })))
    }

    /// True if a span that cannot be read lacks its record, or may lack its allocation bits: the record is no contradiction then.
    pub(crate) fn is_absent(&self, address: Address) -> bool {
        let size = usize::try_from(self.layout.mspan.size).unwrap_or(usize::MAX);
        let Some(record) = self.memory.bytes(address, size) else { return true };
        let bits = word(&record, self.layout.mspan.alloc_bits).filter(|&bits| bits != 0);
        bits.is_some_and(|bits| self.memory.read_u8(Address(bits)).is_none())
    }

    /// `nelems` and `freeindex`: words up to 1.21, two bytes each since.
    fn counts(&self, record: &[u8]) -> Option<(u64, u64)> {
        let fields = &self.layout.mspan;
        Some((self.index(record, fields.nelems)?, self.index(record, fields.freeindex)?))
    }

    fn index(&self, record: &[u8], offset: u64) -> Option<u64> {
        // Since 1.22 freeindex and nelems lie side by side in two bytes each; before, 8 bytes apart.
        if self.layout.mspan.nelems == self.layout.mspan.freeindex + 2 {
            Some(u64::from(u16::from_le_bytes([byte(record, offset)?, byte(record, offset + 1)?])))
        } else {
            word(record, offset)
        }
    }

    fn allocated(&self, alloc_bits: Address, nelems: u32, free_index: u32) -> Option<BitVector> {
        let len = nelems as usize;
        let mut bits =
            if alloc_bits.is_null() { BitVector::zeroed(len) } else { bits::read(self.memory, alloc_bits, len)? };
        bits.set_below(free_index as usize);
        if let (Some(last), tail) = (bits.bytes.last_mut(), len % 8)
            && tail != 0
        {
            *last &= (1 << tail) - 1;
        }
        Some(bits)
    }
}

impl Span<'_> {
    /// Bytes of the whole span.
    pub fn byte_len(&self) -> u64 {
        self.npages * PAGE_BYTES
    }

    /// First address past the span.
    pub fn end(&self) -> u64 {
        self.base + self.byte_len()
    }

    /// True if the slots hold no pointers.
    pub fn is_noscan(&self) -> bool {
        self.span_class & 1 == 1
    }

    /// True if the span holds one large object.
    pub fn is_large(&self) -> bool {
        self.span_class >> 1 == 0
    }

    /// True for the class whose slots several small objects without pointers share (`tinySpanClass`).
    pub fn is_tiny_class(&self) -> bool {
        self.span_class == 5
    }

    /// True if each slot begins with a pointer to its element's type (the malloc header, since 1.22).
    pub fn has_headers(&self, headers_exist: bool) -> bool {
        headers_exist && !self.is_noscan() && !self.is_large() && self.elem_size > MAX_IN_SPAN_BITMAP
    }

    /// True if a slot's pointer bits fit one word.
    pub fn has_small_slots(&self) -> bool {
        self.elem_size <= MAX_IN_SPAN_BITMAP
    }

    /// First byte of a slot.
    pub fn slot_address(&self, slot: u32) -> u64 {
        self.base + u64::from(slot) * self.elem_size
    }

    /// The slot that holds `address`; None in the span's tail, which holds bitmaps or nothing.
    pub fn slot_of(&self, address: u64) -> Option<u32> {
        let slot = u32::try_from(address.checked_sub(self.base)? / self.elem_size).ok()?;
        (slot < self.nelems).then_some(slot)
    }

    /// Where the in-span pointer bitmap lies.
    pub fn in_span_bitmap(&self) -> Option<Address> {
        let marks = if self.has_inline_marks { INLINE_MARK_BYTES } else { 0 };
        self.has_in_span_bitmap.then(|| Address(self.end() - marks - self.byte_len() / 64))
    }

    /// The last collection's marks, one bit a slot. Green Tea's are in the span until the sweep moves them.
    pub fn marks(&self, memory: &MemoryImage) -> Option<BitVector> {
        let at = if self.has_inline_marks {
            Address(self.end() - INLINE_MARK_BYTES + INLINE_MARKS_OFFSET)
        } else {
            self.mark_bits
        };
        bits::read(memory, at, self.nelems as usize)
    }

    /// The slots that the last sweep kept, one bit each: `allocBits`, which that sweep took from the marks (mgcsweep.go, 1.17 to 1.27).
    pub fn kept(&self, memory: &MemoryImage) -> Option<BitVector> {
        bits::read(memory, self.alloc_bits, self.nelems as usize)
    }

    /// The number of slots that the release's formula gives a span of this size (mheap.go `initSpan`); None for kinds of
    /// span that follow no formula.
    pub fn expected_slots(&self, headers_exist: bool) -> Option<u64> {
        if self.is_large() || self.is_user_arena_chunk {
            return (self.is_large() && !self.is_user_arena_chunk).then_some(1);
        }
        let bitmap = if headers_exist && self.has_in_span_bitmap { self.byte_len() / 64 } else { 0 };
        let marks = if self.has_inline_marks { INLINE_MARK_BYTES } else { 0 };
        Some((self.byte_len() - bitmap - marks) / self.elem_size)
    }
}

fn sweep_state(span: u32, heap: u32) -> SweepState {
    match span.wrapping_sub(heap) as i32 {
        0 | 3 => SweepState::Swept,
        -2 | 1 => SweepState::NeedsSweep,
        -1 => SweepState::Sweeping,
        other => SweepState::Unknown(other),
    }
}

fn word(record: &[u8], offset: u64) -> Option<u64> {
    word_at(record, usize::try_from(offset).ok()?)
}

fn half(record: &[u8], offset: u64) -> Option<u32> {
    half_at(record, usize::try_from(offset).ok()?)
}

fn byte(record: &[u8], offset: u64) -> Option<u8> {
    record.get(usize::try_from(offset).ok()?).copied()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A span of one page of words.
    pub(crate) fn span() -> Span<'static> {
        Span {
            base: PAGE_BYTES,
            npages: 1,
            elem_size: 8,
            nelems: 1024,
            span_class: 2,
            sweep: SweepState::Swept,
            allocated: BitVector::zeroed(1024),
            free_index_for_scan: 0,
            alloc_count: 0,
            limit: 2 * PAGE_BYTES,
            large_type: 0,
            specials: Address(0),
            is_user_arena_chunk: false,
            has_in_span_bitmap: false,
            has_inline_marks: false,
            bytes: None,
            mark_bits: Address(0),
            alloc_bits: Address(0),
        }
    }
}
