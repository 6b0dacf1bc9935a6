//! What tells one core of a fleet from the others.

use crate::commands::caption::missing;
use goheap_ask::diff::ProcessMark;
use goheap_export::parquet::Run;
use goheap_heap::process_facts;
use goheap_image::Process;
use goheap_runtime::RuntimeModel;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;
use twox_hash::XxHash3_64;

/// What the user says of a core.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// What tells it from all others.
    pub(super) core_id: Option<String>,
    /// The machine or pod.
    pub(super) host: Option<String>,
}

/// How a folder is called that holds the tables of one core, in the way of Hive.
const PARTITION: &str = "core_id=";
/// Longest host that is believed (`HOST_NAME_MAX`).
const LONGEST_HOST: usize = 64;

/// The row.
pub(super) fn run_row(model: &RuntimeModel<'_>, out: &Path, options: &Said) -> Run {
    let (process, marks) = (model.process, model.mark());
    let (time, time_from) = time(process);
    let module = model.module_info();
    let path = module.as_ref().map(|module| module.path.clone()).filter(|path| !path.is_empty());
    Run {
        core_id: options.core_id.clone().or_else(|| partition(out)).unwrap_or_else(|| core_id(&marks)),
        goheap: env!("CARGO_PKG_VERSION").to_owned(),
        host: options.host.clone().or_else(|| host(process)).unwrap_or_default(),
        program: path.unwrap_or_else(|| process.program_name()),
        version: module.and_then(|module| module.version_or_revision()).unwrap_or_default(),
        go_version: model.version.text.clone(),
        time,
        time_from,
        build_id: marks.build_id.clone().unwrap_or_default(),
        pid: marks.pid,
        architecture: model.architecture().to_owned(),
        died_of: process_facts::why_it_died(model).unwrap_or_default(),
        collections: marks.collections,
        allocated_ever: marks.allocated,
        is_cut: missing(process).is_some(),
    }
}

/// Of `core_id=pod-7`, `pod-7`: readers that know Hive's way make a column of it, and both must say the same.
fn partition(out: &Path) -> Option<String> {
    let name = std::path::absolute(out).ok()?;
    let id = name.file_name()?.to_str()?.strip_prefix(PARTITION)?;
    Some(id.to_owned()).filter(|id| !id.is_empty())
}

/// The same of every copy of a core, compressed or not, and another of each other one. It begins with a letter: readers take what looks
/// like a number for one.
fn core_id(marks: &ProcessMark) -> String {
    let ProcessMark { build_id, pid, random, collections, allocated, last_goroutine, time, .. } = marks;
    let facts = format!("{build_id:?} {pid:?} {random:?} {collections:?} {allocated:?} {last_goroutine} {time:?}");
    format!("c{:016x}", XxHash3_64::oneshot(facts.as_bytes()))
}

/// When goheap took it, else when the file was last changed.
fn time(process: &Process) -> (Option<u64>, &'static str) {
    let noted =
        process.core.provenance().and_then(|note| note.taken).and_then(|seconds| seconds.checked_mul(1_000_000));
    if noted.is_some() {
        return (noted, "note");
    }
    let changed = fs::metadata(process.core.path()).and_then(|file| file.modified()).ok();
    let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or((None, ""), |since| (u64::try_from(since.as_micros()).ok(), "file"))
}

/// `HOSTNAME`, which containers and shells have in their environment.
fn host(process: &Process) -> Option<String> {
    let start = process.start_block()?;
    let host = String::from_utf8_lossy(start.variable("HOSTNAME")?).into_owned();
    Some(host).filter(|host| !host.is_empty() && host.len() <= LONGEST_HOST && !host.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_names_its_core() {
        assert_eq!(partition(Path::new("fleet/core_id=pod-7")).as_deref(), Some("pod-7"));
        assert_eq!(partition(Path::new("fleet/core_id=")), None);
        assert_eq!(partition(Path::new("rows")), None);
    }

    #[test]
    fn moments_of_one_process_have_other_ids() {
        let mark = |collections| ProcessMark { collections: Some(collections), ..ProcessMark::default() };
        assert_eq!(core_id(&mark(7)), core_id(&mark(7)));
        assert_ne!(core_id(&mark(7)), core_id(&mark(8)));
        assert!(core_id(&mark(7)).starts_with('c') && core_id(&mark(7)).len() == 17);
    }
}
