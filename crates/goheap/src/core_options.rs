//! What is opened, and how.

use goheap_image::OpenRequest;
use goheap_runtime::GoVersion;
use std::path::PathBuf;

/// Which index is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IndexUse {
    /// The one that lies beside the core, if it is of this core and the user's own.
    #[default]
    Beside,
    /// This one, whoever made it; it is an error if it cannot be used.
    Named(PathBuf),
    /// None.
    None,
}

/// The files of a core, and what changes every answer: what an index is bound to.
#[derive(Clone, Debug, Default)]
pub struct CoreOptions {
    /// The files.
    pub request: OpenRequest,
    /// The Go release, where the program does not say it.
    pub go: Option<GoVersion>,
    /// Whether to do as if the executable were stripped.
    pub no_dwarf: bool,
    /// Whether names have the whole import path of their package.
    pub full_names: bool,
    /// The index.
    pub index: IndexUse,
}
