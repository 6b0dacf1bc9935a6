//! What tells a process, and a moment of it, from others.

use crate::commands::caption::program_name;
use goheap_ask::diff::ProcessMark;
use goheap_image::Address;
use goheap_runtime::RuntimeModel;

/// `AT_RANDOM` (elf.h): where the kernel put sixteen random bytes.
const RANDOM: u64 = 25;

/// The mark of a core's process.
pub(crate) fn mark(model: &RuntimeModel<'_>) -> ProcessMark {
    let (process, memory) = (model.process, model.memory());
    let random = process.core.aux_vector().get(RANDOM).and_then(|at| memory.bytes(Address(at), 16));
    let controller = model.anchors.gc_controller.zip(model.layout.gc_controller.total_alloc);
    let from_note = process.core.process().map(|info| info.pid);
    ProcessMark {
        program: program_name(process),
        build_id: process.executable.build_id_text(),
        pid: from_note,
        random: random.and_then(|bytes| <[u8; 16]>::try_from(bytes.as_ref()).ok()),
        places: (
            model.modules.first().map_or(0, |module| module.address.0),
            model.heap.spans.first().map(|span| span.base),
        ),
        collections: model.gc_settings().cycles,
        allocated: controller.and_then(|(at, offset)| memory.read_u64(at.add(offset))),
        last_goroutine: model.goroutines.iter().map(|goroutine| goroutine.id).max().unwrap_or(0),
        time: model.newest_time(),
    }
}
