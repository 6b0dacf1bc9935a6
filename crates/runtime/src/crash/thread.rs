//! What a thread was doing when the process ended: on which stacks it stood, and whether it was the one that ended it.

use super::backlog::Thrown;
use super::{CaughtSignal, MOST_FRAMES, registers};
use crate::goroutine::MachineThread;
use crate::model::RuntimeModel;
use crate::stack::{Frame, Interrupted, SignalSearch, StackBounds, ThreadIndex, interrupted, interrupted_on_own_stack};
use crate::traceback::Stack;
use foldhash::{HashMap, HashSet};
use goheap_image::{Address, Thread};

/// How a thread took part in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Not at all, or by printing its stack because another thread asked for it.
    No,
    /// By a signal that its handler did not survive.
    Signal(CaughtSignal),
    /// By a panic.
    Panic,
    /// By a fatal error, whose text its frame has unless it is None.
    Fatal(Option<Thrown>),
}

impl Ended {
    /// What ends a process makes the other threads print their stacks by signals.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Ended::No => 0,
            Ended::Signal(_) => 1,
            Ended::Panic | Ended::Fatal(_) => 2,
        }
    }
}

/// One thread.
pub(super) struct Stopped {
    pub(super) tid: u32,
    pub(super) goroutine: Option<usize>,
    pub(super) stack: Option<Stack>,
    pub(super) system: Option<Stack>,
    /// Its `m.g0`.
    pub(super) g0: Option<Address>,
    pub(super) ended: Ended,
}

/// `SIGQUIT`, by which a dying thread asks the others for their stacks (signal_unix.go `sighandler`, `raiseproc`).
const SIGQUIT: u32 = 3;
/// Handlers that one another's signals interrupted.
const MOST_HANDLED: usize = 16;
const SIGABRT: u32 = 6;
const SI_USER: i32 = 0;
const SI_TKILL: i32 = -6;
/// No fatal error's text is longer, but for what a program passes to `sync.fatal` and the like.
const LONGEST_TEXT: u64 = 4096;

/// The runtime's threads, and which goroutine each runs.
pub(super) struct Machines<'m> {
    index: ThreadIndex<'m>,
    by_tid: HashMap<u64, &'m MachineThread>,
    /// In order of address.
    all: Vec<&'m MachineThread>,
    /// Their stacks for signals, and the stacks of the goroutines that they run: as many as a broken core likes, for as many threads.
    handling: StackBounds,
    running: StackBounds,
    goroutines: HashMap<u64, usize>,
}

impl<'m> Machines<'m> {
    pub(super) fn new(model: &'m RuntimeModel<'_>) -> Self {
        let mut machines: Vec<&MachineThread> = model.machine_threads.values().collect();
        machines.sort_unstable_by_key(|machine| machine.address);
        let running: HashSet<u64> = machines.iter().map(|machine| machine.curg.0).filter(|&curg| curg != 0).collect();
        let known = model.goroutines.iter().enumerate();
        let known = known.filter(|(_, goroutine)| running.contains(&goroutine.address.0));
        let goroutines: HashMap<u64, usize> = known.map(|(index, goroutine)| (goroutine.address.0, index)).collect();
        Machines {
            index: model.thread_index(),
            by_tid: machines.iter().rev().map(|&machine| (machine.procid, machine)).collect(),
            handling: StackBounds::new(machines.iter().map(|machine| machine.signal_stack)),
            running: StackBounds::new(machines.iter().map(|machine| {
                let goroutine = goroutines.get(&machine.curg.0).and_then(|&index| model.goroutines.get(index));
                goroutine.map_or((0, 0), |goroutine| goroutine.stack)
            })),
            all: machines,
            goroutines,
        }
    }

    /// The `m` of a thread: by its id, else by the stack that it stands on, since a core taken from outside a container has other ids.
    fn of(&self, thread: &Thread) -> Option<&'m MachineThread> {
        let sp = thread.registers.sp().0;
        let named = self.by_tid.get(&u64::from(thread.tid)).copied();
        named.or_else(|| {
            let number = self.handling.find(sp).or_else(|| self.running.find(sp))?;
            self.all.get(number).copied()
        })
    }
}

impl RuntimeModel<'_> {
    pub(super) fn stopped(&self, thread: &Thread, machines: &Machines<'_>, search: &mut SignalSearch) -> Stopped {
        let machine = machines.of(thread);
        let handled = self.handled(machine, thread, search);
        let goroutine = machine.and_then(|machine| machines.goroutines.get(&machine.curg.0).copied());
        let stack = goroutine.and_then(|index| self.goroutines.get(index));
        let stack = stack.map(|goroutine| self.innermost_frames(goroutine, &machines.index, MOST_FRAMES));
        let g0 = machine.and_then(|machine| self.memory().read_address(machine.address.add(self.layout.m.g0)));
        let system = g0.and_then(|g0| self.system_stack(g0, thread, &handled));
        let ended = self.ended(stack.as_ref(), system.as_ref(), &handled);
        Stopped { tid: thread.tid, goroutine, stack, system, g0, ended }
    }

    /// What signals interrupted on the thread, the innermost first.
    fn handled(&self, machine: Option<&MachineThread>, thread: &Thread, search: &mut SignalSearch) -> Vec<Interrupted> {
        let (memory, sp) = (self.memory(), thread.registers.sp().0);
        match machine.filter(|machine| contains(machine.signal_stack, sp)) {
            Some(machine) if search.grants(machine.signal_stack) => {
                interrupted(memory, self.machine(), sp, machine.signal_stack).take(MOST_HANDLED).collect()
            }
            Some(_) => Vec::new(),
            // A thread that C made has no stack for signals unless it asked for one.
            None if thread.signal != 0 => {
                let on_own_stack = interrupted_on_own_stack(memory, self.machine(), sp);
                let same = |one: &Interrupted| one.info.as_ref().is_some_and(|info| info.number == thread.signal);
                on_own_stack.filter(same).take(1).collect()
            }
            None => Vec::new(),
        }
    }

    /// The frames on the stack of `m.g0`, if the thread was there itself or was interrupted there.
    fn system_stack(&self, g0: Address, thread: &Thread, handled: &[Interrupted]) -> Option<Stack> {
        let word = |at: Address| self.memory().read_u64(at);
        let bounds = (word(g0.add(self.layout.g.stack))?, word(g0.add(self.layout.g.stack + 8))?);
        let places = handled.iter().map(|one| (one.pc, one.sp, one.lr));
        let (pc, sp, lr) = std::iter::once(registers(thread)).chain(places).find(|&(_, sp, _)| contains(bounds, sp))?;
        let (frames, end) = self.unwinder().walk_first(pc, sp, lr, bounds, MOST_FRAMES);
        Some(Stack { frames, end, is_stopped: true })
    }

    fn ended(&self, stack: Option<&Stack>, system: Option<&Stack>, handled: &[Interrupted]) -> Ended {
        let frames = || system.into_iter().chain(stack).flat_map(|stack| &stack.frames);
        for frame in frames() {
            match &*self.frame_name(frame) {
                "runtime.fatalpanic" => return Ended::Panic,
                "runtime.throw" | "runtime.fatal" => return Ended::Fatal(self.thrown_text(frame)),
                _ => {}
            }
        }
        // The outermost is the one that came first; what was raised to get the core stands further in.
        let signals = handled.iter().rev().filter_map(|one| Some((one, one.info.as_ref()?)));
        let first = signals.into_iter().find(|(one, info)| {
            let own = info.pid.is_some() && info.pid == self.process.core.process().map(|process| process.pid);
            let is_relayed = info.number == SIGQUIT && info.code == SI_USER && own;
            let is_raised = info.number == SIGABRT && info.code == SI_TKILL && own && self.is_go_code(one.pc);
            !is_relayed && !is_raised
        });
        first.map_or(Ended::No, |(one, info)| {
            Ended::Signal(CaughtSignal { info: info.clone(), pc: one.pc, sp: one.sp, general: self.general(one) })
        })
    }

    /// The registers of interrupted code with the stack pointer, which on arm64 is no general one.
    fn general(&self, one: &Interrupted) -> Vec<(u16, u64)> {
        let sp = (self.machine() == goheap_image::Machine::Aarch64).then_some((31, one.sp));
        one.general.iter().copied().chain(sp).collect()
    }

    /// The argument of `throw(s string)`: two words, which the function keeps in the room for its arguments.
    fn thrown_text(&self, frame: &Frame) -> Option<Thrown> {
        let memory = self.memory();
        let (data, len) = (memory.read_u64(Address(frame.argp))?, memory.read_u64(Address(frame.argp).add(8))?);
        let bytes = memory.bytes(Address(data), usize::try_from(len).ok().filter(|_| len <= LONGEST_TEXT)?)?;
        let text = String::from_utf8(bytes.into_owned()).ok()?;
        let is_text = !text.is_empty() && text.chars().all(|one| !one.is_control() || one.is_whitespace());
        let functions = &self.modules[frame.func.module].functions;
        let is_sure = self.version.release().tells_live_arguments
            && functions.are_live(memory, &frame.func, frame.pc.saturating_sub(1), 2);
        is_text.then_some(Thrown { text, is_sure })
    }
}

fn contains(stack: (u64, u64), address: u64) -> bool {
    stack.0 <= address && address < stack.1
}
