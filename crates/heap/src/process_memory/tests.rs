//! What a small process's memory is, to the byte.
#![allow(clippy::unwrap_used)]

use super::{MemoryPart, ProcessMemory, Region, Total};
use crate::testing::{Doing, GoProcess, HEAP, MAIN_STACK};
use goheap_synth::{R, RW};

fn taken(go: &GoProcess) -> ProcessMemory {
    let memory = go.take(ProcessMemory::take);
    let sum: u64 = memory.parts.iter().map(|(_, total)| total.bytes).sum();
    assert_eq!(sum, memory.mapped, "each byte is one part's");
    memory
}

/// Two nodes that a variable leads to, one that nothing does, and a free slot: one span of slots of 16 bytes.
fn process() -> GoProcess {
    let mut go = GoProcess::new();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    let (head, tail) = (go.object("main.Node"), go.filled("main.Node", &[0, 5]));
    go.set(head, &[tail, 4]);
    go.variable("main.list", "*main.Node", &[head]);
    go.filled("main.Node", &[0, 6]);
    let freed = go.object("main.Node");
    go.free(freed);
    go
}

#[test]
fn a_span_is_its_objects_its_free_slots_and_its_tail() {
    use MemoryPart::{HeapFreeSlots, HeapInUse, HeapReachable, HeapTails, HeapUnreachable};
    let memory = taken(&process());
    let told = [HeapReachable, HeapUnreachable, HeapFreeSlots, HeapTails, HeapInUse].map(|part| memory.bytes(part));
    // Of 8192 bytes the last 128 are marks, and 128 before them the bitmap: there are 496 slots.
    assert_eq!(told, [2 * 16, 16, 496 * 16 - 3 * 16, 256, 0]);
    let in_use = memory.total(MemoryPart::is_heap_in_use);
    assert_eq!(in_use.bytes, 8192);
    assert_eq!(in_use.nonzero, 4096 * 2, "the objects' page, and that of the bitmap");
}

#[test]
fn of_a_span_that_is_mapped_in_part_it_is_told_only_that() {
    let mut go = process();
    go.variable("main.text", "string", &go.clone().string("as long as you like, and longer"));
    let text = go.string("as long as you like, and longer");
    go.variable("main.other", "string", &text);
    let memory = go.take(|snapshot| {
        let mut map = super::AddressMap::new(snapshot.model.process);
        // A file is said to lie where half of the span of nodes does.
        map.claim(HEAP..HEAP + 4096, MemoryPart::OtherFiles);
        let spans = super::go_memory::claim(&mut map, snapshot);
        map.claim_rest();
        let mut parts = map.finish().0;
        spans.split(&mut parts);
        parts
    });
    let bytes = |wanted: MemoryPart| memory.iter().find(|(part, _)| *part == wanted).unwrap().1.bytes;
    assert_eq!(bytes(MemoryPart::HeapInUse), 4096, "of the half it is not known what it is");
    assert_eq!(bytes(MemoryPart::HeapReachable), 32, "the text alone, in its span");
    assert_eq!(bytes(MemoryPart::HeapUnreachable), 0);
    assert_eq!(bytes(MemoryPart::HeapFreeSlots) + bytes(MemoryPart::HeapTails), 8192 - 32);
}

#[test]
fn objects_of_which_nothing_is_known_are_told_apart_from_garbage() {
    let mut go = process();
    let far = go.row("main.Node", 600);
    go.variable("main.far", "*main.Node", &[far]);
    assert!(far > HEAP);
    go.lose(far, 4096);
    let memory = taken(&go);
    assert_eq!(memory.bytes(MemoryPart::HeapUnreachable), 0, "what is lost may have led there");
    assert_eq!(memory.bytes(MemoryPart::HeapNotKnown), 16);
}

#[test]
fn stacks_are_those_that_goroutines_stand_on_and_the_rest_of_their_spans() {
    let mut go = process();
    go.frame("main.work", 1, &[]);
    go.goroutine(Doing::Runnable, &[("main.work", &[7])]);
    go.goroutine(Doing::Dead, &[("main.work", &[7])]);
    go.goroutine(Doing::Waits("sleep"), &[("main.work", &[7])]);
    let memory = taken(&go);
    assert_eq!(memory.bytes(MemoryPart::StacksInUse), 2 * 0x2000, "a dead goroutine stands nowhere");
    let stacks = memory.total(MemoryPart::is_go_stacks);
    assert_eq!(stacks.bytes, 3 * 0x2000, "as far as their span is mapped");
}

#[test]
fn pages_of_an_arena_without_a_span_are_the_heaps_and_other_memory_is_not() {
    let mut go = process();
    go.mapping(HEAP + 0x3f0_0000, 0x1000, R);
    let mapped = taken(&go);
    assert_eq!(mapped.bytes(MemoryPart::ReservedHeap), 0x1000, "what cannot be written is for arenas' pages to come");
    let mut go = process();
    go.put(HEAP + 0x5000, b"nothing has this page");
    let idle = taken(&go);
    assert_eq!(idle.bytes(MemoryPart::HeapIdleNotKnown), 0x6000 - 0x2000);
    assert!(idle.regions.iter().all(|region| region.start < HEAP || region.start >= HEAP + 0x400_0000));
}

#[test]
fn what_nobody_wants_is_told_by_whether_it_can_be_written() {
    let mut go = process();
    let before = taken(&go);
    let [scratch, guard] = [0x7e00_0000_0000, 0x7e10_0000_0000];
    go.mapping(scratch, 0x5000, RW);
    go.put(scratch + 0x1000, b"in one page of five");
    go.mapping(guard, 0x3000, R);
    let after = taken(&go);
    let more = |part| after.bytes(part) - before.bytes(part);
    assert_eq!((more(MemoryPart::Anonymous), more(MemoryPart::NoAccess)), (0x5000, 0x3000));
    assert_eq!(after.mapped, before.mapped + 0x8000);
    let region = after.regions.iter().find(|region| region.start == scratch);
    assert_eq!(
        region.copied(),
        Some(Region { start: scratch, end: scratch + 0x5000, part: MemoryPart::Anonymous, file: None })
    );
    let nonzero = |memory: &ProcessMemory| memory.total(|part| part == MemoryPart::Anonymous).nonzero;
    assert_eq!(nonzero(&after) - nonzero(&before), 0x1000);
    let sizes: Vec<u64> = after.regions.iter().map(|region| region.end - region.start).collect();
    assert!(sizes.is_sorted_by(|one, next| one >= next), "the largest come first: {sizes:x?}");
    assert_eq!(after.regions_left_out, 0);
}

#[test]
fn the_programs_file_and_its_zeroed_variables_are_told_apart() {
    let memory = taken(&process());
    let files: Vec<&Region> = memory.regions.iter().filter(|region| region.file == Some(0)).collect();
    assert_eq!(memory.files.len(), 1);
    assert!(!memory.has_libraries, "there is no code but the program's");
    let of = |wanted: MemoryPart| {
        let regions = files.iter().filter(|region| region.part == wanted);
        regions.map(|region| (region.start, region.end)).collect::<Vec<_>>()
    };
    assert_eq!(of(MemoryPart::Executable), [(0x40_0000, 0x40_1000), (0x80_0000, 0x80_0080)]);
    assert_eq!(of(MemoryPart::ExecutableBss), [(0x80_0080, 0x80_1000)], "up to the end of their page");
    assert_eq!(memory.total(MemoryPart::is_file).nonzero, 0, "of files contents tell nothing");
}

#[test]
fn records_of_spans_and_their_list_are_the_runtimes() {
    let one = taken(&process());
    let mut go = process();
    for _ in 0..3 {
        go.row("main.Node", 1000);
    }
    let four = taken(&go);
    let record = go.open(|model| model.layout.mspan.size);
    let more = four.bytes(MemoryPart::SpanRecords) - one.bytes(MemoryPart::SpanRecords);
    assert!(more >= 3 * record && more < 3 * (record + 64), "{more} for three of {record} bytes");
    assert!(four.bytes(MemoryPart::SpanList) > 0);
    assert_eq!(
        four.total(MemoryPart::is_runtime).bytes,
        four.bytes(MemoryPart::SpanRecords) + four.bytes(MemoryPart::SpanList)
    );
}

#[test]
fn the_first_threads_stack_is_known_by_the_name_of_the_program() {
    let mut go = process();
    go.started(&["./tiny"], &[]);
    let memory = taken(&go);
    let region = memory.regions.iter().find(|region| region.part == MemoryPart::MainStack).unwrap();
    assert_eq!((region.start, region.end), (MAIN_STACK, MAIN_STACK + 0x4000));
    assert_eq!(memory.total(MemoryPart::is_thread_stack).nonzero, 0x2000, "of four pages two hold something");
}

#[test]
fn counters_stand_beside_what_was_found() {
    let memory = taken(&process());
    let ours = |name: &str| memory.counters.iter().find(|counter| counter.name == name).unwrap().ours;
    assert_eq!(ours("HeapInuse"), Some(8192));
    assert_eq!(ours("HeapSys"), Some(8192 + memory.total(MemoryPart::is_heap_idle).bytes));
    assert_eq!(ours("StackInuse"), Some(memory.total(MemoryPart::is_go_stacks).bytes));
    assert_eq!(ours("MCacheInuse"), None, "there are no processors");
    assert_eq!(ours("Sys"), None, "nothing that was found is the same thing");
    let mut go = process();
    go.processor(0);
    go.processor(0);
    let two = taken(&go);
    let cache = go.open(|model| model.layout.mcache.size);
    assert_eq!(two.counters.iter().find(|counter| counter.name == "MCacheInuse").unwrap().ours, Some(2 * cache));
    assert!(two.bytes(MemoryPart::Caches) > 0);
}

#[test]
fn a_part_is_never_split_into_more_than_it_has() {
    let total = |bytes| Total { bytes, nonzero: 0 };
    let mut parts = vec![
        (MemoryPart::HeapReachable, total(0)),
        (MemoryPart::HeapUnreachable, total(0)),
        (MemoryPart::HeapInUse, Total { bytes: 100, nonzero: 64 }),
    ];
    let split = [(MemoryPart::HeapReachable, 70), (MemoryPart::HeapUnreachable, 70)];
    super::part_out(&mut parts, MemoryPart::HeapInUse, 100, &split);
    let told: Vec<_> = parts.iter().map(|(_, total)| (total.bytes, total.nonzero)).collect();
    assert_eq!(told, [(70, 0), (30, 0), (0, 64)]);
}
