//! Where a file's bytes live: a private read-only mapping, or memory of our own. The only `unsafe` of the project.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::os::unix::fs::MetadataExt;

use memmap2::{Advice, Mmap};
use rustix::fs::SeekFrom;

/// Unit of `st_blocks`.
const BLOCK: u64 = 512;

/// The bytes of one file or buffer, shared by everything that reads them.
pub(crate) enum ByteStore {
    /// A file, mapped read-only; and the file itself where it has holes.
    Mapped(Mmap, Option<File>),
    /// A buffer (synthetic images, an empty file).
    Owned(Box<[u8]>),
}

impl ByteStore {
    /// Maps a regular file. Nothing is read until it is touched, so gcore's gigabytes of zeros cost nothing here.
    pub(crate) fn map(file: &File) -> io::Result<ByteStore> {
        let metadata = file.metadata()?;
        if metadata.len() == 0 {
            return Ok(ByteStore::Owned(Box::default()));
        }
        let is_sparse = metadata.blocks().saturating_mul(BLOCK) < metadata.len();
        let sparse = if is_sparse { file.try_clone().ok() } else { None };
        // SAFETY: the mapping is private, read-only and owned by the returned value. Another process that shrinks the
        // file turns a read into SIGBUS (a clean death), and one that writes it changes plain bytes, which are untrusted
        // anyway and copied before they are judged twice.
        let map = unsafe { Mmap::map(file) }?;
        Ok(ByteStore::Mapped(map, sparse))
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
        let ByteStore::Mapped(map, Some(file)) = self else { return None };
        match rustix::fs::seek(file, wanted(offset as u64)) {
            Ok(found) => usize::try_from(found).ok().map(|found| found.min(map.len())).filter(|&found| found >= offset),
            // There is no more of it.
            Err(rustix::io::Errno::NXIO) => Some(map.len()).filter(|&end| end >= offset),
            Err(_) => None,
        }
    }

    /// Tells the system that `range` will be read soon, so that it reads ahead. Returns once that is under way.
    pub(crate) fn will_need(&self, range: Range<usize>) {
        if let ByteStore::Mapped(map, _) = self {
            // A system that knows no such advice reads all the same, later.
            let _ = map.advise_range(Advice::WillNeed, range.start, range.len());
        }
    }
}

impl Deref for ByteStore {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            ByteStore::Mapped(map, _) => map,
            ByteStore::Owned(bytes) => bytes,
        }
    }
}
