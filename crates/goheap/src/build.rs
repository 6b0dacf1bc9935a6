//! Which build of goheap this is.

/// The package's version and the commit, as build.rs found it.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("GOHEAP_COMMIT"), ")");

/// Whether that commit is what the program was built from.
pub(crate) const IS_COMMIT: bool = !matches!(env!("GOHEAP_COMMIT").as_bytes(), b"unknown" | [.., b'+']);
