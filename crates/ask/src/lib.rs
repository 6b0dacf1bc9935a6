//! Questions to a Go heap: how much of what there is, who retains it, by which paths.
//!
//! All of them are asked of a [`Heap`](goheap_model::Heap), without the core.
//!
//! - What the process was, and whether its heap adds up: [`overview`](overview()).
//! - How much is of which type: [`histogram`](histogram()); how pages are cut up: [`size_classes`].
//! - What people name by an address, a type or a variable: [`holding::select`](holding::select()); how it is held: [`holding::Holding`].
//! - Who retains how much: [`Dominance`](goheap_model::Dominance), then [`retained_histogram`] by type and [`root_groups`] by root, [`shared_by_roots`] of what several hold;
//!   line by line: [`dominator_rows`]; what of it is worth a look: [`suspects`](suspects()).
//! - Single objects: [`objects`](objects()), one of them closely [`object_detail`](object_detail()).
//! - Which goroutines there are, and what they alone keep: [`GoroutineListing`].
//! - Where what is there was allocated, and who holds it: [`BirthIndex`].
//! - Of which types the frames of a tree are: [`frame_objects`].
//! - What grew between two cores: [`diff`].
//! - What size classes cost each type: [`rounding`](rounding()).

mod births;
pub mod diff;
mod dominator_rows;
mod error;
mod frame_parts;
mod gathering;
mod goroutines;
mod groups;
mod histogram;
pub mod holding;
mod object_detail;
mod objects;
mod overview;
mod recent;
mod rests;
mod shared_roots;
mod size_classes;
mod suspects;
mod waste;

pub use births::{
    BirthHolder, BirthIndex, BirthSite, BirthSites, BirthsByFrame, HeldOfSite, SiteGrouping, site_counts,
};
pub use dominator_rows::{DominatorRow, DominatorRows, RowsWanted, dominator_rows};
pub use error::AskError;
pub use frame_parts::{FrameObjects, frame_at, frame_objects};
pub use gathering::is_gathering;
pub use goroutines::{
    GoroutineList, GoroutineListing, GoroutineSort, GoroutinesWanted, LabelShare, ListedGoroutines,
    RetainedByGoroutines, StateShare, goroutine_counts, standing_text,
};
pub use groups::{RetainedHistogram, RootGroup, RootGrouping, RootGroups, retained_histogram, root_groups};
pub use histogram::{Grouping, Histogram, HistogramRow, Selection, histogram};
pub use object_detail::{ObjectDetail, object_detail, variable_detail};
pub use objects::{ListedObject, ObjectFilter, ObjectList, ObjectsWanted, nearest, object, objects};
pub use overview::{
    DiagnosticCount, EvidenceSum, HeapSums, MOST_WAITS, ObjectCounts, Overview, OverviewParts, RootClassSum, TypeSums,
    overview,
};
pub use recent::Recent;
pub use shared_roots::{SharedByRoots, shared_by_roots};
pub use size_classes::{SizeClass, selected_objects, size_classes};
pub use suspects::{
    Beside, Gathered, HeldAtOnce, Suspect, SuspectKind, SuspectRoot, held_at_once, is_closure_text, joined_suspects,
    suspects,
};
pub use waste::{Rounding, rounding};
