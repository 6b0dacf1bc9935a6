//! What is said while and after the work is done: the overview's first lines come before it, and `--quiet` leaves warnings.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Carried, carried};
use std::fs;
use std::io::Read;
use std::process::Stdio;

/// The overview read as it comes: what was there first, and the rest.
fn overview_as_it_comes(carried: &Carried) -> (String, String) {
    let arguments = [carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "overview".as_ref()];
    let mut child = common::command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = vec![0; 1 << 16];
    let len = stdout.read(&mut first).unwrap();
    first.truncate(len);
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    let [first, rest] = [first, rest].map(|bytes| String::from_utf8(bytes).unwrap());
    (first, rest)
}

#[test]
fn the_overview_begins_before_the_heap_is_looked_at() {
    let carried = carried("1.27");
    let whole = goheap!(carried.core, "--exe", carried.exe, "overview").ok().stdout;
    // On a busy machine this reader may sleep until all is written; not every time.
    let came_early = (0..20).any(|_| {
        let (first, rest) = overview_as_it_comes(&carried);
        assert_eq!(format!("{first}{rest}"), whole);
        for line in ["program ", "go ", "died ", "goroutines "] {
            assert!(first.lines().any(|one| one.starts_with(line)), "{line:?} is not in: {first}");
        }
        rest.starts_with("\ngarbage collection\n")
    });
    assert!(came_early, "the first lines came with the others");
}

#[test]
fn quiet_leaves_warnings_and_no_more() {
    let carried = carried("1.27");
    let folder = tempfile::tempdir().unwrap();
    let (core, out) = (folder.path().join("core"), folder.path().join("out.svg"));
    let whole = carried.unpacked_core();
    fs::write(&core, &whole[..whole.len() - 5000]).unwrap();
    let said = goheap!(core, "--exe", carried.exe, "objref", out).ok().stderr;
    let quiet = goheap!(core, "--exe", carried.exe, "--quiet", "objref", out).ok().stderr;
    assert!(said.contains("goheap: wrote ") && said.contains("goheap: allocated "), "{said}");
    assert!(quiet.contains("goheap: warning: the core is TRUNCATED"), "{quiet}");
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with("goheap: warning: ")).collect();
    assert_eq!(quiet.lines().collect::<Vec<_>>(), warnings);
}
