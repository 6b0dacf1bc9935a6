//! Where to begin on a goroutine's stack: saved registers, or those of the thread that was running it.

use super::signal::{Interrupted, interrupted};
use crate::constants::GoroutineStatus;
use crate::goroutine::{Goroutine, MachineThread};
use goheap_image::{Machine, MemoryImage, Thread};
use rustc_hash::FxHashMap;

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
    threads: &'a [Thread],
    machine_threads: &'a FxHashMap<u64, MachineThread>,
}

impl<'a> ThreadIndex<'a> {
    /// Joins the core's threads with the runtime's.
    pub fn new(
        memory: &'a MemoryImage,
        machine: Machine,
        threads: &'a [Thread],
        machine_threads: &'a FxHashMap<u64, MachineThread>,
    ) -> Self {
        ThreadIndex { memory, machine, threads, machine_threads }
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
        let by_id = machine_thread.and_then(|m| self.threads.iter().find(|thread| u64::from(thread.tid) == m.procid));
        // A core taken from outside a container has other thread ids than the runtime knew.
        let by_stack = || self.threads.iter().find(|thread| goroutine.on_stack(thread.registers.sp().0));
        let by_signal = || {
            let m = machine_thread?;
            self.threads.iter().find(|thread| contains(m.signal_stack, thread.registers.sp().0))
        };
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
        let signal_stack = machine_thread?.signal_stack;
        let interrupted = interrupted(self.memory, self.machine, registers.sp().0, signal_stack)
            .find(|interrupted| goroutine.on_stack(interrupted.sp))?;
        let Interrupted { pc, sp, lr, general, vectors, .. } = interrupted;
        Some(StartPoint { pc, sp, lr, registers: general, vectors })
    }
}

fn contains(stack: (u64, u64), address: u64) -> bool {
    stack.0 <= address && address < stack.1
}
