//! Goroutines and the calls of their stacks.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use goheap_ask::RetainedByGoroutines;
use goheap_model::Dominance;
use std::io::Write;

/// A goroutine that is alive.
#[derive(Clone, Debug, Default)]
pub struct GoroutineRow {
    /// Its place among all goroutines.
    pub index: u32,
    /// Its id.
    pub id: u64,
    /// Its stack: those that stand at the same place have the same.
    pub stack: u32,
    /// What it was doing, as tracebacks say it.
    pub state: String,
    /// How long it had waited, in nanoseconds.
    pub waiting: Option<u64>,
    /// The function that it began with.
    pub start: String,
    /// The function with the go statement; empty where there is none.
    pub created_by: String,
    /// Bytes of its stack.
    pub stack_bytes: u64,
    /// One of the runtime's own.
    pub is_system: bool,
    /// Nothing can wake it any more.
    pub is_leaked: Option<bool>,
    /// Bound to its thread.
    pub is_locked: bool,
}

/// A call of a stack.
#[derive(Clone, Debug, Default)]
pub struct CallRow {
    /// The stack.
    pub stack: u32,
    /// 0 of the innermost.
    pub depth: u32,
    /// The function, as tracebacks print it.
    pub function: String,
    /// Its source file.
    pub file: String,
    /// The line; 0 where it is not known.
    pub line: u64,
    /// Inlined into the next.
    pub is_inlined: bool,
}

/// Writes them, with what each alone keeps.
pub(super) fn write<W: Write + Send>(
    rows: &Rows<'_>,
    dominance: &Dominance,
    mut table: TableWriter<'_, W>,
) -> Result<(), ExportError> {
    let retained = RetainedByGoroutines::new(rows.graph, dominance);
    for one in rows.goroutines {
        let row = [
            Cell::count(one.id),
            Cell::small(one.stack),
            table.text(&one.state),
            Cell::of_option(one.waiting),
            table.text(&one.start),
            table.text_or_none(Some(&one.created_by)),
            Cell::of(one.stack_bytes),
            Cell::flag(one.is_system),
            one.is_leaked.map_or(Cell::MISSING, Cell::flag),
            Cell::flag(one.is_locked),
            Cell::of(retained.of_goroutine(one.index)),
        ];
        table.row(row)?;
    }
    table.finish()
}

pub(super) fn write_calls<W: Write + Send>(rows: &Rows<'_>, mut table: TableWriter<'_, W>) -> Result<(), ExportError> {
    for call in rows.calls {
        let row = [
            Cell::small(call.stack),
            Cell::small(call.depth),
            table.text(&call.function),
            table.text(&call.file),
            Cell::count(call.line),
            Cell::flag(call.is_inlined),
        ];
        table.row(row)?;
    }
    table.finish()
}
