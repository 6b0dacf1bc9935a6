//! Damage: what is written where, as the fuzzer's bytes say.

use crate::Cursor;

/// More would leave nothing of the world.
const MAX_PATCHES: usize = 64;

const TROUBLE: [u64; 12] = [
    0,
    u64::MAX,
    1,
    1 << 63,
    i64::MAX as u64,
    u32::MAX as u64,
    i32::MAX as u64,
    0xffff,
    1 << 47,
    0xffff_ffff_ffff_fff8,
    1 << 32,
    8,
];

/// Patches of the structures in `spots`: where, the bytes and how many of them.
pub fn read(spots: &[(u64, usize)], input: &mut Cursor<'_>) -> Vec<(u64, [u8; 8], usize)> {
    let mut patches = Vec::new();
    while !input.is_empty() && patches.len() < MAX_PATCHES {
        let (kind, at) = (input.byte(), input.half());
        let (spot, len) = spots[usize::from(at) % spots.len()];
        // Within long runs of bytes, such as code and tables, anywhere.
        let skip = if len > 8 { u64::from(input.half()) % len as u64 } else { 0 };
        let count = match kind >> 4 {
            0..8 => len.min(8),
            8..11 => 1,
            11..13 => 4,
            13..15 => 2,
            _ => 8,
        };
        let value = match kind & 15 {
            0..4 => TROUBLE[usize::from(input.byte()) % TROUBLE.len()],
            4..8 => u64::from(input.byte()),
            // Into a structure of another kind, or of the same.
            8..12 => spots[usize::from(input.half()) % spots.len()].0.wrapping_add(u64::from(input.byte()) % 64),
            12..14 => u64::from(input.half()),
            _ => input.word(),
        };
        patches.push((spot + skip, value.to_le_bytes(), count));
    }
    patches
}
