//! The loops that run once for each object, pointer or debug entry, over a carried process.
#![allow(clippy::unwrap_used)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use goheap_image::{Executable, OpenRequest, Process};
use goheap_runtime::dwarf::{Dwarf, Sections};
use goheap_runtime::{ModelOptions, RuntimeModel, types_from_dwarf};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::LazyLock;

static PROCESS: LazyLock<Process> = LazyLock::new(|| {
    let cores = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores/1.27");
    let (core, executable) = (cores.join("structures.core.zst"), Some(cores.join("structures.zst")));
    Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap()
});
static MODEL: LazyLock<RuntimeModel<'static>> =
    LazyLock::new(|| RuntimeModel::open(&PROCESS, ModelOptions::default()).unwrap());

struct ExecutableSections(&'static Executable);

impl Sections<'static> for ExecutableSections {
    fn section(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        self.0.section_data(name)
    }
}

fn main() {
    divan::main();
}

/// Allocated slots with their spans.
fn slots() -> impl Iterator<Item = (usize, u32)> {
    let spans = MODEL.heap.spans.iter().enumerate();
    spans.flat_map(|(index, span)| span.allocated.ones().map(move |slot| (index, slot as u32)))
}

/// From an address inside an object to its span and slot, in an order that no cache knows.
#[divan::bench]
fn pointer_lookup(bencher: Bencher<'_, '_>) {
    let heap = &MODEL.heap;
    let mut addresses: Vec<u64> = slots().map(|(span, slot)| heap.spans[span].slot_address(slot) + 5).collect();
    addresses.sort_by_key(|address| address.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bencher.counter(ItemsCount::new(addresses.len())).bench(|| {
        let find = |&address: &u64| heap.spans[heap.span_index(black_box(address))?].slot_of(address);
        addresses.iter().filter_map(find).fold(0, |sum, slot| sum ^ slot)
    });
}

/// The offsets of every object's pointers, one by one.
#[divan::bench]
fn bitmap_offsets(bencher: Bencher<'_, '_>) {
    let (heap, masks) = (&MODEL.heap, &MODEL.masks);
    let slots: Vec<_> = slots().filter(|&(span, _)| !heap.spans[span].is_noscan()).collect();
    bencher.counter(ItemsCount::new(slots.len())).bench(|| {
        let mut sum = 0;
        for &(span, slot) in &slots {
            masks.for_each_offset(&heap.spans[span], black_box(slot), |offset| sum ^= offset);
        }
        sum
    });
}

/// The pointer bits of small objects in one word each.
#[divan::bench]
fn bitmap_words(bencher: Bencher<'_, '_>) {
    let (heap, masks) = (&MODEL.heap, &MODEL.masks);
    let small =
        |&(span, _): &(usize, u32)| heap.spans[span].in_span_bitmap().is_some() && !heap.spans[span].is_noscan();
    let slots: Vec<_> = slots().filter(small).collect();
    bencher.counter(ItemsCount::new(slots.len())).bench(|| {
        let bits = |&(span, slot): &(usize, u32)| masks.small_bits(&heap.spans[span], black_box(slot));
        slots.iter().map(bits).fold(0, |sum, bits| sum ^ bits)
    });
}

/// All of DWARF but the bodies of functions: unpacked, scanned, made types of.
#[divan::bench]
fn dwarf_types(bencher: Bencher<'_, '_>) {
    let sections = ExecutableSections(&PROCESS.executable);
    let info = sections.section(".debug_info").unwrap().len();
    bencher.counter(BytesCount::new(info)).bench(|| Dwarf::parse(black_box(&sections)).unwrap());
}

/// The types of DWARF taken over into the table.
#[divan::bench]
fn type_table(bencher: Bencher<'_, '_>) {
    let dwarf = MODEL.dwarf.as_ref().unwrap();
    let start = MODEL.modules[0].types.start;
    bencher.counter(ItemsCount::new(dwarf.types().len())).bench(|| types_from_dwarf(black_box(dwarf), start));
}

/// The variables of a function at one place in it.
#[divan::bench]
fn dwarf_locals(bencher: Bencher<'_, '_>) {
    let dwarf = MODEL.dwarf.as_ref().unwrap();
    let places: Vec<u64> = dwarf.functions().iter().map(|function| function.low.midpoint(function.high)).collect();
    bencher
        .counter(ItemsCount::new(places.len()))
        .bench(|| places.iter().map(|&pc| dwarf.locals_of_function(black_box(pc)).len()).sum::<usize>());
}
