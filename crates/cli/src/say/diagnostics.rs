//! What was absent, unreadable or guessed, gathered from every layer under stable codes.

use crate::commands::caption::missing;
use crate::say::examples;
use crate::say::speaker;
use goheap_heap::{AbsentHolder, Evidence, HeapSnapshot, RootClass, Sample, Totals, invariants};
use goheap_image::Address;
use goheap_report::example::Example;
use goheap_report::overview::DiagnosticCount;
use goheap_report::table::{grouped, human_bytes, percent};
use goheap_runtime::{RuntimeModel, VersionSource};

/// How many examples there are of each.
const SHOWN: usize = 5;

/// Everything that was odd, and how much has no type.
pub(crate) fn all(snapshot: &HeapSnapshot<'_, '_>) -> Vec<DiagnosticCount> {
    let mut list = serious(snapshot);
    types(&snapshot.totals, &mut list);
    for one in &mut list.0 {
        one.examples = examples_of(&one.code, snapshot);
    }
    list.0
}

/// The first of what a diagnostic counts, or those that have most of it.
fn examples_of(code: &str, snapshot: &HeapSnapshot<'_, '_>) -> Vec<Example> {
    let (model, samples) = (snapshot.model, &snapshot.samples);
    let holders = |wanted: fn(&AbsentHolder) -> bool| {
        examples::holders(snapshot, snapshot.absent.most.iter().filter(|one| wanted(&one.holder)))
    };
    let of = |samples: &[Sample]| examples::examples(snapshot, samples);
    let record =
        |at: Option<Address>, what| of(&at.map(|at| Sample::Record(at.0, what)).into_iter().collect::<Vec<_>>());
    let records = |list: &[Address], what| of(&list.iter().map(|at| Sample::Record(at.0, what)).collect::<Vec<_>>());
    let firsts = &model.process.diagnostics.firsts;
    match code {
        "core-truncated" => records(&firsts.truncated, "segment"),
        "segments-unsorted" => records(&firsts.unsorted, "segment"),
        "segments-wrapped" => records(&firsts.wrapped, "segment"),
        "segments-oversized" => records(&firsts.oversized, "segment"),
        "notes-damaged" => firsts.damaged_notes.iter().map(|at| named(format!("at byte {at} of the core"))).collect(),
        "notes-unknown" => {
            let note = |(kind, len): &(u32, u64)| named(format!("type {kind:#x}, {len} bytes"));
            firsts.unknown_notes.iter().map(note).collect()
        }
        "code-patched" => records(&firsts.patched, "page of code"),
        "goroutines-broken" => records(&model.diagnostics.first_broken_goroutines, "runtime.g"),
        "functions-absent" => {
            let lacking = model.modules.iter().filter(|module| module.functions.is_empty()).take(SHOWN);
            of(&lacking.map(|module| Sample::Record(module.text.start, "code")).collect::<Vec<_>>())
        }
        "masks-unbuilt" => of(&unbuilt_masks(model)),
        "segments-overlap" => record(model.process.diagnostics.first_overlap, "segment"),
        "modules-broken" => record(model.diagnostics.broken_module, "moduledata"),
        "files-unavailable" => {
            let files = model.process.diagnostics.unavailable_files.iter().take(SHOWN);
            files.map(|file| named(file.display().to_string())).collect()
        }
        "spans-broken" => of(&invariants::spans_broken(model)),
        "headers-bad" => of(&invariants::bad_headers(snapshot)),
        "roots-absent" => holders(|holder| matches!(holder, AbsentHolder::Variable(..))),
        "stacks-absent" => holders(|holder| matches!(holder, AbsentHolder::Goroutine(_))),
        "pointers-absent" => holders(|holder| matches!(holder, AbsentHolder::Object(_))),
        "stacks-broken" => of(&samples.broken_stacks),
        "frames-untyped" => of(&samples.untyped_frames),
        "pointers-to-free" => of(&invariants::to_free(snapshot)),
        "pointers-stray" => of(&invariants::stray(snapshot)),
        "pointers-unexplained" => of(&samples.unexplained),
        "types-in-conflict" => of(&samples.conflicts),
        "bytes-untyped" => of(&samples.untyped),
        "bytes-guessed" => of(&samples.guessed),
        _ => Vec::new(),
    }
}

fn named(what: String) -> Example {
    Example { what, ..Example::default() }
}

/// Sections of variables whose pointer masks could not be built.
fn unbuilt_masks(model: &RuntimeModel<'_>) -> Vec<Sample> {
    let sections = model.modules.iter().flat_map(|module| {
        [(&module.data, module.data_mask.is_none(), "data"), (&module.bss, module.bss_mask.is_none(), "bss")]
    });
    let unbuilt = sections.filter(|(_, is_unbuilt, _)| *is_unbuilt).take(SHOWN);
    unbuilt.map(|(range, _, name)| Sample::Record(range.start, name)).collect()
}

/// What may make a sum wrong; nothing for a whole core of a quiescent process with its own executable.
fn serious(snapshot: &HeapSnapshot<'_, '_>) -> List {
    let mut list = List(Vec::new());
    image(snapshot.model, &mut list);
    runtime(snapshot.model, &mut list);
    heap(snapshot, &mut list);
    list
}

/// What may make a sum wrong, as lines, and what a truncated core means for the picture.
pub(crate) fn warnings(snapshot: &HeapSnapshot<'_, '_>, is_quiet: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if missing(snapshot.model.process).is_some() {
        lines.push("the core is TRUNCATED".to_owned());
    }
    let not_known = snapshot.totals.not_known;
    if not_known.objects > 0 {
        lines.push(format!(
            "{} in {} objects are not known to be reachable: pointers are absent from the core that may lead there",
            human_bytes(not_known.bytes),
            grouped(not_known.objects)
        ));
    }
    let told = serious(snapshot).0.into_iter().filter(|one| !is_quiet || one.code != NO_DWARF);
    lines.extend(told.map(|one| match one.count {
        // Said once, it is a fact and no number.
        1 => one.text,
        count => format!("{} {}", grouped(count), one.text),
    }));
    lines
}

/// Says them. That names are missing makes no sum wrong: those who want quiet are not told.
pub(crate) fn warn(snapshot: &HeapSnapshot<'_, '_>, is_quiet: bool) {
    warnings(snapshot, is_quiet).into_iter().for_each(speaker::warning);
}

/// The code of what concerns names alone.
const NO_DWARF: &str = "dwarf-absent";

struct List(Vec<DiagnosticCount>);

impl List {
    fn add(&mut self, code: &str, count: impl Into<u64>, text: &str) {
        let count = count.into();
        if count > 0 {
            self.0.push(DiagnosticCount { code: code.to_owned(), count, text: text.to_owned(), examples: Vec::new() });
        }
    }
}

fn image(model: &RuntimeModel<'_>, list: &mut List) {
    let found = &model.process.diagnostics;
    let segments = found.truncated_segments;
    list.add(
        "core-truncated",
        found.missing_bytes,
        &format!("bytes missing in {segments} segments: the core is truncated"),
    );
    list.add("core-headers-cut", found.missing_program_headers, "program headers are missing: the core is truncated");
    list.add("core-end-cut", found.inferred_segment_count, "the core's end is missing, and with it the segment count");
    if let Some(reason) = &found.core_unpacking {
        list.add("core-unpacking", true, &format!("the core could not be unpacked to its end: {reason}"));
    }
    if let Some(reason) = &found.executable_unpacking {
        list.add("executable-unpacking", true, &format!("the executable could not be unpacked to its end: {reason}"));
    }
    list.add("segments-unsorted", found.unsorted_segments, "segments of the core are out of order");
    list.add("segments-overlap", found.overlapping_segments, "segments overlap earlier ones, which count");
    list.add("segments-wrapped", found.wrapped_segments, "segments pass the end of the address space; left out");
    list.add("segments-oversized", found.oversized_segments, "segments have more bytes in the file than in memory");
    list.add("notes-damaged", found.damaged_notes, "note segments are damaged; read up to the damage");
    list.add("notes-unknown", found.unknown_notes, "notes of the core have an unknown layout; left out");
    list.add(
        "executable-unconfirmed",
        found.executable_unconfirmed,
        "nothing in the core confirms that the executable is the one that ran",
    );
    list.add(
        "load-bias-unknown",
        found.load_bias_unknown,
        "nothing in the core tells where the executable was loaded; 0 is taken",
    );
    list.add("code-patched", found.patched_code_pages, "pages of code differ from the executable (breakpoints?)");
    if let Some(first) = found.unavailable_files.first() {
        let text = format!("mapped files were not found as they were, such as {first:?}; their memory is absent");
        list.add("files-unavailable", found.unavailable_files.len() as u64, &text);
    }
    list.add("core-changed", model.process.core.changed_since_open(), "the core was written to while it was read");
}

fn runtime(model: &RuntimeModel<'_>, list: &mut List) {
    let found = &model.diagnostics;
    let newer = format!("{} is newer than goheap; the layout of its runtime is read from DWARF", model.version);
    list.add("go-newer-than-known", found.is_newer_than_known, &newer);
    if let Some(reason) = &found.unusable_dwarf {
        list.add("dwarf-unusable", true, &format!("the executable's DWARF cannot be used: {reason}"));
    } else {
        let text = "no DWARF: variables and fields are named by symbol or place; an unstripped executable has names";
        list.add(NO_DWARF, model.dwarf.is_none(), text);
    }
    if let Some(found) = &found.overruled_version {
        let text = format!("the program says that it is of {found}; what --go says was taken");
        list.add("go-version-overruled", true, &text);
    }
    let text = "the release is that of the compiler in DWARF, which tells no GOEXPERIMENTs; --go can";
    list.add("go-experiments-unknown", model.version_source == VersionSource::DebugInfo, text);
    list.add("dwarf-entries-broken", found.broken_dwarf_entries, "entries of DWARF are broken; passed over");
    list.add(
        "spans-broken",
        found.broken_spans,
        "spans are unreadable or overlap; the objects in them are not counted",
    );
    list.add("goroutines-not-found", found.no_goroutines, "runtime.allgs was not found: no stack is a root");
    list.add("goroutines-broken", found.broken_goroutines, "goroutines are unreadable");
    list.add(
        "processors-not-found",
        found.no_processors,
        "runtime.allp was not found: tiny blocks in use are no roots",
    );
    list.add("headers-bad", found.bad_headers, "allocation headers name no type: each word of theirs may be a pointer");
    let text = "modules are unreadable, and with them those behind them: their variables are no roots";
    list.add("modules-broken", found.broken_module.is_some(), text);
    let lacking = model.modules.iter().filter(|module| module.functions.is_empty()).count() as u64;
    list.add("functions-absent", lacking, "modules lack their table of functions: their frames cannot be read");
}

fn heap(snapshot: &HeapSnapshot<'_, '_>, list: &mut List) {
    let (totals, absent) = (&snapshot.totals, &snapshot.absent);
    let (roots, pointers) = (&totals.roots, &totals.pointers);
    list.add("roots-absent", roots.absent_words, "words of package variables are absent from the core");
    let text = "sections of variables lack their pointer masks: each word that looks like a pointer counts as one";
    list.add("masks-unbuilt", roots.unbuilt_masks, text);
    let of_class = |class: RootClass| absent.by_class[class as usize].root_words;
    let text = "words of goroutine stacks are absent from the core";
    list.add("stacks-absent", of_class(RootClass::Goroutines), text);
    let text = "words of finalizers and other records of the runtime are absent from the core";
    list.add("records-absent", of_class(RootClass::Other), text);
    list.add("stacks-broken", roots.broken_stacks, "stacks could not be walked to their top");
    list.add("frames-untyped", roots.untyped_frames, "stack frames lack their stack map");
    list.add("pointers-absent", pointers.absent, "pointers of reached objects are absent from the core");
    let free = pointers.to_free_slots.saturating_add(pointers.roots_to_free_slots);
    list.add("pointers-to-free", free, "pointers lead to free slots");
    let stray = pointers.to_span_tails.saturating_add(pointers.to_free_pages);
    list.add("pointers-stray", stray, "pointers lead to free pages or between objects");
}

/// How well the types are known: nothing that makes a sum wrong.
fn types(totals: &Totals, list: &mut List) {
    let unexplained = totals.pointers.unexplained;
    list.add("pointers-unexplained", unexplained, "pointers are not explained by the type of their object");
    list.add("types-in-conflict", totals.inference.conflicts, "objects have two types of equal evidence");
    let part = |bytes| percent(bytes, totals.reachable().bytes);
    let [untyped, guessed] = [Evidence::None, Evidence::Candidate].map(|kind| totals.by_evidence[kind as usize]);
    list.add("bytes-untyped", untyped, &format!("reachable bytes of no known type ({})", part(untyped)));
    let text = format!("reachable bytes whose type is told by shape alone ({})", part(guessed));
    list.add("bytes-guessed", guessed, &text);
}
