//! What is being done, for somebody who sits before a terminal and waits: one line on stderr, gone when the work is.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the line is drawn; a second thread does it, so that a stage that tells nothing is seen to go on.
const INTERVAL: Duration = Duration::from_millis(100);

const WITHOUT_SHARE: &str = "{spinner} {msg}  {elapsed}";
const WITH_SHARE: &str = "{spinner} {msg}  {percent:>3} %  [{bar:24}]  {rate}, {left} left";

/// The line; nothing at all where nobody looks.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// Units of the current stage; 0 where it tells none.
    total: AtomicU64,
}

impl Progress {
    /// The line is shown on a terminal that can be drawn on, unless the user wants quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let is_shown = !quiet && !is_dumb && std::io::stderr().is_terminal();
        Progress::on(is_shown.then(ProgressDrawTarget::stderr))
    }

    fn on(target: Option<ProgressDrawTarget>) -> Self {
        let bar = target.map(|target| {
            let bar = ProgressBar::with_draw_target(None, target).with_style(style(WITHOUT_SHARE));
            bar.enable_steady_tick(INTERVAL);
            bar
        });
        Progress { bar, total: AtomicU64::new(0) }
    }

    /// Another stage.
    pub(crate) fn begin(&self, stage: &'static str) {
        let Some(bar) = &self.bar else { return };
        self.total.store(0, Ordering::Relaxed);
        bar.set_style(style(WITHOUT_SHARE));
        bar.set_message(stage);
        bar.unset_length();
        bar.reset();
    }

    /// How far it is.
    pub(crate) fn at(&self, done: u64, total: u64) {
        let Some(bar) = &self.bar else { return };
        if self.total.swap(total, Ordering::Relaxed) != total {
            bar.set_length(total);
            bar.set_style(style(WITH_SHARE));
        }
        bar.set_position(done.min(total));
    }

    /// Does what writes to the terminal, the line out of its way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the line away for good.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        }
    }
}

/// A failure is told on a line of its own.
impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// The templates are constants, which a test reads.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        let _ = out.write_str(&rate(state.per_sec()));
    };
    let left = |state: &ProgressState, out: &mut dyn Write| {
        let _ = out.write_str(&duration(state.eta()));
    };
    let elapsed = |state: &ProgressState, out: &mut dyn Write| {
        let _ = out.write_str(&duration(state.elapsed()));
    };
    style
        .with_key("rate", rate)
        .with_key("left", left)
        .with_key("elapsed", elapsed)
        .progress_chars("=> ")
        .tick_chars("-\\|/ ")
}

/// Units a second, in three digits or so.
fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 1e9 => format!("{:.1} G/s", rate / 1e9),
        rate if rate >= 1e6 => format!("{:.1} M/s", rate / 1e6),
        rate if rate >= 1e3 => format!("{:.1} k/s", rate / 1e3),
        rate => format!("{rate:.0} /s"),
    }
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_templates_are_sound() {
        for template in [WITHOUT_SHARE, WITH_SHARE] {
            ProgressStyle::with_template(template).unwrap();
        }
    }

    #[test]
    fn a_stage_counts_from_nothing_again() {
        let progress = Progress::on(Some(ProgressDrawTarget::hidden()));
        let bar = progress.bar.clone().unwrap();
        progress.begin("tree");
        progress.at(30, 100);
        assert_eq!((bar.position(), bar.length(), bar.message().as_str()), (30, Some(100), "tree"));
        progress.at(200, 100);
        assert_eq!(bar.position(), 100);
        progress.begin("sums");
        assert_eq!((bar.position(), bar.length(), bar.message().as_str()), (0, None, "sums"));
        drop(progress);
        assert!(bar.is_finished());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([999.4, 1234.0, 14.4e6, 2e9].map(rate), ["999 /s", "1.2 k/s", "14.4 M/s", "2.0 G/s"]);
        let times = [0, 59, 61, 3600, 7384].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(times, ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "2 h 3 min"]);
    }
}
