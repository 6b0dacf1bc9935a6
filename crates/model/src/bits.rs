//! Bit vectors as the runtime keeps them: least significant bit first, one bit a word or a slot.

/// A mask over words or slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitVector {
    /// Bits in use.
    pub len: usize,
    /// Eight bits a byte, least significant first; at least `len` bits.
    pub bytes: Vec<u8>,
}

impl BitVector {
    /// A vector of `len` clear bits.
    pub fn zeroed(len: usize) -> Self {
        BitVector { len, bytes: vec![0; len.div_ceil(8)] }
    }

    /// The bit at `index`; false beyond the end.
    pub fn get(&self, index: usize) -> bool {
        index < self.len && self.bytes.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Sets the bit at `index`; nothing beyond the end.
    pub fn set(&mut self, index: usize) {
        if index < self.len
            && let Some(byte) = self.bytes.get_mut(index / 8)
        {
            *byte |= 1 << (index % 8);
        }
    }

    /// Sets every bit below `end`.
    pub fn set_below(&mut self, end: usize) {
        let end = end.min(self.len);
        if let Some(whole) = self.bytes.get_mut(..end / 8) {
            whole.fill(u8::MAX);
        }
        (end / 8 * 8..end).for_each(|index| self.set(index));
    }

    /// The indices of the set bits, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        ones(&self.bytes).take_while(|&index| index < self.len)
    }

    /// The same, of those not below `start`.
    pub fn ones_from(&self, start: usize) -> impl Iterator<Item = usize> + '_ {
        let first = start / 64 * 8;
        let rest = self.bytes.get(first..).unwrap_or_default();
        let ones = ones(rest).map(move |index| first * 8 + index);
        ones.skip_while(move |&index| index < start).take_while(|&index| index < self.len)
    }

    /// How many bits are set.
    pub fn count(&self) -> usize {
        let (whole, tail) = (self.len / 8, self.len % 8);
        let whole_bytes = self.bytes.get(..whole).unwrap_or(&self.bytes);
        let set: u32 = whole_bytes.iter().map(|byte| byte.count_ones()).sum();
        let rest = self.bytes.get(whole).map_or(0, |byte| (byte & ((1 << tail) - 1)).count_ones());
        (set + rest) as usize
    }

    /// How many of the bits from `start` to the end are set.
    pub fn count_from(&self, start: usize) -> usize {
        (start..self.len).filter(|&index| self.get(index)).count()
    }
}

/// The indices of the set bits of `bytes`, ascending.
pub fn ones(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let word = |chunk: &[u8]| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(bytes)
    };
    let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
    bytes.chunks(8).enumerate().flat_map(move |(at, chunk)| {
        let bits = Some(word(chunk)).filter(|bits| *bits != 0);
        std::iter::successors(bits, rest).map(move |bits| at * 64 + bits.trailing_zeros() as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_stop_at_the_length() {
        let bits = BitVector { len: 10, bytes: vec![0b1000_0001, 0b1111_1110] };
        assert_eq!(bits.ones().collect::<Vec<_>>(), [0, 7, 9]);
        assert_eq!((bits.count_from(1), bits.count()), (2, 3));
        assert!(!bits.get(10));
    }

    #[test]
    fn runs_are_set_to_their_end() {
        for end in [0, 1, 7, 8, 17, 20, 30] {
            let mut bits = BitVector::zeroed(20);
            bits.set_below(end);
            assert!(bits.ones().eq(0..end.min(20)), "{end}");
        }
    }

    #[test]
    fn ones_go_on_beyond_a_word() {
        let mut bits = BitVector::zeroed(139);
        let set = [0, 63, 64, 71, 128, 138];
        set.iter().for_each(|&bit| bits.set(bit));
        assert_eq!(bits.ones().collect::<Vec<_>>(), set);
        assert_eq!(bits.count(), set.len());
        for start in [0, 1, 63, 64, 65, 128, 129, 138, 139, 1000] {
            assert!(bits.ones_from(start).eq(set.into_iter().filter(|&bit| bit >= start)), "from {start}");
        }
    }
}
