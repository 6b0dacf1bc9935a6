//! How sound a heap is, held against its core: what is absent, the runtime's own counters, invariants, and examples of what is odd.

mod examples;

use crate::absent::{Absent, AbsentHolder, AbsentSum};
use crate::invariants::{self, Invariant};
use crate::samples::Sample;
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_model::checks::{AbsentClass, AbsentPointers, CheckedInvariant, CounterPair, HeapChecks};
use goheap_model::{Diagnostic, Example, RootClass, SHOWN};
use goheap_runtime::{RuntimeCounter, RuntimeModel, runtime_counters};

impl HeapSnapshot<'_, '_> {
    /// Every check that the core allows, and examples of what `found` counts: of the diagnostics of this snapshot.
    pub fn checks(&self, found: &[Diagnostic]) -> HeapChecks {
        let mut checks = HeapChecks::default();
        let examples = found.iter().map(|one| (one.code, examples_of(one.code, self)));
        checks.examples = examples.filter(|(_, examples)| !examples.is_empty()).collect();
        if self.model.diagnostics.no_heap {
            return checks;
        }
        checks.absent = self.absent.is_any().then(|| absent_pointers(self));
        checks.counters = counters(self);
        checks.invariants = invariants::check(self).into_iter().map(|one| invariant(self, one)).collect();
        checks
    }
}

fn absent_pointers(snapshot: &HeapSnapshot<'_, '_>) -> AbsentPointers {
    let absent = &snapshot.absent;
    let class = |(class, sum): (RootClass, &AbsentSum)| AbsentClass {
        class: class.name().to_owned(),
        root_words: sum.root_words,
        object_words: sum.object_words,
        objects: sum.objects,
    };
    AbsentPointers {
        words: absent.words(),
        by_root_class: RootClass::ALL.into_iter().zip(&absent.by_class).map(class).collect(),
        most: examples::holders(snapshot, absent.most.iter().take(Absent::SHOWN)),
        spans: absent.spans,
        goroutines: absent.goroutines,
        modules: absent.modules,
    }
}

fn counters(snapshot: &HeapSnapshot<'_, '_>) -> Vec<CounterPair> {
    let totals = &snapshot.totals;
    let counters = runtime_counters(snapshot.model, totals.allocated.bytes, totals.reachable().bytes);
    let counter = |counter: RuntimeCounter| CounterPair {
        name: counter.name.to_owned(),
        runtime: counter.value,
        ours: counter.ours,
        note: Some(counter.note.to_owned()).filter(|note| !note.is_empty()),
    };
    counters.into_iter().map(counter).collect()
}

fn invariant(snapshot: &HeapSnapshot<'_, '_>, one: Invariant) -> CheckedInvariant {
    let examples = examples::examples(snapshot, &one.examples);
    CheckedInvariant {
        name: one.name.to_owned(),
        checked: one.checked,
        violations: one.violations,
        example: examples.first().and_then(|example| example.addr.clone()),
        examples,
    }
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

#[cfg(test)]
mod tests;
