//! What a process was and how it died, of the model of its runtime: nothing here looks at the heap.

pub mod captured;
mod collector;
mod command_line;
mod death;
#[cfg(test)]
mod tests;

pub use death::{death_of_goroutine, why_it_died};

use collector::collector;
use death::{death, panicking};
use goheap_image::{Process, StartBlock};
use goheap_model::process::{
    DEAD, GoBuild, GoroutineStates, LayoutFrom, OtherGoFile, ProcessFacts, Program, StateCount, VersionFrom,
};
use goheap_runtime::constants::GoroutineStatus;
use goheap_runtime::{GoFilePlace, Goroutine, LayoutSource, RuntimeModel, VersionSource, go_files};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What the process was, and how it died.
pub fn process_facts(model: &RuntimeModel<'_>) -> ProcessFacts {
    let start = model.process.start_block();
    let died = death(model);
    let panicking = panicking(model, &died);
    ProcessFacts {
        program: program(model.process, start.as_ref()),
        go: go(model),
        other_go_files: other_go_files(model),
        gomaxprocs: Some(model.processors.len() as u64).filter(|_| !model.diagnostics.no_processors),
        // A process has one at least: without any their notes are lost.
        threads: Some(model.process.core.threads().len() as u64).filter(|&threads| threads > 0),
        goroutines: GoroutineStates { panicking, ..goroutines(model) },
        gc: collector(model, start.as_ref()),
        died,
    }
}

fn program(process: &Process, start: Option<&StartBlock>) -> Program {
    let info = process.core.process();
    let argument_list = start.map(command_line::arguments).unwrap_or_default();
    let told = (!argument_list.is_empty() && !process.core.is_redacted()).then(|| command_line::joined(&argument_list));
    Program {
        name: Some(process.program_name()),
        arguments: told.or_else(|| info.map(|info| info.arguments.clone())),
        argument_list,
        pid: info.map(|info| u64::from(info.pid)),
        executable: Some(process.executable.path().display().to_string()),
        debug_file: process.executable.debug_file().map(|file| file.path().display().to_string()),
        host: process.host.as_ref().map(|path| path.display().to_string()),
    }
}

fn other_go_files(model: &RuntimeModel<'_>) -> Vec<OtherGoFile> {
    let others = go_files(model.process).into_iter().filter(|file| file.place != GoFilePlace::Executable);
    let others = others.map(|file| OtherGoFile {
        path: file.path.map(|path| path.display().to_string()),
        version: file.version,
        build_id: file.build_id,
        found: file.place != GoFilePlace::Memory,
        plugin: matches!(file.place, GoFilePlace::SharedObject(index) if model.is_of_this_runtime(index)),
    });
    others.collect()
}

fn go(model: &RuntimeModel<'_>) -> GoBuild {
    let arch = model.architecture();
    let version = model.version.text.split([' ', '-']).next().unwrap_or_default();
    GoBuild {
        version: Some(if version == "devel" { model.version.text.clone() } else { version.to_owned() }),
        version_source: Some(match model.version_source {
            VersionSource::BuildInfo => VersionFrom::BuildInfo,
            VersionSource::Variable => VersionFrom::Variable,
            VersionSource::DebugInfo => VersionFrom::DebugInfo,
            VersionSource::Given => VersionFrom::Given,
        }),
        experiments: model.version.experiments.clone(),
        arch: Some(arch.to_owned()),
        layout: Some(match model.layout_source {
            LayoutSource::Dwarf => LayoutFrom::Dwarf,
            LayoutSource::Table => LayoutFrom::Table,
        }),
        newer_than_known: model.diagnostics.is_newer_than_known,
    }
}

/// The living by state, the most frequent first; then the dead, whose descriptions the runtime keeps to use them again.
fn goroutines(model: &RuntimeModel<'_>) -> GoroutineStates {
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    let mut dead = 0;
    for goroutine in &model.goroutines {
        match goroutine.status {
            GoroutineStatus::Dead | GoroutineStatus::DeadExtra => dead += 1,
            _ => *states.entry(state(goroutine)).or_default() += 1,
        }
    }
    let total = Some(states.values().sum()).filter(|_| !model.diagnostics.no_goroutines);
    let by_state = states.into_iter().map(|(state, count)| StateCount { state: state.to_owned(), count });
    let mut by_state: Vec<StateCount> = by_state.collect();
    by_state.sort_by_key(|state| Reverse(state.count));
    if dead > 0 {
        by_state.push(StateCount { state: DEAD.to_owned(), count: dead });
    }
    let system = total.map(|_: u64| model.system_count());
    GoroutineStates { total, system, by_state, ..GoroutineStates::default() }
}

fn state(goroutine: &Goroutine) -> &'static str {
    goroutine.wait_reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| goroutine.status.name())
}
