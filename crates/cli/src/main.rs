//! `goheap`: reads the core dump of a dead Go process and shows who holds its heap.
//!
//! Only wiring lives here: arguments ([`args`]), opening ([`coredumps`], [`open`]), a file for each command and what several of them
//! show alike ([`commands`]), files ([`output`]), what is said beside the answers ([`say`]), memory and threads
//! ([`bounds`], [`allocator`]).

mod allocator;
mod args;
mod bounds;
mod commands;
mod coredumps;
mod open;
mod output;
mod say;
mod shell;

use args::{Cli, Command, Input};
use bounds::allowance;
use commands::{
    births, build_id, diff, dominators, export, first_look, goroutine, goroutines, histogram, index, manual, memory,
    object, objects, objref, overview, owners, paths, report, suspects, waste,
};
use rustix::process::DumpableBehavior;
use say::errors::{Ending, Failure};
use say::watch::Watch;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::Counted = allocator::Counted;

fn main() -> ExitCode {
    let as_json = args::asks_for_json();
    allowance::say_as_json(as_json);
    goheap_image::end_on_bus_error(Ending::LOST.status, as_json.then_some(Ending::LOST.code));
    // A core of this process would hold the core that it reads. RLIMIT_CORE would not do where a program takes the cores (core(5)).
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let result = Cli::read().map_err(Failure::Usage).and_then(|cli| run(&cli));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[cfg(feature = "capture")]
            if args::is_of_kernel() {
                goheap_capture::handler::say_to_kernel(&failure.to_string());
            }
            failure.report(as_json)
        }
    }
}

/// What the command is asked of. The limit of memory is in force before any of it is read: a kept report is read before a core is opened.
fn input(cli: &Cli) -> Result<Input, Failure> {
    let input = cli.input()?;
    Watch::limit(&input);
    Ok(input)
}

fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Objref(options) => objref::run(&input(cli)?, options),
        Command::Overview(options) => match cli.first_look.as_deref().filter(|_| !options.written.is_json()) {
            Some(opening) => first_look::run(&input(cli)?, opening),
            None => overview::run(&input(cli)?, options),
        },
        Command::Report(options) => report::run(&input(cli)?, options),
        Command::Suspects(options) => suspects::run(&input(cli)?, options),
        Command::Waste(options) => waste::run(&input(cli)?, options),
        Command::Histogram(options) => histogram::run(&input(cli)?, options),
        Command::Dominators(options) => dominators::run(&input(cli)?, options),
        Command::Objects(options) => objects::run(&input(cli)?, options),
        Command::Object(options) => object::run(&input(cli)?, options),
        Command::Paths(options) => paths::run(&input(cli)?, options),
        Command::Owners(options) => owners::run(&input(cli)?, options),
        Command::Births(options) => births::run(&input(cli)?, options),
        Command::Goroutines(options) => goroutines::run(&input(cli)?, options),
        Command::Goroutine(options) => goroutine::run(&input(cli)?, options),
        Command::Diff(options) => diff::run(&input(cli)?, options),
        Command::Memory(options) => memory::run(&input(cli)?, options),
        Command::Index(options) => index::run(&input(cli)?, options),
        Command::Export(options) => export::run(&input(cli)?, options),
        #[cfg(feature = "capture")]
        Command::Redact(options) => commands::redact::run(&input(cli)?, options),
        Command::BuildId(options) => build_id::run(&input(cli)?, options),
        #[cfg(feature = "capture")]
        Command::CoreHandler(options) => commands::core_handler::run(options),
        #[cfg(feature = "capture")]
        Command::Capture(options) => commands::capture::run(&cli.of_process(), options),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man => manual::page(),
    }
}
