//! Which files, and what is read of them.

use goheap_image::OpenRequest;
use std::path::{Path, PathBuf};

/// What [`open`](crate::open) reads; by default all that questions need, from files that are looked for where the core says.
#[derive(Clone, Debug)]
pub struct Options {
    executable: Option<PathBuf>,
    debug_file: Option<PathBuf>,
    sysroot: Option<PathBuf>,
    pub(crate) no_dwarf: bool,
    pub(crate) references: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { executable: None, debug_file: None, sysroot: None, no_dwarf: false, references: true }
    }
}

impl Options {
    /// The executable; looked for by the paths in the core when it is not given.
    #[must_use]
    pub fn executable(self, path: impl Into<PathBuf>) -> Self {
        Options { executable: Some(path.into()), ..self }
    }

    /// The separate debug file of the executable.
    #[must_use]
    pub fn debug_file(self, path: impl Into<PathBuf>) -> Self {
        Options { debug_file: Some(path.into()), ..self }
    }

    /// The root folder under which the paths in the core are looked up first.
    #[must_use]
    pub fn sysroot(self, path: impl Into<PathBuf>) -> Self {
        Options { sysroot: Some(path.into()), ..self }
    }

    /// Whether debug information is used; it is by default.
    #[must_use]
    pub fn dwarf(self, is_used: bool) -> Self {
        Options { no_dwarf: !is_used, ..self }
    }

    /// Whether it is read who refers to whom, which questions on who holds or retains what need; it is by default, and takes about as much
    /// time again, and four bytes a slot and four a pointer.
    #[must_use]
    pub fn references(self, are_read: bool) -> Self {
        Options { references: are_read, ..self }
    }

    pub(crate) fn request(&self, core: &Path) -> OpenRequest {
        OpenRequest {
            core: core.to_owned(),
            executable: self.executable.clone(),
            debug_file: self.debug_file.clone(),
            sysroot: self.sysroot.clone(),
            ..OpenRequest::default()
        }
    }
}
