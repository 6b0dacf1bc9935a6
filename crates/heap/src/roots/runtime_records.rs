//! The runtime's own records among the objects of the heap.

use goheap_runtime::RuntimeModel;

/// The runtime's own descriptions of goroutines and threads, by which a channel would otherwise claim half of the runtime (the
/// runtime's variables hold them): the type and address of each.
pub(crate) fn runtime_records<'a>(model: &'a RuntimeModel<'_>) -> impl Iterator<Item = (&'static str, u64)> + 'a {
    let goroutines = model.goroutines.iter().map(|goroutine| ("runtime.g", goroutine.address.0));
    let threads = model.machine_threads.keys().map(|&thread| ("runtime.m", thread));
    let processors = model.processors.iter().map(|processor| ("runtime.p", processor.0));
    let sudogs = model.goroutines.iter().flat_map(|goroutine| model.sudogs(goroutine).unwrap_or_default());
    let sudogs = sudogs.map(|sudog| ("runtime.sudog", sudog.address));
    goroutines.chain(threads).chain(processors).chain(sudogs)
}
