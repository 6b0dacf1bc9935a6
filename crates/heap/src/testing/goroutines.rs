//! Goroutines with their stacks, and what they wait for.

use super::module::{ANCHORS, CALL, slice};
use super::{GoProcess, STACKS};

const STACK_BYTES: u64 = 0x2000;

/// What a goroutine does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Doing {
    /// It waits, for a reason as tracebacks print it.
    Waits(&'static str),
    /// It could run.
    Runnable,
    /// It ended.
    Dead,
}

impl GoProcess {
    /// A goroutine whose calls have these words of locals, the innermost first; its number. Where it was made, `runtime.goexit` stands.
    pub(crate) fn goroutine(&mut self, doing: Doing, calls: &[(&str, &[u64])]) -> u64 {
        let (fields, gobuf) = (self.layout.g.clone(), self.layout.gobuf.clone());
        let at = self.record(fields.size);
        let number = self.goroutines.len() as u64 + 1;
        let lo = STACKS + (number - 1) * STACK_BYTES;
        let status: u32 = match doing {
            Doing::Waits(_) => 4,
            Doing::Runnable => 1,
            Doing::Dead => 6,
        };
        self.put(lo + STACK_BYTES - 1, &[0]);
        self.set(at + fields.stack, &[lo, lo + STACK_BYTES]);
        self.put(at + fields.atomicstatus, &status.to_le_bytes());
        self.set(at + fields.goid, &[number]);
        if let Doing::Waits(reason) = doing {
            let is_reason =
                |number: &u8| goheap_runtime::constants::wait_reason(*number, self.version.minor) == Some(reason);
            let number = (0..100).find(is_reason).unwrap_or_else(|| panic!("no wait reason {reason}"));
            self.put(at + fields.waitreason, &[number]);
        }
        let start = calls.last().map_or("runtime.main", |call| call.0);
        let (start, creator) = (self.function(start), self.function("runtime.main"));
        self.set(at + fields.startpc, &[start]);
        self.set(at + fields.gopc, &[creator + CALL]);
        let sp = lo + 0x400;
        let innermost = self.frames(sp, calls);
        for (field, value) in [(gobuf.sp, sp), (gobuf.pc, innermost), (gobuf.g, at)] {
            self.set(at + fields.sched + field, &[value]);
        }
        self.goroutines.push(at);
        number
    }

    /// Writes frames from `sp` on; where the innermost stands.
    fn frames(&mut self, sp: u64, calls: &[(&str, &[u64])]) -> u64 {
        let mut at = sp;
        let mut pcs: Vec<u64> = calls.iter().map(|(name, _)| self.function(name) + CALL).collect();
        pcs.push(self.function("runtime.goexit") + CALL);
        for (index, (name, words)) in calls.iter().enumerate() {
            let entry = self.function(name);
            let function = self.functions.iter().find(|function| function.name == *name).unwrap();
            assert!(words.len() <= function.words, "{name} at {entry:#x} has no room for its locals");
            let room = if function.words > 0 { function.words as u64 * 8 + 8 } else { 0 };
            self.set(at, words);
            self.set(at + room, &[pcs[index + 1]]);
            at += room + 8;
        }
        pcs[0]
    }

    /// The goroutine waits for the channel, `elem` being where its value goes or comes from; whether it sends.
    pub(crate) fn waits_for(&mut self, goroutine: u64, channel: u64, elem: u64, sends: bool) {
        let record = self.record(self.layout.sudog.size);
        self.waits_by(goroutine, record, channel);
        let sudog = self.layout.sudog.clone();
        self.set(record + sudog.elem_word.unwrap_or(sudog.elem), &[elem]);
        if channel != 0 && sends {
            let queue = channel + self.layout.hchan.sendq;
            self.set(queue, &[record, record]);
        }
    }

    /// The goroutine waits for any of these channels (`select`).
    pub(crate) fn waits_for_all(&mut self, goroutine: u64, channels: &[u64]) {
        let sudog = self.layout.sudog.clone();
        let mut next = 0;
        for channel in channels.iter().rev() {
            let record = self.record(sudog.size);
            self.waits_by(goroutine, record, *channel);
            self.set(record + sudog.waitlink, &[next]);
            next = record;
        }
    }

    /// The goroutine waits for the channel by a record (`sudog`) that lies at an address.
    pub(crate) fn waits_by(&mut self, goroutine: u64, record: u64, channel: u64) {
        let g = self.goroutines[goroutine as usize - 1];
        let (waiting, sudog) = (self.layout.g.waiting, self.layout.sudog.clone());
        self.set(record + sudog.g, &[g]);
        self.set(record + sudog.c_word.unwrap_or(sudog.c), &[channel]);
        self.set(g + waiting, &[record]);
    }

    /// A record (`sudog`) of the goroutine for a list, with the one that is next; where it lies.
    pub(crate) fn listed(&mut self, goroutine: u64, next: u64) -> u64 {
        let (g, sudog) = (self.goroutines[goroutine as usize - 1], self.layout.sudog.clone());
        let record = self.record(sudog.size);
        self.set(record + sudog.g, &[g]);
        self.set(record + sudog.next, &[next]);
        record
    }

    /// Sets a word of a goroutine's record (`runtime.g`).
    pub(crate) fn set_g(
        &mut self,
        goroutine: u64,
        offset: impl FnOnce(&goheap_runtime::RuntimeLayout) -> u64,
        value: u64,
    ) {
        let at = self.goroutines[goroutine as usize - 1] + offset(&self.layout);
        self.set(at, &[value]);
    }

    /// A processor whose allocator fills the tiny block in which `tiny` lies.
    pub(crate) fn processor(&mut self, tiny: u64) {
        let p = self.record(self.layout.p.size);
        self.processor_at(p, tiny);
    }

    /// The same where its record (`runtime.p`) lies at an address.
    pub(crate) fn processor_at(&mut self, p: u64, tiny: u64) {
        let (fields, cache) = (self.layout.p.clone(), self.layout.mcache.clone());
        let mcache = self.record(cache.size);
        self.set(p + fields.mcache, &[mcache]);
        self.set(mcache + cache.tiny, &[tiny]);
        self.processors.push(p);
    }

    pub(super) fn write_goroutines(&mut self) {
        let processors = self.processors.clone();
        let list = self.record(processors.len().max(1) as u64 * 8);
        self.set(list, &processors);
        self.set(ANCHORS + 0x20, &slice(list, processors.len() as u64));
        let all = self.goroutines.clone();
        let list = self.record(all.len().max(1) as u64 * 8);
        self.set(list, &all);
        self.set(ANCHORS, &slice(list, all.len() as u64));
    }
}
