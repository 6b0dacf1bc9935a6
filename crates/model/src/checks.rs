//! What was checked of a heap against its core, and what is absent from that: as data.

use crate::Example;
use foldhash::HashMap;
use serde::Serialize;

/// What only the core tells of how sound a heap is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct HeapChecks {
    /// The pointers that are absent from the core; None of a whole core.
    pub absent: Option<AbsentPointers>,
    /// The runtime's own numbers beside ours.
    pub counters: Vec<CounterPair>,
    /// What holds in every sound heap.
    pub invariants: Vec<CheckedInvariant>,
    /// By the code of a diagnostic, the first that it counts, or those that have most of it.
    pub examples: HashMap<&'static str, Vec<Example>>,
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
pub struct CheckedInvariant {
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
