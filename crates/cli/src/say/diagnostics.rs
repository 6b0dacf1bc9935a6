//! What was absent, unreadable or guessed, as warnings.

use crate::say::speaker;
use goheap_heap::HeapSnapshot;
use goheap_model::words::{grouped, human_bytes};
use goheap_model::{Diagnostic, Totals};

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
