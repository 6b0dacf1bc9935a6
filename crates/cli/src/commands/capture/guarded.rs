//! A core taken by a process of its own, which outlives this one until the other process is as it was.
//!
//! For a copy by fork a thread of the other is made to call the kernel; killed in that moment, goheap would leave it with registers that are not
//! its own. So the one that a user or a script would kill is not the one that does it.

use crate::args::{CaptureOptions, OfProcess};
use crate::say::errors::Failure;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs the same command in a process of its own and waits for it.
pub(super) fn run(of: &OfProcess, options: &CaptureOptions, out: &Path, trigger: &str) -> Result<(), Failure> {
    // A pipe that closes when this process ends.
    let failed = |source| Failure::Guard { source };
    let mut command = Command::new("/proc/self/exe");
    // Ctrl-C on a terminal is for this one.
    command.args(words(of, options, out, trigger)).stdin(Stdio::piped()).process_group(0);
    let child = command.spawn();
    let status = child.and_then(|mut child| {
        let _held = child.stdin.take();
        child.wait()
    });
    match status.map_err(failed)? {
        status if status.success() => Ok(()),
        // It has said why.
        status => Err(Failure::Said { status: status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3) }),
    }
}

fn words(of: &OfProcess, options: &CaptureOptions, out: &Path, trigger: &str) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["capture".into(), options.pid.to_string().into(), "--snapshot=fork".into()];
    let with = |name: &str, value: OsString| {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        word
    };
    words.push(with("output", out.into()));
    words.push(with("on-behalf", trigger.into()));
    words.push(with("leave-disk", options.leave_disk.to_string().into()));
    words.push(with("leave-memory", options.leave_memory.to_string().into()));
    words.extend(options.max_size.map(|size| with("max-size", size.to_string().into())));
    words.extend(of.max_memory.map(|size| with("max-memory", size.to_string().into())));
    let flags = [("full", options.full), ("any", options.any), ("quiet", of.quiet)];
    words.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| OsString::from(format!("--{name}"))));
    words
}

/// Set when the process that waits for this one has ended.
pub(super) fn abandoned() -> Arc<AtomicBool> {
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_abandoned);
    let wait = move || {
        // Nothing is ever written to it.
        let _ = std::io::stdin().lock().read(&mut [0]);
        flag.store(true, Ordering::Relaxed);
    };
    // Without it the core is finished, whoever is there.
    let _ = std::thread::Builder::new().name("guard".to_owned()).spawn(wait);
    is_abandoned
}
