//! How a process ended, as far as its Go runtime knew (panic.go, signal_unix.go): panics, fatal errors, signals.
//!
//! The runtime prints all this and keeps little of it. What it does keep: the panics of the goroutine (`g._panic`), whose values
//! `preprintpanics` has made texts of; the argument of `throw` or `fatal` in its frame; what was printed before the crash began, which
//! includes the text of a fatal error (`printBacklog`); of a fault its code, address and instruction (`g.sigcode0`, `sigcode1`, `sigpc`);
//! of another signal the frame that the kernel made on the signal stack.

mod backlog;
mod panics;
mod thread;
mod value;

pub use backlog::FatalError;
pub use panics::Panic;
pub use value::PanicValue;

use crate::model::RuntimeModel;
use crate::stack::SignalSearch;
use crate::traceback::Stack;
use goheap_image::{Address, Machine, Thread};
use thread::{Ended, Machines, Stopped};

/// Frames of a stack that are looked at, from the innermost on.
const MOST_FRAMES: usize = 256;
/// Threads that are looked at.
const MOST_THREADS: usize = 1 << 12;

/// How a process ended.
#[derive(Clone, Debug, Default)]
pub struct Crash {
    /// Index of the goroutine that ended it; None where the runtime did so itself, or code that is not Go's.
    pub goroutine: Option<usize>,
    /// Id of the thread on which it happened (`gettid`).
    pub tid: u32,
    /// The goroutine's innermost frames.
    pub stack: Option<Stack>,
    /// Frames on the thread's system stack, where the runtime was running there.
    pub system: Option<Stack>,
    /// True if a panic that nothing recovered ended it.
    pub is_panic: bool,
    /// The goroutine's panics, the first of them first.
    pub panics: Vec<Panic>,
    /// The error that `throw` or `fatal` ended it for.
    pub fatal: Option<FatalError>,
    /// The signal that Go's handler took for the end.
    pub signal: Option<CaughtSignal>,
    /// The fault that became a panic or a fatal error.
    pub fault: Option<Fault>,
}

/// A signal that Go's handler caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaughtSignal {
    /// What the kernel told the handler.
    pub info: goheap_image::SignalInfo,
    /// The instruction that it interrupted.
    pub pc: u64,
    /// Its stack pointer.
    pub sp: u64,
    /// Its general registers by DWARF's numbers.
    pub general: Vec<(u16, u64)>,
}

/// An access to memory, or a computation, that the processor refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The signal's number.
    pub signal: u32,
    /// `si_code`.
    pub code: u64,
    /// `si_addr`.
    pub address: u64,
    /// The instruction.
    pub pc: u64,
    /// The stack pointer there, of x86-64; None where it is not known.
    pub sp: Option<u64>,
}

impl RuntimeModel<'_> {
    /// How the process ended: what the thread did that the kernel puts first, or, where that one only took part in printing everybody's
    /// stack, another. None where no thread was ending it.
    pub fn crash(&self) -> Option<Crash> {
        let (machines, mut search) = (Machines::new(self), SignalSearch::default());
        let mut best: Option<Stopped> = None;
        for thread in self.process.core.threads().iter().take(MOST_THREADS) {
            let stopped = self.stopped(thread, &machines, &mut search);
            if best.as_ref().is_none_or(|best| stopped.ended.rank() > best.ended.rank()) {
                best = Some(stopped);
            }
        }
        best.filter(|best| best.ended != Ended::No).map(|best| self.crash_of(best))
    }

    /// The goroutine, with its innermost frames, that the thread ran which the kernel puts first; None where it ran none.
    pub fn first_goroutine(&self) -> Option<(usize, Stack)> {
        let first = self.process.core.threads().first()?;
        let stopped = self.stopped(first, &Machines::new(self), &mut SignalSearch::default());
        stopped.goroutine.zip(stopped.stack)
    }

    /// Indexes of the goroutines, at most `limit`, that panic and run deferred functions at that, with their panics, the first of them
    /// first.
    pub fn panicking(&self, limit: usize) -> Vec<(usize, Vec<Panic>)> {
        let living = self.goroutines.iter().enumerate().filter(|(_, one)| one.panic != 0 && one.status.is_live());
        let panics = living.map(|(index, goroutine)| {
            let mut panics = self.panics(goroutine.panic);
            panics.retain(|panic| !panic.goexit);
            (index, panics)
        });
        panics.filter(|(_, panics)| !panics.is_empty()).take(limit).collect()
    }

    fn crash_of(&self, stopped: Stopped) -> Crash {
        let goroutine = stopped.goroutine.and_then(|index| self.goroutines.get(index));
        let faulted = |stack: &Option<Stack>| self.has_frame(stack.as_ref(), "runtime.sigpanic");
        // Up to 1.20 a fault in C became a fatal error on the system stack, of whose `g` it was.
        let g = if faulted(&stopped.system) { stopped.g0 } else { None };
        let g = g.or_else(|| goroutine.filter(|_| faulted(&stopped.stack)).map(|goroutine| goroutine.address));
        let mut fault = g.and_then(|g| self.fault(g));
        if let Some(fault) = fault.as_mut().filter(|_| self.machine() == Machine::X86_64) {
            let stacks = [&stopped.system, &stopped.stack];
            let mut frames = stacks.into_iter().flatten().flat_map(|stack| &stack.frames);
            let sigpanic = frames.find(|frame| self.frame_name(frame) == *"runtime.sigpanic");
            fault.sp = sigpanic.and_then(|frame| self.sp_below(frame.fp, fault.pc));
        }
        let is_panic = stopped.ended == Ended::Panic;
        let (fatal, signal) = match stopped.ended {
            Ended::Fatal(text) => (Some(self.fatal_error(text)), None),
            Ended::Signal(signal) => (None, Some(signal)),
            Ended::Panic | Ended::No => (None, None),
        };
        Crash {
            goroutine: stopped.goroutine,
            tid: stopped.tid,
            is_panic,
            panics: goroutine.map(|goroutine| self.panics(goroutine.panic)).unwrap_or_default(),
            stack: stopped.stack,
            system: stopped.system,
            fatal,
            signal,
            fault,
        }
    }

    fn fault(&self, g: Address) -> Option<Fault> {
        let (memory, fields) = (self.memory(), &self.layout.g);
        let word = |offset: u64| memory.read_u64(g.add(offset));
        let signal = memory.read_u32(g.add(fields.sig)).filter(|&signal| signal != 0)?;
        Some(Fault {
            signal,
            code: word(fields.sigcode0)?,
            address: word(fields.sigcode1)?,
            pc: word(fields.sigpc)?,
            sp: None,
        })
    }

    /// The stack pointer of code at `pc` of which the handler made a call of `sigpanic`, whose frame ends at `end`: it pushed `pc`, but not
    /// where that is no code of which a return address was pushed last (signal_amd64.go `preparePanic`).
    fn sp_below(&self, end: u64, pc: u64) -> Option<u64> {
        let pushed = end.checked_sub(8)?;
        let word = self.memory().read_u64(Address(pushed))?;
        Some(if word == pc { end } else { pushed })
    }

    fn has_frame(&self, stack: Option<&Stack>, name: &str) -> bool {
        stack.is_some_and(|stack| stack.frames.iter().any(|frame| self.frame_name(frame) == *name))
    }

    fn frame_name(&self, frame: &crate::stack::Frame) -> std::borrow::Cow<'_, str> {
        self.modules[frame.func.module].functions.name(&frame.func)
    }

    /// The signal of another process or of the kernel for this thread where Go's handler did not see it: in code that is not Go's.
    pub fn is_go_code(&self, pc: u64) -> bool {
        self.unwinder().find_func(pc).is_some()
    }
}

/// The thread's own registers.
fn registers(thread: &Thread) -> (u64, u64, u64) {
    let registers = &thread.registers;
    (registers.pc().0, registers.sp().0, registers.lr().map_or(0, |lr| lr.0))
}
