//! What is said when it does not work: one line that tells what is wrong and what to do, and the exit status.

mod code;
mod passed_limit;

pub(crate) use passed_limit::PassedLimit;

pub(crate) use code::Ending;

use crate::args::Input;
use crate::say::speaker::{self, chain};
use code::Code;
use goheap::ProcessError;
use goheap::index_file::{IndexError, TakeError};
use goheap_ask::AskError;
use goheap_ask::diff::WrongPair;
use goheap_export::ExportError;
use goheap_heap::HeapError;
use goheap_image::{ImageError, Process};
use goheap_model::{OverBudget, Refusal};
use goheap_report::ReportError;
use goheap_report::answer::ReadError;
use goheap_report::table::{grouped, human_bytes};
use goheap_report::text::json_text;
use goheap_runtime::{GoFile, GoVersion, RuntimeError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line is wrong, or help was asked for: clap says it.
    #[error(transparent)]
    Usage(clap::Error),
    /// Core or executable cannot be opened.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The Go runtime cannot be read.
    #[error("{path:?}: {source}; {}", advice(source, *missing_bytes, *release_given))]
    Runtime {
        /// The file that is to blame.
        path: PathBuf,
        /// Bytes that the truncated core lacks.
        missing_bytes: u64,
        /// True where the user said which release it is.
        release_given: bool,
        /// Why.
        source: RuntimeError,
    },
    /// The index that was named cannot be used.
    #[error("the index {path:?} cannot be used: {}; make it anew with `index`, or leave --index out", chain(source))]
    Index {
        /// The index.
        path: PathBuf,
        /// Why.
        source: IndexError,
    },
    /// The program is not Go itself.
    #[error(
        "{program:?} is no Go program: it has neither Go's build information nor its table of functions; {}",
        go_advice(files)
    )]
    NotGo {
        /// The program.
        program: PathBuf,
        /// The files of Go that it had loaded: none, several, or one that was not found.
        files: Vec<GoFile>,
    },
    /// The heap cannot be numbered.
    #[error(transparent)]
    Heap(HeapError),
    #[error("the question cannot be answered")]
    Ask(#[source] AskError),
    /// It would take more memory than it may use.
    #[error(
        "the stage \"{}\" wants {} of memory ({} bytes) beside the {} in use, and the limit is {}; \
         raise it with --max-memory (and ulimit -v), or take the core to a machine with more memory",
        .0.stage, human_bytes(.0.wanted), grouped(.0.wanted), human_bytes(.0.used), human_bytes(.0.limit)
    )]
    OverBudget(OverBudget),
    /// The tree cannot be shown.
    #[error("nothing was written: {0}")]
    Report(ReportError),
    /// A format of another tool has no room for it.
    #[error("nothing was written: {0}")]
    Export(ExportError),
    /// The output cannot be written.
    #[error("cannot write {path:?}: {source}; nothing was left behind")]
    Output {
        /// Where it was to go.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Writing would destroy an input.
    #[error("{0:?} is what is being read; write to another file")]
    OutputIsInput(PathBuf),
    /// The address that was given is in no object.
    #[error("no object holds {address:#x} ({place}); {near}")]
    NoObject {
        /// The address.
        address: u64,
        /// What is there, in words.
        place: String,
        /// The objects next to it, in words.
        near: String,
    },
    /// No type, variable or the like has the name that was given.
    #[error("there is no {kind} {name:?}{nearest}")]
    NoSuchName {
        /// The name.
        name: String,
        /// What it should be the name of.
        kind: &'static str,
        /// The nearest names, in words.
        nearest: String,
    },
    /// No goroutine that is alive has the id that was given.
    #[error("no goroutine {id}; {near}")]
    NoGoroutine {
        /// The id.
        id: u64,
        /// The goroutines next to it, in words.
        near: String,
    },
    /// systemd keeps no core of the process or program that was given.
    #[error(
        "no core of {what:?} in {folder:?} ({near}); coredumpctl list shows what there is, --coredump-dir says where"
    )]
    NoCoredump {
        /// The process id or name.
        what: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// The cores that are there, in words.
        near: String,
    },
    /// A report that was kept cannot be read.
    #[error("the report {path:?} cannot be read: {}; write it anew with `report OUT.json`", chain(source))]
    Kept {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// A core cannot be written.
    #[cfg(feature = "capture")]
    #[error(transparent)]
    Sink(#[from] goheap_capture::SinkError),
    /// A suspect retains more than was allowed.
    #[error(transparent)]
    FailOver(Box<PassedLimit>),
    /// No core was taken of a live process.
    #[cfg(feature = "capture")]
    #[error(transparent)]
    Capture(#[from] goheap_capture::CaptureError),
    /// The kernel's core was not kept.
    #[cfg(feature = "capture")]
    #[error(transparent)]
    Handler(#[from] goheap_capture::handler::HandlerError),
    /// The process that was watched has ended before there was a reason to take a core.
    #[cfg(feature = "capture")]
    #[error("process {pid} has ended before what --when waits for came true; no core was taken")]
    EndedFirst {
        /// Its id.
        pid: i32,
    },
    /// The process that was to take the core cannot be started.
    #[cfg(feature = "capture")]
    #[error("cannot start a process that takes the core: {source}; use --snapshot copy")]
    Guard {
        /// The system's reason.
        source: io::Error,
    },
    /// Another process of goheap has said why.
    #[cfg(feature = "capture")]
    #[error("no core was taken")]
    Said {
        /// Its exit status.
        status: u8,
    },
    /// One of several cores cannot be read.
    #[error("of the core {core:?}: {source}")]
    OfCore {
        /// Which.
        core: PathBuf,
        /// Why.
        source: Box<Failure>,
    },
    /// Two cores cannot be held against each other.
    #[error("{source}; {}", pair_advice(source))]
    WrongPair {
        /// Why.
        source: WrongPair,
    },
    /// One core was given twice.
    #[error(
        "{path:?} was given twice; a difference needs two cores, such as: goheap diff old.core new.core --exe ./server"
    )]
    SameCore {
        /// The core.
        path: PathBuf,
    },
    /// Stdout cannot be written.
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
}

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Image(error) => Failure::Image(error),
            ProcessError::NotGo { program, files } => Failure::NotGo { program, files },
        }
    }
}

impl From<TakeError> for Failure {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Heap(error) => error.into(),
            TakeError::Index { path, source } => Failure::Index { path, source },
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OverBudget(error) => Failure::OverBudget(error),
            refusal => Failure::Heap(HeapError::Refused(refusal)),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(refusal) => refusal.into(),
            error => Failure::Ask(error),
        }
    }
}

impl From<HeapError> for Failure {
    fn from(error: HeapError) -> Self {
        match error {
            HeapError::Refused(refusal) => refusal.into(),
            error => Failure::Heap(error),
        }
    }
}

impl Failure {
    /// That the Go runtime of `process` cannot be read.
    pub(crate) fn of_runtime(process: &Process, input: &Input, source: RuntimeError) -> Failure {
        let path = match source {
            RuntimeError::Refused(refusal) => return refusal.into(),
            RuntimeError::NotGo
            | RuntimeError::NoVersion { .. }
            | RuntimeError::TooOld { .. }
            | RuntimeError::Layout(_) => process.executable.path(),
            _ => process.core.path(),
        };
        Failure::Runtime {
            path: path.to_owned(),
            missing_bytes: process.core.missing_bytes(),
            release_given: input.go.is_some(),
            source,
        }
    }

    /// The same of one of several cores, where it is of the core at all.
    pub(crate) fn of_core(self, core: &Path) -> Failure {
        match self {
            Failure::Image(_) | Failure::Runtime { .. } | Failure::NotGo { .. } | Failure::Heap(_) => {
                Failure::OfCore { core: core.to_owned(), source: Box::new(self) }
            }
            other => other,
        }
    }

    /// Says it, as JSON where the result would have been, and tells the exit status.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        match self {
            Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            #[cfg(feature = "capture")]
            Failure::Said { .. } => {}
            _ if as_json && self.status() != 0 => speaker::json(&self.json()),
            // Help goes to stdout, mistakes to stderr; a reader that has gone away is no failure.
            Failure::Usage(error) => match error.print() {
                Err(source) if !error.use_stderr() && source.kind() != io::ErrorKind::BrokenPipe => {
                    return Failure::Stdout(source).report(as_json);
                }
                _ => {}
            },
            _ => speaker::error(self),
        }
        ExitCode::from(self.status())
    }

    /// What it is, for scripts.
    fn code(&self) -> Code {
        match self {
            // With several libraries of Go it is for the user to say which.
            Failure::NotGo { files, .. } if files.len() > 1 => Code::Usage,
            Failure::Usage(_) | Failure::OutputIsInput(_) | Failure::SameCore { .. } => Code::Usage,
            Failure::WrongPair { .. } => Code::Pair,
            Failure::OfCore { source, .. } => source.code(),
            Failure::NoObject { .. } | Failure::NoSuchName { .. } | Failure::NoGoroutine { .. } => Code::NotFound,
            Failure::Image(error) => Code::of_image(error.reason()),
            Failure::Index { source: IndexError::File(_), .. } => Code::NoFile,
            Failure::Index { .. } => Code::Index,
            Failure::NotGo { .. } => Code::NotGo,
            Failure::Runtime { source: RuntimeError::TooOld { .. } | RuntimeError::NoVersion { .. }, .. } => {
                Code::Release
            }
            Failure::Runtime { .. } | Failure::Heap(_) | Failure::Ask(_) => Code::Damaged,
            Failure::OverBudget(_) => Code::Memory,
            Failure::Report(_) | Failure::Export(_) => Code::TooLarge,
            Failure::Output { .. } | Failure::Stdout(_) => Code::Output,
            #[cfg(feature = "capture")]
            Failure::Sink(_) | Failure::Handler(_) => Code::Output,
            Failure::NoCoredump { .. } => Code::NoFile,
            Failure::Kept { .. } => Code::NotRead,
            Failure::FailOver(_) => Code::Over,
            #[cfg(feature = "capture")]
            Failure::Capture(error) => Code::of_capture(error),
            #[cfg(feature = "capture")]
            Failure::EndedFirst { .. } | Failure::Guard { .. } | Failure::Said { .. } => Code::NoFile,
        }
    }

    fn status(&self) -> u8 {
        match self {
            Failure::Usage(error) if !error.use_stderr() => 0,
            Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            #[cfg(feature = "capture")]
            Failure::Said { status } => *status,
            _ => self.code().status(),
        }
    }

    /// For scripts: one line of JSON.
    fn json(&self) -> String {
        let text = match self {
            Failure::Usage(error) => plain(error),
            _ => self.to_string(),
        };
        let (message, hint) = message_and_hint(&text);
        let mut error = serde_json::Map::new();
        error.insert("code".to_owned(), self.code().name().into());
        error.insert("message".to_owned(), message.into());
        error.extend(hint.map(|hint| ("hint".to_owned(), hint.into())));
        json_text(&serde_json::json!({ "schema_version": 1, "error": error }).to_string()).into_owned()
    }
}

/// What to do, or what is near, stands behind the first semicolon that is in no parentheses.
pub(crate) fn message_and_hint(text: &str) -> (&str, Option<&str>) {
    let is_outside = |at: usize| text[..at].matches('(').count() == text[..at].matches(')').count();
    let split = text.match_indices("; ").find(|&(at, _)| is_outside(at));
    split.map_or((text, None), |(at, sign)| (&text[..at], Some(&text[at + sign.len()..])))
}

/// What clap says without the usage below it.
fn plain(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let said = text.split("\n\nUsage:").next().unwrap_or_default();
    let said = said.split("\n\nFor more information").next().unwrap_or_default();
    let said: Vec<&str> = said.split_whitespace().collect();
    let said = said.join(" ");
    said.strip_prefix("error: ").unwrap_or(&said).replacen(" tip: ", "; ", 1)
}

/// What to do about a program that is not Go.
fn go_advice(files: &[GoFile]) -> String {
    let name = |file: &GoFile| match &file.path {
        Some(path) => format!("{path:?}"),
        None => "a file that the core does not name".to_owned(),
    };
    let with_release = |file: &GoFile| match &file.version {
        Some(version) => format!("{} ({version})", name(file)),
        None => name(file),
    };
    match files {
        [] => "nor has any file that it had loaded; give the executable that made the core with --exe".to_owned(),
        [one] => {
            let id = one.build_id.as_ref().map(|id| format!(", build id {id}")).unwrap_or_default();
            format!("{}{id}, which it had loaded, is; give that file with --exe", with_release(one))
        }
        files => {
            let listed: Vec<String> = files.iter().map(with_release).collect();
            let first = files.iter().find_map(|file| file.path.as_ref()?.file_name()).unwrap_or_default();
            format!("it had loaded {} that are; say which with --module, such as --module {first:?}", listed.join(", "))
        }
    }
}

/// What to do about two cores that do not go together.
fn pair_advice(error: &WrongPair) -> &'static str {
    match error {
        WrongPair::OtherProgram { .. } => "only cores of one program have paths in common",
        WrongPair::SameMoment => "give a core of a later moment",
        WrongPair::NewerFirst { .. } => "give the older core first",
    }
}

/// What to do about a runtime that cannot be read.
fn advice(error: &RuntimeError, missing_bytes: u64, release_given: bool) -> String {
    match error {
        RuntimeError::NotGo => "give the executable that made the core with --exe".to_owned(),
        RuntimeError::NoVersion { fitting, .. } => {
            format!("say it with --go, such as --go 1.{}", fitting.last().unwrap_or(&GoVersion::NEWEST_KNOWN_MINOR))
        }
        RuntimeError::TooOld { .. } => "for older programs see viewcore of golang.org/x/debug".to_owned(),
        RuntimeError::Layout(_) => "give an executable with DWARF (built without -s -w) of the same build".to_owned(),
        _ if release_given => "is the release that --go says the program's?".to_owned(),
        _ if missing_bytes > 0 => {
            let missing = human_bytes(missing_bytes);
            format!("{missing} of the core are missing: dump again with room for all (disk space, ulimit -c unlimited)")
        }
        _ => "was the process dumped whole (ulimit -c unlimited, /proc/PID/coredump_filter)?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_behind_the_first_semicolon_outside_parentheses() {
        assert_eq!(message_and_hint("no type x; nearest: y; z"), ("no type x", Some("nearest: y; z")));
        let hidden = "it hides its release (it is \"a\"; Go 1.19 fits); say it";
        assert_eq!(message_and_hint(hidden), ("it hides its release (it is \"a\"; Go 1.19 fits)", Some("say it")));
        assert_eq!(message_and_hint("no ("), ("no (", None));
    }
}
