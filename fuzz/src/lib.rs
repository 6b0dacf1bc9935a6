//! What the targets share.
//!
//! - [`bounded`]: the bounds that an input must keep.
//! - [`Cursor`]: numbers and pieces out of the fuzzer's bytes.
//! - [`world`]: a Go process in memory, small enough to be opened thousands of times a second, and damage to it.

mod bounded;
mod cursor;
pub mod dwarf;
pub mod table_memory;
pub mod tree;
pub mod unpack;
pub mod world;

pub use bounded::{bounded, bounded_beside};
pub use cursor::Cursor;
