//! What the command writes is what the library answers.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{RELEASES, carried};
use serde_json::{Value, json};
use std::path::Path;

fn of_library(core: &Path, exe: &Path) -> Value {
    let options = goheap::Options::default().executable(exe).frames(false).births(false);
    let overview = goheap::open(core, &options).unwrap().overview();
    let mut overview = serde_json::to_value(overview).unwrap();
    overview["schema_version"] = json!(1);
    overview
}

fn of_command(core: &Path, exe: &Path) -> Value {
    let outcome = goheap!(core, "--exe", exe, "overview", "--json").ok();
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn the_overview_is_the_same() {
    for release in RELEASES {
        let carried = carried(release);
        assert_eq!(of_library(&carried.core, &carried.exe), of_command(&carried.core, &carried.exe), "{release}");
    }
}
