//! What a process was and how it died, as data: what only its core tells, and no object of the heap.

mod collector;
mod death;

pub use collector::{Collector, Setting};
pub use death::{Caught, Death, DiedAt, NativeCode, Panicking, ShownFault, ShownPanic, ShownWaiting};

use serde::{Serialize, Serializer};

/// What a process was, and how it died.
#[derive(Debug, Clone, Default)]
pub struct ProcessFacts {
    /// The program.
    pub program: Program,
    /// The Go release it was built with.
    pub go: GoBuild,
    /// The other files of Go that it had loaded.
    pub other_go_files: Vec<OtherGoFile>,
    /// GOMAXPROCS; None where the core does not tell.
    pub gomaxprocs: Option<u64>,
    /// Threads in the core; None where it has no notes of any.
    pub threads: Option<u64>,
    /// Its goroutines.
    pub goroutines: GoroutineStates,
    /// When and why it died.
    pub died: Death,
    /// What the garbage collector was told to do, and where it stood.
    pub gc: Collector,
}

/// The program that died.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Program {
    /// Short name of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its command line: arguments with spaces between, those that are empty or have spaces in them in quotes where the process's own
    /// memory tells; else what the core's note has of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
    /// The arguments one by one, the program's name first, where the process's own memory tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub argument_list: Vec<String>,
    /// Its process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u64>,
    /// Path of the executable that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
    /// Path of the separate debug file that was read, where the executable has no DWARF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug_file: Option<String>,
    /// Path of the program that had that loaded, where it is a library of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A file of Go beside the one that is read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OtherGoFile {
    /// Its path as the core has it; none where the core names no files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its release, where its build information says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its build id: in hexadecimal, or Go's in quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// Whether it was found, so that it can be read.
    pub found: bool,
    /// Whether it is a plugin, which shares the heap that is read; else it has a heap of its own.
    pub plugin: bool,
}

/// The Go release a program was built with, and how its structures are known.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GoBuild {
    /// As the program says, like `go1.26.6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How the release is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_source: Option<VersionFrom>,
    /// GOEXPERIMENTs that differ from the release's own.
    pub experiments: Vec<String>,
    /// GOARCH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// Where the offsets of the runtime's fields come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<LayoutFrom>,
    /// Whether the release is newer than any this build was tested with.
    pub newer_than_known: bool,
}

/// How a program's Go release is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionFrom {
    /// The linker's build information.
    BuildInfo,
    /// `runtime.buildVersion`.
    Variable,
    /// The compiler's name in DWARF.
    DebugInfo,
    /// The user said it.
    Given,
}

/// Where the offsets of the runtime's fields come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutFrom {
    /// The program's own DWARF.
    Dwarf,
    /// The table built into goheap.
    Table,
}

/// Goroutines by what they are doing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GoroutineStates {
    /// All that live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Of these, the runtime's own: tracebacks hide them, and `goroutines` lists them with `--all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<u64>,
    /// By state or wait reason, in the order to show.
    pub by_state: Vec<StateCount>,
    /// Those that panic and run deferred functions at that, less the one that died of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panicking: Vec<Panicking>,
}

/// How many goroutines are in one state.
#[derive(Debug, Clone, Serialize)]
pub struct StateCount {
    /// The runtime's word, like `chan receive`.
    pub state: String,
    /// Goroutines in it.
    pub count: u64,
}

/// The state of those whose descriptions the runtime keeps to use them again: they are no goroutines, and in no sum.
pub const DEAD: &str = "dead, kept for reuse (not counted above)";

/// An address; in JSON a string like `"0xc000010000"`, as many readers cannot hold 64 bits in a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HexAddress(pub u64);

impl Serialize for HexAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}
