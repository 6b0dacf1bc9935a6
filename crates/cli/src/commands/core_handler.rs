//! `goheap core-handler %P %u %s %t %e -d DIR`: keeps the core that the kernel hands over.

use crate::args::{CoreHandlerOptions, Others};
use crate::say::errors::Failure;
use goheap_capture::handler::{Died, Handled, HandlerRequest, Victim, handle, note};
use goheap_capture::{SinkOptions, WhichExecutables};
use rustix::fs::Mode;
use rustix::process::umask;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Threads that compress: a machine on which something has died has other things to do.
const MOST_THREADS: usize = 4;
/// What a digest may take.
const DIGEST_MEMORY: &str = "512M";
/// This very program.
const SELF: &str = "/proc/self/exe";

/// Runs the command.
pub(crate) fn run(options: &CoreHandlerOptions) -> Result<(), Failure> {
    let died = Died {
        pid: options.pid,
        uid: options.uid,
        signal: options.signal,
        time: options.time,
        name: options.name.clone(),
    };
    let victim = Victim::of(&died);
    if let Some(program) = options.pass.as_ref().filter(|_| victim.is_other()) {
        return pass(program, &died, &victim, options);
    }
    // All that is written here and by the digest is of a process that may have been anybody's.
    umask(Mode::RWXG | Mode::RWXO);
    // Unbuffered: pieces are large.
    let mut core = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(File::from)
        .map_err(|source| Failure::Output { path: "standard input".into(), source })?;
    let handled = handle(&died, &victim, &request(options), &mut core)?;
    if let Some(handled) = handled.filter(|handled| options.digest && handled.is_go && !handled.is_part) {
        // The core is there, whatever becomes of its digest.
        if let Err(reason) = digest(&handled) {
            note(&died, &victim, &options.dir, &format!("no digest: {reason}"));
        }
    }
    Ok(())
}

fn request(options: &CoreHandlerOptions) -> HandlerRequest {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let sink =
        SinkOptions { compress: Some(!options.plain), threads, least_free: options.min_free, most: options.max_size };
    HandlerRequest {
        folder: options.dir.clone(),
        keep: options.keep as usize,
        sink,
        executables: if options.with_exe { WhichExecutables::All } else { WhichExecutables::Lost },
        keeps_others: options.others == Others::Keep,
    }
}

/// Becomes the program that other cores are for: nothing was read of the core.
fn pass(program: &Path, died: &Died, victim: &Victim, options: &CoreHandlerOptions) -> Result<(), Failure> {
    note(died, victim, &options.dir, &format!("no Go program, passed to {program:?}"));
    let words = [died.pid.to_string(), died.uid.to_string(), died.signal.to_string(), died.time.to_string()];
    let source = Command::new(program).args(words).arg(&died.name).exec();
    note(died, victim, &options.dir, &format!("{program:?} cannot be run: {source}"));
    Err(Failure::Output { path: program.to_owned(), source })
}

/// Another process makes the report, so that what it takes is bounded and what becomes of it does not matter.
fn digest(handled: &Handled) -> Result<(), String> {
    let mut command = Command::new(SELF);
    command.arg(&handled.core).args(["--quiet", "--no-index", "--max-memory", DIGEST_MEMORY]);
    if let Some(executable) = &handled.executable {
        command.arg("--exe").arg(executable);
    }
    command.arg("report").arg(&handled.digest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let done = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&done.stderr);
    match done.status.success() {
        true => Ok(()),
        false => Err(said.lines().last().unwrap_or("it ended without a word").to_owned()),
    }
}
