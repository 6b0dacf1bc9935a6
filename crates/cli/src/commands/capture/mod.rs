//! `capture`: a core of a live process.

mod beside;
mod guarded;
mod series;

use crate::args::{CaptureOptions, HowToSnapshot, OfProcess, usage};
use crate::bounds::memory::Budget;
use crate::say::errors::Failure;
use crate::say::speaker::{self, Speaker};
use crate::say::version;
use clap::error::ErrorKind;
use goheap_capture::{CaptureError, CaptureRequest, Captured, Method, Schedule, SinkOptions, Snapshotting, Watch};
use goheap_report::table::human_bytes;
use series::Series;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Takes one core now, or one or several when it is time.
pub(crate) fn run(of: &OfProcess, options: &CaptureOptions) -> Result<(), Failure> {
    if options.output.as_deref() == Some(Path::new("-")) {
        let message =
            "a core goes to a file: what is not kept is left out, and its place is told last; name one with -o";
        return Err(usage(ErrorKind::InvalidValue, message));
    }
    let speaker = Speaker::new(of.quiet);
    if let Some(trigger) = &options.on_behalf {
        let (request, is_abandoned) = (request(of, options, &output(options), trigger), guarded::abandoned());
        return match take(&request, &is_abandoned) {
            // Nobody is there to be told.
            Err(Failure::Capture(CaptureError::Abandoned { .. })) => Err(Failure::Said { status: 1 }),
            taken => taken.map(|captured| say(speaker, &request.out, &captured, true)),
        };
    }
    let schedule = Schedule { conditions: options.when.clone(), every: options.every, grow: options.grow };
    if schedule.conditions.is_empty() && !schedule.is_series() {
        return one(of, options, speaker, &output(options), "");
    }
    watch(of, options, speaker, schedule)
}

fn watch(of: &OfProcess, options: &CaptureOptions, speaker: Speaker, schedule: Schedule) -> Result<(), Failure> {
    let mut series = Series::new(output(options), options.keep, schedule.is_series());
    let mut watch = Watch::new(Path::new("/"), options.pid, schedule)?;
    let (mut count, mut failed) = (0_u32, None);
    while let Some(trigger) = watch.wait()? {
        let out = series.next();
        match one(of, options, speaker, &out, &trigger) {
            Ok(()) => {
                count += 1;
                failed = None;
                series.drop_old(speaker);
            }
            // There may be room next time.
            Err(error) if series.is_several => {
                speaker::warning(&error);
                failed = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match (count, failed) {
        (0, None) => Err(Failure::EndedFirst { pid: options.pid }),
        (_, Some(error)) => Err(error),
        _ => Ok(()),
    }
}

/// One core with what goes with it, its contents taken out where that is asked.
fn one(of: &OfProcess, options: &CaptureOptions, speaker: Speaker, out: &Path, trigger: &str) -> Result<(), Failure> {
    let executable = beside::executable(options, out);
    if !options.redact {
        return whole(of, options, speaker, out, trigger);
    }
    let unredacted = beside::Unredacted::of(out);
    whole(of, options, speaker, unredacted.path(), trigger)?;
    unredacted.redact(executable.as_deref(), out, of)
}

/// One core, by a process of its own where this one's death would leave the other in a state that is not its own.
fn whole(of: &OfProcess, options: &CaptureOptions, speaker: Speaker, out: &Path, trigger: &str) -> Result<(), Failure> {
    if options.snapshot == HowToSnapshot::Fork {
        return guarded::run(of, options, out, trigger);
    }
    let captured = take(&request(of, options, out, trigger), &AtomicBool::new(false))?;
    say(speaker, out, &captured, options.snapshot == HowToSnapshot::Straight);
    Ok(())
}

fn take(request: &CaptureRequest, is_abandoned: &AtomicBool) -> Result<Captured, Failure> {
    Ok(goheap_capture::capture(request, is_abandoned)?)
}

fn output(options: &CaptureOptions) -> PathBuf {
    options.output.clone().unwrap_or_else(|| PathBuf::from(format!("core.{}.zst", options.pid)))
}

fn request(of: &OfProcess, options: &CaptureOptions, out: &Path, trigger: &str) -> CaptureRequest {
    let snapshotting = match options.snapshot {
        HowToSnapshot::Copy | HowToSnapshot::Straight => Snapshotting::Copy,
        HowToSnapshot::Fork => Snapshotting::Fork,
    };
    let sink = SinkOptions { least_free: options.leave_disk, most: options.max_size, ..SinkOptions::default() };
    CaptureRequest {
        pid: options.pid,
        out: out.to_owned(),
        snapshotting,
        full: options.full,
        any: options.any,
        sink,
        // Without memory for a copy it is written straight.
        memory: match options.snapshot {
            HowToSnapshot::Straight => 0,
            _ => Budget::new(of.max_memory).limit(),
        },
        least_memory: options.leave_memory,
        trigger: trigger.to_owned(),
        tool: format!("goheap {}", version::SHORT),
    }
}

/// What was done, in a line; `is_wanted` is that it was to be written straight.
fn say(speaker: Speaker, out: &Path, captured: &Captured, is_wanted: bool) {
    let threads = captured.threads;
    let stop = format!("{:.1} ms", captured.stop.as_secs_f64() * 1e3);
    let how = match captured.method {
        Method::Copied => format!("{threads} threads stood still {stop}"),
        Method::Straight if is_wanted => format!("{threads} threads stood still {stop}, until it was written"),
        Method::Straight => {
            format!(
                "{threads} threads stood still {stop}, until it was written, for there was too little memory for a copy"
            )
        }
        Method::Forked => format!("{threads} threads stood still {stop} for a copy by fork"),
        Method::Running => {
            format!("{threads} threads were not stopped, for they wait for memory of their control group")
        }
    };
    let left_out = match captured.left_out {
        0 => String::new(),
        bytes => format!(" ({} of the heap were free and are left out)", human_bytes(bytes)),
    };
    let (memory, written) = (human_bytes(captured.memory), human_bytes(captured.stored.written));
    speaker.note(format_args!("{}: {memory} of memory in {written}{left_out}; {how}", out.display()));
    if captured.unread > 0 {
        speaker::warning(format_args!("{} could not be read and are zeros in the core", human_bytes(captured.unread)));
    }
}
