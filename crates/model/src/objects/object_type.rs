//! What an object was found to be, in one word.

use crate::TypeId;
use serde::{Deserialize, Serialize};

/// How a type is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Evidence {
    /// Nothing tells.
    None = 0,
    /// By its shape alone: of the program's types just this one fits the size class, the pointer bits and what the words hold;
    /// or followed from such an object.
    Candidate = 1,
    /// Followed from a typed pointer or by a container's rule.
    Derived = 2,
    /// The runtime recorded it (malloc header, large span, interface word), or a variable's declaration says it.
    Exact = 3,
}

impl Evidence {
    /// Every kind, the weakest first.
    pub const ALL: [Evidence; 4] = [Evidence::None, Evidence::Candidate, Evidence::Derived, Evidence::Exact];

    /// The word that reports show.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::None => "none",
            Evidence::Candidate => "candidate",
            Evidence::Derived => "derived",
            Evidence::Exact => "exact",
        }
    }
}

/// Which part of a type's storage an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Part {
    /// One value of the type.
    Value = 0,
    /// Values of the type in a row.
    Elements = 1,
    /// A map's header (`hmap`, `maps.Map`).
    MapHeader = 2,
    /// A row of buckets of a map up to 1.23.
    MapBuckets = 3,
    /// A `mapextra`.
    MapExtra = 4,
    /// Swiss maps: a row of pointers to tables.
    MapDirectory = 5,
    /// Swiss maps: one table.
    MapTable = 6,
    /// Swiss maps: a row of groups.
    MapGroups = 7,
    /// A channel's `hchan`, with its buffer behind it where the elements hold no pointers.
    ChanHeader = 8,
    /// A channel's buffer.
    ChanBuffer = 9,
    /// A func value's closure; the type is the struct of the function's address and what it captured, or that of the func
    /// where the captures are not known.
    Closure = 10,
    /// The bytes of a string.
    StringData = 11,
    /// Something else that a container is made of and that leads to nothing but its parts.
    Machinery = 12,
    /// The box of a value of a `sync.Map` up to 1.23.
    BoxedValue = 13,
}

impl Part {
    /// True if a container's rule says what the object is, not a pointer's type.
    #[inline]
    pub fn is_inside(self) -> bool {
        !matches!(self, Part::Value | Part::Elements | Part::StringData)
    }
}

const PARTS: [Part; 14] = [
    Part::Value,
    Part::Elements,
    Part::MapHeader,
    Part::MapBuckets,
    Part::MapExtra,
    Part::MapDirectory,
    Part::MapTable,
    Part::MapGroups,
    Part::ChanHeader,
    Part::ChanBuffer,
    Part::Closure,
    Part::StringData,
    Part::Machinery,
    Part::BoxedValue,
];

/// Beyond are five bits that [`ObjectType::to_bits`] leaves free, then four of the part.
const TYPE_BITS: u32 = 21;
const PART_SHIFT: u32 = 26;

/// A part of a type and how it is known, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ObjectType(u32);

impl ObjectType {
    /// Of an object of which nothing is known.
    pub const UNKNOWN: ObjectType = ObjectType(0);

    /// `part` of `ty`, known by `evidence`; unknown where the table has more types than fit.
    #[inline]
    pub fn new(part: Part, ty: TypeId, evidence: Evidence) -> Self {
        if ty.0 >= 1 << TYPE_BITS {
            return Self::UNKNOWN;
        }
        ObjectType(u32::from(evidence as u8) << 30 | u32::from(part as u8) << PART_SHIFT | ty.0)
    }

    /// True if anything is known.
    #[inline]
    pub fn is_known(self) -> bool {
        self.evidence() != Evidence::None
    }

    /// How it is known.
    #[inline]
    pub fn evidence(self) -> Evidence {
        Evidence::ALL[(self.0 >> 30) as usize]
    }

    /// Which part.
    #[inline]
    pub fn part(self) -> Part {
        PARTS.get((self.0 >> PART_SHIFT & 15) as usize).copied().unwrap_or(Part::Value)
    }

    /// True if the word names a part: false of none that [`ObjectType::new`] made.
    pub fn has_part(self) -> bool {
        ((self.0 >> PART_SHIFT & 15) as usize) < PARTS.len()
    }

    /// Of which type.
    #[inline]
    pub fn ty(self) -> TypeId {
        TypeId(self.0 & ((1 << TYPE_BITS) - 1))
    }

    /// Bits of the word that are zero in every type.
    pub const FREE_BITS: u32 = (1 << PART_SHIFT) - (1 << TYPE_BITS);

    /// The word that holds it, for a table that threads share.
    #[inline]
    pub fn to_bits(self) -> u32 {
        self.0
    }

    /// What [`ObjectType::to_bits`] gave.
    #[inline]
    pub fn from_bits(bits: u32) -> Self {
        ObjectType(bits)
    }

    /// The same part of the same type.
    #[inline]
    pub fn is_same_kind(self, other: ObjectType) -> bool {
        self.0 << 2 == other.0 << 2
    }

    /// The same, known by other evidence.
    #[inline]
    pub fn with_evidence(self, evidence: Evidence) -> Self {
        ObjectType(self.0 & !(3 << 30) | u32::from(evidence as u8) << 30)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_and_unpacks() {
        for (index, &part) in PARTS.iter().enumerate() {
            assert_eq!(part as usize, index);
            let ty = ObjectType::new(part, TypeId(12345), Evidence::Derived);
            assert_eq!((ty.part(), ty.ty(), ty.evidence()), (part, TypeId(12345), Evidence::Derived));
            assert!(ty.is_same_kind(ty.with_evidence(Evidence::Exact)));
            assert_eq!(ty.to_bits() & ObjectType::FREE_BITS, 0);
        }
        assert!(!ObjectType::new(Part::Value, TypeId(1 << TYPE_BITS), Evidence::Exact).is_known());
    }
}
