//! The calls that a goroutine deferred (panic.go), as far as records tell them.

use super::scan::{Precision, StackPlace, Work};
use super::unwind::Frame;
use crate::goroutine::Goroutine;
use foldhash::{HashMap, HashSet};
use goheap_image::Address;

/// Deferred calls of one goroutine; the list of a broken core may be a ring.
const MAX_DEFERS: usize = 1 << 24;

impl Work<'_> {
    /// Deferred calls: their functions, and the records themselves where they lie in the heap. A record names a place on the stack of its
    /// goroutine, and stacks do not lie over each other, so no record is read for two goroutines of a broken core.
    pub(super) fn scan_defers(&mut self, goroutine: &Goroutine, frames: &[Frame]) {
        let memory = self.scanner.unwinder.memory;
        let fields = &self.scanner.layout.defer;
        // A function that defers in a loop has a record a turn; frames are as many as a core likes.
        let mut frame_of: HashMap<u64, usize> = HashMap::default();
        if !goroutine.defer.is_null() {
            frames.iter().enumerate().for_each(|(index, frame)| {
                frame_of.entry(frame.sp).or_insert(index);
            });
        }
        let mut seen = HashSet::default();
        let mut record = goroutine.defer;
        while !record.is_null() && seen.insert(record.0) && seen.len() < MAX_DEFERS {
            self.absent += u64::from(memory.read_u64(record.add(fields.link)).is_none());
            let word = |offset: u64| memory.read_u64(record.add(offset)).unwrap_or(0);
            // The record keeps the stack pointer of the function that deferred.
            let sp = word(fields.sp);
            // The first may be in the making.
            if seen.len() > 1 && !goroutine.on_stack(sp) {
                break;
            }
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
}
