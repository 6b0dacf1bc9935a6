//! Goroutines that stand at the same place: the same functions and lines, made by the same go statement.

use super::place::LibraryFiles;
use foldhash::HashMap;
use goheap_model::{
    Claim, GoroutineGroup, GoroutineGroups, GoroutineState, InlineFrame, Observer, Refusal, StackGroups,
};
use goheap_runtime::{Call, Goroutine, RuntimeModel, Tracer};
use rayon::prelude::*;
use std::sync::Arc;

/// All goroutines; those that are alive in groups by where they stand. Walks every stack.
///
/// # Errors
/// The observer's refusal.
pub fn read_groups(model: &RuntimeModel<'_>, observer: &dyn Observer) -> Result<GoroutineGroups, Refusal> {
    observer.begin("stacks");
    let goroutines = model.goroutines.len() as u64;
    observer.claim(Claim { kept: goroutines * 56, passing: goroutines.min(PART as u64) * STACK_BYTES })?;
    let (mut stacks, threads) = (StackGroups::default(), model.thread_index());
    let live = |&(_, goroutine): &(usize, _)| -> bool { is_live(goroutine) };
    // A part at a time: stacks are kept once each.
    for (part, first) in model.goroutines.chunks(PART).zip((0..).step_by(PART)) {
        let walk = |(index, goroutine)| {
            let stack = model.stack(goroutine, &threads);
            (first + index, model.trace_pcs(&stack.frames, stack.is_stopped))
        };
        let walked: Vec<(usize, Vec<u64>)> = part.par_iter().enumerate().filter(live).map(walk).collect();
        walked.into_iter().for_each(|(index, pcs)| stacks.add(index, pcs.into_iter()));
    }
    let mut groups = states(model);
    let files = LibraryFiles::new(model);
    let add = |calls: &[Call], goroutine| groups.groups.push(group((model, &files), calls, goroutine));
    merge_with(&mut stacks, model, add);
    for (goroutine, &group) in (0..).zip(&stacks.of_goroutine) {
        if let Some(of) = groups.groups.get_mut(group as usize) {
            of.number = group;
            of.members.push(goroutine);
        }
    }
    Ok(groups)
}

/// What each goroutine does.
fn states(model: &RuntimeModel<'_>) -> GoroutineGroups {
    let (mut of_text, mut of_labels) = (HashMap::default(), HashMap::default());
    let mut groups = GoroutineGroups {
        now: model.newest_time(),
        broken: model.diagnostics.broken_goroutines,
        ..GoroutineGroups::default()
    };
    for goroutine in &model.goroutines {
        let state = *of_text.entry(model.state_text(goroutine)).or_insert_with_key(|text: &String| {
            groups.states.push(text.as_str().into());
            groups.states.len() as u32 - 1
        });
        // Those that one goroutine made share its labels.
        let labels = *of_labels.entry(goroutine.labels.0).or_insert_with(|| {
            groups.labels.push(model.labels(goroutine));
            groups.labels.len() as u32 - 1
        });
        groups.each.push(GoroutineState {
            id: goroutine.id,
            state,
            waits: model.wait_class(goroutine).is_some(),
            since: goroutine.waitsince,
            stack: goroutine.stack,
            is_locked: goroutine.is_locked,
            labels,
        });
    }
    groups
}

/// Goroutines whose stacks are held at once, and what one of usual depth takes.
const PART: usize = 1 << 14;
const STACK_BYTES: u64 = 1 << 10;

fn is_live(goroutine: &Goroutine) -> bool {
    goroutine.status.is_live()
}

fn group((model, files): (&RuntimeModel<'_>, &LibraryFiles), calls: &[Call], goroutine: u32) -> GoroutineGroup {
    let goroutine = &model.goroutines[goroutine as usize];
    let shown: Vec<_> = shown(calls).cloned().collect();
    GoroutineGroup {
        speaking: files.speaking(&shown),
        calls: shown,
        creator: model.created_by(goroutine),
        is_system: model.is_system(goroutine, calls),
        ..GoroutineGroup::default()
    }
}

/// The calls that a traceback shows, or all where it would show none.
pub(super) fn shown(calls: &[Call]) -> impl Iterator<Item = &Arc<InlineFrame>> {
    let all = !calls.iter().any(|call| call.is_shown);
    calls.iter().filter(move |call| all || call.is_shown).map(|call| &call.call)
}

/// Makes one group of those that read the same.
pub(crate) fn merge_alike(stacks: &mut StackGroups, model: &RuntimeModel<'_>) {
    merge_with(stacks, model, |_, _| {});
}

/// The same; `first` is told the calls and a member of each group, in order.
fn merge_with(stacks: &mut StackGroups, model: &RuntimeModel<'_>, mut first: impl FnMut(&[Call], u32)) {
    let mut tracer = Tracer::new(model);
    let creator = |goroutine: u32| model.goroutines[goroutine as usize].gopc;
    let mut met = foldhash::HashSet::default();
    stacks.merge(creator, |pcs, goroutine| {
        let calls = tracer.calls(pcs);
        let creator = model.created_by(&model.goroutines[goroutine as usize]);
        // Equal calls are one in a tracer.
        let lines: Box<[usize]> = shown(&calls).map(|call| Arc::as_ptr(call) as usize).collect();
        let key = (lines, creator);
        if met.insert(key.clone()) {
            first(&calls, goroutine);
        }
        key
    });
}
