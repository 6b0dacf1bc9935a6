//! What a run on one input may take.

use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// CPU time of all threads.
const MAX_CPU: Duration = Duration::from_secs(2);

/// Bytes beside four times the input.
const MAX_BYTES: usize = 128 << 20;

/// Runs `target` on `input`.
///
/// # Panics
/// It took more than 2 s of CPU, or more heap than four times the input and 128 MiB.
pub fn bounded(input: &[u8], target: impl FnOnce(&[u8])) {
    bounded_beside(0, input, target);
}

/// Runs `target` on `input`, which may take `beside` bytes of heap more.
///
/// # Panics
/// As [`bounded`].
pub fn bounded_beside(beside: usize, input: &[u8], target: impl FnOnce(&[u8])) {
    let (before, began) = (ALLOCATED.current_usage(), cpu_time());
    ALLOCATED.reset_peak_usage();
    target(input);
    let (peak, took) = (ALLOCATED.peak_usage().saturating_sub(before), cpu_time().saturating_sub(began));
    assert!(peak <= 4 * input.len() + MAX_BYTES + beside, "{peak} bytes of heap for an input of {}", input.len());
    assert!(took <= MAX_CPU, "{took:?} of CPU");
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}
