//! `redact`: the contents are gone, and the answers stay.
#![cfg(feature = "capture")]
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_cores, carried};
use std::fs;
use std::path::{Path, PathBuf};

fn redacted(core: &Carried, folder: &Path) -> PathBuf {
    let out = folder.join("redacted.core.zst");
    goheap!(core.core, "--exe", core.exe, "--quiet", "redact", out).ok();
    out
}

#[test]
fn answers_are_the_same_of_every_carried_core() {
    let folder = tempfile::tempdir().unwrap();
    for core in all_cores() {
        let out = redacted(&core, folder.path());
        for question in [["objects", "--csv"], ["goroutines", "--stacks"], ["suspects", "--bytes"]] {
            let ask = |of: &Path| goheap!(of, "--exe", core.exe, "-q", question[0], question[1]).ok().stdout;
            let same = |text: String, of: &Path| text.replace(&of.display().to_string(), "CORE");
            assert!(same(ask(&core.core), &core.core) == same(ask(&out), &out), "{question:?} of {:?}", core.core);
        }
    }
}

#[test]
fn contents_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let core = carried("1.27");
    let plain = folder.path().join("redacted.core");
    goheap!(core.core, "--exe", core.exe, "--quiet", "redact", plain).ok();
    let (before, after) = (core.unpacked_core(), fs::read(&plain).unwrap());
    let count = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).filter(|window| *window == text).count();
    // A value of a map of strings, and the program's arguments.
    for text in [&b"truth.json\0"[..], b"session-1"] {
        assert_eq!(count(&after, text), 0, "{:?}", String::from_utf8_lossy(text));
    }
    assert!(count(&before, b"truth.json\0") > 0);
    assert_eq!(before.len(), after.len());
    let overview = goheap!(plain, "--exe", core.exe, "overview").ok().stdout;
    assert!(overview.contains("arguments   (redacted by goheap)"), "{overview}");
}

#[test]
fn what_is_no_file_is_refused() {
    let core = carried("1.27");
    for out in ["-", "/dev/null"] {
        let refused = goheap!(core.core, "--exe", core.exe, "redact", out);
        assert!(refused.status == 1 && refused.stderr.contains("it needs a file"), "{}", refused.stderr);
    }
}
