//! `goheap CORE suspects`: where the heap gathers.

mod shared;
mod shown;
mod standing;

use crate::args::{Input, SuspectsOptions};
use crate::commands::{answer, birth_calls, profile_records};
use crate::open::with_referred;
use crate::say::diagnostics;
use crate::say::errors::{Failure, PassedLimit};
use crate::say::terminal::page;
use crate::say::watch::Watch;
use goheap_ask::diff::RetainedByPath;
use goheap_ask::{BirthIndex, SiteGrouping, Suspect, held_at_once, joined_suspects};
use goheap_graph::DominatorTree;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{Births, DominatorFrames, GoroutineGroups, Leaks};
use goheap_report::answer::Answer;
use goheap_report::table::{human_bytes, percent};
use shown::{One, Shown};
use std::cmp::Reverse;

/// Suspects of a table unless another number is asked for.
const USUAL_ROWS: usize = 8;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &SuspectsOptions) -> Result<(), Failure> {
    with_referred(input, ReferenceOptions::default(), |graph, watch| {
        let told = answer(input, graph, options, watch)?;
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        answer::print(input, options.written.form(), &told.answer)?;
        let reachable = graph.data().heap().totals.reachable().bytes;
        match (options.fail_over, told.found.first()) {
            (Some(most), Some(first)) if first.retained.bytes > most.of(reachable) => {
                let allowed = most.of(reachable);
                let others = told.found.iter().skip(1).filter(|suspect| suspect.retained.bytes > allowed).count();
                Err(Failure::FailOver(Box::new(PassedLimit {
                    holder: first.holder.clone(),
                    retained: human_bytes(first.retained.bytes),
                    share: percent(first.retained.bytes, reachable),
                    over: human_bytes(first.retained.bytes - allowed),
                    most: most.to_string(),
                    allowed: human_bytes(allowed),
                    others: match others {
                        0 => String::new(),
                        1 => ", and so does 1 other".to_owned(),
                        others => format!(", and so do {others} others"),
                    },
                })))
            }
            _ => Ok(()),
        }
    })
}

/// Suspects, and how they are told.
pub(crate) struct Told {
    pub(crate) found: Vec<Suspect>,
    pub(crate) answer: Answer,
}

/// Those of a graph that knows what is referred to.
pub(crate) fn answer(
    input: &Input,
    graph: &ReferenceGraph<'_, '_, '_>,
    options: &SuspectsOptions,
    watch: &Watch,
) -> Result<Told, Failure> {
    let tree = graph.data().dominators(watch)?;
    let births = graph.snapshot().births(watch)?;
    let frames = graph.frames_with_births(&tree, &births, watch)?;
    let index = BirthIndex::new(graph.data(), &tree, &births);
    of_frames(
        input,
        graph,
        &frames,
        &Beside { tree: &tree, births: &births, index: &index, goroutines: None, before: None },
        options,
        watch,
    )
}

/// What is told of suspects beside what the tree says.
pub(crate) struct Beside<'a> {
    pub(crate) tree: &'a DominatorTree,
    pub(crate) births: &'a Births,
    pub(crate) index: &'a BirthIndex<'a>,
    /// All goroutines, and which of them are leaked; None where they are to be read if a suspect is goroutines.
    pub(crate) goroutines: Option<(&'a GoroutineGroups, &'a Leaks)>,
    /// The dominator tree of an older core, where there is one: those that grew most since stand first.
    pub(crate) before: Option<&'a DominatorFrames>,
}

/// Those of a dominator tree, with the lines that allocated what each retains.
pub(crate) fn of_frames(
    input: &Input,
    graph: &ReferenceGraph<'_, '_, '_>,
    frames: &DominatorFrames,
    beside: &Beside<'_>,
    options: &SuspectsOptions,
    watch: &Watch,
) -> Result<Told, Failure> {
    let heap = graph.data().heap();
    let reachable = heap.totals.reachable();
    // What --fail-over asks about is looked for, whatever else is shown.
    let least = options.fail_over.map_or(options.least, |most| most.min(options.least));
    let Beside { tree, births, index, goroutines, before } = *beside;
    let mut found = joined_suspects(graph.data(), tree, frames, least.of(reachable.bytes));
    if let Some(before) = before {
        let before = RetainedByPath::new(before);
        found.sort_by_cached_key(|suspect| Reverse(more_than(&before, frames, suspect)));
    }
    let born = |suspect: &Suspect| {
        let sampled = suspect.sampled(frames);
        birth_calls::most(index.all(SiteGrouping::Line, |object| sampled.binary_search(&object).is_ok()), births, true)
    };
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    let page = page(input);
    let bytes = graph.snapshot().model.mem_stats().buck_hash_sys;
    let beside = profile_records::sentence(page, bytes, births.rate(), reachable.bytes);
    let shown = Shown { input, page, reachable, beside };
    let standing = standing::of_suspects(graph, frames, (&found, goroutines), watch)?;
    let fields = graph.fields();
    let limit = options.limit.unwrap_or(usual).min(found.len());
    let mut holders = held_at_once(graph.data(), tree, &fields, &found[..limit]).into_iter();
    let told = found.iter().zip(standing).map(|(suspect, standing)| {
        let held = holders.next().flatten().and_then(|held| shared::text(graph.data(), &held));
        One { suspect, born: born(suspect), standing, held }
    });
    let told: Vec<One<'_>> = told.collect();
    let answer = shown.answer(heap, &told, options.limit.unwrap_or(usual));
    Ok(Told { found, answer })
}

/// How many bytes more a suspect retains than its frames did before.
fn more_than(before: &RetainedByPath<'_>, frames: &DominatorFrames, suspect: &Suspect) -> i128 {
    let was: u64 = suspect.parts.iter().map(|&part| before.of(frames, part).bytes).sum();
    i128::from(suspect.retained.bytes) - i128::from(was)
}
