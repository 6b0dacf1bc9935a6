//! The command line: what can be asked for. Its texts are the tool's manual.

mod dominators;
mod goroutines;
mod input;
mod listing;
mod owners;
mod paths;

pub(crate) use dominators::{DominatorsOptions, RetainedBy};
pub(crate) use goroutines::{GoroutineOptions, GoroutinesFormat, GoroutinesOptions};
pub(crate) use input::Input;
pub(crate) use listing::{Group, HistogramFormat, HistogramOptions, ObjectOptions, ObjectsFormat, ObjectsOptions};
pub(crate) use owners::OwnersOptions;
pub(crate) use paths::PathsOptions;

use crate::errors::Failure;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use goheap_graph::Measure;
use goheap_report::Count;
use input::InputOptions;
use std::path::PathBuf;

const ABOUT: &str = "Shows who holds the heap of a dead Go process, from its core dump";

const LONG_ABOUT: &str = "\
Shows who holds the heap of a dead Go process, from its core dump.

goheap reads an ELF core of a Go program together with the executable that made it, rebuilds the heap as the garbage \
collector sees it, and tells for every allocated byte which package variable or goroutine keeps it alive. The program \
need not have been prepared in any way; it may be stripped.

Reads cores of linux/amd64 and linux/arm64 written by the kernel, by gcore, delve or qemu-user, whole or truncated, plain \
or compressed (.zst, .xz, .gz, .lz4), of programs built with Go 1.17 to 1.27. A newer Go works where the executable has DWARF.";

/// Examples and exit statuses, each with its heading; lines of at most 78 characters.
pub(crate) const SECTIONS: [(&str, &str); 2] = [("Examples", EXAMPLES), ("Exit status", EXIT_STATUS)];

const EXAMPLES: &str = "  A picture of who holds what, to be opened in a browser:
      goheap core.123 --exe ./server objref heap.svg

  What the process was, how it died and whether the heap adds up:
      goheap core.123 --exe ./server overview

  How much of the heap is of which type:
      goheap core.123 --exe ./server histogram

  Every object as CSV: address, size, type, evidence, reachable, owner:
      goheap core.123 --exe ./server objects > objects.csv

  One object by address: its fields, and who points to it:
      goheap core.123 --exe ./server object 0xc000012340

  By which references a variable's map is held, and what to cut:
      goheap core.123 --exe ./server paths main.cache.entries

  Who in the program's own code keeps all these byte slices:
      goheap core.123 --exe ./server owners '[]uint8'

  Goroutines that are blocked for ever, and what they hold:
      goheap core.123 --exe ./server goroutines --leaked

  The overview for a script, from a compressed core:
      goheap core.123.zst --exe ./server overview --json

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
";

const USAGE: &str = "goheap CORE [--exe EXECUTABLE] [OPTIONS] COMMAND ...
       goheap CORE --exe EXECUTABLE objref heap.svg
       goheap CORE --exe EXECUTABLE overview";

fn sections() -> String {
    let sections = SECTIONS.map(|(heading, text)| format!("{heading}:\n{text}"));
    sections.join("\n").trim_end().to_owned()
}

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "goheap", version, about = ABOUT, long_about = LONG_ABOUT, after_long_help = sections())]
#[command(after_help = "See --help for examples and exit statuses.", override_usage = USAGE)]
#[command(max_term_width = 100, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The core dump, plain or compressed (.zst, .xz, .gz, .lz4)
    ///
    /// Standard input is -. A crash report of apport is opened directly. systemd:4711 and systemd:server are the newest cores
    /// of that process or program that systemd keeps, systemd: the newest of all.
    #[arg(value_name = "CORE")]
    core: Option<PathBuf>,
    #[command(flatten)]
    input: InputOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw who holds the heap: the reference flame graph
    #[command(long_about = OBJREF)]
    Objref(ObjrefOptions),
    /// Tell what the process was, how it died, and whether the heap adds up
    Overview(OverviewOptions),
    /// Tell how much of the heap is of which type, package or kind
    #[command(long_about = listing::HISTOGRAM)]
    Histogram(HistogramOptions),
    /// Tell who retains how much: what would be freed if something went
    #[command(long_about = dominators::DOMINATORS)]
    Dominators(DominatorsOptions),
    /// List every object with its type and who holds it, as CSV or NDJSON
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
    /// List goroutines by where they stand, with what they wait for and hold
    #[command(long_about = goroutines::GOROUTINES)]
    Goroutines(GoroutinesOptions),
    /// Tell everything of one goroutine: its calls, their variables, and what each keeps
    #[command(long_about = goroutines::GOROUTINE)]
    Goroutine(GoroutineOptions),
    /// Tell the build ids of the executable and libraries, from the core alone
    #[command(long_about = BUILD_ID)]
    BuildId(BuildIdOptions),
    /// Print a completion script for a shell
    ///
    /// For bash: goheap completions bash > ~/.local/share/bash-completion/completions/goheap
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

const BUILD_ID: &str = "\
Tells the build ids of the executable and of the libraries that were mapped, from the core alone.

So a machine that has the core can fetch the right executable, by id, from wherever builds are kept. Needs the first page of each \
file in the core: kernels write it unless /proc/PID/coredump_filter lacks bit 4, and so does gcore.";

/// Options of `build-id`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE build-id [--json]")]
pub(crate) struct BuildIdOptions {
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const OBJREF: &str = "\
Draws who holds the heap: the reference flame graph.

Every allocated object is shown once, under the root that reaches it first: package variables before goroutines, \
goroutines before the runtime's own variables, those before finalizers and the rest; within a class breadth first, so \
by the shortest way. A frame reads as the variable, field, element or key that leads to the objects, with its type; \
its width is what hangs below it. Recursive data (lists, trees) folds into one frame. What no root reaches is \
garbage that was not collected yet, and has a tower of its own, `unreachable`; where the core lacks pointers that may \
lead there, `not known to be reachable`.

Widths say who reaches objects first. They do not say what would be freed if a reference were dropped: an \
object that is held twice is shown once. --tree dominator draws what would be freed.";

/// Options of `objref`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] objref [OPTIONS] OUT")]
pub(crate) struct ObjrefOptions {
    /// The file to write; its ending says how: .svg, .folded, .bt or .json; - for stdout
    ///
    /// .svg is a flame graph for the browser (click to zoom, Ctrl-F to search). .folded are collapsed stacks for
    /// flamegraph.pl, speedscope and difffolded.pl. .bt are the backtraces that viewcore's objref writes. .json is the
    /// whole tree for scripts. A file that is there is replaced, at once and whole.
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// Write this format, whatever the ending of OUT
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Leave out frames narrower than this part of the whole
    ///
    /// What they hold counts in the frame above. Without it the widest 10,000 frames are drawn in .svg, the widest 100,000
    /// written in .folded and .bt, and all in .json.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) min_width: Option<f64>,
    /// What widths mean
    #[arg(long, value_name = "WHAT", default_value = "bytes")]
    pub(crate) count: Counted,
    /// Which tree is drawn
    ///
    /// breadth-first: who reaches objects first, class by class, by the shortest way; it is the quickest and reads best.
    /// dominator: who retains them; a width is what would be freed if the frame's objects went. What several frames hold
    /// stands beside them.
    #[arg(long, value_name = "TREE", default_value = "breadth-first")]
    pub(crate) tree: Tree,
    /// Mark frames of the breadth-first tree whose objects are shared
    ///
    /// Shared is what several objects or roots hold of which none alone keeps it: dropping the reference shown would not
    /// free it. It takes two to three times as long, and as much memory.
    #[arg(long)]
    pub(crate) mark_shared: bool,
    /// The title of the picture
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
}

/// Options of `overview`.
#[derive(Debug, Args)]
#[command(override_usage = "goheap CORE [--exe EXECUTABLE] overview [--json]")]
pub(crate) struct OverviewOptions {
    /// Write JSON: sizes in bytes, addresses as strings
    #[arg(long)]
    pub(crate) json: bool,
    /// Show every check that was made, and the first objects that break one or are odd, with the command that shows each
    #[arg(long)]
    pub(crate) invariants: bool,
}

/// Which tree is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tree {
    /// Who reaches first
    BreadthFirst,
    /// Who retains
    Dominator,
}

/// How the tree is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A flame graph for the browser
    Svg,
    /// Collapsed stacks, one a line
    Folded,
    /// SystemTap backtraces, as viewcore's objref writes them
    Bt,
    /// The tree with all its numbers
    Json,
}

/// What widths mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Counted {
    /// Bytes of the heap
    Bytes,
    /// Number of objects
    Objects,
}

impl Counted {
    /// For the report.
    pub(crate) fn count(self) -> Count {
        match self {
            Counted::Bytes => Count::Bytes,
            Counted::Objects => Count::Objects,
        }
    }

    /// For the tree.
    pub(crate) fn measure(self) -> Measure {
        match self {
            Counted::Bytes => Measure::Bytes,
            Counted::Objects => Measure::Objects,
        }
    }
}

impl Cli {
    /// The input, for a command that reads a core. CORE is no argument that clap requires, for other commands do without.
    pub(crate) fn input(&self) -> Result<Input, Failure> {
        let Some(core) = &self.core else {
            let message = "CORE is missing: the core dump stands before the command";
            return Err(usage(ErrorKind::MissingRequiredArgument, message));
        };
        self.input.input(core)
    }
}

/// An error in the command line that clap does not find.
pub(crate) fn usage(kind: ErrorKind, message: impl std::fmt::Display) -> Failure {
    Failure::Usage(Cli::command().error(kind, message))
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 = text.trim_end_matches('%').parse().map_err(|_| "a number is needed, such as 0.1".to_owned())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err("a percentage from 0 to 100 is needed".to_owned()) }
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
    fn percentages_stay_within_the_whole() {
        assert_eq!(percent("0.1"), Ok(0.1));
        assert_eq!(percent("5%"), Ok(5.0));
        for wrong in ["-1", "101", "NaN", "wide"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_of_the_tool_stand_before_or_after_the_command() {
        for line in ["goheap c --exe e --no-dwarf overview --json", "goheap c overview --json --exe e --no-dwarf"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let input = cli.input().map_err(drop).unwrap();
            assert_eq!(input.request.executable, Some("e".into()));
            assert!(input.no_dwarf && matches!(cli.command, Command::Overview(OverviewOptions { json: true, .. })));
        }
    }
}
