//! The pointers on a goroutine's stack (mgcmark.go `scanstack`).

use super::frame_map::frame_map;
use super::objects::{StackObject, stack_objects};
use super::start::StartPoint;
use super::unwind::{Frame, FuncKind, UnwindEnd, Unwinder};
use crate::bits::BitVector;
use crate::goroutine::Goroutine;
use crate::layout::RuntimeLayout;
use goheap_image::{Address, Machine};
use rustc_hash::FxHashMap;
use std::collections::HashSet;

/// Deferred calls of one goroutine; the list of a broken core may be a ring.
const MAX_DEFERS: usize = 1 << 24;

/// The runtime stops a goroutine whose stack grows beyond 1 GB (`maxstacksize`), which stands for twice as much at most.
const MAX_STACK_BYTES: u64 = 2 << 30;

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
    /// Where it lies.
    pub place: StackPlace,
    /// Index of its frame, innermost first; of a deferred call, that of the function that deferred it.
    pub frame: Option<usize>,
    /// Whether it is known to be a pointer.
    pub precision: Precision,
    /// Of a word in a stack object: the pointer that keeps the object alive.
    pub via: Option<StackPointer>,
}

/// Where a root of a goroutine lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackPlace {
    /// On the stack, at this address.
    Slot(u64),
    /// In a register of the thread that was stopped, by DWARF's number.
    Register(u16),
    /// In a vector register that the runtime saved.
    VectorRegister,
    /// In the record of a deferred call: the func value to call.
    Deferred,
    /// The record of a deferred call itself.
    DeferRecord,
    /// In the registers that the goroutine saved: the closure that it runs.
    Context,
    /// The innermost panic.
    Panic,
}

/// A pointer on a stack to a variable on the same stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackPointer {
    /// What it points to.
    pub value: u64,
    /// Where it lies.
    pub place: StackPlace,
    /// Index of its frame.
    pub frame: Option<usize>,
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
    /// Words of the frames, of what lies beyond them where the walk ended early, and of the records of deferred calls that are
    /// absent: pointers, or words that may be.
    pub absent_words: u64,
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
    pending: Vec<(StackPointer, Precision)>,
    /// The pointer whose stack object is being read.
    via: Option<StackPointer>,
    absent: u64,
}

impl<'a> StackScanner<'a> {
    /// Scans the stack of `goroutine` from `start`.
    pub fn scan(&self, goroutine: &Goroutine, start: &StartPoint) -> StackScan {
        let (lo, hi) = goroutine.stack;
        if lo > hi || hi - lo > MAX_STACK_BYTES {
            return StackScan {
                frames: Vec::new(),
                end: UnwindEnd::Broken,
                roots: Vec::new(),
                untyped_frames: 0,
                absent_words: 0,
            };
        }
        let (frames, end) = self.unwinder.walk(start.pc, start.sp, start.lr, goroutine.stack);
        let mut work = Work {
            scanner: *self,
            stack: goroutine.stack,
            roots: Vec::new(),
            objects: Vec::new(),
            pending: Vec::new(),
            via: None,
            absent: 0,
        };
        let stopped = !start.registers.is_empty();
        let innermost = (!frames.is_empty()).then_some(0);
        for &(number, word) in &start.registers {
            work.found(word, StackPlace::Register(number), innermost, Precision::Conservative);
        }
        work.found(goroutine.sched.ctxt, StackPlace::Context, None, Precision::Precise);
        if goroutine.async_safe_point {
            work.scan_extended_registers(goroutine);
        }
        let untyped_frames = work.scan_frames(&frames, stopped);
        if end != UnwindEnd::Top {
            // What lies beyond the last frame is kept, as words that look like pointers.
            work.conservative(frames.last().map_or(start.sp, |frame| frame.fp), goroutine.stack.1, None);
        }
        work.scan_defers(goroutine, &frames);
        work.follow_objects();
        StackScan { frames, end, roots: work.roots, untyped_frames, absent_words: work.absent }
    }
}

impl Work<'_> {
    /// Notes a word: a pointer into this stack may reach a stack object, any other may reach the heap.
    fn found(&mut self, value: u64, place: StackPlace, frame: Option<usize>, precision: Precision) {
        if value == 0 {
            return;
        }
        if self.stack.0 <= value && value < self.stack.1 {
            self.pending.push((StackPointer { value, place, frame }, precision));
        } else {
            self.roots.push(StackRoot { value, place, frame, precision, via: self.via });
        }
    }

    fn read(&mut self, address: u64, frame: Option<usize>, precision: Precision) {
        match self.scanner.unwinder.memory.read_u64(Address(address)) {
            Some(value) => self.found(value, StackPlace::Slot(address), frame, precision),
            None => self.absent += 1,
        }
    }

    fn masked(&mut self, base: u64, mask: &BitVector, frame: Option<usize>) {
        mask.ones().for_each(|word| self.read(base.wrapping_add(word as u64 * 8), frame, Precision::Precise));
    }

    fn conservative(&mut self, start: u64, end: u64, frame: Option<usize>) {
        let end = end.min(self.stack.1);
        let start = start.clamp(self.stack.0, end).checked_next_multiple_of(8).unwrap_or(end);
        (start..end).step_by(8).for_each(|address| self.read(address, frame, Precision::Conservative));
    }

    /// Vector registers of a goroutine preempted at an arbitrary instruction, which the runtime keeps outside the stack. They are
    /// scanned since 1.27 (`xRegScan`); 1.26 saves them and does not.
    fn scan_extended_registers(&mut self, goroutine: &Goroutine) {
        let Some(offset) = self.scanner.layout.g.x_regs.filter(|_| self.scanner.minor >= 27) else { return };
        let memory = self.scanner.unwinder.memory;
        let state = memory.read_u64(goroutine.address.add(offset)).unwrap_or(0);
        let bytes = match self.scanner.unwinder.machine {
            Machine::X86_64 => 2112,
            Machine::Aarch64 => 512,
        };
        if state != 0 {
            for word in (0..bytes).step_by(8).filter_map(|offset| memory.read_u64(Address(state).add(offset))) {
                self.found(word, StackPlace::VectorRegister, None, Precision::Conservative);
            }
        }
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
    fn scan_defers(&mut self, goroutine: &Goroutine, frames: &[Frame]) {
        let memory = self.scanner.unwinder.memory;
        let fields = &self.scanner.layout.defer;
        // A function that defers in a loop has a record a turn; frames are as many as a core likes.
        let mut frame_of: FxHashMap<u64, usize> = FxHashMap::default();
        if !goroutine.defer.is_null() {
            frames.iter().enumerate().for_each(|(index, frame)| {
                frame_of.entry(frame.sp).or_insert(index);
            });
        }
        let mut seen = HashSet::new();
        let mut record = goroutine.defer;
        while !record.is_null() && seen.insert(record.0) && seen.len() < MAX_DEFERS {
            self.absent += u64::from(memory.read_u64(record.add(fields.link)).is_none());
            let word = |offset: u64| memory.read_u64(record.add(offset)).unwrap_or(0);
            // The record keeps the stack pointer of the function that deferred.
            let sp = word(fields.sp);
            let frame = frame_of.get(&sp).copied();
            self.found(word(fields.func), StackPlace::Deferred, frame, Precision::Precise);
            let next = word(fields.link);
            self.found(next, StackPlace::DeferRecord, frame, Precision::Precise);
            if memory.read_u8(record.add(fields.heap)) == Some(1) {
                self.found(record.0, StackPlace::DeferRecord, frame, Precision::Precise);
            }
            record = Address(next);
        }
        self.found(goroutine.panic, StackPlace::Panic, None, Precision::Precise);
    }

    /// Follows pointers into the stack until no further stack object is reached.
    fn follow_objects(&mut self) {
        let mut objects = std::mem::take(&mut self.objects);
        objects.sort_by_key(|object| object.address);
        let mut done = vec![false; objects.len()];
        while let Some((pointer, precision)) = self.pending.pop() {
            let Some(index) = objects.partition_point(|object| object.address <= pointer.value).checked_sub(1) else {
                continue;
            };
            let object = &objects[index];
            if pointer.value >= object.address.saturating_add(object.size) || std::mem::replace(&mut done[index], true)
            {
                continue;
            }
            self.via = Some(pointer);
            for word in object.pointers.ones() {
                self.read(object.address.wrapping_add(word as u64 * 8), Some(object.frame), precision);
            }
        }
    }
}
