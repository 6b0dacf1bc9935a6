//! Stacks of the system's threads, and what the kernel maps into every process.

use super::address_map::AddressMap;
use super::part::MemoryPart;
use goheap_image::{Address, MemoryImage, Process, Thread};
use std::ops::Range;

/// How far behind the thread pointer glibc has what it knows of the stack (`struct pthread`: `stackblock`, its size, its guard's).
const PTHREAD_BYTES: u64 = 0x1000;
/// What a thread's own variables and `struct pthread` take above its stack.
const MOST_ABOVE: u64 = 16 << 20;
/// The kernel's pages for variables below the code (`[vvar]`, since 6.13 also `[vvar_vclock]`).
const KERNEL_PAGES: usize = 3;
/// `VSYSCALL_ADDR` of x86-64.
const VSYSCALL: u64 = 0xffff_ffff_ff60_0000;

pub(super) fn claim(map: &mut AddressMap<'_>, process: &Process) {
    let vector = process.core.aux_vector();
    if let Some(stack) = vector.exec_fn().and_then(|name| map.mapping(name.0)).filter(|mapping| mapping.is_writable()) {
        map.claim(stack.start..stack.end, MemoryPart::MainStack);
    }
    kernel(map, vector.vdso());
    for thread in process.core.threads() {
        if let Some(stack) = of_thread(&process.memory, thread) {
            map.claim_writable(stack, MemoryPart::ThreadStacks);
        }
    }
}

fn kernel(map: &mut AddressMap<'_>, vdso: Option<Address>) {
    if let Some(mut at) = vdso.and_then(|vdso| map.mapping(vdso.0)) {
        map.claim(at.start..at.end, MemoryPart::Kernel);
        for _ in 0..KERNEL_PAGES {
            let Some(below) = map.mapping_below(at.start).filter(|below| !below.is_writable()) else { break };
            map.claim(below.start..below.end, MemoryPart::Kernel);
            at = below;
        }
    }
    map.claim(VSYSCALL..VSYSCALL + 4096, MemoryPart::Kernel);
}

/// The stack of a thread that glibc made, its guard included: three words behind the thread pointer say where it lies, how large it is and
/// how large its guard. Where they stand differs between releases; what they must be is the same.
fn of_thread(memory: &MemoryImage, thread: &Thread) -> Option<Range<u64>> {
    told(memory, thread).map(|(_, stack)| stack)
}

/// The three words that say where the stack of a thread lies, where glibc made it.
pub(crate) fn pthread_words(memory: &MemoryImage, thread: &Thread) -> Option<Range<u64>> {
    told(memory, thread).map(|(at, _)| at..at.saturating_add(24))
}

/// Where these words are, and the stack.
fn told(memory: &MemoryImage, thread: &Thread) -> Option<(u64, Range<u64>)> {
    let pointer = thread.fs_base.filter(|base| !base.is_null())?;
    let word = |at: u64| memory.read_u64(pointer.add(at));
    (0..PTHREAD_BYTES).step_by(8).find_map(|at| {
        let (start, len, guard) = (word(at)?, word(at + 8)?, word(at + 16)?);
        let end = start.checked_add(len)?;
        let is_paged = [start, len, guard].iter().all(|word| word.is_multiple_of(4096));
        let holds = start != 0 && start < pointer.0 && pointer.0 < end && end - pointer.0 <= MOST_ABOVE;
        (is_paged && holds && guard < len).then_some((pointer.0.wrapping_add(at), start..end))
    })
}
