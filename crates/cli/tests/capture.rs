//! The command that takes cores of live processes; `scripts/capture-check` does the rest, on Go programs.
#![cfg(all(feature = "capture", target_os = "linux"))]
#![allow(clippy::panic, clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::process::{Child, Command};

/// A process of another language, ended at last.
struct Sleep(Child);

impl Sleep {
    fn start() -> Sleep {
        Sleep(Command::new("sleep").arg("600").spawn().unwrap())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_core_is_taken_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut sleep = Sleep::start();
    for (name, how) in [("copy.zst", "copy"), ("fork", "fork")] {
        if how == "fork" && cfg!(not(target_arch = "x86_64")) {
            continue;
        }
        let out = folder.path().join(name);
        let taken = goheap!("capture", sleep.pid(), "--any", "-o", &out, "--snapshot", how);
        if taken.status == 1 && taken.stderr.contains("may not be stopped") {
            eprintln!("SKIPPED: {}", taken.stderr);
            return;
        }
        let said = taken.ok().stderr;
        assert!(said.contains(&format!("{name}: ")) && said.contains("1 threads stood still"), "{said}");
        assert!(goheap!(&out, "build-id").ok().stdout.contains("sleep"));
    }
    assert!(sleep.0.try_wait().unwrap().is_none());
}

#[test]
fn failures_are_one_line_with_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("core");
    let sleep = Sleep::start();
    let pid = sleep.pid();
    for (arguments, status, text) in [
        (&[pid.as_str()][..], 3, "is no Go program"),
        (&["2000000000"], 1, "there is no process"),
        (&[&pid, "--any", "--leave-memory", "4000T"], 3, "are to be (--leave-memory)"),
        (&[&pid, "--any", "--leave-disk", "4000T"], 1, "(--leave-disk)"),
    ] {
        let mut words = vec!["capture", "-o", out.to_str().unwrap()];
        words.extend(arguments);
        let words: Vec<&std::ffi::OsStr> = words.into_iter().map(std::ffi::OsStr::new).collect();
        let outcome = common::run(common::command(&words));
        if outcome.stderr.contains("may not be stopped") {
            eprintln!("SKIPPED: {}", outcome.stderr);
            continue;
        }
        assert_eq!((outcome.status, outcome.stderr.lines().count()), (status, 1), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(text), "{}", outcome.stderr);
    }
    let wrong = goheap!("capture", &pid, "--when", "cpu > 5%");
    assert!(wrong.status == 2 && wrong.stderr.contains("'rss > 80%'"), "{}", wrong.stderr);
    let stream = goheap!("capture", &pid, "-o", "-");
    assert!(stream.status == 2 && stream.stderr.contains("a core goes to a file"), "{}", stream.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
