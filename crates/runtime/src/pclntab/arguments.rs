//! The arguments of a call as tracebacks print them (traceback.go `printArgs`, the same 1.17 to 1.27; the program of bytes is
//! cmd/compile/internal/ssagen `emitArgInfo`).

use super::{Func, FuncTable};
use goheap_image::{Address, MemoryImage};
use std::fmt::Write;

const PCDATA_ARG_LIVE_INDEX: u32 = 3;
const FUNCDATA_ARG_INFO: u32 = 5;
const FUNCDATA_ARG_LIVE_INFO: u32 = 6;

const END: u8 = 0xff;
const START_AGGREGATE: u8 = 0xfe;
const END_AGGREGATE: u8 = 0xfd;
const DOTS: u8 = 0xfc;
const OFFSET_TOO_LARGE: u8 = 0xfb;
/// `abi.TraceArgsMaxLen`: ten arguments in five layers.
const MAX_BYTES: u64 = (5 * 3 + 2) * 10 + 1;

/// Which words of the arguments hold at a program counter.
struct Liveness {
    info: Option<Address>,
    index: i32,
    /// Slots below are always live.
    start: u8,
}

impl Liveness {
    fn is_live(&self, memory: &MemoryImage, offset: u8, slot: u8) -> bool {
        let Some(info) = self.info.filter(|_| self.index > 0 && offset >= self.start) else { return true };
        let at = info.add(u64::from(self.index.unsigned_abs()) + u64::from(slot / 8));
        memory.read_u8(at).is_none_or(|bits| bits & (1 << (slot % 8)) != 0)
    }
}

impl FuncTable<'_> {
    /// True if the first `words` words of the arguments hold what was passed, at `pc`: not if they came in registers and their room on
    /// the stack was not written, or not any more.
    pub(crate) fn are_live(&self, memory: &MemoryImage, func: &Func, pc: u64, words: u8) -> bool {
        let liveness = self.liveness(memory, func, pc);
        (0..words).all(|word| {
            let offset = word * 8;
            offset < liveness.start || liveness.is_live(memory, offset, word - liveness.start.div_ceil(8).min(word))
        })
    }

    fn liveness(&self, memory: &MemoryImage, func: &Func, pc: u64) -> Liveness {
        let info = self.funcdata(func, FUNCDATA_ARG_LIVE_INFO);
        let index = self.pcdata(func, PCDATA_ARG_LIVE_INDEX, pc).unwrap_or(-1);
        let start = info.and_then(|info| memory.read_u8(info)).unwrap_or(END);
        Liveness { info, index, start }
    }

    /// What stands between the parentheses of a call of `func` whose arguments begin at `argp`, at `pc`: `0xc000012340, {0x1, 0x2?}`, a
    /// question mark where the word may be stale. Without `values`, `...` for any.
    pub fn arguments(&self, memory: &MemoryImage, func: &Func, argp: u64, pc: u64, values: bool) -> String {
        let Some(program) = self.funcdata(func, FUNCDATA_ARG_INFO) else { return String::new() };
        let byte = |at: u64| memory.read_u8(program.add(at)).filter(|_| at < MAX_BYTES).unwrap_or(END);
        if !values {
            return if byte(0) == END { String::new() } else { "...".to_owned() };
        }
        let liveness = self.liveness(memory, func, pc);
        let start = liveness.start;
        let (mut text, mut at, mut slot, mut is_first) = (String::new(), 0, 0_u8, true);
        loop {
            let op = byte(at);
            at += 1;
            if op == END {
                return text;
            }
            if op != END_AGGREGATE && !is_first {
                text.push_str(", ");
            }
            match op {
                START_AGGREGATE => text.push('{'),
                END_AGGREGATE => text.push('}'),
                DOTS => text.push_str("..."),
                OFFSET_TOO_LARGE => text.push('_'),
                offset => {
                    let mark = if liveness.is_live(memory, offset, slot) { "" } else { "?" };
                    let value = argument(memory, argp.wrapping_add(u64::from(offset)), byte(at));
                    // Writing to a String does not fail.
                    let _ = match value {
                        Some(value) => write!(text, "{value:#x}{mark}"),
                        None => write!(text, "_"),
                    };
                    at += 1;
                    slot = slot.wrapping_add(u8::from(offset >= start));
                }
            }
            is_first = op == START_AGGREGATE;
        }
    }
}

fn argument(memory: &MemoryImage, at: u64, size: u8) -> Option<u64> {
    let mut bytes = [0; 8];
    let size = usize::from(size).min(8);
    memory.read_exact(Address(at), bytes.get_mut(..size)?).then(|| u64::from_le_bytes(bytes))
}
