//! Where core, executable and debug information may come from.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{Carried, Outcome, carried, command, run};
use serde_json::Value;

/// The carried executable, unpacked into a folder, whole and as if it were stripped.
struct Stripped {
    folder: tempfile::TempDir,
    carried: Carried,
    whole: PathBuf,
    stripped: PathBuf,
}

fn stripped(release: &'static str) -> Stripped {
    let carried = carried(release);
    let folder = tempfile::tempdir().unwrap();
    let bytes = carried.unpacked_exe();
    let path = |name: &str| folder.path().join(name);
    let (whole, stripped) = (path("whole"), path("server"));
    fs::write(&whole, &bytes).unwrap();
    fs::write(&stripped, without_debug(bytes)).unwrap();
    Stripped { folder, carried, whole, stripped }
}

/// Renames the debug sections and makes nothing of the symbol table, as they stand in the section headers.
fn without_debug(mut bytes: Vec<u8>) -> Vec<u8> {
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let half = |bytes: &[u8], at: usize| usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()));
    let (table, count, names) = (word(&bytes, 40), half(&bytes, 60), half(&bytes, 62));
    for header in (0..count).map(|index| table + index * 64) {
        if bytes[header + 4] == 2 {
            bytes[header + 4] = 0;
        }
    }
    let names = word(&bytes, table + names * 64 + 24)..;
    for at in memchr(&bytes[names.clone()], b".debug_") {
        bytes[names.start + at + 1] = b'x';
    }
    bytes
}

fn memchr(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    // The names are the last thing that the linker writes, some hundred bytes.
    let bytes = &bytes[..bytes.len().min(1 << 16)];
    (0..bytes.len()).filter(|&at| bytes[at..].starts_with(wanted)).collect()
}

fn overview(core: &Path, more: &[&Path]) -> Outcome {
    let mut arguments = vec![core.as_os_str()];
    arguments.extend(more.iter().map(|argument| argument.as_os_str()));
    arguments.extend(["overview", "--json"].map(std::ffi::OsStr::new));
    run(command(&arguments))
}

fn json(outcome: Outcome) -> Value {
    serde_json::from_str(&outcome.ok().stdout).unwrap()
}

fn layout(overview: &Value) -> &str {
    overview["go"]["layout"].as_str().unwrap()
}

#[test]
fn debug_information_comes_from_a_file_of_its_own() {
    for release in ["1.19", "1.27"] {
        let Stripped { folder, carried, whole, stripped } = stripped(release);
        let exe = Path::new("--exe");
        assert_eq!(layout(&json(overview(&carried.core, &[exe, &stripped]))), "table", "{release}");
        let given = json(overview(&carried.core, &[exe, &stripped, Path::new("--debug-file"), &whole]));
        assert_eq!((layout(&given), given["program"]["debug_file"].as_str()), ("dwarf", whole.to_str()), "{release}");
        // The picture is the same as with the whole executable.
        let picture = |exe: &Path, more: &[&Path]| {
            let mut arguments = vec![carried.core.as_os_str(), "--exe".as_ref(), exe.as_os_str()];
            arguments.extend(more.iter().map(|argument| argument.as_os_str()));
            arguments.extend(["objref", "-", "--format", "folded"].map(std::ffi::OsStr::new));
            run(command(&arguments)).ok().stdout
        };
        assert_eq!(picture(&stripped, &[Path::new("--debug-file"), &whole]), picture(&whole, &[]), "{release}");
        // Found beside the executable by its name, for its Go build id is the same.
        fs::rename(&whole, folder.path().join("server.debug")).unwrap();
        let found = json(overview(&carried.core, &[exe, &stripped]));
        assert_eq!(layout(&found), "dwarf", "{release}");
    }
}

#[test]
fn a_debug_file_of_another_build_is_refused() {
    let ours = stripped("1.27");
    let other = stripped("1.26");
    let refused =
        overview(&ours.carried.core, &[Path::new("--exe"), &ours.stripped, Path::new("--debug-file"), &other.whole]);
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("is not of") && refused.stderr.contains("build id"), "{}", refused.stderr);
    // One that lies beside it is not taken.
    fs::copy(&other.whole, ours.folder.path().join("server.debug")).unwrap();
    assert_eq!(layout(&json(overview(&ours.carried.core, &[Path::new("--exe"), &ours.stripped]))), "table");
}

#[test]
fn the_executable_is_picked_out_of_a_folder_by_its_build_id() {
    let ours = stripped("1.27");
    let builds = tempfile::tempdir().unwrap();
    for (build, bytes) in [("a", stripped("1.26").carried.unpacked_exe()), ("b", ours.carried.unpacked_exe())] {
        let folder = builds.path().join(build);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("anything"), bytes).unwrap();
    }
    let found = json(overview(&ours.carried.core, &[Path::new("--exe-dir"), builds.path()]));
    let wanted = builds.path().join("b/anything");
    assert_eq!(found["program"]["executable"].as_str(), wanted.to_str());
    // Without the build, and with nothing beside the core, none is taken.
    fs::remove_file(&wanted).unwrap();
    let core = ours.folder.path().join("core.zst");
    fs::copy(&ours.carried.core, &core).unwrap();
    let refused = overview(&core, &[Path::new("--exe-dir"), builds.path()]);
    assert_eq!(refused.status, 1, "{}", refused.stderr);
}

#[test]
fn build_ids_are_told_by_the_core_alone() {
    for release in common::RELEASES {
        let carried = carried(release);
        let told: Value = serde_json::from_str(&goheap!(carried.core, "build-id", "--json").ok().stdout).unwrap();
        let exe = carried.unpacked_exe();
        let go = told["executable"]["go_build_id"].as_str().unwrap();
        assert!(exe.windows(go.len()).any(|bytes| bytes == go.as_bytes()), "{release}: {go}");
        let gnu = told["executable"]["gnu_build_id"].as_str();
        // Go's linker writes one since 1.24.
        assert_eq!(gnu.map(str::len), (release >= "1.24").then_some(40), "{release}");
    }
}

#[test]
fn a_core_comes_through_a_pipe_or_out_of_a_crash_report() {
    let carried = carried("1.27");
    let core = carried.unpacked_core();
    let wanted = json(overview(&carried.core, &[Path::new("--exe"), &carried.exe]));
    let mut piped = command(&["-", "--exe"].map(std::ffi::OsStr::new));
    piped.arg(&carried.exe).args(["overview", "--json"]).stdin(Stdio::piped());
    let mut child = piped.stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&core).unwrap();
    let output = child.wait_with_output().unwrap();
    let piped: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(piped["heap"], wanted["heap"]);
    assert!(!wanted["heap"].is_null());

    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("_usr_bin_server.0.crash");
    let mut text = b"ProblemType: Crash\nExecutablePath: server\nCoreDump: base64\n".to_vec();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&core).unwrap();
    for part in packer.finish().unwrap().chunks(1 << 16) {
        text.extend(format!(" {}\n", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, part)).as_bytes());
    }
    fs::write(&report, text).unwrap();
    assert_eq!(json(overview(&report, &[Path::new("--exe"), &carried.exe]))["heap"], wanted["heap"]);
}

#[test]
fn formats_given_by_mistake_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump");
    for (bytes, named) in [
        (b"MDMP\x93\xa7\0\0".as_slice(), "a minidump"),
        (b"go1.7 heap dump\n", "WriteHeapDump"),
        (b"JAVA PROFILE 1.0.2\0", "Java"),
        (b"goroutine 1 [running]:\n", "traceback"),
        (b"hello, world", "not an ELF file"),
    ] {
        fs::write(&file, bytes).unwrap();
        let refused = goheap!(file, "overview");
        assert_eq!(refused.status, 3);
        assert!(refused.stderr.contains(named), "{}", refused.stderr);
    }
}
