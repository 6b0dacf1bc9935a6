//! A core as it comes through a pipe: headers and notes, then memory in the order of the file (fs/binfmt_elf.c `elf_core_dump`).

use crate::sink::{CoreSink, SinkError};
use std::io::{self, Read};

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Bytes of `Elf64_Ehdr`, of a segment's header, and of the first section's.
const HEADER: usize = 64;
const SEGMENT: u64 = 56;
const SECTION: u64 = 64;
/// `e_phnum` where the number of segments stands in the first section's header, which a core has at its end.
const MANY: u16 = 0xffff;
/// Tables of segments are held until they are whole. `vm.max_map_count` is seldom raised above a million.
const MOST_TABLE: u64 = 256 << 20;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Came {
    /// Bytes.
    pub(super) bytes: u64,
    /// What the headers say the core has; None where they do not say it: it is no ELF core of 64 bits.
    pub(super) whole: Option<u64>,
}

impl Came {
    /// True if the stream ended before the core did.
    pub(super) fn is_cut(self) -> bool {
        self.whole.is_some_and(|whole| self.bytes < whole) || self.bytes < HEADER as u64
    }
}

/// Why a stream was not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// It cannot be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The pipe cannot be read.
    #[error("the core cannot be read from standard input: {0}")]
    Read(#[source] io::Error),
}

/// Copies the stream to its end. Of the core no more than a piece is held.
pub(super) fn copy(from: &mut dyn Read, sink: &mut CoreSink) -> Result<Came, StreamError> {
    let mut piece = vec![0; PIECE];
    let (mut bytes, mut headers) = (0, Headers::default());
    loop {
        let count = filled(from, &mut piece).map_err(StreamError::Read)?;
        let part = piece.get(..count).unwrap_or_default();
        if count == 0 {
            return Ok(Came { bytes, whole: headers.end() });
        }
        headers.add(part);
        sink.data(part)?;
        bytes += count as u64;
    }
}

/// Reads until the piece is full or nothing comes any more: pipes give a few pages at a time.
fn filled(from: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while let Some(room) = piece.get_mut(count..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// The core's first bytes, until they tell where it ends.
#[derive(Debug, Default)]
struct Headers {
    start: Vec<u8>,
    is_done: bool,
    end: Option<u64>,
}

impl Headers {
    fn add(&mut self, part: &[u8]) {
        if self.is_done {
            return;
        }
        self.start.extend_from_slice(part);
        let Some(wanted) = table_end(&self.start) else {
            self.is_done = self.start.len() >= HEADER;
            return;
        };
        if wanted > MOST_TABLE {
            self.is_done = true;
        } else if self.start.len() as u64 >= wanted {
            self.end = core_end(&self.start);
            self.is_done = true;
        }
        if self.is_done {
            self.start = Vec::new();
        }
    }

    fn end(&self) -> Option<u64> {
        self.end
    }
}

fn number<const N: usize>(bytes: &[u8], at: u64) -> Option<[u8; N]> {
    bytes.get(usize::try_from(at).ok()?..)?.first_chunk::<N>().copied()
}

fn word(bytes: &[u8], at: u64) -> Option<u64> {
    number(bytes, at).map(u64::from_le_bytes)
}

/// The table of segments: where it begins and how many there are. None of what is no ELF file of 64 bits and little-endian.
fn table(start: &[u8]) -> Option<(u64, u64)> {
    if !start.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (offset, count) = (word(start, 32)?, u16::from_le_bytes(number(start, 56)?));
    if count != MANY {
        return Some((offset, u64::from(count)));
    }
    // The notes, which come first, follow the table directly.
    let first = word(start, offset.checked_add(8)?)?;
    Some((offset, first.checked_sub(offset)? / SEGMENT))
}

/// How many bytes hold the header and the table.
fn table_end(start: &[u8]) -> Option<u64> {
    let (offset, count) = table(start)?;
    offset.checked_add(count.checked_mul(SEGMENT)?)
}

/// Where the last segment ends, and behind it the header of the first section where there is one.
fn core_end(start: &[u8]) -> Option<u64> {
    let (offset, count) = table(start)?;
    let segment = |index: u64| {
        let at = offset + index * SEGMENT;
        word(start, at + 8)?.checked_add(word(start, at + 32)?)
    };
    let end = (0..count).map(segment).collect::<Option<Vec<u64>>>()?.into_iter().max()?;
    let sections = word(start, 40)?;
    let sections = if sections == 0 { 0 } else { sections.checked_add(SECTION)? };
    Some(end.max(sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header and `segments` of (offset, bytes).
    fn headers(segments: &[(u64, u64)]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[56..58].copy_from_slice(&(segments.len() as u16).to_le_bytes());
        for (offset, len) in segments {
            let mut one = vec![0; SEGMENT as usize];
            one[8..16].copy_from_slice(&offset.to_le_bytes());
            one[32..40].copy_from_slice(&len.to_le_bytes());
            bytes.extend(one);
        }
        bytes
    }

    #[test]
    fn the_end_is_that_of_the_last_segment() {
        let bytes = headers(&[(300, 100), (4096, 8192), (1000, 1)]);
        for step in [1, 7, 4096] {
            let mut told = Headers::default();
            bytes.chunks(step).for_each(|part| told.add(part));
            assert_eq!(told.end(), Some(4096 + 8192), "{step}");
        }
    }

    #[test]
    fn what_is_no_core_of_64_bits_has_no_end() {
        let of = |bytes: &[u8]| {
            let mut told = Headers::default();
            told.add(bytes);
            (told.end(), told.is_done)
        };
        let mut small = headers(&[(300, 100)]);
        small[4] = 1;
        assert_eq!(of(&small), (None, true));
        assert_eq!(of(&[0; 100]), (None, true));
        assert_eq!(of(&headers(&[(u64::MAX, 2)])), (None, true), "it would end beyond all numbers");
        assert_eq!(of(b"\x7fELF"), (None, false));
        assert!(Came { bytes: 10, whole: None }.is_cut() && !Came { bytes: 100, whole: Some(100) }.is_cut());
    }
}
