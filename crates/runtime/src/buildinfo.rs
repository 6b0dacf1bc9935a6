//! The buildinfo blob (debug/buildinfo), which the linker puts first into the data segment.

use crate::mapped_elf::MappedElf;
use goheap_image::{Address, MemoryImage};

/// `\xff Go buildinf:` with the pointer size behind it and the flags.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const FLAGS: usize = 15;
/// The version string follows in the blob, since 1.18; before, two pointers to string headers did.
const FLAG_INLINE: u8 = 2;
const INLINE_STRING: usize = 32;
const MAX_STRING: usize = 4096;
const ALIGNMENT: usize = 16;
/// This much of each range of memory is searched where no file tells the segments.
const SEARCHED_BYTES: u64 = 1 << 20;

/// What the blob says as the Go version: whatever `runtime.buildVersion` was when it was linked, also by `-X`. None where there is no
/// blob.
pub(crate) fn stamp(file: &MappedElf<'_>) -> Option<String> {
    let section = file.executable.section_data(".go.buildinfo");
    let named = section.and_then(|section| parse(&section, file.memory));
    named.or_else(|| file.writable_segments().find_map(|segment| search(&file.bytes(&segment), file.memory)))
}

/// Every blob among the variables in memory, with its version string: one for each file of Go that the process had loaded.
pub(crate) fn all_in(memory: &MemoryImage) -> impl Iterator<Item = (Address, String)> + '_ {
    let dumped = memory.ranges().filter(|range| range.writable);
    dumped.flat_map(move |range| {
        let len = usize::try_from(range.len.min(SEARCHED_BYTES)).unwrap_or(0);
        let bytes = memory.bytes(range.start, len).unwrap_or_default();
        let places = (0..bytes.len()).step_by(ALIGNMENT).filter(|&at| bytes[at..].starts_with(MAGIC));
        let found = places.filter_map(|at| Some((range.start.add(at as u64), parse(&bytes[at..], memory)?)));
        found.collect::<Vec<_>>()
    })
}

fn search(bytes: &[u8], memory: &MemoryImage) -> Option<String> {
    let places = (0..bytes.len()).step_by(ALIGNMENT);
    places.filter(|&at| bytes[at..].starts_with(MAGIC)).find_map(|at| parse(&bytes[at..], memory))
}

fn parse(blob: &[u8], memory: &MemoryImage) -> Option<String> {
    let blob = blob.strip_prefix(MAGIC).and(Some(blob))?;
    if blob.get(FLAGS)? & FLAG_INLINE != 0 {
        return inline_string(blob.get(INLINE_STRING..)?);
    }
    let header = Address(crate::words::word_at(blob, 16)?);
    crate::words::read_string(memory, header, MAX_STRING)
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
        let memory = MemoryImage::from_buffers([]);
        assert_eq!(search(&blob, &memory).as_deref(), Some("go1.22.10"));
    }
}
