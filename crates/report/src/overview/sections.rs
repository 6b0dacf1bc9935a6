//! Parts of an overview as sections of a report.

use crate::answer::{Column, Kind, Section};
use goheap_ask::{HeapSums, Overview};

/// What holds how much of what is allocated.
#[must_use]
pub fn heap_section(sums: &HeapSums) -> Section {
    let columns = [Column::bytes("bytes").of(sums.allocated), Column::count("objects"), Column::name("held_by")];
    let mut section = Section::new("heap", columns);
    section.title = "The heap".to_owned();
    let mut row = |name: &str, bytes: u64, objects: u64, depth| {
        section.row([bytes.into(), objects.into(), name.into()]).depth = depth;
    };
    let objects = &sums.objects;
    row("allocated", sums.allocated, objects.allocated, 0);
    row("reachable", sums.reachable, objects.reachable, 1);
    for class in &sums.reachable_by_root_class {
        row(&class.class, class.bytes, class.objects, 2);
    }
    if objects.not_known_to_be_reachable > 0 {
        let (bytes, objects) = (sums.not_known_to_be_reachable, objects.not_known_to_be_reachable);
        row("not known to be reachable", bytes, objects, 1);
    }
    row("unreachable: garbage that was not collected yet", sums.unreachable, objects.unreachable, 1);
    section
}

/// How sure the rest is: how types are known, which checks were made, what was absent or guessed.
#[must_use]
pub fn unsure_sections(overview: &Overview) -> Vec<Section> {
    vec![evidence(overview), invariants(overview), diagnostics(overview)]
}

fn evidence(overview: &Overview) -> Section {
    let reachable = overview.heap.as_ref().map_or(0, |heap| heap.reachable);
    let columns = [Column::bytes("bytes").of(reachable), Column::new("evidence", Kind::Word)];
    let mut section = Section::new("evidence", columns);
    section.title = "What is unsure".to_owned();
    section.text = vec![
        "How the types of what is reachable are known: exact (recorded by Go, or declared), derived (followed from a typed pointer), candidate \
         (told by shape, shown with ?), none."
            .to_owned(),
    ];
    // Here the weakest first: these are the unsure ones.
    for one in overview.types.iter().flat_map(|types| types.reachable_by_evidence.iter().rev()) {
        section.row([one.bytes.into(), (&*one.evidence).into()]);
    }
    section
}

fn invariants(overview: &Overview) -> Section {
    let columns = [Column::count("broken"), Column::count("checked"), Column::new("invariant", Kind::Text)];
    let mut section = Section::new("invariants", columns);
    let checks = &overview.invariants;
    let broken = checks.iter().filter(|check| check.violations > 0).count();
    section.text = vec![match broken {
        0 => format!("All {} invariants of the heap hold.", checks.len()),
        some => format!("{some} of {} invariants are BROKEN: the numbers may be wrong.", checks.len()),
    }];
    for check in checks {
        section.row([check.violations.into(), check.checked.into(), (&*check.name).into()]);
    }
    section
}

fn diagnostics(overview: &Overview) -> Section {
    let columns = [Column::count("count"), Column::new("what", Kind::Text), Column::new("code", Kind::Word)];
    let mut section = Section::new("diagnostics", columns);
    for one in &overview.diagnostics {
        section.row([one.count.into(), (&*one.text).into(), (&*one.code).into()]);
    }
    if !section.rows.is_empty() {
        section.text = vec!["What was absent, unreadable or guessed:".to_owned()];
    }
    section
}
