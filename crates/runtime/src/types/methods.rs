//! The methods that a type descriptor lists (`abi.UncommonType`, `abi.Method`; type.go up to 1.20): the func type and the code of
//! each. The linker leaves out those that nothing can call.

use super::descriptor::DescriptorReader;
use goheap_image::Address;

const METHOD_COUNT: u64 = 4;
const METHODS: u64 = 8;
const METHOD_BYTES: u64 = 16;
/// A type has no more.
const MAX_METHODS: u64 = 1 << 15;

/// One method of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The descriptor of its func type, without the receiver.
    pub func: u64,
    /// Where its code begins.
    pub entry: u64,
}

impl DescriptorReader<'_> {
    /// The methods of the linked type at `address` whose func type and code are there.
    pub fn methods(&self, address: u64) -> Vec<Method> {
        self.list_methods(address).unwrap_or_default()
    }

    fn list_methods(&self, address: u64) -> Option<Vec<Method>> {
        let at = Address(address);
        let uncommon = self.uncommon(at)?;
        let module = self.modules.iter().find(|module| module.types.contains(&address))?;
        let count = u64::from(self.memory.read_u16(uncommon.add(METHOD_COUNT))?).min(MAX_METHODS);
        let list = uncommon.add(u64::from(self.memory.read_u32(uncommon.add(METHODS))?));
        let method = |index: u64| {
            let method = list.add(index * METHOD_BYTES);
            // mtyp and tfn: 0 or -1 where the linker dropped the method.
            let func = self.memory.read_u32(method.add(4)).filter(|&offset| offset != 0 && offset != u32::MAX)?;
            let code = self.memory.read_u32(method.add(12)).filter(|&offset| offset != 0 && offset != u32::MAX)?;
            let func = module.types.start.checked_add(u64::from(func))?;
            Some(Method { func, entry: module.functions.text_address(code) })
        };
        Some((0..count).filter_map(method).collect())
    }

    /// True if the type at `address` is a number that is passed in floating-point registers; None where no descriptor can be read.
    pub fn is_float(&self, address: u64) -> Option<bool> {
        let kind = self.memory.read_u8(Address(address).add(super::full_name::KIND))? & super::descriptor::KIND_MASK;
        Some(matches!(kind, 13..=16))
    }

    /// True if the type at `address` is a complex number, which takes two registers.
    pub fn is_complex(&self, address: u64) -> Option<bool> {
        let kind = self.memory.read_u8(Address(address).add(super::full_name::KIND))? & super::descriptor::KIND_MASK;
        Some(matches!(kind, 15 | 16))
    }
}
