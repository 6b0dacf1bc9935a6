//! Stack objects: variables whose address is taken, alive only while something points to them (mgcstack.go).

use super::unwind::{Frame, Unwinder};
use crate::bits;
use crate::gcprog;
use crate::layout::StackObjectRecordLayout;
use crate::pclntab::FUNCDATA_STACK_OBJECTS;
use crate::release_record::Release;
use goheap_image::{Address, Machine};
use goheap_model::BitVector;

/// Address-taken variables of one function: more than the compiler would let through.
const MAX_OBJECTS: u64 = 1 << 20;

/// One variable that lives in a frame and may be pointed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StackObject {
    /// First byte.
    pub(super) address: u64,
    /// Bytes.
    pub(super) size: u64,
    /// Its pointer words.
    pub(super) pointers: BitVector,
    /// Index of its frame, innermost first.
    pub(super) frame: usize,
}

impl StackObject {
    /// Words that are looked at for it.
    pub(super) fn words(&self) -> u64 {
        self.pointers.len as u64 + 1
    }
}

/// The stack objects of a frame with its index, as many as have `most` words.
pub(super) fn stack_objects(
    unwinder: &Unwinder<'_>,
    layout: &StackObjectRecordLayout,
    release: Release,
    (frame, index): (&Frame, usize),
    most: u64,
) -> Vec<StackObject> {
    let Some(table) = unwinder.functions(frame).funcdata(&frame.func, FUNCDATA_STACK_OBJECTS) else {
        return Vec::new();
    };
    let count = unwinder.memory.read_u64(table).filter(|&count| count <= MAX_OBJECTS).unwrap_or(0);
    let (mut objects, mut left) = (Vec::new(), most);
    for record in 0..count.min(most) {
        let record = table.add(8 + record * layout.size);
        let Some(object) = read_object(unwinder, layout, release, (frame, index), (record, left)) else { continue };
        left = left.saturating_sub(object.words());
        objects.push(object);
    }
    objects
}

fn read_object(
    unwinder: &Unwinder<'_>,
    layout: &StackObjectRecordLayout,
    release: Release,
    (frame, index): (&Frame, usize),
    (record, most): (Address, u64),
) -> Option<StackObject> {
    let memory = unwinder.memory;
    let offset = i64::from(memory.read_u32(record.add(layout.off))? as i32);
    let base = if offset < 0 { frame.varp } else { frame.argp };
    let address = base.checked_add_signed(offset).filter(|&address| address >= frame.sp)?;
    // A negative number of pointer bytes says that the mask is a GC program (up to 1.23).
    let (size, pointer_bytes, mask) = if release.has_wide_stack_objects {
        let size = memory.read_u64(record.add(layout.object_size)).map(|size| size & 0xffff_ffff)?;
        let bytes = memory.read_u64(record.add(layout.ptr_bytes))? as i64;
        (size, bytes, Address(memory.read_u64(record.add(layout.gcdata))?))
    } else {
        let size = u64::from(memory.read_u32(record.add(layout.object_size))?);
        let bytes = i64::from(memory.read_u32(record.add(layout.ptr_bytes))? as i32);
        let rodata = unwinder.modules.get(frame.func.module)?.rodata;
        (size, bytes, Address(rodata).add(u64::from(memory.read_u32(record.add(layout.gcdata))?)))
    };
    let words =
        usize::try_from(pointer_bytes.unsigned_abs() / 8).ok().filter(|&words| words as u64 <= (size / 8).min(most))?;
    let pointers = match pointer_bytes {
        0 => BitVector::default(),
        ..0 => gcprog::run(memory, mask.add(4), words)?,
        _ => bits::read(memory, mask, words)?,
    };
    Some(StackObject { address, size, pointers, frame: index })
}

/// `abi.RegArgs` in the frame of a reflect stub: integer, float and pointer registers; only the last hold pointers.
pub(super) fn reg_args(machine: Machine, frame: &Frame, index: usize) -> StackObject {
    let (integers, floats) = match machine {
        Machine::X86_64 => (9, 15),
        Machine::Aarch64 => (16, 16),
    };
    let first = integers + floats;
    let mut pointers = BitVector::zeroed(first + integers);
    (first..first + integers).for_each(|word| pointers.set(word));
    // Behind the registers lies a bitmap of ReturnIsPtr, and the struct is padded to a word.
    let size = (first + integers + 1) as u64 * 8;
    StackObject { address: frame.varp.wrapping_sub(size), size, pointers, frame: index }
}
