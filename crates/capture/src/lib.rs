//! Takes a core of a live process that goes on: small, and with a short stop.
//!
//! - For the file: [`CoreSink`], which writes holes for zeros or compresses as it goes, and appears whole or not at all.
//!
//! Linux on x86-64 takes cores; the sink is for all. This crate prints nothing.

pub mod sink;

pub use sink::{CoreSink, SinkError, SinkOptions, Stored};
