//! Which addresses are type descriptors: every one that the linker laid out, and whether a descriptor stands at an address.
//!
//! The linker puts descriptors in `[moduledata.types, moduledata.etypes)`, sorted by size among the names of types and (up to
//! 1.26) whatever else is read-only; no table lists them all: `typelinks` (up to 1.26) and `typedesclen` (1.27) leave out named
//! types that are no pointers, channels, maps, funcs, slices, arrays. So each word boundary is tried, and the parts of a
//! descriptor that depend on each other judge.

use super::descriptor::{DescriptorReader, KIND_MASK};
use crate::words::{half_at, word_at};
use goheap_image::Address;

/// Bytes of `abi.Type`, before what each kind adds.
const TYPE_BYTES: usize = 48;
const TFLAG_ALL: u8 = 0x3f;
/// Sections of types are searched this far. The Go compiler's own, up to 1.26 with all that is read-only, has 3 MB.
const SEARCHED_BYTES: u64 = 1 << 28;
/// Bytes of names read for each byte of a section: the linker stores each name once, for a type and its pointer type.
const NAME_BYTES_PER_BYTE: usize = 8;

/// Bytes, alignment and pointer bytes of a kind whose values are all alike; None for the kinds that vary.
fn fixed_shape(kind: u8) -> Option<(u64, u8, u64)> {
    Some(match kind {
        1 | 3 | 8 => (1, 1, 0),
        4 | 9 => (2, 2, 0),
        5 | 10 | 13 => (4, 4, 0),
        2 | 6 | 7 | 11 | 12 | 14 => (8, 8, 0),
        15 => (8, 4, 0),
        16 => (16, 8, 0),
        18 | 19 | 21 | 22 | 26 => (8, 8, 8),
        20 => (16, 8, 16),
        23 => (24, 8, 8),
        24 => (16, 8, 8),
        _ => return None,
    })
}

/// True if the 48 bytes of an `abi.Type` do not contradict each other.
fn is_coherent(record: &[u8]) -> bool {
    let (Some(size), Some(pointers)) = (word_at(record, 0), word_at(record, 8)) else { return false };
    let &[flags, align, field_align, kind] = &record[20..24] else { return false };
    let kind = kind & KIND_MASK;
    if !matches!(align, 1 | 2 | 4 | 8) || !matches!(field_align, 1 | 2 | 4 | 8) || flags & !TFLAG_ALL != 0 {
        return false;
    }
    if pointers > size || !pointers.is_multiple_of(8) || (pointers > 0 && word_at(record, 32) == Some(0)) {
        return false;
    }
    match fixed_shape(kind) {
        // Pointers to what lies outside the heap (`sys.NotInHeap`) are no pointers to the collector, nor are slices of it.
        Some((bytes, alignment, words)) => {
            size == bytes && align == alignment && (pointers == words || (pointers == 0 && matches!(kind, 22 | 23)))
        }
        None => {
            matches!(kind, 17 | 25)
                && size <= super::descriptor::MAX_TYPE_BYTES
                && size.is_multiple_of(u64::from(align))
        }
    }
}

impl DescriptorReader<'_> {
    /// The addresses of the type descriptors in every module's types, ascending, each once.
    ///
    /// Costs a look at each word of those sections; nothing is cached.
    pub fn linked(&self) -> Vec<u64> {
        let mut found = Vec::new();
        for module in self.modules {
            let Some(start) = module.types.start.checked_next_multiple_of(8) else { continue };
            let len = module.types.end.saturating_sub(start).min(SEARCHED_BYTES);
            let len = self.memory.readable_len(Address(start), len);
            let Some(bytes) = usize::try_from(len).ok().and_then(|len| self.memory.bytes(Address(start), len)) else {
                continue;
            };
            // Since 1.27 descriptors end where the itabs begin; before, only the section's end is told.
            let end = module.itabs.and_then(|(offset, _)| module.types.start.checked_add(offset)?.checked_sub(start));
            let end = end.and_then(|end| usize::try_from(end).ok()).unwrap_or(bytes.len()).min(bytes.len());
            let mut names = bytes.len().saturating_mul(NAME_BYTES_PER_BYTE);
            let last = end.saturating_sub(TYPE_BYTES);
            for at in (0..=last).step_by(8) {
                // A record that is cut off at the end has no kind.
                let Some(record) = bytes.get(at..at + TYPE_BYTES) else { break };
                let address = start + at as u64;
                if is_coherent(record) && self.has_parts(address, record, &mut names) {
                    found.push(address);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// True if a type descriptor begins at `address`: a linked one, or one that reflect made on the heap.
    ///
    /// Judged by the record itself, its name and what it refers to; a made-up record may pass, a value or an address inside a
    /// descriptor does not.
    pub fn is_descriptor(&self, address: u64) -> bool {
        let mut names = usize::MAX;
        let record = self.memory.bytes(Address(address), TYPE_BYTES).filter(|record| is_coherent(record));
        address.is_multiple_of(8) && record.is_some_and(|record| self.has_parts(address, &record, &mut names))
    }

    /// True if the name of a coherent record can be read, within a budget of bytes, and what its kind adds refers to coherent records.
    fn has_parts(&self, address: u64, record: &[u8], names: &mut usize) -> bool {
        let at = Address(address);
        let refers = |offset: u64| self.memory.read_u64(at.add(offset)).is_some_and(|to| self.is_coherent_at(to));
        let equal = word_at(record, 24).unwrap_or(0);
        let str_offset = half_at(record, 40).map_or(0, |word| word as i32);
        let is_linked = self.is_linked(address);
        if !is_linked && str_offset > 0
            || !equal.is_multiple_of(8)
            || equal != 0 && self.memory.read_u8(Address(equal)).is_none()
        {
            return false;
        }
        if is_linked && !self.has_name(at, names) {
            return false;
        }
        match record[23] & KIND_MASK {
            17 => refers(48) && refers(56) && self.is_array_of(at, record),
            18 | 22 | 23 => refers(48),
            19 => self.has_params(at),
            20 => self.has_slice(at, 1 << 20),
            // The type of a bucket that reflect made is not whole.
            21 => refers(48) && refers(56),
            25 => self.has_slice(at, super::descriptor::MAX_FIELDS),
            kind => (1..=26).contains(&kind),
        }
    }

    fn has_name(&self, at: Address, budget: &mut usize) -> bool {
        let Some(name) = self.own_name(at) else { return false };
        *budget = budget.saturating_sub(name.len());
        *budget > 0 && !name.is_empty() && !name.contains('\u{fffd}')
    }

    /// The first and the last parameter or result of a func type.
    fn has_params(&self, at: Address) -> bool {
        self.func_list(at).is_some_and(|(first, params, results)| {
            let refers =
                |index: u64| self.memory.read_u64(first.add(index * 8)).is_some_and(|to| self.is_coherent_at(to));
            match params + results {
                0 => true,
                count => refers(0) && refers(count - 1),
            }
        })
    }

    fn is_coherent_at(&self, address: u64) -> bool {
        address.is_multiple_of(8)
            && self.memory.bytes(Address(address), TYPE_BYTES).is_some_and(|record| is_coherent(&record))
    }

    fn is_array_of(&self, at: Address, record: &[u8]) -> bool {
        let elem = self.memory.read_u64(at.add(48)).and_then(|elem| self.memory.read_u64(Address(elem)));
        let len = self.memory.read_u64(at.add(64));
        elem.zip(len).and_then(|(elem, len)| elem.checked_mul(len)) == word_at(record, 0)
    }

    /// Fields of a struct, methods of an interface: a slice that the linker or reflect made.
    fn has_slice(&self, at: Address, limit: u64) -> bool {
        crate::words::read_slice(self.memory, at.add(56)).is_some_and(|slice| {
            slice.len <= limit
                && (slice.len == 0 || slice.data.0.is_multiple_of(4) && self.memory.read_u8(slice.data).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(size: u64, pointers: u64, [flags, align, field_align, kind]: [u8; 4]) -> Vec<u8> {
        let mut record = [size.to_le_bytes(), pointers.to_le_bytes(), [0; 8]].concat();
        record[20..24].copy_from_slice(&[flags, align, field_align, kind]);
        record.extend([1; 24]);
        record
    }

    #[test]
    fn kinds_have_their_sizes() {
        assert!(is_coherent(&record(16, 8, [4, 8, 8, 24])), "a string");
        assert!(is_coherent(&record(8, 8, [0, 8, 8, 22 | 0x20])), "a pointer, direct in interfaces");
        assert!(is_coherent(&record(8, 0, [0, 8, 8, 22])), "a pointer outside the heap");
        assert!(!is_coherent(&record(16, 16, [4, 8, 8, 24])), "a string of two pointers");
        assert!(!is_coherent(&record(12, 8, [0, 8, 8, 25])), "a struct that is not aligned");
        assert!(!is_coherent(&record(8, 16, [0, 8, 8, 25])), "more pointers than bytes");
        assert!(!is_coherent(&record(!7, 8, [0, 8, 8, 17])), "larger than any type");
        assert!(!is_coherent(&[0; 48]));
        assert!(!is_coherent(&record(8, 8, [0x40, 8, 8, 22])), "an unknown flag");
    }
}
