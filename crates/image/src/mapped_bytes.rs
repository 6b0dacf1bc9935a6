//! A file that is not the dead process's own, mapped.

use crate::map::ByteStore;
use std::fs::File;
use std::io;
use std::path::Path;

/// The bytes of a file. Nothing is read before it is touched; where the file is cut off meanwhile, the process ends as
/// [`end_on_bus_error`](crate::end_on_bus_error) says.
pub struct MappedBytes(ByteStore);

impl MappedBytes {
    /// Maps a file, which is called `path` where it turns out to be unreadable.
    ///
    /// # Errors
    /// The system's.
    pub fn new(file: &File, path: &Path) -> io::Result<Self> {
        Ok(MappedBytes(ByteStore::map(file, path)?))
    }
}

impl AsRef<[u8]> for MappedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
