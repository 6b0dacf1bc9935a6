//! The compilation units that Go compiled, found once; everything else looks entries up through them.

use std::sync::Arc;

use foldhash::HashMap;
use gimli::{
    Abbreviations, DebugAbbrev, DebugAddrBase, DebugAddrIndex, DebugInfo, DebugInfoOffset, Encoding, EntriesRaw,
    LittleEndian, Reader, UnitHeader, UnitOffset, constants,
};

use super::DwarfDiagnostics;
use super::budget::Budget;
use super::die::{Broken, Die, DieReader, Pc};
use super::sections::{EntrySections, Slice, slice};

/// One Go compilation unit (a package, or the part of it that is not assembly).
#[derive(Debug)]
pub(super) struct Unit {
    /// Offset of the unit header in `.debug_info`.
    pub(super) offset: usize,
    end: usize,
    first_entry: usize,
    pub(super) encoding: Encoding,
    abbreviations: Arc<Abbreviations>,
    /// Base of the unit's location and range lists.
    pub(super) low_pc: u64,
    pub(super) addr_base: usize,
    /// `DW_AT_go_runtime_type` of `uintptr` is an address here, not an offset (Go up to 1.22).
    pub(super) absolute_uintptr: bool,
    /// Release that compiled it, such as `go1.22.10`.
    pub(super) release: Option<Box<str>>,
    /// Captured variables say where they lie in the closure (Go 1.23 and later).
    pub(super) has_closure_offsets: bool,
}

/// Sections and units: all that is needed to read an entry by its offset.
#[derive(Debug)]
pub(super) struct Entries<'d> {
    pub(super) sections: EntrySections<'d>,
    /// In the order of `.debug_info`.
    pub(super) units: Vec<Unit>,
}

impl<'d> Entries<'d> {
    /// Reads the headers of all units and the root entry of each, and keeps the Go ones.
    pub(super) fn new(sections: EntrySections<'d>, diagnostics: &mut DwarfDiagnostics) -> Self {
        let headers = unit_headers(&sections, diagnostics);
        let mut tables = AbbreviationTables::new(&sections.abbrev, &headers);
        let mut units = Vec::new();
        for (offset, header) in &headers {
            let unit = tables
                .get(header.debug_abbrev_offset().0)
                .ok_or(Broken)
                .and_then(|table| read_unit(*offset, header, table, &sections));
            match unit {
                Ok(Some(unit)) => units.push(unit),
                Ok(None) => diagnostics.foreign_units += 1,
                Err(Broken) => diagnostics.broken_units += 1,
            }
        }
        Self { sections, units }
    }

    /// The entries of `unit`, its root entry (depth 0) first.
    pub(super) fn of_unit<'a>(&'a self, unit: &'a Unit) -> Option<DieReader<'a>> {
        self.reader(unit, unit.first_entry)
    }

    /// The entries of a unit from the entry at `offset` (depth 0) on.
    pub(super) fn at(&self, offset: usize) -> Option<(&Unit, DieReader<'_>)> {
        let after = self.units.partition_point(|unit| unit.offset <= offset);
        let unit = self.units.get(after.checked_sub(1)?)?;
        Some((unit, self.reader(unit, offset)?))
    }

    /// One entry by its offset, if there is one and `budget` pays for it.
    pub(super) fn die(&self, offset: usize, budget: &mut Budget) -> Option<Die<'_>> {
        let (unit, mut reader) = self.at(offset)?;
        let abbreviation = reader.next().ok().flatten()?;
        let Ok(die) = reader.read(abbreviation) else {
            // A string without end was looked for up to the end of the unit.
            budget.spend(unit.end - offset);
            return None;
        };
        budget.spend((reader.offset() - offset).saturating_add(die.name.len()))?;
        Some(die)
    }

    /// Half-open range of `DW_AT_low_pc` and `DW_AT_high_pc`, when it is there and not empty.
    pub(super) fn pc_range(&self, unit: &Unit, die: &Die<'_>) -> Option<(u64, u64)> {
        let low = match die.low_pc? {
            Pc::Address(address) => address,
            Pc::Index(index) => self.address(unit, index)?,
            Pc::Length(_) => return None,
        };
        let high = match die.high_pc? {
            Pc::Address(address) => address,
            Pc::Index(index) => self.address(unit, index)?,
            Pc::Length(length) => low.checked_add(length)?,
        };
        (low < high).then_some((low, high))
    }

    /// Address at `index` of the unit's part of `.debug_addr`.
    pub(super) fn address(&self, unit: &Unit, index: usize) -> Option<u64> {
        indexed_address(&self.sections, unit.encoding, unit.addr_base, index)
    }

    fn reader<'a>(&'a self, unit: &'a Unit, offset: usize) -> Option<DieReader<'a>> {
        if offset < unit.first_entry {
            return None;
        }
        let bytes = self.sections.info.get(offset..unit.end)?;
        let entries = EntriesRaw::new(slice(bytes), unit.encoding, &unit.abbreviations, UnitOffset(offset));
        Some(DieReader::new(entries, unit.offset, unit.end - unit.offset, &self.sections.strings))
    }
}

type Headers<'a> = Vec<(usize, UnitHeader<Slice<'a>>)>;

/// Steps by the lengths alone, so that a unit of an unknown version does not hide those behind it.
fn unit_headers<'a>(sections: &'a EntrySections<'_>, diagnostics: &mut DwarfDiagnostics) -> Headers<'a> {
    let debug_info = DebugInfo::new(&sections.info, LittleEndian);
    let mut headers = Vec::new();
    let mut rest = slice(&sections.info);
    while !rest.is_empty() {
        let offset = sections.info.len() - rest.len();
        let stepped = rest.read_initial_length().and_then(|(length, _)| rest.skip(length));
        match debug_info.header_from_offset(DebugInfoOffset(offset)) {
            Ok(header) => headers.push((offset, header)),
            Err(_) => diagnostics.broken_units += 1,
        }
        if stepped.is_err() {
            break;
        }
    }
    headers
}

/// Reads the root entry; `None` for a unit that is not Go's.
fn read_unit(
    offset: usize,
    header: &UnitHeader<Slice<'_>>,
    abbreviations: Arc<Abbreviations>,
    sections: &EntrySections<'_>,
) -> Result<Option<Unit>, Broken> {
    let length = header.length_including_self();
    let mut reader = DieReader::new(header.entries_raw(&abbreviations, None)?, offset, length, &sections.strings);
    let abbreviation = reader.next()?.ok_or(Broken)?;
    let root = reader.read(abbreviation)?;
    if root.language != constants::DW_LANG_Go.0 {
        return Ok(None);
    }
    let encoding = header.encoding();
    let low_pc = match root.low_pc {
        Some(Pc::Address(address)) => address,
        Some(Pc::Index(index)) => indexed_address(sections, encoding, root.addr_base, index).unwrap_or(0),
        _ => 0,
    };
    Ok(Some(Unit {
        offset,
        end: offset + length,
        first_entry: offset + header.header_size(),
        encoding,
        low_pc,
        addr_base: root.addr_base,
        release: go_release(root.producer).map(Box::from),
        has_closure_offsets: go_minor(root.producer).is_none_or(|minor| minor >= 23),
        absolute_uintptr: go_minor(root.producer).is_some_and(|minor| minor < 23),
        abbreviations,
    }))
}

fn indexed_address(sections: &EntrySections<'_>, encoding: Encoding, base: usize, index: usize) -> Option<u64> {
    sections.addresses().get_address(encoding.address_size, DebugAddrBase(base), DebugAddrIndex(index)).ok()
}

/// The release in a producer such as `Go cmd/compile go1.22.10; -N -l`.
fn go_release(producer: &[u8]) -> Option<&str> {
    let producer = std::str::from_utf8(producer).ok()?;
    let release = producer.get(producer.find("go1.")?..)?;
    release.split([';', ' ']).next()
}

fn go_minor(producer: &[u8]) -> Option<u32> {
    let digits = go_release(producer)?.strip_prefix("go1.")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Each abbreviation table, parsed once: all of Go's units share one.
struct AbbreviationTables<'a> {
    section: &'a [u8],
    /// Where tables start, ascending. A table is cut at the start of the next one: else each of a million units could
    /// name another start within one long table.
    starts: Vec<usize>,
    parsed: HashMap<usize, Option<Arc<Abbreviations>>>,
}

impl<'a> AbbreviationTables<'a> {
    fn new(section: &'a [u8], headers: &Headers<'_>) -> Self {
        let mut starts: Vec<usize> = headers.iter().map(|(_, header)| header.debug_abbrev_offset().0).collect();
        starts.sort_unstable();
        starts.dedup();
        Self { section, starts, parsed: HashMap::default() }
    }

    fn get(&mut self, start: usize) -> Option<Arc<Abbreviations>> {
        let (section, starts) = (self.section, &self.starts);
        self.parsed
            .entry(start)
            .or_insert_with(|| {
                let next = starts.partition_point(|other| *other <= start);
                let end = starts.get(next).copied().unwrap_or(section.len());
                let table = DebugAbbrev::new(section.get(..end)?, LittleEndian);
                let offset = gimli::DebugAbbrevOffset(start);
                table.abbreviations(offset).ok().map(Arc::new)
            })
            .clone()
    }
}
