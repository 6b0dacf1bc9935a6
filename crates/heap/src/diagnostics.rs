//! What was absent, unreadable or guessed, gathered from every layer under stable codes.

use crate::snapshot::HeapSnapshot;
use goheap_model::{Diagnostic, Evidence, RootClass, Totals};
use goheap_runtime::{RuntimeModel, VersionSource};

impl HeapSnapshot<'_, '_> {
    /// What may make a sum wrong, which is nothing for a whole core of a quiescent process with its own executable; then how well types are
    /// known.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut list = List(Vec::new());
        image(self.model, &mut list);
        runtime(self.model, &mut list);
        heap(self, &mut list);
        types(&self.totals, &mut list);
        list.0
    }
}

struct List(Vec<Diagnostic>);

impl List {
    fn add(&mut self, code: &'static str, count: impl Into<u64>, text: &str) {
        let count = count.into();
        if count > 0 {
            self.0.push(Diagnostic { code, count, of: None, text: text.to_owned(), is_serious: true });
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
        list.add("dwarf-absent", model.dwarf.is_none(), text);
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
    let of = Some(totals.reachable().bytes);
    let [untyped, guessed] = [Evidence::None, Evidence::Candidate].map(|kind| totals.by_evidence[kind as usize]);
    for (code, count, of, text) in [
        ("pointers-unexplained", unexplained, None, "pointers are not explained by the type of their object"),
        ("types-in-conflict", totals.inference.conflicts, None, "objects have two types of equal evidence"),
        ("bytes-untyped", untyped, of, "reachable bytes of no known type"),
        ("bytes-guessed", guessed, of, "reachable bytes whose type is told by shape alone"),
    ] {
        if count > 0 {
            list.0.push(Diagnostic { code, count, of, text: text.to_owned(), is_serious: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::Share;

    #[test]
    fn what_never_happened_is_not_told() {
        let mut list = List(Vec::new());
        list.add("one", 0_u64, "never");
        list.add("two", false, "not so");
        list.add("three", true, "so");
        list.add("four", 7_u64, "often");
        let told: Vec<(&str, u64)> = list.0.iter().map(|one| (one.code, one.count)).collect();
        assert_eq!(told, [("three", 1), ("four", 7)]);
        assert!(list.0.iter().all(|one| one.is_serious && one.of.is_none()));
    }

    #[test]
    fn how_well_types_are_known_makes_no_sum_wrong() {
        let by_class = vec![(RootClass::Variables, Share { bytes: 1000, objects: 9 })];
        let mut totals = Totals { by_class, by_evidence: [100, 50, 350, 500], ..Totals::default() };
        totals.inference.conflicts = 3;
        let mut list = List(Vec::new());
        types(&totals, &mut list);
        let told: Vec<_> = list.0.iter().map(|one| (one.code, one.count, one.of)).collect();
        let expected =
            [("types-in-conflict", 3, None), ("bytes-untyped", 100, Some(1000)), ("bytes-guessed", 50, Some(1000))];
        assert_eq!(told, expected);
        assert!(list.0.iter().all(|one| !one.is_serious));
    }
}
