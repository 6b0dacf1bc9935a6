//! What tells a process, and a moment of it, from others.

use crate::model::RuntimeModel;
use goheap_image::Address;
use goheap_model::ProcessMark;

/// `AT_RANDOM` (elf.h): where the kernel put sixteen random bytes.
const RANDOM: u64 = 25;

impl RuntimeModel<'_> {
    /// What tells the process, and this moment of it, from others.
    pub fn mark(&self) -> ProcessMark {
        let (process, memory) = (self.process, self.memory());
        let random = process.core.aux_vector().get(RANDOM).and_then(|at| memory.bytes(Address(at), 16));
        let controller = self.anchors.gc_controller.zip(self.layout.gc_controller.total_alloc);
        let from_note = process.core.process().map(|info| info.pid);
        ProcessMark {
            program: process.program_name(),
            build_id: process.executable.build_id_text(),
            pid: from_note,
            random: random.and_then(|bytes| <[u8; 16]>::try_from(bytes.as_ref()).ok()),
            places: (
                self.modules.first().map_or(0, |module| module.address.0),
                self.heap.spans.first().map(|span| span.base),
            ),
            collections: self.gc_settings().cycles,
            allocated: controller.and_then(|(at, offset)| memory.read_u64(at.add(offset))),
            last_goroutine: self.goroutines.iter().map(|goroutine| goroutine.id).max().unwrap_or(0),
            time: self.newest_time(),
        }
    }
}
