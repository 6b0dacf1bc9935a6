//! What `--version` tells: the build, by its commit, and what it reads.

use goheap_runtime::GoVersion;
use std::sync::LazyLock;

/// The package's version and the commit.
pub(crate) const SHORT: &str = goheap::VERSION;

/// [`SHORT`], and a line of the Go releases and machines.
pub(crate) fn long() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let (oldest, newest) = (GoVersion::OLDEST_MINOR, GoVersion::NEWEST_KNOWN_MINOR);
        format!("{SHORT}\nreads Go 1.{oldest} to 1.{newest}, and newer by their DWARF; linux/amd64 and linux/arm64")
    });
    &TEXT
}
