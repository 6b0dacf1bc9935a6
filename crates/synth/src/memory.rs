//! The bytes of one segment, written in order, with labels.

use std::collections::HashMap;

/// A piece of memory in the making. Methods return `self` to be chained.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    base: u64,
    bytes: Vec<u8>,
    labels: HashMap<String, u64>,
    /// Offset, label and what to add to its address.
    pointers: Vec<(usize, String, u64)>,
}

impl Memory {
    /// Memory that begins at `base`.
    pub fn at(base: u64) -> Memory {
        Memory { base, ..Memory::default() }
    }

    /// The address of the first byte.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// The address of the next byte.
    pub fn here(&self) -> u64 {
        self.base.wrapping_add(self.bytes.len() as u64)
    }

    /// Names the address of the next byte.
    pub fn label(&mut self, name: &str) -> &mut Memory {
        self.labels.insert(name.to_owned(), self.here());
        self
    }

    /// One u8.
    pub fn byte(&mut self, value: u8) -> &mut Memory {
        self.bytes(&[value])
    }

    /// One little-endian u16.
    pub fn half(&mut self, value: u16) -> &mut Memory {
        self.bytes(&value.to_le_bytes())
    }

    /// One little-endian u32.
    pub fn int(&mut self, value: u32) -> &mut Memory {
        self.bytes(&value.to_le_bytes())
    }

    /// One little-endian u64.
    pub fn word(&mut self, value: u64) -> &mut Memory {
        self.bytes(&value.to_le_bytes())
    }

    /// The address of a label, which may be set later and in another segment.
    pub fn pointer(&mut self, label: &str) -> &mut Memory {
        self.pointer_into(label, 0)
    }

    /// The address of a label plus `offset` bytes.
    pub fn pointer_into(&mut self, label: &str, offset: u64) -> &mut Memory {
        self.pointers.push((self.bytes.len(), label.to_owned(), offset));
        self.word(0)
    }

    /// Plain bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Memory {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// `count` zero bytes.
    pub fn zeros(&mut self, count: usize) -> &mut Memory {
        self.bytes.resize(self.bytes.len() + count, 0);
        self
    }

    /// Zeros up to the next multiple of `alignment`.
    pub fn align(&mut self, alignment: u64) -> &mut Memory {
        let to = self.here().next_multiple_of(alignment);
        self.zeros((to - self.here()) as usize)
    }

    /// Zeros up to `offset` bytes from the start of the memory; nothing when it is past that.
    pub fn seek(&mut self, offset: u64) -> &mut Memory {
        let count = offset.saturating_sub(self.bytes.len() as u64);
        self.zeros(count as usize)
    }

    pub(crate) fn labels(&self) -> &HashMap<String, u64> {
        &self.labels
    }

    /// The bytes, with every pointer filled in by `address_of`.
    pub(crate) fn resolve(&self, address_of: impl Fn(&str) -> u64) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for (offset, label, add) in &self.pointers {
            let value = address_of(label).wrapping_add(*add);
            if let Some(slot) = bytes.get_mut(*offset..).and_then(|rest| rest.first_chunk_mut::<8>()) {
                *slot = value.to_le_bytes();
            }
        }
        bytes
    }
}
