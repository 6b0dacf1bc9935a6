//! The kernel's core handler: a core comes through a pipe, and is kept compressed, named, and told of in one line (core(5)).
//!
//! The kernel runs it with an empty environment, in `/`, as root, with nothing but the pipe open (1.0 and 2 do not exist; Rust's own start
//! opens `/dev/null` there). What `/proc/PID` tells is taken first: with `core_pipe_limit` 0 it is gone when the core has been read.

mod facts;
mod log;
mod names;
mod stream;

use crate::executable::{ProgramFile, WhichExecutables, copy_executable};
use crate::sink::{CoreSink, SinkOptions, Stored};
use goheap_image::WholeFile;
use names::Names;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;
use stream::{Came, StreamError};

/// A process that died, as the kernel says: `%P %u %s %t %e` of core(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Died {
    /// Its id in the first namespace.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// The signal that ended it.
    pub signal: u32,
    /// When, in seconds since 1970.
    pub time: u64,
    /// What its thread calls itself: anything.
    pub name: String,
}

/// What is done with cores.
#[derive(Clone, Debug)]
pub struct HandlerRequest {
    /// Where they are kept.
    pub folder: PathBuf,
    /// Cores that are kept, the new one included; at least one.
    pub keep: usize,
    /// How the core is written.
    pub sink: SinkOptions,
    /// Which executables are copied beside their cores.
    pub executables: WhichExecutables,
    /// Cores of programs that are no Go are kept, too.
    pub keeps_others: bool,
}

/// What became of a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// The core.
    pub core: PathBuf,
    /// True if the stream ended before the core did: its name says so.
    pub is_part: bool,
    /// The executable's copy, or its own path where that leads to it.
    pub executable: Option<PathBuf>,
    /// Where a digest of it belongs.
    pub digest: PathBuf,
    /// True if Go made the program.
    pub is_go: bool,
}

/// Why a core was not kept. The log says it.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The folder is not there.
    #[error("the folder {path:?} cannot be used: {source}; make it, for root alone (mode 0700)")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The core was not written.
    #[error("{0}")]
    Core(String),
}

impl From<StreamError> for HandlerError {
    fn from(error: StreamError) -> Self {
        HandlerError::Core(error.to_string())
    }
}

/// What can be told of the process before its core is read.
#[derive(Clone, Debug)]
pub struct Victim {
    process: PathBuf,
    /// Its program; None where `/proc` does not say.
    pub program: Option<ProgramFile>,
}

impl Victim {
    /// Of the process that died.
    pub fn of(died: &Died) -> Victim {
        let process = PathBuf::from(format!("/proc/{}", died.pid));
        let program = ProgramFile::of(&process).ok();
        Victim { process, program }
    }

    /// True if it is known to be no Go program: what is not known is treated as one.
    pub fn is_other(&self) -> bool {
        self.program.as_ref().is_some_and(|program| !program.is_go)
    }
}

/// Keeps the core that comes from `from`, and writes the line of it. A core that is not wanted is not read; the kernel then drops it.
///
/// # Errors
/// The core was not kept; the log has the line all the same, where it can be written.
pub fn handle(
    died: &Died,
    victim: &Victim,
    request: &HandlerRequest,
    from: &mut dyn Read,
) -> Result<Option<Handled>, HandlerError> {
    let begun = Instant::now();
    if victim.is_other() && !request.keeps_others {
        log::write(&request.folder, &format!("{}: no Go program, dropped", told(died, victim)));
        return Ok(None);
    }
    let result = keep(died, victim, request, from);
    let line = match &result {
        Ok((handled, came, stored, notes)) => {
            let part = if handled.is_part { "; ENDED EARLY, a part" } else { "" };
            let notes = notes.iter().map(|note| format!("; {note}")).collect::<String>();
            let seconds = begun.elapsed().as_secs_f64();
            format!("{:?}: {} bytes in {} of {seconds:.1} s{part}{notes}", handled.core, came.bytes, stored.written)
        }
        Err(error) => format!("NOT KEPT: {error}"),
    };
    log::write(&request.folder, &format!("{}: {line}", told(died, victim)));
    result.map(|(handled, ..)| Some(handled))
}

/// Tells the kernel's log why nothing was done: nobody reads what a handler that was called wrongly prints.
pub fn say_to_kernel(line: &str) {
    let line: Vec<&str> = line.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    log::kernel(&line.join("; "));
}

/// Adds a line about the core of the process to the log.
pub fn note(died: &Died, victim: &Victim, folder: &Path, line: &str) {
    log::write(folder, &format!("{}: {line}", told(died, victim)));
}

/// Which process.
fn told(died: &Died, victim: &Victim) -> String {
    let program = victim.program.as_ref().and_then(|program| program.path.as_ref());
    let program = program.map_or_else(String::new, |path| format!(" ({})", path.display()));
    format!("{} {}{program} pid {} uid {} signal {}", died.time, died.name, died.pid, died.uid, died.signal)
}

type Kept = (Handled, Came, Stored, Vec<String>);

fn keep(died: &Died, victim: &Victim, request: &HandlerRequest, from: &mut dyn Read) -> Result<Kept, HandlerError> {
    let folder = &request.folder;
    let refused = |source| HandlerError::Folder { path: folder.clone(), source };
    fs::read_dir(folder).map_err(refused)?;
    let mut notes = Vec::new();
    // Room for the new one is made first.
    match names::prune(folder, request.keep.max(1) - 1) {
        Ok(0) => {}
        Ok(removed) => notes.push(format!("{removed} older removed")),
        Err(error) => notes.push(format!("older ones not removed: {error}")),
    }
    let is_plain = request.sink.compress == Some(false);
    let names = Names::new(folder, &died.name, died.pid, died.time, is_plain);
    let executable = beside(victim, request, &names, &mut notes);
    // Until it is whole it is called a part.
    let sink_error = |error: crate::SinkError| HandlerError::Core(error.to_string());
    let options = SinkOptions { compress: Some(!is_plain), ..request.sink.clone() };
    let mut sink = CoreSink::create(&names.part(), &options).map_err(sink_error)?;
    let came = stream::copy(from, &mut sink)?;
    let stored = sink.finish().map_err(sink_error)?;
    let mut core = names.part();
    if !came.is_cut() {
        core = names.core();
        fs::rename(names.part(), &core).map_err(refused)?;
    }
    let is_go = victim.program.as_ref().is_some_and(|program| program.is_go);
    Ok((Handled { core, is_part: came.is_cut(), executable, digest: names.digest(), is_go }, came, stored, notes))
}

/// Writes what lies beside a core: facts, and the executable. Without them the core is worth having all the same.
fn beside(victim: &Victim, request: &HandlerRequest, names: &Names, notes: &mut Vec<String>) -> Option<PathBuf> {
    let facts = WholeFile::for_owner(&names.facts()).and_then(|mut file| {
        facts::write(&victim.process, file.file())?;
        file.put()
    });
    if let Err(error) = facts {
        notes.push(format!("no facts: {error}"));
    }
    let program = victim.program.as_ref()?;
    if !program.is_go {
        return program.path.clone();
    }
    match copy_executable(&victim.process, program, &request.folder, request.executables) {
        Ok(Some(copy)) => Some(copy),
        Ok(None) => program.path.clone(),
        Err(error) => {
            notes.push(format!("executable not copied: {error}"));
            program.path.clone()
        }
    }
}

#[cfg(test)]
mod tests;
