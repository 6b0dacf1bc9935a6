//! Where a file's bytes live: a private read-only mapping, or memory of our own.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use memmap2::{Advice, Mmap};
use rustix::fs::SeekFrom;

use crate::bus_error::Watched;

/// Unit of `st_blocks`.
const BLOCK: u64 = 512;

/// The bytes of one file or buffer, shared by everything that reads them.
pub(crate) enum ByteStore {
    /// A file, mapped read-only.
    Mapped(Mapping),
    /// A buffer (synthetic images, an empty file).
    Owned(Box<[u8]>),
}

/// A mapped file.
pub(crate) struct Mapping {
    // Dropped first.
    _watched: Watched,
    map: Mmap,
    /// Where it has holes.
    sparse: Option<Arc<File>>,
}

impl ByteStore {
    /// Maps a regular file, which is called `path` where it turns out to be unreadable. Nothing is read until it is touched, so gcore's gigabytes of zeros cost nothing here.
    pub(crate) fn map(file: &File, path: &Path) -> io::Result<ByteStore> {
        let metadata = file.metadata()?;
        if metadata.len() == 0 {
            return Ok(ByteStore::Owned(Box::default()));
        }
        let is_sparse = metadata.blocks().saturating_mul(BLOCK) < metadata.len();
        let file = Arc::new(file.try_clone()?);
        // SAFETY: the mapping is private, read-only and owned by the returned value. Another process that shrinks the
        // file turns a read into SIGBUS (`bus_error.rs` says so and ends the process), and one that writes it changes plain bytes, which are
        // untrusted anyway and copied before they are judged twice.
        let map = unsafe { Mmap::map(&*file) }.map_err(|error| explained(error, metadata.len()))?;
        let watched = Watched::new(&map, path, Some(Arc::clone(&file)));
        Ok(ByteStore::Mapped(Mapping { _watched: watched, map, sparse: is_sparse.then_some(file) }))
    }

    /// Bytes from `offset` to the end of the hole that it lies in; 0 where it lies in none, or none is known.
    pub(crate) fn hole_len(&self, offset: usize) -> usize {
        self.seek(offset, SeekFrom::Data).unwrap_or(offset) - offset
    }

    /// Bytes from `offset` to where a hole begins, or to the end.
    pub(crate) fn data_len(&self, offset: usize) -> usize {
        self.seek(offset, SeekFrom::Hole).unwrap_or(self.len()).saturating_sub(offset)
    }

    /// The first place from `offset` on that lies in what is wanted, at most the end; None where the file has no holes.
    fn seek(&self, offset: usize, wanted: fn(u64) -> SeekFrom) -> Option<usize> {
        let ByteStore::Mapped(Mapping { map, sparse: Some(file), .. }) = self else { return None };
        match rustix::fs::seek(file, wanted(offset as u64)) {
            Ok(found) => usize::try_from(found).ok().map(|found| found.min(map.len())).filter(|&found| found >= offset),
            // There is no more of it.
            Err(rustix::io::Errno::NXIO) => Some(map.len()).filter(|&end| end >= offset),
            Err(_) => None,
        }
    }

    /// Tells the system that `range` will be read soon, so that it reads ahead. Returns once that is under way.
    pub(crate) fn will_need(&self, range: Range<usize>) {
        if let ByteStore::Mapped(Mapping { map, .. }) = self {
            // A system that knows no such advice reads all the same, later.
            let _ = map.advise_range(Advice::WillNeed, range.start, range.len());
        }
    }
}

/// What mmap says where the address space is too narrow is that memory is short, of which a mapping takes none.
fn explained(error: io::Error, len: u64) -> io::Error {
    match error.kind() {
        io::ErrorKind::OutOfMemory => io::Error::new(
            io::ErrorKind::OutOfMemory,
            format!("its {len} bytes do not fit the address space that is left (ulimit -v)"),
        ),
        _ => error,
    }
}

impl Deref for ByteStore {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            ByteStore::Mapped(mapping) => &mapping.map,
            ByteStore::Owned(bytes) => bytes,
        }
    }
}
