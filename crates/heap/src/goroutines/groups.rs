//! Goroutines that stand at the same place: the same functions and lines, made by the same go statement.

use goheap_model::{Claim, Observer, Refusal, StackGroups};
use goheap_runtime::{Call, Goroutine, InlineFrame, RuntimeModel, Tracer};
use rayon::prelude::*;
use std::sync::Arc;

/// Goroutines that stand at the same place.
#[derive(Clone, Debug)]
pub struct GoroutineGroup {
    /// Its number in [`RootKind::GoroutineGroup`](goheap_model::RootKind).
    pub number: u32,
    /// Indexes in the model, in order: the oldest first.
    pub members: Vec<u32>,
    /// The calls, innermost first: those that a traceback shows, or all where it would show none.
    pub calls: Vec<Arc<InlineFrame>>,
    /// The go statement that made them; None of goroutine 1.
    pub creator: Option<InlineFrame>,
    /// True if tracebacks hide them: the runtime's own.
    pub is_system: bool,
}

/// All that are alive, in groups.
#[derive(Clone, Debug, Default)]
pub struct GoroutineGroups {
    /// By number.
    pub groups: Vec<GoroutineGroup>,
}

impl GoroutineGroups {
    /// Walks every stack.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn read(model: &RuntimeModel<'_>, observer: &dyn Observer) -> Result<Self, Refusal> {
        observer.begin("stacks");
        let goroutines = model.goroutines.len() as u64;
        observer.claim(Claim { kept: goroutines * 8, passing: goroutines.min(PART as u64) * STACK_BYTES })?;
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
        let mut groups = Self::default();
        merge_with(&mut stacks, model, |calls, goroutine| groups.groups.push(group(model, calls, goroutine)));
        for (goroutine, &group) in (0..).zip(&stacks.of_goroutine) {
            if let Some(of) = groups.groups.get_mut(group as usize) {
                of.number = group;
                of.members.push(goroutine);
            }
        }
        Ok(groups)
    }
}

/// Goroutines whose stacks are held at once, and what one of usual depth takes.
const PART: usize = 1 << 14;
const STACK_BYTES: u64 = 1 << 10;

fn is_live(goroutine: &Goroutine) -> bool {
    goroutine.status.is_live()
}

fn group(model: &RuntimeModel<'_>, calls: &[Call], goroutine: u32) -> GoroutineGroup {
    let goroutine = &model.goroutines[goroutine as usize];
    GoroutineGroup {
        number: 0,
        members: Vec::new(),
        calls: shown(calls).cloned().collect(),
        creator: model.created_by(goroutine),
        is_system: model.is_system(goroutine, calls),
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
    let mut met = rustc_hash::FxHashSet::default();
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
