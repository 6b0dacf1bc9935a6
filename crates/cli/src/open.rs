//! From the files to the heap.

use crate::args::Input;
use crate::say::errors::Failure;
use crate::say::watch::Watch;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::Process;
use goheap_runtime::{GoFilePlace, MappedElf, ModelOptions, Observer, RuntimeModel, go_files};

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
    with_model_then_heap(input, needs, |_| Ok(()), use_it)
}

/// The same; `first` is handed the model before the stages that take time, and may write to the terminal.
pub(crate) fn with_model_then_heap<T>(
    input: &Input,
    needs: Needs,
    first: impl FnOnce(&RuntimeModel<'_>) -> Result<(), Failure>,
    use_it: impl FnOnce(&HeapSnapshot<'_, '_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_watched_heap(input, needs, first, |snapshot, watch| {
        watch.report();
        use_it(snapshot)
    })
}

/// Opens the input and hands its runtime to `use_it`, which needs no heap: it may be cut off.
pub(crate) fn with_model<T>(
    input: &Input,
    use_it: impl FnOnce(&RuntimeModel<'_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let watch = Watch::new(input);
    watch.begin("open");
    let process = open_process(input)?;
    let options = model_options(input, true);
    let model = RuntimeModel::open_observed(&process, options, &watch)
        .map_err(|source| Failure::of_runtime(&process, input, source))?;
    let result = use_it(&model, &watch);
    watch.tell();
    result
}

/// Opens the input and hands its heap, with its roots, and its references to `use_it`, which may go on with the work and calls
/// [`Watch::report`] before it writes anything.
pub(crate) fn with_references<T>(
    input: &Input,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_references_and(input, SnapshotOptions::default(), use_it)
}

/// The same with what is referred to of each object, and with what else `options` ask for.
pub(crate) fn with_referred<T>(
    input: &Input,
    options: ReferenceOptions,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_roots(input, SnapshotOptions::default(), |snapshot, watch| {
        let options = ReferenceOptions { referred: true, ..options };
        use_it(&snapshot.references_with(options, watch)?, watch)
    })
}

/// The same with a snapshot that remembers more.
pub(crate) fn with_references_and<T>(
    input: &Input,
    options: SnapshotOptions,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_roots(input, options, |snapshot, watch| use_it(&snapshot.references(watch)?, watch))
}

fn with_roots<T>(
    input: &Input,
    options: SnapshotOptions,
    use_it: impl FnOnce(&HeapSnapshot<'_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let snapshot = SnapshotOptions { roots: true, ..options };
    let needs = Needs { snapshot, ..Needs::default() };
    with_watched_heap(input, needs, |_| Ok(()), use_it)
}

/// The same without a word on what comes after the heap.
pub(crate) fn with_watched_heap<T>(
    input: &Input,
    needs: Needs,
    first: impl FnOnce(&RuntimeModel<'_>) -> Result<(), Failure>,
    use_it: impl FnOnce(&HeapSnapshot<'_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let watch = Watch::new(input);
    watch.begin("open");
    let process = open_process(input)?;
    let options = model_options(input, needs.without_heap);
    let mut model = RuntimeModel::open_observed(&process, options, &watch)
        .map_err(|source| Failure::of_runtime(&process, input, source))?;
    watch.progress.aside(|| first(&model))?;
    let types = std::mem::take(&mut model.types);
    let options = SnapshotOptions { full_names: input.full_names, ..needs.snapshot };
    let snapshot = HeapSnapshot::take_observed(&model, types, options, &watch)?;
    let result = use_it(&snapshot, &watch);
    watch.tell();
    result
}

fn model_options(input: &Input, without_heap: bool) -> ModelOptions {
    ModelOptions { version: input.go.clone(), no_dwarf: input.no_dwarf, without_heap }
}

/// Opens the input; of a program that is not Go itself the one library of Go that it had loaded is what is read.
fn open_process(input: &Input) -> Result<Process, Failure> {
    let process = Process::open(&input.request)?;
    if process.host.is_some() || MappedElf::of(&process).is_go() {
        return Ok(process);
    }
    let files = go_files(&process);
    match files.as_slice() {
        [one] => match one.place {
            GoFilePlace::SharedObject(index) => Ok(process.read_as(index, &input.request)?),
            _ => Err(Failure::not_go(&process, files)),
        },
        _ => Err(Failure::not_go(&process, files)),
    }
}
