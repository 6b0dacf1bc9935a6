//! What is painted how: files, stacks, C's memory, the runtime's own, and what of all that stays whatever it is.

use super::c_chunks::{CChunks, STATE_BYTES};
use super::paint::{Paint, Treatment};
use super::places::joined;
use super::variables::Section;
use crate::objects::table::ObjectTable;
use crate::process_memory::{files_with_code, pthread_words};
use goheap_image::Process;
use goheap_runtime::{ARENA_BYTES, RuntimeModel};
use std::ops::Range;

/// `VSYSCALL_ADDR` of x86-64.
const VSYSCALL: Range<u64> = 0xffff_ffff_ff60_0000..0xffff_ffff_ff60_1000;
/// Settings of the runtime, which are no secrets.
const SETTINGS: [&str; 7] = ["GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GOEXPERIMENT", "GORACE"];

/// What was found of the whole process.
pub(super) struct Outside {
    pub(super) paint: Paint,
    /// What stays whatever was painted there, ascending and apart.
    pub(super) kept: Vec<Range<u64>>,
    /// What goes whatever is kept around it, ascending and apart.
    pub(super) emptied: Vec<Range<u64>>,
    /// Addresses of words of stacks that are pointers or return addresses, ascending.
    pub(super) pointers: Vec<u64>,
}

/// Looks at all that the core maps.
pub(super) fn outside(
    model: &RuntimeModel<'_>,
    objects: &ObjectTable<'_, '_>,
    sections: &[Section<'_>],
    c_chunks: &CChunks,
) -> Outside {
    let mut all = Outside { paint: Paint::default(), kept: Vec::new(), emptied: Vec::new(), pointers: Vec::new() };
    all.files(model.process);
    for heap in c_chunks.ranges() {
        all.paint.paint(heap, Treatment::Chunks);
    }
    for arena in model.arenas() {
        all.paint.paint(arena..arena.saturating_add(ARENA_BYTES), Treatment::Gone);
    }
    for piece in model.own_memory() {
        all.paint.paint(piece.start..piece.end, Treatment::Kept);
    }
    // The index of arenas and what is reserved for other indexes may be said to lie anywhere: spans come last.
    for (span, index) in model.heap.spans.iter().zip(0..) {
        all.paint.paint(span.base..span.end(), Treatment::Span(index));
    }
    for span in &model.heap.manual {
        let treatment = if span.has_stacks() { Treatment::Gone } else { Treatment::Loose };
        all.paint.paint(span.base..span.end, treatment);
    }
    all.stacks(model);
    for (section, index) in sections.iter().zip(0..) {
        all.paint.paint(section.range.clone(), Treatment::Variables(index));
    }
    for module in &model.modules {
        all.paint.repaint(module.types.clone(), Treatment::Kept, |before| !matches!(before, Treatment::Span(_)));
        all.paint.repaint(module.text.clone(), Treatment::Kept, |before| !matches!(before, Treatment::Span(_)));
    }
    all.structures(model, objects);
    all.kept = joined(std::mem::take(&mut all.kept));
    all.pointers.sort_unstable();
    all.pointers.dedup();
    all
}

impl Outside {
    /// Files that hold code stay but for their variables; other files are data.
    fn files(&mut self, process: &Process) {
        for segment in process.core.segments() {
            let treatment = if segment.flags.writable() { Treatment::Loose } else { Treatment::Gone };
            self.paint.paint(segment.address.0..segment.end().0, treatment);
        }
        let with_code = files_with_code(process);
        let entry = process.core.aux_vector().entry();
        for file in process.core.mapped_files() {
            let is_program = entry.is_some_and(|entry| file.contains(entry));
            let path = file.path_lossy();
            let is_code = is_program || with_code.contains(file.path.as_slice());
            let name = path.rsplit('/').next().unwrap_or_default();
            let is_libc =
                ["libc.so", "libc-2.", "ld-linux", "ld-2.", "libpthread"].iter().any(|own| name.starts_with(own));
            let range = file.start.0..file.end.0;
            match is_code {
                true => self.paint.repaint(range, Treatment::Kept, |before| before != Treatment::Loose || is_libc),
                false => self.paint.paint(range, Treatment::Gone),
            }
        }
        let bias = process.load_bias;
        for segment in process.executable.load_segments().filter(|segment| !segment.flags.writable()) {
            let start = segment.address.0.wrapping_add(bias);
            let range = start..start.saturating_add(segment.memory_size);
            self.paint.repaint(range, Treatment::Kept, |before| before == Treatment::Gone);
        }
        if let Some(vdso) = process.core.aux_vector().vdso() {
            let of_kernel = process.core.segments().iter().find(|segment| segment.address == vdso);
            if let Some(segment) = of_kernel {
                self.paint.repaint(vdso.0..segment.end().0, Treatment::Kept, |before| before == Treatment::Gone);
            }
        }
        self.paint.repaint(VSYSCALL, Treatment::Kept, |_| true);
    }

    fn stacks(&mut self, model: &RuntimeModel<'_>) {
        for (lo, hi) in model.system_stacks() {
            self.paint.repaint(lo..hi, Treatment::Loose, is_stack);
            self.kept.extend(model.signal_facts((lo, hi)));
        }
        let threads = model.thread_index();
        // Stacks lie apart: all together are no more than what is mapped, unless a core lies, whose every goroutine has all memory for its stack.
        let mut left =
            model.process.core.segments().iter().fold(0, |sum: u64, one| sum.saturating_add(one.memory_size));
        for goroutine in model.goroutines.iter().filter(|goroutine| goroutine.status.is_live()) {
            let words = model.stack_words(goroutine, &threads);
            let (lo, hi) = goroutine.stack;
            if let Some(rest) = left.checked_sub(hi.saturating_sub(lo)) {
                left = rest;
                // Below its stack pointer it is as free as the stack before it, but no part of that.
                self.paint.repaint(lo..hi, Treatment::Gone, is_stack);
            }
            self.paint.repaint(words.live, Treatment::Strict, is_stack);
            for loose in words.loose {
                self.paint.repaint(loose, Treatment::Loose, |before| before == Treatment::Strict);
            }
            self.pointers.extend(words.pointers);
            self.kept.extend(words.records);
        }
        // A program that C began has its goroutines' system stacks among C's, and signals may have come there, too.
        for thread in model.process.core.threads() {
            self.kept.extend(pthread_words(&model.process.memory, thread));
            let sp = thread.registers.sp().0;
            self.kept.extend(model.signal_facts((sp, sp.saturating_add(SIGNAL_BYTES))));
        }
        if let Some(place) = model.process.start_place(&SETTINGS) {
            self.kept.push(place.words);
            self.kept.extend(place.chosen);
        }
    }

    /// Structures of the runtime that lie anywhere.
    fn structures(&mut self, model: &RuntimeModel<'_>, objects: &ObjectTable<'_, '_>) {
        let layout = &model.layout;
        let kept = &mut self.kept;
        let mut keep = |start: u64, bytes: u64| kept.push(start..start.saturating_add(bytes));
        keep(model.mheap.0, layout.mheap.size);
        for module in &model.modules {
            keep(module.address.0, layout.moduledata.size);
        }
        let anchors = &model.anchors;
        let slices = [anchors.allgs, anchors.allp, anchors.allm].into_iter().flatten();
        let lists = anchors.finalizer_blocks.iter().chain(&anchors.cleanup_blocks).chain(&anchors.pool_lists).copied();
        slices.chain(lists).for_each(|at| keep(at.0, 24));
        anchors.gc_controller.into_iter().for_each(|at| keep(at.0, CONTROLLER_BYTES));
        anchors.memstats.into_iter().for_each(|at| keep(at.0, MEMSTATS_BYTES));
        anchors.gcphase.into_iter().for_each(|at| keep(at.0, 4));
        self.kept.extend(made_masks(model));
        self.goroutines_and_threads(model, objects);
    }

    /// Records of goroutines, of those that wait, of threads and processors: objects, or variables of the runtime's.
    fn goroutines_and_threads(&mut self, model: &RuntimeModel<'_>, objects: &ObjectTable<'_, '_>) {
        let layout = &model.layout;
        let whole = |address: u64, bytes: u64| match objects.find(address) {
            Some(slot) => objects.address(slot)..objects.address(slot).saturating_add(objects.size(slot)),
            None => address..address.saturating_add(bytes),
        };
        for goroutine in &model.goroutines {
            self.kept.push(whole(goroutine.address.0, layout.g.size));
            let sudogs = model.sudogs(goroutine).unwrap_or_default();
            self.kept.extend(sudogs.iter().map(|sudog| whole(sudog.address, layout.sudog.size)));
        }
        let vectors = model.vector_registers();
        for saved in vectors.of_goroutines {
            self.paint.repaint(saved, Treatment::Loose, |_| true);
        }
        self.emptied = joined(vectors.left_over);
        let waiting = model.semaphore_sudogs();
        self.kept.extend(waiting.iter().map(|sudog| whole(sudog.address, layout.sudog.size)));
        for machine in model.machine_threads.keys() {
            self.kept.push(whole(*machine, THREAD_BYTES));
            for g in [layout.m.g0, layout.m.gsignal] {
                let g = model.memory().read_address(goheap_image::Address(*machine).add(g)).filter(|g| !g.is_null());
                self.kept.extend(g.map(|g| whole(g.0, layout.g.size)));
            }
        }
        for processor in &model.processors {
            self.kept.push(whole(processor.0, layout.p.size));
        }
    }

    /// Records of C's arenas.
    pub(super) fn keep_c_records(
        &mut self,
        arenas: impl Iterator<Item = u64>,
        heaps: impl Iterator<Item = Range<u64>>,
    ) {
        self.kept.extend(arenas.map(|at| at..at.saturating_add(STATE_BYTES)));
        self.kept.extend(heaps.map(|heap| heap.start..heap.start.saturating_add(HEAP_RECORD_BYTES).min(heap.end)));
        self.kept = joined(std::mem::take(&mut self.kept));
    }
}

/// Up to 1.23 the runtime makes a descriptor with a mask for a large object whose type has a program instead, behind the object itself
/// (mbitmap.go `heapSetType`): spans and headers name it.
fn made_masks(model: &RuntimeModel<'_>) -> Vec<Range<u64>> {
    let (memory, heap) = (model.memory(), &model.heap);
    let word = |at: u64| memory.read_u64(goheap_image::Address(at));
    let spans = heap.spans.iter().filter(|span| model.masks.records_types(span));
    let named = spans.flat_map(|span| match span.is_large() {
        true => vec![span.large_type],
        false => span.allocated.ones().filter_map(|slot| word(span.slot_address(slot as u32))).collect(),
    });
    let mut made: Vec<u64> = named.filter(|&at| heap.span_index(at).is_some() || heap.is_manual(at)).collect();
    made.sort_unstable();
    made.dedup();
    let ranges = made.into_iter().flat_map(|at| {
        let mask = word(at.saturating_add(GC_DATA)).zip(word(at.saturating_add(POINTER_BYTES)));
        let mask =
            mask.map(|(mask, bytes)| mask..mask.saturating_add((bytes.min(MOST_POINTER_BYTES) / 64).saturating_add(8)));
        [Some(at..at.saturating_add(DESCRIPTOR_BYTES)), mask]
    });
    ranges.flatten().collect()
}

/// `abi.Type`: its size, and where it has `PtrBytes` and `GCData` (1.17 to 1.27).
const DESCRIPTOR_BYTES: u64 = 48;
const POINTER_BYTES: u64 = 8;
const GC_DATA: u64 = 32;
/// More than any object has.
const MOST_POINTER_BYTES: u64 = 1 << 40;

fn is_stack(before: Treatment) -> bool {
    matches!(before, Treatment::Gone | Treatment::Loose | Treatment::Strict)
}

/// Frames of a handler on the stack of a thread.
const SIGNAL_BYTES: u64 = 64 << 10;
/// Of `runtime.gcController` and `runtime.memstats`, which no release has larger.
const CONTROLLER_BYTES: u64 = 1 << 10;
const MEMSTATS_BYTES: u64 = 12 << 10;
/// Of `runtime.m` where it lies in no object, as `m0` does.
const THREAD_BYTES: u64 = 1 << 10;
/// `heap_info`.
const HEAP_RECORD_BYTES: u64 = 48;
