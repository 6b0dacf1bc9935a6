//! `births` on the carried cores. Their programs do not use the memory profile, so at most what was allocated before the runtime knew
//! that was sampled; `scripts/births-check` holds a program that does against its own profile.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Outcome, all_carried, carried, number};
use serde_json::Value;

fn json(core: &common::Carried, arguments: &[&str]) -> Value {
    let mut command = common::command(&[core.core.as_os_str(), "--exe".as_ref(), core.exe.as_os_str()]);
    command.args(["births", "--json"]).args(arguments);
    serde_json::from_str(&common::run(command).ok().stdout).unwrap()
}

#[test]
fn programs_without_the_profile_say_so_and_tell_what_there_is() {
    for carried in all_carried() {
        let answer = json(&carried, &[]);
        let said = answer["text"][0].as_str().unwrap();
        assert!(said.starts_with("runtime.MemProfileRate is 0: no samples are taken."), "{}: {said}", carried.release);
        let rows = answer["sections"][0]["rows"].as_array().unwrap();
        // Since 1.25 what is allocated before schedinit ends may be sampled: an m.
        assert!(rows.len() <= 2, "{}: {rows:?}", carried.release);
        for row in rows {
            assert_eq!((number(row, "/samples"), number(row, "/objects")), (1, 1), "{}: {row}", carried.release);
        }
    }
}

#[test]
fn a_sampled_object_tells_its_birth() {
    let carried = carried("1.27");
    let answer = json(&carried, &[]);
    let rows = answer["sections"][0]["rows"].as_array().unwrap();
    let [site, held] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&site["kind"], &held["kind"], &held["depth"]), (&"site".into(), &"root".into(), &1.into()));
    let address = held["example"].as_str().unwrap();
    let Outcome { stdout, .. } =
        goheap!(carried.core, "--exe", carried.exe, "object", "--json", address.to_owned()).ok();
    let object: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(object["born"][0], site["site"]);
    // What it retains has the same site, and it alone.
    let below = json(&carried, &[address]);
    assert_eq!(below["sections"][0]["rows"][0]["samples"], 1);
    assert!(below["title"].as_str().unwrap().starts_with(&format!("Of what {address} retains")));
}

#[test]
fn a_type_tells_where_what_it_retains_was_allocated() {
    let carried = carried("1.27");
    let rows = json(&carried, &[]);
    let site = &rows["sections"][0]["rows"][0];
    let command = goheap!(carried.core, "--exe", carried.exe, "dominators", "--group", "type", "--births", "--json");
    let groups: Value = serde_json::from_str(&command.ok().stdout).unwrap();
    let born: Vec<&Value> = groups["rows"].as_array().unwrap().iter().filter(|row| row["born"].is_array()).collect();
    assert!(!born.is_empty(), "{groups}");
    for group in born {
        assert_eq!(group["born"][0]["site"], site["site"], "{group}");
        assert_eq!(group["born"][0]["samples"], 1, "{group}");
        // The same as of the type asked for alone.
        let alone = json(&carried, &[group["name"].as_str().unwrap()]);
        assert_eq!(alone["sections"][0]["rows"][0]["samples"], 1, "{alone}");
    }
}

#[test]
fn the_profile_is_that_of_pprof() {
    let carried = carried("1.27");
    let profile = goheap!(carried.core, "--exe", carried.exe, "births", "--profile").ok().stdout;
    let mut lines = profile.lines();
    assert!(lines.next().unwrap().starts_with("heap profile: "), "{profile}");
    assert!(lines.next().unwrap().contains("] @ 0x"), "{profile}");
    let refused = goheap!(carried.core, "--exe", carried.exe, "births", "--profile", "--json");
    assert_eq!(refused.status, 2);
}
