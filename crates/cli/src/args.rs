//! The command line: what can be asked for. Its texts are the tool's manual.

mod births;
#[cfg(feature = "capture")]
mod capture;
#[cfg(feature = "capture")]
mod core_handler;
mod diff;
mod dominators;
mod export;
mod files;
mod goroutines;
mod index;
mod input;
mod listing;
mod memory;
mod objref;
mod order;
mod owners;
mod paths;
mod pattern;
mod places;
#[cfg(feature = "capture")]
mod redact;
mod report;
mod suspects;
mod waste;
mod written;

pub(crate) use self::index::IndexOptions;
pub(crate) use births::BirthsOptions;
#[cfg(feature = "capture")]
pub(crate) use capture::{CaptureOptions, HowToSnapshot};
#[cfg(feature = "capture")]
pub(crate) use core_handler::{CoreHandlerOptions, Others};
pub(crate) use diff::DiffOptions;
pub(crate) use dominators::{DominatorsOptions, RetainedBy};
pub(crate) use export::{ExportFormat, ExportOptions};
pub(crate) use goroutines::{GoroutineOptions, GoroutinesFormat, GoroutinesOptions, GoroutinesSort};
pub(crate) use input::Input;
#[cfg(feature = "capture")]
pub(crate) use input::OfProcess;
pub(crate) use listing::{Group, HistogramOptions, ObjectOptions, ObjectsFormat, ObjectsOptions};
pub(crate) use memory::MemoryOptions;
pub(crate) use objref::{Counted, Format, ObjrefOptions, Tree};
pub(crate) use owners::OwnersOptions;
pub(crate) use paths::{PathsFormat, PathsOptions};
pub(crate) use pattern::Asked;
#[cfg(feature = "capture")]
pub(crate) use redact::RedactOptions;
pub(crate) use report::{ReportFormat, ReportOptions};
pub(crate) use suspects::SuspectsOptions;
pub(crate) use waste::WasteOptions;
pub(crate) use written::{Form, WrittenWhole};

use crate::say::errors::Failure;
use crate::say::version;
use crate::shell;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use input::InputOptions;
use std::ffi::OsString;
use std::path::PathBuf;

const ABOUT: &str = "Shows who holds the heap of a dead Go process, from its core dump";

const LONG_ABOUT: &str = "\
Shows who holds the heap of a dead Go process, from its core dump.

A leak? `overview` tells how large the heap is and what died, `suspects` where it gathers, `dominators` who retains most of it, then \
`paths` by which references one of those is held, and where to cut. CORE alone gives the overview and what to ask next; words may stand in any order.

goheap reads an ELF core of a Go program together with the executable that made it, rebuilds the heap as the garbage \
collector sees it, and tells for every allocated byte which package variable or goroutine keeps it alive. The program \
need not have been prepared in any way; it may be stripped.

Reads cores of linux/amd64 and linux/arm64 written by the kernel, by gcore, delve or qemu-user, whole or truncated, plain \
or compressed (.zst, .xz, .gz, .lz4), of programs built with Go 1.17 to 1.27. A newer Go works where the executable has DWARF.";

/// Examples and exit statuses, each with its heading; lines of at most 78 characters.
pub(crate) const SECTIONS: [(&str, &str); 2] = [("Examples", EXAMPLES), ("Exit status", EXIT_STATUS)];

const EXAMPLES: &str = "  The first look, and what to ask next:
      goheap core.123 --exe ./server

  Where the heap gathers, in a few lines:
      goheap core.123 --exe ./server suspects

  All of it in one file, for a browser or a ticket, or to be kept:
      goheap core.123 --exe ./server report heap.html
      goheap core.123 --exe ./server report heap.md

  A picture of who holds what, to be opened in a browser; - is stdout:
      goheap core.123 --exe ./server objref heap.svg
      goheap core.123 --exe ./server objref - > heap.svg

  What the process was, how it died and whether the heap adds up:
      goheap core.123 --exe ./server overview

  Who retains most of it, and by which references that is held:
      goheap core.123 --exe ./server dominators
      goheap core.123 --exe ./server paths main.cache

  How much of the heap is of which type:
      goheap core.123 --exe ./server histogram

  What it spends on nothing: the same strings twice, room, zeros:
      goheap core.123 --exe ./server waste

  Every object as CSV: address, size, type, evidence, reachable, owner:
      goheap core.123 --exe ./server objects --csv > objects.csv

  One object by address: its fields, and who points to it:
      goheap core.123 --exe ./server object 0xc000012340

  By which references a variable's map is held, and what to cut:
      goheap core.123 --exe ./server paths main.cache.entries

  Who in the program's own code keeps all these byte slices:
      goheap core.123 --exe ./server owners '[]uint8'

  Goroutines that are blocked for ever, and what they hold:
      goheap core.123 --exe ./server goroutines --leaked

  Many questions to a large core: keep what takes long, then ask:
      goheap core.123 --exe ./server index

  The heap for another tool, such as go tool pprof:
      goheap core.123 --exe ./server export refs.pb.gz

  The overview for a script, from a compressed core:
      goheap core.123.zst --exe ./server overview --json

  A core of a live process, now, or before the kernel would end it:
      goheap capture 4711 -o core.zst
      goheap capture 4711 --when 'rss > 80%' -o core.zst

  Which build made a core, and the core read with a folder of builds:
      goheap core.123 build-id
      goheap core.123 --exe-dir /srv/builds overview
";

const EXIT_STATUS: &str = "  0  done (also when the reader of a pipe went away)
  1  a file could not be found, read or written
  2  the command line is wrong
  3  the input is refused: not a core, another machine, not Go, Go before
     1.17, an executable that did not make the core, a truncated core of
     which too little is left, or a heap that needs more memory than
     --max-memory allows
  4  what was asked about is not in this core: a type, variable, address,
     goroutine or library
  5  an input was cut, or became unreadable, while it was read
  6  it was done, and a suspect retains more than --fail-over allows

  With --json a failure is a line of JSON, the last one on stderr, with its
  code, message and hint (docs/json-schema.md)
";

const USAGE: &str = "goheap CORE [--exe EXECUTABLE] [OPTIONS] [COMMAND ...]
       goheap CORE --exe EXECUTABLE objref heap.svg
       goheap CORE EXECUTABLE";

fn sections() -> String {
    let sections = SECTIONS.map(|(heading, text)| format!("{heading}:\n{text}"));
    sections.join("\n").trim_end().to_owned()
}

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "goheap", version = version::SHORT, long_version = version::long())]
#[command(about = ABOUT, long_about = LONG_ABOUT, after_long_help = sections())]
#[command(after_help = "See --help for examples and exit statuses.", override_usage = USAGE)]
#[command(max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The core dump, plain or compressed (.zst, .xz, .gz, .lz4)
    ///
    /// Words may stand in any order: core and executable are told by what the files are, else the core comes first. A file that is
    /// named like a command is given as ./overview. Standard input is -. A crash report of apport is opened directly. systemd:4711 and systemd:server are the newest cores
    /// of that process or program that systemd keeps, systemd: the newest of all.
    #[arg(value_name = "CORE")]
    core: Option<PathBuf>,
    #[command(flatten)]
    input: InputOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What opens the same core again, for commands that are suggested; where no command was given.
    #[arg(skip)]
    pub(crate) first_look: Option<Vec<OsString>>,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw who holds the heap: the reference flame graph
    #[command(long_about = objref::OBJREF)]
    Objref(ObjrefOptions),
    /// Tell what the process was, how it died, and whether the heap adds up
    Overview(OverviewOptions),
    /// Tell where the heap gathers: what is worth a look first
    #[command(long_about = suspects::SUSPECTS)]
    Suspects(SuspectsOptions),
    /// Write all of it into one file: HTML, Markdown or JSON
    #[command(long_about = report::REPORT)]
    Report(ReportOptions),
    /// Tell how much of the heap is of which type, package or kind
    #[command(long_about = listing::HISTOGRAM)]
    Histogram(HistogramOptions),
    /// Tell what the heap spends on nothing: the same contents twice, room that is empty, buffers of zeros
    #[command(long_about = waste::WASTE)]
    Waste(WasteOptions),
    /// Tell who retains how much: what would be freed if something went
    #[command(long_about = dominators::DOMINATORS)]
    Dominators(DominatorsOptions),
    /// List every object with its type and who holds it
    #[command(long_about = listing::OBJECTS)]
    Objects(ObjectsOptions),
    /// Tell everything of one object: fields, who points to it, what it points to
    #[command(long_about = listing::OBJECT)]
    Object(ObjectOptions),
    /// Tell by which references objects are held: the shortest paths from roots
    #[command(long_about = paths::PATHS)]
    Paths(PathsOptions),
    /// Tell who, in the program's own code, keeps the objects of a type
    #[command(long_about = owners::OWNERS)]
    Owners(OwnersOptions),
    /// Tell where what is there was allocated, and who holds it now: the runtime's own samples
    #[command(long_about = births::BIRTHS)]
    Births(BirthsOptions),
    /// List goroutines by where they stand, with what they wait for and hold
    #[command(long_about = goroutines::GOROUTINES)]
    Goroutines(GoroutinesOptions),
    /// Tell what grew between two cores, or more
    #[command(long_about = diff::DIFF)]
    Diff(DiffOptions),
    /// Tell everything of one goroutine: its calls, their variables, and what each keeps
    #[command(long_about = goroutines::GOROUTINE)]
    Goroutine(GoroutineOptions),
    /// Tell what all of the process's memory is: Go's heap, idle pages, stacks, the runtime's own, C's, files
    #[command(long_about = memory::MEMORY)]
    Memory(MemoryOptions),
    /// Keep what takes long to work out, so that further questions are answered at once
    #[command(long_about = index::INDEX)]
    Index(IndexOptions),
    /// Write the heap as a file of another tool: a profile for pprof, and others
    #[command(long_about = export::EXPORT)]
    Export(ExportOptions),
    /// Write the core anew without its contents: pointers, types and sizes stay, strings and numbers go
    #[cfg(feature = "capture")]
    #[command(long_about = redact::REDACT)]
    Redact(RedactOptions),
    /// Tell the build ids of the executable and libraries, from the core alone
    #[command(long_about = BUILD_ID)]
    BuildId(BuildIdOptions),
    /// Take a core of a live process that goes on, now or before the kernel ends it
    #[cfg(feature = "capture")]
    #[command(long_about = capture::CAPTURE)]
    Capture(CaptureOptions),
    /// Keep the core that the kernel hands over: for /proc/sys/kernel/core_pattern
    #[cfg(feature = "capture")]
    #[command(long_about = core_handler::CORE_HANDLER)]
    CoreHandler(CoreHandlerOptions),
    /// Print a completion script for a shell
    ///
    /// For bash, in ~/.local/share/bash-completion/completions (mkdir -p it first): goheap completions bash > FOLDER/goheap
    #[command(override_usage = "goheap completions SHELL")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    ///
    /// To read it: goheap man | man -l -
    #[command(override_usage = "goheap man")]
    Man,
}

impl Command {
    /// As one could write it behind the core.
    fn example(&self) -> String {
        match self {
            Command::Objref(_) => "objref heap.svg".to_owned(),
            Command::Object(options) => format!("object {:#x}", options.address),
            Command::Paths(options) => {
                format!("paths {}", shell::line(&options.what().iter().map(|asked| &*asked.text).collect::<Vec<_>>()))
            }
            Command::Owners(options) => format!("owners {}", shell::quoted(&options.what.text)),
            Command::Births(options) => options
                .what()
                .map_or_else(|| "births".to_owned(), |asked| format!("births {}", shell::quoted(&asked.text))),
            Command::Goroutine(options) => format!("goroutine {}", options.id),
            Command::Diff(_) => "diff new.core".to_owned(),
            Command::Overview(_) => "overview".to_owned(),
            Command::Suspects(_) => "suspects".to_owned(),
            Command::Report(_) => "report heap.html".to_owned(),
            Command::Histogram(_) => "histogram".to_owned(),
            Command::Waste(_) => "waste".to_owned(),
            Command::Dominators(_) => "dominators".to_owned(),
            Command::Objects(_) => "objects".to_owned(),
            Command::Goroutines(_) => "goroutines".to_owned(),
            Command::Memory(_) => "memory".to_owned(),
            Command::Index(_) => "index".to_owned(),
            Command::Export(_) => "export refs.pb.gz".to_owned(),
            #[cfg(feature = "capture")]
            Command::Redact(_) => "redact redacted.core.zst".to_owned(),
            Command::BuildId(_) => "build-id".to_owned(),
            #[cfg(feature = "capture")]
            Command::Capture(_) | Command::CoreHandler(_) => String::new(),
            Command::Completions { .. } | Command::Man => String::new(),
        }
    }
}

const BUILD_ID: &str = "\
Tells the build ids of the executable and of the libraries that were mapped, from the core alone.

So a machine that has the core can fetch the right executable, by id, from wherever builds are kept. Needs the first page of each \
file in the core: kernels write it unless /proc/PID/coredump_filter lacks bit 4, and so does gcore.";

/// Options of `build-id`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE build-id [--json]")]
pub(crate) struct BuildIdOptions {
    #[command(flatten)]
    pub(crate) written: WrittenWhole,
}

/// Options of `overview`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] overview [--json]")]
pub(crate) struct OverviewOptions {
    #[command(flatten)]
    pub(crate) written: WrittenWhole,
    /// Show every check that was made, and the first objects that break one or are odd, with the command that shows each
    #[arg(long)]
    pub(crate) invariants: bool,
}

impl Cli {
    /// The command line of this process, its words in any natural order.
    pub(crate) fn read() -> Result<Cli, clap::Error> {
        let words: Vec<OsString> = std::env::args_os().skip(1).collect();
        let mut tool = Cli::command();
        tool.build();
        #[cfg(feature = "capture")]
        if let Some(words) = core_handler::of_kernel(&words) {
            return Cli::try_parse_from(std::iter::once(OsString::from("goheap")).chain(words));
        }
        let line = order::in_order(&words, &tool, &files::RealFiles);
        let cli = Cli::try_parse_from(std::iter::once(OsString::from("goheap")).chain(line.words))?;
        Ok(Cli { first_look: line.is_first_look.then_some(line.opening), ..cli })
    }

    /// What is asked of a command that has to do with live processes.
    #[cfg(feature = "capture")]
    pub(crate) fn of_process(&self) -> OfProcess {
        self.input.of_process()
    }

    /// The input, for a command that reads a core. CORE is no argument that clap requires, for other commands do without.
    pub(crate) fn input(&self) -> Result<Input, Failure> {
        let Some(core) = &self.core else {
            let message = format!(
                "CORE is missing: which core dump is to be read? Such as: goheap core.123 --exe ./server {}",
                self.command.example()
            );
            return Err(usage(ErrorKind::MissingRequiredArgument, message));
        };
        self.input.input(core)
    }
}

/// Whether the kernel called this process with a core, or somebody as it would.
#[cfg(feature = "capture")]
pub(crate) fn is_of_kernel() -> bool {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    core_handler::of_kernel(&words).is_some()
}

/// Whether this process was asked for JSON, as far as that can be told of a command line that may be wrong.
pub(crate) fn asks_for_json() -> bool {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let is_json = |text: &str| ["json", "ndjson"].contains(&text);
    let own = words.iter().take_while(|word| *word != "--").enumerate();
    own.into_iter().any(|(at, word)| match word.trim_start_matches('-').split_once('=') {
        _ if !word.starts_with('-') => false,
        Some((name, value)) => name == "format" && is_json(value),
        None if word.ends_with("-format") => words.get(at + 1).is_some_and(|value| is_json(value)),
        None => word.trim_start_matches('-') == "json",
    })
}

/// An error in the command line that clap does not find.
pub(crate) fn usage(kind: ErrorKind, message: impl std::fmt::Display) -> Failure {
    Failure::Usage(Cli::command().error(kind, message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_the_tool_stand_before_or_after_the_command() {
        for line in
            ["goheap c --exe e --no-dwarf overview --invariants", "goheap c overview --invariants --exe e --no-dwarf"]
        {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let input = cli.input().map_err(drop).unwrap();
            assert_eq!(input.request.executable, Some("e".into()));
            assert!(
                input.no_dwarf && matches!(cli.command, Command::Overview(OverviewOptions { invariants: true, .. }))
            );
        }
    }
}
