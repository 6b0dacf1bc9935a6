//! The registers that a signal interrupted, from the frame that the kernel put on the signal stack.

use super::start::numbered;
use goheap_image::{Address, FXSAVE_VECTORS, Machine, MemoryImage, SignalInfo};

/// A signal stack has 32 KiB, with cgo what C asked for.
const MAX_SIGNAL_STACK: u64 = 16 << 20;

/// Bytes of signal stacks that are searched in all: a process may have 10,000 threads (`runtime/debug.SetMaxThreads`). Those of a broken
/// core lie over each other as often as it likes.
const MAX_SEARCHED: u64 = 512 << 20;

/// What may yet be searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignalSearch(u64);

impl Default for SignalSearch {
    fn default() -> Self {
        SignalSearch(MAX_SEARCHED)
    }
}

impl SignalSearch {
    /// True if a stack may be searched as well.
    pub(crate) fn grants(&mut self, (lo, hi): (u64, u64)) -> bool {
        let rest = self.0.checked_sub(hi.saturating_sub(lo).min(MAX_SIGNAL_STACK));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

/// Registers of interrupted code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted {
    pub(crate) pc: u64,
    pub(crate) sp: u64,
    pub(crate) lr: u64,
    /// General registers by DWARF's numbers.
    pub(crate) general: Vec<(u16, u64)>,
    /// The first 8 bytes of vector registers by DWARF's numbers; empty where the frame has none.
    pub(crate) vectors: Vec<(u16, u64)>,
    /// Which signal it was.
    pub(crate) info: Option<SignalInfo>,
}

/// Bytes of `siginfo_t`.
const SIGINFO_BYTES: u64 = 128;
/// Bytes of the kernel's `ucontext` on amd64 (uapi/asm/ucontext.h), behind which `rt_sigframe` has the `siginfo_t`; on arm64 it stands
/// before.
const AMD64_CONTEXT_BYTES: u64 = 304;

/// Every `ucontext` on the signal stack `[lo, hi)` above `sp`, innermost first: a handler that raises a signal of its own, as
/// the crash of GOTRACEBACK=crash does, leaves two.
///
/// Its `uc_stack` is the signal stack itself, which Go sets up by `sigaltstack` with exactly these bounds: three words that
/// nothing else holds together. The kernel's layout is that of sigframe.h: uc_flags, uc_link, uc_stack {sp, flags, size}, then on
/// amd64 `sigcontext`, on arm64 a 128-byte mask and `sigcontext` aligned to 16.
///
/// Whoever asks for the stacks of many threads asks [`SignalSearch`] first.
pub(crate) fn interrupted(
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

/// Bytes of a thread's stack that are searched: the frames of a handler.
const SEARCHED_BYTES: u64 = 64 << 10;
/// `SS_DISABLE`.
const NO_STACK: u64 = 2;

/// The same of a thread without a stack for signals: the kernel put its frames on the stack that was in use, and `uc_stack` says that
/// there is none. Such words may stand anywhere, so a caller checks which signal it was.
pub(crate) fn interrupted_on_own_stack(
    memory: &MemoryImage,
    machine: Machine,
    sp: u64,
) -> impl Iterator<Item = Interrupted> + '_ {
    let start = sp & !7;
    (start..start.saturating_add(SEARCHED_BYTES)).step_by(8).filter_map(move |at| {
        let word = |offset: u64| memory.read_u64(Address(at).add(offset));
        // uc_flags, uc_link; uc_stack. Zeros are most of a stack, so the word that is none is looked at first.
        let is_context = word(24)? == NO_STACK && word(0)? < 16 && word(8)? == 0 && word(16)? == 0 && word(32)? == 0;
        let context = if is_context { read_context(memory, machine, Address(at))? } else { return None };
        (context.sp >= at && context.info.as_ref().is_some_and(|info| info.number != 0)).then_some(context)
    })
}

/// The words of the frames that signals left on `[lo, hi)`, which tell what they are but are no addresses: the stack's bounds and the
/// `siginfo_t`.
pub(crate) fn frame_facts(memory: &MemoryImage, machine: Machine, (lo, hi): (u64, u64)) -> Vec<std::ops::Range<u64>> {
    let end = hi.min(lo.saturating_add(MAX_SIGNAL_STACK)).saturating_sub(24);
    let mut found = Vec::new();
    for at in (lo & !7..end).step_by(8) {
        let word = |offset: u64| memory.read_u64(Address(at).add(offset));
        let is_here = word(0) == Some(lo) && word(16) == Some(hi.wrapping_sub(lo));
        let is_none = word(0) == Some(0) && word(8) == Some(NO_STACK) && word(16) == Some(0);
        let Some(context) = at.checked_sub(16).filter(|_| is_here || is_none) else { continue };
        let info = match machine {
            Machine::X86_64 => context.saturating_add(AMD64_CONTEXT_BYTES),
            Machine::Aarch64 => context.saturating_sub(SIGINFO_BYTES),
        };
        if memory.slice(Address(info), SIGINFO_BYTES).and_then(SignalInfo::parse).is_some_and(|info| info.number < 65) {
            found.extend([context..at.saturating_add(24), info..info.saturating_add(TOLD_BYTES)]);
        }
    }
    found
}

/// Of a `siginfo_t`: which signal, why, and who sent it or where the fault was.
const TOLD_BYTES: u64 = 24;

fn read_context(memory: &MemoryImage, machine: Machine, context: Address) -> Option<Interrupted> {
    let word = |offset: u64| memory.read_u64(context.add(offset));
    let info = match machine {
        Machine::X86_64 => context.add(AMD64_CONTEXT_BYTES),
        Machine::Aarch64 => Address(context.0.wrapping_sub(SIGINFO_BYTES)),
    };
    let vectors = vectors(memory, machine, context).unwrap_or_default();
    let info = memory.slice(info, SIGINFO_BYTES).and_then(SignalInfo::parse);
    match machine {
        Machine::X86_64 => {
            // r8..r15, di, si, bp, bx, dx, ax, cx, sp; then ip
            const NUMBERS: [u16; 16] = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7];
            let registers = (0..17).map(|index| word(40 + index * 8)).collect::<Option<Vec<u64>>>()?;
            let general = NUMBERS.into_iter().zip(registers.iter().copied()).collect();
            Some(Interrupted { pc: registers[16], sp: registers[15], lr: 0, general, vectors, info })
        }
        Machine::Aarch64 => {
            // fault_address, x0..x30, sp, pc
            let registers = (0..33).map(|index| word(176 + 8 + index * 8)).collect::<Option<Vec<u64>>>()?;
            Some(Interrupted {
                pc: registers[32],
                sp: registers[31],
                lr: registers[30],
                general: (0..).zip(registers[..31].iter().copied()).collect(),
                vectors,
                info,
            })
        }
    }
}

/// The vector registers that the kernel saved: on amd64 where a pointer behind the general registers leads, on arm64 in the first of the
/// records behind `sigcontext` (uapi/asm/sigcontext.h).
fn vectors(memory: &MemoryImage, machine: Machine, context: Address) -> Option<Vec<(u16, u64)>> {
    const FPREGS: u64 = 224;
    const RECORDS: u64 = 464;
    const FPSIMD_MAGIC: u32 = 0x4650_8001;
    let (first, count) = match machine {
        Machine::X86_64 => (Address(memory.read_u64(context.add(FPREGS))?).add(FXSAVE_VECTORS), 16),
        Machine::Aarch64 => {
            let record = context.add(RECORDS);
            // Its head, fpsr and fpcr stand before the registers.
            (memory.read_u32(record)? == FPSIMD_MAGIC).then(|| (record.add(16), 32))?
        }
    };
    let words: Option<Vec<u64>> = (0..count).map(|index| memory.read_u64(first.add(index * 16))).collect();
    Some(numbered(machine, words?.into_iter()))
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
    #[test]
    fn stacks_over_each_other_are_searched_up_to_what_a_process_has() {
        let mut search = SignalSearch::default();
        let granted = (0..1000).filter(|_| search.grants((8, u64::MAX))).count();
        assert_eq!(granted as u64, MAX_SEARCHED / MAX_SIGNAL_STACK);
        assert!(!search.grants((8, u64::MAX)) && search.grants((16, 8)));
    }
}
