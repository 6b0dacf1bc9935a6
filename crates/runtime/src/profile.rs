//! The memory profile (mprof.go): which stack allocated the objects that were sampled, and how many.
//!
//! A sampled object has a special that leads to a bucket. A bucket counts the allocations of one size by one stack:
//!
//! ```text
//! mbuckets ──► bucket ─ allnext ─► bucket ─ allnext ─► ...
//!              nstk return addresses, the callee's first
//!              memRecord: active, future[3], of each allocs, frees and, up to 1.26, bytes of both
//! ```

use crate::discover::Search;
use crate::layout::RuntimeLayout;
use crate::model::RuntimeModel;
use crate::special::{SpecialDetail, read_specials};
use crate::words::read_words;
use foldhash::{HashMap, HashSet};
use goheap_image::{Address, MemoryImage};
use goheap_model::{Claim, Observer, Refusal, Unobserved};

/// Whose a bucket is (`bucketType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BucketKind {
    /// `memProfile`.
    Memory = 1,
    /// `blockProfile`.
    Block = 2,
    /// `mutexProfile`.
    Mutex = 3,
}

/// `memProfile`, the kind of bucket.
const MEMORY_PROFILE: u64 = BucketKind::Memory as u64;
/// `maxProfStackDepth` since 1.23; before, stacks have 32 at the most.
pub(crate) const MAX_STACK: u64 = 1024;
/// Cycles that are counted ahead (`memRecord.future`).
const FUTURE: u64 = 3;
/// Buckets of a program, and words of their stacks. A large program has some ten thousand of each a hundred words.
pub(crate) const MAX_BUCKETS: usize = 1 << 22;
pub(crate) const MAX_WORDS: usize = 1 << 27;
/// So many bytes are claimed at a time.
const CLAIMED: usize = 1 << 22;
/// A rate is no larger: more than any heap.
const MAX_RATE: u64 = 1 << 48;

/// How often something was counted, as the words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cycle {
    allocs: u64,
    frees: u64,
    alloc_bytes: u64,
    free_bytes: u64,
}

impl Cycle {
    fn add(&mut self, other: Cycle) {
        self.allocs = self.allocs.wrapping_add(other.allocs);
        self.frees = self.frees.wrapping_add(other.frees);
        self.alloc_bytes = self.alloc_bytes.wrapping_add(other.alloc_bytes);
        self.free_bytes = self.free_bytes.wrapping_add(other.free_bytes);
    }
}

/// What the memory profile counts of allocations of one size by one stack, not scaled. A `runtime.MemProfileRecord`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Where it lies.
    pub address: u64,
    /// Bytes of one object.
    pub object_size: u64,
    /// Return addresses, the allocator's first. Calls that are inlined have one of their own, so that each stands for the innermost call
    /// there (traceback.go `tracebackPCs`, 1.17 to 1.27).
    pub stack: Vec<u64>,
    /// Objects allocated, up to the last collection whose frees are all known.
    pub allocs: u64,
    /// Of them those freed.
    pub frees: u64,
    /// Bytes allocated.
    pub alloc_bytes: u64,
    /// Bytes freed.
    pub free_bytes: u64,
}

/// The memory profile of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemProfile {
    /// `MemProfileRate`: one sample a so many bytes; 0 where nothing is sampled, as in programs that have no use for the profile. None
    /// where the variable is not known.
    pub rate: Option<u64>,
    /// Its buckets, the newest first as far as the list is known.
    pub buckets: Vec<Bucket>,
    /// The address of each sampled object that was not freed, with the index of its bucket, span by span. Of a tiny object the address
    /// lies in its block.
    pub samples: Vec<(u64, u32)>,
    /// The list of all buckets was found. Else those are missing that are newer than all that a living object leads to.
    pub has_list: bool,
    /// The number of the cycle was found. Else what is counted of one that was about to be published is missing.
    pub has_cycle: bool,
    /// Records and buckets that are absent or broken; behind an absent one may be others.
    pub absent: u64,
}

/// True of what `MemProfileRate` may be; it is an `int`.
pub(crate) fn is_rate(word: u64) -> bool {
    word <= MAX_RATE
}

/// True if a bucket of that kind lies there: its hash is that of its stack and size (mprof.go `stkbucket`, 1.17 to 1.27).
pub(crate) fn is_bucket(memory: &MemoryImage, layout: &RuntimeLayout, kind: BucketKind, at: Address) -> bool {
    let fields = &layout.bucket;
    let word = |offset: u64| memory.read_u64(at.add(offset));
    let read = || {
        let nstk = word(fields.nstk).filter(|&nstk| nstk <= MAX_STACK)?;
        let stack = read_words(memory, at.add(fields.size), usize::try_from(nstk).ok()?)?;
        Some(word(fields.typ)? == kind as u64 && word(fields.hash)? == hash(&stack, word(fields.object_size)?))
    };
    at.0.is_multiple_of(8) && read() == Some(true)
}

fn hash(stack: &[u64], size: u64) -> u64 {
    let mut hash = 0_u64;
    for word in stack.iter().chain([&size]) {
        hash = hash.wrapping_add(*word);
        hash = hash.wrapping_add(hash << 10);
        hash ^= hash >> 6;
    }
    hash = hash.wrapping_add(hash << 3);
    hash ^ hash >> 11
}

impl RuntimeModel<'_> {
    /// The memory profile, read anew: all specials and all buckets are gone over.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn mem_profile(&self, observer: &dyn Observer) -> Result<MemProfile, Refusal> {
        let (memory, layout) = (self.memory(), &self.layout);
        let (module, others) = (&self.modules[0], &self.modules[1..]);
        let search = Search { memory, machine: self.machine(), layout, symbols: &self.symbols, module, others };
        let rate = search.memory_profile_rate().and_then(|at| memory.read_u64(at)).filter(|&rate| is_rate(rate));
        let (list, cycle) = (search.buckets("runtime.mbuckets", BucketKind::Memory), search.memory_profile_cycle());
        let mut reader = Reader::new(memory, layout, cycle, observer);
        let first = list.and_then(|list| memory.read_u64(list));
        if let Some(first) = first {
            reader.list(first)?;
        }
        let (mut seen, mut samples, mut absent) = (HashSet::default(), Vec::new(), 0);
        for span in self.heap.spans.iter().filter(|span| !span.specials.is_null()) {
            let specials = read_specials(memory, layout, &self.version, span, &mut seen);
            absent += specials.absent;
            reader.claim(specials.entries.len() * SPECIAL_BYTES)?;
            for special in specials.entries {
                let SpecialDetail::Profile(bucket) = special.detail else { continue };
                match reader.bucket(bucket)? {
                    Some(index) => samples.push((special.object, index)),
                    None => absent += 1,
                }
            }
        }
        let (buckets, broken) = reader.finish();
        Ok(MemProfile {
            rate,
            buckets,
            samples,
            has_list: first.is_some(),
            has_cycle: cycle.is_some(),
            absent: absent + broken,
        })
    }
}

impl RuntimeModel<'_> {
    /// The stack of the bucket of the memory profile that lies there; None where none does.
    pub fn mem_profile_stack(&self, bucket: u64) -> Option<Vec<u64>> {
        let reader = Reader::new(self.memory(), &self.layout, None, &Unobserved);
        reader.read(Address(bucket)).map(|(bucket, ..)| bucket.stack)
    }
}

/// Bytes of a special while it is read, and of a sample.
const SPECIAL_BYTES: usize = 64;

/// Reads buckets, each once.
struct Reader<'a> {
    memory: &'a MemoryImage,
    layout: &'a RuntimeLayout,
    cycle: Option<u32>,
    observer: &'a dyn Observer,
    buckets: Vec<(Bucket, [Cycle; 1 + FUTURE as usize])>,
    /// None for what is no bucket.
    index_of: HashMap<u64, Option<u32>>,
    words: usize,
    broken: u64,
    /// Bytes taken since the last claim.
    unclaimed: usize,
}

impl<'a> Reader<'a> {
    fn new(memory: &'a MemoryImage, layout: &'a RuntimeLayout, cycle: Option<u32>, observer: &'a dyn Observer) -> Self {
        let (buckets, index_of) = (Vec::new(), HashMap::default());
        Reader { memory, layout, cycle, observer, buckets, index_of, words: 0, broken: 0, unclaimed: 0 }
    }

    /// The bucket at an address, and those behind it.
    fn bucket(&mut self, address: u64) -> Result<Option<u32>, Refusal> {
        if !self.index_of.contains_key(&address) {
            self.list(address)?;
        }
        Ok(self.index_of.get(&address).copied().flatten())
    }

    /// Reads from a bucket on, up to one that was met before.
    fn list(&mut self, first: u64) -> Result<(), Refusal> {
        let mut next = first;
        while next != 0 && !self.index_of.contains_key(&next) && self.buckets.len() < MAX_BUCKETS {
            let read = self.read(Address(next)).filter(|_| self.words < MAX_WORDS);
            let index = self.buckets.len() as u32;
            self.index_of.insert(next, read.is_some().then_some(index));
            let Some((bucket, cycles, behind)) = read else {
                self.broken += 1;
                break;
            };
            self.words += bucket.stack.len();
            self.claim(size_of::<(Bucket, [Cycle; 4])>() + bucket.stack.len() * 8 + 32)?;
            self.buckets.push((bucket, cycles));
            next = behind;
        }
        Ok(())
    }

    fn read(&self, at: Address) -> Option<(Bucket, [Cycle; 1 + FUTURE as usize], u64)> {
        let (fields, record) = (&self.layout.bucket, &self.layout.mem_record);
        let word = |offset: u64| self.memory.read_u64(at.add(offset));
        let is_aligned = at.0.is_multiple_of(8);
        let nstk = word(fields.nstk).filter(|&nstk| is_aligned && nstk <= MAX_STACK)?;
        if word(fields.typ)? != MEMORY_PROFILE {
            return None;
        }
        let stack = read_words(self.memory, at.add(fields.size), usize::try_from(nstk).ok()?)?;
        let object_size = word(fields.object_size)?;
        let data = at.add(fields.size + nstk * 8);
        let mut cycles = [self.cycle(data.add(record.active), object_size)?; 1 + FUTURE as usize];
        for (cycle, index) in cycles.iter_mut().skip(1).zip(0..) {
            *cycle = self.cycle(data.add(record.future + index * self.layout.mem_record_cycle.size), object_size)?;
        }
        let bucket = Bucket { address: at.0, object_size, stack, ..Bucket::default() };
        Some((bucket, cycles, word(fields.allnext)?))
    }

    /// What one cycle counted. Bytes are no longer counted since 1.27.
    fn cycle(&self, at: Address, object_size: u64) -> Option<Cycle> {
        let fields = &self.layout.mem_record_cycle;
        let word = |offset: u64| self.memory.read_u64(at.add(offset));
        let (allocs, frees) = (word(fields.allocs)?, word(fields.frees)?);
        let bytes = |counted: Option<u64>, objects: u64| match counted {
            Some(offset) => word(offset),
            None => Some(objects.wrapping_mul(object_size)),
        };
        let (alloc_bytes, free_bytes) = (bytes(fields.alloc_bytes, allocs)?, bytes(fields.free_bytes, frees)?);
        Some(Cycle { allocs, frees, alloc_bytes, free_bytes })
    }

    fn claim(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.unclaimed += bytes;
        if self.unclaimed >= CLAIMED {
            // A vector that grows is there twice.
            let claim = Claim { kept: CLAIMED as u64, passing: self.unclaimed as u64 };
            self.observer.claim(claim)?;
            self.unclaimed = 0;
        }
        Ok(())
    }

    /// The buckets with what `runtime.MemProfile` would say of them: what was published, and the cycle that is to be published next;
    /// before the first collection all that was counted.
    fn finish(self) -> (Vec<Bucket>, u64) {
        let next = self.cycle.map(|cycle| 1 + (cycle % FUTURE as u32) as usize);
        let published = |cycles: &[Cycle; 1 + FUTURE as usize]| {
            let mut sum = cycles[0];
            next.into_iter().for_each(|next| sum.add(cycles[next]));
            sum
        };
        let counts = |cycle: Cycle| cycle.allocs != 0 || cycle.frees != 0;
        let is_settled = self.buckets.iter().any(|(_, cycles)| counts(published(cycles)));
        let counted = |(bucket, cycles): (Bucket, [Cycle; 1 + FUTURE as usize])| {
            let mut sum = published(&cycles);
            if !is_settled {
                sum = Cycle::default();
                cycles.into_iter().for_each(|cycle| sum.add(cycle));
            }
            let Cycle { allocs, frees, alloc_bytes, free_bytes } = sum;
            Bucket { allocs, frees, alloc_bytes, free_bytes, ..bucket }
        };
        (self.buckets.into_iter().map(counted).collect(), self.broken)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::layout::TableSource;
    use goheap_image::Machine;

    const BASE: u64 = 0x1000;

    fn layout(minor: u32) -> RuntimeLayout {
        RuntimeLayout::load(&TableSource::new(minor, Machine::X86_64).unwrap()).unwrap()
    }

    /// A bucket as `newBucket` lays it out: `cycles` are active and future, each as the release counts it.
    fn bucket(allnext: u64, size: u64, stack: &[u64], cycles: &[u64]) -> Vec<u8> {
        let header = [0, allnext, MEMORY_PROFILE, hash(stack, size), size, stack.len() as u64];
        header.iter().chain(stack).chain(cycles).flat_map(|word| word.to_le_bytes()).collect()
    }

    fn memory(buckets: &[(u64, Vec<u8>)]) -> MemoryImage {
        MemoryImage::from_buffers(buckets.iter().map(|(at, bytes)| (Address(*at), bytes.clone(), true)))
    }

    fn read(memory: &MemoryImage, minor: u32, cycle: Option<u32>, first: u64) -> (Vec<Bucket>, u64) {
        let layout = layout(minor);
        let mut reader = Reader::new(memory, &layout, cycle, &Unobserved);
        reader.list(first).unwrap();
        reader.finish()
    }

    #[test]
    fn a_list_of_two_is_read_in_both_forms() {
        // active, then the cycles 0, 1 and 2 ahead; up to 1.26 with bytes.
        let old: Vec<u64> = [[5, 2, 160, 64], [1, 1, 32, 32], [0; 4], [7, 0, 224, 0]].concat();
        let new: Vec<u64> = [[5, 2], [1, 1], [0; 2], [7, 0]].concat();
        for (minor, counted) in [(26, old), (27, new)] {
            let second = BASE + 0x1000;
            let cycles = vec![0; counted.len()];
            let memory = memory(&[
                (BASE, bucket(second, 32, &[0x40, 0x50], &counted)),
                (second, bucket(0, 8, &[0x40], &cycles)),
            ]);
            let (buckets, broken) = read(&memory, minor, Some(3), BASE);
            let [first, other] = &*buckets else { unreachable!("two were made, not {buckets:?}") };
            assert_eq!((first.allocs, first.frees, first.alloc_bytes, first.free_bytes), (6, 3, 192, 96));
            assert_eq!((&*first.stack, other.object_size, broken), (&[0x40, 0x50][..], 8, 0));
            let (buckets, _) = read(&memory, minor, None, BASE);
            assert_eq!((buckets[0].allocs, buckets[0].frees), (5, 2));
            let is_memory = |at| is_bucket(&memory, &layout(minor), BucketKind::Memory, Address(at));
            assert!(is_memory(BASE) && !is_memory(BASE + 8));
        }
    }

    #[test]
    fn before_the_first_collection_all_that_was_counted_is_told() {
        let memory = memory(&[(BASE, bucket(0, 32, &[0x40], &[0, 0, 0, 0, 0, 0, 7, 1]))]);
        let (buckets, _) = read(&memory, 27, Some(0), BASE);
        assert_eq!((buckets[0].allocs, buckets[0].alloc_bytes, buckets[0].free_bytes), (7, 224, 32));
    }

    #[test]
    fn a_ring_ends_and_what_is_broken_is_counted() {
        let ring = memory(&[(BASE, bucket(BASE, 32, &[0x40], &[1, 0, 0, 0, 0, 0, 0, 0]))]);
        assert_eq!(read(&ring, 27, None, BASE).0.len(), 1);
        let mut deep = bucket(0, 32, &[0x40], &[0; 8]);
        deep[40..48].copy_from_slice(&(MAX_STACK + 1).to_le_bytes());
        let deep = memory(&[(BASE, deep)]);
        assert_eq!(read(&deep, 27, None, BASE), (Vec::new(), 1));
        // The record behind the stack is absent.
        let cut = memory(&[(BASE, bucket(0x9000, 32, &[0x40], &[]))]);
        assert_eq!(read(&cut, 27, None, BASE), (Vec::new(), 1));
    }
}
