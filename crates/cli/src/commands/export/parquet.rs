//! `export parquet`: the heap as tables, for SQL.

use super::folder::WholeFolder;
use super::run_row::{Said, run_row};
use super::wrote;
use crate::args::Input;
use crate::open::with_references;
use crate::output::failure;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::watch::Watch;
use goheap_export::parquet::{CallRow, Codec, GoroutineRow, Rows, TABLES};
use goheap_heap::SnapshotOptions;
use goheap_heap::goroutines::{leaked, read_groups};
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{Claim, GoroutineGroups, Leaks, Observer};
use goheap_report::table::grouped;
use std::path::Path;

/// Bytes of a goroutine's row, with its texts.
const BYTES_OF_GOROUTINE: u64 = 300;
/// What a table holds of a group of rows, its pages among it.
const BYTES_OF_GROUP: u64 = 64 << 20;

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path, options: &Said) -> Result<(), Failure> {
    let is_ours =
        |name: &str| name.strip_suffix(".parquet").is_some_and(|name| TABLES.iter().any(|table| table.name == name));
    let mut folder = WholeFolder::beside(out, is_ours)?;
    let remembered = SnapshotOptions { tree: true, owners: true, ..SnapshotOptions::default() };
    with_references(input, remembered, ReferenceOptions::default(), |graph, watch| {
        write(graph, watch, out, &mut folder, options)?;
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        let objects = grouped(graph.data().heap().totals.allocated.objects);
        wrote(input, out, format_args!("{objects} objects in {} tables", TABLES.len()));
        Ok(())
    })?;
    folder.put()
}

fn write(
    graph: &ReferenceGraph<'_, '_, '_>,
    watch: &Watch,
    out: &Path,
    folder: &mut WholeFolder,
    options: &Said,
) -> Result<(), Failure> {
    let (snapshot, data) = (graph.snapshot(), graph.data());
    let model = snapshot.model;
    let births = snapshot.births(watch)?;
    let leaks = leaked(graph, watch)?;
    let groups = read_groups(model, watch)?;
    watch.claim(Claim { kept: model.goroutines.len() as u64 * BYTES_OF_GOROUTINE, passing: BYTES_OF_GROUP })?;
    let (goroutines, calls) = (goroutines(graph, &groups, &leaks), calls(&groups));
    let fields = graph.fields();
    let rows = Rows {
        graph: data,
        frame_of: &|id| snapshot.frame_of(id),
        births: &births,
        run: &run_row(model, out, options),
        goroutines: &goroutines,
        calls: &calls,
        codec: Codec::default(),
    };
    let mut open = |name: &'static str| folder.file(&format!("{name}.parquet"));
    let refused = |source| Failure::Output { path: out.to_owned(), source };
    rows.write(&fields, &mut open, watch).map_err(|error| failure(error, refused))
}

/// The goroutines that are alive.
fn goroutines(graph: &ReferenceGraph<'_, '_, '_>, groups: &GoroutineGroups, leaks: &Leaks) -> Vec<GoroutineRow> {
    let heap = graph.data().heap();
    let mut rows = Vec::new();
    for group in &groups.groups {
        let created_by = group.creator.as_ref().map(|call| call.print_name()).unwrap_or_default();
        for &index in &group.members {
            let Some(one) = groups.each.get(index as usize) else { continue };
            let is_leaked = if leaks.may_contain(index) { None } else { Some(leaks.contains(index)) };
            rows.push(GoroutineRow {
                index,
                id: one.id,
                stack: group.number,
                state: groups.state(index).to_owned(),
                waiting: groups.now.zip(one.waits_since()).map(|(now, since)| now.saturating_sub(since)),
                start: heap.goroutines.start(index).to_owned(),
                created_by: created_by.clone(),
                stack_bytes: one.stack_bytes(),
                is_system: group.is_system,
                is_leaked,
                is_locked: one.is_locked,
            });
        }
    }
    rows.sort_by_key(|row| row.id);
    rows
}

fn calls(groups: &GoroutineGroups) -> Vec<CallRow> {
    let of_group = groups.groups.iter().flat_map(|group| {
        group.calls.iter().zip(0..).map(|(call, depth)| CallRow {
            stack: group.number,
            depth,
            function: call.print_name(),
            file: call.file.clone(),
            line: u64::from(call.line),
            is_inlined: call.is_inlined,
        })
    });
    of_group.collect()
}
