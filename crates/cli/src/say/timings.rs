//! `--timings`: how long each stage took, and how much memory it had. All of it is read from /proc/self.

use crate::bounds::memory::anonymous_bytes;
use crate::say::speaker::error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often memory is looked at.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(4);

/// A stage that has ended.
struct Stage {
    name: &'static str,
    wall: Duration,
    cpu: Duration,
    /// The most anonymous memory seen, in bytes.
    peak: u64,
}

/// The stages so far; nothing at all where nobody asked.
pub(crate) struct Timings {
    clock: Option<Clock>,
}

/// The clock of a run, and the thread that watches its memory.
struct Clock {
    stages: Vec<Stage>,
    current: Option<(&'static str, Instant, Duration)>,
    watch: Arc<Watch>,
}

#[derive(Default)]
struct Watch {
    peak: AtomicU64,
    ended: AtomicBool,
}

impl Watch {
    fn look(&self) {
        self.peak.fetch_max(anonymous_bytes(), Ordering::Relaxed);
    }
}

impl Timings {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Timings { clock: is_wanted.then(Clock::start) }
    }

    /// Ends the stage before and begins another.
    pub(crate) fn begin(&mut self, name: &'static str) {
        if let Some(clock) = &mut self.clock {
            clock.end_stage();
            clock.current = Some((name, Instant::now(), cpu_time()));
        }
    }

    /// Ends the last stage and prints the table.
    pub(crate) fn tell(mut self) {
        let Some(clock) = &mut self.clock else { return };
        clock.end_stage();
        clock.watch.ended.store(true, Ordering::Relaxed);
        error(format_args!("{:<24} {:>9} {:>9} {:>12}", "stage", "wall s", "CPU s", "peak MiB"));
        let mut sum = Stage { name: "all", wall: Duration::ZERO, cpu: Duration::ZERO, peak: 0 };
        for stage in &clock.stages {
            line(stage);
            sum.wall += stage.wall;
            sum.cpu += stage.cpu;
            sum.peak = sum.peak.max(stage.peak);
        }
        line(&sum);
    }
}

fn line(stage: &Stage) {
    let mebibytes = stage.peak as f64 / f64::from(1 << 20);
    let (wall, cpu) = (stage.wall.as_secs_f64(), stage.cpu.as_secs_f64());
    error(format_args!("{:<24} {wall:>9.3} {cpu:>9.3} {mebibytes:>12.1}", stage.name));
}

impl Clock {
    fn start() -> Self {
        let watch = Arc::new(Watch::default());
        let watched = Arc::clone(&watch);
        // Where the system gives no thread, peaks are those of the ends of stages.
        _ = std::thread::Builder::new().spawn(move || {
            while !watched.ended.load(Ordering::Relaxed) {
                watched.look();
                std::thread::sleep(SAMPLE_INTERVAL);
            }
        });
        Clock { stages: Vec::new(), current: None, watch }
    }

    fn end_stage(&mut self) {
        let Some((name, began, cpu)) = self.current.take() else { return };
        let wall = began.elapsed();
        self.watch.look();
        let peak = self.watch.peak.swap(0, Ordering::Relaxed);
        self.stages.push(Stage { name, wall, cpu: cpu_time().saturating_sub(cpu), peak });
    }
}

/// Time that the process's living threads ran: `schedstat` counts nanoseconds, `stat` only ticks of 10 ms.
fn cpu_time() -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.flatten().filter_map(of_task).sum())
}
