//! The profiles of waiting (mprof.go): of goroutines that blocked, and of mutexes that others waited for.
//!
//! ```text
//! bbuckets, xbuckets ──► bucket ─ allnext ─► bucket ─ allnext ─► ...
//!                        nstk return addresses, the callee's first
//!                        blockRecord: count (a float64), cycles
//! ```

use crate::discover::Search;
use crate::layout::RuntimeLayout;
use crate::model::RuntimeModel;
use crate::profile::{BucketKind, MAX_BUCKETS, MAX_STACK, MAX_WORDS};
use crate::words::read_words;
use foldhash::HashSet;
use goheap_image::{Address, MemoryImage};
use goheap_model::{Claim, Observer, Refusal};

/// So many buckets are claimed at a time.
const CLAIMED: usize = 1 << 14;
/// Ticks a second that a processor's clock may have.
pub(crate) const TICKS: std::ops::RangeInclusive<u64> = 1_000_000..=1_000_000_000_000;

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Goroutines that blocked: `runtime.SetBlockProfileRate`.
    Block,
    /// Holders of mutexes that others waited for: `runtime.SetMutexProfileFraction`.
    Mutex,
}

/// How often and how long was waited at one stack, as the runtime scaled it: a `runtime.BlockProfileRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contention {
    /// How often; a part of one where samples stand for several.
    pub count: f64,
    /// How long, in ticks of the processor's clock.
    pub cycles: i64,
    /// Return addresses, the innermost first.
    pub stack: Vec<u64>,
}

/// One of the profiles of waiting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentionProfile {
    /// Its records, the newest first.
    pub records: Vec<Contention>,
    /// The list was found. Without symbols it is by a bucket of its kind, so that of an empty list this is false.
    pub has_list: bool,
    /// Buckets that are absent or broken; behind one may be others.
    pub broken: u64,
}

impl RuntimeModel<'_> {
    /// A profile of waiting, read anew.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn contention(&self, waited: Waited, observer: &dyn Observer) -> Result<ContentionProfile, Refusal> {
        let (symbol, kind) = match waited {
            Waited::Block => ("runtime.bbuckets", BucketKind::Block),
            Waited::Mutex => ("runtime.xbuckets", BucketKind::Mutex),
        };
        let head = self.search().buckets(symbol, kind);
        let first = head.and_then(|head| self.memory().read_u64(head));
        let mut profile = ContentionProfile { has_list: first.is_some(), ..ContentionProfile::default() };
        let (mut next, mut met, mut words) = (first.unwrap_or(0), HashSet::default(), 0);
        while next != 0 && met.insert(next) && met.len() <= MAX_BUCKETS && words <= MAX_WORDS {
            let Some((record, behind)) = read(self.memory(), &self.layout, kind, Address(next)) else {
                profile.broken += 1;
                break;
            };
            words += record.stack.len();
            profile.records.push(record);
            if met.len().is_multiple_of(CLAIMED) {
                let kept = words * 8 + met.len() * (size_of::<Contention>() + 16);
                observer.claim(Claim { kept: 0, passing: kept as u64 })?;
            }
            next = behind;
        }
        Ok(profile)
    }

    /// Ticks of the processor's clock in a second, as the process itself measured them; None where it never asked, or the variable is not
    /// known.
    pub fn ticks_per_second(&self) -> Option<u64> {
        let at = self.search().ticks_per_second()?;
        self.memory().read_u64(at).filter(|ticks| TICKS.contains(ticks))
    }

    /// Of each thread that the runtime knows, the return addresses of the calls that made it, up to the first that is zero: mostly none
    /// (proc.go `mcommoninit`).
    pub fn thread_stacks(&self) -> Vec<Vec<u64>> {
        let Some(offset) = self.layout.m.createstack else { return vec![Vec::new(); self.machine_threads.len()] };
        let mut threads: Vec<_> = self.machine_threads.values().collect();
        threads.sort_unstable_by_key(|thread| thread.id);
        let stack = |address: Address| {
            let words = read_words(self.memory(), address.add(offset), CREATE_STACK).unwrap_or_default();
            words.into_iter().take_while(|&pc| pc != 0).collect()
        };
        threads.into_iter().map(|thread| stack(thread.address)).collect()
    }

    /// What `Waited` is sampled at: 0 where it is not. None where the variable is not known.
    pub fn contention_rate(&self, waited: Waited) -> Option<u64> {
        match waited {
            // An `int64` of cycles: mprof.go `blockprofilerate`.
            Waited::Block => self.memory().read_u64(self.symbols.address("runtime.blockprofilerate")?),
            Waited::Mutex => self.mutex_fraction(),
        }
    }

    /// One of so many waits for mutexes is counted; None where the variable is not known.
    pub fn mutex_fraction(&self) -> Option<u64> {
        let at = self.symbols.address("runtime.mutexprofilerate")?;
        self.memory().read_u64(at).filter(|fraction| *fraction <= u64::from(u32::MAX))
    }

    fn search(&self) -> Search<'_> {
        let (module, others) = (&self.modules[0], &self.modules[1..]);
        let (memory, layout) = (self.memory(), &self.layout);
        Search { memory, machine: self.machine(), layout, symbols: &self.symbols, module, others }
    }
}

/// `len(m.createstack)`.
const CREATE_STACK: usize = 32;

/// The record of a bucket, and the next one.
fn read(memory: &MemoryImage, layout: &RuntimeLayout, kind: BucketKind, at: Address) -> Option<(Contention, u64)> {
    let fields = &layout.bucket;
    let word = |offset: u64| memory.read_u64(at.add(offset));
    let nstk = word(fields.nstk).filter(|&nstk| at.0.is_multiple_of(8) && nstk <= MAX_STACK)?;
    if word(fields.typ)? != kind as u64 {
        return None;
    }
    let stack = read_words(memory, at.add(fields.size), usize::try_from(nstk).ok()?)?;
    let record = fields.size + nstk * 8;
    let count = f64::from_bits(word(record + layout.block_record.count)?);
    let cycles = word(record + layout.block_record.cycles)? as i64;
    Some((Contention { count, cycles, stack }, word(fields.allnext)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::layout::TableSource;
    use goheap_image::Machine;

    #[test]
    fn a_record_follows_the_stack_of_its_bucket() {
        let layout = RuntimeLayout::load(&TableSource::new(27, Machine::X86_64).unwrap()).unwrap();
        let words = [0, 0x9000, 2, 0, 0, 2, 0x40, 0x50, 1.5_f64.to_bits(), 700];
        let bytes: Vec<u8> = words.iter().flat_map(|word: &u64| word.to_le_bytes()).collect();
        let memory = MemoryImage::from_buffers([(Address(0x1000), bytes, true)]);
        let (record, next) = read(&memory, &layout, BucketKind::Block, Address(0x1000)).unwrap();
        assert_eq!((record.count, record.cycles, record.stack, next), (1.5, 700, vec![0x40, 0x50], 0x9000));
        assert_eq!(read(&memory, &layout, BucketKind::Mutex, Address(0x1000)), None, "of another kind");
        assert_eq!(read(&memory, &layout, BucketKind::Block, Address(0x1008)), None, "no bucket");
        assert_eq!(read(&memory, &layout, BucketKind::Block, Address(0x9000)), None, "absent");
    }
}
