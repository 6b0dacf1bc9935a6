//! The memory profile's buckets, and the samples that lead to them.

use super::GoProcess;
use super::module::CALL;
use goheap_runtime::constants::SpecialKind;

impl GoProcess {
    /// A bucket of the memory profile: bytes of an object, the calls that allocated it (the allocator first), and how many were
    /// allocated and freed of it; where it lies.
    pub(crate) fn bucket(&mut self, bytes: u64, calls: &[&str], (allocs, frees): (u64, u64)) -> u64 {
        let (fields, record, cycle) =
            (self.layout.bucket.clone(), self.layout.mem_record.clone(), self.layout.mem_record_cycle.clone());
        let stack: Vec<u64> = calls.iter().map(|name| self.function(name) + CALL).collect();
        let at = self.record(fields.size + stack.len() as u64 * 8 + record.size);
        self.set(at + fields.allnext, &[self.buckets]);
        self.set(at + fields.typ, &[1]);
        self.set(at + fields.hash, &[hash(&stack, bytes)]);
        self.set(at + fields.object_size, &[bytes]);
        self.set(at + fields.nstk, &[stack.len() as u64]);
        self.set(at + fields.size, &stack);
        let active = at + fields.size + stack.len() as u64 * 8 + record.active;
        self.set(active + cycle.allocs, &[allocs]);
        self.set(active + cycle.frees, &[frees]);
        for (field, count) in [(cycle.alloc_bytes, allocs), (cycle.free_bytes, frees)] {
            if let Some(field) = field {
                self.set(active + field, &[count * bytes]);
            }
        }
        self.buckets = at;
        at
    }

    /// A record of the block profile (2) or the mutex profile (3), before those at `next`: the calls that waited, how often and how
    /// many ticks; where it lies.
    pub(crate) fn waited(&mut self, kind: u64, calls: &[&str], (count, cycles): (f64, u64), next: u64) -> u64 {
        let (fields, record) = (self.layout.bucket.clone(), self.layout.block_record.clone());
        let stack: Vec<u64> = calls.iter().map(|name| self.function(name) + CALL).collect();
        let values = fields.size + stack.len() as u64 * 8;
        let at = self.record(values + 0x20);
        for (field, value) in [(fields.allnext, next), (fields.typ, kind), (fields.nstk, stack.len() as u64)] {
            self.set(at + field, &[value]);
        }
        self.set(at + fields.size, &stack);
        self.set(at + values + record.count, &[count.to_bits()]);
        self.set(at + values + record.cycles, &[cycles]);
        at
    }

    /// The object at an address was sampled for that bucket.
    pub(crate) fn sampled(&mut self, at: u64, bucket: u64) {
        let kind = (0..20).find(|number| SpecialKind::from_number(*number, self.version.minor) == SpecialKind::Profile);
        let field = self.layout.special_profile.bucket;
        self.special(at, kind.unwrap(), &[(field, bucket)]);
    }
}

/// As `stkbucket` (mprof.go) makes it.
fn hash(stack: &[u64], bytes: u64) -> u64 {
    let mix = |hash: u64, word: &u64| {
        let hash = hash.wrapping_add(*word);
        let hash = hash.wrapping_add(hash << 10);
        hash ^ hash >> 6
    };
    let hash = stack.iter().chain([&bytes]).fold(0, mix);
    let hash = hash.wrapping_add(hash << 3);
    hash ^ hash >> 11
}
