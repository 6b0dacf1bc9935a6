//! `abi.Name` (internal/abi/type.go): names of types, fields, methods and packages, as descriptors keep them since Go 1.17.

use super::descriptor::DescriptorReader;
use goheap_image::Address;

const TYPE_STR: u64 = 40;
const TYPE_TFLAG: u64 = 20;
const TFLAG_EXTRA_STAR: u8 = 2;
const NAME_EXPORTED: u8 = 1;
const NAME_HAS_TAG: u8 = 2;
const NAME_HAS_PACKAGE: u8 = 4;
const NAME_EMBEDDED: u8 = 8;
const MAX_NAME: usize = 1 << 16;

/// One name.
pub(super) struct Name {
    pub(super) text: String,
    pub(super) flags: u8,
    /// Right after the text.
    end: Address,
}

impl Name {
    pub(super) fn is_exported(&self) -> bool {
        self.flags & NAME_EXPORTED != 0
    }
}

impl DescriptorReader<'_> {
    /// The name at `at`: flags, length as varint, bytes.
    pub(super) fn name(&self, at: Address) -> Option<Name> {
        let flags = self.memory.read_u8(at)?;
        let (text, end) = self.counted(at.add(1))?;
        Some(Name { text, flags, end })
    }

    fn counted(&self, at: Address) -> Option<(String, Address)> {
        let (mut len, mut shift, mut cursor) = (0_usize, 0, at);
        loop {
            let byte = self.memory.read_u8(cursor)?;
            cursor = cursor.add(1);
            len |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 21 {
                return None;
            }
        }
        let bytes = self.memory.bytes(cursor, Some(len).filter(|&len| len <= MAX_NAME)?)?;
        Some((String::from_utf8_lossy(&bytes).into_owned(), cursor.add(len as u64)))
    }

    /// The offset of a struct's field, and whether it is embedded, from the word behind its name and type.
    pub(super) fn field_offset(&self, word: u64, name: &Name) -> (u64, bool) {
        match self.release.has_embedded_in_offset {
            true => (word >> 1, word & 1 == 1),
            false => (word, name.flags & NAME_EMBEDDED != 0),
        }
    }

    /// The tag of a struct's field.
    pub(super) fn tag(&self, name: &Name) -> Option<String> {
        if name.flags & NAME_HAS_TAG == 0 { None } else { self.counted(name.end).map(|(tag, _)| tag) }
    }

    /// The package of a name that is not exported, where the name itself carries it; `referrer` is the type that has the name.
    pub(super) fn package_of(&self, name: &Name, referrer: Address) -> Option<String> {
        if name.flags & NAME_HAS_PACKAGE == 0 {
            return None;
        }
        let at = if name.flags & NAME_HAS_TAG == 0 { name.end } else { self.counted(name.end)?.1 };
        self.name_at_offset(referrer, self.memory.read_u32(at)? as i32)
    }

    /// The text of the name that a `nameOff` in the type at `referrer` means (`runtime.resolveNameOff`).
    pub(super) fn name_at_offset(&self, referrer: Address, offset: i32) -> Option<String> {
        self.resolve_name(referrer, offset).map(|name| name.text)
    }

    /// The name that a `nameOff` in the type at `referrer` means.
    pub(super) fn resolve_name(&self, referrer: Address, offset: i32) -> Option<Name> {
        if offset == 0 {
            return None;
        }
        match self.modules.iter().find(|module| module.types.contains(&referrer.0)) {
            Some(module) => {
                let at = module.types.start.checked_add(u64::try_from(offset).ok()?)?;
                if module.types.contains(&at) { self.name(Address(at)) } else { None }
            }
            None => self.name(Address(self.run_time_names?.get(offset)?)),
        }
    }

    /// The descriptor's own name of its type, with packages' names instead of their paths: `map[string]*http.Request`.
    pub(super) fn own_name(&self, at: Address) -> Option<String> {
        let name = self.name_at_offset(at, self.memory.read_u32(at.add(TYPE_STR))? as i32)?;
        let star = self.memory.read_u8(at.add(TYPE_TFLAG))? & TFLAG_EXTRA_STAR != 0;
        Some(if star { name.strip_prefix('*').map(str::to_owned).unwrap_or(name) } else { name })
    }
}
