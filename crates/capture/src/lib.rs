//! Takes a core of a live process that goes on: small, and with a short stop.
//!
//! - To begin: [`capture`].
//! - For the file: [`CoreSink`], which writes holes for zeros or compresses as it goes, and appears whole or not at all.
//!
//! Linux on x86-64 takes cores; the sink is for all. This crate prints nothing.

mod asleep;
mod before;
mod core_file;
mod error;
mod executable;
pub mod handler;
mod heap_filter;
mod maps;
mod memory;
mod notes;
mod pages;
mod plan;
mod proc_files;
mod process;
mod program;
pub mod sink;
mod snapshot;
mod take;
mod watch;

pub use error::CaptureError;
pub use executable::{ProgramFile, WhichExecutables, copy_executable};
pub use sink::{CoreSink, SinkError, SinkOptions, Stored};
pub use take::{CaptureRequest, Captured, Method, Snapshotting, capture};
pub use watch::{Condition, Schedule, Watch};
