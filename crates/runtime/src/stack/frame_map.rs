//! The pointer words of one frame, as the compiler recorded them (stkframe.go `getStackMap`).

use super::unwind::{Frame, Unwinder};
use crate::bits;
use crate::pclntab::{FUNCDATA_ARGS_POINTER_MAPS, FUNCDATA_LOCALS_POINTER_MAPS, PCDATA_STACK_MAP_INDEX};
use goheap_image::{Address, Machine};
use goheap_model::BitVector;

/// Bits of one stack map: a frame of 1 GB has fewer words.
const MAX_BITS: u32 = 1 << 27;

/// The live pointer words of a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FrameMap {
    /// First address and mask of the locals.
    pub(super) locals: (u64, BitVector),
    /// First address and mask of the arguments and results.
    pub(super) args: (u64, BitVector),
    /// True for reflect's stubs, which keep an `abi.RegArgs` that no funcdata describes.
    pub(super) is_reflect_stub: bool,
}

/// The map of `frame`, of at most `most` words; None where the function should have one and has not.
pub(super) fn frame_map(unwinder: &Unwinder<'_>, frame: &Frame, most: u64) -> Option<FrameMap> {
    if frame.continpc == 0 {
        return Some(FrameMap::default());
    }
    let functions = unwinder.functions(frame);
    let index = if frame.continpc == frame.func.entry {
        None
    } else {
        functions.pcdata(&frame.func, PCDATA_STACK_MAP_INDEX, frame.continpc.wrapping_sub(1))
    };
    // Without an index the pc is in the prologue, where the first map holds.
    let index = index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
    let mut map = FrameMap::default();
    let smallest = if unwinder.machine == Machine::Aarch64 { 16 } else { 0 };
    if frame.varp.saturating_sub(frame.sp) > smallest {
        let table = functions.funcdata(&frame.func, FUNCDATA_LOCALS_POINTER_MAPS)?;
        let bits = stack_map(unwinder, table, index, most)?;
        map.locals = (frame.varp.checked_sub(bits.len as u64 * 8)?, bits);
    }
    match frame.func.args {
        Some(0) => {}
        Some(_) => {
            let table = functions.funcdata(&frame.func, FUNCDATA_ARGS_POINTER_MAPS)?;
            map.args = (frame.argp, stack_map(unwinder, table, index, most)?);
        }
        None => reflect_args(unwinder, frame, &mut map),
    }
    Some(map)
}

/// `runtime.stackmap`: how many maps, bits in each, then the maps byte-aligned one after another.
fn stack_map(unwinder: &Unwinder<'_>, table: Address, index: u32, most: u64) -> Option<BitVector> {
    let count = unwinder.memory.read_u32(table)?;
    let bits = unwinder.memory.read_u32(table.add(4))?;
    if bits == 0 {
        return Some(BitVector::default());
    }
    if index >= count || bits > MAX_BITS || u64::from(bits) > most {
        return None;
    }
    let start = 8 + u64::from(index) * u64::from(bits.div_ceil(8));
    bits::read(unwinder.memory, table.add(start), usize::try_from(bits).ok()?)
}

/// Arguments of `reflect.makeFuncStub` and `reflect.methodValueCall`, whose map is in the `reflectMethodValue` {fn, stack,
/// argLen} that they save at the bottom of their frame.
fn reflect_args(unwinder: &Unwinder<'_>, frame: &Frame, map: &mut FrameMap) {
    let name = unwinder.functions(frame).name(&frame.func);
    if !matches!(&*name, "reflect.makeFuncStub" | "reflect.methodValueCall") {
        return;
    }
    let memory = unwinder.memory;
    let arm64 = unwinder.machine == Machine::Aarch64;
    let saved = frame.sp.wrapping_add(if arm64 { 8 } else { 0 });
    let end = if arm64 { frame.fp } else { frame.fp - 8 };
    if saved >= end {
        return;
    }
    map.is_reflect_stub = true;
    let read = || {
        let value = Address(memory.read_u64(Address(saved))?);
        let results_valid = memory.read_u8(Address(saved).add(32))? != 0;
        let mut bits = bits::read_header(memory, Address(memory.read_u64(value.add(8))?))?;
        if !results_valid {
            let args = usize::try_from(memory.read_u64(value.add(16))? / 8).ok()?;
            bits.len = bits.len.min(args);
        }
        Some(bits)
    };
    if let Some(bits) = read() {
        map.args = (frame.argp, bits);
    }
}
