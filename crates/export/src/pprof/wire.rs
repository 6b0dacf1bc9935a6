//! The wire format of protocol buffers, as far as `profile.proto` needs it: numbers, and fields that have a length.

use crate::varint::push_varint;

/// Wire types.
const VARINT: u64 = 0;
const LENGTH: u64 = 2;

/// A message that is put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Nothing in it, with the room that it had.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// What is in it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A number; 0 is what a field has that is not there.
    pub(super) fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            push_varint(field << 3 | VARINT, &mut self.bytes);
            push_varint(value, &mut self.bytes);
        }
    }

    /// A number with a sign, as `int64` has it: ten bytes of a negative one.
    pub(super) fn signed(&mut self, field: u64, value: i64) {
        self.number(field, value as u64);
    }

    /// Numbers in a row: `packed`.
    pub(super) fn numbers(&mut self, field: u64, values: impl Iterator<Item = u64> + Clone) {
        let length: usize = values.clone().map(varint_len).sum();
        if length > 0 {
            self.head(field, length);
            values.for_each(|value| push_varint(value, &mut self.bytes));
        }
    }

    /// Text or a message.
    pub(super) fn part(&mut self, field: u64, part: &[u8]) {
        self.head(field, part.len());
        self.bytes.extend_from_slice(part);
    }

    fn head(&mut self, field: u64, length: usize) {
        push_varint(field << 3 | LENGTH, &mut self.bytes);
        push_varint(length as u64, &mut self.bytes);
    }
}

/// Seven bits a byte, and one of 0.
fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_seven_bits_at_a_time() {
        let mut message = Message::default();
        message.number(1, 300);
        message.number(2, 0);
        message.signed(3, -1);
        assert_eq!(message.bytes(), [8, 0xac, 2, 24, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    }

    #[test]
    fn what_has_a_length_is_as_long_as_it_says() {
        let mut message = Message::default();
        message.numbers(1, [0, 127, 128, u64::MAX].into_iter());
        message.part(6, b"ab");
        message.numbers(2, [].into_iter());
        assert_eq!(message.bytes()[..6], [10, 14, 0, 127, 128, 1]);
        assert_eq!(message.bytes()[16..], [50, 2, b'a', b'b']);
        let lengths = [0, 1, 127, 128, 1 << 14, u64::MAX].map(varint_len);
        assert_eq!(lengths, [1, 1, 1, 2, 3, 10]);
    }
}
