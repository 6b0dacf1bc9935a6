//! The runtime's own records among the objects of the heap.

use goheap_image::Address;
use goheap_runtime::RuntimeModel;

/// The runtime's own descriptions of goroutines and threads, by which a channel would otherwise claim half of the runtime: the
/// runtime's variables hold them.
pub(crate) fn runtime_records<'a>(model: &'a RuntimeModel<'_>) -> impl Iterator<Item = u64> + 'a {
    let goroutines = model.goroutines.iter().map(|goroutine| goroutine.address.0);
    let threads = model.machine_threads.keys().copied();
    let processors = model.processors.iter().map(|processor| processor.0);
    let sudogs = model.goroutines.iter().flat_map(|goroutine| waiting_sudogs(model, goroutine.address));
    goroutines.chain(threads).chain(processors).chain(sudogs)
}

/// The sudogs on which a goroutine waits.
pub(crate) fn waiting_sudogs(model: &RuntimeModel<'_>, goroutine: Address) -> Vec<u64> {
    let memory = model.memory();
    let mut found = Vec::new();
    let mut sudog = memory.read_u64(goroutine.add(model.layout.g.waiting)).unwrap_or(0);
    // A select has a case a sudog; 65,536 is the most that the compiler takes.
    while sudog != 0 && found.len() < 1 << 16 {
        found.push(sudog);
        sudog = memory.read_u64(Address(sudog).add(model.layout.sudog.waitlink)).unwrap_or(0);
    }
    found
}
