//! An index: the same answers, of no other core, and passed over where it is damaged.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use common::{Outcome, RELEASES, carried};

/// A carried core in a folder of its own, and its index.
struct Kept {
    _folder: tempfile::TempDir,
    core: PathBuf,
    exe: PathBuf,
    index: PathBuf,
}

fn kept(release: &'static str) -> Kept {
    let (carried, folder) = (carried(release), tempfile::tempdir().unwrap());
    // Unpacked once, not for each question.
    let [core, exe, index] = ["core", "exe", "core.goheap"].map(|name| folder.path().join(name));
    fs::write(&core, carried.unpacked_core()).unwrap();
    fs::write(&exe, carried.unpacked_exe()).unwrap();
    let made = goheap!(core, "--exe", exe, "index").ok();
    assert!(made.stderr.contains("core.goheap"), "{}", made.stderr);
    Kept { _folder: folder, core, exe, index }
}

fn ask(kept: &Kept, first: &[&str], arguments: &[&str]) -> Outcome {
    let mut all = vec![kept.core.as_os_str(), "--exe".as_ref(), kept.exe.as_os_str(), "-q".as_ref()];
    all.extend(first.iter().chain(arguments).map(std::ffi::OsStr::new));
    common::run(common::command(&all))
}

const QUESTIONS: [&[&str]; 21] = [
    &["overview"],
    &["overview", "--json"],
    &["histogram", "--retained"],
    &["histogram", "--group", "size-class"],
    &["dominators", "--json"],
    &["dominators", "--group", "root"],
    &["owners", "string"],
    &["births"],
    &["dominators", "--births"],
    &["dominators", "--group", "type", "--births", "--json"],
    &["memory"],
    &["suspects", "--json"],
    &["waste", "--json"],
    &["report", "-"],
    &["paths", "string", "--merge"],
    &["goroutines", "--json"],
    &["goroutine", "1"],
    &["objects", "--csv"],
    &["objref", "-"],
    &["objref", "--tree", "dominator", "-"],
    &["objref", "--mark-shared", "-"],
];

/// Takes what names the index out of the lines that say what to ask next.
fn plain(text: &str) -> String {
    text.replace(" --no-index", "")
}

#[test]
fn answers_are_the_same_to_the_byte() {
    for release in RELEASES {
        let kept = kept(release);
        for question in QUESTIONS {
            let (with, without) = (ask(&kept, &[], question).ok(), ask(&kept, &["--no-index"], question).ok());
            assert_eq!(with.stdout, plain(&without.stdout), "{release}: {question:?}");
            assert_eq!(with.stderr, plain(&without.stderr), "{release}: {question:?}");
        }
    }
}

#[test]
fn it_is_the_owners_alone_and_no_input() {
    let kept = kept("1.26");
    assert_eq!(fs::metadata(&kept.index).unwrap().mode() & 0o777, 0o600);
    fs::set_permissions(&kept.index, Permissions::from_mode(0o644)).unwrap();
    ask(&kept, &[], &["index"]).ok();
    assert_eq!(fs::metadata(&kept.index).unwrap().mode() & 0o777, 0o600);
    let onto_the_core = goheap!(kept.core, "--exe", kept.exe, "index", kept.core);
    assert_eq!(onto_the_core.status, 2, "{}", onto_the_core.stderr);
}

/// Passed over beside the core, with a word; refused where it is named.
fn is_no_use(kept: &Kept, why: &str) {
    let beside = ask(kept, &[], &["dominators", "--csv"]).ok();
    let anew = ask(kept, &["--no-index"], &["dominators", "--csv"]).ok();
    assert_eq!(beside.stdout, anew.stdout);
    assert!(beside.stderr.contains(why) && beside.stderr.contains("passed over"), "{}", beside.stderr);
    let named = ask(kept, &["--index", kept.index.to_str().unwrap()], &["dominators", "--csv"]);
    assert_eq!(named.status, 3, "{}", named.stderr);
    assert!(named.stderr.contains(why), "{}", named.stderr);
}

#[test]
fn one_of_something_else_is_no_use() {
    let mut kept = kept("1.26");
    let other = carried("1.27");
    let right = kept.exe.clone();
    fs::copy(&other.core, &kept.core).unwrap();
    kept.exe = other.exe;
    is_no_use(&kept, "made with another core");
    kept.exe = right;
    fs::copy(carried("1.26").core, &kept.core).unwrap();
    is_no_use(&kept, "made with another core");
    ask(&kept, &["--full-names"], &["index"]).ok();
    is_no_use(&kept, "made with another --full-names");
    ask(&kept, &["--no-dwarf"], &["index"]).ok();
    is_no_use(&kept, "made with another --no-dwarf");
}

#[test]
fn one_that_is_no_index_or_cut_off_is_no_use() {
    let kept = kept("1.26");
    let whole = fs::read(&kept.index).unwrap();
    for bytes in [&whole[..whole.len() - 1], &whole[..100], b"", b"no index"] {
        fs::write(&kept.index, bytes).unwrap();
        is_no_use(&kept, "no index of this version of goheap, or is cut off");
    }
    let missing = ask(&kept, &["--index", "/no/such/index"], &["overview"]);
    assert_eq!(missing.status, 1, "{}", missing.stderr);
}

#[test]
fn a_damaged_part_is_worked_out_anew() {
    let kept = kept("1.26");
    let whole = fs::read(&kept.index).unwrap();
    let anew = ask(&kept, &["--no-index"], &["dominators", "--json"]).ok().stdout;
    let mut warned = 0;
    for at in (64..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&kept.index, bytes).unwrap();
        let asked = ask(&kept, &[], &["dominators", "--json"]).ok();
        assert_eq!(asked.stdout, anew, "{at}");
        warned += u32::from(asked.stderr.contains("passed over"));
    }
    assert!(warned > 5, "{warned}");
}

#[test]
fn one_that_others_may_have_written_is_used_where_it_is_named_alone() {
    let kept = kept("1.26");
    fs::set_permissions(&kept.index, Permissions::from_mode(0o622)).unwrap();
    let beside = ask(&kept, &[], &["overview"]).ok();
    assert!(beside.stderr.contains("others may write to it"), "{}", beside.stderr);
    let elsewhere = kept.index.with_extension("elsewhere");
    fs::rename(&kept.index, &elsewhere).unwrap();
    symlink(&elsewhere, &kept.index).unwrap();
    let through_a_link = ask(&kept, &["--timings"], &["overview"]).ok();
    assert!(through_a_link.stderr.contains("inference"), "{}", through_a_link.stderr);
    let named = ask(&kept, &["--timings", "--index", elsewhere.to_str().unwrap()], &["overview"]).ok();
    assert!(!named.stderr.contains("inference") && named.stderr.contains("index"), "{}", named.stderr);
}

#[test]
fn a_core_from_a_pipe_says_where_to() {
    let carried = carried("1.26");
    let mut command = common::command(&["-".as_ref(), "--exe".as_ref(), carried.exe.as_os_str(), "index".as_ref()]);
    command.stdin(fs::File::open(Path::new(&carried.core)).unwrap());
    let run = common::run(command);
    assert_eq!(run.status, 2, "{}", run.stderr);
    assert!(run.stderr.contains("OUT is missing"), "{}", run.stderr);
}
