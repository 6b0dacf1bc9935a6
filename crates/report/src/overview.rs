//! What the process was, how it died, and whether its heap adds up: plain data, as JSON or as a screen of text.
//!
//! JSON: `None` is left out, lists are always there, sizes are numbers of bytes, addresses are strings like `"0xc000010000"`.

mod collector;
mod death;

pub use collector::{Collector, Setting};
pub(crate) use death::native_rows;
pub use death::{Caught, Death, DiedAt, NativeCode, Panicking, ShownFault, ShownPanic, ShownWaiting};

use crate::example::Example;
use crate::page::Page;
use crate::text::json_text;
use crate::{ReportError, overview_text};
use goheap_model::waits::WaitsReport;
use serde::{Serialize, Serializer};
use std::io::Write;

/// Version of the JSON form; it changes when a field changes its meaning or goes, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole of `goheap overview`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OverviewReport {
    /// The program that died.
    pub program: Program,
    /// The Go release it was built with.
    pub go: GoBuild,
    /// The other files of Go that the process had loaded.
    pub other_go_files: Vec<OtherGoFile>,
    /// GOMAXPROCS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gomaxprocs: Option<u64>,
    /// Threads in the core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Goroutines.
    pub goroutines: Goroutines,
    /// Locks, and waits that nobody seems to end: the first of each; None where there is nothing to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitsReport>,
    /// When and why it died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died: Option<Death>,
    /// What the garbage collector is told to do, and where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gc: Option<Collector>,
    /// The reconciliation; none where the core lacks what describes the heap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heap: Option<HeapSums>,
    /// How the types of what is reachable are known; none where the core lacks what describes the heap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<TypeSums>,
    /// The runtime's own numbers beside ours.
    pub runtime_counters: Vec<CounterPair>,
    /// What was checked, and how often it did not hold.
    pub invariants: Vec<ShownInvariant>,
    /// What was absent, unreadable or guessed.
    pub diagnostics: Vec<DiagnosticCount>,
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
pub struct Goroutines {
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

/// The state of those whose descriptions the runtime keeps to use them again: they are no goroutines, and in no sum.
pub const DEAD: &str = "dead, kept for reuse (not counted above)";

/// How many goroutines are in one state.
#[derive(Debug, Clone, Serialize)]
pub struct StateCount {
    /// The runtime's word, like `chan receive`.
    pub state: String,
    /// Goroutines in it.
    pub count: u64,
}

/// An address; in JSON a string like `"0xc000010000"`, as many readers cannot hold 64 bits in a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HexAddress(pub u64);

impl Serialize for HexAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

/// Where the bytes of the heap are. Allocated should be reachable, unreachable and what is not known together;
/// [`HeapSums::reconciles`].
#[derive(Debug, Clone, Default, Serialize)]
pub struct HeapSums {
    /// Bytes in slots that are allocated.
    pub allocated: u64,
    /// Of them, bytes that a root leads to.
    pub reachable: u64,
    /// Of them, bytes to which nothing leads that is in the core, but perhaps a pointer that is not.
    pub not_known_to_be_reachable: u64,
    /// Of them, bytes that no root leads to.
    pub unreachable: u64,
    /// Bytes in free slots of spans in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<u64>,
    /// Of the allocated, bytes that were not asked for: slots are as large as their size class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_class_rounding: Option<u64>,
    /// Bytes after the last slot of spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail_waste: Option<u64>,
    /// Bytes of all spans in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spans_in_use: Option<u64>,
    /// Objects behind the three sums.
    pub objects: ObjectCounts,
    /// Reachable bytes by the class of root that is charged with them, in the order of the classes.
    pub reachable_by_root_class: Vec<RootClassSum>,
    /// The pointers that are absent from the core; none of a whole core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent_pointers: Option<AbsentPointers>,
}

/// Pointers that the collector would have read and that are absent from the core, or words that may be pointers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AbsentPointers {
    /// Words in all.
    pub words: u64,
    /// Of which class the roots are that hold them, or that lead to the objects that do.
    pub by_root_class: Vec<AbsentClass>,
    /// Who holds most of them.
    pub most: Vec<Example>,
    /// Spans whose description is absent: what is in them is not counted, and may lead anywhere.
    pub spans: u64,
    /// Goroutines whose description is absent, and with it their stacks.
    pub goroutines: u64,
    /// Modules whose description is absent, and with it their variables.
    pub modules: u64,
}

/// What one class of roots lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AbsentClass {
    /// Name of the class.
    pub class: String,
    /// Words in the roots themselves.
    pub root_words: u64,
    /// Words in objects that the class leads to first.
    pub object_words: u64,
    /// How many objects that are.
    pub objects: u64,
}

impl HeapSums {
    /// Whether allocated is exactly the sum of its parts, in bytes and in objects.
    #[must_use]
    pub fn reconciles(&self) -> bool {
        let objects = &self.objects;
        let sum = |parts: [u64; 3]| parts.into_iter().try_fold(0_u64, u64::checked_add);
        sum([self.reachable, self.not_known_to_be_reachable, self.unreachable]) == Some(self.allocated)
            && sum([objects.reachable, objects.not_known_to_be_reachable, objects.unreachable])
                == Some(objects.allocated)
    }
}

/// Numbers of objects.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ObjectCounts {
    /// Slots that are allocated.
    pub allocated: u64,
    /// Of them, those that a root leads to.
    pub reachable: u64,
    /// Of them, those to which perhaps a pointer leads that is absent.
    pub not_known_to_be_reachable: u64,
    /// Of them, those that no root leads to.
    pub unreachable: u64,
}

/// What one class of roots is charged with.
#[derive(Debug, Clone, Serialize)]
pub struct RootClassSum {
    /// Name of the class, like `package variables`.
    pub class: String,
    /// Bytes.
    pub bytes: u64,
    /// Objects.
    pub objects: u64,
}

/// How the types of reachable objects are known.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TypeSums {
    /// Reachable bytes by kind of evidence, in the order to show; their sum is [`HeapSums::reachable`].
    pub reachable_by_evidence: Vec<EvidenceSum>,
    /// Objects, also unreachable ones, whose type is told by their shape alone.
    pub candidates: u64,
    /// Objects whose pointer bits or size contradict the type of a pointer that leads to them.
    pub refused: u64,
    /// Objects that two types of equal evidence fit.
    pub conflicts: u64,
}

/// Bytes of objects whose types are known alike.
#[derive(Debug, Clone, Serialize)]
pub struct EvidenceSum {
    /// Name of the kind, like `exact`.
    pub evidence: String,
    /// Bytes.
    pub bytes: u64,
}

/// A number that the runtime keeps, and the same as counted from the core.
#[derive(Debug, Clone, Serialize)]
pub struct CounterPair {
    /// Its name in the runtime, like `memstats.heapAlloc`.
    pub name: String,
    /// What the runtime says.
    pub runtime: u64,
    /// What we counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<u64>,
    /// Why they may differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that holds in every sound heap.
#[derive(Debug, Clone, Serialize)]
pub struct ShownInvariant {
    /// What should hold, in words.
    pub name: String,
    /// How often it was checked.
    pub checked: u64,
    /// How often it did not hold.
    pub violations: u64,
    /// One place where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The first places where it did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// Something that was absent, unreadable or guessed.
#[derive(Debug, Clone, Serialize)]
pub struct DiagnosticCount {
    /// Stable short name.
    pub code: String,
    /// How often.
    pub count: u64,
    /// What it means, in words.
    pub text: String,
    /// The first, or those that have most of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// How much of the overview is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The heap, and what is broken.
    Brief,
    /// All of it.
    Usual,
    /// With every check that was made and the examples of what is odd.
    Full,
}

impl OverviewReport {
    /// Writes the report as indented JSON with a line feed at the end.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_json(&self, mut out: impl Write) -> Result<(), ReportError> {
        #[derive(Serialize)]
        struct Versioned<'a> {
            schema_version: u32,
            #[serde(flatten)]
            report: &'a OverviewReport,
        }
        let json = serde_json::to_string_pretty(&Versioned { schema_version: SCHEMA_VERSION, report: self })?;
        writeln!(out, "{}", json_text(&json))?;
        Ok(out.flush()?)
    }

    /// Writes the report for people: one screen of a terminal, where nothing is wrong.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_text(&self, page: Page, mut out: impl Write) -> Result<(), ReportError> {
        self.write_first_lines(page, &mut out)?;
        self.write_other_lines(Detail::Usual, page, out)
    }

    /// The first lines of that: the program, how it died, its goroutines. They need nothing that follows in the report.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_first_lines(&self, page: Page, out: impl Write) -> Result<(), ReportError> {
        Ok(overview_text::write_first(self, page, out)?)
    }

    /// The lines after these.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`].
    pub fn write_other_lines(&self, detail: Detail, page: Page, out: impl Write) -> Result<(), ReportError> {
        Ok(overview_text::write_others(self, detail, page, out)?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
