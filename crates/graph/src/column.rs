//! Numbers in a row: owned, or a part of bytes that are shared, such as those of a mapped file.

use bytemuck::AnyBitPattern;
use std::fmt;
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;
use yoke::Yoke;

/// Bytes that columns may be parts of.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A copy of bytes, aligned as those of a mapped file are.
#[must_use]
pub fn shared_copy(bytes: &[u8]) -> SharedBytes {
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
    Arc::new(Words { words, len: bytes.len() })
}

/// Bytes in whole words.
struct Words {
    words: Vec<u64>,
    len: usize,
}

impl AsRef<[u8]> for Words {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.len]
    }
}

/// A row of numbers that reads as a slice.
///
/// Overhead: that of a `Vec`, or none where the bytes are shared.
pub struct Column<T: 'static>(Repr<T>);

enum Repr<T: 'static> {
    Owned(Vec<T>),
    Shared(Yoke<&'static [T], SharedBytes>),
}

impl<T: AnyBitPattern> Column<T> {
    /// The numbers that lie in `range` of the bytes; None outside, and where they are not aligned or end within one.
    #[must_use]
    pub fn shared(bytes: &SharedBytes, range: Range<usize>) -> Option<Self> {
        let yoke = Yoke::try_attach_to_cart(Arc::clone(bytes), |bytes| {
            let part = bytes.as_ref().get(range).ok_or(())?;
            bytemuck::try_cast_slice(part).map_err(|_| ())
        });
        yoke.ok().map(|numbers| Column(Repr::Shared(numbers)))
    }
}

impl<T> Column<T> {
    /// True if it is part of shared bytes: a copy of it costs nothing.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Repr::Shared(_))
    }
}

impl<T> Deref for Column<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Repr::Owned(numbers) => numbers,
            Repr::Shared(numbers) => numbers.get(),
        }
    }
}

/// What is shared is copied when it is to be changed.
impl<T: Clone> DerefMut for Column<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        if let Repr::Shared(numbers) = &self.0 {
            self.0 = Repr::Owned(numbers.get().to_vec());
        }
        match &mut self.0 {
            Repr::Owned(numbers) => numbers,
            Repr::Shared(_) => &mut [],
        }
    }
}

impl<T> From<Vec<T>> for Column<T> {
    fn from(numbers: Vec<T>) -> Self {
        Column(Repr::Owned(numbers))
    }
}

impl<T> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(numbers: I) -> Self {
        Column(Repr::Owned(numbers.into_iter().collect()))
    }
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Column(Repr::Owned(Vec::new()))
    }
}

impl<T: Clone> Clone for Column<T> {
    fn clone(&self) -> Self {
        Column(match &self.0 {
            Repr::Owned(numbers) => Repr::Owned(numbers.clone()),
            Repr::Shared(numbers) => Repr::Shared(numbers.clone()),
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Column<T> {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shared_numbers_read_like_owned_ones() {
        let bytes = shared_copy(bytemuck::cast_slice(&[7_u64, 8, 9]));
        let mut shared = Column::<u64>::shared(&bytes, 8..24).unwrap();
        assert_eq!((&shared[..], shared.is_shared()), (&[8, 9][..], true));
        assert_eq!(Column::<u32>::shared(&bytes, 0..24).unwrap().len(), 6);
        for wrong in [0..25, 4..12, 0..23, 24..32] {
            assert!(Column::<u64>::shared(&bytes, wrong.clone()).is_none(), "{wrong:?}");
        }
        let kept = shared.clone();
        shared[1] = 10;
        assert_eq!((&shared[..], &kept[..]), (&[8, 10][..], &[8, 9][..]));
        assert_eq!((shared.clone(), shared.is_shared()), (Column::from(vec![8, 10]), false));
    }
}
