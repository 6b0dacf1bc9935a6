//! `--max-memory`: a run that would need more ends at once, and says for what.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Carried, Outcome, carried, run};
use goheap_image::{Address, OpenRequest, Process};
use goheap_runtime::words::{read_slice, read_words};
use goheap_runtime::{ModelOptions, RuntimeModel};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

fn overview(core: &Path, exe: &Path, limit: &str) -> Outcome {
    goheap!(core, "--exe", exe, "--max-memory", limit, "overview")
}

/// The status, and that stderr is one line with all that the user needs.
#[track_caller]
fn assert_refused(outcome: &Outcome, stage: &str, limit: &str) {
    let line = one_line(outcome);
    let limit = format!("the limit is {limit}; raise it with --max-memory");
    for part in [&format!("the stage \"{stage}"), "\" wants ", " bytes) beside the ", " in use, and ", &limit] {
        assert!(line.contains(part), "{part:?} is not in: {line}");
    }
}

/// What a run said that was refused.
#[track_caller]
fn one_line(outcome: &Outcome) -> &str {
    let line = outcome.stderr.trim_end();
    assert_eq!(outcome.status, 3, "{line}");
    assert!(line.starts_with("goheap: ") && !line.contains('\n'), "not one line: {line}");
    line
}

#[test]
fn a_heap_that_needs_more_is_refused() {
    let Carried { core, exe, .. } = carried("1.27");
    for limit in ["1M", "1048576", "1MiB"] {
        let outcome = overview(&core, &exe, limit);
        // Whichever comes first that allocates.
        assert_refused(&outcome, "", "1.0 MiB");
        assert_eq!(outcome.stdout, "");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.svg");
    assert_refused(&goheap!(core, "--exe", exe, "--max-memory", "1M", "-q", "objref", out), "", "1.0 MiB");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "something was left behind");
}

/// Whatever runs out first, and whether a stage had claimed it or not.
#[test]
fn every_limit_does_or_is_said_not_to() {
    let Carried { core, exe, .. } = carried("1.24");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.svg");
    for command in [&["overview"][..], &["dominators"], &["goroutine", "1"], &["objref", out.to_str().unwrap()]] {
        let mut last = 3;
        for limit in [2, 4, 6, 9, 13, 20, 200].map(|mebibytes| format!("{mebibytes}M")) {
            let mut arguments = vec![core.as_os_str(), "--exe".as_ref(), exe.as_os_str(), "--max-memory".as_ref()];
            arguments.push(limit.as_ref());
            arguments.extend(command.iter().map(OsStr::new));
            let outcome = run(common::command(&arguments));
            last = outcome.status;
            if last != 0 {
                assert_refused(&outcome, "", &limit.replace('M', ".0 MiB"));
            }
        }
        assert_eq!(last, 0, "{command:?} wants 200 MiB");
    }
}

#[test]
fn a_narrow_address_space_is_no_abort() {
    let Carried { core, exe, .. } = carried("1.24");
    // At some of them there is no room for a thread beside this one.
    for kibibytes in (60_000..110_000).step_by(2_500).chain([120_000, 150_000, 200_000, 300_000, 400_000]) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -v {kibibytes} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_goheap")]);
        shell.args([core.as_os_str(), "--exe".as_ref(), exe.as_os_str(), "overview".as_ref()]);
        let outcome = run(shell);
        if outcome.status != 0 {
            one_line(&outcome);
        }
        // Room for the files and for both threads.
        assert!(outcome.status == 0 || kibibytes < 400_000, "{kibibytes}: {}", outcome.stderr);
    }
}

#[test]
fn a_limit_that_does_changes_nothing() {
    let Carried { core, exe, .. } = carried("1.27");
    let free = goheap!(core, "--exe", exe, "overview").ok();
    let bounded = overview(&core, &exe, "1G").ok();
    assert_eq!((bounded.stdout, bounded.stderr), (free.stdout, String::new()));
}

/// A list of the runtime: where its header is, and an entry that can be read.
type List = (Address, u64);

fn spans(model: &RuntimeModel<'_>) -> List {
    let header = model.mheap.add(model.layout.mheap.allspans);
    let list = read_slice(model.memory(), header).unwrap();
    let spans = read_words(model.memory(), list.data, list.len as usize).unwrap();
    let state = |span: &u64| model.memory().read_u8(Address(*span).add(model.layout.mspan.state));
    (header, spans.into_iter().find(|span| state(span) == Some(1)).unwrap())
}

fn goroutines(model: &RuntimeModel<'_>) -> List {
    (model.anchors.allgs.unwrap(), model.goroutines[0].address.0)
}

/// The core with the list made to have that entry again and again, as often as the largest segment has words.
fn with_hostile_list(carried: &Carried, list: impl Fn(&RuntimeModel<'_>) -> List) -> Vec<u8> {
    let request =
        OpenRequest { core: carried.core.clone(), executable: Some(carried.exe.clone()), ..OpenRequest::default() };
    let process = Process::open(&request).unwrap();
    let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
    let (header, entry) = list(&model);
    let mut bytes = carried.unpacked_core();
    let segments = process.core.segments();
    let offset = |address: Address| {
        let holds = |segment: &&goheap_image::Segment| address >= segment.address && address < segment.end();
        let segment = segments.iter().find(holds).unwrap();
        (address.0 - segment.address.0 + segment.file_offset) as usize
    };
    let largest = segments.iter().max_by_key(|segment| segment.file_size).unwrap();
    let count = largest.file_size as usize / 8;
    assert!(count > 1 << 20, "{count} entries of 200 bytes must be more than the limit");
    let fill = largest.file_offset as usize;
    bytes[fill..fill + count * 8].copy_from_slice(&entry.to_le_bytes().repeat(count));
    let header = offset(header);
    for (at, word) in [largest.address.0, count as u64, count as u64].into_iter().enumerate() {
        bytes[header + at * 8..][..8].copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

#[test]
fn a_hostile_list_is_refused_before_it_is_held() {
    let carried = carried("1.27");
    let folder = tempfile::tempdir().unwrap();
    let core = folder.path().join("core");
    for (stage, hostile) in
        [("spans", with_hostile_list(&carried, spans)), ("goroutines", with_hostile_list(&carried, goroutines))]
    {
        std::fs::write(&core, hostile).unwrap();
        let outcome = overview(&core, &carried.exe, "100M");
        assert_refused(&outcome, stage, "100.0 MiB");
        assert_eq!(outcome.stdout, "");
    }
}
