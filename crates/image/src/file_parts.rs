//! What each byte of a core's file is: headers, notes, memory, or nothing that anybody reads.

use std::ops::Range;

use crate::core_file::SEGMENT_LIMIT;
use crate::elf::{ElfHeader, program_headers};
use crate::{Address, CoreFile, le};

/// What a part of a core's file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilePartKind {
    /// ELF's own: the header, tables of segments and sections, names of sections.
    Headers,
    /// Notes, padded to this (`p_align`).
    Notes(u64),
    /// The process's memory, from this address on.
    Memory(Address),
    /// Bytes that no header names, or that several do.
    Nothing,
}

/// A part of a core's file, unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// Bytes of the file.
    pub range: Range<u64>,
    /// What they hold.
    pub kind: FilePartKind,
}

/// Names of sections are few: gcore has two of them, over and over.
const MOST_NAMES: u64 = 1 << 20;

impl CoreFile {
    /// The whole file in parts, ascending, each byte in one.
    pub fn file_parts(&self) -> Vec<FilePart> {
        let size = self.size();
        let mut claims = self.claims();
        claims.retain_mut(|part| {
            part.range.end = part.range.end.min(size);
            part.range.start < part.range.end
        });
        of_claims(claims, size)
    }

    /// Bytes of the file, as far as it goes.
    pub fn file_bytes(&self, range: Range<u64>) -> &[u8] {
        le::available(&self.bytes, range.start, range.end.saturating_sub(range.start))
    }

    /// Bytes of a hole of the file that follow from `offset` on, if it lies in one.
    pub fn file_hole(&self, offset: u64) -> u64 {
        usize::try_from(offset).map_or(0, |offset| self.bytes.hole_len(offset) as u64)
    }

    /// Bytes from `offset` to the next hole of the file, or to its end.
    pub fn file_data(&self, offset: u64) -> u64 {
        usize::try_from(offset).map_or(0, |offset| self.bytes.data_len(offset) as u64)
    }

    fn claims(&self) -> Vec<FilePart> {
        let bytes: &[u8] = &self.bytes;
        let Ok(header) = ElfHeader::parse(bytes) else { return Vec::new() };
        let table = program_headers(bytes, &header, SEGMENT_LIMIT);
        let headers =
            |start: u64, len: u64| FilePart { range: start..start.saturating_add(len), kind: FilePartKind::Headers };
        let mut claims = vec![headers(0, 64)];
        let stride = u64::from(header.program_size).max(56);
        claims.push(headers(header.program_offset, stride * table.headers.len() as u64));
        claims.extend(sections(bytes, &header).into_iter().map(|(start, len)| headers(start, len)));
        for part in &table.headers {
            let kind = match () {
                () if part.is_note() => FilePartKind::Notes(part.alignment),
                () if part.is_load() => FilePartKind::Memory(Address(part.address)),
                () => continue,
            };
            let len = if part.is_load() { part.file_size.min(part.memory_size) } else { part.file_size };
            claims.push(FilePart { range: part.offset..part.offset.saturating_add(len), kind });
        }
        claims
    }
}

/// The table of sections and that of their names.
fn sections(bytes: &[u8], header: &ElfHeader) -> Vec<(u64, u64)> {
    let stride = u64::from(header.section_size);
    if header.section_offset == 0 || stride != 64 {
        return Vec::new();
    }
    // Where segments are more than 65,534, section 0 has their number though the header may count no section.
    let count = u64::from(header.section_count).max(1);
    let mut found = vec![(header.section_offset, stride * count)];
    let names = header.section_offset.saturating_add(u64::from(header.names_index) * stride);
    if let Some(names) = le::range(bytes, names, stride)
        && let (Some(start), Some(len)) = (le::u64(names, 24), le::u64(names, 32))
        && le::u32(names, 4) == Some(STRING_TABLE)
        && len <= MOST_NAMES
    {
        found.push((start, len));
    }
    found
}

/// `SHT_STRTAB`.
const STRING_TABLE: u32 = 3;

/// Parts of what is claimed: headers before all else, and what two claim is nobody's.
fn of_claims(claims: Vec<FilePart>, size: u64) -> Vec<FilePart> {
    let mut edges: Vec<u64> =
        claims.iter().flat_map(|part| [part.range.start, part.range.end]).chain([0, size]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut starting: Vec<usize> = (0..claims.len()).collect();
    starting.sort_by_key(|&index| claims[index].range.start);
    let (mut starting, mut open): (_, Vec<usize>) = (starting.into_iter().peekable(), Vec::new());
    let mut parts: Vec<FilePart> = Vec::new();
    for pair in edges.windows(2) {
        let [start, end] = *pair else { continue };
        open.retain(|&index| claims[index].range.end > start);
        while let Some(index) = starting.next_if(|&index| claims[index].range.start <= start) {
            open.push(index);
        }
        let is_header = open.iter().any(|&index| claims[index].kind == FilePartKind::Headers);
        let kind = match &open[..] {
            _ if is_header => FilePartKind::Headers,
            [only] => shifted(&claims[*only], start),
            _ => FilePartKind::Nothing,
        };
        parts.push(FilePart { range: start..end, kind });
    }
    parts
}

fn shifted(part: &FilePart, start: u64) -> FilePartKind {
    match part.kind {
        FilePartKind::Memory(address) => {
            FilePartKind::Memory(Address(address.0.wrapping_add(start - part.range.start)))
        }
        // Notes that begin in the middle are none.
        FilePartKind::Notes(_) if start != part.range.start => FilePartKind::Nothing,
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(start: u64, end: u64, kind: FilePartKind) -> FilePart {
        FilePart { range: start..end, kind }
    }

    #[test]
    fn each_byte_is_in_one_part() {
        use FilePartKind::{Headers, Memory, Notes, Nothing};
        let claims = vec![
            part(0, 64, Headers),
            part(100, 200, Notes(4)),
            part(200, 400, Memory(Address(0x1000))),
            part(300, 500, Memory(Address(0x8000))),
            part(40, 80, Memory(Address(0x9000))),
        ];
        let parts = of_claims(claims, 600);
        let expected = [
            part(0, 40, Headers),
            part(40, 64, Headers),
            part(64, 80, Memory(Address(0x9018))),
            part(80, 100, Nothing),
            part(100, 200, Notes(4)),
            part(200, 300, Memory(Address(0x1000))),
            part(300, 400, Nothing),
            part(400, 500, Memory(Address(0x8064))),
            part(500, 600, Nothing),
        ];
        assert_eq!(parts, expected);
        assert_eq!(of_claims(Vec::new(), 0), []);
    }
}
