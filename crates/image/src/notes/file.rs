//! `NT_FILE`: which files were mapped where.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::{Address, le};

/// One mapping of a file, from `NT_FILE` (fs/binfmt_elf.c, fill_files_note).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedFile {
    /// The path as the kernel knew it; ` (deleted)` may follow.
    pub path: Vec<u8>,
    /// First address.
    pub start: Address,
    /// First address past it.
    pub end: Address,
    /// Byte of the file that lies at `start`.
    pub file_offset: u64,
}

impl MappedFile {
    /// The path as text.
    pub fn path_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.path)
    }

    /// The path as the system takes it.
    pub fn to_path(&self) -> PathBuf {
        path_from_bytes(&self.path)
    }

    /// True when `address` lies in this mapping.
    pub fn contains(&self, address: Address) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// A path that came from the core.
#[cfg(unix)]
pub(crate) fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// A path that came from the core.
#[cfg(not(unix))]
pub(crate) fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// The mappings of an `NT_FILE` note; those whose name is cut off get an empty one. `None` when the counts make no sense.
pub(crate) fn parse(note: &[u8]) -> Option<Vec<MappedFile>> {
    const ENTRY: usize = 24;
    let count = usize::try_from(le::u64(note, 0)?).ok()?;
    let page_size = le::u64(note, 8)?;
    let table = note.get(16..)?.get(..count.checked_mul(ENTRY)?)?;
    let mut names = note.get(16 + table.len()..)?.split(|&byte| byte == 0);
    let entries = table.chunks_exact(ENTRY).map(|entry| {
        Some(MappedFile {
            path: names.next().unwrap_or_default().to_vec(),
            start: Address(le::u64(entry, 0)?),
            end: Address(le::u64(entry, 8)?),
            file_offset: le::u64(entry, 16)?.checked_mul(page_size)?,
        })
    });
    Some(entries.flatten().collect())
}
