//! Where a file's bytes live: a private read-only mapping, or memory of our own. The only `unsafe` of the project.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of one file or buffer, shared by everything that reads them.
pub(crate) enum ByteStore {
    /// A file, mapped read-only.
    Mapped(Mmap),
    /// A buffer (synthetic images, an empty file).
    Owned(Box<[u8]>),
}

impl ByteStore {
    /// Maps a regular file. Nothing is read until it is touched, so gcore's gigabytes of zeros cost nothing here.
    pub(crate) fn map(file: &File) -> io::Result<ByteStore> {
        if file.metadata()?.len() == 0 {
            return Ok(ByteStore::Owned(Box::default()));
        }
        // SAFETY: the mapping is private, read-only and owned by the returned value. Another process that shrinks the
        // file turns a read into SIGBUS (a clean death), and one that writes it changes plain bytes, which are untrusted
        // anyway and copied before they are judged twice.
        let map = unsafe { Mmap::map(file) }?;
        Ok(ByteStore::Mapped(map))
    }
}

impl Deref for ByteStore {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            ByteStore::Mapped(map) => map,
            ByteStore::Owned(bytes) => bytes,
        }
    }
}
