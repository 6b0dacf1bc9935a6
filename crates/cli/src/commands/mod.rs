//! A file for each command, and what several of them show alike.

pub(crate) mod answer;
pub(crate) mod birth_calls;
pub(crate) mod births;
pub(crate) mod build_id;
pub(crate) mod caption;
#[cfg(feature = "capture")]
pub(crate) mod capture;
#[cfg(feature = "capture")]
pub(crate) mod core_handler;
pub(crate) mod cuts;
pub(crate) mod diff;
pub(crate) mod dominators;
pub(crate) mod drawing;
pub(crate) mod export;
pub(crate) mod first_look;
pub(crate) mod goroutine;
pub(crate) mod goroutines;
pub(crate) mod histogram;
pub(crate) mod index;
pub(crate) mod library_steps;
pub(crate) mod manual;
pub(crate) mod memory;
pub(crate) mod merged_steps;
pub(crate) mod object;
pub(crate) mod objects;
pub(crate) mod objref;
pub(crate) mod overview;
pub(crate) mod owners;
pub(crate) mod paths;
mod paths_graph;
mod profile_records;
#[cfg(feature = "capture")]
pub(crate) mod redact;
pub(crate) mod report;
pub(crate) mod selected;
pub(crate) mod sharing;
mod short_names;
pub(crate) mod suspects;
pub(crate) mod traceback;
pub(crate) mod waste;
