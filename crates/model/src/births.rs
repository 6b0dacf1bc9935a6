//! Where sampled objects were allocated: the memory profile of the runtime, beside the objects that are there.

use crate::ObjectId;
use serde::Serialize;
use std::sync::Arc;

/// A call of a stack that allocated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BirthCall {
    /// The return address, one behind the call; 0 of a call that the stack has no address for.
    pub pc: u64,
    /// Where the code of the function begins that has the frame: of a call that is inlined, its caller's.
    pub entry: u64,
    /// The function as tracebacks print it; empty where no function of Go has code there.
    pub function: Arc<str>,
    /// Its source file, as compiled.
    pub file: Arc<str>,
    /// The line of the call; 0 where it is not known.
    pub line: u32,
}

impl BirthCall {
    /// `main.fill /src/cache.go:10`; of what is not Go the address.
    pub fn text(&self) -> String {
        self.text_with(&self.file)
    }

    /// [`BirthCall::text`] without folders.
    pub fn short_text(&self) -> String {
        self.text_with(self.file.rsplit('/').next().unwrap_or_default())
    }

    fn text_with(&self, file: &str) -> String {
        match (&*self.function, file) {
            ("", _) => format!("{:#x}", self.pc),
            (function, "") => function.to_owned(),
            (function, file) => format!("{function} {file}:{}", self.line),
        }
    }

    /// True of a call that pprof passes over at the allocating end of a stack (pprof.go `printStackRecord`; `internal/runtime` since
    /// 1.24).
    pub fn is_of_allocator(&self) -> bool {
        self.function.starts_with("runtime.") || self.function.starts_with("internal/runtime/")
    }
}

/// What the profile counts of allocations of one size by one stack, as sampled: a `runtime.MemProfileRecord`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BirthRecord {
    /// The stack, by its number.
    pub stack: u32,
    /// Bytes of one object.
    pub object_bytes: u64,
    /// Objects allocated, up to the last collection whose frees are all known.
    pub allocs: u64,
    /// Of them those freed.
    pub frees: u64,
    /// Bytes of those allocated.
    pub alloc_bytes: u64,
    /// Bytes of those freed.
    pub free_bytes: u64,
}

impl BirthRecord {
    /// Objects in use, as `MemProfileRecord.InUseObjects` has them.
    pub fn in_use(&self) -> i64 {
        self.allocs.wrapping_sub(self.frees) as i64
    }

    /// Bytes in use, as `MemProfileRecord.InUseBytes` has them.
    pub fn in_use_bytes(&self) -> i64 {
        self.alloc_bytes.wrapping_sub(self.free_bytes) as i64
    }
}

/// An object that was sampled and is there. Of a slot of several tiny objects several may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Birth {
    /// The object.
    pub object: ObjectId,
    /// What counts it, by its number.
    pub record: u32,
}

/// How many objects there are and of how many bytes: those sampled, and what they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BirthCount {
    /// Objects sampled.
    pub samples: u64,
    /// Their bytes.
    pub sampled_bytes: u64,
    /// Objects that these stand for.
    pub objects: u64,
    /// Bytes that these stand for.
    pub bytes: u64,
}

impl BirthCount {
    /// Adds another's.
    pub fn add(&mut self, other: BirthCount) {
        self.samples = self.samples.saturating_add(other.samples);
        self.sampled_bytes = self.sampled_bytes.saturating_add(other.sampled_bytes);
        self.objects = self.objects.saturating_add(other.objects);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// How far the profile is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BirthsKnown {
    /// All records are there. Else those are missing that are newer than all that a living object leads to.
    pub all_records: bool,
    /// The counts are those that the program itself would have got. Else a cycle that was about to be published is missing.
    pub settled: bool,
    /// Records, stacks and objects that are absent, broken or of free memory.
    pub absent: u64,
}

/// The memory profile and the sampled objects.
///
/// # Overhead
/// Some 50 bytes a record, 8 a sampled object, 4 a call of a stack, 48 and its names a call that is another.
#[derive(Clone, Debug, Default)]
pub struct Births {
    rate: Option<u64>,
    known: BirthsKnown,
    calls: Vec<BirthCall>,
    stacks: Vec<Box<[u32]>>,
    records: Vec<BirthRecord>,
    births: Vec<Birth>,
}

impl Births {
    /// Of calls, stacks of them by number with the allocator's first, and records. `rate` is `MemProfileRate`: a sample each so many
    /// bytes, 0 for none at all, None where it is not known. What leads to no call, stack or record is left out and counted.
    pub fn new(
        rate: Option<u64>,
        mut known: BirthsKnown,
        calls: Vec<BirthCall>,
        mut stacks: Vec<Box<[u32]>>,
        records: Vec<BirthRecord>,
        mut births: Vec<Birth>,
    ) -> Self {
        for stack in &mut stacks {
            if stack.iter().any(|&call| call as usize >= calls.len()) {
                (*stack, known.absent) = (Box::default(), known.absent + 1);
            }
        }
        let (all, before) = (records.len(), births.len());
        if records.iter().any(|record| record.stack as usize >= stacks.len()) {
            stacks.clear();
            return Births { rate, known: BirthsKnown { absent: all as u64, ..known }, ..Births::default() };
        }
        births.retain(|birth| (birth.record as usize) < all);
        births.sort_unstable();
        known.absent += (before - births.len()) as u64;
        Births { rate, known, calls, stacks, records, births }
    }

    /// `MemProfileRate`: bytes from sample to sample on average; 0 where nothing is sampled. None where the variable is not known.
    pub fn rate(&self) -> Option<u64> {
        self.rate
    }

    /// How far the profile is known.
    pub fn known(&self) -> BirthsKnown {
        self.known
    }

    /// What the profile counts.
    pub fn records(&self) -> &[BirthRecord] {
        &self.records
    }

    /// What the profile counts by that number, which is that of a [`Birth`].
    pub fn record(&self, record: u32) -> BirthRecord {
        self.records.get(record as usize).copied().unwrap_or_default()
    }

    /// The sampled objects that are there, by object.
    pub fn all(&self) -> &[Birth] {
        &self.births
    }

    /// Those in the slot of an object.
    pub fn of(&self, object: ObjectId) -> &[Birth] {
        let first = self.births.partition_point(|birth| birth.object < object);
        let rest = &self.births[first..];
        &rest[..rest.partition_point(|birth| birth.object == object)]
    }

    /// Number of stacks.
    pub fn stack_count(&self) -> usize {
        self.stacks.len()
    }

    /// The calls of a stack by its number, the allocator's first.
    pub fn calls(&self, stack: u32) -> impl ExactSizeIterator<Item = &BirthCall> + Clone {
        self.call_numbers(stack).iter().map(|&call| &self.calls[call as usize])
    }

    /// The call by that number.
    pub fn call(&self, call: u32) -> Option<&BirthCall> {
        self.calls.get(call as usize)
    }

    /// The numbers of the calls of a stack.
    pub fn call_numbers(&self, stack: u32) -> &[u32] {
        self.stacks.get(stack as usize).map_or(&[], |stack| stack)
    }

    /// The numbers of the calls that pprof shows: without the allocator's own, and without the one that ends the goroutine. All of a stack
    /// that has no others.
    pub fn shown_numbers(&self, stack: u32) -> &[u32] {
        let all = self.call_numbers(stack);
        let call = |number: &u32| &self.calls[*number as usize];
        let ends = |number: &u32| &*call(number).function == "runtime.goexit";
        let all = if all.last().is_some_and(ends) { &all[..all.len() - 1] } else { all };
        let first = all.iter().position(|number| !call(number).is_of_allocator());
        first.map_or(all, |first| &all[first..])
    }

    /// What `samples` objects of a record stand for.
    pub fn count(&self, record: u32, samples: u64) -> BirthCount {
        let size = self.record(record).object_bytes;
        let (objects, bytes) = scaled(samples, size, self.rate.unwrap_or(0));
        BirthCount { samples, sampled_bytes: samples.saturating_mul(size), objects, bytes }
    }
}

/// How many objects of `size` bytes a sampled one stands for, at a rate: the chance of a sample is 1 - exp(-size / rate) (protomem.go
/// `scaleHeapSample`). None at a rate of 1 or less, and where it is not known: then it stands for itself.
pub fn sample_scale(size: u64, rate: u64) -> Option<f64> {
    (rate > 1).then(|| 1.0 / (1.0 - (-(size as f64) / rate as f64).exp()))
}

/// What `count` sampled objects of `size` bytes stand for: whole numbers, cut as pprof cuts them.
fn scaled(count: u64, size: u64, rate: u64) -> (u64, u64) {
    if count == 0 || size == 0 {
        return (0, 0);
    }
    let bytes = count.saturating_mul(size);
    match sample_scale(size, rate) {
        Some(scale) => ((count as f64 * scale) as u64, (bytes as f64 * scale) as u64),
        None => (count, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: &str, line: u32) -> BirthCall {
        BirthCall { function: function.into(), file: "main.go".into(), line, ..BirthCall::default() }
    }

    fn births() -> Births {
        let calls = ["runtime.mallocgc", "main.make", "main.main", "runtime.goexit", "internal/runtime/maps.New"];
        let calls = calls.iter().zip(1..).map(|(name, line)| call(name, line)).collect();
        let stacks = vec![[4, 0, 1, 2, 3].into(), [0, 3].into(), [9].into()];
        let record = |stack, object_bytes| BirthRecord { stack, object_bytes, ..BirthRecord::default() };
        let records = vec![record(0, 64), record(1, 8)];
        let birth = |object, record| Birth { object: ObjectId(object), record };
        let known = BirthsKnown { all_records: true, settled: true, absent: 0 };
        Births::new(
            Some(524_288),
            known,
            calls,
            stacks,
            records,
            vec![birth(7, 0), birth(3, 1), birth(3, 0), birth(4, 9)],
        )
    }

    #[test]
    fn the_allocators_own_calls_are_passed_over_as_pprof_does() {
        let births = births();
        assert_eq!(births.shown_numbers(0), [1, 2]);
        assert_eq!(births.shown_numbers(1), [0]);
        assert_eq!((births.shown_numbers(2), births.shown_numbers(77)), (&[][..], &[][..]));
    }

    #[test]
    fn what_leads_nowhere_is_counted() {
        let births = births();
        assert_eq!((births.all().len(), births.known().absent), (3, 2));
        let of = |object| births.of(ObjectId(object)).iter().map(|birth| birth.record).collect::<Vec<_>>();
        assert_eq!([of(3), of(4), of(7)], [vec![0, 1], vec![], vec![0]]);
        let stackless = vec![BirthRecord { stack: 1, ..BirthRecord::default() }];
        let broken = Births::new(None, BirthsKnown::default(), Vec::new(), Vec::new(), stackless, Vec::new());
        assert_eq!((broken.records().len(), broken.known().absent), (0, 1));
    }

    #[test]
    fn samples_stand_for_others_as_in_pprof() {
        let births = births();
        // 1 / (1 - exp(-64 / 524288)) = 8192.50…
        let count = births.count(0, 3);
        assert_eq!((count.samples, count.sampled_bytes, count.objects, count.bytes), (3, 192, 24577, 1_572_960));
        assert_eq!(scaled(3, 1 << 30, 524_288), (3, 3 << 30));
        assert_eq!((scaled(3, 8, 1), scaled(3, 8, 0), scaled(3, 0, 512)), ((3, 24), (3, 24), (0, 0)));
    }
}
