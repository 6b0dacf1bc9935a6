//! The Go version, from the buildinfo blob (debug/buildinfo) that the linker puts first into the data segment.

use crate::version::GoVersion;
use goheap_image::{Address, Executable, MemoryImage, RangeSource};

/// `\xff Go buildinf:` with the pointer size behind it and the flags.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const FLAGS: usize = 15;
/// The version string follows in the blob, since 1.18; before, two pointers to string headers did.
const FLAG_INLINE: u8 = 2;
const INLINE_STRING: usize = 32;
const MAX_STRING: usize = 4096;
/// The blob lies at the start of a segment; this much of each is searched where the section is unknown.
const SEARCHED_BYTES: u64 = 1 << 20;

/// The version in the executable's `.go.buildinfo`, else in the image's memory; None for a program that is not Go.
pub fn find_version(executable: Option<&Executable>, memory: &MemoryImage) -> Option<GoVersion> {
    let section = executable.and_then(|executable| executable.section_data(".go.buildinfo"));
    if let Some(version) = section.and_then(|section| parse(&section, memory)) {
        return Some(version);
    }
    memory
        .ranges()
        .filter(|range| range.writable || range.source == RangeSource::File)
        .filter_map(|range| memory.bytes(range.start, usize::try_from(range.len.min(SEARCHED_BYTES)).ok()?))
        .find_map(|bytes| search(&bytes, memory))
}

/// The blob is aligned to 16 bytes.
fn search(bytes: &[u8], memory: &MemoryImage) -> Option<GoVersion> {
    (0..bytes.len()).step_by(16).filter(|&at| bytes[at..].starts_with(MAGIC)).find_map(|at| parse(&bytes[at..], memory))
}

fn parse(blob: &[u8], memory: &MemoryImage) -> Option<GoVersion> {
    let blob = blob.strip_prefix(MAGIC).and(Some(blob))?;
    let text = if blob.get(FLAGS)? & FLAG_INLINE != 0 {
        inline_string(blob.get(INLINE_STRING..)?)?
    } else {
        let header = Address(crate::words::word_at(blob, 16)?);
        crate::words::read_string(memory, header, MAX_STRING)?
    };
    GoVersion::parse(&text)
}

fn inline_string(bytes: &[u8]) -> Option<String> {
    // The length is a varint; versions are far shorter than two of its bytes hold.
    let (&first, rest) = bytes.split_first()?;
    let (len, rest) = if first & 0x80 == 0 {
        (usize::from(first), rest)
    } else {
        let (&second, rest) = rest.split_first()?;
        (usize::from(first & 0x7f) | usize::from(second & 0x7f) << 7, rest)
    };
    Some(String::from_utf8_lossy(rest.get(..len)?).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_the_inline_form_anywhere() {
        let mut blob = vec![0; 48];
        blob.extend(MAGIC);
        blob.extend([8, 2]);
        blob.resize(48 + INLINE_STRING, 0);
        blob.push(9);
        blob.extend(b"go1.22.10");
        blob.resize(256, 0);
        let memory = MemoryImage::from_buffers([(Address(0x1000), blob, true)]);
        assert_eq!(find_version(None, &memory).unwrap().text, "go1.22.10");
    }
}
