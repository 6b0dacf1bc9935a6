//! The core itself.

use super::Rows;
use super::schema::SCHEMA;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use std::io::Write;

/// What is known of a core beside its heap. Empty texts are not known.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What tells it from all others.
    pub core_id: String,
    /// The version of goheap.
    pub goheap: String,
    /// The machine or pod.
    pub host: String,
    /// The path of the main package, or the process's name.
    pub program: String,
    /// The program's version.
    pub version: String,
    /// The Go release.
    pub go_version: String,
    /// When it was taken: microseconds since 1970.
    pub time: Option<u64>,
    /// Where that is from.
    pub time_from: &'static str,
    /// The build id.
    pub build_id: String,
    /// The process's number.
    pub pid: Option<u32>,
    /// The processor, as Go calls it.
    pub architecture: String,
    /// Why the process died.
    pub died_of: String,
    /// Collections so far.
    pub collections: Option<u32>,
    /// Bytes allocated so far.
    pub allocated_ever: Option<u64>,
    /// Bytes or segments of the core are missing.
    pub is_cut: bool,
}

pub(super) fn write<W: Write + Send>(rows: &Rows<'_>, mut table: TableWriter<'_, W>) -> Result<(), ExportError> {
    let (run, heap) = (rows.run, rows.graph.heap());
    let totals = &heap.totals;
    let shares = [totals.allocated, totals.reachable(), totals.not_known, totals.unreachable];
    let [allocated, reachable, not_known, unreachable] =
        shares.map(|share| (Cell::of(share.bytes), Cell::of(share.objects)));
    let row = [
        Cell::small(SCHEMA),
        table.text(&run.goheap),
        table.text_or_none(Some(&run.host)),
        table.text(&run.program),
        table.text_or_none(Some(&run.version)),
        table.text(&run.go_version),
        Cell::of_option(run.time),
        table.text_or_none(Some(run.time_from)),
        table.text_or_none(Some(&run.build_id)),
        Cell::of_option(run.pid.map(u64::from)),
        table.text_or_none(Some(&run.architecture)),
        table.text_or_none(Some(&run.died_of)),
        Cell::of_option(run.collections.map(u64::from)),
        Cell::of_option(run.allocated_ever),
        allocated.0,
        allocated.1,
        reachable.0,
        reachable.1,
        not_known.0,
        not_known.1,
        unreachable.0,
        unreachable.1,
        Cell::of(heap.in_use_bytes),
        Cell::of(rows.goroutines.len() as u64),
        Cell::flag(totals.is_reconciled() && !run.is_cut),
    ];
    table.row(row)?;
    table.finish()
}
