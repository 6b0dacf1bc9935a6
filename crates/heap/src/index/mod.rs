//! A heap that is kept in a file, so that the next question begins where this one ended.
//!
//! What takes long is kept: types and marks, the reference tree, references with their words, dominators and their frames. What the core tells at
//! once (spans, goroutines, debug information) is read from it again, and values of memory always are: the index is no substitute for the core.
//!
//! Columns are used where the file is mapped; each is checked when a question first needs it ([`goheap_model::Sections`]). Numbers that lead elsewhere
//! are checked to lead somewhere (`checks.rs`), so that a file that was made up may give wrong answers and never a panic: who names an index must
//! see to it that it is their own.

mod checks;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::identity;
pub(crate) use read::{read_frames, read_references};
pub use write::{IndexParts, write};

/// What the index says of what it was made from and by: names and values, which must be the same when it is used.
pub type Identity = Vec<(String, String)>;

/// Names of sections.
mod name {
    pub(super) const IDENTITY: &str = "identity";
    pub(super) const SHAPE: &str = "shape";
    pub(super) const KINDS: &str = "kinds of objects";
    pub(super) const OBJECT_TYPES: &str = "object types";
    pub(super) const TYPES: &str = "types";
    pub(super) const CLOSURES: &str = "closures";
    pub(super) const CLOSURE_FUNCTIONS: &str = "functions of closures";
    pub(super) const REACHED: &str = "reached";
    pub(super) const EMPTIED: &str = "emptied";
    pub(super) const LACKS: &str = "lacks";
    pub(super) const DEAD: &str = "dead";
    pub(super) const ABSENT: &str = "absent";
    pub(super) const ABSENT_OBJECTS: &str = "absent objects";
    pub(super) const TOTALS: &str = "totals";
    pub(super) const SAMPLES: &str = "samples";
    pub(super) const VOTES: &str = "votes";
    pub(super) const PACKAGES: &str = "packages";
    pub(super) const STACKS: &str = "stacks";
    pub(super) const LABELS: &str = "labels";
    pub(super) const FRAME_NAMES: &str = "frame-names";
    pub(super) const ROOT_TREE: &str = "roots' frames";
    pub(super) const TREE: &str = "reference tree";
    pub(super) const TREE_FRAMES: &str = "frames of objects";
    pub(super) const ROOTS: &str = "roots";
    pub(super) const ROOT_WINDOWS: &str = "windows of roots";
    pub(super) const REFERENCES: &str = "root nodes";
    pub(super) const ROWS: &str = "rows";
    pub(super) const WIDE_ROWS: &str = "wide rows";
    pub(super) const TARGETS: &str = "targets";
    pub(super) const WORDS: &str = "words";
    pub(super) const EXTENT_OBJECTS: &str = "partly referred objects";
    pub(super) const EXTENTS: &str = "extents";
    pub(super) const WIDE_EXTENTS: &str = "wide extents";
    pub(super) const DOMINATOR_FRAMES: &str = "dominator frames";
}
