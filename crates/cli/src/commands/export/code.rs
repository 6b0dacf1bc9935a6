//! `export heap`, `allocs`, `goroutine`, `goroutineleak`, `threadcreate`, `block` and `mutex`: what `/debug/pprof/NAME` would have answered.

use super::mappings::MappedCode;
use super::{one_file, wrote};
use crate::args::Input;
use crate::open::{with_model, with_references};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker;
use crate::say::watch::Watch;
use goheap_export::pprof::{Header, ValueType, write_code};
use goheap_heap::SnapshotOptions;
use goheap_heap::goroutines::leaked;
use goheap_heap::profiles::{contention_profile, goroutine_profile, heap_profile, thread_profile};
use goheap_heap::references::ReferenceOptions;
use goheap_model::{CodeProfile, Observer};
use goheap_report::table::grouped;
use goheap_runtime::{RuntimeModel, Waited};
use std::path::Path;

/// One of the runtime's profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeFormat {
    Heap,
    Allocs,
    Goroutine,
    Goroutineleak,
    Threadcreate,
    Block,
    Mutex,
}

/// Instead of contents.
const HIDDEN: &str = "…";

/// A profile, and what is not known of it.
struct Read {
    profile: CodeProfile,
    header: Header<'static>,
    missing: Vec<String>,
}

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path, format: CodeFormat, values: bool) -> Result<(), Failure> {
    let output = one_file(input, out)?;
    let write = |model: &RuntimeModel<'_>, mut read: Read, watch: &Watch| {
        watch.report();
        if !values {
            let labels = read.profile.samples.iter_mut().flat_map(|sample| &mut sample.labels);
            labels.for_each(|(_, value)| *value = HIDDEN.to_owned());
        }
        read.header.time_nanos = model.process.taken_nanos().unwrap_or(0);
        read.header.comments = read.missing.clone();
        let mapped = MappedCode::all(model.process);
        let mappings: Vec<_> = mapped.iter().map(MappedCode::mapping).collect();
        output.export(|out| write_code(&read.profile, &read.header, &mappings, out))?;
        read.missing.iter().for_each(speaker::warning);
        wrote(input, out, format_args!("{} samples", grouped(read.profile.samples.len() as u64)));
        Ok(())
    };
    if format != CodeFormat::Goroutineleak {
        return with_model(input, |model, watch| write(model, read(model, format, watch)?, watch));
    }
    // What can never go on is told by who reaches what it waits for.
    with_references(input, SnapshotOptions::default(), ReferenceOptions::default(), |graph, watch| {
        let (model, leaks) = (graph.snapshot().model, leaked(graph, watch)?);
        let profile = goroutine_profile(model, watch, |index| leaks.contains(index))?;
        diagnostics::warn(graph.snapshot(), input.quiet);
        write(model, counted("goroutineleak", profile), watch)
    })
}

fn read(model: &RuntimeModel<'_>, format: CodeFormat, observer: &dyn Observer) -> Result<Read, Failure> {
    match format {
        CodeFormat::Heap => memory(model, "", observer),
        CodeFormat::Allocs => memory(model, "alloc_space", observer),
        CodeFormat::Goroutine | CodeFormat::Goroutineleak => {
            Ok(counted("goroutine", goroutine_profile(model, observer, |_| true)?))
        }
        CodeFormat::Threadcreate => Ok(counted("threadcreate", thread_profile(model, observer)?)),
        CodeFormat::Block => contention(model, Waited::Block, observer),
        CodeFormat::Mutex => contention(model, Waited::Mutex, observer),
    }
}

fn value(what: &'static str, unit: &'static str) -> ValueType<'static> {
    ValueType { what, unit }
}

fn memory(model: &RuntimeModel<'_>, default: &'static str, observer: &dyn Observer) -> Result<Read, Failure> {
    let (profile, known) = heap_profile(model, observer)?;
    let header = Header {
        sample_types: vec![
            value("alloc_objects", "count"),
            value("alloc_space", "bytes"),
            value("inuse_objects", "count"),
            value("inuse_space", "bytes"),
        ],
        default_sample_type: default,
        period_type: Some(value("space", "bytes")),
        period: known.rate.map_or(0, |rate| rate as i64),
        ..Header::default()
    };
    let mut missing = Vec::new();
    let count = profile.samples.len();
    missing.extend((known.rate == Some(0)).then(|| unsampled("runtime.MemProfileRate is 0", "allocation", count)));
    if known.rate.is_none() {
        missing.push("runtime.MemProfileRate was not found, so nothing is scaled".to_owned());
    }
    if !known.has_list && known.rate != Some(0) {
        missing.push(
            "the profile's list of stacks was not found: those without a living object may be missing".to_owned(),
        );
    }
    if known.absent > 0 {
        missing.push(format!("{} records are absent or broken", grouped(known.absent)));
    }
    Ok(Read { profile, header, missing })
}

/// That a setting keeps the runtime from taking samples, where the profile has so many of before.
fn unsampled(setting: &str, what: &str, samples: usize) -> String {
    match samples {
        0 => format!("{setting}: no {what} was sampled, and the profile is empty"),
        _ => format!("{setting}: no {what} was sampled any more, and the profile has only what was before"),
    }
}

fn counted(name: &'static str, profile: CodeProfile) -> Read {
    let count = value(name, "count");
    let header = Header { sample_types: vec![count], period_type: Some(count), period: 1, ..Header::default() };
    Read { profile, header, missing: Vec::new() }
}

fn contention(model: &RuntimeModel<'_>, waited: Waited, observer: &dyn Observer) -> Result<Read, Failure> {
    let times = contention_profile(model, waited, observer)?;
    let (count, mut missing) = (value("contentions", "count"), Vec::new());
    let unit = if times.is_in_nanoseconds { "nanoseconds" } else { "ticks" };
    if !times.is_in_nanoseconds && !times.profile.samples.is_empty() {
        missing.push(
            "how fast the processor's clock goes is not in the core: delays are in its ticks, not nanoseconds"
                .to_owned(),
        );
    }
    if !times.is_scaled && !times.profile.samples.is_empty() {
        missing.push(
            "runtime.mutexprofilerate was not found, so nothing is scaled: waits are those that were sampled"
                .to_owned(),
        );
    }
    let (setting, what) = match waited {
        Waited::Block => ("runtime.SetBlockProfileRate is 0", "blocking call"),
        Waited::Mutex => ("runtime.SetMutexProfileFraction is 0", "contended mutex"),
    };
    missing.extend((times.rate == Some(0)).then(|| unsampled(setting, what, times.profile.samples.len())));
    if !times.has_list && times.rate != Some(0) {
        missing.push("no record was found: none was made, or the list is not known without symbols".to_owned());
    }
    if times.broken > 0 {
        missing.push("a record is absent or broken, and those behind it are missing".to_owned());
    }
    let header = Header {
        sample_types: vec![count, value("delay", unit)],
        period_type: Some(count),
        period: 1,
        ..Header::default()
    };
    Ok(Read { profile: times.profile, header, missing })
}
