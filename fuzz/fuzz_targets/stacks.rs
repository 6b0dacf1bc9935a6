//! Goroutines, frames, stack maps and objects, deferred calls, panics, and what a signal interrupted, where words of them are wrong.
#![no_main]

use goheap_fuzz::bounded;
use goheap_fuzz::world::World;
use goheap_heap::goroutines::read_groups;
use goheap_model::Unobserved;
use goheap_runtime::{RuntimeModel, Tracer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let (world, process, is_sound) = World::damaged(input);
    let Ok(model) = RuntimeModel::open(&process, world.options()) else { return assert!(!is_sound) };
    let crash = model.crash();
    assert!(!is_sound || crash.is_some() && model.goroutines.len() == 3, "{crash:?}");
    model.first_goroutine();
    model.panicking(10);
    model.newest_time();
    let mut tracer = Tracer::new(&model);
    let threads = model.thread_index();
    for goroutine in model.goroutines.iter().take(16) {
        let stack = model.stack(goroutine, &threads);
        let is_waiting = goroutine.address == model.goroutines[0].address;
        assert!(!is_sound || !is_waiting || stack.frames.len() > 4, "{:?}", stack.frames);
        let pcs = model.trace_pcs(&stack.frames, true);
        let calls = tracer.calls(&pcs);
        model.is_system(goroutine, &calls);
        model.state_text(goroutine);
        model.ancestors(goroutine);
        model.labels(goroutine);
        model.innermost_frames(goroutine, &threads, 3);
    }
    let all: Vec<u32> = (0..model.goroutines.len().min(16) as u32).collect();
    if let Ok(groups) = read_groups(&model, &Unobserved) {
        groups.facts(&all);
    }
}));
