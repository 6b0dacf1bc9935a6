//! Options of `capture`.

use super::input::size;
use clap::{Args, ValueEnum};
use goheap_capture::Condition;
use std::path::PathBuf;
use std::time::Duration;

pub(in crate::args) const CAPTURE: &str = "\
Takes a core of a live process, which goes on: memory that is there, registers of all threads, and a note of when and why.

The kernel's out-of-memory killer leaves no core, so take one before: --when 'rss > 80%' waits until the process, or what is in its control \
group, comes to that share of the group's limit, and takes it then. The process is stopped without a signal for as long as its memory takes \
to be copied, half a second to a second a gigabyte; with --snapshot fork for as long as the kernel takes to copy its page tables, some hundredths. Killed at \
any time, goheap lets it go as it was.

gdb, delve and every command of goheap read the core. It holds what the process held, secrets too, and is for its owner's eyes alone. \
Needs the same user or the capability CAP_SYS_PTRACE (docs/capture/).";

/// Options of `capture`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap capture PID [-o FILE] [OPTIONS]
       goheap capture PID --when 'rss > 80%' -o FILE.zst")]
pub(crate) struct CaptureOptions {
    /// The process
    #[arg(value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) pid: i32,
    /// The core to write; compressed if it ends in .zst [default: core.PID.zst]
    ///
    /// Of several (--every, --grow) each has the time before the ending: core-20261130T104501Z.zst.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How memory is read: copy (the process stands still meanwhile), fork (a copy that never runs is read) or straight
    ///
    /// Straight into the file takes no memory, and the process stands still until the core is there: whatever kills it then, comes later. So a core is
    /// written, too, where there is too little memory for a copy. A copy by fork may take as much memory as the process has, in its own control group, where that writes everywhere meanwhile: it is
    /// refused where less than half of it is left.
    #[arg(long, value_name = "HOW", default_value = "copy")]
    pub(crate) snapshot: HowToSnapshot,
    /// Files' pages too, and memory that the program wants in no core (MADV_DONTDUMP)
    #[arg(long)]
    pub(crate) full: bool,
    /// Take it though the program is not Go
    #[arg(long)]
    pub(crate) any: bool,
    /// Wait until this comes true; of several, for the first
    ///
    /// 'rss > 80%': of the limit of the control group, of what all its processes have and it cannot drop; without a limit, of the machine's
    /// memory. 'rss > 6G': of the process. 'heap > 4G': spans of objects by the runtime's own counter. 'psi full > 10%' and
    /// 'psi some > 10%': time lost to a lack of memory, of the last 10 s. 'memory.high' and 'memory.max': the group has hit that limit.
    #[arg(long, value_name = "COND", value_parser = Condition::parse)]
    pub(crate) when: Vec<Condition>,
    /// Take one again after this time, such as 30s, 10m or 1h; with --when, while that is true
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) every: Option<Duration>,
    /// Take one again each time that the process has grown by so much
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) grow: Option<u64>,
    /// Of several cores keep the last N
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: u32,
    /// Write no core that takes more of the disk
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
    /// Write none where less of the disk would be left
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "256M")]
    pub(crate) leave_disk: u64,
    /// Take none where less memory would be left to goheap
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "16M")]
    pub(crate) leave_memory: u64,
    /// Take the contents out of the core: it lies on the disk whole for a moment, under a name that begins with a dot
    #[arg(long)]
    pub(crate) redact: bool,
    /// Copy the executable beside the core in every case, once for each build; else where its path leads to it no more
    #[arg(long)]
    pub(crate) with_exe: bool,
    /// What was waited for: a process of its own takes the core for another
    #[arg(long, hide = true, value_name = "TEXT")]
    pub(crate) on_behalf: Option<String>,
}

/// How memory is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HowToSnapshot {
    /// The process stands still until its memory is copied
    Copy,
    /// A copy by fork, which never runs, is read
    Fork,
    /// The process stands still until the core is written
    Straight,
}

/// A time with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("a time with its unit, such as 30s, 10m or 1h".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "a whole number with its unit, such as 30s".to_owned())?;
    let seconds = number.checked_mul(unit).filter(|seconds| (1..=366 * 86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "from a second to a year".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(
            ["30s", "10m", "1h", "2d"].map(|text| duration(text).map(|time| time.as_secs())),
            [Ok(30), Ok(600), Ok(3600), Ok(172_800)]
        );
        for wrong in ["", "30", "s", "0s", "-1s", "1.5m", "9999999999999999999h", "400d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
