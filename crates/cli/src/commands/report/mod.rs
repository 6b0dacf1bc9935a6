//! `goheap CORE report OUT`: everything in one file.

mod goroutines;
mod grown;
mod heap;
mod trees;
mod verdict;

use crate::args::{Input, ReportFormat, ReportOptions, SuspectsOptions, usage};
use crate::commands::diff::{Base, Last, kept_reports, recent};
use crate::commands::suspects::Beside;
use crate::commands::{births, memory, overview, suspects, waste};
use crate::open::with_references;
use crate::output::{Output, is_open_already};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use crate::say::terminal::page;
use crate::say::watch::Watch;
use clap::error::ErrorKind;
use goheap_ask::BirthIndex;
use goheap_heap::SnapshotOptions;
use goheap_heap::goroutines::{leaked, read_groups};
use goheap_heap::process_memory::ProcessMemory;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::Aside;
use goheap_report::answer::{Answer, ReadError, Section};
use goheap_report::overview::{heap_section, unsure_sections};
use goheap_report::page::Page;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Suspects that are told.
const SUSPECTS: usize = 20;
/// Rows of what is told of the process's memory, and lines that allocated.
const ROWS: usize = 12;
const SITES: usize = 50;
/// Rows of each kind of waste.
const WASTED: usize = 20;
/// Rows of what came since the last collection, and the bytes that each has at the least.
const RECENT: (usize, u64) = (20, 1 << 10);
/// No report that was kept is larger.
const MOST_KEPT: u64 = 1 << 30;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ReportOptions) -> Result<(), Failure> {
    let format = options.format.map_or_else(|| format_of(&options.out), Ok)?;
    let inputs: Vec<&Path> = input.paths().into_iter().chain(options.base.as_deref()).collect();
    let output = Output::new(&options.out, &inputs)?;
    // A file has no width.
    let page = Page { columns: None, ascii: false, ..page(input) };
    if let Some(mut report) = kept(&input.request.core)? {
        if let Some(base) = &options.base {
            let Some(older) = kept(base)? else {
                let message = "--base is a core, and the report was kept as JSON, which has no objects to be held against others: \
                               give a kept report for --base, or the core that this one is of";
                return Err(usage(ErrorKind::ArgumentConflict, message));
            };
            add_since(&mut report, &older, page);
        }
        return write(&output, format, page, &report, input, &options.out);
    }
    let older = options.base.as_deref().map(kept).transpose()?.flatten();
    let base = options.base.as_deref().filter(|_| older.is_none());
    let base = base.map(|core| Base::take(input, core)).transpose()?;
    let mut report = of_core(input, page, base)?;
    if let Some(older) = &older {
        add_since(&mut report, older, page);
    }
    write(&output, format, page, &report, input, &options.out)
}

/// Adds what grew since an older report, and ranks suspects by that.
fn add_since(report: &mut Answer, older: &Answer, page: Page) {
    let grown = report.since(older, kept_reports::told_in_report(page));
    report.rank_suspects_since(older, page);
    grown::add(report, grown, page);
}

/// The report of a core.
pub(in crate::commands) fn of_core(input: &Input, page: Page, base: Option<Base>) -> Result<Answer, Failure> {
    let remembered = SnapshotOptions { tree: true, ..SnapshotOptions::default() };
    let references = ReferenceOptions { referred: true, ..ReferenceOptions::default() };
    with_references(input, remembered, references, |graph, watch| {
        let report = report(input, page, graph, base, watch)?;
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        Ok(report)
    })
}

fn report(
    input: &Input,
    page: Page,
    graph: &ReferenceGraph<'_, '_, '_>,
    base: Option<Base>,
    watch: &Watch,
) -> Result<Answer, Failure> {
    let (snapshot, heap) = (graph.snapshot(), graph.data().heap());
    // Who dominates whom is found by one thread for the most part, and so are types counted; others have the rest meanwhile.
    let (waste, dominance) = rayon::join(
        || waste::answer_of(snapshot, (page, WASTED, false), &Aside(watch)),
        || graph.data().dominance(watch),
    );
    let (waste, dominance) = (waste?, dominance?);
    let births = snapshot.births(watch)?;
    let (drawn, types) = rayon::join(
        || graph.frames_with_places(&dominance.tree, &births, watch),
        || heap::types(graph.data(), &dominance),
    );
    let (frames, places) = drawn?;
    let index = BirthIndex::new(graph.data(), &dominance.tree, &births);
    let options = SuspectsOptions { limit: Some(SUSPECTS), ..SuspectsOptions::usual() };
    let groups = read_groups(snapshot.model, watch)?;
    let before = base.as_ref().map(Base::frames);
    let leaks = leaked(graph, watch)?;
    let tree = &dominance.tree;
    let beside = Beside { tree, births: &births, index: &index, goroutines: Some((&groups, &leaks)), before };
    let suspects = suspects::of_frames(input, graph, &frames, &beside, &options, watch)?;
    let at_hand = Last { graph, tree, births: &births, groups: &groups, places: &places };
    let recent = recent::of_report(page, &at_hand, &frames, RECENT, watch)?;
    let grown = base.map(|base| base.sections(input, &at_hand, frames.clone(), watch)).transpose()?;
    let goroutines = goroutines::Facts::read(graph, &dominance, &groups, &leaks);
    let memory = ProcessMemory::take(snapshot);
    let (process, told) = (memory::answer(&memory, page, ROWS), memory::tell(&memory, page));
    let born = births::answer_of_all(heap, &births, &index, page, SITES);
    let verdict =
        verdict::sentences(page, (snapshot, births.rate()), &told, &suspects.found, (&goroutines, waste.most));
    let overview = overview::of_heap(snapshot, None, None);
    let mut parts_of_memory = process.sections;
    let mut details = parts_of_memory.split_off(1.min(parts_of_memory.len()));
    details.iter_mut().take(1).for_each(|counters| counters.text = vec![format!("{}.", counters.title)]);
    let sections = [
        said(titled(parts_of_memory, "Where the memory is"), told.of_parts()),
        overview.heap.iter().map(heap_section).collect(),
        titled(suspects.answer.sections, "Suspects"),
        parts(recent),
        vec![goroutines.section()],
        said(titled(waste.answer.sections, "Waste"), waste.answer.text),
        vec![
            trees::dominator_rows(page, heap, &frames, (&births, &index)),
            trees::who_holds(snapshot),
            trees::who_retains(&frames),
        ],
        vec![types],
        titled(details, "Memory in detail"),
        said(titled(born.sections, "Allocated where"), born.text),
        parts(unsure_sections(&overview)),
    ];
    let mut report = Answer {
        name: "report".to_owned(),
        title: format!("{}: why its memory is so large", snapshot.model.process.program_name()),
        text: verdict.text,
        about: verdict.about,
        sections: sections.into_iter().flatten().collect(),
        next: suspects.answer.next,
        opening: suspects.answer.opening,
    };
    if let Some(grown) = grown {
        grown::add(&mut report, grown, page);
    }
    Ok(report)
}

/// The first of another command's sections under a title of the report's.
fn titled(mut sections: Vec<Section>, title: &str) -> Vec<Section> {
    sections.iter_mut().take(1).for_each(|section| section.title = title.to_owned());
    parts(sections)
}

/// The same sections, those after the first as parts of it.
fn parts(mut sections: Vec<Section>) -> Vec<Section> {
    sections.iter_mut().skip(1).for_each(|section| section.is_part = true);
    sections
}

/// The same with the command's sentences.
fn said(mut sections: Vec<Section>, text: Vec<String>) -> Vec<Section> {
    sections.iter_mut().take(1).for_each(|section| section.text = text.clone());
    sections
}

/// A report that was kept as JSON, where that is what was given for a core.
pub(in crate::commands) fn kept(path: &Path) -> Result<Option<Answer>, Failure> {
    let unreadable = |source| Failure::Kept { path: path.to_owned(), source };
    let Ok(file) = File::open(path) else { return Ok(None) };
    let is_regular = file.metadata().is_ok_and(|meta| meta.is_file());
    let mut bytes = Vec::new();
    let mut reader = BufReader::new(file).take(MOST_KEPT);
    let first = if is_regular { reader.by_ref().take(1).read_to_end(&mut bytes) } else { Ok(0) };
    let is_named_so = is_regular && path.extension().is_some_and(|extension| extension == "json");
    if first.is_err() || (bytes != b"{" && !is_named_so) {
        return Ok(None);
    }
    reader.read_to_end(&mut bytes).map_err(|error| unreadable(ReadError::Io(error)))?;
    Answer::read_json(&bytes).map(Some).map_err(unreadable)
}

fn write(
    output: &Output,
    format: ReportFormat,
    page: Page,
    report: &Answer,
    input: &Input,
    out: &Path,
) -> Result<(), Failure> {
    output.write(|to| match format {
        ReportFormat::Html => report.write_html(page, to),
        ReportFormat::Md => report.write_markdown(page, to),
        ReportFormat::Json => report.write_json(to),
    })?;
    if !matches!(output, Output::Stdout) {
        Speaker::new(input.quiet).note(format_args!("wrote {out:?}"));
    }
    Ok(())
}

/// By the ending of the name.
fn format_of(path: &Path) -> Result<ReportFormat, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "htm") => Ok(ReportFormat::Html),
        Some("md") => Ok(ReportFormat::Md),
        Some("json") => Ok(ReportFormat::Json),
        _ if path.as_os_str() == "-" || is_open_already(path) => Ok(ReportFormat::Md),
        _ => {
            let message = format!("cannot tell the format of {path:?}: end it in .html, .md or .json, or say --format");
            Err(usage(ErrorKind::InvalidValue, message))
        }
    }
}
