//! Little-endian numbers at an offset of untrusted bytes: `None` past the end, never a panic.

/// The `N` bytes at `offset`.
#[inline]
pub(crate) fn array<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk::<N>().copied()
}

/// The u16 at `offset`.
pub(crate) fn u16(bytes: &[u8], offset: usize) -> Option<u16> {
    array(bytes, offset).map(u16::from_le_bytes)
}

/// The u32 at `offset`.
pub(crate) fn u32(bytes: &[u8], offset: usize) -> Option<u32> {
    array(bytes, offset).map(u32::from_le_bytes)
}

/// The u64 at `offset`.
pub(crate) fn u64(bytes: &[u8], offset: usize) -> Option<u64> {
    array(bytes, offset).map(u64::from_le_bytes)
}

/// `length` bytes at `offset` of a file, where both came from the file: `None` when any of it lies outside.
pub(crate) fn range(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let end = offset.checked_add(length)?;
    bytes.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
}

/// The part of `length` bytes at `offset` that the file holds: shorter, even empty, when the file is cut.
pub(crate) fn available(bytes: &[u8], offset: u64, length: u64) -> &[u8] {
    let size = bytes.len() as u64;
    let start = offset.min(size);
    let end = offset.saturating_add(length).min(size);
    range(bytes, start, end - start).unwrap_or_default()
}

/// The bytes up to the first zero, at most `limit`: a table without zeros, where every entry names its beginning, is not read to its end
/// for each.
pub(crate) fn text(bytes: &[u8], limit: usize) -> &[u8] {
    let bytes = bytes.get(..limit).unwrap_or(bytes);
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_with_its_zero_or_at_the_limit() {
        assert_eq!(text(b"name\0more", 100), b"name");
        assert_eq!(text(b"name\0more", 2), b"na");
        assert_eq!(text(b"name", 100), b"name");
        assert_eq!(text(b"", 100), b"");
        assert_eq!(text(&[b'a'; 1 << 12], 256).len(), 256);
    }
}
