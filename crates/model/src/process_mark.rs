//! Whose core it is, and of when.

use serde::Serialize;

/// What tells one process, and one moment of it, from others. What a core lacks is None.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProcessMark {
    /// The program's name.
    pub program: String,
    /// The build id.
    pub build_id: Option<String>,
    /// The process's number.
    pub pid: Option<u32>,
    /// The sixteen bytes that the kernel drew for the process as it began (`AT_RANDOM`, getauxval(3)).
    pub random: Option<[u8; 16]>,
    /// Where the program's module data and the first span of the heap lie.
    pub places: (u64, Option<u64>),
    /// Collections so far (`memstats.numgc`).
    pub collections: Option<u32>,
    /// Bytes allocated so far (`gcController.totalAlloc`), since 1.19.
    pub allocated: Option<u64>,
    /// The greatest number of a goroutine.
    pub last_goroutine: u64,
    /// The newest time that the runtime noted, by its own clock.
    pub time: Option<u64>,
}
