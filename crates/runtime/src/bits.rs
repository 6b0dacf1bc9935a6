//! Bit vectors as the runtime keeps them: least significant bit first, one bit a word or a slot.

use goheap_image::{Address, MemoryImage};

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

    /// Reads `len` bits at `at`; None where a byte is absent.
    pub fn read(memory: &MemoryImage, at: Address, len: usize) -> Option<Self> {
        Some(BitVector { len, bytes: memory.bytes(at, len.div_ceil(8))?.into_owned() })
    }

    /// Reads a `runtime.bitvector` {n int32, bytedata *uint8} (stack.go) whose header is at `at`.
    pub fn read_header(memory: &MemoryImage, at: Address) -> Option<Self> {
        let len = usize::try_from(memory.read_u32(at)? as i32).ok()?;
        if len == 0 {
            return Some(BitVector::default());
        }
        Self::read(memory, Address(memory.read_u64(at.add(8))?), len)
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

    /// The indices of the set bits, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        ones(&self.bytes).take_while(|&index| index < self.len)
    }

    /// How many of the bits from `start` to the end are set.
    pub fn count_from(&self, start: usize) -> usize {
        (start..self.len).filter(|&index| self.get(index)).count()
    }
}

/// The indices of the set bits of `bytes`, ascending.
pub fn ones(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte != 0)
        .flat_map(|(at, &byte)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| at * 8 + bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_stop_at_the_length() {
        let bits = BitVector { len: 10, bytes: vec![0b1000_0001, 0b1111_1110] };
        assert_eq!(bits.ones().collect::<Vec<_>>(), [0, 7, 9]);
        assert_eq!(bits.count_from(1), 2);
        assert!(!bits.get(10));
    }
}
