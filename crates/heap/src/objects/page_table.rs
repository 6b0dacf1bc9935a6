//! From an address to its slot, by one load for what lies in spans of many slots.

use foldhash::HashMap;
use goheap_runtime::{ARENA_BYTES, GoHeap, MALLOC_HEADER_BYTES, PAGE_BYTES, Span};

/// How the slots of a span say where their pointers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slots {
    /// They are small, and a scan has their bits: of the bitmap at the span's end since 1.22, of the arena's before.
    WithBits,
    /// There are none, and every slot holds one small object.
    NoPointers,
    /// There are none, and a slot may hold several objects.
    Tiny,
    /// In some other way, or the span is one large object.
    Other,
}

impl Slots {
    fn new(span: &Span<'_>) -> Self {
        match (span.is_large(), span.is_noscan()) {
            (true, _) => Slots::Other,
            (_, true) if span.is_tiny_class() => Slots::Tiny,
            (_, true) => Slots::NoPointers,
            _ if span.has_small_slots() => Slots::WithBits,
            _ => Slots::Other,
        }
    }
}

/// What the spans of one size class and kind have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SpanKind {
    /// 2^32 / element size, rounded up: multiplying by it divides an offset (as `mspan.divMul` does).
    reciprocal: u32,
    nelems: u32,
    pub(crate) elem_size: u32,
    /// Bytes before the payload of each slot.
    pub(crate) header: u8,
    pub(crate) slots: Slots,
}

/// What finding a slot needs of a page beside that, in few bytes: heaps have many pages, and any may be asked for next.
#[derive(Clone, Copy, Debug)]
struct PageKey {
    /// The number of the span's first slot.
    first: u32,
    span: u32,
    /// The kind of span; [`NO_KIND`] for pages that are in no span of many slots.
    kind: u16,
    /// Pages of the span before this one.
    ahead: u16,
}

/// Offsets below this are divided exactly by the reciprocal: the runtime's own bound for small spans.
const MAX_SMALL_SPAN: u64 = 1 << 20;
const PAGES: u64 = ARENA_BYTES / PAGE_BYTES;
/// Arenas further from the first than this have no table: 16 TiB.
const MAX_ARENAS: u64 = 1 << 18;
const NO_KIND: u16 = u16::MAX;
const NO_KEY: PageKey = PageKey { first: 0, span: 0, kind: NO_KIND, ahead: 0 };

const _: () = assert!(MAX_SMALL_SPAN / PAGE_BYTES <= u16::MAX as u64);

/// A page of a span of many slots, by an address in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'t> {
    pub(crate) kind: &'t SpanKind,
    /// Of the address from the span's base.
    pub(crate) offset: u64,
    pub(crate) first: u32,
    pub(crate) span: u32,
}

impl SpanKind {
    /// None for a span that is one object.
    fn new(span: &Span<'_>, has_headers: bool) -> Option<Self> {
        if span.nelems < 2 || span.byte_len() > MAX_SMALL_SPAN {
            return None;
        }
        let elem_size = span.elem_size as u32;
        let reciprocal = u32::MAX.checked_div(elem_size)?.checked_add(1)?;
        let header = if span.has_headers(has_headers) { MALLOC_HEADER_BYTES as u8 } else { 0 };
        Some(SpanKind { reciprocal, nelems: span.nelems, elem_size, header, slots: Slots::new(span) })
    }

    /// The slot at `offset` from the base.
    #[inline]
    pub(crate) fn slot(&self, offset: u64) -> Option<u32> {
        let slot = offset.wrapping_mul(u64::from(self.reciprocal)) >> 32;
        (slot < u64::from(self.nelems)).then_some(slot as u32)
    }
}

/// The pages of spans of many slots.
///
/// # Overhead
/// 12 bytes a page of each arena of 64 MiB that holds such a span: 96 KiB an arena. 20 bytes a kind of span, of which a heap has some
/// hundred.
#[derive(Debug, Default)]
pub(crate) struct PageTable {
    first_arena: u64,
    arenas: Vec<Box<[PageKey]>>,
    kinds: Vec<SpanKind>,
}

impl PageTable {
    /// The table of a heap whose spans begin with the slots numbered `firsts`.
    pub(crate) fn new(heap: &GoHeap<'_>, firsts: &[u32], has_headers: bool) -> Self {
        let first_arena = heap.spans.first().map_or(0, |span| span.base / ARENA_BYTES);
        let mut table = PageTable { first_arena, arenas: Vec::new(), kinds: Vec::new() };
        let mut numbers = HashMap::default();
        for (index, (span, &first)) in heap.spans.iter().zip(firsts).enumerate() {
            let Some(kind) = SpanKind::new(span, has_headers) else { continue };
            let number = *numbers.entry(kind).or_insert(table.kinds.len());
            // A broken core may have any number of kinds: the spans of others are found by a search.
            let Some(number) = u16::try_from(number).ok().filter(|&number| number != NO_KIND) else { continue };
            if usize::from(number) == table.kinds.len() {
                table.kinds.push(kind);
            }
            for ahead in 0..span.npages {
                let key = PageKey { first, span: index as u32, kind: number, ahead: ahead as u16 };
                table.set(span.base / PAGE_BYTES + ahead, key);
            }
        }
        table
    }

    fn set(&mut self, page: u64, key: PageKey) {
        let Some(arena) = (page / PAGES).checked_sub(self.first_arena).filter(|&arena| arena < MAX_ARENAS) else {
            return;
        };
        let arena = arena as usize;
        if arena >= self.arenas.len() {
            self.arenas.resize_with(arena + 1, Box::default);
        }
        let table = &mut self.arenas[arena];
        if table.is_empty() {
            *table = vec![NO_KEY; PAGES as usize].into();
        }
        table[(page % PAGES) as usize] = key;
    }

    /// The page of `address`, if it belongs to a span of many slots.
    #[inline]
    pub(crate) fn get(&self, address: u64) -> Option<Page<'_>> {
        let page = address / PAGE_BYTES;
        let arena = (page / PAGES).wrapping_sub(self.first_arena);
        let table = self.arenas.get(usize::try_from(arena).ok()?)?;
        let key = table.get((page % PAGES) as usize)?;
        let kind = self.kinds.get(usize::from(key.kind))?;
        let offset = u64::from(key.ahead) * PAGE_BYTES + address % PAGE_BYTES;
        Some(Page { kind, offset, first: key.first, span: key.span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reciprocal_divides_every_offset_of_every_class() {
        for elem in (8..=2048).step_by(8).chain([3072, 6784, 9472, 28672, 32768]) {
            let bytes = 10 * 8192;
            let nelems = (bytes / elem) as u32;
            let reciprocal = u32::MAX / elem as u32 + 1;
            let key = SpanKind { reciprocal, nelems, elem_size: elem as u32, header: 0, slots: Slots::WithBits };
            for offset in 0..bytes {
                let expected = u32::try_from(offset / elem).ok().filter(|&slot| slot < nelems);
                assert_eq!(key.slot(offset), expected, "offset {offset} of elements of {elem}");
            }
        }
    }
}
