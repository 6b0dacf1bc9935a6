//! The records of a note segment (`Elf64_Nhdr`).

use crate::le;

/// One note, name without its NULs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) kind: u32,
    pub(crate) contents: &'a [u8],
}

/// The notes in `bytes` up to the first that does not fit, and whether there was one such.
///
/// The gABI pads 64-bit notes to 8; everybody pads to 4, except where `p_align` says 8 (as in `.note.gnu.property`), and some say
/// 8 and pad to 4. So the declared alignment is tried first, and the other if that does not come out even.
pub(crate) fn notes(bytes: &[u8], alignment: u64) -> (Vec<Note<'_>>, bool) {
    let (first, second) = if alignment == 8 { (8, 4) } else { (4, 8) };
    let declared = walk(bytes, first);
    if !declared.1 {
        return declared;
    }
    let other = walk(bytes, second);
    if !other.1 || other.0.len() > declared.0.len() { other } else { declared }
}

fn walk(bytes: &[u8], alignment: usize) -> (Vec<Note<'_>>, bool) {
    let mut found = Vec::new();
    let mut rest = bytes;
    while rest.len() >= HEADER {
        let Some((note, size)) = one(rest, alignment) else { return (found, true) };
        // Zero padding to the end of the segment.
        if note.name.is_empty() && note.contents.is_empty() && note.kind == 0 {
            return (found, rest.iter().any(|&byte| byte != 0));
        }
        found.push(note);
        rest = rest.get(size..).unwrap_or_default();
    }
    (found, rest.iter().any(|&byte| byte != 0))
}

const HEADER: usize = 12;

fn one(bytes: &[u8], alignment: usize) -> Option<(Note<'_>, usize)> {
    let name_size = usize::try_from(le::u32(bytes, 0)?).ok()?;
    let size = usize::try_from(le::u32(bytes, 4)?).ok()?;
    let kind = le::u32(bytes, 8)?;
    let name_end = HEADER.checked_add(name_size)?;
    let name = bytes.get(HEADER..name_end)?;
    let start = name_end.checked_next_multiple_of(alignment)?;
    let end = start.checked_add(size)?;
    let contents = bytes.get(start..end)?;
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    Some((Note { name, kind, contents }, end.checked_next_multiple_of(alignment)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(name: &[u8], kind: u32, contents: &[u8], alignment: usize) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend((name.len() as u32).to_le_bytes());
        out.extend((contents.len() as u32).to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(name);
        out.resize(out.len().next_multiple_of(alignment), 0);
        out.extend(contents);
        out.resize(out.len().next_multiple_of(alignment), 0);
        out
    }

    fn two(alignment: usize) -> Vec<u8> {
        [note(b"CORE\0", 1, b"abcde", alignment), note(b"GNU\0", 3, b"xyz", alignment)].concat()
    }

    #[test]
    fn reads_either_padding_whatever_is_declared() {
        for padding in [4, 8] {
            for declared in [0, 1, 4, 8] {
                let bytes = two(padding);
                let (notes, damaged) = notes(&bytes, declared);
                assert!(!damaged, "padding {padding}, declared {declared}");
                assert_eq!(notes[0], Note { name: b"CORE", kind: 1, contents: b"abcde" });
                assert_eq!(notes[1], Note { name: b"GNU", kind: 3, contents: b"xyz" });
            }
        }
    }

    #[test]
    fn keeps_what_stands_before_the_damage() {
        let mut bytes = two(4);
        bytes.truncate(bytes.len() - 2);
        let (notes, damaged) = notes(&bytes, 4);
        assert!(damaged);
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn zero_padding_is_the_end() {
        let mut bytes = two(4);
        bytes.extend([0; 32]);
        let (notes, damaged) = notes(&bytes, 4);
        assert_eq!((notes.len(), damaged), (2, false));
    }

    #[test]
    fn sizes_that_overflow_are_damage() {
        let bytes = [0xff; 16];
        assert_eq!(notes(&bytes, 4), (vec![], true));
    }
}
