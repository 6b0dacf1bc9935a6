//! One pass over one unit: its types, package variables, constants and functions, with references not yet followed.
//!
//! A unit is scanned without regard to any other, so units may be scanned in parallel; results are merged in unit
//! order.

use std::ops::Range;

use gimli::{Abbreviation, DwTag, Operation, constants};

use super::die::{Broken, Die, DieReader, LocationAttribute, is_type};
use super::units::{Entries, Unit};

/// A type entry as written. References are offsets in `.debug_info`, 0 for none.
#[derive(Debug)]
pub(super) struct RawType<'a> {
    pub(super) offset: usize,
    pub(super) tag: DwTag,
    pub(super) name: &'a [u8],
    pub(super) byte_size: Option<u64>,
    pub(super) pointer_size: u8,
    pub(super) go_kind: u8,
    pub(super) encoding: u8,
    pub(super) runtime_offset: Option<u64>,
    pub(super) ty: usize,
    pub(super) key: usize,
    pub(super) elem: usize,
    /// Array length.
    pub(super) count: Option<u64>,
    /// Place of its members in [`UnitScan::fields`].
    pub(super) fields: Range<usize>,
}

/// A struct member as written.
#[derive(Debug)]
pub(super) struct RawField<'a> {
    pub(super) name: &'a [u8],
    pub(super) offset: u64,
    pub(super) ty: usize,
    pub(super) embedded: bool,
}

/// A package variable as written.
#[derive(Debug)]
pub(super) struct RawGlobal<'a> {
    pub(super) name: &'a [u8],
    pub(super) address: u64,
    pub(super) ty: usize,
}

/// A function with code. The name of one that was also inlined somewhere is at `origin`.
#[derive(Debug)]
pub(super) struct RawFunction<'a> {
    pub(super) offset: usize,
    pub(super) name: &'a [u8],
    pub(super) origin: usize,
    pub(super) low: u64,
    pub(super) high: u64,
}

/// What one unit holds, in the order of its entries.
#[derive(Debug, Default)]
pub(super) struct UnitScan<'a> {
    pub(super) types: Vec<RawType<'a>>,
    pub(super) fields: Vec<RawField<'a>>,
    pub(super) globals: Vec<RawGlobal<'a>>,
    pub(super) constants: Vec<(&'a [u8], i64)>,
    pub(super) functions: Vec<RawFunction<'a>>,
    /// Entries that decode but lack what makes them useful.
    pub(super) broken_entries: u64,
    /// The unit ends in something that cannot be decoded.
    pub(super) cut_short: bool,
}

/// Scans a unit; what was read before damage is kept.
pub(super) fn scan_unit<'a>(entries: &'a Entries<'_>, unit: &'a Unit) -> UnitScan<'a> {
    let mut scan = UnitScan::default();
    let done = entries.of_unit(unit).ok_or(Broken).and_then(|mut reader| {
        if let Some(root) = reader.next()? {
            reader.skip(root)?;
        }
        scan.children(entries, unit, &mut reader)
    });
    scan.cut_short = done.is_err();
    scan
}

impl<'a> UnitScan<'a> {
    /// Everything of interest is a direct child of the unit; function bodies are only stepped over.
    fn children(&mut self, entries: &'a Entries<'_>, unit: &'a Unit, reader: &mut DieReader<'a>) -> Result<(), Broken> {
        while let Some((offset, abbreviation)) = reader.next_at(1)? {
            match abbreviation.tag() {
                constants::DW_TAG_subprogram => {
                    let die = reader.read(abbreviation)?;
                    self.function(entries, unit, offset, &die);
                }
                constants::DW_TAG_variable => {
                    let die = reader.read(abbreviation)?;
                    self.global(entries, unit, &die);
                }
                constants::DW_TAG_constant => {
                    let die = reader.read(abbreviation)?;
                    match die.const_value {
                        Some(value) => self.constants.push((die.name, value)),
                        None => self.broken_entries += 1,
                    }
                }
                tag if is_type(tag) => self.type_entry(unit, offset, abbreviation, reader)?,
                _ => reader.skip(abbreviation)?,
            }
        }
        Ok(())
    }

    fn function(&mut self, entries: &Entries<'_>, unit: &Unit, offset: usize, die: &Die<'a>) {
        // Abstract instances, the pattern of inlined copies, have no code.
        if die.low_pc.is_none() {
            return;
        }
        match entries.pc_range(unit, die) {
            Some((low, high)) => {
                self.functions.push(RawFunction { offset, name: die.name, origin: die.abstract_origin, low, high })
            }
            // A function of no bytes (low == high) is written for assembly stubs.
            None => self.broken_entries += u64::from(die.high_pc.is_none()),
        }
    }

    fn global(&mut self, entries: &Entries<'_>, unit: &Unit, die: &Die<'a>) {
        let LocationAttribute::Expression(expression) = die.location else {
            self.broken_entries += 1;
            return;
        };
        let address = match expression.operations(unit.encoding).next() {
            Ok(Some(Operation::Address { address })) => Some(address),
            Ok(Some(Operation::AddressIndex { index })) => entries.address(unit, index.0),
            _ => None,
        };
        match address {
            Some(address) => self.globals.push(RawGlobal { name: die.name, address, ty: die.ty }),
            None => self.broken_entries += 1,
        }
    }

    fn type_entry(
        &mut self,
        unit: &Unit,
        offset: usize,
        abbreviation: &Abbreviation,
        reader: &mut DieReader<'a>,
    ) -> Result<(), Broken> {
        let tag = abbreviation.tag();
        let die = reader.read(abbreviation)?;
        let absolute = unit.absolute_uintptr && die.name == b"uintptr";
        let first_field = self.fields.len();
        let mut count = die.count;
        if abbreviation.has_children() {
            match tag {
                constants::DW_TAG_structure_type => self.members(reader)?,
                constants::DW_TAG_array_type => count = array_length(reader)?,
                _ => {}
            }
        }
        self.types.push(RawType {
            offset,
            tag,
            name: die.name,
            byte_size: die.byte_size,
            pointer_size: unit.encoding.address_size,
            go_kind: die.go_kind,
            encoding: die.encoding,
            runtime_offset: (die.runtime_type != 0 && !absolute).then_some(die.runtime_type),
            ty: die.ty,
            key: die.go_key,
            elem: die.go_elem,
            count,
            fields: first_field..self.fields.len(),
        });
        Ok(())
    }

    fn members(&mut self, reader: &mut DieReader<'a>) -> Result<(), Broken> {
        while let Some((_, abbreviation)) = reader.next_at(2)? {
            if abbreviation.tag() != constants::DW_TAG_member {
                reader.skip(abbreviation)?;
                continue;
            }
            let die = reader.read(abbreviation)?;
            match die.member_offset {
                Some(offset) => {
                    self.fields.push(RawField { name: die.name, offset, ty: die.ty, embedded: die.embedded })
                }
                None => self.broken_entries += 1,
            }
        }
        Ok(())
    }
}

/// Length in the `DW_TAG_subrange_type` child; Go arrays of arrays are types of types, never two subranges.
fn array_length(reader: &mut DieReader<'_>) -> Result<Option<u64>, Broken> {
    let mut length = None;
    while let Some((_, abbreviation)) = reader.next_at(2)? {
        let die = reader.read(abbreviation)?;
        length = length.or(die.count);
    }
    Ok(length)
}
