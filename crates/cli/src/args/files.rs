//! What words seem to name.

use goheap_image::FileKind;
use std::ffi::OsStr;
use std::path::Path;

/// What there is under the names that were given.
pub(super) trait Files {
    /// What the file is.
    fn kind(&self, word: &OsStr) -> FileKind;
    /// Whether there is one.
    fn is_there(&self, word: &OsStr) -> bool;
}

/// The files of this machine.
pub(super) struct RealFiles;

impl Files for RealFiles {
    fn kind(&self, word: &OsStr) -> FileKind {
        FileKind::of(Path::new(word))
    }

    fn is_there(&self, word: &OsStr) -> bool {
        Path::new(word).exists()
    }
}
