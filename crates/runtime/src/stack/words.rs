//! What each part of a stack is, for one who must not show its contents: which words are pointers, and where any word may be one.

use super::frame_map::frame_map;
use super::known::FuncKind;
use super::objects::{StackObject, stack_objects};
use super::scan::{MIN_WORDS, StackScanner, WORDS_PER_WORD};
use super::start::StartPoint;
use super::unwind::{Frame, UnwindEnd};
use crate::goroutine::Goroutine;
use crate::own_names::is_runtimes;
use foldhash::HashSet;
use goheap_image::{Address, Machine};
use std::ops::Range;

/// Records of deferred calls and panics of one goroutine; a broken core may have a ring of them.
const MOST_RECORDS: usize = 1 << 16;
/// Bytes of `_defer` and of `_panic` that are looked at: no release's are larger (1.17 to 1.27).
const DEFER_BYTES: u64 = 88;
const PANIC_BYTES: u64 = 112;

/// Words of one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackWords {
    /// From the stack pointer to the stack's end.
    pub live: Range<u64>,
    /// Addresses of the words that stack maps and the records of stack objects take for pointers, and of return addresses.
    pub pointers: Vec<u64>,
    /// Where any word may be a pointer or an address of code: frames without a map, those that were stopped anywhere, and the runtime's.
    pub loose: Vec<Range<u64>>,
    /// Records of deferred calls and of panics, on the stack or elsewhere.
    pub records: Vec<Range<u64>>,
}

impl StackScanner<'_> {
    /// What the stack of `goroutine` is made of from `start` on. A stack that cannot be walked is loose from there on.
    pub fn words(&self, goroutine: &Goroutine, start: &StartPoint) -> StackWords {
        let (lo, hi) = goroutine.stack;
        let sp = start.sp & !7;
        if !(lo..hi).contains(&sp) {
            // Not even where it stands is known: all of it may be live.
            let loose = Some(lo..hi).filter(|all| lo < all.end).into_iter().collect();
            return StackWords { live: lo..hi.max(lo), loose, ..StackWords::default() };
        }
        let (frames, end) = self.unwinder.walk(start.pc, start.sp, start.lr, goroutine.stack);
        let mut words = StackWords { live: sp..hi, ..StackWords::default() };
        let mut left = ((hi - lo) / 8).saturating_mul(WORDS_PER_WORD).saturating_add(MIN_WORDS);
        let mut above_injected = !start.registers.is_empty();
        for (index, frame) in frames.iter().enumerate() {
            let is_injected = frame.func.kind == FuncKind::Injected;
            words.pointers.extend(self.return_addresses(frame));
            if is_injected || above_injected || !self.precise((frame, index), &mut left, &mut words) {
                words.loose.push(whole(frame));
            }
            above_injected = is_injected;
        }
        if end != UnwindEnd::Top {
            words.loose.push(frames.last().map_or(sp, |frame| frame.fp).min(hi)..hi);
        }
        self.records(goroutine, &mut words);
        words
    }

    /// Notes the pointers of a frame; false where no map tells them all, and of the runtime's own functions, whose variables matter.
    fn precise(&self, (frame, index): (&Frame, usize), left: &mut u64, words: &mut StackWords) -> bool {
        let unwinder = &self.unwinder;
        let Some(map) = frame_map(unwinder, frame, *left).filter(|map| !map.is_reflect_stub) else { return false };
        for (base, mask) in [&map.locals, &map.args] {
            *left = left.saturating_sub(mask.len as u64);
            words.pointers.extend(mask.ones().map(|word| base.wrapping_add(word as u64 * 8)));
        }
        let layout = &self.layout.stack_object_record;
        for object in stack_objects(unwinder, layout, self.release, (frame, index), *left) {
            *left = left.saturating_sub(StackObject::words(&object));
            words.pointers.extend(object.pointers.ones().map(|word| object.address.wrapping_add(word as u64 * 8)));
        }
        *left > 0 && !is_runtimes(&unwinder.functions(frame).name(&frame.func))
    }

    /// Where the frame keeps the address that it returns to.
    fn return_addresses(&self, frame: &Frame) -> Vec<u64> {
        match self.unwinder.machine {
            Machine::X86_64 => vec![frame.fp.wrapping_sub(8)],
            Machine::Aarch64 => vec![frame.sp, frame.fp],
        }
    }

    fn records(&self, goroutine: &Goroutine, words: &mut StackWords) {
        let chains = [
            (goroutine.defer.0, self.layout.defer.link, DEFER_BYTES),
            (goroutine.panic, self.layout.panic.link, PANIC_BYTES),
        ];
        for (first, link, bytes) in chains {
            let (mut at, mut seen) = (first, HashSet::default());
            while at != 0 && seen.len() < MOST_RECORDS && seen.insert(at) {
                words.records.push(at..at.saturating_add(bytes));
                at = self.unwinder.memory.read_u64(Address(at).add(link)).unwrap_or(0);
            }
        }
    }
}

/// The frame with its arguments.
fn whole(frame: &Frame) -> Range<u64> {
    let args = frame.func.args.unwrap_or(0);
    frame.sp..frame.fp.max(frame.varp.saturating_add(16)).max(frame.argp.saturating_add(args))
}
