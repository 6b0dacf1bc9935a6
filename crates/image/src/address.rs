//! An address in the dead process.

use std::fmt;
use std::ops::Add;

/// A virtual address of the dead process, in bytes. Shown as `0x…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address(pub u64);

impl Address {
    /// Address 0.
    pub const NULL: Address = Address(0);

    /// True for address 0.
    #[inline]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// `self + bytes`, wrapping at 2^64: a hostile pointer plus an offset is then merely absent.
    #[inline]
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    pub const fn add(self, bytes: u64) -> Address {
        Address(self.0.wrapping_add(bytes))
    }

    /// `self + bytes`, or `None` past 2^64.
    #[inline]
    pub const fn checked_add(self, bytes: u64) -> Option<Address> {
        match self.0.checked_add(bytes) {
            Some(sum) => Some(Address(sum)),
            None => None,
        }
    }

    /// How many bytes `self` lies above `base`; `None` when it lies below.
    #[inline]
    pub const fn offset_from(self, base: Address) -> Option<u64> {
        self.0.checked_sub(base.0)
    }

    /// The multiple of `alignment` (a power of two) at or below `self`.
    #[inline]
    #[must_use]
    pub const fn align_down(self, alignment: u64) -> Address {
        Address(self.0 & !(alignment.wrapping_sub(1)))
    }

    /// True when `self` is a multiple of `alignment` (a power of two).
    #[inline]
    pub const fn is_aligned(self, alignment: u64) -> bool {
        self.0 & alignment.wrapping_sub(1) == 0
    }
}

impl Add<u64> for Address {
    type Output = Address;

    #[inline]
    fn add(self, bytes: u64) -> Address {
        Address::add(self, bytes)
    }
}

impl From<u64> for Address {
    fn from(value: u64) -> Address {
        Address(value)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::LowerHex for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_as_hexadecimal() {
        let a = Address(0xc000_0010);
        assert_eq!(format!("{a} {a:?} {a:x} {a:#x}"), "0xc0000010 0xc0000010 c0000010 0xc0000010");
    }

    #[test]
    fn arithmetic_never_panics() {
        let top = Address(u64::MAX);
        assert_eq!(top + 1, Address::NULL);
        assert_eq!(top.checked_add(1), None);
        assert_eq!(Address(8).offset_from(Address(16)), None);
        assert_eq!(Address(24).offset_from(Address(16)), Some(8));
        assert_eq!(Address(0x1fff).align_down(0x1000), Address(0x1000));
        assert!(Address(0x2000).is_aligned(0x1000) && !Address(0x2008).is_aligned(16));
    }
}
