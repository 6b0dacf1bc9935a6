//! Spans.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use std::io::Write;

pub(super) fn write<W: Write + Send>(rows: &Rows<'_>, mut table: TableWriter<'_, W>) -> Result<(), ExportError> {
    let objects = &rows.graph.heap().objects;
    for (span, number) in objects.spans().iter().zip(0_u32..) {
        let allocated = objects.allocated_of(number).count() as u64;
        let free = u64::from(span.slots).saturating_sub(allocated).saturating_mul(span.slot_bytes);
        let row = [
            Cell::of(u64::from(number)),
            Cell::of(span.start),
            Cell::of(span.bytes),
            Cell::of(span.slot_bytes),
            Cell::small(span.slots),
            Cell::count(allocated),
            Cell::of(free),
            Cell::small(span.header_bytes),
            Cell::flag(span.has_pointers),
            Cell::flag(span.is_large),
        ];
        table.row(row)?;
    }
    table.finish()
}
