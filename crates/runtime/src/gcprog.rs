//! GC programs: run-length coded pointer masks (mbitmap.go `runGCProg`), for types up to 1.23 and for data and bss in every
//! release.

use goheap_image::{Address, MemoryImage};
use goheap_model::BitVector;

/// Masks of more words than this describe no real type.
const MAX_WORDS: usize = 1 << 27;
/// Instructions that a program may have: each makes at least one bit or is a fault.
const MAX_INSTRUCTIONS: usize = 1 << 24;

/// Runs the program at `at` for `words` bits of mask; None where it is absent, endless or refers before its start.
pub(crate) fn run(memory: &MemoryImage, at: Address, words: usize) -> Option<BitVector> {
    if words > MAX_WORDS {
        return None;
    }
    let mut out = BitVector::zeroed(words);
    let (mut cursor, mut made) = (at, 0_usize);
    let next = |cursor: &mut Address| {
        let byte = memory.read_u8(*cursor);
        *cursor = cursor.add(1);
        byte
    };
    for _ in 0..MAX_INSTRUCTIONS {
        let op = next(&mut cursor)?;
        let count = usize::from(op & 0x7f);
        if op == 0 || made >= words {
            return Some(out);
        }
        if op & 0x80 == 0 {
            for bit in 0..count.div_ceil(8) {
                let byte = next(&mut cursor)?;
                (0..8.min(count - bit * 8))
                    .filter(|shift| byte >> shift & 1 == 1)
                    .for_each(|shift| out.set(made + bit * 8 + shift));
            }
            made += count;
            continue;
        }
        let span = if count == 0 { varint(&mut || next(&mut cursor))? } else { count };
        let times = varint(&mut || next(&mut cursor))?;
        let start = made.checked_sub(span).filter(|_| span > 0)?;
        for index in 0..span.checked_mul(times)?.min(words.saturating_sub(made)) {
            if out.get(start + index % span) {
                out.set(made + index);
            }
        }
        made = made.checked_add(span.checked_mul(times)?)?;
    }
    None
}

fn varint(next: &mut impl FnMut() -> Option<u8>) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..63).step_by(7) {
        let byte = next()?;
        value |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
