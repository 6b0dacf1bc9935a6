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
use goheap_model::Observer;
use goheap_report::answer::{Answer, Section};
use goheap_report::page::Page;
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
            let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
            let most = options.limit.unwrap_or(usual);
            let Wasted { answer, .. } = answer_of(snapshot, (page(input), most, options.values), watch)?;
            watch.report();
            diagnostics::warn(snapshot, input.quiet);
            answer::print(input, options.written.form(), &answer)
        },
    )
}

/// What is wasted, and on what most.
pub(crate) struct Wasted {
    pub(crate) answer: Answer,
    pub(crate) most: (u64, &'static str),
}

/// All kinds, at most so many rows of each; contents themselves only where `values` asks.
pub(crate) fn answer_of(
    snapshot: &HeapSnapshot<'_, '_>,
    (page, most, values): (Page, usize, bool),
    observer: &dyn Observer,
) -> Result<Wasted, Failure> {
    let waste = snapshot.waste(waste::WasteOptions { values, contents: CONTENTS }, observer)?;
    let rounding = rounding(snapshot);
    let told = Told { heap: snapshot, waste: &waste, rounding: &rounding, values };
    let mut sections: Vec<Section> = told.details().into_iter().filter(|section| !section.rows.is_empty()).collect();
    sections.iter_mut().for_each(|section| section.limit(most));
    sections.insert(0, told.kinds());
    let reachable = snapshot.totals.reachable();
    let most = told.sums().into_iter().map(|sum| (sum.bytes, sum.name)).max().unwrap_or_default();
    let (lost, name) = most;
    let mut text = vec![format!(
        "reachable: {} in {} objects; most is spent on {name}: {}, {}. The kinds overlap, and are not to be added",
        page.bytes(reachable.bytes),
        grouped(reachable.objects),
        page.bytes(lost),
        percent(lost.min(reachable.bytes), reachable.bytes)
    )];
    if snapshot.model.process.core.is_redacted() {
        text.push("The core's contents were taken out: what is there twice and what is zero is not told".to_owned());
    }
    Ok(Wasted { answer: Answer { name: "waste".into(), text, sections, ..Answer::default() }, most })
}
