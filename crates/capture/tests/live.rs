//! Cores of a live process: a shell of no Go, which every machine has. Where the machine lets nobody trace, nothing is tested, and that is said.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use goheap_capture::{CaptureError, CaptureRequest, Captured, Method, SinkOptions, Snapshotting, capture};
use goheap_image::{CoreFile, OpenOptions};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::AtomicBool;

/// A process that answers each line.
struct Echo {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Echo {
    fn start() -> Echo {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut echo = Echo { child, ask, answers };
        echo.must_answer();
        echo
    }

    fn must_answer(&mut self) {
        writeln!(self.ask, "still there").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert_eq!(line, "still there\n");
    }

    fn pid(&self) -> i32 {
        self.child.id() as i32
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(pid: i32, out: &Path) -> CaptureRequest {
    CaptureRequest {
        pid,
        out: out.to_owned(),
        snapshotting: Snapshotting::Copy,
        full: false,
        any: true,
        sink: SinkOptions::default(),
        memory: 1 << 30,
        least_memory: 0,
        trigger: "rss > 1M".to_owned(),
        tool: "goheap test".to_owned(),
    }
}

/// `None` where this machine lets nobody trace.
fn taken(request: &CaptureRequest) -> Option<Captured> {
    match capture(request, &AtomicBool::new(false)) {
        Ok(captured) => Some(captured),
        Err(error @ (CaptureError::Refused { .. } | CaptureError::Stop { .. })) => {
            eprintln!("SKIPPED: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn children_of(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
}

#[test]
fn a_process_goes_on_after_each_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut echo = Echo::start();
    let ways = [
        ("core", Snapshotting::Copy, 1 << 30, Method::Copied),
        ("core.zst", Snapshotting::Copy, 0, Method::Straight),
        ("fork.zst", Snapshotting::Fork, 1 << 30, Method::Forked),
    ];
    for (name, snapshotting, memory, method) in ways {
        if snapshotting == Snapshotting::Fork && cfg!(not(target_arch = "x86_64")) {
            continue;
        }
        let out = folder.path().join(name);
        let Some(captured) = taken(&CaptureRequest { snapshotting, memory, ..request(echo.pid(), &out) }) else {
            return;
        };
        echo.must_answer();
        assert_eq!((captured.method, captured.threads, captured.unread), (method, 1, 0));
        assert_eq!(children_of(echo.pid()), "", "no copy of it is left");
        let core = CoreFile::open(&out, &OpenOptions::default()).unwrap();
        assert_eq!(core.threads().len(), 1);
        assert_eq!(core.threads()[0].tid, echo.pid() as u32);
        assert_eq!(core.process().unwrap().name, "cat");
        assert!(core.mapped_files().iter().any(|file| file.path.ends_with(b"/cat")));
        assert!(!core.aux_vector().pairs().is_empty());
        assert_eq!((core.missing_bytes(), core.size()), (0, captured.stored.core));
        let note = core.provenance().unwrap();
        assert_eq!((note.tool.as_str(), note.trigger.as_str()), ("goheap test", "rss > 1M"));
        assert!(note.rss > Some(0) && note.maps.ends_with(b"\n"));
    }
}

#[test]
fn what_is_refused_leaves_the_process_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("core");
    let mut echo = Echo::start();
    let usual = request(echo.pid(), &out);
    let refused = |request: &CaptureRequest| capture(request, &AtomicBool::new(false)).err();
    let no_go = refused(&CaptureRequest { any: false, ..usual.clone() });
    assert!(matches!(no_go, Some(CaptureError::NotGo { .. } | CaptureError::Refused { .. })), "{no_go:?}");
    let gone = refused(&CaptureRequest { pid: i32::MAX, ..usual.clone() });
    assert!(matches!(gone, Some(CaptureError::Gone { .. })), "{gone:?}");
    let small = SinkOptions { most: Some(100), ..SinkOptions::default() };
    let large = refused(&CaptureRequest { sink: small, ..usual.clone() });
    assert!(
        matches!(large, Some(CaptureError::Sink(_) | CaptureError::Refused { .. } | CaptureError::Stop { .. })),
        "{large:?}"
    );
    let abandoned = capture(&usual, &AtomicBool::new(true)).err();
    assert!(abandoned.is_some());
    echo.must_answer();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
