//! Numbers of seven bits a byte, the lowest first: profile.proto and Parquet's hybrid runs have them.

/// Appends one.
pub(crate) fn push_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
