//! Small numbers as Parquet packs them: runs of one number, and eights of numbers bit by bit (Encodings.md, "RLE/Bit-Packing Hybrid").

use crate::varint::push_varint;

/// Numbers that are packed together.
const EIGHT: usize = 8;

/// Bits that numbers below `count` need, one at least.
pub(super) fn width_of(count: usize) -> u32 {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).max(1)
}

/// Packs numbers, each of at most `width` bits, behind what is in `out`.
pub(super) fn pack(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut at, mut packed) = (0, 0);
    while let Some(&number) = numbers.get(at) {
        let run = numbers[at..].iter().take_while(|&&other| other == number).count();
        // What stands before is packed in eights: what lacks of the last is taken of the run.
        let taken = (at - packed).next_multiple_of(EIGHT) - (at - packed);
        if run >= taken + EIGHT {
            literals(&numbers[packed..at + taken], width, out);
            push_varint(((run - taken) as u64) << 1, out);
            out.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8) as usize]);
            packed = at + run;
        }
        at += run;
    }
    literals(&numbers[packed..], width, out);
}

/// Eights of numbers, the last filled up with zeros.
fn literals(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    push_varint((numbers.len().div_ceil(EIGHT) as u64) << 1 | 1, out);
    for eight in numbers.chunks(EIGHT) {
        let (mut bits, mut held) = (0_u64, 0);
        for at in 0..EIGHT {
            bits |= u64::from(eight.get(at).copied().unwrap_or(0)) << held;
            held += width;
            while held >= 8 {
                out.push(bits as u8);
                (bits, held) = (bits >> 8, held - 8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read as the format's description says.
    fn unpacked(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let (mut at, mut numbers) = (0, Vec::new());
        let byte = |at: usize| u64::from(bytes[at]);
        while numbers.len() < count {
            let (mut head, mut shift) = (0, 0);
            loop {
                head |= (byte(at) & 0x7f) << shift;
                (at, shift) = (at + 1, shift + 7);
                if byte(at - 1) < 0x80 {
                    break;
                }
            }
            if head & 1 == 0 {
                let len = width.div_ceil(8) as usize;
                let number = (0..len).map(|index| byte(at + index) << (8 * index)).sum::<u64>();
                numbers.extend(std::iter::repeat_n(number as u32, (head >> 1) as usize));
                at += len;
            } else {
                let bit = |index: usize| byte(at + index / 8) >> (index % 8) & 1;
                for index in 0..(head >> 1) as usize * EIGHT {
                    numbers.push((0..width as usize).map(|b| bit(index * width as usize + b) << b).sum::<u64>() as u32);
                }
                at += (head >> 1) as usize * width as usize;
            }
        }
        assert_eq!(at, bytes.len());
        numbers.truncate(count);
        numbers
    }

    #[test]
    fn what_is_packed_is_read_back() {
        for width in [1, 2, 3, 7, 8, 9, 17, 24, 31] {
            for runs in
                [&[1, 1, 1][..], &[8], &[100], &[3, 9, 2, 40, 1, 1, 7, 8, 15, 16, 17], &[7, 300], &[9, 1, 9, 1, 30, 5]]
            {
                let number = |run: usize| (run as u32).wrapping_mul(2_654_435_761) & ((1 << width) - 1);
                let numbers: Vec<u32> =
                    runs.iter().enumerate().flat_map(|(run, &len)| vec![number(run); len]).collect();
                let mut out = Vec::new();
                pack(&numbers, width, &mut out);
                assert_eq!(unpacked(&out, width, numbers.len()), numbers, "{width} {runs:?}");
            }
        }
    }

    #[test]
    fn a_run_takes_a_few_bytes() {
        let mut out = Vec::new();
        pack(&vec![5; 100_000], 3, &mut out);
        assert_eq!(out.len(), 4);
        out.clear();
        pack(&[], 3, &mut out);
        assert!(out.is_empty());
        assert_eq!([0, 1, 2, 3, 256, 257].map(width_of), [1, 1, 1, 2, 8, 9]);
    }
}
