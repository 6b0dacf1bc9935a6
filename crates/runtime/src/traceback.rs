//! Stacks as Go's own tracebacks tell them: calls with inlined ones, less the runtime's (traceback.go `traceback2`, `showfuncinfo`).

use crate::constants::GoroutineStatus;
use crate::goroutine::{Goroutine, MachineThread};
use crate::model::RuntimeModel;
use crate::stack::{Frame, FuncKind, StackWords, ThreadIndex, UnwindEnd, frame_facts};
use foldhash::{HashMap, HashSet};
use goheap_model::InlineFrame;
use std::sync::Arc;

/// The frames of one goroutine.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// How the walk ended.
    pub end: UnwindEnd,
    /// True if the innermost frame was stopped at an arbitrary instruction: its pc is no return address.
    pub is_stopped: bool,
}

/// One call of a traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Function, file and line.
    pub call: Arc<InlineFrame>,
    /// Index of its frame in [`Stack::frames`].
    pub frame: usize,
    /// True if a traceback of `GOTRACEBACK=all` prints it; one of `system` prints every call.
    pub is_shown: bool,
}

/// Tells the calls of many stacks; what stands at an instruction is looked up once.
///
/// # Overhead
/// Some 200 bytes for each different instruction and for each different call.
pub struct Tracer<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    by_pc: HashMap<u64, Box<[Arc<InlineFrame>]>>,
    /// Equal calls are one.
    all: HashSet<Arc<InlineFrame>>,
}

impl<'m, 'p> Tracer<'m, 'p> {
    /// Of the stacks of one process.
    pub fn new(model: &'m RuntimeModel<'p>) -> Self {
        Tracer { model, by_pc: HashMap::default(), all: HashSet::default() }
    }

    /// The calls at the instructions of [`RuntimeModel::trace_pcs`], innermost first.
    pub fn calls(&mut self, pcs: &[u64]) -> Vec<Call> {
        let model = self.model;
        let (mut calls, mut shown) = (Vec::<Call>::new(), 0);
        for (frame, &pc) in pcs.iter().enumerate() {
            for call in self.at(pc) {
                let callee = calls.last().map_or("", |call| &*call.call.function);
                let is_wrapper = model.is_passed_over(call, callee);
                let is_shown = !is_wrapper && is_shown(&call.function, shown == 0);
                shown += usize::from(is_shown);
                calls.push(Call { call: Arc::clone(call), frame, is_shown });
            }
        }
        calls
    }

    fn at(&mut self, pc: u64) -> &[Arc<InlineFrame>] {
        let (model, all) = (self.model, &mut self.all);
        self.by_pc.entry(pc).or_insert_with(|| {
            let one = |call: InlineFrame| match all.get(&call) {
                Some(known) => Arc::clone(known),
                None => {
                    let call = Arc::new(call);
                    all.insert(Arc::clone(&call));
                    call
                }
            };
            model.inline_stack(pc).into_iter().map(one).collect()
        })
    }
}

/// A goroutine that tracebacks hide unless it runs code of the program, and the flag that says so.
const CALLBACKS: [&str; 3] = ["runtime.runfinq", "runtime.runFinalizers", "runtime.runCleanups"];

impl RuntimeModel<'_> {
    /// Who is on which thread, for [`RuntimeModel::stack`].
    pub fn thread_index(&self) -> ThreadIndex<'_> {
        ThreadIndex::new(self.memory(), self.machine(), self.process.core.threads(), &self.machine_threads)
    }

    /// What the parts of the stack of a goroutine are.
    pub fn stack_words(&self, goroutine: &Goroutine, threads: &ThreadIndex<'_>) -> StackWords {
        self.stack_scanner().words(goroutine, &threads.start(goroutine))
    }

    /// Bounds of the stacks of the runtime's threads: those that the scheduler runs on, and those for signals.
    pub fn system_stacks(&self) -> Vec<(u64, u64)> {
        let (memory, layout) = (self.memory(), &self.layout);
        let of_thread = |thread: &MachineThread| {
            let g0 = memory.read_address(thread.address.add(layout.m.g0));
            let bound = |offset: u64| g0.and_then(|g0| memory.read_u64(g0.add(layout.g.stack + offset))).unwrap_or(0);
            [thread.signal_stack, (bound(0), bound(8))]
        };
        let stacks = self.machine_threads.values().flat_map(of_thread);
        let mut stacks: Vec<(u64, u64)> = stacks.filter(|(low, high)| low < high).collect();
        stacks.sort_unstable();
        stacks
    }

    /// Of the frames that signals left on a stack what tells which they were.
    pub fn signal_facts(&self, stack: (u64, u64)) -> Vec<std::ops::Range<u64>> {
        frame_facts(self.memory(), self.machine(), stack)
    }

    /// Walks the stack of a goroutine.
    pub fn stack(&self, goroutine: &Goroutine, threads: &ThreadIndex<'_>) -> Stack {
        let start = threads.start(goroutine);
        let is_stopped = !start.registers.is_empty();
        let (frames, end) = self.unwinder().walk(start.pc, start.sp, start.lr, goroutine.stack);
        Stack { frames, end, is_stopped }
    }

    /// The innermost frames of a goroutine's stack, at most `limit`.
    pub fn innermost_frames(&self, goroutine: &Goroutine, threads: &ThreadIndex<'_>, limit: usize) -> Stack {
        let start = threads.start(goroutine);
        let is_stopped = !start.registers.is_empty();
        let (frames, end) = self.unwinder().walk_first(start.pc, start.sp, start.lr, goroutine.stack, limit);
        Stack { frames, end, is_stopped }
    }

    /// The instruction that stands for each frame in a traceback: the call before the return address; the pc itself where the frame
    /// was stopped by a signal or has not begun (traceback.go `symPC`). `is_stopped` as in [`Stack`].
    pub fn trace_pcs(&self, frames: &[Frame], is_stopped: bool) -> Vec<u64> {
        let mut trapped = is_stopped;
        let pc = |frame: &Frame| {
            let at = if trapped || frame.pc <= frame.func.entry { frame.pc } else { frame.pc - 1 };
            trapped = frame.func.kind == FuncKind::SigPanic;
            at
        };
        frames.iter().map(pc).collect()
    }

    /// True if tracebacks hide the goroutine: the runtime's own ones (traceback.go `isSystemGoroutine`). A finalizer goroutine is the
    /// program's while it runs a finalizer, which shows by a frame above the runtime's.
    pub fn is_system(&self, goroutine: &Goroutine, calls: &[Call]) -> bool {
        let Some(name) = self.function_name(goroutine.startpc) else { return false };
        if matches!(&*name, "runtime.main" | "runtime.corostart" | "runtime.handleAsyncEvent") {
            return false;
        }
        if CALLBACKS.contains(&&*name) {
            let runs = calls.iter().any(|call| !call.call.function.starts_with("runtime."));
            return !(runs || goroutine.is_running_cleanups);
        }
        name.starts_with("runtime.")
    }

    /// The goroutines that live and are the runtime's own.
    pub fn system_count(&self) -> u64 {
        let (mut tracer, threads) = (Tracer::new(self), self.thread_index());
        // By where they began; None where calls tell, of which there are few.
        let mut by_start: HashMap<u64, Option<bool>> = HashMap::default();
        let mut is_system = |goroutine: &&Goroutine| {
            let known = by_start.entry(goroutine.startpc).or_insert_with(|| {
                let name = self.function_name(goroutine.startpc);
                let calls_back = name.is_some_and(|name| CALLBACKS.contains(&&*name));
                (!calls_back).then(|| self.is_system(goroutine, &[]))
            });
            known.unwrap_or_else(|| {
                let stack = self.stack(goroutine, &threads);
                self.is_system(goroutine, &tracer.calls(&self.trace_pcs(&stack.frames, stack.is_stopped)))
            })
        };
        self.goroutines
            .iter()
            .filter(|goroutine| goroutine.status.is_live())
            .filter(|goroutine| is_system(goroutine))
            .count() as u64
    }

    /// What a traceback prints between the brackets of a goroutine's heading, less the time.
    pub fn state_text(&self, goroutine: &Goroutine) -> String {
        match (goroutine.status, goroutine.wait_reason) {
            (GoroutineStatus::Waiting | GoroutineStatus::Leaked, Some(reason)) if !reason.is_empty() => {
                reason.to_owned()
            }
            (status, _) => status.name().to_owned(),
        }
    }
}

/// Functions whose wrapper caller is of interest (`elideWrapperCalling`).
pub(crate) fn is_panic(callee: &str) -> bool {
    matches!(callee, "runtime.gopanic" | "runtime.sigpanic" | "runtime.panicwrap")
}

/// True if a traceback of `GOTRACEBACK=all` prints a call of the function, which is no wrapper and not the innermost.
pub fn is_shown_call(function: &str) -> bool {
    is_shown(function, false)
}

/// `showfuncinfo` without `GOTRACEBACK=system`.
fn is_shown(name: &str, is_first: bool) -> bool {
    match name.strip_prefix("runtime.") {
        // The boundary between ordinary code and deferred calls of a panic; the outermost frames of finalizers and cleanups.
        Some("gopanic") => !is_first,
        Some("runFinalizers" | "runCleanups") => true,
        Some(rest) => is_exported(rest),
        None => name.contains('.'),
    }
}

/// `isExportedRuntime`: `Gosched`, `(*Func).Entry`.
fn is_exported(name: &str) -> bool {
    let (receiver, method) = name.rsplit_once('.').unwrap_or(("", name));
    let receiver = receiver.strip_prefix("(*").and_then(|receiver| receiver.strip_suffix(')')).unwrap_or(receiver);
    let is_upper = |text: &str| text.starts_with(|first: char| first.is_ascii_uppercase());
    is_upper(method) && (receiver.is_empty() || is_upper(receiver))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_hidden_but_for_what_is_exported() {
        for (name, shown) in [
            ("main.main", true),
            ("sync.(*Mutex).Lock", true),
            ("runtime.gopark", false),
            ("runtime.Gosched", true),
            ("runtime.(*Func).Entry", true),
            ("runtime.(*mheap).Alloc", false),
            ("runtime.gopanic", true),
            ("runtime.runCleanups", true),
            ("memeqbody", false),
        ] {
            assert_eq!(is_shown(name, false), shown, "{name}");
        }
        assert!(!is_shown("runtime.gopanic", true));
    }
}
