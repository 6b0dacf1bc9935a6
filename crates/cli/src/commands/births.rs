//! `goheap CORE births [WHAT]`: where what is there was allocated, and who holds it now.

use crate::args::{BirthsOptions, Input};
use crate::commands::answer;
use crate::commands::birth_calls::NO_STACK;
use crate::commands::selected::select;
use crate::commands::short_names::ShortNames;
use crate::open::{with_model, with_references};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker;
use crate::say::terminal::page;
use goheap_ask::{BirthHolder, BirthIndex, BirthSite, BirthSites, HeldOfSite, SiteGrouping};
use goheap_heap::references::ReferenceOptions;
use goheap_heap::{SnapshotOptions, memory_profile};
use goheap_model::{BirthCall, BirthCount, BirthRecord, Births, Heap};
use goheap_report::answer::{Answer, Cell, Column, Kind, Row, Section};
use goheap_report::heap_profile::{self, Call, Record};
use goheap_report::page::Page;
use goheap_report::table::grouped;

/// Sites of a table.
const USUAL_SITES: usize = 20;
/// Who holds what of a site, in a table.
const USUAL_HOLDERS: usize = 5;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &BirthsOptions) -> Result<(), Failure> {
    if options.profile {
        return profile(input);
    }
    let what = options.what();
    let references = ReferenceOptions { words: what.is_some(), ..ReferenceOptions::default() };
    with_references(input, SnapshotOptions::default(), references, |graph, watch| {
        let births = graph.snapshot().births(watch)?;
        let meant = what.as_ref().map(|what| select(graph, &graph.fields(), what)).transpose()?;
        let tree = graph.data().dominators(watch)?;
        let index = BirthIndex::new(graph.data(), &tree, &births);
        let grouping = if options.stacks { SiteGrouping::Stack } else { SiteGrouping::Line };
        let found = match &meant {
            Some(meant) => index.below_all(&meant.objects, grouping),
            None => index.all(grouping, |_| true),
        };
        let telling = Telling { heap: graph.data().heap(), births: &births, index: &index, options, page: page(input) };
        let mut answer = telling.answer(&found);
        if meant.is_none() {
            let allocated = graph.snapshot().totals.allocated;
            let (objects, bytes) = (grouped(allocated.objects), page(input).bytes(allocated.bytes));
            answer.text.push(format!("The heap has {objects} objects of {bytes}."));
        }
        if let (Some(what), Some(meant)) = (&what, &meant) {
            let objects = meant.objects.len() as u64;
            answer.title =
                format!("Of what {} retains ({} {})", what.text, grouped(objects), plural(objects, "object"));
        }
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        answer::print(input, options.written.form(), &answer)
    })
}

/// The sites of all that is there, as a screen has them.
pub(crate) fn answer_of_all(heap: &Heap, births: &Births, index: &BirthIndex<'_>, page: Page, most: usize) -> Answer {
    let options = BirthsOptions::first(most);
    let found = index.all(SiteGrouping::Line, |_| true);
    Telling { heap, births, index, options: &options, page }.answer(&found)
}

/// The profile as the program would have written it.
fn profile(input: &Input) -> Result<(), Failure> {
    with_model(input, |model, watch| {
        let births = memory_profile(model, watch)?;
        watch.report();
        if !input.quiet {
            missing(&births).into_iter().for_each(speaker::warning);
        }
        let records = births.records().iter().map(|record| record_of(&births, record)).collect();
        to_stdout(|out| heap_profile::write(births.rate().unwrap_or(0), records, out))
    })
}

fn record_of<'b>(births: &'b Births, record: &BirthRecord) -> Record<'b> {
    let shown = births.shown_numbers(record.stack).iter().filter_map(|&number| births.call(number));
    let call = |call: &'b BirthCall| Call {
        pc: if call.pc > call.entry { call.pc - 1 } else { call.pc },
        entry: call.entry,
        function: &call.function,
        file: &call.file,
        line: call.line,
    };
    Record {
        objects: record.in_use(),
        bytes: record.in_use_bytes(),
        allocs: record.allocs,
        alloc_bytes: record.alloc_bytes,
        pcs: births.calls(record.stack).map(|call| call.pc).filter(|&pc| pc != 0).collect(),
        calls: shown.filter(|call| call.pc != 0).map(call).collect(),
    }
}

/// What is not known of a profile.
fn missing(births: &Births) -> Vec<String> {
    let known = births.known();
    let mut missing = Vec::new();
    if births.rate().is_none() {
        missing.push(
            "runtime.MemProfileRate was not found, so nothing is scaled: the numbers are those of the samples alone"
                .to_owned(),
        );
    }
    let is_empty = births.records().is_empty() && births.rate() == Some(0);
    if !known.all_records && !is_empty {
        missing.push(
            "the profile's list of stacks was not found: those of which no sampled object is left may be missing"
                .to_owned(),
        );
    }
    if known.absent > 0 {
        missing.push(format!(
            "{} of the profile's records are absent or broken, and others may be missing behind them",
            grouped(known.absent)
        ));
    }
    missing
}

struct Telling<'a> {
    heap: &'a Heap,
    births: &'a Births,
    index: &'a BirthIndex<'a>,
    options: &'a BirthsOptions,
    page: Page,
}

impl Telling<'_> {
    fn answer(&self, found: &BirthSites) -> Answer {
        let is_table = self.options.written.is_table();
        let most = self.options.limit.unwrap_or(if is_table { USUAL_SITES } else { usize::MAX });
        let wanted: Vec<&BirthSite> = found.sites.iter().filter(|site| self.is_wanted(site)).collect();
        let mut section = Section::new("sites", columns(found.total.bytes));
        for site in wanted.iter().take(most) {
            self.add(&mut section, site, is_table);
        }
        section.left_out = wanted.len().saturating_sub(most) as u64;
        Answer { name: "births".into(), text: self.text(found.total), sections: vec![section], ..Answer::default() }
    }

    /// What was sampled, and what that stands for.
    fn text(&self, total: BirthCount) -> Vec<String> {
        let mut text = Vec::new();
        let BirthCount { samples, objects, bytes, .. } = total;
        match self.births.rate() {
            Some(0) => {
                text.push(
                    "runtime.MemProfileRate is 0: no samples are taken. So it is where nothing in the program uses the profile (no import \
                     of runtime/pprof or net/http/pprof), or where the program or GODEBUG=memprofilerate set it."
                        .to_owned(),
                );
                if samples > 0 {
                    let are = if samples == 1 { "is" } else { "are" };
                    let objects = plural(samples, "object");
                    text.push(format!(
                        "{} {objects} sampled before that {are} there. Nothing is scaled.",
                        grouped(samples)
                    ));
                }
            }
            rate => {
                let every =
                    rate.map_or_else(String::new, |rate| format!("One sample each {}. ", self.page.bytes(rate)));
                let are = if samples == 1 { "is" } else { "are" };
                text.push(format!(
                    "{every}{} {} {are} there, which {} for {} {} of {}.",
                    grouped(samples),
                    plural(samples, "sampled object"),
                    if samples == 1 { "stands" } else { "stand" },
                    grouped(objects),
                    plural(objects, "object"),
                    self.page.bytes(bytes)
                ));
            }
        }
        let missing = missing(self.births).into_iter().map(|sentence| {
            let mut letters = sentence.chars();
            let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
            // A name of Go stays as it is.
            let first = if sentence.starts_with("runtime.") { sentence[..1].to_owned() } else { first };
            format!("{first}{}.", letters.as_str())
        });
        text.extend(missing);
        text
    }

    fn is_wanted(&self, site: &BirthSite) -> bool {
        let Some(pattern) = &self.options.site else { return true };
        site.calls.iter().filter_map(|&call| self.births.call(call)).any(|call| {
            let place = format!("{}:{}", call.file, call.line);
            [&*call.function, &place, &call.text()].iter().any(|text| pattern.is_match(text))
        })
    }

    /// A row for the site, and one below it for each who holds some of it.
    fn add(&self, section: &mut Section, site: &BirthSite, is_table: bool) {
        let calls: Vec<&BirthCall> = site.calls.iter().filter_map(|&call| self.births.call(call)).collect();
        let first = calls.first();
        let text = |call: &&BirthCall| if is_table { call.short_text() } else { call.text() };
        let name = first.map_or_else(|| NO_STACK.to_owned(), text);
        let stack: Vec<String> = calls.iter().map(text).collect();
        let told = row(section, "site", site.count, name);
        told.cells.extend([
            Cell::None,
            first.map(|call| call.function.to_string()).map_or(Cell::None, Cell::Text),
            first.map(|call| call.file.to_string()).map_or(Cell::None, Cell::Text),
            first.map(|call| u64::from(call.line)).into(),
            if self.options.stacks { Cell::Texts(stack.clone()) } else { Cell::None },
        ]);
        if self.options.stacks && is_table {
            told.notes = stack[1.min(stack.len())..].chunk_by(|one, next| one == next).map(repeated).collect();
        }
        let most = if is_table { USUAL_HOLDERS } else { usize::MAX };
        for held in site.held.iter().take(most) {
            self.add_holder(section, held, is_table);
        }
        if let Some(rest) = rest(&site.held, most) {
            row(section, "others", rest.1, format!("{} others", grouped(rest.0))).depth = 1;
        }
    }

    fn add_holder(&self, section: &mut Section, held: &HeldOfSite, is_table: bool) {
        let mut name = self.index.holder_text(held.holder);
        if is_table {
            ShortNames(self.heap).name(&mut name);
        }
        let objects = &self.heap.objects;
        let example = objects.address(objects.slot(held.example));
        let told = row(section, kind(held.holder), held.count, name);
        told.depth = 1;
        told.cells.push(example.into());
    }
}

/// The text of calls that read alike, one after the other: of a function that calls itself.
fn repeated(calls: &[String]) -> String {
    match calls {
        [one] => one.clone(),
        [first, ..] => format!("{first} (× {})", grouped(calls.len() as u64)),
        [] => String::new(),
    }
}

/// What is left of holders, how many they are and how much.
fn rest(held: &[HeldOfSite], most: usize) -> Option<(u64, BirthCount)> {
    let rest = held.get(most..).filter(|rest| !rest.is_empty())?;
    let mut sum = BirthCount::default();
    rest.iter().for_each(|held| sum.add(held.count));
    Some((rest.len() as u64, sum))
}

fn kind(holder: BirthHolder) -> &'static str {
    match holder {
        BirthHolder::Root(_) => "root",
        BirthHolder::Several => "several",
        BirthHolder::NotKnown => "not_known",
        BirthHolder::Nobody => "unreachable",
    }
}

fn columns(total: u64) -> [Column; 11] {
    [
        Column::bytes("bytes").of(total),
        Column::count("objects").spare(),
        Column::count("samples").spare(),
        Column::bytes("sampled_bytes").hidden(),
        Column::new("kind", Kind::Word).hidden(),
        Column::name("site").headed("allocated by, held by"),
        Column::new("example", Kind::Address).spare(),
        Column::name("function").hidden(),
        Column::name("file").hidden(),
        Column::count("line").hidden(),
        Column::new("stack", Kind::Texts).hidden(),
    ]
}

fn row<'s>(section: &'s mut Section, kind: &str, count: BirthCount, name: String) -> &'s mut Row {
    let BirthCount { samples, sampled_bytes, objects, bytes } = count;
    section.row([bytes.into(), objects.into(), samples.into(), sampled_bytes.into(), kind.into(), name.into()])
}

fn plural(count: u64, name: &str) -> String {
    if count == 1 { name.to_owned() } else { format!("{name}s") }
}
