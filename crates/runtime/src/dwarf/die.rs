//! Reads debugging information entries (DIEs) with the attributes that Go's compiler and linker write.

use gimli::{Abbreviation, Attribute, AttributeValue, DwAt, DwForm, DwTag, EntriesRaw, Expression, constants};

use super::budget::Budget;
use super::sections::Slice;

// Vendor attributes: cmd/internal/dwarf/dwarf_defs.go. 0x2906 since Go 1.18, 0x2907 since Go 1.23.
const DW_AT_GO_KIND: DwAt = DwAt(0x2900);
const DW_AT_GO_KEY: DwAt = DwAt(0x2901);
const DW_AT_GO_ELEM: DwAt = DwAt(0x2902);
const DW_AT_GO_EMBEDDED_FIELD: DwAt = DwAt(0x2903);
const DW_AT_GO_RUNTIME_TYPE: DwAt = DwAt(0x2904);
const DW_AT_GO_DICT_INDEX: DwAt = DwAt(0x2906);
const DW_AT_GO_CLOSURE_OFFSET: DwAt = DwAt(0x2907);

/// Go writes at most 9 attributes to an entry, C compilers perhaps 20. Without a limit a table of attributes that take
/// no bytes (`DW_FORM_flag_present`) makes each one-byte entry cost as much as the table is long.
const MAX_ATTRIBUTES: usize = 128;

/// Bytes that names out of `.debug_str` may take for each byte of their unit.
const STRING_BYTES_PER_UNIT_BYTE: usize = 16;

/// The entries from here to the end of the unit cannot be decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Broken;

impl From<gimli::Error> for Broken {
    fn from(_: gimli::Error) -> Self {
        Self
    }
}

/// A program counter attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pc {
    Address(u64),
    /// Index into the unit's part of `.debug_addr`.
    Index(usize),
    /// `DW_AT_high_pc` as distance from `DW_AT_low_pc`.
    Length(u64),
}

/// Where a variable lives, undecoded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum LocationAttribute<'a> {
    #[default]
    Absent,
    Expression(Expression<Slice<'a>>),
    /// Offset in `.debug_loc` or `.debug_loclists`.
    List(usize),
}

/// One entry. References are offsets in `.debug_info`, 0 for none (there a unit header is, never an entry).
#[derive(Debug, Clone, Default)]
pub(super) struct Die<'a> {
    pub(super) name: &'a [u8],
    pub(super) producer: &'a [u8],
    pub(super) ty: usize,
    pub(super) go_key: usize,
    pub(super) go_elem: usize,
    pub(super) abstract_origin: usize,
    pub(super) byte_size: Option<u64>,
    pub(super) count: Option<u64>,
    pub(super) member_offset: Option<u64>,
    pub(super) const_value: Option<i64>,
    pub(super) runtime_type: u64,
    pub(super) dict_index: Option<u64>,
    /// Line of the declaration; 0 where it is not told.
    pub(super) decl_line: u32,
    pub(super) closure_offset: Option<u64>,
    pub(super) low_pc: Option<Pc>,
    pub(super) high_pc: Option<Pc>,
    pub(super) ranges: Option<usize>,
    pub(super) location: LocationAttribute<'a>,
    pub(super) frame_base: LocationAttribute<'a>,
    pub(super) addr_base: usize,
    pub(super) language: u16,
    pub(super) go_kind: u8,
    pub(super) encoding: u8,
    pub(super) embedded: bool,
    pub(super) is_result: bool,
}

/// Walks the entries of one unit, forwards.
pub(super) struct DieReader<'a> {
    entries: EntriesRaw<'a, Slice<'a>>,
    unit_offset: usize,
    strings: &'a [u8],
    string_budget: Budget,
}

impl<'a> DieReader<'a> {
    /// `entries` starts at an entry of `unit`; its offsets count from the start of `.debug_info`.
    pub(super) fn new(
        entries: EntriesRaw<'a, Slice<'a>>,
        unit_offset: usize,
        unit_length: usize,
        strings: &'a [u8],
    ) -> Self {
        let string_budget = Budget::new(unit_length.saturating_mul(STRING_BYTES_PER_UNIT_BYTE));
        Self { entries, unit_offset, strings, string_budget }
    }

    /// Offset of the next entry in `.debug_info`.
    pub(super) fn offset(&self) -> usize {
        self.entries.next_offset().0
    }

    /// Next entry or end of siblings; `Ok(None)` for the latter. The caller reads or skips its attributes.
    pub(super) fn next(&mut self) -> Result<Option<&'a Abbreviation>, Broken> {
        match self.entries.read_abbreviation()? {
            Some(abbreviation) if abbreviation.attributes().len() > MAX_ATTRIBUTES => Err(Broken),
            other => Ok(other),
        }
    }

    /// Next entry at `depth` below the start (its offset and shape), passing over all that is deeper;
    /// `None` at the end of the list or the unit.
    pub(super) fn next_at(&mut self, depth: isize) -> Result<Option<(usize, &'a Abbreviation)>, Broken> {
        while !self.entries.is_empty() {
            let (offset, at) = (self.offset(), self.entries.next_depth());
            match self.next()? {
                None if self.entries.next_depth() < depth => return Ok(None),
                None => {}
                Some(abbreviation) if at == depth => return Ok(Some((offset, abbreviation))),
                Some(abbreviation) => self.skip(abbreviation)?,
            }
        }
        Ok(None)
    }

    /// Passes over the attributes of an entry.
    pub(super) fn skip(&mut self, abbreviation: &Abbreviation) -> Result<(), Broken> {
        let attributes = abbreviation.attributes();
        // gimli 0.34 adds the length of a block to its running sum of bytes to skip unchecked: with the overflow checks
        // of our release profile a block of 2^64-1 bytes would panic. Go writes none of these forms.
        if attributes.iter().any(|spec| has_long_length(spec.form())) {
            for spec in attributes {
                self.entries.read_attribute(*spec)?;
            }
            return Ok(());
        }
        Ok(self.entries.skip_attributes(attributes)?)
    }

    /// Reads the attributes of an entry.
    pub(super) fn read(&mut self, abbreviation: &Abbreviation) -> Result<Die<'a>, Broken> {
        let mut die = Die::default();
        for spec in abbreviation.attributes() {
            let attribute = self.entries.read_attribute_inline(*spec)?;
            self.set(&mut die, &attribute);
        }
        Ok(die)
    }

    fn set(&mut self, die: &mut Die<'a>, attribute: &Attribute<Slice<'a>>) {
        match attribute.name() {
            constants::DW_AT_name => die.name = self.string(attribute),
            constants::DW_AT_producer => die.producer = self.string(attribute),
            constants::DW_AT_type => die.ty = self.reference(attribute),
            DW_AT_GO_KEY => die.go_key = self.reference(attribute),
            DW_AT_GO_ELEM => die.go_elem = self.reference(attribute),
            constants::DW_AT_abstract_origin => die.abstract_origin = self.reference(attribute),
            constants::DW_AT_byte_size => die.byte_size = attribute.udata_value(),
            constants::DW_AT_count => die.count = attribute.udata_value(),
            constants::DW_AT_data_member_location => die.member_offset = attribute.udata_value(),
            constants::DW_AT_const_value => die.const_value = attribute.sdata_value(),
            DW_AT_GO_RUNTIME_TYPE => die.runtime_type = number(attribute),
            DW_AT_GO_DICT_INDEX => die.dict_index = attribute.udata_value(),
            DW_AT_GO_CLOSURE_OFFSET => die.closure_offset = attribute.udata_value(),
            constants::DW_AT_low_pc => die.low_pc = pc(attribute),
            constants::DW_AT_high_pc => die.high_pc = pc(attribute),
            constants::DW_AT_ranges => die.ranges = attribute.offset_value(),
            constants::DW_AT_location => die.location = location(attribute),
            constants::DW_AT_frame_base => die.frame_base = location(attribute),
            constants::DW_AT_addr_base => die.addr_base = attribute.offset_value().unwrap_or(0),
            constants::DW_AT_language => die.language = number(attribute) as u16,
            DW_AT_GO_KIND => die.go_kind = number(attribute) as u8,
            constants::DW_AT_decl_line => die.decl_line = number(attribute) as u32,
            constants::DW_AT_encoding => die.encoding = number(attribute) as u8,
            DW_AT_GO_EMBEDDED_FIELD => die.embedded = flag(attribute),
            constants::DW_AT_variable_parameter => die.is_result = flag(attribute),
            _ => {}
        }
    }

    fn string(&mut self, attribute: &Attribute<Slice<'a>>) -> &'a [u8] {
        match attribute.raw_value() {
            AttributeValue::String(string) => string.slice(),
            AttributeValue::DebugStrRef(offset) => self.shared_string(offset.0).unwrap_or_default(),
            _ => &[],
        }
    }

    fn shared_string(&mut self, offset: usize) -> Option<&'a [u8]> {
        let rest = self.strings.get(offset..)?;
        let within_budget = rest.get(..self.string_budget.left()).unwrap_or(rest);
        let length = within_budget.iter().position(|byte| *byte == 0);
        self.string_budget.spend(length.unwrap_or(within_budget.len()))?;
        rest.get(..length?)
    }

    fn reference(&self, attribute: &Attribute<Slice<'a>>) -> usize {
        match attribute.raw_value() {
            AttributeValue::DebugInfoRef(offset) => offset.0,
            AttributeValue::UnitRef(offset) => self.unit_offset.checked_add(offset.0).unwrap_or(0),
            _ => 0,
        }
    }
}

/// What a tag means for the type table.
pub(super) fn is_type(tag: DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_base_type
            | constants::DW_TAG_structure_type
            | constants::DW_TAG_array_type
            | constants::DW_TAG_pointer_type
            | constants::DW_TAG_subroutine_type
            | constants::DW_TAG_typedef
            | constants::DW_TAG_unspecified_type
    )
}

fn has_long_length(form: DwForm) -> bool {
    matches!(form, constants::DW_FORM_block | constants::DW_FORM_exprloc | constants::DW_FORM_indirect)
}

fn number(attribute: &Attribute<Slice<'_>>) -> u64 {
    match attribute.raw_value() {
        AttributeValue::Addr(address) => address,
        _ => attribute.udata_value().unwrap_or(0),
    }
}

fn flag(attribute: &Attribute<Slice<'_>>) -> bool {
    matches!(attribute.raw_value(), AttributeValue::Flag(true))
}

fn pc(attribute: &Attribute<Slice<'_>>) -> Option<Pc> {
    match attribute.raw_value() {
        AttributeValue::Addr(address) => Some(Pc::Address(address)),
        AttributeValue::DebugAddrIndex(index) => Some(Pc::Index(index.0)),
        _ => attribute.udata_value().map(Pc::Length),
    }
}

fn location<'a>(attribute: &Attribute<Slice<'a>>) -> LocationAttribute<'a> {
    match attribute.raw_value() {
        AttributeValue::Block(bytes) => LocationAttribute::Expression(Expression(bytes)),
        AttributeValue::Exprloc(expression) => LocationAttribute::Expression(expression),
        AttributeValue::SecOffset(offset) => LocationAttribute::List(offset),
        _ => LocationAttribute::Absent,
    }
}
