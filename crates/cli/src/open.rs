//! From the files to the heap.

use crate::args::Input;
use crate::bounds::threads;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker;
use crate::say::watch::Watch;
use goheap::index_file::{self, IndexError, IndexUse};
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::Process;
use goheap_model::{Heap, MapRoom, ObjectId, Observer};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::path::Path;

/// What a command needs of the heap.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs {
    /// It can do without: it gets an empty heap where the core is cut off before the list of spans.
    pub(crate) without_heap: bool,
    /// It makes an index, and uses none.
    pub(crate) without_index: bool,
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

/// Opens the input and hands its heap, with its references if any are asked for and without the core, to `use_it`, which may go on with
/// the work and calls [`Aside::say`] before it writes anything.
pub(crate) fn with_data<T>(
    input: &Input,
    references: Option<ReferenceOptions>,
    use_it: impl FnOnce(&Heap, &Aside<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_data_and(input, references, Wanted::default(), use_it)
}

/// What is wanted beside the heap as data.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// Where sampled objects were allocated.
    pub(crate) births: bool,
    /// How full maps are.
    pub(crate) maps: bool,
}

/// The same, with what else is wanted.
pub(crate) fn with_data_and<T>(
    input: &Input,
    references: Option<ReferenceOptions>,
    wanted: Wanted,
    use_it: impl FnOnce(&Heap, &Aside<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let snapshot = SnapshotOptions { roots: references.is_some(), ..SnapshotOptions::default() };
    let needs = Needs { snapshot, ..Needs::default() };
    with_taken_heap(
        input,
        needs,
        |_| Ok(()),
        |snapshot, watch| {
            let references = match references {
                Some(options) => Some(snapshot.references_with(options, watch)?.into_references()),
                None => None,
            };
            let births = if wanted.births { Some(snapshot.births(watch)?) } else { None };
            let maps = if wanted.maps { snapshot.rooms_of_maps() } else { Vec::new() };
            let mut heap = snapshot.into_heap(references);
            heap.births = births;
            use_it(&heap, &Aside { watch, maps, heap: &heap, is_quiet: input.quiet })
        },
    )
}

/// What is said beside an answer.
pub(crate) struct Aside<'w> {
    /// Who is told how the work goes on.
    pub(crate) watch: &'w Watch,
    /// How full maps are, where that was wanted: by header, in order.
    pub(crate) maps: Vec<(ObjectId, MapRoom)>,
    heap: &'w Heap,
    is_quiet: bool,
}

impl Aside<'_> {
    /// Says it: how long it took, and what may make the answer wrong.
    pub(crate) fn say(&self) {
        self.watch.report();
        diagnostics::say(&self.heap.totals, &self.heap.diagnostics, self.is_quiet);
    }
}

/// Opens the input and hands its heap, with its roots, its references, what of each object is referred to, and what else `options` ask
/// for, to `use_it`, which may go on with the work and calls [`Watch::report`] before it writes anything.
pub(crate) fn with_referred<T>(
    input: &Input,
    options: ReferenceOptions,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_references(input, SnapshotOptions::default(), ReferenceOptions { referred: true, ..options }, use_it)
}

/// The same with just what is asked for, of a snapshot that remembers more.
pub(crate) fn with_references<T>(
    input: &Input,
    remembered: SnapshotOptions,
    options: ReferenceOptions,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_roots(input, remembered, |snapshot, watch| use_it(&snapshot.references_with(options, watch)?, watch))
}

/// Opens the input and hands all that can be asked of its heap to `use_it`, worked out anew.
pub(crate) fn with_whole_heap<T>(
    input: &Input,
    use_it: impl FnOnce(&ReferenceGraph<'_, '_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let snapshot = SnapshotOptions { roots: true, tree: true, owners: true, ..SnapshotOptions::default() };
    let needs = Needs { snapshot, without_index: true, ..Needs::default() };
    with_watched_heap(
        input,
        needs,
        |_| Ok(()),
        |snapshot, watch| {
            let options = ReferenceOptions { referred: true, words: true };
            use_it(&snapshot.references_with(options, watch)?, watch)
        },
    )
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
    with_taken_heap(input, needs, first, |snapshot, watch| use_it(&snapshot, watch))
}

fn with_taken_heap<T>(
    input: &Input,
    needs: Needs,
    first: impl FnOnce(&RuntimeModel<'_>) -> Result<(), Failure>,
    use_it: impl FnOnce(HeapSnapshot<'_, '_>, &Watch) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let watch = Watch::new(input);
    watch.begin("open");
    let process = open_process(input)?;
    let options = model_options(input, needs.without_heap);
    let model = RuntimeModel::open_observed(&process, options, &watch)
        .map_err(|source| Failure::of_runtime(&process, input, source))?;
    watch.progress.aside(|| first(&model))?;
    let snapshot = take(&model, input, needs, &watch)?;
    let result = use_it(snapshot, &watch);
    watch.tell();
    result
}

/// From an index, where there is one of this core, else from the core.
fn take<'m, 'p>(
    model: &'m RuntimeModel<'p>,
    input: &Input,
    needs: Needs,
    watch: &Watch,
) -> Result<HeapSnapshot<'m, 'p>, Failure> {
    let mut core = input.core_options();
    if needs.without_index {
        core.index = IndexUse::None;
    }
    let passed_over = |path: &Path, why: &IndexError| watch.progress.aside(|| pass_over(path, why));
    Ok(index_file::take(model, &core, needs.snapshot, watch, &passed_over)?)
}

/// Says that an index is not used, and why.
fn pass_over(path: &Path, why: &IndexError) {
    speaker::warning(format_args!("the index {path:?} is passed over: {}", speaker::chain(why)));
}

fn model_options(input: &Input, without_heap: bool) -> ModelOptions {
    ModelOptions { version: input.go.clone(), no_dwarf: input.no_dwarf, without_heap }
}

/// Maps the files before any thread is started: under `ulimit -v` glibc's reservations for threads, 64 and 128 MiB each, would take the
/// room of a core that fits.
fn open_process(input: &Input) -> Result<Process, Failure> {
    let process = goheap::open_process(&input.request)?;
    threads::start();
    Ok(process)
}
