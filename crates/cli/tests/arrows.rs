//! Who may know whom: the arrows of docs/ARCHITECTURE.md, and where `unsafe` may stand.
#![allow(clippy::panic, clippy::unwrap_used)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate, and those of ours that it may depend on.
const ARROWS: [(&str, &[&str]); 12] = [
    (
        "goheap-cli",
        &[
            "goheap",
            "goheap-ask",
            "goheap-capture",
            "goheap-export",
            "goheap-graph",
            "goheap-heap",
            "goheap-image",
            "goheap-model",
            "goheap-report",
            "goheap-runtime",
        ],
    ),
    (
        "goheap",
        &[
            "goheap-ask",
            "goheap-export",
            "goheap-graph",
            "goheap-heap",
            "goheap-image",
            "goheap-model",
            "goheap-runtime",
        ],
    ),
    ("goheap-capture", &["goheap-image", "goheap-runtime"]),
    ("goheap-export", &["goheap-ask", "goheap-graph", "goheap-model"]),
    ("goheap-report", &["goheap-ask", "goheap-model"]),
    ("goheap-ask", &["goheap-graph", "goheap-model"]),
    ("goheap-heap", &["goheap-graph", "goheap-image", "goheap-model", "goheap-runtime"]),
    ("goheap-runtime", &["goheap-image", "goheap-model"]),
    ("goheap-model", &["goheap-graph"]),
    ("goheap-graph", &[]),
    ("goheap-image", &[]),
    ("goheap-synth", &[]),
];

/// Crates of others that belong to one room, and who may use them.
const ROOMS: [(&str, &[&str]); 24] = [
    ("clap", &["goheap-cli"]),
    ("regex", &["goheap-cli"]),
    ("indicatif", &["goheap-cli"]),
    ("inferno", &["goheap-report"]),
    ("gimli", &["goheap-runtime"]),
    ("addr2line", &["goheap-runtime"]),
    ("goblin", &["goheap-image"]),
    ("libc", &["goheap-image", "goheap-capture"]),
    ("memmap2", &["goheap-image"]),
    ("flate2", &["goheap-image", "goheap-export"]),
    ("lz4_flex", &["goheap-image"]),
    ("lzma-rust2", &["goheap-image"]),
    ("base64", &["goheap-image"]),
    ("rustix", &["goheap-image", "goheap", "goheap-capture", "goheap-cli"]),
    ("ruzstd", &["goheap-image"]),
    ("structured-zstd", &["goheap-capture", "goheap-export"]),
    ("parquet", &["goheap-export"]),
    ("bytes", &["goheap-export"]),
    ("nix", &["goheap-capture"]),
    ("tempfile", &["goheap-image", "goheap-cli"]),
    ("yoke", &["goheap-graph"]),
    ("bytemuck", &["goheap-graph", "goheap-model"]),
    ("postcard", &["goheap-model"]),
    ("twox-hash", &["goheap-model", "goheap-heap", "goheap", "goheap-cli"]),
];

/// The crates with what they depend on: for the product, and for tests alone.
fn packages() -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let package = |package: &Value| {
        let mut kinds = [BTreeSet::new(), BTreeSet::new()];
        for dependency in package["dependencies"].as_array().unwrap() {
            kinds[usize::from(dependency["kind"] == "dev")].insert(name(dependency));
        }
        (name(package), kinds)
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

#[test]
fn crates_know_only_those_below_them() {
    let packages = packages();
    let known: BTreeSet<&str> = ARROWS.iter().map(|arrow| arrow.0).collect();
    let found: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    assert_eq!(found, known, "a crate without a place in the design");
    for (name, allowed) in ARROWS {
        let [product, tests] = &packages[name];
        let ours = |set: &BTreeSet<String>| set.iter().filter(|one| one.starts_with("goheap")).cloned().collect();
        let (product, tests): (BTreeSet<String>, BTreeSet<String>) = (ours(product), ours(tests));
        assert_eq!(product, allowed.iter().map(|one| (*one).to_owned()).collect(), "{name}");
        // What the product uses by way of another room of ours, a test may name.
        let below = |one: &str| {
            allowed.iter().any(|room| ARROWS.iter().any(|(name, arrows)| name == room && arrows.contains(&one)))
        };
        let allowed_in_tests = |one: &&String| *one == "goheap-synth" || allowed.contains(&one.as_str()) || below(one);
        assert!(tests.iter().all(|one| allowed_in_tests(&one)), "{name} depends in its tests on {tests:?}");
    }
}

#[test]
fn each_library_is_known_to_its_room_alone() {
    for (name, [product, _]) in packages() {
        for (library, rooms) in ROOMS {
            assert!(!product.contains(library) || rooms.contains(&name.as_str()), "{name} depends on {library}");
        }
    }
}

/// Every Rust file under `folder`.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn four_files_alone_may_be_unsafe() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    rust_files(crates, &mut files);
    assert!(files.len() > 100);
    // Put together here, lest this file be found.
    let word = "unsafe";
    let signs = ["{", "fn ", "impl ", "extern ", "trait "].map(|after| format!("{word} {after}"));
    let allowance = ["allow", "expect"].map(|attribute| format!("{attribute}({word}_code"));
    let is_unsafe = |path: &&PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        signs.iter().chain(&allowance).any(|sign| text.contains(sign.as_str()))
    };
    let found: BTreeSet<&Path> =
        files.iter().filter(is_unsafe).map(|path| path.strip_prefix(crates).unwrap()).collect();
    assert_eq!(
        found,
        ["capture/src/process/calls.rs", "cli/src/allocator.rs", "image/src/map.rs", "image/src/signal_handler.rs"]
            .map(Path::new)
            .into()
    );
}
