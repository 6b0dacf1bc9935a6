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

/// Gives sections of an executable by their ELF name, to several threads at once.
pub trait Sections<'d>: Sync {
    /// Content of the section called `name` (such as `.debug_info`), decompressed; `None` when the file has none.
    ///
    /// Go up to 1.18 names compressed sections `.zdebug_info` and so on: the implementer maps those names.
    fn section(&self, name: &str) -> Option<Cow<'d, [u8]>>;
}

/// The sections that entries are read from, borrowed where the file has them uncompressed.
///
/// `.debug_line`, `.debug_frame` and the name tables are left out: nothing here reads them.
#[derive(Debug, Default)]
pub(super) struct EntrySections<'d> {
    pub(super) info: Cow<'d, [u8]>,
    pub(super) abbrev: Cow<'d, [u8]>,
    /// Not written by Go itself, but by tools that rewrite its output (dwz moves repeated names there).
    pub(super) strings: Cow<'d, [u8]>,
    pub(super) addr: Cow<'d, [u8]>,
}

impl<'d> EntrySections<'d> {
    /// Fetches what is needed; `None` without a `.debug_info`.
    pub(super) fn load(sections: &dyn Sections<'d>) -> Result<Option<Self>, DwarfError> {
        let Some(info) = sections.section(".debug_info").filter(|bytes| !bytes.is_empty()) else {
            return Ok(None);
        };
        let abbrev =
            sections.section(".debug_abbrev").ok_or(DwarfError::MissingSection { section: ".debug_abbrev" })?;
        let optional = |name| sections.section(name).unwrap_or_default();
        Ok(Some(Self { info, abbrev, strings: optional(".debug_str"), addr: optional(".debug_addr") }))
    }

    /// `.debug_addr`, the target of indexed addresses (DWARF 5).
    pub(super) fn addresses(&self) -> DebugAddr<Slice<'_>> {
        DebugAddr::from(slice(&self.addr))
    }
}

/// The lists of places and ranges: only the bodies of functions refer to them, yet they are half of the debug information.
#[derive(Debug, Default)]
pub(super) struct ListSections<'d> {
    loc: Cow<'d, [u8]>,
    loclists: Cow<'d, [u8]>,
    ranges: Cow<'d, [u8]>,
    rnglists: Cow<'d, [u8]>,
}

impl<'d> ListSections<'d> {
    /// Fetches what is there.
    pub(super) fn load(sections: &dyn Sections<'d>) -> Self {
        let optional = |name| sections.section(name).unwrap_or_default();
        let locations = || (optional(".debug_loc"), optional(".debug_loclists"));
        let ranges = || (optional(".debug_ranges"), optional(".debug_rnglists"));
        let ((loc, loclists), (ranges, rnglists)) = rayon::join(locations, ranges);
        Self { loc, loclists, ranges, rnglists }
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
