//! `goheap CORE waste`: what the heap spends on nothing.

mod sections;

use crate::args::{Input, WasteOptions};
use crate::commands::answer;
use crate::open::{Needs, with_watched_heap};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::rounding;
use goheap_heap::{HeapSnapshot, SnapshotOptions, waste};
use goheap_report::answer::{Answer, Section};
use goheap_report::table::{grouped, percent};
use sections::Told;

/// Rows of each kind in a table, unless another number is asked for.
const USUAL_ROWS: usize = 8;
/// Contents that are told one by one, at the most.
const CONTENTS: usize = 1000;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &WasteOptions) -> Result<(), Failure> {
    let snapshot = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
    let needs = Needs { snapshot, ..Needs::default() };
    with_watched_heap(
        input,
        needs,
        |_| Ok(()),
        |snapshot, watch| {
            let wanted = waste::WasteOptions { values: options.values, contents: CONTENTS };
            let waste = snapshot.waste(wanted, watch)?;
            let rounding = rounding(snapshot);
            watch.report();
            diagnostics::warn(snapshot, input.quiet);
            let told = Told { heap: snapshot, waste: &waste, rounding: &rounding, values: options.values };
            answer::print(input, options.written.form(), &answer(input, snapshot, options, &told))
        },
    )
}

fn answer(input: &Input, snapshot: &HeapSnapshot<'_, '_>, options: &WasteOptions, told: &Told<'_>) -> Answer {
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    let mut sections: Vec<Section> = told.details().into_iter().filter(|section| !section.rows.is_empty()).collect();
    sections.iter_mut().for_each(|section| section.limit(options.limit.unwrap_or(usual)));
    sections.insert(0, told.kinds());
    let page = page(input);
    let reachable = snapshot.totals.reachable();
    let (lost, name) = told.sums().into_iter().map(|sum| (sum.bytes, sum.name)).max().unwrap_or_default();
    let text = vec![format!(
        "reachable: {} in {} objects; most is spent on {name}: {}, {}. The kinds overlap, and are not to be added",
        page.bytes(reachable.bytes),
        grouped(reachable.objects),
        page.bytes(lost),
        percent(lost.min(reachable.bytes), reachable.bytes)
    )];
    Answer { name: "waste".into(), text, sections, ..Answer::default() }
}
