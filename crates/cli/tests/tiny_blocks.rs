//! What `goheap objects` says of blocks that several values share, on the carried cores of `edges`.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{command, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

const RELEASES: [&str; 3] = ["1.21", "1.24", "1.27"];

fn folder(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release)
}

fn address(row: &Value) -> u64 {
    u64::from_str_radix(row["addr"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// What the program wrote of its objects.
fn truth(release: &str) -> Vec<Value> {
    let truth = read_to_string(folder(release).join("edges.truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&truth).unwrap();
    truth["types"].as_array().unwrap().clone()
}

/// The types of objects by their addresses.
fn types(release: &str) -> BTreeMap<u64, String> {
    let (core, exe) = (folder(release).join("edges.core.zst"), folder(release).join("edges.zst"));
    let listing = ["-q", "objects", "--format", "ndjson"].map(OsStr::new);
    let arguments = [core.as_os_str(), OsStr::new("--exe"), exe.as_os_str()].into_iter().chain(listing);
    let objects = run(command(&arguments.collect::<Vec<_>>())).ok().stdout;
    let objects = objects.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    objects.map(|object| (address(&object), object["type"].as_str().unwrap_or("").to_owned())).collect()
}

/// Small values without pointers share a block of 16 bytes, which goes by the first that is in use. What a text was made from lies before
/// it, dead.
#[test]
fn a_block_of_small_values_goes_by_the_first_in_use() {
    let mut behind_the_dead = 0;
    for release in RELEASES {
        let (truth, mut first) = (truth(release), BTreeMap::new());
        for row in truth.iter().filter(|row| row["case"].as_str().unwrap().starts_with("tiny/")) {
            let lowest = first.entry(address(row) & !15).or_insert(row);
            *lowest = if address(row) < address(lowest) { row } else { *lowest };
        }
        let types = types(release);
        for (block, row) in first {
            let (case, offset) = (row["case"].as_str().unwrap(), address(row) - block);
            let expected = match case {
                "tiny/string" => "string",
                _ if offset > 0 => continue,
                "tiny/[]byte" => "[16]uint8",
                "tiny/number in an interface" => "uint32",
                _ => case.trim_start_matches("tiny/"),
            };
            assert_eq!(types[&block], expected, "{release}: {block:#x}");
            behind_the_dead += u32::from(offset > 0);
        }
    }
    assert_eq!(behind_the_dead, 2);
}
