//! Variables recognised by their contents, for executables without symbols.

use super::Search;
use crate::heap::GoHeap;
use crate::span::PAGE_BYTES;
use crate::words::{SliceHeader, read_slice};
use goheap_image::Address;

/// Variables of this much are searched in all.
const SEARCHED_BYTES: u64 = 1 << 30;
/// Elements of a list that are looked at.
const SAMPLED: u64 = 64;
const MAX_GOROUTINES: u64 = 1 << 30;
const MAX_PROCESSORS: u64 = 1 << 16;

/// The words of the module's variables.
fn places<'a>(search: &Search<'a>) -> impl Iterator<Item = Address> + use<'a> {
    let module = search.module;
    [&module.noptrbss, &module.bss, &module.noptrdata, &module.data].into_iter().flat_map(|range| {
        let start = range.start.next_multiple_of(8);
        (start..range.end.min(start.saturating_add(SEARCHED_BYTES))).step_by(8).map(Address)
    })
}

/// `mheap_`: its allocators of fixed-size records (`fixalloc`, size first) stand at known distances and hold known sizes.
pub(super) fn find_mheap(search: &Search<'_>) -> Option<Address> {
    let fields = &search.layout.mheap;
    let sizes = [
        (fields.spanalloc, search.layout.mspan.size),
        (fields.cachealloc, search.layout.mcache.size),
        (fields.specialfinalizeralloc, search.layout.special_finalizer.size),
    ];
    places(search).find(|&at| {
        sizes.iter().all(|&(offset, size)| search.memory.read_u64(at.add(offset)) == Some(size))
            && read_slice(search.memory, at.add(fields.allspans)).is_some_and(|spans| spans.len > 0)
    })
}

/// `allgs`: a slice of pointers to `g` whose first is goroutine 1, each of whose saved registers name itself.
pub(super) fn find_allgs(search: &Search<'_>) -> Option<Address> {
    let (memory, g) = (search.memory, &search.layout.g);
    let is_g = |address: u64| {
        let at = Address(address);
        let owner = memory.read_u64(at.add(g.sched + search.layout.gobuf.g));
        let (lo, hi) = (memory.read_u64(at.add(g.stack)), memory.read_u64(at.add(g.stack + 8)));
        // A dead goroutine has given its stack back; one that never ran has no saved registers.
        owner.is_some_and(|owner| owner == address || owner == 0) && lo.zip(hi).is_some_and(|(lo, hi)| lo <= hi)
    };
    let first_is_main = |list: &SliceHeader| {
        let first = memory.read_u64(list.data).unwrap_or(0);
        first != 0 && memory.read_u64(Address(first).add(g.goid)) == Some(1) && is_g(first)
    };
    let is_list = |list: &SliceHeader| {
        (1..MAX_GOROUTINES).contains(&list.len)
            && first_is_main(list)
            && (0..list.len.min(SAMPLED)).all(|index| memory.read_u64(list.data.add(index * 8)).is_some_and(is_g))
    };
    longest(search, is_list)
}

/// `allp`: a slice of pointers to heap objects that are large enough for a `p` and hold their own index as `id`.
pub(super) fn find_allp(search: &Search<'_>, heap: &GoHeap<'_>) -> Option<Address> {
    let (memory, p) = (search.memory, &search.layout.p);
    let is_p = |index: u64, address: u64| {
        let at = Address(address);
        let span = heap.span_index(address).map(|span| &heap.spans[span]);
        span.is_some_and(|span| span.elem_size >= p.size)
            && memory.read_u32(at.add(p.id)).map(u64::from) == Some(index)
            && memory.read_u32(at.add(p.status)).is_some_and(|status| status <= 4)
            && memory.read_u64(at.add(p.mcache)).is_some_and(|cache| cache != 0 && heap.span_index(cache).is_none())
    };
    let is_list = |list: &SliceHeader| {
        (1..MAX_PROCESSORS).contains(&list.len)
            && (0..list.len)
                .all(|index| memory.read_u64(list.data.add(index * 8)).is_some_and(|address| is_p(index, address)))
    };
    longest(search, is_list)
}

/// `gcController`: its `heapInUse` is exactly the bytes of the pages in use, and its other counters are counts.
pub(super) fn find_gc_controller(search: &Search<'_>, heap: &GoHeap<'_>) -> Option<Address> {
    let fields = &search.layout.gc_controller;
    let (heap_in_use, total_alloc, total_free) = (fields.heap_in_use?, fields.total_alloc?, fields.total_free?);
    let in_use = heap.pages_in_use.saturating_mul(PAGE_BYTES);
    let is_controller = |at: &Address| {
        let word = |offset: u64| search.memory.read_u64(at.add(offset)).unwrap_or(u64::MAX);
        // heapReleased and heapFree follow heapInUse, heapScan follows heapLive, in every release since 1.19.
        let pages = [word(heap_in_use + 8), word(heap_in_use + 16)];
        let (live, scan) = (word(fields.heap_live), word(fields.heap_live + 8));
        word(heap_in_use) == in_use
            && pages.iter().all(|bytes| bytes.is_multiple_of(PAGE_BYTES))
            && (1..=in_use).contains(&word(total_alloc).wrapping_sub(word(total_free)))
            && (1..=in_use.saturating_mul(2)).contains(&live)
            && (1..=live).contains(&scan)
            && word(fields.heap_marked) <= in_use.saturating_mul(2)
    };
    let mut found = places(search).filter(is_controller);
    let first = found.next();
    // Two candidates are no answer.
    first.filter(|_| found.next().is_none())
}

/// The longest slice that `is_list` takes: an older backing array of the same list may still be referred to.
fn longest(search: &Search<'_>, is_list: impl Fn(&SliceHeader) -> bool) -> Option<Address> {
    places(search)
        .filter_map(|at| {
            Some((at, read_slice(search.memory, at).filter(|list| !list.data.is_null() && is_list(list))?))
        })
        .max_by_key(|(at, list)| (list.len, std::cmp::Reverse(*at)))
        .map(|(at, _)| at)
}
