//! Which words lead somewhere, and which are lengths of what the word before leads to.

use crate::objects::table::ObjectTable;
use goheap_image::{Address, Machine};
use goheap_runtime::RuntimeModel;
use std::ops::Range;

/// Below lies nothing.
const LOWEST: u64 = 1 << 16;
/// Lengths of strings and slices in the program's file that are taken for such.
const LONGEST_CONSTANT: u64 = 1 << 16;

/// Where words may lead.
pub(super) struct Places<'r, 'm, 'p> {
    pub(super) model: &'m RuntimeModel<'p>,
    pub(super) objects: &'r ObjectTable<'m, 'p>,
    /// What the core maps, ascending and apart.
    mapped: Vec<Range<u64>>,
    /// What of it is the program's file and its variables.
    program: Vec<Range<u64>>,
    /// Where files lie that hold code.
    files: Vec<FilePart<'m>>,
}

/// What of a file is mapped at an address.
struct FilePart<'m> {
    start: u64,
    bytes: &'m [u8],
}

impl<'r, 'm, 'p> Places<'r, 'm, 'p> {
    pub(super) fn new(model: &'m RuntimeModel<'p>, objects: &'r ObjectTable<'m, 'p>) -> Self {
        let segments = model.process.core.segments().iter();
        let mapped = joined(segments.map(|segment| segment.address.0.max(LOWEST)..segment.end().0).collect());
        let bias = model.process.load_bias;
        let own = model.process.executable.load_segments().map(|segment| {
            let start = segment.address.0.wrapping_add(bias);
            start..start.saturating_add(segment.memory_size)
        });
        let modules = model.modules.iter().flat_map(|module| {
            [&module.text, &module.types, &module.data, &module.bss, &module.noptrdata, &module.noptrbss]
                .map(Range::clone)
        });
        Places { model, objects, mapped, program: joined(own.chain(modules).collect()), files: files(model) }
    }

    /// True if memory is mapped there. Cores may lack segments of files.
    pub(super) fn is_mapped(&self, word: u64) -> bool {
        contains(&self.mapped, word) || self.is_in_program(word)
    }

    /// The word that the file has there which is mapped: what a program was built with is no secret of the process.
    pub(super) fn word_of_file(&self, address: u64) -> Option<u64> {
        let next = self.files.partition_point(|part| part.start <= address);
        let part = next.checked_sub(1).and_then(|index| self.files.get(index))?;
        let bytes = part.bytes.get(usize::try_from(address - part.start).ok()?..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// True if it lies in the program's file or its variables: of a program that is not position independent such addresses are small numbers.
    pub(super) fn is_in_program(&self, word: u64) -> bool {
        contains(&self.program, word)
    }

    /// True if it is mapped and no part of the program's file.
    pub(super) fn is_elsewhere(&self, word: u64) -> bool {
        self.is_mapped(word) && !self.is_in_program(word)
    }

    /// True if it is where a function begins, or where a call returns to.
    pub(super) fn is_code(&self, word: u64) -> bool {
        let in_text = self.model.modules.iter().any(|module| module.text.contains(&word));
        in_text && (self.is_entry(word) || self.follows_call(word))
    }

    /// True if a function begins there.
    pub(super) fn is_entry(&self, word: u64) -> bool {
        self.model.begins_function(word)
    }

    fn follows_call(&self, word: u64) -> bool {
        let memory = self.model.memory();
        let byte = |before: u64| memory.read_u8(Address(word.wrapping_sub(before)));
        match self.model.machine() {
            // CALL rel32, and FF /2 with one to five bytes of operand.
            Machine::X86_64 => {
                byte(5) == Some(0xe8)
                    || (2..=7)
                        .any(|len| byte(len) == Some(0xff) && byte(len - 1).is_some_and(|modes| modes >> 3 & 7 == 2))
            }
            // BL and BLR.
            Machine::Aarch64 => memory.read_u32(Address(word.wrapping_sub(4))).is_some_and(|instruction| {
                instruction & 0xfc00_0000 == 0x9400_0000 || instruction & 0xffff_fc1f == 0xd63f_0000
            }),
        }
    }

    /// Bytes from where `pointer` leads to the end of what it leads into; None where it leads to nothing that has a length.
    pub(super) fn room(&self, pointer: u64) -> Option<u64> {
        match self.objects.find(pointer) {
            Some(slot) => {
                let span = self.objects.span(slot);
                Some(span.slot_address(slot.slot).saturating_add(span.elem_size).saturating_sub(pointer))
            }
            None if self.is_in_program(pointer) => Some(LONGEST_CONSTANT),
            // A string or slice of C's or of a stack.
            None => self.is_mapped(pointer).then_some(LONGEST_CONSTANT),
        }
    }
}

/// The segments of the executable and of libraries, ascending.
fn files<'m>(model: &'m RuntimeModel<'_>) -> Vec<FilePart<'m>> {
    let process = model.process;
    let libraries = process.shared_objects.iter().map(|object| (&object.executable, object.load_bias));
    let all = std::iter::once((&process.executable, process.load_bias)).chain(libraries);
    let parts = all.flat_map(|(file, bias)| {
        file.load_segments().filter_map(move |segment| {
            let start = usize::try_from(segment.file_offset).ok()?;
            let end = start.checked_add(usize::try_from(segment.file_size).ok()?)?;
            let bytes = file.data().get(start..end)?;
            Some(FilePart { start: segment.address.0.wrapping_add(bias), bytes })
        })
    });
    let mut parts: Vec<FilePart<'m>> = parts.collect();
    parts.sort_by_key(|part| part.start);
    parts
}

/// Ranges in order, those that touch as one.
pub(super) fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut found: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match found.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => found.push(range),
        }
    }
    found
}

/// True if one of the ranges, which are in order, has the address.
pub(super) fn contains(ranges: &[Range<u64>], address: u64) -> bool {
    let next = ranges.partition_point(|range| range.start <= address);
    next.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|range| address < range.end)
}

/// The ranges, which are in order, that lie in `wanted`, cut to it.
pub(super) fn within(ranges: &[Range<u64>], wanted: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let first = ranges.partition_point(|range| range.end <= wanted.start);
    let (start, end) = (wanted.start, wanted.end);
    let rest = ranges.get(first..).unwrap_or_default().iter().take_while(move |range| range.start < end);
    rest.map(move |range| range.start.max(start)..range.end.min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_in_order() {
        let ranges = joined(vec![30..40, 10..20, 20..25, 5..5, 12..14]);
        assert_eq!(ranges, [10..25, 30..40]);
        assert_eq!([9, 10, 24, 25, 39, 40].map(|at| contains(&ranges, at)), [false, true, true, false, true, false]);
        assert_eq!(within(&ranges, &(24..31)).collect::<Vec<_>>(), [24..25, 30..31]);
        assert_eq!(within(&ranges, &(25..30)).count(), 0);
    }
}
