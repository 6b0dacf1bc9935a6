//! Programs that do not say which Go built them: without build information, without sections, with a release that is hidden.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, carried};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const MAGIC: &[u8] = b"\xff Go buildinf:\x08\x02";

/// Where the version's length stands in the blob.
const VERSION: usize = 32;

/// Changes every blob of build information.
fn change_blobs(bytes: &mut [u8], change: impl Fn(&mut [u8])) {
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(MAGIC.len()).position(|window| window == MAGIC) {
        at += found;
        change(&mut bytes[at..at + 64]);
        at += MAGIC.len();
    }
}

/// A carried core and its executable, both with other build information.
struct Changed {
    folder: TempDir,
    release: &'static str,
}

impl Changed {
    fn new(carried: &Carried, change: impl Fn(&mut [u8]), exe: impl Fn(&mut [u8])) -> Changed {
        let changed = Changed { folder: tempfile::tempdir().unwrap(), release: carried.release };
        for (name, mut bytes) in [("core", carried.unpacked_core()), ("exe", carried.unpacked_exe())] {
            change_blobs(&mut bytes, &change);
            if name == "exe" {
                exe(&mut bytes);
            }
            fs::write(changed.path(name), bytes).unwrap();
        }
        changed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn overview(&self, options: &[&str]) -> common::Outcome {
        let (core, exe) = (self.path("core"), self.path("exe"));
        let mut command = common::command(&[core.as_os_str(), "--exe".as_ref(), exe.as_os_str(), "overview".as_ref()]);
        command.arg("--json").args(options);
        common::run(command)
    }

    fn report(&self, options: &[&str]) -> Value {
        serde_json::from_str(&self.overview(options).ok().stdout).unwrap()
    }
}

fn without_section_headers(exe: &mut [u8]) {
    exe[40..48].fill(0);
    exe[58..64].fill(0);
}

fn whole(carried: &Carried) -> Value {
    let outcome = goheap!(carried.core, "--exe", carried.exe, "--no-dwarf", "overview", "--json").ok();
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn without_build_information_and_section_headers_the_string_tells() {
    for release in ["1.19", "1.22", "1.26", "1.27"] {
        let carried = carried(release);
        let changed = Changed::new(&carried, |blob| blob.fill(0), without_section_headers);
        let (report, whole) = (changed.report(&[]), whole(&carried));
        assert_eq!(report["go"]["version"], whole["go"]["version"], "{release}");
        assert_eq!((&report["go"]["version_source"], &report["go"]["layout"]), (&"variable".into(), &"table".into()));
        assert_eq!((&report["heap"], &report["types"]), (&whole["heap"], &whole["types"]), "{release}");
        assert_eq!(report["goroutines"], whole["goroutines"], "{release}");
    }
}

#[test]
fn a_hidden_release_is_told_by_dwarf_or_by_the_user() {
    for release in ["1.19", "1.27"] {
        let carried = carried(release);
        let hide = |blob: &mut [u8]| blob[VERSION + 1..VERSION + 4].copy_from_slice(b"mad");
        let changed = Changed::new(&carried, hide, |_| ());
        let (whole, by_dwarf) = (whole(&carried), changed.report(&[]));
        assert_eq!(by_dwarf["go"]["version_source"], "debug-info", "{release}");
        assert_eq!(by_dwarf["heap"]["reachable"], whole["heap"]["reachable"], "{release}");
        let refused = changed.overview(&["--no-dwarf"]);
        let facts = format!("the layout of Go {release} fits)");
        let advice = format!("\"hint\":\"say it with --go, such as --go {release}\"");
        let is_told = |part: &String| refused.stderr.contains(part);
        assert!(refused.status == 3 && is_told(&facts) && is_told(&advice), "{release}: {}", refused.stderr);
        assert!(refused.stderr.contains(r#"runtime.buildVersion is \"mad"#), "{}", refused.stderr);
        let given = changed.report(&["--no-dwarf", "--go", changed.release]);
        assert_eq!((&given["go"]["version_source"], &given["heap"]), (&"given".into(), &whole["heap"]), "{release}");
    }
}

#[test]
fn what_the_user_says_counts_and_is_held_against_what_the_program_says() {
    let carried = carried("1.26");
    let outcome = goheap!(carried.core, "--exe", carried.exe, "--go", "1.25", "overview").ok();
    assert!(outcome.stdout.contains("release as given with --go"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("the program says that it is of go1.26"), "{}", outcome.stdout);
    let outcome = goheap!(carried.core, "--exe", carried.exe, "--no-dwarf", "--go", "1.20", "overview");
    assert_eq!(outcome.status, 3);
    assert!(outcome.stderr.contains("is the release that --go says the program's?"), "{}", outcome.stderr);
}

/// An experiment that changes structures, of which there is one table a release only.
#[test]
fn an_experiment_that_the_table_does_not_know_is_refused_without_dwarf() {
    let carried = carried("1.26");
    let experiment = |blob: &mut [u8]| {
        let version = b"go1.26.6-X:staticlockranking";
        blob[VERSION] = version.len() as u8;
        blob[VERSION + 1..VERSION + 1 + version.len()].copy_from_slice(version);
    };
    let changed = Changed::new(&carried, experiment, |_| ());
    assert_eq!(changed.report(&[])["go"]["experiments"][0], "staticlockranking");
    let refused = changed.overview(&["--no-dwarf"]);
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("GOEXPERIMENT=staticlockranking changes"), "{}", refused.stderr);
    assert!(refused.stderr.contains("give an executable with DWARF"), "{}", refused.stderr);
}
