//! Where asynchronous preemption keeps vector registers since 1.26: contents of the program in the runtime's own memory.

use crate::RuntimeModel;
use crate::words::{present_words, read_words};
use foldhash::HashSet;
use goheap_image::{Address, Machine};
use std::ops::Range;

/// Bytes of `runtime.xRegs` (preempt_amd64.go, preempt_arm64.go, 1.26 and 1.27): on amd64 32 registers of 64 and 8 of 8, on arm64 32 of 16.
pub(crate) const fn vector_bytes(machine: Machine) -> u64 {
    match machine {
        Machine::X86_64 => 2112,
        Machine::Aarch64 => 512,
    }
}

/// More blocks than a process has threads and goroutines stopped anywhere.
const MOST_FREE: usize = 1 << 16;
/// `runtime.fixalloc` (mfixalloc.go, 1.26 and 1.27) in words: `size`, `first`, `arg`, `list`, `chunk`, `nchunk` and `nalloc`, `inuse`, `stat`.
const FIXALLOC_WORDS: usize = 8;

/// What `runtime.xRegs` of all goroutines and processors were saved to.
#[derive(Clone, Debug, Default)]
pub struct VectorRegisters {
    /// Of goroutines that were stopped anywhere (`g.xRegs.state`): they go on with these.
    pub of_goroutines: Vec<Range<u64>>,
    /// What nothing reads any more: `p.xRegs.scratch`, the block that `p.xRegs.cache` leads to, and freed blocks behind their first word.
    pub left_over: Vec<Range<u64>>,
}

impl RuntimeModel<'_> {
    /// Where vector registers were saved; none before 1.26.
    pub fn vector_registers(&self) -> VectorRegisters {
        let bytes = vector_bytes(self.machine());
        let block = |at: u64| at..at.saturating_add(bytes);
        let pointer = |at: Address| self.memory().read_u64(at).filter(|&word| word != 0);
        let state = |at: u64| self.goroutines.iter().filter_map(move |goroutine| pointer(goroutine.address.add(at)));
        let of_goroutines = self.layout.g.x_regs.into_iter().flat_map(state).map(block).collect();
        let mut left_over = Vec::new();
        if let Some(at) = self.layout.p.x_regs {
            for processor in &self.processors {
                let scratch = processor.add(at);
                left_over.push(block(scratch.0));
                left_over.extend(pointer(scratch.add(bytes)).map(block));
            }
            left_over.extend(
                self.free_vector_blocks(bytes).into_iter().map(|at| at.saturating_add(8)..at.saturating_add(bytes)),
            );
        }
        VectorRegisters { of_goroutines, left_over }
    }

    /// The blocks that `runtime.xRegAlloc` has to give out again. It is told among the zeroed variables by the size of its blocks, which
    /// no other allocator has.
    fn free_vector_blocks(&self, bytes: u64) -> Vec<u64> {
        let (mut found, mut met) = (Vec::new(), HashSet::default());
        let sections = self.modules.first().map(|module| [&module.bss, &module.noptrbss]);
        for list in sections.into_iter().flatten().flat_map(|section| self.vector_lists(section, bytes)) {
            let mut next = list;
            while next != 0 && met.len() < MOST_FREE && met.insert(next) {
                found.push(next);
                next = self.memory().read_u64(Address(next)).unwrap_or(0);
            }
        }
        found
    }

    /// The first free blocks of what looks like it; what is absent of the section hides nothing of the rest.
    fn vector_lists(&self, section: &Range<u64>, bytes: u64) -> Vec<u64> {
        let memory = self.memory();
        let sizes = present_words(memory, section, u64::MAX).filter(|&at| memory.read_u64(at) == Some(bytes));
        let list = |at: Address| match read_words(memory, at, FIXALLOC_WORDS)?[..] {
            [_, 0, 0, list, _, _, _, stat] if stat != 0 => Some(list),
            _ => None,
        };
        sizes.filter_map(list).collect()
    }
}
