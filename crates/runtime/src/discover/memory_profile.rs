//! The variables of the profiles (mprof.go), which nothing but a question for them needs.

use super::Search;
use super::operands::operands;
use crate::profile::{BucketKind, is_bucket, is_rate};
use goheap_image::Address;
use std::collections::{BTreeMap, BTreeSet};

/// Functions whose code names `mbuckets`; the first names `bbuckets` and `xbuckets`, too.
const OF_BUCKETS: [&str; 4] =
    ["runtime.stkbucket", "runtime.mProf_FlushLocked", "runtime.mProf_Flush", "runtime.mProf_flushLocked"];
/// Functions whose code names `MemProfileRate`: what sets it, what takes samples, and what asks whether one is due or writes it down. Not
/// all of them are in every release, and each may be inlined.
const SET_RATE: [&str; 4] = ["runtime.schedinit", "runtime.parsedebugvars", "runtime.parsegodebug", "runtime.init"];
const TAKE_SAMPLES: [&str; 2] = ["runtime.nextSample", "runtime.profilealloc"];
const ASK_RATE: [&str; 7] = [
    "runtime.mallocgc",
    "runtime.mallocgcTiny",
    "runtime.mallocgcSmallNoscan",
    "runtime.mallocgcSmallScanNoHeader",
    "runtime.mallocgcSmallScanHeader",
    "runtime.mallocgcLarge",
    "runtime/pprof.writeHeapInternal",
];

/// Where `mProf.cycle` lies, behind its lock, up to 1.18.
const CYCLE_OF_RECORD: u64 = 8;

impl Search<'_> {
    /// `runtime.mbuckets`, `bbuckets` or `xbuckets`: a word that leads to the newest bucket of its kind.
    pub(crate) fn buckets(&self, symbol: &str, kind: BucketKind) -> Option<Address> {
        self.symbols.address(symbol).or_else(|| {
            let leads_to_bucket = |at: &Address| {
                let first = self.memory.read_u64(*at).filter(|&first| first != 0);
                first.is_some_and(|first| is_bucket(self.memory, self.layout, kind, Address(first)))
            };
            let named = operands(self.memory, self.machine, self.module, &OF_BUCKETS);
            // Buckets of one hash lead to each other, but no variable leads to any but the first of a list. Each list has its kind.
            only(named.into_iter().map(Address).filter(leads_to_bucket))
        })
    }

    /// `runtime.MemProfileRate`.
    pub(crate) fn memory_profile_rate(&self) -> Option<Address> {
        self.symbols.address("runtime.MemProfileRate").or_else(|| {
            let named = |names: &[&str]| operands(self.memory, self.machine, self.module, names);
            let takes = named(&TAKE_SAMPLES);
            let both: BTreeSet<u64> = named(&SET_RATE).intersection(&takes).copied().collect();
            let mut times: BTreeMap<u64, usize> = both.into_iter().map(|at| (at, 0)).collect();
            for name in TAKE_SAMPLES.iter().chain(&ASK_RATE) {
                let named = named(&[name]);
                times.iter_mut().filter(|(at, _)| named.contains(at)).for_each(|(_, times)| *times += 1);
            }
            times.retain(|&at, _| self.memory.read_u64(Address(at)).is_some_and(is_rate));
            let most = times.values().copied().max()?;
            only(times.into_iter().filter(|&(_, times)| times == most).map(|(at, _)| Address(at)))
        })
    }

    /// The number of the cycle that is to be published next (`mProfCycle` since 1.19, `mProf` before); None where it is not known.
    pub(crate) fn memory_profile_cycle(&self) -> Option<u32> {
        match (self.symbols.address("runtime.mProfCycle"), self.symbols.address("runtime.mProf")) {
            // The lowest bit says whether it was published.
            (Some(holder), _) => Some(self.memory.read_u32(holder)? >> 1),
            (None, Some(record)) => self.memory.read_u32(record.add(CYCLE_OF_RECORD)),
            (None, None) => None,
        }
    }
}

/// Two candidates are no answer.
fn only<T>(mut those: impl Iterator<Item = T>) -> Option<T> {
    let first = those.next();
    first.filter(|_| those.next().is_none())
}
