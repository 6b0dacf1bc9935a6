//! Profiles of pprof: gzip of `profile.proto` (github.com/google/pprof, `proto/profile.proto`), which `go tool pprof`, speedscope, Pyroscope,
//! Parca and others read.
//!
//! | to do | start at |
//! |---|---|
//! | write who holds the heap | [`write_tree`] |
//! | write one of the runtime's own profiles | [`write_code`] |
//! | write any other profile | [`Writer`] |
//!
//! What pprof would change or break on is written so that it cannot ([`shown`]): see docs/exports.md.

mod code;
mod text;
mod tree;
mod wire;
mod writer;

pub use code::write_code;
pub use text::shown;
pub use tree::{FramePart, Tree, write_tree};
pub use writer::{Function, Header, Label, Line, Location, Mapping, ValueType, Writer};
