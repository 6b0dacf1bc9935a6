//! `goheap CORE histogram`: how much of the heap is of which type, package or kind.

use crate::args::{Form, Group, HistogramOptions, Input, usage};
use crate::commands::short_names::ShortNames;
use crate::open::with_data;
use crate::output::to_stdout;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use clap::error::ErrorKind;
use goheap_ask::{
    AskError, Grouping, Histogram, HistogramRow, RetainedHistogram, Selection, SizeClass, retained_histogram,
};
use goheap_heap::references::ReferenceOptions;
use goheap_model::{Evidence, Graph};
use goheap_report::histogram::{self, HistogramReport};
use goheap_report::size_classes::{self, SizeClassReport};

/// Rows of a table unless another number is asked for: a screen.
const USUAL_ROWS: usize = 40;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &HistogramOptions) -> Result<(), Failure> {
    if options.group == Group::SizeClass {
        return size_classes(input, options);
    }
    let words = words(options);
    let is_wanted = |text: &str| options.ty.as_ref().is_none_or(|regex| regex.is_match(text));
    let ((grouping, _), (selection, _)) = (words.grouping, words.selection);
    let retains = options.retained || options.exact;
    with_data(input, retains.then(ReferenceOptions::default), |heap, aside| {
        let histogram = if retains {
            let graph = Graph::new(heap).ok_or(AskError::NoReferences)?;
            let exact = if options.exact { most_rows(options) } else { 0 };
            let request = RetainedHistogram { grouping, selection, is_wanted, exact };
            retained_histogram(graph, &graph.dominance(aside.watch)?, request)
        } else {
            goheap_ask::histogram(heap, grouping, selection, is_wanted)
        };
        aside.say();
        let mut report = report(&histogram, &words, options);
        if options.written.is_table() && options.group == Group::Type {
            report.rows.iter_mut().for_each(|row| ShortNames(heap).name(&mut row.name));
        }
        to_stdout(|out| match options.written.form() {
            Form::Table => report.write_table(page(input), out),
            Form::Csv => report.write_csv(out),
            Form::Json => report.write_json(out),
        })
    })
}

/// How the spans are cut up: all, or those that the objects keep which are asked for.
fn size_classes(input: &Input, options: &HistogramOptions) -> Result<(), Failure> {
    if options.retained || options.exact {
        let message = "--group size-class tells of spans, which retain nothing: leave --retained and --exact away";
        return Err(usage(ErrorKind::ArgumentConflict, message));
    }
    with_data(input, None, |heap, aside| {
        aside.say();
        let (selection, name) = words(options).selection;
        let is_all = selection == Selection::Allocated && options.ty.is_none();
        let is_wanted = |text: &str| options.ty.as_ref().is_none_or(|regex| regex.is_match(text));
        let selected = (!is_all).then(|| goheap_ask::selected_objects(heap, selection, is_wanted));
        let rows = goheap_ask::size_classes(heap, selected.as_ref());
        let asked = options.ty.as_ref().map_or_else(String::new, |regex| format!(" {}", regex.text()));
        let mut total = SizeClass::default();
        rows.iter().for_each(|row| total.add(row));
        let report = SizeClassReport {
            schema_version: size_classes::SCHEMA_VERSION,
            group: "size-class",
            selection: (!is_all).then(|| format!("{name}{asked}")),
            heap_in_use: heap.in_use_bytes,
            total: size_class(&total, !is_all),
            rows: rows.iter().take(options.limit.unwrap_or(usize::MAX)).map(|row| size_class(row, !is_all)).collect(),
        };
        to_stdout(|out| match options.written.form() {
            Form::Table => report.write_table(page(input), out),
            Form::Csv => report.write_csv(out),
            Form::Json => report.write_json(out),
        })
    })
}

fn size_class(class: &SizeClass, is_selected: bool) -> size_classes::SizeClassRow {
    size_classes::SizeClassRow {
        slot_bytes: class.slot_bytes,
        has_pointers: class.has_pointers,
        spans: class.spans,
        span_bytes: class.span_bytes,
        slots: class.slots,
        objects: class.allocated.objects,
        bytes: class.allocated.bytes,
        selected_objects: is_selected.then_some(class.selected.objects),
        selected_bytes: is_selected.then_some(class.selected.bytes),
        rounding_bytes: class.rounding_bytes,
        free_bytes: class.free_bytes,
        tail_bytes: class.tail_bytes,
    }
}

/// What is asked for, and what it is called.
struct Words {
    grouping: (Grouping, &'static str),
    selection: (Selection, &'static str),
}

fn most_rows(options: &HistogramOptions) -> usize {
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    options.limit.unwrap_or(usual)
}

fn words(options: &HistogramOptions) -> Words {
    let selection = match (options.reachable, options.unreachable, options.not_known) {
        (true, ..) => (Selection::Reachable, "reachable"),
        (_, true, _) => (Selection::Unreachable, "unreachable"),
        (.., true) => (Selection::NotKnown, "not known to be reachable"),
        _ => (Selection::Allocated, "allocated"),
    };
    let grouping = match options.group {
        Group::Type => (Grouping::Type, "type"),
        Group::Package => (Grouping::Package, "package"),
        Group::Kind | Group::SizeClass => (Grouping::Kind, "kind"),
    };
    Words { grouping, selection }
}

fn report(histogram: &Histogram, words: &Words, options: &HistogramOptions) -> HistogramReport {
    let shown = most_rows(options).min(histogram.rows.len());
    let (shown, hidden) = histogram.rows.split_at(shown);
    HistogramReport {
        group: words.grouping.1,
        selection: words.selection.1,
        retained: match (options.exact, options.retained) {
            (true, _) => Some("exact"),
            (_, true) => Some("minimum"),
            _ => None,
        },
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
        elements: row.elements,
        retained: row.retained,
        evidence: Evidence::ALL.iter().map(|evidence| evidence.name()).zip(row.by_evidence).collect(),
    }
}

fn sum(rows: &[HistogramRow]) -> histogram::Group {
    let mut sum = row(&HistogramRow::default());
    for row in rows {
        sum.objects += row.share.objects;
        sum.bytes += row.share.bytes;
        sum.elements = sum.elements.saturating_add(row.elements);
        sum.evidence.iter_mut().zip(row.by_evidence).for_each(|(sum, bytes)| sum.1 += bytes);
    }
    sum
}
