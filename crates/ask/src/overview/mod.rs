//! What the process was, how it died, and whether its heap adds up.
//!
//! Sums are told of the heap as data; the process, what was checked and who waits for whom come from the core, where somebody has it.

use goheap_model::checks::{AbsentPointers, CheckedInvariant, CounterPair, HeapChecks};
use goheap_model::process::{Collector, Death, GoBuild, GoroutineStates, OtherGoFile, ProcessFacts, Program};
use goheap_model::waits::WaitsReport;
use goheap_model::words::percent;
use goheap_model::{Diagnostic, Evidence, Example, RootClass, Share, Totals};
use serde::Serialize;

/// Locks and suspicions that are told.
pub const MOST_WAITS: usize = 5;

/// What an overview is made of. What is None is left out of it.
#[derive(Debug, Clone, Default)]
pub struct OverviewParts<'h> {
    /// Sums over the heap; None where the core lacks what describes it.
    pub totals: Option<&'h Totals>,
    /// What was absent, unreadable or guessed.
    pub diagnostics: &'h [Diagnostic],
    /// What only the core tells of the process.
    pub process: Option<&'h ProcessFacts>,
    /// What only the core tells of how sound the heap is.
    pub checks: Option<&'h HeapChecks>,
    /// What goroutines wait for together, more goroutines first.
    pub waits: Option<WaitsReport>,
}

/// The overview of these.
pub fn overview(parts: OverviewParts<'_>) -> Overview {
    let of_process = parts.process.map(of_process).unwrap_or_default();
    let checks = parts.checks.filter(|_| parts.totals.is_some());
    let examples = |code: &str| parts.checks.and_then(|checks| checks.examples.get(code)).cloned().unwrap_or_default();
    Overview {
        waits: parts.waits.and_then(first_waits),
        heap: parts.totals.map(|totals| heap(totals, checks)),
        types: parts.totals.map(types),
        runtime_counters: checks.map(|checks| checks.counters.clone()).unwrap_or_default(),
        invariants: checks.map(|checks| checks.invariants.clone()).unwrap_or_default(),
        diagnostics: parts.diagnostics.iter().map(|one| diagnostic(one, examples(one.code))).collect(),
        ..of_process
    }
}

/// What needs no look at the heap.
fn of_process(process: &ProcessFacts) -> Overview {
    Overview {
        program: process.program.clone(),
        go: process.go.clone(),
        other_go_files: process.other_go_files.clone(),
        gomaxprocs: process.gomaxprocs,
        threads: process.threads,
        goroutines: process.goroutines.clone(),
        died: Some(process.died.clone()),
        gc: Some(process.gc.clone()),
        ..Overview::default()
    }
}

/// The first of them. One goroutine that waits for a lock is nothing to tell at the first look.
fn first_waits(mut waits: WaitsReport) -> Option<WaitsReport> {
    waits.suspicions_left_out += waits.suspicions.len().saturating_sub(MOST_WAITS) as u64;
    waits.locks_left_out += waits.locks.len().saturating_sub(MOST_WAITS) as u64;
    waits.suspicions.truncate(MOST_WAITS);
    waits.locks.truncate(MOST_WAITS);
    waits.locks.retain(|lock| lock.goroutines > 1 || lock.suspected > 0);
    Some(waits).filter(|waits| !waits.is_empty())
}

fn heap(totals: &Totals, checks: Option<&HeapChecks>) -> HeapSums {
    let reachable = totals.reachable();
    let class = |(class, share): &(RootClass, Share)| RootClassSum {
        class: class.name().to_owned(),
        bytes: share.bytes,
        objects: share.objects,
    };
    HeapSums {
        allocated: totals.allocated.bytes,
        reachable: reachable.bytes,
        not_known_to_be_reachable: totals.not_known.bytes,
        unreachable: totals.unreachable.bytes,
        free: Some(totals.free_slot_bytes),
        size_class_rounding: Some(totals.size_class_rounding),
        tail_waste: Some(totals.tail_bytes),
        spans_in_use: Some(totals.span_bytes),
        objects: ObjectCounts {
            allocated: totals.allocated.objects,
            reachable: reachable.objects,
            not_known_to_be_reachable: totals.not_known.objects,
            unreachable: totals.unreachable.objects,
        },
        reachable_by_root_class: totals.by_class.iter().map(class).collect(),
        absent_pointers: checks.and_then(|checks| checks.absent.clone()),
    }
}

/// The strongest evidence first.
fn types(totals: &Totals) -> TypeSums {
    let sum = |evidence: Evidence| EvidenceSum {
        evidence: evidence.name().to_owned(),
        bytes: totals.by_evidence[evidence as usize],
    };
    let counts = &totals.inference;
    TypeSums {
        reachable_by_evidence: Evidence::ALL.into_iter().rev().map(sum).collect(),
        candidates: counts.candidates,
        refused: counts.refused,
        conflicts: counts.conflicts,
    }
}

fn diagnostic(one: &Diagnostic, examples: Vec<Example>) -> DiagnosticCount {
    let text = match one.of {
        Some(whole) => format!("{} ({})", one.text, percent(one.count, whole)),
        None => one.text.clone(),
    };
    DiagnosticCount { code: one.code.to_owned(), count: one.count, text, examples }
}

/// What the process was, how it died, and whether its heap adds up.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Overview {
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
    pub goroutines: GoroutineStates,
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
    pub invariants: Vec<CheckedInvariant>,
    /// What was absent, unreadable or guessed.
    pub diagnostics: Vec<DiagnosticCount>,
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

#[cfg(test)]
mod tests;
