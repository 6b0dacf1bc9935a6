//! Where the debug sections come from, and the copy of them that lookups read later.

use std::borrow::Cow;

use gimli::{
    DebugAddr, DebugLoc, DebugLocLists, DebugRanges, DebugRngLists, EndianSlice, LittleEndian, LocationLists,
    RangeLists,
};

use super::DwarfError;

/// Bytes of one section, as every reader of this module sees them.
///
/// Little endian only: so are all the machines (amd64, arm64) whose cores are read.
pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Gives sections of an executable by their ELF name.
pub trait Sections {
    /// Content of the section called `name` (such as `.debug_info`), decompressed; `None` when the file has none.
    ///
    /// Go up to 1.18 names compressed sections `.zdebug_info` and so on: the implementer maps those names.
    fn section(&self, name: &str) -> Option<Cow<'_, [u8]>>;
}

/// The sections that Go's DWARF 4 and 5 use, owned.
///
/// `.debug_line`, `.debug_frame` and the name tables are left out: nothing here reads them.
#[derive(Debug, Default)]
pub(super) struct SectionBytes {
    pub(super) info: Box<[u8]>,
    pub(super) abbrev: Box<[u8]>,
    /// Not written by Go itself, but by tools that rewrite its output (dwz moves repeated names there).
    pub(super) strings: Box<[u8]>,
    pub(super) addr: Box<[u8]>,
    loc: Box<[u8]>,
    loclists: Box<[u8]>,
    ranges: Box<[u8]>,
    rnglists: Box<[u8]>,
}

impl SectionBytes {
    /// Copies what is needed; `None` without a `.debug_info`.
    pub(super) fn load(sections: &dyn Sections) -> Result<Option<Self>, DwarfError> {
        let Some(info) = sections.section(".debug_info").filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        let abbrev =
            sections.section(".debug_abbrev").ok_or(DwarfError::MissingSection { section: ".debug_abbrev" })?;
        let optional = |name| sections.section(name).unwrap_or_default().into_owned().into_boxed_slice();
        Ok(Some(Self {
            info: info.into_owned().into_boxed_slice(),
            abbrev: abbrev.into_owned().into_boxed_slice(),
            strings: optional(".debug_str"),
            addr: optional(".debug_addr"),
            loc: optional(".debug_loc"),
            loclists: optional(".debug_loclists"),
            ranges: optional(".debug_ranges"),
            rnglists: optional(".debug_rnglists"),
        }))
    }

    /// `.debug_addr`, the target of indexed addresses (DWARF 5).
    pub(super) fn addresses(&self) -> DebugAddr<Slice<'_>> {
        DebugAddr::from(slice(&self.addr))
    }

    /// `.debug_loc` (DWARF 4) and `.debug_loclists` (DWARF 5).
    pub(super) fn location_lists(&self) -> LocationLists<Slice<'_>> {
        LocationLists::new(DebugLoc::from(slice(&self.loc)), DebugLocLists::from(slice(&self.loclists)))
    }

    /// `.debug_ranges` (DWARF 4) and `.debug_rnglists` (DWARF 5).
    pub(super) fn range_lists(&self) -> RangeLists<Slice<'_>> {
        RangeLists::new(DebugRanges::from(slice(&self.ranges)), DebugRngLists::from(slice(&self.rnglists)))
    }
}

pub(super) fn slice(bytes: &[u8]) -> Slice<'_> {
    EndianSlice::new(bytes, LittleEndian)
}
