//! `goheap CORE dominators`: who retains how much.

mod groups;

use crate::args::{DominatorsOptions, Form, Input};
use crate::commands::birth_calls;
use crate::open::{Wanted, with_data_and, with_referred};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::{AskError, BirthIndex, DominatorRow, RowsWanted, SiteGrouping, dominator_rows};
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{Births, DominatorFrames, Graph, Share};
use goheap_report::dominators::{Born, DominatorsReport, Row, Sum};

/// Lines and levels of a table unless others are asked for: a screen.
const USUAL_ROWS: usize = 40;
const USUAL_DEPTH: usize = 12;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &DominatorsOptions) -> Result<(), Failure> {
    let Some(group) = options.group else { return tree(input, options) };
    // Objects of one type lie anywhere in the tree: what of them is referred to is not told.
    let references = ReferenceOptions { referred: true, ..ReferenceOptions::default() };
    let wanted = Wanted { births: options.births, maps: true };
    with_data_and(input, Some(references), wanted, |heap, aside| {
        let report = groups::report(Graph::new(heap).ok_or(AskError::NoReferences)?, group, options, aside)?;
        aside.say();
        to_stdout(|out| match options.written.form() {
            Form::Json => report.write_json(out),
            Form::Csv => report.write_csv(out),
            Form::Table => report.write_table(page(input), out),
        })
    })
}

fn tree(input: &Input, options: &DominatorsOptions) -> Result<(), Failure> {
    with_referred(input, ReferenceOptions::default(), |graph, watch| {
        let dominators = graph.data().dominators(watch)?;
        let births = if options.births { graph.snapshot().births(watch)? } else { Births::default() };
        let frames = graph.frames_with_births(&dominators, &births, watch)?;
        let index = BirthIndex::new(graph.data(), &dominators, &births);
        let by_frame = index.by_frame(&frames);
        let born = |row: &DominatorRow| {
            let sites = by_frame.below(row.node, SiteGrouping::Line);
            birth_calls::most(sites, &births, options.written.is_table())
        };
        let report = tree_report(graph, &frames, options, born);
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        to_stdout(|out| match options.written.form() {
            Form::Json => report.write_json(out),
            Form::Csv => report.write_csv(out),
            Form::Table => report.write_table(page(input), out),
        })
    })
}

fn most_rows(options: &DominatorsOptions) -> usize {
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    options.limit.unwrap_or(usual)
}

fn sum(share: Share) -> Sum {
    Sum { bytes: share.bytes, objects: share.objects }
}

fn tree_report(
    graph: &ReferenceGraph<'_, '_, '_>,
    frames: &DominatorFrames,
    options: &DominatorsOptions,
    born: impl Fn(&DominatorRow) -> Vec<Born>,
) -> DominatorsReport {
    let (heap, totals) = (graph.data().heap(), &graph.snapshot().totals);
    let is_table = options.written.is_table();
    let matches = options.matching.as_ref().map(|regex| |text: &str| regex.is_match(text));
    let wanted = RowsWanted {
        limit: most_rows(options),
        depth: options.depth.unwrap_or(if is_table { USUAL_DEPTH } else { usize::MAX }),
        min_size: options.min_size.unwrap_or(0),
        matching: matches.as_ref().map(|matches| matches as &dyn Fn(&str) -> bool),
        without_library: is_table && !options.full && options.matching.is_none(),
    };
    let found = dominator_rows(heap, frames, wanted);
    DominatorsReport {
        reachable: sum(totals.reachable()),
        not_known: sum(totals.not_known),
        unreachable: sum(totals.unreachable),
        rows: found.rows.iter().enumerate().map(|(id, row)| Row { born: born(row), ..line(frames, id, row) }).collect(),
        hidden: (found.left_out, found.greatest_left_out),
    }
}

fn line(frames: &DominatorFrames, id: usize, row: &DominatorRow) -> Row {
    Row {
        id,
        parent: row.parent,
        depth: row.depth,
        name: row.text(frames),
        retained: row.retained.bytes,
        objects: row.retained.objects,
        shallow: row.own.bytes,
        count: row.own.objects,
        values: row.values,
        referred_bytes: row.extent.map(|extent| extent.referred),
        capacity_bytes: row.extent.map(|extent| extent.capacity),
        map_entries: row.maps.map(|maps| maps.entries),
        map_slots: row.maps.map(|maps| maps.slots),
        ..Row::default()
    }
}
