//! Where to begin on a goroutine's stack: saved registers, or those of the thread that was running it.

use super::signal::{Interrupted, SignalSearch, interrupted};
use crate::constants::GoroutineStatus;
use crate::goroutine::{Goroutine, MachineThread};
use foldhash::{HashMap, HashSet};
use goheap_image::{Machine, MemoryImage, Thread};

/// Registers at which a walk begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartPoint {
    /// Program counter.
    pub pc: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Link register, or 0.
    pub lr: u64,
    /// The thread's general registers where it was stopped at an arbitrary instruction on this stack: they may hold the only
    /// pointer to an object, and no stack map tells which do. With DWARF's numbers. Empty where the goroutine stopped itself.
    pub registers: Vec<(u16, u64)>,
    /// The first 8 bytes of the vector registers at the same instruction, with DWARF's numbers: floating point variables. They are not
    /// looked through for pointers.
    pub vectors: Vec<(u16, u64)>,
}

/// Vector registers in order, with DWARF's numbers (x86-64 psABI, AArch64 DWARF ABI).
pub(super) fn numbered(machine: Machine, vectors: impl Iterator<Item = u64>) -> Vec<(u16, u64)> {
    let first = match machine {
        Machine::X86_64 => 17,
        Machine::Aarch64 => 64,
    };
    (first..).zip(vectors).collect()
}

/// The core's threads by what the runtime calls them.
pub struct ThreadIndex<'a> {
    memory: &'a MemoryImage,
    machine: Machine,
    machine_threads: &'a HashMap<u64, MachineThread>,
    by_tid: HashMap<u64, &'a Thread>,
    /// In the order of their stack pointers: goroutines and threads of a broken core are as many as it likes.
    by_sp: Vec<&'a Thread>,
    /// Addresses of `m` whose stacks for signals are not searched: none, but in a broken core.
    unsearched: HashSet<u64>,
}

impl<'a> ThreadIndex<'a> {
    /// Joins the core's threads with the runtime's.
    pub fn new(
        memory: &'a MemoryImage,
        machine: Machine,
        threads: &'a [Thread],
        machine_threads: &'a HashMap<u64, MachineThread>,
    ) -> Self {
        let by_tid = threads.iter().rev().map(|thread| (u64::from(thread.tid), thread)).collect();
        let mut by_sp: Vec<&Thread> = threads.iter().collect();
        by_sp.sort_by_key(|thread| thread.registers.sp());
        ThreadIndex { memory, machine, machine_threads, by_tid, by_sp, unsearched: unsearched(machine_threads) }
    }

    /// The thread that stands on this stack.
    fn thread_on(&self, (lo, hi): (u64, u64)) -> Option<&'a Thread> {
        let sp = |thread: &Thread| thread.registers.sp().0;
        let first = self.by_sp.partition_point(|thread| sp(thread) < lo);
        self.by_sp.get(first).copied().filter(|thread| sp(thread) < hi)
    }

    /// Where `goroutine`'s stack begins.
    pub fn start(&self, goroutine: &Goroutine) -> StartPoint {
        if goroutine.syscall.0 != 0 {
            return StartPoint { pc: goroutine.syscall.1, sp: goroutine.syscall.0, lr: 0, ..StartPoint::default() };
        }
        if goroutine.status == GoroutineStatus::Running
            && let Some(start) = self.running(goroutine)
        {
            return start;
        }
        let sched = goroutine.sched;
        let lr = if self.machine == Machine::Aarch64 { sched.lr } else { 0 };
        StartPoint { pc: sched.pc, sp: sched.sp, lr, ..StartPoint::default() }
    }

    /// The registers of the thread that runs `goroutine`, if its Go code was on this stack; None where the thread was on its
    /// system stack, for which it saved the goroutine's registers as for a switch.
    fn running(&self, goroutine: &Goroutine) -> Option<StartPoint> {
        let machine_thread = self.machine_threads.get(&goroutine.m.0);
        let by_id = machine_thread.and_then(|m| self.by_tid.get(&m.procid).copied());
        // A core taken from outside a container has other thread ids than the runtime knew.
        let by_stack = || self.thread_on(goroutine.stack);
        let by_signal = || self.thread_on(machine_thread?.signal_stack);
        if let Some((sp, pc)) = machine_thread.map(|m| m.vdso).filter(|vdso| goroutine.on_stack(vdso.0)) {
            return Some(StartPoint { pc, sp, lr: 0, ..StartPoint::default() });
        }
        let thread = by_id.or_else(by_stack).or_else(by_signal)?;
        let registers = &thread.registers;
        if goroutine.on_stack(registers.sp().0) {
            return Some(StartPoint {
                pc: registers.pc().0,
                sp: registers.sp().0,
                lr: registers.lr().map_or(0, |lr| lr.0),
                registers: (0..).zip(registers.general().iter().copied()).collect(),
                vectors: numbered(self.machine, thread.vectors.iter().copied()),
            });
        }
        let machine_thread = machine_thread?;
        // A thread runs one goroutine. Of others in a broken core it is not known where they were: the stack counts as broken, and every
        // word of it may be a pointer.
        if machine_thread.curg != goroutine.address || self.unsearched.contains(&machine_thread.address.0) {
            return Some(StartPoint { pc: u64::MAX, sp: goroutine.stack.0, lr: 0, ..StartPoint::default() });
        }
        let signal_stack = machine_thread.signal_stack;
        let mut found = interrupted(self.memory, self.machine, registers.sp().0, signal_stack);
        let found = found.find(|interrupted| goroutine.on_stack(interrupted.sp))?;
        let Interrupted { pc, sp, lr, general, vectors, .. } = found;
        Some(StartPoint { pc, sp, lr, registers: general, vectors })
    }
}

fn unsearched(machine_threads: &HashMap<u64, MachineThread>) -> HashSet<u64> {
    let mut all: Vec<&MachineThread> = machine_threads.values().collect();
    all.sort_unstable_by_key(|machine| machine.address);
    let mut search = SignalSearch::default();
    all.iter().filter(|machine| !search.grants(machine.signal_stack)).map(|machine| machine.address.0).collect()
}
