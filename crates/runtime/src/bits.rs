//! Reading the runtime's bit vectors.

use goheap_image::{Address, MemoryImage};
use goheap_model::BitVector;

/// Reads `len` bits at `at`; None where a byte is absent.
pub(crate) fn read(memory: &MemoryImage, at: Address, len: usize) -> Option<BitVector> {
    Some(BitVector { len, bytes: memory.bytes(at, len.div_ceil(8))?.into_owned() })
}

/// Reads a `runtime.bitvector` {n int32, bytedata *uint8} (stack.go) whose header is at `at`.
pub(crate) fn read_header(memory: &MemoryImage, at: Address) -> Option<BitVector> {
    let len = usize::try_from(memory.read_u32(at)? as i32).ok()?;
    if len == 0 {
        return Some(BitVector::default());
    }
    read(memory, Address(memory.read_u64(at.add(8))?), len)
}
