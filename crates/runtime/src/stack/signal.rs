//! The registers that a signal interrupted, from the frame that the kernel put on the signal stack.

use goheap_image::{Address, Machine, MemoryImage};

/// Registers of interrupted code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interrupted {
    pub(super) pc: u64,
    pub(super) sp: u64,
    pub(super) lr: u64,
    pub(super) general: Vec<u64>,
}

/// Finds the innermost `ucontext` on the signal stack `[lo, hi)` above `sp`.
///
/// Its `uc_stack` is the signal stack itself, which Go sets up by `sigaltstack` with exactly these bounds: three words that
/// nothing else holds together. The kernel's layout is that of sigframe.h: uc_flags, uc_link, uc_stack {sp, flags, size}, then on
/// amd64 `sigcontext`, on arm64 a 128-byte mask and `sigcontext` aligned to 16.
pub(super) fn find_interrupted(
    memory: &MemoryImage,
    machine: Machine,
    sp: u64,
    stack: (u64, u64),
) -> Option<Interrupted> {
    let (lo, hi) = stack;
    let size = hi.checked_sub(lo).filter(|&size| size > 0)?;
    if sp < lo || sp >= hi {
        return None;
    }
    (sp.next_multiple_of(8)..hi.saturating_sub(24)).step_by(8).find_map(|at| {
        let is_stack = memory.read_u64(Address(at))? == lo && memory.read_u64(Address(at + 16))? == size;
        if is_stack { read_context(memory, machine, Address(at - 16)) } else { None }
    })
}

fn read_context(memory: &MemoryImage, machine: Machine, context: Address) -> Option<Interrupted> {
    let word = |offset: u64| memory.read_u64(context.add(offset));
    match machine {
        Machine::X86_64 => {
            // r8..r15, di, si, bp, bx, dx, ax, cx, sp, ip
            let registers = (0..17).map(|index| word(40 + index * 8)).collect::<Option<Vec<u64>>>()?;
            Some(Interrupted { pc: registers[16], sp: registers[15], lr: 0, general: registers[..15].to_vec() })
        }
        Machine::Aarch64 => {
            // fault_address, x0..x30, sp, pc
            let registers = (0..33).map(|index| word(176 + 8 + index * 8)).collect::<Option<Vec<u64>>>()?;
            Some(Interrupted {
                pc: registers[32],
                sp: registers[31],
                lr: registers[30],
                general: registers[..31].to_vec(),
            })
        }
    }
}
