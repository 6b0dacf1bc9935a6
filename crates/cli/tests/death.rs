//! Why a process died, and what its collector was told: the carried cores that the kernel wrote after a panic, and those of gcore.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Carried, RELEASES, carried};
use serde_json::{Value, json};

fn overview(carried: &Carried, option: &[&str]) -> Value {
    let core = carried.core.to_str().unwrap();
    let exe = carried.exe.to_str().unwrap();
    let arguments: Vec<&str> = [&[core, "--exe", exe], option, &["overview", "--json"]].concat();
    let arguments: Vec<&std::ffi::OsStr> = arguments.into_iter().map(std::ffi::OsStr::new).collect();
    serde_json::from_str(&common::run(common::command(&arguments)).ok().stdout).unwrap()
}

/// Those of Go 1.23 and later are the kernel's (fixtures/README.md).
fn has_died(release: &str) -> bool {
    release >= "1.23"
}

#[test]
fn a_panic_is_told_with_its_value_and_place() {
    for release in RELEASES {
        for option in [&[][..], &["--no-dwarf"]] {
            let died = overview(&carried(release), option)["died"].clone();
            if !has_died(release) {
                assert_eq!(died.get("why"), None, "{release}: dumped while it lived");
                assert_eq!(died.get("signal"), None, "{release}");
                continue;
            }
            let panic = json!([{
                "text": "the fixture is done", "type": "string", "recovered": false, "repanicked": false,
            }]);
            assert_eq!(died["panics"], panic, "{release} {option:?}");
            let place = json!({
                "id": 1, "function": "fixtures/truth.End", "file": "fixtures/truth/end.go", "line": 18,
            });
            assert_eq!(died["goroutine"], place, "{release} {option:?}");
            assert_eq!(died["why"], "panic: the fixture is done (goroutine 1 at fixtures/truth.End)", "{release}");
            assert_eq!(died["code"], "raised by Go's runtime to leave a core", "{release}");
            for absent in ["fatal_error", "caught", "fault", "native", "waiting"] {
                assert_eq!(died.get(absent), None, "{release} {option:?}: {absent}");
            }
        }
    }
}

#[test]
fn the_collector_is_told_the_same_without_symbols() {
    for release in RELEASES {
        let carried = carried(release);
        let [mut named, mut found] = [&[][..], &["--no-dwarf"]].map(|option| overview(&carried, option)["gc"].clone());
        assert_eq!(named["gogc"], -1, "{release}: the fixture turns it off");
        assert!(named["marked"].as_u64() > Some(1 << 20), "{release}: {named}");
        assert!(named["cycles"].as_u64() >= Some(1), "{release}: {named}");
        assert_eq!(named.get("memory_limit"), None, "{release}");
        // The build's GODEBUG and the moment of the last poll are known by name alone.
        for one in [&mut named, &mut found] {
            let gc = one.as_object_mut().unwrap();
            gc.remove("settings");
            gc.remove("seconds_since_last");
        }
        assert_eq!(named, found, "{release}");
    }
}

#[test]
fn the_command_line_is_whole() {
    for release in RELEASES {
        let program = overview(&carried(release), &[])["program"].clone();
        let arguments: Vec<&str> =
            program["argument_list"].as_array().unwrap().iter().flat_map(Value::as_str).collect();
        assert_eq!(arguments[..2], ["./structures", "truth.json"], "{release}");
        assert_eq!(program["arguments"], arguments.join(" "), "{release}");
    }
}

#[test]
fn other_commands_say_it_in_a_line() {
    for (release, line) in [("1.27", true), ("1.19", false)] {
        let carried = carried(release);
        let said = goheap!(carried.core, "--exe", carried.exe, "goroutines", "--no-retained").ok().stderr;
        let why = "goheap: died of panic: the fixture is done (goroutine 1 at fixtures/truth.End)";
        assert_eq!(said.lines().any(|one| one == why), line, "{release}: {said}");
        let quiet = goheap!(carried.core, "--exe", carried.exe, "--quiet", "goroutines", "--no-retained").ok().stderr;
        assert_eq!(quiet, "", "{release}");
    }
}

#[test]
fn the_goroutine_that_died_says_so() {
    for release in RELEASES.into_iter().filter(|release| has_died(release)) {
        let carried = carried(release);
        let told = |id: &str| -> Value {
            let arguments = [carried.core.as_os_str(), "--exe".as_ref(), carried.exe.as_os_str(), "goroutine".as_ref()];
            let all: Vec<&std::ffi::OsStr> = arguments.into_iter().chain([id.as_ref(), "--json".as_ref()]).collect();
            serde_json::from_str(&common::run(common::command(&all)).ok().stdout).unwrap()
        };
        let dead = told("1");
        assert_eq!(dead["died"], "panic: the fixture is done (goroutine 1 at fixtures/truth.End)", "{release}");
        assert_eq!(
            (dead.get("native"), told("6").get("died")),
            (None, None),
            "{release}: others live, and none is in C"
        );
    }
}
