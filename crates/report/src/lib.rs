//! What people and their scripts read. One file a format; each takes plain data and an [`std::io::Write`].
//!
//! | to do | start at |
//! |---|---|
//! | describe who holds how much | [`FlameTree`] |
//! | draw it | [`flame::write_svg`] |
//! | write it for other tools | [`folded::write`], [`stap::write`], [`json::write_tree`] |
//! | tell what the process was and whether the heap adds up | [`overview::write_other_lines`] |
//! | write the memory profile as the program would have | [`heap_profile::write`] |
//! | list objects, one a line | [`objects::ObjectWriter`] |
//! | tell how much there is of which type | [`histogram::HistogramReport`] |
//! | tell how spans are cut up | [`size_classes::SizeClassReport`] |
//! | tell everything of one object | [`object::write_text`] |
//! | tell by which paths objects are held | [`paths::PathsReport`] |
//! | tell who keeps objects | [`owners::OwnersReport`] |
//! | tell which goroutines there are | [`goroutines::write_table`] |
//! | tell everything of one goroutine | [`goroutine::GoroutineReport`] |
//! | print goroutines as Go does | [`traceback::PrintedGoroutine`] |
//! | answer in sections of rows, in any format | [`answer::Answer`] |
//! | print columns | [`table::Table`] |
//! | say how wide and in which letters people read | [`page::Page`] |
//! | show a string that came out of a core | [`text`] |
//!
//! The one idea: names come from a dead process and may hold anything, so every format gets its text from [`text`], and
//! no other file escapes. What a format cannot show is folded into the frame above and counted ([`Drawn`]), never lost.
//!
//! This crate reads no memory, starts no thread and opens no file. A reader that has gone away is an
//! [`ReportError::Io`] of kind [`std::io::ErrorKind::BrokenPipe`], for the caller to judge.
//!
//! ```
//! use goheap_report::{Count, FlameTree, folded};
//!
//! let mut tree = FlameTree::default();
//! let cache = tree.push(None, "main.cache *main.Cache", 64, 1)?;
//! tree.push(Some(cache), ".entries map[string]int", 4096, 3)?;
//! let mut out = Vec::new();
//! folded::write(&tree, Count::Bytes, 0.0, &mut out)?;
//! assert_eq!(
//!     String::from_utf8_lossy(&out),
//!     "main.cache *main.Cache 64\nmain.cache *main.Cache;.entries map[string]int 4096\n",
//! );
//! # Ok::<(), goheap_report::ReportError>(())
//! ```

pub mod answer;
pub mod build_ids;
pub mod dominators;
mod error;
pub mod flame;
pub mod folded;
pub mod goroutine;
mod goroutine_text;
pub mod goroutines;
mod goroutines_text;
pub mod heap_profile;
pub mod histogram;
pub mod json;
pub mod object;
mod object_text;
pub mod objects;
pub mod overview;
pub mod owners;
pub mod page;
pub mod paths;
mod paths_text;
mod prune;
pub mod referred;
pub mod sharing;
pub mod size_classes;
pub mod stap;
pub mod table;
pub mod text;
pub mod traceback;
mod tree;
mod waits_text;
mod walk;

pub use waits_text::awaited_text;

pub use error::ReportError;
pub use folded::TwoCounts;
pub use prune::{Drawn, NARROW_ROOTS};
pub use tree::{Count, FlameTree, Frame};
