//! A Go heap as data: types, objects, roots, references and names, owned and without the core that they came from.
//!
//! This crate knows no ELF and reads no memory of the dead process: `goheap-heap` fills it, `goheap-ask` asks it.
//!
//! - To begin: [`Heap`].
//! - Objects by number and address: [`Objects`]; what each is: [`ObjectType`], [`TypeTable`], in words [`Heap::type_text`].
//! - Who refers to whom: [`Graph`], who dominates whom and retains what: [`Dominance`].
//! - The dominator tree by paths of fields: [`DominatorFrames`].
//! - By which fields objects lead to each other: [`Fields`].
//! - Where sampled objects were allocated: [`Births`].
//! - Names as Go writes them, and as people do: [`names`].
//! - What the process was and how it died: [`process`]; whether its heap adds up: [`Totals`], [`checks`].
//! - Kept in a file: [`SectionWriter`], [`Sections`].
//! - Small heaps for tests: [`HeapBuilder`].
//! - How a long work is watched: [`Observer`].

mod births;
mod bits;
mod builder;
pub mod checks;
mod closures;
mod code_profile;
pub mod contents;
mod describe;
mod diagnostic;
mod dominator_frames;
mod example;
mod extents;
mod field_table;
mod fields;
mod goroutines;
mod graph;
mod heap;
mod inline_frame;
mod leaks;
pub mod names;
mod objects;
mod observer;
pub mod process;
mod process_mark;
mod red_zones;
mod references;
mod roots;
mod sections;
mod stack_groups;
mod standing;
mod sums;
mod sweeps;
mod types;
pub mod waits;
mod wide_rows;
mod word_row;
pub mod words;

pub use births::{Birth, BirthCall, BirthCount, BirthRecord, Births, BirthsKnown, sample_scale};
pub use bits::{BitVector, ones};
pub use builder::HeapBuilder;
pub use closures::ClosureFunctions;
pub use code_profile::{CodeCall, CodeFunction, CodePlace, CodeProfile, CodeSample};
pub use describe::{TextId, TextKey, TypeTexts, UNKNOWN_TYPE, element_text, is_wanted_text};
pub use diagnostic::Diagnostic;
pub use dominator_frames::{
    DominatorFrames, FrameFacts, HELD_BY_SEVERAL, MapRoom, NOT_KNOWN, RootFrame, SHARED, UNREACHABLE,
};
pub use example::Example;
pub use extents::{Extent, Extents};
pub use field_table::{FieldTable, KnownField, TableFields, kind_of};
pub use fields::{FieldPlace, FieldType, Fields};
pub use goroutines::{GoroutineFacts, GoroutineGroup, GoroutineGroups, GoroutineState, LabelFacts};
pub use graph::{Dominance, Graph};
pub use heap::Heap;
pub use inline_frame::{InlineFrame, StackCall, print_form};
pub use leaks::Leaks;
pub use objects::{Evidence, ObjectId, ObjectType, ObjectTypes, Objects, Part, Slot, SlotSpan};
pub use observer::{Aside, Claim, Meter, Observer, OverBudget, Refusal, Unobserved};
pub use process_mark::ProcessMark;
pub use red_zones::RedZones;
pub use references::{References, RootNodes};
pub use roots::{RootClass, RootKind, RootNode};
pub use sections::{SectionError, SectionWriter, Sections, read_dominators, write_dominators};
pub use stack_groups::{GoroutineStarts, StackGroups};
pub use standing::{Standing, Unreached};
pub use sums::{InferenceCounts, Lowest, PointerCounts, RootCounts, SHOWN, Share, Totals};
pub use sweeps::{SpanSweep, Sweeps};
pub use types::{Field, GcMask, GoType, Kind, PointerWords, TypeId, TypeTable};
pub use wide_rows::WideRows;
pub use word_row::{WordRow, offset_of};
