//! Questions to a Go heap: how much of what there is, who retains it, by which paths.
//!
//! All of them are asked of a [`Heap`](goheap_model::Heap), without the core.
//!
//! - How much is of which type: [`histogram`](histogram()); how pages are cut up: [`size_classes`].
//! - What people name by an address, a type or a variable: [`Graph::select`]; how it is held: [`holding::Holding`].
//! - Who retains how much: [`Graph::dominance`], then [`Graph::histogram`] by type and [`Graph::root_groups`] by root.

mod error;
mod graph;
mod groups;
mod histogram;
pub mod holding;
mod size_classes;

pub use error::AskError;
pub use graph::{Dominance, Graph};
pub use groups::{RetainedHistogram, RootGroup, RootGrouping, RootGroups};
pub use histogram::{Grouping, Histogram, HistogramRow, Selection, histogram};
pub use size_classes::{SizeClass, selected_objects, size_classes};
