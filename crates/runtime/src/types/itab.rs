//! `runtime.itab` (runtime2.go; `abi.ITab` since 1.22): an interface, a type that implements it, the methods.
//!
//! The linker lays out those of conversions in the program; others are made at run time, outside of the heap
//! (`persistentalloc`), for which nothing but `runtime.itabTable` leads to them. Both begin alike in Go 1.17 to 1.27.

use super::descriptor::{DescriptorReader, KIND_MASK};
use goheap_image::Address;

const ITAB_INTER: u64 = 0;
const ITAB_TYPE: u64 = 8;
const ITAB_HASH: u64 = 16;
const ITAB_FUN: u64 = 24;
const TYPE_HASH: u64 = 16;
const TYPE_KIND: u64 = 23;
const KIND_INTERFACE: u8 = 20;

impl DescriptorReader<'_> {
    /// The descriptor of the type of the values that the itab at `address` goes with; None where no itab stands there.
    ///
    /// An itab that says "does not implement" (its first method is nil) goes with no value and counts as none.
    pub fn itab_type(&self, address: u64) -> Option<u64> {
        if !address.is_multiple_of(8) {
            return None;
        }
        let at = Address(address);
        let word = |offset: u64| self.memory.read_u64(at.add(offset));
        let (inter, ty, method) = (word(ITAB_INTER)?, word(ITAB_TYPE)?, word(ITAB_FUN)?);
        let hash = self.memory.read_u32(at.add(ITAB_HASH))?;
        let own = self.memory.read_u32(Address(ty).add(TYPE_HASH))?;
        // Where the linker dropped the method its word is not relocated in a position-independent executable.
        let is_linked = hash == own && method != 0 && self.is_linked(address);
        let has_method = is_linked || self.modules.iter().any(|module| module.text.contains(&method));
        // One made at run time has no hash (`getitab`): type switches have itabs of the linker.
        if hash != own && hash != 0 || !has_method {
            return None;
        }
        let kind = self.memory.read_u8(Address(inter).add(TYPE_KIND))? & KIND_MASK;
        (kind == KIND_INTERFACE && self.is_descriptor(inter) && self.is_descriptor(ty)).then_some(ty)
    }
}
