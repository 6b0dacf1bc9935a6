//! Inputs that are cut while they are read.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{carried, command};
use rustix::fs::{CWD, FileType, Mode};

/// Runs `arguments` behind core and executable in `folder`; the core is cut when it is mapped and little of it is read.
fn run_with_core_cut(folder: &Path, len: u64, arguments: &[&str]) -> (Option<i32>, String) {
    run_with_cut(folder, ("core", len), &carried("1.27").unpacked_exe(), arguments)
}

/// The same with the file of that name, which is opened before the executable.
fn run_with_cut(
    folder: &Path,
    (name, len): (&str, u64),
    executable: &[u8],
    arguments: &[&str],
) -> (Option<i32>, String) {
    let carried = carried("1.27");
    let (core, exe) = (folder.join("core"), folder.join("exe"));
    fs::write(&core, carried.unpacked_core()).unwrap();
    // The executable is opened after the core, and a pipe holds up who opens it until the other end is opened too.
    rustix::fs::mknodat(CWD, &exe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut all = vec![core.as_os_str(), "--exe".as_ref(), exe.as_os_str()];
    all.extend(arguments.iter().map(|argument| std::ffi::OsStr::new(*argument)));
    let child = command(&all).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = File::create(&exe).unwrap();
    let path = folder.join(name);
    let maps = || fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    // The pipe may be opened to see which kind of file it is before the other is mapped.
    let waited = (0..1000).find(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        maps().contains(path.to_str().unwrap())
    });
    assert!(waited.is_some(), "{path:?} is not mapped");
    File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
    pipe.write_all(executable).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_signal_that_was_sent_is_no_lost_input() {
    let (carried, folder) = (carried("1.27"), tempfile::tempdir().unwrap());
    let exe = folder.path().join("exe");
    rustix::fs::mknodat(CWD, &exe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let arguments = [carried.core.as_os_str(), "--exe".as_ref(), exe.as_os_str(), "overview".as_ref()];
    let child = command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Once both ends are open it has begun, and waits for the rest.
    let _pipe = File::create(&exe).unwrap();
    assert!(Command::new("kill").args(["-BUS", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.signal(), String::from_utf8(output.stderr).unwrap()), (Some(7), String::new()));
}

#[test]
fn a_core_that_is_cut_meanwhile_is_told_by_a_line_and_a_status() {
    let commands: [&[&str]; 3] = [&["objref", "out.svg"], &["overview"], &["objects", "--csv"]];
    for arguments in commands {
        let folder = tempfile::tempdir().unwrap();
        let before = carried("1.27").unpacked_core().len();
        let (status, stderr) = run_with_core_cut(folder.path(), 1 << 16, arguments);
        assert_eq!(status, Some(5), "{stderr}");
        let expected = format!(
            "goheap: {:?} was cut from {before} to 65536 bytes while it was read; read a copy, or wait until it is written\n",
            folder.path().join("core")
        );
        assert_eq!(stderr, expected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "something is left behind");
    }
}

#[test]
fn a_debug_file_that_is_cut_meanwhile_is_told_alike() {
    let folder = tempfile::tempdir().unwrap();
    let debug = folder.path().join("debug");
    let whole = carried("1.27").unpacked_exe();
    fs::write(&debug, &whole).unwrap();
    let arguments = ["--debug-file", debug.to_str().unwrap(), "overview"];
    // The program itself has no debug information any more: its sections are called otherwise.
    let mut stripped = whole.clone();
    let places: Vec<usize> = (0..stripped.len()).filter(|&at| stripped[at..].starts_with(b".debug_")).collect();
    places.into_iter().for_each(|at| stripped[at] = b'-');
    let (status, stderr) = run_with_cut(folder.path(), ("debug", 1 << 16), &stripped, &arguments);
    let expected = format!(
        "goheap: {debug:?} was cut from {} to 65536 bytes while it was read; read a copy, or wait until it is written\n",
        whole.len()
    );
    assert_eq!((status, stderr), (Some(5), expected));
}

#[test]
fn for_scripts_it_is_json_with_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("with \"quotes\"");
    fs::create_dir(&folder).unwrap();
    let (status, stderr) = run_with_core_cut(&folder, 1 << 16, &["overview", "--json"]);
    assert_eq!(status, Some(5), "{stderr}");
    let json: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!((&json["error"]["code"], &json["schema_version"]), (&"lost".into(), &1.into()));
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("{:?} was cut from ", folder.join("core"))), "{message}");
    assert_eq!(json["error"]["hint"], "read a copy, or wait until it is written");
}
