//! The overview as a screen of text: what it was, how it died, whether the heap adds up; then what to distrust.

use super::death::{self, panicking_line};
use super::{Detail, collector};
use crate::page::{Lines, Page};
use crate::table::Align::{Left, Right, Whole, Words};
use crate::table::{Table, grouped, percent};
use crate::text::{shortened, terminal_text};
use crate::waits_text;
use goheap_ask::{HeapSums, Overview, TypeSums};
use goheap_model::Example;
use goheap_model::checks::{AbsentPointers, CounterPair};
use goheap_model::process::{DEAD, LayoutFrom, OtherGoFile, StateCount, VersionFrom};
use std::io::{self, BufWriter, Write};

/// States of goroutines shown; more are summed up.
const STATES_SHOWN: usize = 5;

/// What the process was.
pub(crate) fn write_first(report: &Overview, page: Page, out: impl Write) -> io::Result<()> {
    let mut out = page.lines(BufWriter::new(out));
    facts(report).write(&mut out)?;
    if let Some(death) = &report.died {
        death::write(death, &mut out)?;
    }
    counts(report).write(&mut out)?;
    out.flush()
}

/// Whether its heap adds up, and what to distrust.
pub(crate) fn write_others(report: &Overview, detail: Detail, page: Page, out: impl Write) -> io::Result<()> {
    let is_detailed = detail == Detail::Full;
    let mut out = page.lines(BufWriter::new(out));
    if let Some(gc) = &report.gc {
        collector::write(gc, &mut out)?;
    }
    if let Some(waits) = &report.waits {
        waits_text::write_summary(waits, &mut out)?;
    }
    match &report.heap {
        Some(heap) => write_heap(heap, &mut out)?,
        None => writeln!(out, "\nheap  not in the core")?,
    }
    if detail == Detail::Brief {
        if report.invariants.iter().any(|one| one.violations > 0) {
            write_invariants(report, is_detailed, &mut out)?;
        }
        return out.flush();
    }
    if let Some(types) = &report.types {
        write_types(types, &mut out)?;
    }
    write_counters(report, &mut out)?;
    write_invariants(report, is_detailed, &mut out)?;
    write_diagnostics(report, is_detailed, &mut out)?;
    out.flush()
}

/// Characters of a command line that are shown.
const ARGUMENTS_SHOWN: usize = 1000;

fn facts(report: &Overview) -> Table {
    let mut table = Table::new(0, &[Whole, Words]);
    let program = &report.program;
    let pid = program.pid.map(|pid| format!("(pid {pid})"));
    fact(&mut table, "program", join([program.name.clone(), pid], " "));
    let arguments = program.arguments.as_ref().map(|arguments| shortened(arguments, ARGUMENTS_SHOWN).into_owned());
    fact(&mut table, "arguments", arguments);
    fact(&mut table, "executable", program.executable.clone());
    fact(&mut table, "debug file", program.debug_file.clone());
    fact(&mut table, "loaded by", program.host.clone());
    fact(&mut table, "go", go(report));
    for (index, file) in report.other_go_files.iter().enumerate() {
        fact(&mut table, if index == 0 { "other go" } else { "" }, Some(other_go(file)));
    }
    fact(&mut table, "died", report.died.as_ref().and_then(death::line));
    table
}

fn counts(report: &Overview) -> Table {
    let mut table = Table::new(0, &[Whole, Words]);
    let threads = report.threads.map(grouped);
    let procs = report.gomaxprocs.map(|procs| format!("GOMAXPROCS {procs}"));
    fact(&mut table, "threads", join([threads, procs], ", "));
    for (index, one) in report.goroutines.panicking.iter().enumerate() {
        fact(&mut table, if index == 0 { "panicking" } else { "" }, Some(panicking_line(one)));
    }
    fact(&mut table, "goroutines", goroutines(report));
    table
}

fn other_go(file: &OtherGoFile) -> String {
    let name = file.path.clone().unwrap_or_else(|| "a file that the core does not name".to_owned());
    let id = file.build_id.as_ref().filter(|_| !file.found).map(|id| format!("build id {id}"));
    let what = match (file.plugin, file.found) {
        (true, _) => "a plugin: its part of the heap is in what follows",
        (false, true) => "a heap of its own, read with --module",
        (false, false) => "a heap of its own; the file was not found",
    };
    join([Some(name), file.version.clone(), Some(what.to_owned()), id], ", ").unwrap_or_default()
}

fn fact(table: &mut Table, name: &str, text: Option<String>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        // As wide as the widest name, so that both tables have one column.
        table.row([format!("{name:<10}"), text]);
    }
}

fn go(report: &Overview) -> Option<String> {
    let go = &report.go;
    let experiments = go.experiments.join(",");
    let experiments = (!experiments.is_empty()).then(|| format!("GOEXPERIMENT={experiments}"));
    let layout = go.layout.map(|layout| match layout {
        LayoutFrom::Dwarf => "layout from its DWARF".to_owned(),
        LayoutFrom::Table => "layout from the built-in table".to_owned(),
    });
    let newer = "newer than any release goheap was tested with".to_owned();
    let newer = go.newer_than_known.then_some(newer);
    let build = join([go.version.clone(), go.arch.clone()], " ");
    let source = go.version_source.and_then(|source| match source {
        VersionFrom::BuildInfo => None,
        VersionFrom::Variable => Some("release from runtime.buildVersion".to_owned()),
        VersionFrom::DebugInfo => Some("release from its DWARF".to_owned()),
        VersionFrom::Given => Some("release as given with --go".to_owned()),
    });
    join([build, experiments, source, layout, newer], ", ")
}

/// `810 with 5 of the runtime's own: 800 IO wait, 9 select, 1 running`.
fn goroutines(report: &Overview) -> Option<String> {
    let total = report.goroutines.total.map(grouped)?;
    let is_counted = |state: &&StateCount| state.state != DEAD;
    let states: Vec<_> = report.goroutines.by_state.iter().filter(is_counted).collect();
    let shown = if states.len() > STATES_SHOWN + 1 { STATES_SHOWN } else { states.len() };
    let (shown, rest) = states.split_at(shown);
    let mut each: Vec<String> = shown.iter().map(|state| format!("{} {}", grouped(state.count), state.state)).collect();
    if !rest.is_empty() {
        let sum = rest.iter().fold(0u64, |sum, state| sum.saturating_add(state.count));
        each.push(format!("{} in {} other states", grouped(sum), rest.len()));
    }
    if let Some(dead) = report.goroutines.by_state.iter().find(|state| state.state == DEAD) {
        each.push(format!("{} {DEAD}", grouped(dead.count)));
    }
    let total = match report.goroutines.system {
        None | Some(0) => total,
        Some(system) => format!("{total} with {} of the runtime's own", grouped(system)),
    };
    join([Some(total), Some(each.join(", ")).filter(|each| !each.is_empty())], ": ")
}

fn write_heap(heap: &HeapSums, out: &mut Lines<impl Write>) -> io::Result<()> {
    let page = out.page();
    let mut table = Table::new(0, &[Left, Right, Right, Right]).spare(&[2, 3]);
    table.row(["heap", "bytes", "objects", "of allocated"]);
    let mut sum = |name: &str, bytes: u64, objects: u64| {
        let (objects, part) = (grouped(objects), percent(bytes, heap.allocated));
        table.row([name, &page.bytes(bytes), &objects, &part]);
    };
    let objects = &heap.objects;
    sum("  allocated", heap.allocated, objects.allocated);
    sum("  reachable", heap.reachable, objects.reachable);
    for class in &heap.reachable_by_root_class {
        sum(&format!("    {}", class.class), class.bytes, class.objects);
    }
    if heap.not_known_to_be_reachable > 0 || objects.not_known_to_be_reachable > 0 {
        let (bytes, objects) = (heap.not_known_to_be_reachable, objects.not_known_to_be_reachable);
        sum("  not known to be reachable", bytes, objects);
    }
    sum("  unreachable", heap.unreachable, objects.unreachable);
    writeln!(out)?;
    table.write(out)?;
    if let Some(spans) = spans(heap, page) {
        writeln!(out, "  {spans}")?;
    }
    if !heap.reconciles() {
        writeln!(out, "  NOT RECONCILED: reachable and unreachable together are not what is allocated")?;
    }
    heap.absent_pointers.as_ref().map_or(Ok(()), |absent| write_absent(absent, out))
}

/// How the spans are cut up, in words.
fn spans(heap: &HeapSums, page: Page) -> Option<String> {
    let part = |bytes: Option<u64>, what: &str| bytes.map(|bytes| format!("{} {what}", page.bytes(bytes)));
    let parts = join([part(heap.free, "in free slots"), part(heap.tail_waste, "behind the last slot")], ", ");
    let of_spans = join([part(heap.spans_in_use, "of spans in use"), parts], ": ");
    let rounding = part(heap.size_class_rounding, "of what is allocated is rounding to size classes");
    join([of_spans, rounding], "; ")
}

/// Who holds the pointers that the core lacks, and so may hold what is not known to be reachable.
fn write_absent(absent: &AbsentPointers, out: &mut Lines<impl Write>) -> io::Result<()> {
    let words = grouped(absent.words);
    writeln!(
        out,
        "\nabsent  {words} pointers that the core lacks: what only they lead to is not known to be reachable"
    )?;
    let mut table = Table::new(2, &[Right, Words]);
    for class in &absent.by_root_class {
        if class.root_words > 0 {
            table.row([grouped(class.root_words), format!("in {} themselves", class.class)]);
        }
        if class.objects > 0 {
            let objects = grouped(class.objects);
            table.row([grouped(class.object_words), format!("in {objects} objects that {} lead to", class.class)]);
        }
    }
    for (count, what) in [(absent.spans, "spans"), (absent.goroutines, "goroutines"), (absent.modules, "modules")] {
        if count > 0 {
            table.row([grouped(count), format!("{what} are not described, and all their pointers lacking")]);
        }
    }
    table.write(out)?;
    write_examples("  most", &absent.most, out)
}

/// A line for each example, the first after a word.
fn write_examples(word: &str, examples: &[Example], out: &mut Lines<impl Write>) -> io::Result<()> {
    let space = " ".repeat(word.chars().count());
    for (index, example) in examples.iter().enumerate() {
        let word = if index == 0 { word } else { &space };
        writeln!(out, "{word}  {}", terminal_text(&example.to_string()))?;
    }
    Ok(())
}

fn write_types(types: &TypeSums, out: &mut Lines<impl Write>) -> io::Result<()> {
    let sums = &types.reachable_by_evidence;
    let whole = sums.iter().fold(0u64, |sum, one| sum.saturating_add(one.bytes));
    let page = out.page();
    let mut table = Table::new(0, &[Left, Right, Right, Words]);
    table.row(["types", "bytes", "of reachable", ""]);
    for one in sums {
        let name = format!("  {}", one.evidence);
        let (bytes, part) = (page.bytes(one.bytes), percent(one.bytes, whole));
        table.row([name.as_str(), &bytes, &part, meaning(&one.evidence)]);
    }
    writeln!(out)?;
    table.write(out)?;
    let [candidates, refused, conflicts] = [types.candidates, types.refused, types.conflicts].map(grouped);
    writeln!(out, "  {candidates} objects told by shape, {refused} refuse a pointer's type, {conflicts} fit two types")
}

/// What a kind of evidence says.
fn meaning(evidence: &str) -> &'static str {
    match evidence {
        "exact" => "recorded by Go or declared",
        "derived" => "followed from a typed pointer",
        "candidate" => "told by shape, shown with ?",
        "none" => "not known",
        _ => "",
    }
}

fn write_counters(report: &Overview, out: &mut Lines<impl Write>) -> io::Result<()> {
    let gc = report.gc.as_ref();
    let is_told_above = |counter: &&CounterPair| match &*counter.name {
        "gcController.heapMarked" => gc.is_some_and(|gc| gc.marked.is_some()),
        "memstats.numgc" => gc.is_some_and(|gc| gc.cycles.is_some()),
        "gcphase" => gc.is_some() && counter.runtime == 0,
        _ => false,
    };
    let counters: Vec<&CounterPair> =
        report.runtime_counters.iter().filter(|counter| !is_told_above(counter)).collect();
    if counters.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(0, &[Left, Right, Right, Right, Words]).spare(&[2]);
    table.row(["runtime counters", "runtime", "ours", "ours - runtime", ""]);
    for counter in counters {
        let ours = counter.ours.map_or(String::new(), grouped);
        let apart = counter.ours.map_or(String::new(), |ours| difference(ours, counter.runtime));
        // Why they may differ matters where they do.
        let note = counter.note.clone().filter(|_| counter.ours != Some(counter.runtime)).unwrap_or_default();
        let name = format!("  {}", counter.name);
        table.row([name, grouped(counter.runtime), ours, apart, note]);
    }
    writeln!(out)?;
    table.write(out)
}

fn write_invariants(report: &Overview, is_detailed: bool, out: &mut Lines<impl Write>) -> io::Result<()> {
    let invariants = &report.invariants;
    if invariants.is_empty() {
        return Ok(());
    }
    let checked = invariants.iter().fold(0u64, |sum, one| sum.saturating_add(one.checked));
    let broken = invariants.iter().filter(|one| one.violations > 0).count();
    let (all, checked) = (invariants.len(), grouped(checked));
    let verdict = match broken {
        0 => format!("all {all} hold ({checked} checks)"),
        some => format!("{some} of {all} BROKEN ({checked} checks)"),
    };
    writeln!(out, "\ninvariants  {verdict}")?;
    if is_detailed {
        for one in invariants {
            let count = format!("{} of {}", grouped(one.violations), grouped(one.checked));
            writeln!(out, "  {count} broken: {}", one.name)?;
            write_examples("    e.g.", &one.examples, out)?;
        }
        return Ok(());
    }
    let mut table = Table::new(2, &[Right, Words, Words]);
    for one in invariants.iter().filter(|one| one.violations > 0) {
        let count = format!("{} of {}", grouped(one.violations), grouped(one.checked));
        let example = one.examples.first().map(Example::to_string).or_else(|| one.example.clone());
        table.row([count, one.name.clone(), example.map(|example| format!("e.g. {example}")).unwrap_or_default()]);
    }
    table.write(out)?;
    if broken > 0 { writeln!(out, "  overview --invariants names more of them") } else { Ok(()) }
}

fn write_diagnostics(report: &Overview, is_detailed: bool, out: &mut Lines<impl Write>) -> io::Result<()> {
    if report.diagnostics.is_empty() {
        return writeln!(out, "\ndiagnostics  none: nothing was absent, unreadable or guessed");
    }
    writeln!(out, "\ndiagnostics")?;
    let mut table = Table::new(2, &[Right, Words]);
    for diagnostic in &report.diagnostics {
        let text = format!("{} [{}]", diagnostic.text, diagnostic.code);
        table.row([grouped(diagnostic.count), text]);
        if is_detailed {
            diagnostic.examples.iter().for_each(|example| _ = table.row([String::new(), format!("  e.g. {example}")]));
        }
    }
    table.write(out)
}

/// `+1,234` or `-5`.
fn difference(ours: u64, runtime: u64) -> String {
    let sign = match ours.cmp(&runtime) {
        std::cmp::Ordering::Less => "-",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => "+",
    };
    format!("{sign}{}", grouped(ours.abs_diff(runtime)))
}

/// The parts that are there; None where none is.
pub(crate) fn join<const N: usize>(parts: [Option<String>; N], between: &str) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(between))
}
