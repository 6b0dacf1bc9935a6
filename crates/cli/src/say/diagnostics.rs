//! What was absent, unreadable or guessed: as rows with examples, and as warnings.

use crate::say::examples;
use crate::say::speaker;
use goheap_heap::{AbsentHolder, HeapSnapshot, Sample, invariants};
use goheap_image::Address;
use goheap_model::{Diagnostic, Totals};
use goheap_report::example::Example;
use goheap_report::overview::DiagnosticCount;
use goheap_report::table::{grouped, human_bytes, percent};
use goheap_runtime::RuntimeModel;

/// How many examples there are of each.
const SHOWN: usize = 5;

/// Everything that was odd, and how much has no type.
pub(crate) fn all(snapshot: &HeapSnapshot<'_, '_>) -> Vec<DiagnosticCount> {
    let count = |one: Diagnostic| DiagnosticCount {
        code: one.code.to_owned(),
        count: one.count,
        text: match one.of {
            Some(whole) => format!("{} ({})", one.text, percent(one.count, whole)),
            None => one.text,
        },
        examples: examples_of(one.code, snapshot),
    };
    snapshot.diagnostics().into_iter().map(count).collect()
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

/// What may make a sum wrong, as lines, and what a truncated core means for the picture. That names are missing makes no sum wrong: those who
/// want quiet are not told.
fn warnings(totals: &Totals, found: &[Diagnostic], is_quiet: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if found.iter().any(|one| TRUNCATED.contains(&one.code)) {
        lines.push("the core is TRUNCATED".to_owned());
    }
    let not_known = totals.not_known;
    if not_known.objects > 0 {
        lines.push(format!(
            "{} in {} objects are not known to be reachable: pointers are absent from the core that may lead there",
            human_bytes(not_known.bytes),
            grouped(not_known.objects)
        ));
    }
    let told = found.iter().filter(|one| one.is_serious && (!is_quiet || one.code != NO_DWARF));
    lines.extend(told.map(|one| match one.count {
        // Said once, it is a fact and no number.
        1 => one.text.clone(),
        count => format!("{} {}", grouped(count), one.text),
    }));
    lines
}

/// Says them, of a heap with its core.
pub(crate) fn warn(snapshot: &HeapSnapshot<'_, '_>, is_quiet: bool) {
    say(&snapshot.totals, &snapshot.diagnostics(), is_quiet);
}

/// Says them.
pub(crate) fn say(totals: &Totals, found: &[Diagnostic], is_quiet: bool) {
    warnings(totals, found, is_quiet).into_iter().for_each(speaker::warning);
}

/// The code of what concerns names alone.
const NO_DWARF: &str = "dwarf-absent";
/// Those of a core that ends too early.
const TRUNCATED: [&str; 4] = ["core-truncated", "core-headers-cut", "core-end-cut", "core-unpacking"];
