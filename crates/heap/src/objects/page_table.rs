//! From an address to its slot, by one load for what lies in spans of many slots.

use goheap_runtime::{ARENA_BYTES, GoHeap, MALLOC_HEADER_BYTES, PAGE_BYTES, Span};

/// How the slots of a span say where their pointers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What finding a slot needs of the span that a page belongs to, in half a cache line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageKey {
    pub(crate) base: u64,
    /// 2^32 / element size, rounded up: multiplying by it divides an offset (as `mspan.divMul` does). 0 for pages that are in no
    /// span of many slots.
    reciprocal: u32,
    nelems: u32,
    /// The number of the span's first slot.
    pub(crate) first: u32,
    pub(crate) elem_size: u32,
    pub(crate) span: u32,
    /// Bytes before the payload of each slot.
    pub(crate) header: u8,
    pub(crate) slots: Slots,
}

/// Offsets below this are divided exactly by the reciprocal: the runtime's own bound for small spans.
const MAX_SMALL_SPAN: u64 = 1 << 20;
const PAGES: u64 = ARENA_BYTES / PAGE_BYTES;
/// Arenas further from the first than this have no table: 16 TiB.
const MAX_ARENAS: u64 = 1 << 18;
const NO_KEY: PageKey =
    PageKey { base: 0, reciprocal: 0, nelems: 0, first: 0, elem_size: 0, span: 0, header: 0, slots: Slots::Other };

impl PageKey {
    /// None for a span that is one object.
    fn new(span: &Span<'_>, index: u32, first: u32, has_headers: bool) -> Option<Self> {
        if span.nelems < 2 || span.byte_len() > MAX_SMALL_SPAN {
            return None;
        }
        let elem_size = span.elem_size as u32;
        let reciprocal = u32::MAX.checked_div(elem_size)?.checked_add(1)?;
        let header = if span.has_headers(has_headers) { MALLOC_HEADER_BYTES as u8 } else { 0 };
        let slots = Slots::new(span);
        let (base, nelems) = (span.base, span.nelems);
        Some(PageKey { base, reciprocal, nelems, first, elem_size, span: index, header, slots })
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
/// 32 bytes a page of each arena of 64 MiB that holds such a span: 256 KiB an arena.
#[derive(Debug, Default)]
pub(crate) struct PageTable {
    first_arena: u64,
    arenas: Vec<Box<[PageKey]>>,
}

impl PageTable {
    /// The table of a heap whose spans begin with the slots numbered `firsts`.
    pub(crate) fn new(heap: &GoHeap<'_>, firsts: &[u32], has_headers: bool) -> Self {
        let first_arena = heap.spans.first().map_or(0, |span| span.base / ARENA_BYTES);
        let mut table = PageTable { first_arena, arenas: Vec::new() };
        for (index, (span, &first)) in heap.spans.iter().zip(firsts).enumerate() {
            let Some(key) = PageKey::new(span, index as u32, first, has_headers) else { continue };
            for page in 0..span.npages {
                table.set(span.base / PAGE_BYTES + page, key);
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
    pub(crate) fn get(&self, address: u64) -> Option<&PageKey> {
        let page = address / PAGE_BYTES;
        let arena = (page / PAGES).wrapping_sub(self.first_arena);
        let table = self.arenas.get(usize::try_from(arena).ok()?)?;
        table.get((page % PAGES) as usize).filter(|key| key.reciprocal != 0)
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
            let key = PageKey { reciprocal: u32::MAX / elem as u32 + 1, nelems, elem_size: elem as u32, ..NO_KEY };
            for offset in 0..bytes {
                let expected = u32::try_from(offset / elem).ok().filter(|&slot| slot < nelems);
                assert_eq!(key.slot(offset), expected, "offset {offset} of elements of {elem}");
            }
        }
    }
}
