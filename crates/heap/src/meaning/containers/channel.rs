//! Channels (runtime/chan.go): an `hchan`, and a buffer of its own where the elements hold pointers.

use super::Inside;
use goheap_image::{Address, MemoryImage};
use goheap_model::Part;
use goheap_runtime::RuntimeLayout;

/// The buffer, unless it lies in the `hchan` itself.
pub(super) fn from_header(memory: &MemoryImage, layout: &RuntimeLayout, header: u64) -> Vec<Inside> {
    let buffer = memory.read_u64(Address(header).add(layout.hchan.buf)).unwrap_or(0);
    let in_header = buffer.wrapping_sub(header) <= layout.hchan.size;
    if buffer == 0 || in_header { Vec::new() } else { vec![Inside { address: buffer, part: Part::ChanBuffer }] }
}
