//! Variables told by the code that uses them: function names survive stripping, and so do their operands.

use super::Search;
use super::signature::MAX_PROCESSORS;
use crate::module::ModuleData;
use crate::words::read_slice;
use goheap_image::{Address, Machine, MemoryImage};
use std::collections::BTreeSet;

/// Code of one function that is searched.
const MAX_CODE: u64 = 1 << 16;
const FINALIZER_BLOCK_ENTRIES: u32 = 101;
const CLEANUP_BLOCK_ENTRIES: u32 = 60;

/// The words that `runtime.queuefinalizer` names and that point to blocks of finalizers: `allfin` and `finq`.
pub(super) fn find_finalizer_blocks(search: &Search<'_>) -> Vec<Address> {
    let is_list = |at: &Address| points_to_block(search, *at, 16, FINALIZER_BLOCK_ENTRIES, 24);
    search_operands(search, &["runtime.queuefinalizer"]).into_iter().map(Address).filter(is_list).collect()
}

/// `gcCleanups.all`, from the code that takes cleanups from the queue (since 1.25).
pub(super) fn find_cleanup_blocks(search: &Search<'_>) -> Vec<Address> {
    let all = search.cleanup_all_offset();
    let is_list = |at: &Address| points_to_block(search, *at, 24, CLEANUP_BLOCK_ENTRIES, 32);
    search_operands(search, &["runtime.runCleanups"])
        .into_iter()
        .map(|queue| Address(queue).add(all))
        .filter(is_list)
        .collect()
}

/// `allPools` and `oldPools` of package sync, from the code that empties them at each collection: slices of pointers to pools.
pub(super) fn find_pool_lists(search: &Search<'_>) -> Vec<Address> {
    let is_list = |at: &Address| {
        let Some(list) = read_slice(search.memory, *at).filter(|list| list.len > 0) else { return false };
        let first = search.memory.read_u64(list.data).unwrap_or(0);
        !search.module.holds_variable(list.data.0) && is_pool(search, Address(first))
    };
    search_operands(search, &["sync.poolCleanup"]).into_iter().map(Address).filter(is_list).collect()
}

/// `sync.Pool`: two arrays of one element a P, each with its length, of which a listed pool has one. What is found empty of the victims
/// has its length set to 0 and is kept (pool.go `getSlow`).
fn is_pool(search: &Search<'_>, pool: Address) -> bool {
    let word = |offset: u64| search.memory.read_u64(pool.add(offset));
    let is_array = |start: Option<u64>, len: Option<u64>| match (start, len) {
        (Some(0), Some(0)) => Some(false),
        (Some(1..), Some(..=MAX_PROCESSORS)) => Some(true),
        _ => None,
    };
    let arrays = (is_array(word(0), word(8)), is_array(word(16), word(24)));
    matches!(arrays, (Some(local), Some(victim)) if local || victim)
}

/// True if the word at `at` points outside the module's variables to a block of calls: the count at `count` is in bounds and
/// positive, and the first entry's first word, at `entries`, is a func value of this program or of a plugin.
fn points_to_block(search: &Search<'_>, at: Address, count: u64, limit: u32, entries: u64) -> bool {
    let memory = search.memory;
    let first_code = |block: u64| {
        let func = memory.read_u64(Address(block).add(entries))?;
        memory.read_u64(Address(func))
    };
    memory.read_u64(at).is_some_and(|block| {
        block != 0
            && block.is_multiple_of(8)
            && !search.module.holds_variable(block)
            && memory.read_u32(Address(block).add(count)).is_some_and(|entries| (1..=limit).contains(&entries))
            && first_code(block).is_some_and(|pc| search.is_code(pc))
    })
}

/// `memstats`, from the code that ends a collection, which names its counters at known distances. Not each by its own address in every
/// release, and others stand beside them: what they hold tells.
pub(super) fn find_memstats(search: &Search<'_>) -> Option<Address> {
    let fields = &search.layout.mstats;
    let offsets = [fields.numgc, fields.last_gc_unix, fields.last_gc_nanotime, fields.pause_total_ns];
    let found = search_operands(search, &["runtime.gcMarkTermination"]);
    let named = |base: u64| offsets.iter().filter(|&&offset| found.contains(&base.wrapping_add(offset))).count();
    let bases: BTreeSet<u64> =
        found.iter().flat_map(|at| offsets.iter().filter_map(|offset| at.checked_sub(*offset))).collect();
    let word = |base: u64, offset: u64| search.memory.read_u64(Address(base).add(offset));
    let counts = |base: u64, offset: u64| search.memory.read_u32(Address(base).add(offset));
    let has_collected = |base: &u64| {
        let collections = counts(*base, fields.numgc).unwrap_or(0);
        collections > 0
            && counts(*base, fields.numforcedgc).is_some_and(|forced| forced <= collections)
            && word(*base, fields.last_gc_unix).is_some_and(|last| WALL_CLOCK.contains(&last))
            && word(*base, fields.last_gc_nanotime).is_some_and(|last| CLOCK.contains(&last))
            && word(*base, fields.pause_total_ns).is_some_and(|pauses| CLOCK.contains(&pauses))
    };
    let mut those = bases.iter().copied().filter(|&base| named(base) >= 3).filter(has_collected);
    let first = those.next();
    if first.is_some() {
        // Two candidates are no answer.
        return first.filter(|_| those.next().is_none()).map(Address);
    }
    let is_new = |base: &u64| offsets.iter().all(|&offset| word(*base, offset) == Some(0));
    bases.iter().copied().find(|&base| named(base) == offsets.len() && is_new(&base)).map(Address)
}

/// Nanoseconds since 1970 of the years that Go programs run in, 2009 to 2103.
const WALL_CLOCK: std::ops::Range<u64> = 1_230_000_000_000_000_000..4_200_000_000_000_000_000;
/// Nanoseconds of a machine that is up, for three years at the most.
const CLOCK: std::ops::Range<u64> = 1..100_000_000_000_000_000;

/// `gcController`, from the code that sets it up and that which settles the next goal (since 1.19).
pub(super) fn find_gc_controller(search: &Search<'_>) -> Option<Address> {
    let fields = &search.layout.gc_controller;
    let limit = fields.memory_limit?;
    let (made, settled) =
        (search_operands(search, &["runtime.gcinit"]), search_operands(search, &["runtime.gcControllerCommit"]));
    let is_base = |base: &u64| {
        let percent = search.memory.read_u32(Address(*base).add(fields.gc_percent)).map(|percent| percent as i32);
        settled.contains(base)
            && settled.contains(&base.wrapping_add(limit))
            && percent.is_some_and(|percent| percent >= -1)
            && search.memory.read_u64(Address(*base).add(limit)).is_some_and(|limit| limit <= i64::MAX as u64)
    };
    let mut bases = made.iter().filter(|&base| is_base(base));
    let first = bases.next();
    // Two candidates are no answer.
    first.filter(|_| bases.next().is_none()).map(|&base| Address(base))
}

/// Bytes of `runtime.printBacklog` (print.go, 1.17 to 1.27).
pub(crate) const BACKLOG_BYTES: usize = 512;

/// `printBacklog` and `printBacklogIndex`, from the code that fills it: text, and a number below its size that says where it goes on.
pub(super) fn find_print_backlog(search: &Search<'_>) -> Option<(Address, Address)> {
    let memory = search.memory;
    let found = search_operands(search, &["runtime.recordForPanic", "runtime.gwrite"]);
    let is_text = |bytes: &[u8]| {
        let is_printed = |byte: &u8| *byte == 0 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b) || *byte >= b' ';
        bytes.iter().all(is_printed) && bytes.iter().any(|&byte| byte != 0)
    };
    let is_backlog = |at: u64| memory.slice(Address(at), BACKLOG_BYTES as u64).is_some_and(is_text);
    let goes_on = |text: u64, index: u64| {
        let next = memory.read_u64(Address(index)).filter(|&next| next < BACKLOG_BYTES as u64)?;
        // What was printed last ends its line, unless the process died within one; unwritten bytes are zero.
        let last = memory.read_u8(Address(text + next.checked_sub(1).unwrap_or(BACKLOG_BYTES as u64 - 1)))?;
        Some(last == b'\n')
    };
    let pairs = found.iter().filter(|&&text| is_backlog(text)).flat_map(|&text| {
        let indexes = found.iter().filter(move |&&index| index != text && goes_on(text, index) == Some(true));
        indexes.map(move |&index| (Address(text), Address(index)))
    });
    let pairs: Vec<_> = pairs.take(2).collect();
    if let [only] = *pairs { Some(only) } else { None }
}

fn search_operands(search: &Search<'_>, names: &[&str]) -> BTreeSet<u64> {
    operands(search.memory, search.machine, search.module, names)
}

/// Addresses of variables, of words, that the named functions' code refers to.
pub(crate) fn operands(
    memory: &MemoryImage,
    machine: Machine,
    module: &ModuleData<'_>,
    names: &[&str],
) -> BTreeSet<u64> {
    let functions = &module.functions;
    let mut found = BTreeSet::new();
    let mut all = functions.iter().peekable();
    while let Some(func) = all.next() {
        if !names.contains(&&*functions.name(&func)) {
            continue;
        }
        let end = all.peek().map_or(module.text.end, |next| next.entry);
        let len = end.saturating_sub(func.entry).min(MAX_CODE);
        let code = usize::try_from(len).ok().and_then(|len| memory.bytes(Address(func.entry), len));
        if let Some(code) = code {
            match machine {
                Machine::X86_64 => relative_operands(&code, func.entry, &mut found),
                Machine::Aarch64 => page_operands(&code, func.entry, &mut found),
            }
        }
    }
    found.retain(|&address| address % 8 == 0 && module.holds_variable(address));
    found
}

/// amd64: every four bytes that, taken as a displacement from their end, could be an operand. Which of them are is told by what
/// lies there.
fn relative_operands(code: &[u8], entry: u64, found: &mut BTreeSet<u64>) {
    for (at, bytes) in code.windows(4).enumerate() {
        let displacement = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        found.insert(entry.wrapping_add(at as u64 + 4).wrapping_add_signed(i64::from(displacement)));
    }
}

/// arm64: ADRP followed by an ADD, load or store of eight bytes on the same register.
fn page_operands(code: &[u8], entry: u64, found: &mut BTreeSet<u64>) {
    let mut pages = [None::<u64>; 32];
    for (index, bytes) in code.as_chunks::<4>().0.iter().enumerate() {
        let word = u32::from_le_bytes(*bytes);
        let (target, base) = ((word & 31) as usize, (word >> 5 & 31) as usize);
        if word & 0x9f00_0000 == 0x9000_0000 {
            let pages_away = ((word >> 5 & 0x7_ffff) << 2 | word >> 29 & 3) << 11;
            let distance = i64::from(pages_away as i32 >> 11) << 12;
            let pc = entry.wrapping_add(index as u64 * 4) & !0xfff;
            pages[target] = Some(pc.wrapping_add_signed(distance));
            continue;
        }
        let immediate = u64::from(word >> 10 & 0xfff);
        let offset = match word & 0xffc0_0000 {
            0x9100_0000 => immediate,
            0xf940_0000 | 0xf900_0000 => immediate * 8,
            _ => continue,
        };
        if let Some(page) = pages[base] {
            found.insert(page.wrapping_add(offset));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_displacements_and_pages() {
        let mut found = BTreeSet::new();
        // mov rax, [rip+0x100]
        relative_operands(&[0x48, 0x8b, 0x05, 0, 1, 0, 0], 0x1000, &mut found);
        assert!(found.contains(&0x1107));
        let mut found = BTreeSet::new();
        // adrp x27, +1 page; ldr x0, [x27, #16]
        let code = [0xb000_001b_u32, 0xf940_0b60].map(u32::to_le_bytes).concat();
        page_operands(&code, 0x1_0000, &mut found);
        assert!(found.contains(&0x1_1010), "{found:x?}");
    }
}
