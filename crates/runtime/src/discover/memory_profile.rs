//! The variables of the memory profile (mprof.go), which nothing but a question for it needs.

use super::Search;
use super::operands::operands;
use crate::profile::{is_bucket, is_rate};
use goheap_image::Address;
use std::collections::BTreeMap;

/// Functions whose code names `mbuckets`.
const OF_BUCKETS: [&str; 4] =
    ["runtime.stkbucket", "runtime.mProf_FlushLocked", "runtime.mProf_Flush", "runtime.mProf_flushLocked"];
/// Functions whose code names `MemProfileRate`: what sets it, what asks it before each sample, and what writes it down. Not all of them
/// are in every release, and each may be inlined.
const OF_RATE: [&str; 7] = [
    "runtime.nextSample",
    "runtime.mallocgc",
    "runtime.profilealloc",
    "runtime.schedinit",
    "runtime.parsedebugvars",
    "runtime.parsegodebug",
    "runtime/pprof.writeHeapInternal",
];

/// Where `mProf.cycle` lies, behind its lock, up to 1.18.
const CYCLE_OF_RECORD: u64 = 8;

impl Search<'_> {
    /// `runtime.mbuckets`: a word that leads to the newest bucket.
    pub(crate) fn memory_buckets(&self) -> Option<Address> {
        self.symbols.address("runtime.mbuckets").or_else(|| {
            let leads_to_bucket = |at: &Address| {
                let first = self.memory.read_u64(*at).filter(|&first| first != 0);
                first.is_some_and(|first| is_bucket(self.memory, self.layout, Address(first)))
            };
            let named = operands(self.memory, self.machine, self.module, &OF_BUCKETS);
            // Buckets of one hash lead to each other, but no variable leads to any but the first of a list. The lists of blocked
            // goroutines and mutexes have other kinds.
            only(named.into_iter().map(Address).filter(leads_to_bucket))
        })
    }

    /// `runtime.MemProfileRate`.
    pub(crate) fn memory_profile_rate(&self) -> Option<Address> {
        self.symbols.address("runtime.MemProfileRate").or_else(|| {
            let mut times = BTreeMap::<u64, usize>::new();
            for name in OF_RATE {
                let named = operands(self.memory, self.machine, self.module, &[name]);
                named.into_iter().for_each(|at| *times.entry(at).or_default() += 1);
            }
            let is_rate = |at: u64| self.memory.read_u64(Address(at)).is_some_and(is_rate);
            times.retain(|&at, _| is_rate(at));
            let most = times.values().copied().max().filter(|&most| most >= LEAST_NAMED)?;
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

/// So many functions must name a variable before it is believed to be the rate.
const LEAST_NAMED: usize = 3;

/// Two candidates are no answer.
fn only<T>(mut those: impl Iterator<Item = T>) -> Option<T> {
    let first = those.next();
    first.filter(|_| those.next().is_none())
}
