//! `goheap CORE histogram`: how much of the heap is of which type, package or kind.

use crate::args::{Group, HistogramFormat, HistogramOptions, Input};
use crate::diagnostics;
use crate::errors::Failure;
use crate::open::{Needs, with_heap};
use crate::output::to_stdout;
use goheap_heap::{Evidence, Grouping, HeapSnapshot, HistogramRow, Selection};
use goheap_report::histogram::{self, HistogramReport};

/// Rows of a table unless another number is asked for: a screen.
const USUAL_ROWS: usize = 40;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &HistogramOptions) -> Result<(), Failure> {
    with_heap(input, Needs::default(), |snapshot| {
        diagnostics::warn(snapshot);
        let report = report(snapshot, options);
        to_stdout(|out| match options.format {
            HistogramFormat::Table => report.write_table(out),
            HistogramFormat::Csv => report.write_csv(out),
            HistogramFormat::Json => report.write_json(out),
        })
    })
}

fn report(snapshot: &HeapSnapshot<'_, '_>, options: &HistogramOptions) -> HistogramReport {
    let (selection, selected) = match (options.reachable, options.unreachable) {
        (true, _) => (Selection::Reachable, "reachable"),
        (_, true) => (Selection::Unreachable, "unreachable"),
        _ => (Selection::Allocated, "allocated"),
    };
    let (grouping, group) = match options.group {
        Group::Type => (Grouping::Type, "type"),
        Group::Package => (Grouping::Package, "package"),
        Group::Kind => (Grouping::Kind, "kind"),
    };
    let is_wanted = |text: &str| options.ty.as_ref().is_none_or(|regex| regex.is_match(text));
    let histogram = snapshot.histogram(grouping, selection, is_wanted);
    let usual = if options.format == HistogramFormat::Table { USUAL_ROWS } else { usize::MAX };
    let shown = options.limit.unwrap_or(usual).min(histogram.rows.len());
    let (shown, hidden) = histogram.rows.split_at(shown);
    HistogramReport {
        group,
        selection: selected,
        rows: shown.iter().map(row).collect(),
        hidden: (hidden.len(), sum(hidden)),
        total: row(&histogram.total),
    }
}

fn row(row: &HistogramRow) -> histogram::Group {
    histogram::Group {
        name: row.name.clone(),
        objects: row.share.objects,
        bytes: row.share.bytes,
        evidence: Evidence::ALL.iter().map(|evidence| evidence.name()).zip(row.by_evidence).collect(),
    }
}

fn sum(rows: &[HistogramRow]) -> histogram::Group {
    let mut sum = row(&HistogramRow::default());
    for row in rows {
        sum.objects += row.share.objects;
        sum.bytes += row.share.bytes;
        sum.evidence.iter_mut().zip(row.by_evidence).for_each(|(sum, bytes)| sum.1 += bytes);
    }
    sum
}
