//! How sure the rest is: how types are known, which checks were made, what was absent or guessed.

use crate::commands::overview;
use crate::say::diagnostics;
use goheap_heap::HeapSnapshot;
use goheap_model::Evidence;
use goheap_report::answer::{Column, Kind, Section};

/// Evidence, invariants, diagnostics.
pub(super) fn sections(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Section> {
    vec![evidence(snapshot), invariants(snapshot), diagnostics_of(snapshot)]
}

fn evidence(snapshot: &HeapSnapshot<'_, '_>) -> Section {
    let totals = &snapshot.totals;
    let columns = [Column::bytes("bytes").of(totals.reachable().bytes), Column::new("evidence", Kind::Word)];
    let mut section = Section::new("evidence", columns);
    section.title = "What is unsure".to_owned();
    section.text = vec![
        "How the types of what is reachable are known: exact (recorded by Go, or declared), derived (followed from a typed pointer), candidate \
         (told by shape, shown with ?), none."
            .to_owned(),
    ];
    for (evidence, bytes) in Evidence::ALL.into_iter().zip(totals.by_evidence) {
        section.row([bytes.into(), evidence.name().into()]);
    }
    section
}

fn invariants(snapshot: &HeapSnapshot<'_, '_>) -> Section {
    let columns = [Column::count("broken"), Column::count("checked"), Column::new("invariant", Kind::Text)];
    let mut section = Section::new("invariants", columns);
    let checks = overview::checks(snapshot);
    let broken = checks.iter().filter(|check| check.violations > 0).count();
    section.text = vec![match broken {
        0 => format!("All {} invariants of the heap hold.", checks.len()),
        some => format!("{some} of {} invariants are BROKEN: the numbers may be wrong.", checks.len()),
    }];
    for check in checks {
        section.row([check.violations.into(), check.checked.into(), check.name.into()]);
    }
    section
}

fn diagnostics_of(snapshot: &HeapSnapshot<'_, '_>) -> Section {
    let columns = [Column::count("count"), Column::new("what", Kind::Text), Column::new("code", Kind::Word)];
    let mut section = Section::new("diagnostics", columns);
    for one in diagnostics::all(snapshot) {
        section.row([one.count.into(), one.text.into(), one.code.into()]);
    }
    if !section.rows.is_empty() {
        section.text = vec!["What was absent, unreadable or guessed:".to_owned()];
    }
    section
}
