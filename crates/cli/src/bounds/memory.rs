//! How much memory the run may use, and how much it does. All of it is read from /proc and /sys/fs/cgroup.

use goheap_image::{MemoryGroup, number_after};
use goheap_model::{Claim, OverBudget};
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// `RssAnon`: bytes of pages of no file, which is what an out-of-memory killer counts against the process.
pub(crate) fn anonymous_bytes() -> u64 {
    field(Path::new("/proc/self/status"), "RssAnon:").unwrap_or(0) * 1024
}

/// Bytes of address space, of which RLIMIT_AS leaves so much; mapped files take it, too.
fn address_space() -> u64 {
    let Some(limit) = getrlimit(Resource::As).current else { return u64::MAX };
    limit.saturating_sub(field(Path::new("/proc/self/status"), "VmSize:").unwrap_or(0) * 1024)
}

fn field(path: &Path, name: &str) -> Option<u64> {
    number_after(&fs::read_to_string(path).ok()?, name)
}

/// What large allocations are held against.
pub(crate) struct Budget {
    limit: u64,
    used: fn() -> u64,
    address_space: fn() -> u64,
    /// Bytes in use before the first claim, and bytes that were granted to be kept since.
    at_start: u64,
    kept: AtomicU64,
}

impl Budget {
    /// `limit` bytes, or what the machine can spare.
    pub(crate) fn new(limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or_else(|| usual_limit(Path::new("/")));
        Budget { limit, used: anonymous_bytes, address_space, at_start: anonymous_bytes(), kept: AtomicU64::new(0) }
    }

    /// Bytes that the run may use.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Grants what `stage` asks for, or tells why not.
    pub(crate) fn claim(&self, stage: &'static str, claim: Claim) -> Result<(), OverBudget> {
        let wanted = claim.kept.saturating_add(claim.passing);
        // What was granted and not yet written to is not resident.
        let granted = self.at_start.saturating_add(self.kept.load(Ordering::Relaxed));
        let used = (self.used)().max(granted);
        let limit = self.limit.min(used.saturating_add((self.address_space)()));
        if used.saturating_add(wanted) > limit {
            return Err(OverBudget { stage, wanted, used, limit });
        }
        self.kept.fetch_add(claim.kept, Ordering::Relaxed);
        Ok(())
    }
}

/// 75 % of what is available: of the machine's memory, or of the control group's if that is less. `root` is `/`.
fn usual_limit(root: &Path) -> u64 {
    let available = field(&root.join("proc/meminfo"), "MemAvailable:").map(|kibibytes| kibibytes * 1024);
    let available = available.into_iter().chain(group_room(root)).min();
    available.map_or(u64::MAX, |bytes| bytes / 4 * 3)
}

/// What the control groups of this process leave it; None where none has a limit.
fn group_room(root: &Path) -> Option<u64> {
    let groups = MemoryGroup::all(root, "self");
    groups.iter().map(|group| group.limit.saturating_sub(group.used().unwrap_or(0))).min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tempfile::TempDir;

    fn budget(limit: u64, used: fn() -> u64) -> Budget {
        Budget { limit, used, address_space: || u64::MAX, at_start: 10, kept: AtomicU64::new(0) }
    }

    #[test]
    fn a_claim_is_held_against_what_is_in_use_and_what_was_granted() {
        let budget = budget(100, || 30);
        budget.claim("first", Claim { kept: 50, passing: 20 }).unwrap();
        // 10 at the start and 50 granted are more than the 30 that are resident.
        budget.claim("second", Claim { kept: 0, passing: 40 }).unwrap();
        let refused = budget.claim("third", Claim { kept: 1, passing: 40 }).unwrap_err();
        assert_eq!(refused, OverBudget { stage: "third", wanted: 41, used: 60, limit: 100 });
        let resident = self::budget(100, || 90);
        assert!(resident.claim("only", Claim { kept: 11, passing: 0 }).is_err());
        assert!(resident.claim("hostile", Claim { kept: u64::MAX, passing: u64::MAX }).is_err());
        assert!(resident.claim("only", Claim { kept: 10, passing: 0 }).is_ok());
    }

    #[test]
    fn a_claim_is_held_against_the_address_space_that_is_left() {
        let narrow = Budget { address_space: || 40, ..budget(100, || 30) };
        narrow.claim("first", Claim { kept: 40, passing: 0 }).unwrap();
        let refused = narrow.claim("second", Claim { kept: 0, passing: 41 }).unwrap_err();
        assert_eq!(refused, OverBudget { stage: "second", wanted: 41, used: 50, limit: 90 });
    }

    #[test]
    fn this_process_uses_memory() {
        let before = anonymous_bytes();
        let block = std::hint::black_box(vec![1_u8; 32 << 20]);
        assert!(anonymous_bytes() >= before.max(1) + (16 << 20), "{} bytes more", block.len());
    }

    /// A machine of these files.
    fn machine(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        goheap_synth::write_files(root.path(), files).unwrap();
        root
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal: 9999999 kB\nMemAvailable:    4000 kB\n");

    fn limit(files: &[(&str, &str)]) -> u64 {
        usual_limit(machine(&[&[MEMINFO], files].concat()).path())
    }

    #[test]
    fn three_quarters_of_what_is_available_may_be_used() {
        assert_eq!(usual_limit(machine(&[]).path()), u64::MAX);
        assert_eq!(limit(&[]), 3000 << 10);
        let unlimited = [("proc/self/cgroup", "0::/a\n"), ("sys/fs/cgroup/a/memory.max", "max\n")];
        assert_eq!(limit(&unlimited), 3000 << 10);
    }

    #[test]
    fn the_narrowest_control_group_bounds_it() {
        let second = [
            ("proc/self/cgroup", "0::/outer/inner\n"),
            ("sys/fs/cgroup/outer/inner/memory.max", "max\n"),
            ("sys/fs/cgroup/outer/memory.max", "1048576\n"),
            ("sys/fs/cgroup/outer/memory.stat", "anon 100000\nfile 900000\nshmem 48576\n"),
        ];
        assert_eq!(limit(&second), 900_000 / 4 * 3);
        let first = [
            ("proc/self/cgroup", "5:cpu:/x\n4:hugetlb,memory:/docker/9f\n0::/\n"),
            // As a container sees it: the mount is its own group.
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2097152\n"),
            ("sys/fs/cgroup/memory/memory.stat", "cache 7\nrss 1\ntotal_rss 97152\n"),
        ];
        assert_eq!(limit(&first), 1_500_000);
        let full = [("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "0\n")];
        assert_eq!(limit(&full), 0);
    }
}
