//! The pointers on a goroutine's stack (mgcmark.go `scanstack`).

use super::frame_map::frame_map;
use super::known::FuncKind;
use super::objects::{StackObject, reg_args, stack_objects};
use super::start::StartPoint;
use super::unwind::{Frame, UnwindEnd, Unwinder};
use crate::goroutine::Goroutine;
use crate::layout::RuntimeLayout;
use crate::release_record::Release;
use crate::vector_registers::vector_bytes;
use goheap_image::Address;
use goheap_model::BitVector;

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
    /// Index of the frame that was stopped between any two instructions. If it is the innermost, the thread has its registers, else they
    /// are in the frame below, of the runtime's function that saved them.
    pub stopped: Option<usize>,
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
    /// The release.
    pub release: Release,
}

/// Words that are looked at for one of the stack, and for a stack of none: frames, maps, arguments and variables lie over each other
/// a few times, those of a broken core as often as it likes.
pub(super) const WORDS_PER_WORD: u64 = 8;
pub(super) const MIN_WORDS: u64 = 1 << 16;

/// Instead of the index of a frame, that there is none.
const NO_FRAME: u32 = u32::MAX;

/// A [`StackPointer`] that was not followed yet, in little room: a stack that overflowed may have one a frame.
#[derive(Clone, Copy)]
struct Pending {
    value: u64,
    place: StackPlace,
    frame: u32,
    precision: Precision,
}

/// A scan in progress.
pub(super) struct Work<'a> {
    pub(super) scanner: StackScanner<'a>,
    stack: (u64, u64),
    roots: Vec<StackRoot>,
    objects: Vec<StackObject>,
    /// Pointers into the stack that were not followed yet.
    pending: Vec<Pending>,
    /// The pointer whose stack object is being read.
    via: Option<StackPointer>,
    pub(super) absent: u64,
    /// Words that may yet be looked at.
    left: u64,
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
                stopped: None,
                absent_words: 0,
            };
        }
        let (frames, mut end) = self.unwinder.walk(start.pc, start.sp, start.lr, goroutine.stack);
        let mut work = Work {
            scanner: *self,
            stack: goroutine.stack,
            roots: Vec::new(),
            objects: Vec::new(),
            pending: Vec::new(),
            via: None,
            absent: 0,
            left: ((hi - lo) / 8).saturating_mul(WORDS_PER_WORD).saturating_add(MIN_WORDS),
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
        if work.left == 0 {
            end = UnwindEnd::Broken;
        }
        let is_injected = |frame: &Frame| frame.func.kind == FuncKind::Injected;
        let injected = frames.iter().position(is_injected).map(|index| index + 1).filter(|&index| index < frames.len());
        let stopped = injected.or(innermost.filter(|_| stopped));
        StackScan { frames, end, roots: work.roots, untyped_frames, stopped, absent_words: work.absent }
    }
}

impl Work<'_> {
    /// Notes a word: a pointer into this stack may reach a stack object, any other may reach the heap.
    pub(super) fn found(&mut self, value: u64, place: StackPlace, frame: Option<usize>, precision: Precision) {
        if value == 0 {
            return;
        }
        if self.stack.0 <= value && value < self.stack.1 {
            // There are no more frames than fit.
            let frame = frame.map_or(NO_FRAME, |index| index as u32);
            self.pending.push(Pending { value, place, frame, precision });
        } else {
            self.roots.push(StackRoot { value, place, frame, precision, via: self.via });
        }
    }

    /// Counts words that are looked at.
    fn spend(&mut self, words: u64) {
        self.left = self.left.saturating_sub(words);
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
        let memory = self.scanner.unwinder.memory;
        let end = end.min(self.stack.1);
        let mut at = start.clamp(self.stack.0, end).checked_next_multiple_of(8).unwrap_or(end);
        while at < end && self.left > 0 {
            self.spend(1);
            if memory.contiguous(Address(at)).is_some() {
                self.read(at, frame, Precision::Conservative);
                at += 8;
            } else {
                // Of what is absent there may be much more than there is.
                let next = memory.next_readable(Address(at)).map_or(end, |next| next.0.min(end));
                let words = (next - at).div_ceil(8).max(1);
                self.absent += words;
                at = at.saturating_add(words * 8);
            }
        }
    }

    /// Vector registers of a goroutine preempted at an arbitrary instruction, which the runtime keeps outside the stack. They are
    /// scanned since 1.27 (`xRegScan`); 1.26 saves them and does not.
    fn scan_extended_registers(&mut self, goroutine: &Goroutine) {
        let Some(offset) = self.scanner.layout.g.x_regs.filter(|_| self.scanner.release.scans_vector_registers) else {
            return;
        };
        let memory = self.scanner.unwinder.memory;
        let state = memory.read_u64(goroutine.address.add(offset)).unwrap_or(0);
        let bytes = vector_bytes(self.scanner.unwinder.machine);
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
            if self.left == 0 {
                break;
            }
            let injected = frame.func.kind == FuncKind::Injected;
            if injected || above_injected || (stopped && index == 0) {
                self.conservative_frame(frame, index);
                above_injected = injected;
                continue;
            }
            let Some(map) = frame_map(&scanner.unwinder, frame, self.left) else {
                untyped += 1;
                self.conservative_frame(frame, index);
                continue;
            };
            self.spend((map.locals.1.len + map.args.1.len) as u64);
            self.masked(map.locals.0, &map.locals.1, Some(index));
            self.masked(map.args.0, &map.args.1, Some(index));
            let layout = &scanner.layout.stack_object_record;
            let objects = stack_objects(&scanner.unwinder, layout, scanner.release, (frame, index), self.left);
            let objects =
                if map.is_reflect_stub { vec![reg_args(scanner.unwinder.machine, frame, index)] } else { objects };
            self.spend(objects.iter().map(StackObject::words).sum());
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

    /// Follows pointers into the stack until no further stack object is reached.
    fn follow_objects(&mut self) {
        let mut objects = std::mem::take(&mut self.objects);
        objects.sort_by_key(|object| object.address);
        let mut done = vec![false; objects.len()];
        while let Some(Pending { value, place, frame, precision }) = self.pending.pop() {
            let Some(index) = objects.partition_point(|object| object.address <= value).checked_sub(1) else {
                continue;
            };
            let object = &objects[index];
            if value >= object.address.saturating_add(object.size) || std::mem::replace(&mut done[index], true) {
                continue;
            }
            self.via = Some(StackPointer { value, place, frame: (frame != NO_FRAME).then_some(frame as usize) });
            for word in object.pointers.ones() {
                self.read(object.address.wrapping_add(word as u64 * 8), Some(object.frame), precision);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::GoVersion;
    use crate::goroutine::tests::{blank, layout};
    use crate::stack::FrameFuncs;
    use goheap_image::Machine;
    use goheap_image::MemoryImage;

    fn scan(memory: &MemoryImage, stack: (u64, u64)) -> StackScan {
        let layout = layout();
        let known = FrameFuncs::default();
        let unwinder = Unwinder { memory, modules: &[], machine: Machine::X86_64, known: &known };
        let scanner =
            StackScanner { unwinder, layout: &layout, release: GoVersion::parse("go1.27").unwrap().release() };
        let start = StartPoint { pc: 1, sp: stack.0, ..StartPoint::default() };
        scanner.scan(&Goroutine { stack, ..blank() }, &start)
    }

    #[test]
    fn absent_words_are_counted_and_not_visited() {
        let words = [0xc000_0000_0000_u64, 0, 0x1_0000_0008].map(u64::to_le_bytes).concat();
        let memory = MemoryImage::from_buffers([(Address(0x1_4000_0000), words, true)]);
        let started = std::time::Instant::now();
        let scan = scan(&memory, (0x1_0000_0000, 0x1_0000_0000 + MAX_STACK_BYTES));
        assert!(started.elapsed().as_millis() < 100, "{:?}", started.elapsed());
        let found: Vec<u64> = scan.roots.iter().map(|root| root.value).collect();
        assert_eq!((found, scan.end), (vec![0xc000_0000_0000], UnwindEnd::UnknownFunction(1)));
        assert_eq!(scan.absent_words, MAX_STACK_BYTES / 8 - 3);
    }

    /// Goroutines of a broken core may name one chain of deferred calls, as many as there are.
    #[test]
    fn deferred_calls_of_another_stack_are_not_read() {
        const RECORDS: u64 = 1000;
        let (stack, base) = ((0x10_0000, 0x20_0000), 0xc000_0000_0000_u64);
        let fields = &layout().defer;
        let mut bytes = vec![0; RECORDS as usize * 64];
        let mut set = |record: u64, offset: u64, value: u64| {
            let at = (record * 64 + offset) as usize;
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        };
        for record in 0..RECORDS {
            set(record, fields.sp, stack.0 + 8 * record);
            set(record, fields.func, base + 8 + record * 64);
            set(record, fields.link, if record + 1 < RECORDS { base + (record + 1) * 64 } else { 0 });
        }
        let memory = MemoryImage::from_buffers([(Address(base), bytes, true)]);
        let (layout, known) = (layout(), FrameFuncs::default());
        let unwinder = Unwinder { memory: &memory, modules: &[], machine: Machine::X86_64, known: &known };
        let scanner =
            StackScanner { unwinder, layout: &layout, release: GoVersion::parse("go1.27").unwrap().release() };
        let start = StartPoint { pc: 1, sp: stack.1, lr: 0, ..StartPoint::default() };
        let calls = |stack| {
            let scan = scanner.scan(&Goroutine { stack, defer: Address(base), ..blank() }, &start);
            scan.roots.iter().filter(|root| root.place == StackPlace::Deferred).count() as u64
        };
        assert_eq!((calls(stack), calls((0x30_0000, 0x40_0000)), calls((0, 0))), (RECORDS, 1, 1));
    }

    #[test]
    fn a_stack_larger_than_any_is_not_looked_at() {
        let scan = scan(&MemoryImage::default(), (8, 16 + MAX_STACK_BYTES));
        assert_eq!((scan.absent_words, scan.end), (0, UnwindEnd::Broken));
    }
}
