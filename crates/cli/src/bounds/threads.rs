//! The threads that stages share.

use crate::bounds::allowance;
use rayon::ThreadPoolBuilder;
use std::num::NonZero;
use std::sync::{Once, RwLock};
use std::thread::{Builder, available_parallelism};

/// What a thread takes of the address space for its stack.
const STACK_BYTES: usize = 2 << 20;

/// Starts them: `RAYON_NUM_THREADS`, else as many as there are processors. Of those that the system does not give (`ulimit -v`, `ulimit -u`)
/// it does without, of all of them too; rayon would panic.
///
/// They are started once: a run that reads several cores has the same for all.
pub(crate) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(start_all);
}

fn start_all() {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.parse().ok());
    let wanted = asked.or_else(|| available_parallelism().ok()).map_or(1, NonZero::get);
    let pool = match granted(wanted) {
        0 => ThreadPoolBuilder::new().num_threads(1).use_current_thread(),
        granted => ThreadPoolBuilder::new().num_threads(granted),
    };
    if pool.stack_size(STACK_BYTES).build_global().is_err() {
        allowance::failed(STACK_BYTES);
    }
}

/// How many of so many threads can be had at a time.
fn granted(wanted: usize) -> usize {
    let gate = RwLock::new(());
    std::thread::scope(|scope| {
        // No thread ends before all are there.
        let closed = gate.write();
        let wait = || drop(gate.read());
        let start = |_: &usize| Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, wait).is_ok();
        let started = (0..wanted).take_while(start).count();
        drop(closed);
        started
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_can_be_had_are_counted() {
        assert_eq!([0, 1, 5].map(granted), [0, 1, 5]);
    }
}
