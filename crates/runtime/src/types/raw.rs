//! Descriptors read one by one, where no [`TypeTable`](super::TypeTable) is at hand.

use super::descriptor::{DescriptorReader, ELEM, FIELD_BYTES, KIND_MASK, MAX_FIELDS};
use crate::words::read_slice;
use goheap_image::Address;

const KIND: u64 = 23;
const KIND_POINTER: u8 = 22;
const KIND_INTERFACE: u8 = 20;
/// Methods of an interface, fields of a struct: a slice at the same place.
const MEMBERS: u64 = 56;
/// `abi.KindDirectIface`, up to 1.26, and `abi.TFlagDirectIface` after it.
const KIND_DIRECT: u8 = 0x20;

/// What a descriptor says of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawType {
    pub(crate) address: u64,
    /// `abi.Kind`.
    pub(crate) kind: u8,
    /// Bytes of one value.
    pub(crate) size: u64,
    /// With the name of the package, as the runtime prints it.
    pub(crate) short_name: String,
    /// Of a pointer, what it points to.
    pub(crate) elem: Option<u64>,
    /// True for an interface that has methods.
    pub(crate) has_methods: bool,
    /// True if an interface holds the value itself.
    pub(crate) is_direct: bool,
}

/// One field of a struct.
pub(crate) struct RawField {
    pub(crate) name: String,
    pub(crate) offset: u64,
    pub(crate) ty: u64,
}

impl DescriptorReader<'_> {
    /// The descriptor at `address`; None where none stands.
    pub(crate) fn raw(&self, address: u64) -> Option<RawType> {
        if !self.is_plausible(address) {
            return None;
        }
        let at = Address(address);
        let (size, byte) = (self.memory.read_u64(at)?, self.memory.read_u8(at.add(KIND))?);
        let kind = byte & KIND_MASK;
        let short_name = self.own_name(at)?;
        let elem = if kind == KIND_POINTER { self.memory.read_u64(at.add(ELEM)) } else { None };
        let has_methods =
            kind == KIND_INTERFACE && read_slice(self.memory, at.add(MEMBERS)).is_some_and(|list| list.len > 0);
        let pointers = self.memory.read_u64(at.add(8))?;
        // A struct or an array of just one pointer: no other value of a word has a word of pointers.
        let is_direct = byte & KIND_DIRECT != 0 || (size == 8 && pointers == 8);
        Some(RawType { address, kind, size, short_name, elem, has_methods, is_direct })
    }

    /// The first fields of a struct.
    pub(crate) fn raw_fields(&self, ty: &RawType, limit: usize) -> Vec<RawField> {
        let list = read_slice(self.memory, Address(ty.address).add(MEMBERS)).filter(|list| list.len <= MAX_FIELDS);
        let Some(list) = list else { return Vec::new() };
        let field = |index: u64| {
            let at = list.data.add(index * FIELD_BYTES);
            let name = self.name(Address(self.memory.read_u64(at)?))?;
            let (ty, word) = (self.memory.read_u64(at.add(8))?, self.memory.read_u64(at.add(16))?);
            let (offset, _) = self.field_offset(word, &name);
            Some(RawField { name: name.text, offset, ty })
        };
        (0..list.len.min(limit as u64)).filter_map(field).collect()
    }
}
