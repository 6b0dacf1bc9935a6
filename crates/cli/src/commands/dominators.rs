//! `goheap CORE dominators`: who retains how much.

use crate::args::{DominatorsOptions, Form, Input, RetainedBy};
use crate::commands::birth_calls;
use crate::commands::short_names::ShortNames;
use crate::open::{with_data_and_births, with_referred};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::{
    AskError, BirthIndex, DominatorRow, Grouping, HistogramRow, RetainedHistogram, RootGroup, RootGrouping, RowsWanted,
    Selection, SharedByRoots, SiteGrouping, dominator_rows, retained_histogram, root_groups, shared_by_roots,
};
use goheap_graph::Weight;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{Births, DominatorFrames, Graph, Observer, Share};
use goheap_report::dominators::{Born, DominatorsReport, Group, RetainedGroups, Row, SharedBy, Sum};
use std::cmp::Reverse;

/// Lines and levels of a table unless others are asked for: a screen.
const USUAL_ROWS: usize = 40;
/// By which groups what several hold is shared is told where that is one part in so many: it is one more walk over all references.
const WORTH_A_LOOK: u64 = 100;
const USUAL_DEPTH: usize = 12;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &DominatorsOptions) -> Result<(), Failure> {
    let Some(group) = options.group else { return tree(input, options) };
    // Objects of one type lie anywhere in the tree: what of them is referred to is not told.
    let references = ReferenceOptions { referred: true, ..ReferenceOptions::default() };
    with_data_and_births(input, Some(references), options.births, |heap, aside| {
        let report = groups(Graph::new(heap).ok_or(AskError::NoReferences)?, group, options, aside.watch)?;
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

fn groups(
    graph: Graph<'_>,
    group: RetainedBy,
    options: &DominatorsOptions,
    observer: &dyn Observer,
) -> Result<RetainedGroups, Failure> {
    let dominance = graph.dominance(observer)?;
    let is_wanted = |text: &str| options.matching.as_ref().is_none_or(|regex| regex.is_match(text));
    let reachable = sum(graph.heap().totals.reachable());
    let mut report = RetainedGroups { reachable, ..RetainedGroups::default() };
    let (name, grouping) = match group {
        RetainedBy::Type => {
            let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
            let request = RetainedHistogram { grouping, selection, is_wanted, exact: 0 };
            let histogram = retained_histogram(graph, &dominance, request);
            report.rows = histogram.rows.into_iter().map(of_type).collect();
            report.rows.sort_by(|a, b| (Reverse(a.retained), &a.name).cmp(&(Reverse(b.retained), &b.name)));
            ("type", None)
        }
        RetainedBy::Package => ("package", Some(RootGrouping::Package)),
        RetainedBy::Root => ("root", Some(RootGrouping::Root)),
    };
    report.group = name;
    if let Some(grouping) = grouping {
        let found = root_groups(graph, &dominance, grouping, is_wanted);
        report.shared = Some(weight(found.shared));
        if found.shared.bytes > 0 && found.shared.bytes.saturating_mul(WORTH_A_LOOK) >= reachable.bytes {
            let shared = shared_by_roots(graph, &dominance, grouping, observer)?;
            report.shared_by = shared.into_iter().map(shared_by).collect();
        }
        report.rows = found.groups.iter().map(of_roots).collect();
        // Only of what is shown: each is a walk over all that it retains.
        let is_large = |row: &&Group| row.retained >= options.min_size.unwrap_or(0);
        let shown = report.rows.iter().take_while(is_large).take(most_rows(options)).count();
        for (row, group) in report.rows.iter_mut().zip(&found.groups).take(shown) {
            row.referred_bytes = graph.retained_extent(&dominance, group.node).map(|extent| extent.referred);
        }
        if let Some(births) = &graph.heap().births {
            let index = BirthIndex::new(graph, &dominance.tree, births);
            for (row, group) in report.rows.iter_mut().zip(&found.groups).take(shown) {
                row.born = birth_calls::most_below(&index, births, group.node, options.written.is_table());
            }
        }
    }
    let rows = report.rows.len();
    report.rows.retain(|row| row.retained >= options.min_size.unwrap_or(0));
    report.rows.truncate(most_rows(options));
    report.hidden = rows - report.rows.len();
    if let Some(births) = graph.heap().births.as_ref().filter(|_| group == RetainedBy::Type) {
        let index = BirthIndex::new(graph, &dominance.tree, births);
        let request =
            RetainedHistogram { grouping: Grouping::Whole, selection: Selection::Reachable, is_wanted, exact: 0 };
        let mut found = index.by_group(request, SiteGrouping::Line);
        for row in &mut report.rows {
            let sites = found.remove(&row.name).unwrap_or_default();
            row.born = birth_calls::most(sites, births, options.written.is_table());
        }
    }
    if group == RetainedBy::Type && options.written.is_table() {
        report.rows.iter_mut().for_each(|row| ShortNames(graph.heap()).name(&mut row.name));
    }
    Ok(report)
}

fn most_rows(options: &DominatorsOptions) -> usize {
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    options.limit.unwrap_or(usual)
}

fn of_type(row: HistogramRow) -> Group {
    Group {
        name: row.name,
        retained: row.retained.unwrap_or(0),
        own: Some(sum(row.share)),
        referred_bytes: row.referred,
        ..Group::default()
    }
}

fn of_roots(group: &RootGroup) -> Group {
    let Weight { bytes, objects } = group.retained;
    Group { name: group.name.clone(), retained: bytes, retained_objects: Some(objects), ..Group::default() }
}

fn shared_by(shared: SharedByRoots) -> SharedBy {
    SharedBy {
        groups: shared.groups,
        and_others: shared.and_others,
        retained: shared.retained.bytes,
        retained_objects: shared.retained.objects,
    }
}

fn sum(share: Share) -> Sum {
    Sum { bytes: share.bytes, objects: share.objects }
}

fn weight(weight: Weight) -> Sum {
    Sum { bytes: weight.bytes, objects: weight.objects }
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
