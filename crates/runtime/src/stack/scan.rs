//! The pointers on a goroutine's stack (mgcmark.go `scanstack`).

use super::frame_map::frame_map;
use super::objects::{StackObject, stack_objects};
use super::start::StartPoint;
use super::unwind::{Frame, FuncKind, UnwindEnd, Unwinder};
use crate::bits::BitVector;
use crate::goroutine::Goroutine;
use crate::layout::RuntimeLayout;
use goheap_image::Address;
use std::collections::HashSet;

/// Deferred calls of one goroutine; the list of a broken core may be a ring.
const MAX_DEFERS: usize = 1 << 24;

/// How sure it is that a stack word is a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// The compiler's stack map says so.
    Precise,
    /// The word only looks like one: a register, or a frame stopped at an arbitrary instruction.
    Conservative,
}

/// One word that may keep an object alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackRoot {
    /// The pointer.
    pub value: u64,
    /// Where it lies; None for a register.
    pub address: Option<u64>,
    /// Index of its frame, innermost first; None for registers, deferred calls and the closure context.
    pub frame: Option<usize>,
    /// Whether it is known to be a pointer.
    pub precision: Precision,
}

/// What one stack holds.
#[derive(Clone, Debug)]
pub struct StackScan {
    /// Frames, innermost first.
    pub frames: Vec<Frame>,
    /// How the walk ended.
    pub end: UnwindEnd,
    /// Words that may point into the heap.
    pub roots: Vec<StackRoot>,
    /// Frames that should have a stack map and have none: scanned conservatively.
    pub untyped_frames: u64,
}

/// Scans stacks of one process.
#[derive(Clone, Copy)]
pub struct StackScanner<'a> {
    /// Walks the frames.
    pub unwinder: Unwinder<'a>,
    /// Where the runtime's structs keep their fields.
    pub layout: &'a RuntimeLayout,
    /// The release's minor number.
    pub minor: u32,
}

/// A scan in progress.
struct Work<'a> {
    scanner: StackScanner<'a>,
    stack: (u64, u64),
    roots: Vec<StackRoot>,
    objects: Vec<StackObject>,
    /// Pointers into the stack that were not followed yet.
    pending: Vec<(u64, Precision)>,
}

impl<'a> StackScanner<'a> {
    /// Scans the stack of `goroutine` from `start`.
    pub fn scan(&self, goroutine: &Goroutine, start: &StartPoint) -> StackScan {
        let (frames, end) = self.unwinder.walk(start.pc, start.sp, start.lr, goroutine.stack);
        let mut work = Work {
            scanner: *self,
            stack: goroutine.stack,
            roots: Vec::new(),
            objects: Vec::new(),
            pending: Vec::new(),
        };
        let stopped = !start.registers.is_empty();
        start.registers.iter().for_each(|&word| work.found(word, None, None, Precision::Conservative));
        work.found(goroutine.sched.ctxt, None, None, Precision::Precise);
        let untyped_frames = work.scan_frames(&frames, stopped);
        if frames.is_empty() && end != UnwindEnd::Top {
            // The stack could not be walked at all: what lies on it is kept, as words that look like pointers.
            work.conservative(start.sp, goroutine.stack.1, None);
        }
        work.scan_defers(goroutine);
        work.follow_objects();
        StackScan { frames, end, roots: work.roots, untyped_frames }
    }
}

impl Work<'_> {
    /// Notes a word: a pointer into this stack may reach a stack object, any other may reach the heap.
    fn found(&mut self, value: u64, address: Option<u64>, frame: Option<usize>, precision: Precision) {
        if value == 0 {
            return;
        }
        if self.stack.0 <= value && value < self.stack.1 {
            self.pending.push((value, precision));
        } else {
            self.roots.push(StackRoot { value, address, frame, precision });
        }
    }

    fn read(&mut self, address: u64, frame: Option<usize>, precision: Precision) {
        if let Some(value) = self.scanner.unwinder.memory.read_u64(Address(address)) {
            self.found(value, Some(address), frame, precision);
        }
    }

    fn masked(&mut self, base: u64, mask: &BitVector, frame: Option<usize>) {
        mask.ones().for_each(|word| self.read(base + word as u64 * 8, frame, Precision::Precise));
    }

    fn conservative(&mut self, start: u64, end: u64, frame: Option<usize>) {
        let (start, end) = (start.next_multiple_of(8).max(self.stack.0), end.min(self.stack.1));
        (start..end).step_by(8).for_each(|address| self.read(address, frame, Precision::Conservative));
    }

    /// Scans each frame; returns how many had no stack map.
    fn scan_frames(&mut self, frames: &[Frame], stopped: bool) -> u64 {
        let scanner = self.scanner;
        let mut untyped = 0;
        // asyncPreempt saved the registers of the frame above, which it stopped anywhere: both are scanned conservatively.
        let mut above_injected = false;
        for (index, frame) in frames.iter().enumerate() {
            let injected = scanner.unwinder.kind(frame) == FuncKind::Injected;
            if injected || above_injected || (stopped && index == 0) {
                self.conservative_frame(frame, index);
                above_injected = injected;
                continue;
            }
            let Some(map) = frame_map(&scanner.unwinder, frame) else {
                untyped += 1;
                self.conservative_frame(frame, index);
                continue;
            };
            self.masked(map.locals.0, &map.locals.1, Some(index));
            self.masked(map.args.0, &map.args.1, Some(index));
            let layout = &scanner.layout.stack_object_record;
            let objects = stack_objects(&scanner.unwinder, layout, scanner.minor, frame, index, map.is_reflect_stub);
            self.objects.extend(objects);
        }
        untyped
    }

    fn conservative_frame(&mut self, frame: &Frame, index: usize) {
        // On arm64 a signal handler pushes LR in a frame of 16 bytes of its own below (golang.org/issue/80188).
        self.conservative(frame.sp, frame.varp.saturating_add(16), Some(index));
        let args = frame.func.args.unwrap_or(0);
        self.conservative(frame.argp, frame.argp.saturating_add(args), Some(index));
    }

    /// Deferred calls: their functions, and the records themselves where they lie in the heap.
    fn scan_defers(&mut self, goroutine: &Goroutine) {
        let memory = self.scanner.unwinder.memory;
        let fields = &self.scanner.layout.defer;
        let mut seen = HashSet::new();
        let mut record = goroutine.defer;
        while !record.is_null() && seen.insert(record.0) && seen.len() < MAX_DEFERS {
            self.read(record.0.wrapping_add(fields.func), None, Precision::Precise);
            self.read(record.0.wrapping_add(fields.link), None, Precision::Precise);
            if memory.read_u8(record.add(fields.heap)) == Some(1) {
                self.found(record.0, None, None, Precision::Precise);
            }
            let Some(next) = memory.read_u64(record.add(fields.link)) else { break };
            record = Address(next);
        }
        self.found(goroutine.panic, None, None, Precision::Precise);
    }

    /// Follows pointers into the stack until no further stack object is reached.
    fn follow_objects(&mut self) {
        let mut objects = std::mem::take(&mut self.objects);
        objects.sort_by_key(|object| object.address);
        let mut done = vec![false; objects.len()];
        while let Some((pointer, precision)) = self.pending.pop() {
            let Some(index) = objects.partition_point(|object| object.address <= pointer).checked_sub(1) else {
                continue;
            };
            let object = &objects[index];
            if pointer >= object.address + object.size || std::mem::replace(&mut done[index], true) {
                continue;
            }
            for word in object.pointers.ones() {
                self.read(object.address + word as u64 * 8, Some(object.frame), precision);
            }
        }
    }
}
