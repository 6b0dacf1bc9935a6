//! The registers that a signal interrupted, from the frame that the kernel put on the signal stack.

use goheap_image::{Address, Machine, MemoryImage};

/// A signal stack has 32 KiB, with cgo what C asked for.
const MAX_SIGNAL_STACK: u64 = 16 << 20;

/// Registers of interrupted code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interrupted {
    pub(super) pc: u64,
    pub(super) sp: u64,
    pub(super) lr: u64,
    /// General registers by DWARF's numbers.
    pub(super) general: Vec<(u16, u64)>,
}

/// Every `ucontext` on the signal stack `[lo, hi)` above `sp`, innermost first: a handler that raises a signal of its own, as
/// the crash of GOTRACEBACK=crash does, leaves two.
///
/// Its `uc_stack` is the signal stack itself, which Go sets up by `sigaltstack` with exactly these bounds: three words that
/// nothing else holds together. The kernel's layout is that of sigframe.h: uc_flags, uc_link, uc_stack {sp, flags, size}, then on
/// amd64 `sigcontext`, on arm64 a 128-byte mask and `sigcontext` aligned to 16.
pub(super) fn interrupted(
    memory: &MemoryImage,
    machine: Machine,
    sp: u64,
    stack: (u64, u64),
) -> impl Iterator<Item = Interrupted> + '_ {
    let (lo, hi) = stack;
    let words = if lo < hi && (lo..hi).contains(&sp) {
        let end = hi.min(lo.saturating_add(MAX_SIGNAL_STACK)).saturating_sub(24);
        (sp & !7)..end
    } else {
        // Elsewhere, or a broken core's bounds the wrong way round, which would span all memory.
        0..0
    };
    words.step_by(8).filter_map(move |at| {
        let is_stack = memory.read_u64(Address(at))? == lo && memory.read_u64(Address(at + 16))? == hi.wrapping_sub(lo);
        if is_stack { read_context(memory, machine, Address(at.checked_sub(16)?)) } else { None }
    })
}

fn read_context(memory: &MemoryImage, machine: Machine, context: Address) -> Option<Interrupted> {
    let word = |offset: u64| memory.read_u64(context.add(offset));
    match machine {
        Machine::X86_64 => {
            // r8..r15, di, si, bp, bx, dx, ax, cx, sp; then ip
            const NUMBERS: [u16; 16] = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7];
            let registers = (0..17).map(|index| word(40 + index * 8)).collect::<Option<Vec<u64>>>()?;
            let general = NUMBERS.into_iter().zip(registers.iter().copied()).collect();
            Some(Interrupted { pc: registers[16], sp: registers[15], lr: 0, general })
        }
        Machine::Aarch64 => {
            // fault_address, x0..x30, sp, pc
            let registers = (0..33).map(|index| word(176 + 8 + index * 8)).collect::<Option<Vec<u64>>>()?;
            Some(Interrupted {
                pc: registers[32],
                sp: registers[31],
                lr: registers[30],
                general: (0..).zip(registers[..31].iter().copied()).collect(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_the_wrong_way_round_are_no_stack() {
        let memory = MemoryImage::default();
        let found = |sp, stack| interrupted(&memory, Machine::X86_64, sp, stack).count();
        assert_eq!(found(0x1000, (u64::MAX - 8, 0x1000)), 0);
        assert_eq!(found(0x2000, (0x1000, u64::MAX)), 0);
        assert_eq!(found(0x1010, (0x1000, 0x1008)), 0);
    }
}
