//! Functions that have code, found by program counter.

use super::budget::Budget;
use super::resolve::text;
use super::scan::UnitScan;
use super::units::Entries;

/// A function of its own, not an inlined copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Linker symbol (`net/http.(*conn).serve`, `main.main.func1`).
    pub name: Box<str>,
    /// First byte, at the address where the executable was linked.
    pub low: u64,
    /// End of the code, not included.
    pub high: u64,
    /// Its entry in `.debug_info`.
    pub(super) entry: usize,
}

/// Bytes of entries read for the names of functions, for each byte of `.debug_info`.
const NAME_BYTES_PER_BYTE: usize = 16;

/// All functions, by ascending address.
pub(super) fn collect(scans: &[UnitScan<'_>], entries: &Entries<'_>) -> Vec<Function> {
    let limit = entries.sections.info.len().saturating_mul(NAME_BYTES_PER_BYTE);
    let mut budget = Budget::new(limit);
    let mut functions: Vec<Function> = scans
        .iter()
        .flat_map(|scan| &scan.functions)
        .map(|raw| Function {
            name: text(if raw.name.is_empty() {
                entries.die(raw.origin, &mut budget).unwrap_or_default().name
            } else {
                raw.name
            }),
            low: raw.low,
            high: raw.high,
            entry: raw.offset,
        })
        .collect();
    functions.sort_by_key(|function| (function.low, function.entry));
    functions
}

/// The function whose code holds `pc`.
pub(super) fn at(functions: &[Function], pc: u64) -> Option<&Function> {
    let after = functions.partition_point(|function| function.low <= pc);
    let function = functions.get(after.checked_sub(1)?)?;
    (pc < function.high).then_some(function)
}
