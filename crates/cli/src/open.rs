//! From the files to the heap.

use crate::args::Input;
use crate::errors::Failure;
use crate::say::Speaker;
use crate::timings::Timings;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::Process;
use goheap_runtime::{ModelOptions, RuntimeModel};

/// What a command needs of the heap.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs {
    /// It can do without: it gets an empty heap where the core is cut off before the list of spans.
    pub(crate) without_heap: bool,
    /// What it needs remembered.
    pub(crate) snapshot: SnapshotOptions,
}

/// Opens the input and hands its heap to `use_it`: each layer borrows from the one below.
pub(crate) fn with_heap<T>(
    input: &Input,
    needs: Needs,
    use_it: impl FnOnce(&HeapSnapshot<'_, '_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let speaker = Speaker::new(input.quiet);
    let mut timings = Timings::new(input.timings);
    speaker.progress("opening the core ...");
    timings.begin("open");
    let process = Process::open(&input.request)?;
    speaker.progress("reading the Go runtime ...");
    let options = ModelOptions { no_dwarf: input.no_dwarf, without_heap: needs.without_heap };
    let mut model = RuntimeModel::open_observed(&process, options, &mut |stage| timings.begin(stage))
        .map_err(|source| Failure::of_runtime(&process, source))?;
    speaker.progress("following every pointer of the heap ...");
    let types = std::mem::take(&mut model.types);
    let snapshot = HeapSnapshot::take_observed(&model, types, needs.snapshot, &mut |stage| timings.begin(stage))?;
    timings.begin("report");
    let result = use_it(&snapshot);
    timings.tell();
    result
}
