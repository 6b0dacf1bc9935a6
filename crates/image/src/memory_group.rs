//! The memory that a process's control groups leave it, both versions of them.

use std::fs;
use std::path::{Path, PathBuf};

/// What each version calls its files: where they are mounted, the limit, and the lines of `memory.stat` that count what cannot be
/// dropped, as page cache can.
struct Version {
    number: u8,
    mounts: &'static [&'static str],
    limit: &'static str,
    fixed: &'static [&'static str],
}

const FIRST: Version = Version {
    number: 1,
    mounts: &["sys/fs/cgroup/memory"],
    limit: "memory.limit_in_bytes",
    fixed: &["total_rss ", "total_shmem "],
};
const SECOND: Version = Version {
    number: 2,
    mounts: &["sys/fs/cgroup", "sys/fs/cgroup/unified"],
    limit: "memory.max",
    fixed: &["anon ", "shmem "],
};

/// A control group with a limit of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryGroup {
    /// Its folder.
    pub folder: PathBuf,
    /// 1 or 2.
    pub version: u8,
    /// Bytes that it may have.
    pub limit: u64,
}

impl MemoryGroup {
    /// The groups of process `pid`, a number or `self`, that have a limit, the innermost first; `root` is `/`.
    pub fn all(root: &Path, pid: &str) -> Vec<MemoryGroup> {
        let process = root.join("proc").join(pid);
        let groups = fs::read_to_string(process.join("cgroup")).unwrap_or_default();
        groups.lines().flat_map(|line| of_line(root, &process, line)).collect()
    }

    /// The narrowest of the groups of process `pid`; `root` is `/`.
    pub fn of(root: &Path, pid: i32) -> Option<MemoryGroup> {
        Self::all(root, &pid.to_string()).into_iter().min_by_key(|group| group.limit)
    }

    /// Bytes that it has and cannot drop.
    pub fn used(&self) -> Option<u64> {
        let stat = fs::read_to_string(self.folder.join("memory.stat")).ok()?;
        let names = if self.version == 1 { FIRST.fixed } else { SECOND.fixed };
        names.iter().filter_map(|name| number_after(&stat, name)).reduce(u64::saturating_add)
    }

    /// Bytes that it may take yet.
    pub fn room(&self) -> Option<u64> {
        Some(self.limit.saturating_sub(self.used()?))
    }

    /// True where its threads wait in the kernel for memory: such a thread does not stop (version 1, `oom_kill_disable`).
    pub fn is_out_of_memory(&self) -> bool {
        let state = fs::read_to_string(self.folder.join("memory.oom_control")).unwrap_or_default();
        number_after(&state, "under_oom ") == Some(1)
    }
}

/// The groups of a line `ID:CONTROLLERS:PATH`, the innermost to the outermost; the second version has no controllers (cgroups(7)).
fn of_line(root: &Path, process: &Path, line: &str) -> Vec<MemoryGroup> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let version = match controllers {
        "" => &SECOND,
        list if list.split(',').any(|one| one == "memory") => &FIRST,
        _ => return Vec::new(),
    };
    // A group outside of what this process sees (cgroup_namespaces(7)), as of a container beside its own: the mounts here are of other
    // groups, and in those of the process's own root its group is the outermost.
    let (root, path) = match path.starts_with("/..") {
        true => (process.join("root"), ""),
        false => (root.to_owned(), path.trim_start_matches('/')),
    };
    // In a container the path may be the host's, which is not there: then the mount's own root tells.
    let folders = version
        .mounts
        .iter()
        .flat_map(|mount| Path::new(path).ancestors().map(|group| root.join(mount).join(group)).collect::<Vec<_>>());
    folders.filter_map(|folder| group(folder, version)).collect()
}

fn group(folder: PathBuf, version: &Version) -> Option<MemoryGroup> {
    let limit: u64 = fs::read_to_string(folder.join(version.limit)).ok()?.trim().parse().ok()?;
    // The first version says "no limit" by a number near the largest (PAGE_COUNTER_MAX in bytes).
    let is_limit = limit < 1 << 62;
    is_limit.then_some(MemoryGroup { folder, version: version.number, limit })
}

/// The first number of the line that begins with `name`, as files of /proc and of control groups have them.
pub fn number_after(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A machine of these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        goheap_synth::write_files(root.path(), files).unwrap();
        root
    }

    #[test]
    fn numbers_stand_behind_their_names() {
        assert_eq!(number_after("A: 1\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12));
        assert_eq!(number_after("A: x\n", "A:"), None);
    }

    #[test]
    fn the_narrowest_group_counts() {
        let root = root(&[
            ("proc/7/cgroup", "0::/outer/inner\n"),
            ("sys/fs/cgroup/outer/inner/memory.max", "max\n"),
            ("sys/fs/cgroup/outer/memory.max", "1000000\n"),
            ("sys/fs/cgroup/outer/memory.stat", "anon 700000\nfile 99\nshmem 100000\n"),
        ]);
        let group = MemoryGroup::of(root.path(), 7).unwrap();
        assert_eq!(
            (group.version, group.limit, group.used(), group.room()),
            (2, 1_000_000, Some(800_000), Some(200_000))
        );
        assert!(!group.is_out_of_memory());
        assert_eq!(MemoryGroup::of(root.path(), 8), None);
    }

    #[test]
    fn the_group_of_a_container_beside_this_one_is_seen_through_its_root() {
        let root = root(&[
            ("proc/7/cgroup", "0::/../server\n"),
            ("proc/7/root/sys/fs/cgroup/memory.max", "2000\n"),
            ("proc/8/cgroup", "0::/../hidden\n"),
            ("sys/fs/cgroup/memory.max", "500\n"),
        ]);
        assert_eq!(MemoryGroup::of(root.path(), 7).unwrap().limit, 2000);
        assert_eq!(MemoryGroup::of(root.path(), 8), None, "never this process's own");
    }

    #[test]
    fn the_first_version_has_other_names() {
        let root = root(&[
            ("proc/7/cgroup", "5:cpu:/x\n4:hugetlb,memory:/docker/9f\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/docker/9f/memory.limit_in_bytes", "300\n"),
            ("sys/fs/cgroup/memory/docker/9f/memory.stat", "cache 7\nrss 1\ntotal_rss 200\ntotal_shmem 10\n"),
            ("sys/fs/cgroup/memory/docker/9f/memory.oom_control", "oom_kill_disable 1\nunder_oom 1\n"),
        ]);
        let group = MemoryGroup::of(root.path(), 7).unwrap();
        assert_eq!((group.version, group.limit, group.used()), (1, 300, Some(210)));
        assert!(group.is_out_of_memory());
    }
}
