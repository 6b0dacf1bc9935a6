//! Variables recognised by their contents, for executables without symbols.

use super::Search;
use crate::heap::GoHeap;
use crate::layout::RuntimeLayout;
use crate::span::PAGE_BYTES;
use crate::words::{SliceHeader, present_words, read_slice};
use foldhash::HashMap;
use goheap_image::{Address, MemoryImage};
use std::cell::RefCell;

/// Variables of this much are searched in all.
const SEARCHED_BYTES: u64 = 1 << 30;
/// Elements of a list that are looked at.
const SAMPLED: u64 = 64;
const MAX_GOROUTINES: u64 = 1 << 30;
/// Ids of goroutines are counted from 1.
const MAX_IDS: u64 = 1 << 48;
pub(super) const MAX_PROCESSORS: u64 = 1 << 16;

/// The words of the module's variables.
fn places<'a>(search: &Search<'a>) -> impl Iterator<Item = Address> + use<'a> {
    let module = search.module;
    let ranges = [&module.noptrbss, &module.bss, &module.noptrdata, &module.data];
    let memory = search.memory;
    ranges.into_iter().flat_map(move |range| present_words(memory, range, SEARCHED_BYTES))
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

/// `allgs`: a slice of pointers to `g` whose first is goroutine 1, each of whose saved registers name itself. In a library that C loads
/// goroutine 1 ends at once and another takes its place (proc.go `main`, `islibrary`).
pub(super) fn find_allgs(search: &Search<'_>) -> Option<Address> {
    let find = |is_library| longest(search, |list| is_goroutine_list(search.memory, search.layout, list, is_library));
    find(false).or_else(|| find(true))
}

fn is_goroutine_list(memory: &MemoryImage, layout: &RuntimeLayout, list: &SliceHeader, is_library: bool) -> bool {
    let g = &layout.g;
    let is_g = |address: u64| {
        let at = Address(address);
        let owner = memory.read_u64(at.add(g.sched + layout.gobuf.g));
        let (lo, hi) = (memory.read_u64(at.add(g.stack)), memory.read_u64(at.add(g.stack + 8)));
        // A dead goroutine has given its stack back; one that never ran has no saved registers.
        owner.is_some_and(|owner| owner == address || owner == 0) && lo.zip(hi).is_some_and(|(lo, hi)| lo <= hi)
    };
    let names_itself =
        |address: u64| address != 0 && memory.read_u64(Address(address).add(g.sched + layout.gobuf.g)) == Some(address);
    let at = |index: u64| memory.read_u64(list.data.add(index * 8)).unwrap_or(0);
    let first_is_main = || {
        let first = at(0);
        let id = memory.read_u64(Address(first).add(g.goid)).unwrap_or(0);
        // Every goroutine that ever ran names itself: of the runtime's own there are some.
        let are_goroutines = || {
            (1..MAX_IDS).contains(&id) && (0..list.len.min(SAMPLED)).map(at).filter(|&g| names_itself(g)).count() >= 3
        };
        first != 0 && is_g(first) && (id == 1 || (is_library && are_goroutines()))
    };
    (1..MAX_GOROUTINES).contains(&list.len)
        && first_is_main()
        && list.has_words(memory)
        && sample(list.len).all(|index| memory.read_u64(list.data.add(index * 8)).is_some_and(is_g))
}

/// Indices of a list of `len` elements: the first ones, the last, and others spread between. Other words point to the list, or to an
/// array that it had before, and what lies behind them may be read as a length (seen with 1.27: 44 million of 64).
fn sample(len: u64) -> impl Iterator<Item = u64> {
    let last = len.saturating_sub(1);
    let spread = (0..=SAMPLED).map(move |part| (u128::from(last) * u128::from(part) / u128::from(SAMPLED)) as u64);
    (0..len.min(SAMPLED)).chain(spread)
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
    // How many there are in a row from an address on: many words may lead to the same.
    let known: RefCell<HashMap<Address, u64>> = RefCell::default();
    let in_a_row = |data: Address| {
        let is_there = |index: &u64| memory.read_u64(data.add(index * 8)).is_some_and(|address| is_p(*index, address));
        *known.borrow_mut().entry(data).or_insert_with(|| (0..MAX_PROCESSORS).take_while(is_there).count() as u64)
    };
    let is_first = |list: &SliceHeader| memory.read_u64(list.data).is_some_and(|address| is_p(0, address));
    let is_list = |list: &SliceHeader| {
        (1..MAX_PROCESSORS).contains(&list.len) && is_first(list) && list.len <= in_a_row(list.data)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_image::Machine;

    const LIST: u64 = 0x1000;
    const FIRST_G: u64 = 0x10_0000;
    const G_BYTES: u64 = 0x1000;
    const GOROUTINES: u64 = 100;

    /// As many goroutines, a list of them, and zeros behind it.
    fn memory(layout: &RuntimeLayout) -> MemoryImage {
        let of = |index: u64| FIRST_G + index * G_BYTES;
        let mut list: Vec<u8> = (0..GOROUTINES).flat_map(|index| of(index).to_le_bytes()).collect();
        list.resize(4 * list.len(), 0);
        let mut records = vec![0; (GOROUTINES * G_BYTES) as usize];
        for index in 0..GOROUTINES {
            let mut put = |offset: u64, value: u64| {
                let at = (index * G_BYTES + offset) as usize;
                records[at..at + 8].copy_from_slice(&value.to_le_bytes());
            };
            put(layout.g.goid, index + 1);
            put(layout.g.sched + layout.gobuf.g, of(index));
            put(layout.g.stack + 8, 0x1000);
        }
        MemoryImage::from_buffers([(Address(LIST), list, true), (Address(FIRST_G), records, true)])
    }

    #[test]
    fn a_length_that_the_list_has_not_is_none_of_its() {
        let version = crate::GoVersion::parse("go1.27.3").unwrap();
        let (layout, _) = RuntimeLayout::choose(&version, Machine::X86_64, None).unwrap();
        let memory = memory(&layout);
        let list = |skipped: u64, len| SliceHeader { data: Address(LIST).add(skipped * 8), len, cap: len };
        let is_list = |len| is_goroutine_list(&memory, &layout, &list(0, len), false);
        assert!(is_list(GOROUTINES) && is_list(1));
        // Without goroutine 1 it is the list of a library, if of anything.
        let is_library =
            |len| [false, true].map(|is_library| is_goroutine_list(&memory, &layout, &list(1, len), is_library));
        assert_eq!((is_library(GOROUTINES - 1), is_library(2)), ([false, true], [false, false]));
        assert!(!is_list(2 * GOROUTINES), "zeros are no goroutines");
        assert!(!is_list(44_457_810), "more than there is memory");
        assert!(!is_list(0));
    }
}
