//! From a program counter to file and line, and to the calls that the compiler inlined there (symtab.go, symtabinl.go).
//!
//! All of it is in pclntab, which stripping does not remove: `pcfile` and `pcln` give the position of the innermost call; the
//! inline tree gives each inlined function's name and an instruction whose position is that of the call.

use super::{Func, FuncTable};
use crate::words::half_at;
use goheap_image::{Address, MemoryImage};
use goheap_model::InlineFrame;
use std::borrow::Cow;

const PCDATA_INL_TREE_INDEX: u32 = 2;
const FUNCDATA_INL_TREE: u32 = 3;
/// Calls are not inlined deeper: the compiler's budget ends before. A bound on what a broken tree can ask for.
const MAX_INLINED: usize = 1000;
/// No inline tree has more records.
const MAX_RECORDS: i32 = 1 << 20;

/// Where `runtime.inlinedCall` keeps what is read of it.
struct InlinedCallLayout {
    size: u64,
    func_id: u64,
    name_off: u64,
    parent_pc: u64,
    start_line: Option<u64>,
}

/// Up to 1.19 `{parent i16, funcID u8, _, file, line, func_, parentPc}`, then `{funcID u8, _, nameOff, parentPc, startLine}`.
const INLINED_CALL: [(u32, InlinedCallLayout); 2] = [
    (0, InlinedCallLayout { size: 20, func_id: 2, name_off: 12, parent_pc: 16, start_line: None }),
    (20, InlinedCallLayout { size: 16, func_id: 0, name_off: 4, parent_pc: 8, start_line: Some(12) }),
];

/// One inlined call as the tree has it.
struct InlinedCall {
    function: String,
    /// An instruction of the caller at the position of the call.
    parent: u64,
    func_id: u8,
    start_line: u32,
}

impl FuncTable<'_> {
    /// File and line of the instruction at `pc`, those of the innermost inlined call (`runtime.funcline1`). For a frame that has made
    /// a call pass the return address minus one.
    pub fn position(&self, func: &Func, pc: u64) -> Option<(String, u32)> {
        let file = self.pc_value(func.pcfile, func.entry, pc).filter(|&file| file >= 0)?;
        let line = self.pc_value(func.pcln, func.entry, pc)?;
        let unit = usize::try_from(func.cu_offset.checked_add(u32::try_from(file).ok()?)?).ok()?;
        let offset = half_at(&self.cutab, unit.checked_mul(4)?).filter(|&offset| offset != u32::MAX)?;
        let name = text_at(&self.files, usize::try_from(offset).ok()?);
        Some((name.into_owned(), u32::try_from(line).ok()?))
    }

    /// The calls at `pc`, the innermost first, the function itself last.
    ///
    /// As the runtime's own tracebacks have them: where the optimiser removed the instruction that stood for a call, the calls
    /// between the innermost and the function are missing (about 0.1 % of the program counters that `tests/positions.rs` samples).
    pub fn inline_stack(&self, memory: &MemoryImage, func: &Func, pc: u64) -> Vec<InlineFrame> {
        self.inline_calls(memory, func, pc).into_iter().map(|(_, frame)| frame).collect()
    }

    /// The same, each with the instruction that stands for the call: `pc` of the innermost, of the others one of the caller's.
    pub fn inline_calls(&self, memory: &MemoryImage, func: &Func, pc: u64) -> Vec<(u64, InlineFrame)> {
        let mut frames = Vec::new();
        let mut pc = pc;
        while frames.len() < MAX_INLINED {
            let Some(call) = self.inlined_call(memory, func, pc) else { break };
            let (file, line) = self.position(func, pc).unwrap_or_default();
            let InlinedCall { function, func_id, start_line, .. } = call;
            frames.push((pc, InlineFrame { function, file, line, is_inlined: true, func_id, start_line }));
            // The tree leads outwards; one that does not is broken.
            if call.parent == pc {
                break;
            }
            pc = call.parent;
        }
        let (file, line) = self.position(func, pc).unwrap_or_default();
        let function = self.name(func).into_owned();
        let start_line = self.start_line(func);
        frames.push((pc, InlineFrame { function, file, line, is_inlined: false, func_id: func.id, start_line }));
        frames
    }

    fn start_line(&self, func: &Func) -> u32 {
        let at = self.fields.start_line.and_then(|at| func.record.checked_add(usize::try_from(at).ok()?));
        at.and_then(|at| half_at(&self.pclntable, at)).unwrap_or(0)
    }

    /// The innermost call inlined at `pc`.
    fn inlined_call(&self, memory: &MemoryImage, func: &Func, pc: u64) -> Option<InlinedCall> {
        let tree = self.funcdata(func, FUNCDATA_INL_TREE)?;
        let index = self.pcdata(func, PCDATA_INL_TREE_INDEX, pc).filter(|index| (0..MAX_RECORDS).contains(index))?;
        let layout = &INLINED_CALL.iter().rev().find(|row| row.0 <= self.minor)?.1;
        let record = Address(tree.0.wrapping_add(u64::try_from(index).ok()?.wrapping_mul(layout.size)));
        let half = |offset: u64| memory.read_u32(record.add(offset));
        let name = usize::try_from(half(layout.name_off)?).ok()?;
        let parent = func.entry.wrapping_add(u64::from(half(layout.parent_pc)?));
        let func_id = memory.read_u8(record.add(layout.func_id))?;
        let start_line = layout.start_line.and_then(half).unwrap_or(0);
        Some(InlinedCall { function: text_at(&self.names, name).into_owned(), parent, func_id, start_line })
    }
}

/// Names of instantiated functions have some thousand bytes. What a name of a broken table has to its end may be all of the table, for
/// each of as many functions.
const LONGEST_TEXT: usize = 1 << 16;

/// The text at `at` up to its zero byte.
pub(super) fn text_at(table: &[u8], at: usize) -> Cow<'_, str> {
    let tail = table.get(at..).unwrap_or_default();
    let tail = tail.get(..LONGEST_TEXT).unwrap_or(tail);
    let end = tail.iter().position(|&byte| byte == 0).unwrap_or(tail.len());
    String::from_utf8_lossy(&tail[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_an_end_is_cut() {
        let table = vec![b'a'; 1 << 20];
        assert_eq!(text_at(&table, 0).len(), LONGEST_TEXT);
        assert_eq!(text_at(&table, table.len() - 3), "aaa");
        assert_eq!(text_at(b"main.a\0main.b\0", 7), "main.b");
        assert_eq!(text_at(b"", 7), "");
    }
}
