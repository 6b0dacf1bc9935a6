//! `goheap`: reads the core dump of a dead Go process and shows who holds its heap.
//!
//! Only wiring lives here: arguments ([`args`]), opening ([`coredumps`], [`open`]), a file for each command and what several of them
//! show alike ([`commands`]), files ([`output`]), what is said beside the answers ([`say`]), memory and threads
//! ([`bounds`], [`allocator`]).

mod allocator;
mod args;
mod bounds;
mod command_line;
mod commands;
mod coredumps;
mod open;
mod output;
mod say;
mod shell;

use args::{Cli, Command};
use bounds::allowance;
use commands::{
    births, build_id, diff, dominators, export, first_look, goroutine, goroutines, histogram, index, manual, memory,
    object, objects, objref, overview, owners, paths, report, suspects, waste,
};
use rustix::process::DumpableBehavior;
use say::errors::{Ending, Failure};
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

fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Objref(options) => objref::run(&cli.input()?, options),
        Command::Overview(options) => match cli.first_look.as_deref().filter(|_| !options.written.is_json()) {
            Some(opening) => first_look::run(&cli.input()?, opening),
            None => overview::run(&cli.input()?, options),
        },
        Command::Report(options) => report::run(&cli.input()?, options),
        Command::Suspects(options) => suspects::run(&cli.input()?, options),
        Command::Waste(options) => waste::run(&cli.input()?, options),
        Command::Histogram(options) => histogram::run(&cli.input()?, options),
        Command::Dominators(options) => dominators::run(&cli.input()?, options),
        Command::Objects(options) => objects::run(&cli.input()?, options),
        Command::Object(options) => object::run(&cli.input()?, options),
        Command::Paths(options) => paths::run(&cli.input()?, options),
        Command::Owners(options) => owners::run(&cli.input()?, options),
        Command::Births(options) => births::run(&cli.input()?, options),
        Command::Goroutines(options) => goroutines::run(&cli.input()?, options),
        Command::Goroutine(options) => goroutine::run(&cli.input()?, options),
        Command::Diff(options) => diff::run(&cli.input()?, options),
        Command::Memory(options) => memory::run(&cli.input()?, options),
        Command::Index(options) => index::run(&cli.input()?, options),
        Command::Export(options) => export::run(&cli.input()?, options),
        #[cfg(feature = "capture")]
        Command::Redact(options) => commands::redact::run(&cli.input()?, options),
        Command::BuildId(options) => build_id::run(&cli.input()?, options),
        #[cfg(feature = "capture")]
        Command::CoreHandler(options) => commands::core_handler::run(options),
        #[cfg(feature = "capture")]
        Command::Capture(options) => commands::capture::run(&cli.of_process(), options),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man => manual::page(),
    }
}
