//! Build ids: in the notes of files, and in those of mapped files as a core holds them.

use crate::elf::{ElfHeader, ProgramHeader, program_headers};
use crate::error::hex;
use crate::notes::notes;
use crate::{Address, MemoryImage};

/// The build ids found in notes of a file or of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildIds {
    /// `NT_GNU_BUILD_ID`. Go's own linker writes it since 1.24, a C linker always did.
    pub(crate) gnu: Option<Vec<u8>>,
    /// Note `Go`, type 4.
    pub(crate) go: Option<String>,
}

/// Whether two files were linked as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SameBuild {
    Yes,
    No,
    /// They have no id in common.
    Unknown,
}

impl BuildIds {
    /// Looks through one note segment; the first of each id counts.
    pub(crate) fn read(&mut self, segment: &[u8], alignment: u64) {
        const NT_GNU_BUILD_ID: u32 = 3;
        const GO_BUILD_ID: u32 = 4;
        const LIMIT: usize = 256;
        for note in notes(segment, alignment).0 {
            match (note.name, note.kind) {
                (b"GNU", NT_GNU_BUILD_ID) if note.contents.len() <= LIMIT => {
                    self.gnu.get_or_insert_with(|| note.contents.to_vec());
                }
                (b"Go", GO_BUILD_ID) if note.contents.len() <= LIMIT => {
                    self.go.get_or_insert_with(|| String::from_utf8_lossy(note.contents).into_owned());
                }
                _ => {}
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.gnu.is_none() && self.go.is_none()
    }

    /// GNU's id decides where both have one: `strip` and `objcopy` keep both, another link changes both.
    pub(crate) fn same_build(&self, other: &BuildIds) -> SameBuild {
        let same = match (&self.gnu, &other.gnu, &self.go, &other.go) {
            (Some(ours), Some(theirs), ..) => ours == theirs,
            (_, _, Some(ours), Some(theirs)) => ours == theirs,
            _ => return SameBuild::Unknown,
        };
        if same { SameBuild::Yes } else { SameBuild::No }
    }

    /// GNU's id, else Go's quoted, else `absent`.
    pub(crate) fn text(&self, absent: &str) -> String {
        let go = || self.go.as_ref().map(|id| format!("{id:?}"));
        self.gnu.as_deref().map(hex).or_else(go).unwrap_or_else(|| absent.to_owned())
    }
}

/// Ids of the file whose header page lies at `start` in memory; none where there is no such page.
pub(crate) fn in_memory(memory: &MemoryImage, start: Address) -> BuildIds {
    const HEADER_LIMIT: u64 = 4096;
    let found = memory.contiguous(start).and_then(|page| {
        let header = ElfHeader::parse(page).ok()?;
        let table = program_headers(page, &header, HEADER_LIMIT);
        let first = table.headers.iter().find(|header| header.is_load() && header.offset == 0)?;
        Some(in_notes(memory, &table.headers, start.0.wrapping_sub(first.address)))
    });
    found.unwrap_or_default()
}

/// Ids in the note segments of `headers` of a file loaded at `bias`, as far as memory holds them.
pub(crate) fn in_notes(memory: &MemoryImage, headers: &[ProgramHeader], bias: u64) -> BuildIds {
    const NOTE_LIMIT: u64 = 1 << 16;
    let mut ids = BuildIds::default();
    for note in headers.iter().filter(|header| header.is_note()) {
        let start = Address(note.address.wrapping_add(bias));
        let length = memory.readable_len(start, note.memory_size.min(NOTE_LIMIT));
        if let Some(bytes) = memory.bytes(start, length as usize) {
            ids.read(&bytes, note.alignment);
        }
        // Go's own linker (1.24 to 1.27) makes a segment of its own note alone; GNU's follows it in memory.
        let behind = start + note.memory_size;
        if let Some(bytes) = memory.bytes(behind, GNU_NOTE).filter(|bytes| bytes.starts_with(&GNU_NOTE_HEAD)) {
            ids.read(&bytes, note.alignment);
        }
    }
    ids
}

/// Bytes of GNU's note with an id of 20 bytes.
const GNU_NOTE: usize = 36;

/// Its lengths, its type and its name.
const GNU_NOTE_HEAD: [u8; 16] = [4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0];

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(gnu: Option<u8>, go: Option<&str>) -> BuildIds {
        BuildIds { gnu: gnu.map(|byte| vec![byte; 20]), go: go.map(str::to_owned) }
    }

    #[test]
    fn gnu_ids_decide_before_those_of_go() {
        let pair = |a: &BuildIds, b: &BuildIds| a.same_build(b);
        assert_eq!(pair(&ids(Some(1), Some("a")), &ids(Some(1), Some("b"))), SameBuild::Yes);
        assert_eq!(pair(&ids(Some(1), Some("a")), &ids(Some(2), Some("a"))), SameBuild::No);
        assert_eq!(pair(&ids(None, Some("a")), &ids(Some(2), Some("a"))), SameBuild::Yes);
        assert_eq!(pair(&ids(None, Some("a")), &ids(Some(2), None)), SameBuild::Unknown);
    }
}
