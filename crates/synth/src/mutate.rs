//! Damage done to a file, the same at every run.

/// Marsaglia's xorshift64: small, and needs no crate.
#[derive(Clone, Debug)]
pub struct XorShift(u64);

impl XorShift {
    /// A generator; seed 0 is taken as 1.
    pub fn new(seed: u64) -> XorShift {
        XorShift(seed.max(1))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The next number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw().checked_rem(bound).unwrap_or(0)
    }
}

/// Flips 1 to 8 neighbouring bytes in `start..end` of `bytes`, or sets them to a number that is often trouble.
pub fn flip(bytes: &mut [u8], start: usize, end: usize, random: &mut XorShift) {
    const TROUBLE: [u64; 6] = [0, u64::MAX, 1 << 63, u32::MAX as u64, 0x7fff_ffff_ffff_ffff, 0xffff];
    let at = start + random.below(end.saturating_sub(start) as u64) as usize;
    let count = 1 + random.below(8) as usize;
    let pattern = match random.below(3) {
        0 => TROUBLE[random.below(TROUBLE.len() as u64) as usize],
        _ => random.draw(),
    };
    let whole = random.below(2) == 0;
    for (byte, value) in bytes.iter_mut().take(end).skip(at).take(count).zip(pattern.to_le_bytes()) {
        *byte = if whole { value } else { *byte ^ value };
    }
}
