//! The two places a layout comes from, behind one question: at which offset is this field?

use super::table::{FIRST_MINOR, NONE, RELEASES, ROWS};
use crate::dwarf::Dwarf;
use goheap_image::Machine;
use std::fmt;

/// Where a [`RuntimeLayout`](super::RuntimeLayout) was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutSource {
    /// The executable's own DWARF.
    Dwarf,
    /// The built-in table of the release.
    Table,
}

impl fmt::Display for LayoutSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LayoutSource::Dwarf => "DWARF",
            LayoutSource::Table => "built-in table",
        })
    }
}

/// Answers where a struct of `package runtime` keeps a field.
pub trait FieldSource {
    /// Offset in bytes of the first spelling in `field` (`new/old`) that exists; the struct's size for `size()`.
    fn offset(&self, structure: &str, field: &str) -> Option<u64>;
}

/// No struct of the runtime is larger: the largest has bitmaps of 2 MiB. What DWARF says beyond is not taken, so that offsets can be
/// added and held against each other.
const MAX_OFFSET: u64 = 1 << 23;

impl FieldSource for Dwarf<'_> {
    fn offset(&self, structure: &str, field: &str) -> Option<u64> {
        let name = format!("runtime.{structure}");
        let offset = match field {
            "size()" => self.struct_size(&name),
            _ => field.split('/').find_map(|spelling| self.struct_member(&name, spelling)).map(|member| member.offset),
        };
        offset.filter(|&offset| offset <= MAX_OFFSET)
    }
}

/// One column of the built-in table.
#[derive(Clone, Copy, Debug)]
pub struct TableSource {
    column: usize,
    machine: Machine,
}

impl TableSource {
    /// The column of Go 1.`minor`; None outside 1.17 to 1.27.
    pub fn new(minor: u32, machine: Machine) -> Option<Self> {
        let column = usize::try_from(minor.checked_sub(FIRST_MINOR)?).ok()?;
        (column < RELEASES).then_some(TableSource { column, machine })
    }
}

impl FieldSource for TableSource {
    fn offset(&self, structure: &str, field: &str) -> Option<u64> {
        let row = ROWS.iter().find(|row| row.structure == structure && row.field == field)?;
        let offsets = match (self.machine, &row.arm64) {
            (Machine::Aarch64, Some(arm64)) => arm64,
            _ => &row.amd64,
        };
        let offset = *offsets.get(self.column)?;
        (offset != NONE).then_some(u64::from(offset))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{FIELDS, RuntimeLayout};
    use super::*;

    #[test]
    fn every_release_has_a_whole_column() {
        for minor in 17..=27 {
            for machine in [Machine::X86_64, Machine::Aarch64] {
                RuntimeLayout::load(&TableSource::new(minor, machine).unwrap()).unwrap();
            }
        }
        assert!(TableSource::new(16, Machine::X86_64).is_none());
        assert!(TableSource::new(28, Machine::X86_64).is_none());
    }

    #[test]
    fn every_row_is_read() {
        for row in ROWS {
            assert!(FIELDS.contains(&(row.structure, row.field)), "{}.{} is not read", row.structure, row.field);
        }
    }
}
