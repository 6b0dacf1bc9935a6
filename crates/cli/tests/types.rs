//! What `goheap objects` says of the objects of the program `edges`, whose types are known by construction, on the carried cores.
//!
//! The rules for names are those of `scripts/type_rows.py`, which the support matrix uses; `fixtures/type-names.tsv` holds both to
//! the same examples.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{command, number, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

const RELEASES: [&str; 3] = ["1.21", "1.24", "1.27"];

/// Cases, by the beginning of their names, that goheap may leave without a type: with DWARF all others have to be right. Even of
/// these it must not say anything wrong.
const UNKNOWN_WITH_DWARF: [(&str, &str); 2] = [
    ("captured/slice by value", "a closure's slice without pointers, whose length no type tells"),
    ("select/", "held by slots of a frame that DWARF gives no name"),
];

/// Cases, by the beginning of their names, that have to be right without DWARF too: an interface's type word, the library's own
/// types behind it, a closure's code or the runtime's lists tell. The rest is read by shape, if at all.
const KNOWN_WITHOUT_DWARF: [&str; 32] = [
    "array/[2]*T in an interface",
    "atomic/",
    "captured/receiver in an interface",
    "chan/blocked",
    "closure/by",
    "closure/generic",
    "closure/method",
    "container/in a ring",
    "container/struct in a list",
    "context/",
    "cycle/interface of",
    "error/",
    "interface/array of strings",
    "interface/chan",
    "interface/first field",
    "interface/map",
    "interface/pointer with methods",
    "interface/string's two words",
    "interface/struct",
    "interface/value",
    "map/interface value",
    "prefix/leaf behind",
    "prefix/node behind",
    "reflect.Value/",
    "reflect/New",
    "reslice/bytes",
    "reslice/numbers",
    "reslice/structs",
    "slice/in []error",
    "slice/value in []any",
    "sync.Map/key",
    "sync.Map/value",
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// What is named by its beginning: goheap says after it which part of a map or channel it is.
const BY_PREFIX: [&str; 5] = ["map[", "chan ", "<-chan ", "chan<- ", "func"];

/// True where `found` is what the truth means. It may name several types, with `|` between them; the empty name is none.
fn agrees(truth: &str, found: &str) -> bool {
    truth.split('|').any(|one| agrees_with_one(one, found))
}

fn agrees_with_one(truth: &str, found: &str) -> bool {
    let (mut expected, mut said) = (normal(truth), normal(found));
    if found.contains("go.shape.") {
        let general = without_arguments(&expected);
        if general == expected {
            return false;
        }
        (expected, said) = (general, without_arguments(&said));
    }
    if BY_PREFIX.iter().any(|prefix| truth.starts_with(prefix)) {
        return said.starts_with(&expected);
    }
    match (of_array(&expected), of_array(&said)) {
        // As many elements as fit in the slot, so perhaps more than were asked for.
        (Some((least, wanted)), Some((length, element))) => wanted == element && length >= least,
        _ => said == expected,
    }
}

/// One spelling of a type's name: packages by their last element, no blanks, the older names of types that have two.
fn normal(name: &str) -> String {
    let mut out = String::new();
    for (at, word) in words(name) {
        let is_folder = name[at + word.len()..].starts_with('/');
        match word {
            _ if is_folder => {}
            "/" => {}
            "any" => out.push_str("interface{}"),
            "byte" => out.push_str("uint8"),
            "rune" => out.push_str("int32"),
            _ => out.push_str(word.trim()),
        }
    }
    out.replace("go.shape.", "")
}

/// Runs of the characters of names, and each other character, with where they begin.
fn words(name: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let tail = name.get(rest..).filter(|tail| !tail.is_empty())?;
        let in_word = |letter: char| letter.is_alphanumeric() || "_-.~%".contains(letter);
        let end = tail.find(|letter| !in_word(letter)).unwrap_or(tail.len());
        let end = if end == 0 { tail.chars().next()?.len_utf8() } else { end };
        rest += end;
        Some((rest - end, &tail[..end]))
    })
}

/// The name without the type arguments in it: what stands in brackets right after a word, unless that is `map`.
fn without_arguments(name: &str) -> String {
    let (mut out, mut depth) = (String::new(), 0);
    let mut before = "";
    for (_, word) in words(name) {
        let is_list = before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') && before != "map";
        if word == "[" && (depth > 0 || is_list) {
            depth += 1;
        }
        if depth == 0 {
            out.push_str(word);
        } else if word == "]" {
            depth -= 1;
        }
        before = word;
    }
    out
}

/// Length and element of `[N]T`; of `[]T`, the truth's name for the backing array of a slice, at least one.
fn of_array(name: &str) -> Option<(u64, &str)> {
    let (length, element) = name.strip_prefix('[')?.split_once(']')?;
    Some((if length.is_empty() { 1 } else { length.parse().ok()? }, element))
}

/// One object of the truth and what goheap says of it; `None` where it has no object.
struct Row {
    case: String,
    expected: String,
    said: Option<String>,
}

impl Row {
    fn is_right(&self) -> bool {
        self.said.as_ref().is_some_and(|said| agrees(&self.expected, said))
    }

    fn is_unknown(&self) -> bool {
        self.said.as_ref().is_some_and(String::is_empty)
    }

    fn complaint(&self) -> String {
        format!("{}: {}, goheap says {:?}", self.case, self.expected, self.said)
    }
}

fn address(row: &Value) -> u64 {
    u64::from_str_radix(row["addr"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

fn rows(release: &str, options: &[&str]) -> Vec<Row> {
    let truth: Value =
        serde_json::from_str(&read_to_string(folder(release).join("edges.truth.json")).unwrap()).unwrap();
    let objects = objects(release, options);
    let said = |at: u64| {
        let (start, object) = objects.range(..=at).next_back()?;
        let in_it = at - start < number(object, "/size");
        in_it.then(|| object["type"].as_str().unwrap_or("").to_owned())
    };
    let row = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        Row { case: text("case"), expected: text("type"), said: said(address(row)) }
    };
    truth["types"].as_array().unwrap().iter().map(row).collect()
}

fn folder(release: &str) -> PathBuf {
    fixtures().join("cores").join(release)
}

/// What `goheap objects` lists of `edges`, by address.
fn objects(release: &str, options: &[&str]) -> BTreeMap<u64, Value> {
    let folder = folder(release);
    let (core, exe) = (folder.join("edges.core.zst"), folder.join("edges.zst"));
    let mut arguments = vec![core.as_os_str(), OsStr::new("--exe"), exe.as_os_str(), OsStr::new("-q")];
    arguments.extend(options.iter().map(OsStr::new));
    arguments.extend(["objects", "--format", "ndjson"].map(OsStr::new));
    let objects = run(command(&arguments)).ok().stdout;
    let objects = objects.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    objects.map(|object| (address(&object), object)).collect()
}

/// What is derived or exact by machine code is what it is by debug information, object by object.
#[test]
fn what_code_tells_is_what_debug_information_tells() {
    for release in RELEASES {
        let [with, without] = [objects(release, &[]), objects(release, &["--no-dwarf"])];
        let is_sure = |object: &Value| matches!(object["evidence"].as_str(), Some("derived" | "exact"));
        let is_reachable = |object: &Value| object["reachable"].as_bool() == Some(true);
        let known = with.iter().filter(|(_, object)| is_sure(object) && is_reachable(object));
        let (mut told, mut all) = (0, 0);
        for (at, object) in known {
            all += 1;
            let Some(other) = without.get(at).filter(|other| is_sure(other)) else { continue };
            assert_eq!(object["type"], other["type"], "{release}: {at:#x}");
            told += 1;
        }
        assert!(told * 2 > all, "{release}: {told} of {all}");
    }
}

/// The arguments of the program are three strings in a row, which some struct may look like.
#[test]
fn a_slice_of_strings_is_no_struct_of_strings() {
    for release in RELEASES {
        let [with, without] = [objects(release, &[]), objects(release, &["--no-dwarf"])];
        let owners = ["os.Args []string", "runtime.argslice []string"];
        let is_args =
            |object: &Value| object["size"] == 48 && object["owner"].as_str().is_some_and(|by| owners.contains(&by));
        let args: Vec<_> = with.iter().filter(|(_, object)| is_args(object)).collect();
        assert!(!args.is_empty(), "{release}");
        for (at, object) in args {
            assert_eq!([&object["type"], &without[at]["type"]], ["[3]string"; 2], "{release}: {at:#x}");
        }
    }
}

/// What a cleanup is called with is told by the dictionary of what calls it.
#[test]
fn the_argument_of_a_cleanup_is_known_without_dwarf() {
    let objects = objects("1.27", &["--no-dwarf"]);
    let is_argument = |object: &&Value| object["owner"] == "cleanup main.clean" && object["size"] == 24;
    let told = objects.values().filter(is_argument).map(|object| (&object["type"], &object["evidence"]));
    let told: Vec<_> = told.map(|(ty, evidence)| (ty.as_str(), evidence.as_str())).collect();
    assert_eq!(told, [(Some("[]*main.Item"), Some("derived"))]);
}

fn listed(rows: &[&Row]) -> String {
    rows.iter().map(|row| row.complaint()).collect::<Vec<_>>().join("\n")
}

#[test]
fn names_are_compared_by_the_rules_of_the_support_matrix() {
    let examples = read_to_string(fixtures().join("type-names.tsv")).unwrap();
    let examples: Vec<&str> = examples.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(examples.len() > 40);
    for example in examples {
        let [verdict, truth, found] = example.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{example}") };
        assert_eq!(agrees(truth, found), verdict == "yes", "{example}");
    }
}

#[test]
fn every_object_has_its_type_with_dwarf() {
    let mut of_no_use = UNKNOWN_WITH_DWARF.to_vec();
    for release in RELEASES {
        let rows = rows(release, &[]);
        assert!(rows.len() > 450, "{release}: {} rows", rows.len());
        let wrong: Vec<&Row> = rows.iter().filter(|row| !row.is_right()).collect();
        of_no_use.retain(|(case, _)| !wrong.iter().any(|row| row.case.starts_with(case)));
        let may_be_unknown =
            |row: &Row| row.is_unknown() && UNKNOWN_WITH_DWARF.iter().any(|(case, _)| row.case.starts_with(case));
        let wrong: Vec<&Row> = wrong.into_iter().filter(|row| !may_be_unknown(row)).collect();
        assert!(wrong.is_empty(), "Go {release}:\n{}", listed(&wrong));
    }
    assert!(of_no_use.is_empty(), "all known now, and can go from the list: {of_no_use:?}");
}

#[test]
fn what_needs_no_dwarf_has_its_type_without() {
    for release in RELEASES {
        let rows = rows(release, &["--no-dwarf"]);
        for case in KNOWN_WITHOUT_DWARF {
            assert!(rows.iter().any(|row| row.case.starts_with(case)), "{case} is no case");
        }
        let known = |row: &&Row| KNOWN_WITHOUT_DWARF.iter().any(|case| row.case.starts_with(case));
        let wrong: Vec<&Row> = rows.iter().filter(known).filter(|row| !row.is_right()).collect();
        assert!(wrong.is_empty(), "Go {release}:\n{}", listed(&wrong));
    }
}
