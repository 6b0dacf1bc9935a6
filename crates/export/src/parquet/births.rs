//! Where sampled objects were allocated.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use goheap_model::{BirthCount, Births, Claim, Observer};
use std::fmt::Write as _;
use std::io::Write;

pub(super) fn write<W: Write + Send>(
    rows: &Rows<'_>,
    mut table: TableWriter<'_, W>,
    observer: &dyn Observer,
) -> Result<(), ExportError> {
    let (births, objects) = (rows.births, &rows.graph.heap().objects);
    observer.claim(Claim { kept: 0, passing: births.records().len() as u64 * 8 })?;
    let mut met = vec![0_u64; births.records().len()];
    for birth in births.all().iter().filter(|birth| birth.object.0 < objects.len()) {
        let stack = births.record(birth.record).stack;
        let first = births.shown_numbers(stack).first().and_then(|&call| births.call(call));
        let count = next(births, birth.record, &mut met);
        let row = [
            Cell::of(objects.address(objects.slot(birth.object))),
            Cell::of(u64::from(birth.record)),
            table.text(first.map_or("", |call| &call.function)),
            table.text(first.map_or("", |call| &call.file)),
            Cell::small(first.map_or(0, |call| call.line)),
            table.text(&text(births, stack)),
            Cell::count(count.objects),
            Cell::of(count.bytes),
        ];
        table.row(row)?;
    }
    table.finish()
}

/// What one more sample of a record stands for: whole numbers that add up to what all of them stand for.
fn next(births: &Births, record: u32, met: &mut [u64]) -> BirthCount {
    let Some(samples) = met.get_mut(record as usize) else { return BirthCount::default() };
    let before = births.count(record, *samples);
    *samples += 1;
    let after = births.count(record, *samples);
    BirthCount {
        samples: 1,
        sampled_bytes: after.sampled_bytes - before.sampled_bytes,
        objects: after.objects.saturating_sub(before.objects),
        bytes: after.bytes.saturating_sub(before.bytes),
    }
}

/// The calls of a stack, a line each.
fn text(births: &Births, stack: u32) -> String {
    let mut text = String::new();
    for call in births.shown_numbers(stack).iter().filter_map(|&call| births.call(call)) {
        let end = if text.is_empty() { "" } else { "\n" };
        // A String takes all.
        let _ = write!(text, "{end}{} {}:{}", call.function, call.file, call.line);
    }
    text
}
