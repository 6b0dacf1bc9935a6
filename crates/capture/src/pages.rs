//! Which pages of a process there are, from `/proc/PID/pagemap`.
//!
//! `PAGEMAP_SCAN` gains nothing over it where most pages are there, and its end is stale over ranges in many pieces (Linux 6.18).

use crate::error::CaptureError;
use crate::maps::{Mapping, PAGE};
use crate::proc_files::ProcFolder;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bits of an entry of 8 bytes (Documentation/admin-guide/mm/pagemap.rst).
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_FILE: u64 = 1 << 61;
const ENTRY: usize = 8;
/// Entries that are read at once: 64 KiB of them tell of 32 MiB.
const BATCH: u64 = 8192;

/// The pages of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Ranges of pages that are in memory or swapped out: ascending, apart.
    pub(crate) there: Vec<Range<u64>>,
    /// Some of them are of no file: of a file's mapping, these were written to.
    pub(crate) has_own: bool,
}

/// An opened `pagemap`.
pub(crate) struct PageMap {
    file: File,
    folder: ProcFolder,
}

impl PageMap {
    pub(crate) fn open(folder: &ProcFolder) -> Result<PageMap, CaptureError> {
        let path = folder.file("pagemap");
        let file = File::open(&path).map_err(|source| folder.failed(path, source))?;
        Ok(PageMap { file, folder: folder.clone() })
    }

    /// The pages of a mapping. Nothing is known of the kernel's own, for which there are no entries.
    pub(crate) fn pages(&self, mapping: &Mapping) -> Result<Pages, CaptureError> {
        let mut pages = Pages::default();
        let mut buffer = vec![0_u8; ENTRY * BATCH as usize];
        let mut at = mapping.start;
        while at < mapping.end {
            let count = ((mapping.end - at) / PAGE).clamp(1, BATCH);
            let bytes = &mut buffer[..ENTRY * count as usize];
            let read = self.file.read_at(bytes, at / PAGE * ENTRY as u64);
            let read = match read {
                Ok(read) => read / ENTRY * ENTRY,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(self.folder.failed(self.folder.file("pagemap"), source)),
            };
            if read == 0 {
                break;
            }
            pages.add(at, &bytes[..read]);
            at += (read / ENTRY) as u64 * PAGE;
        }
        Ok(pages)
    }
}

impl Pages {
    fn add(&mut self, start: u64, entries: &[u8]) {
        let words =
            entries.chunks_exact(ENTRY).filter_map(|entry| entry.first_chunk().copied().map(u64::from_ne_bytes));
        for (at, word) in (start..).step_by(PAGE as usize).zip(words) {
            if word & (PRESENT | SWAPPED) == 0 {
                continue;
            }
            self.has_own |= word & OF_FILE == 0;
            match self.there.last_mut() {
                Some(last) if last.end == at => last.end = at + PAGE,
                _ => self.there.push(at..at + PAGE),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn neighbours_become_one_range() {
        let words = [0, PRESENT | OF_FILE, SWAPPED | OF_FILE, 0, PRESENT, 0];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let mut pages = Pages::default();
        pages.add(0x1000, &bytes[..16]);
        assert!(!pages.has_own);
        pages.add(0x3000, &bytes[16..]);
        assert_eq!(pages, Pages { there: vec![0x2000..0x4000, 0x5000..0x6000], has_own: true });
    }

    #[test]
    fn what_is_written_is_there() {
        let mut block = vec![0_u8; 64 * PAGE as usize];
        let start = (block.as_ptr() as u64).next_multiple_of(PAGE);
        let first = (start - block.as_ptr() as u64) as usize;
        for page in [3, 4, 20] {
            block[first + page * PAGE as usize] = 1;
        }
        let mapping = Mapping {
            start,
            end: start + 32 * PAGE,
            readable: true,
            writable: true,
            executable: false,
            shared: false,
            offset: 0,
            inode: 0,
            path: Vec::new(),
        };
        let own = ProcFolder::of(std::process::id() as i32).unwrap();
        let pages = PageMap::open(&own).unwrap().pages(&mapping).unwrap();
        let is_there = |page: u64| pages.there.iter().any(|range| range.contains(&(start + page * PAGE)));
        assert!(is_there(3) && is_there(4) && is_there(20), "{pages:?}");
        assert!(pages.has_own);
        drop(block);
    }
}
