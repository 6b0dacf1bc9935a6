//! Tables on terminals of any width, in pipes, and in locales without letters beyond ASCII.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, carried_of, command, run};
use std::ffi::OsStr;

/// Every command that people read, with an object's address for those that want one.
fn commands(address: &str) -> Vec<Vec<&str>> {
    let commands = [
        "overview",
        "overview --invariants",
        "histogram",
        "histogram --retained",
        "histogram --group size-class",
        "histogram --bytes",
        "memory",
        "objects --limit 50",
        "dominators",
        "dominators --group type",
        "dominators --group root",
        "goroutines",
        "goroutines --stacks --all",
        "goroutine 1",
        "owners []uint8",
        "paths []uint8",
        "paths []uint8 --merge",
    ];
    let mut commands: Vec<Vec<&str>> = commands.iter().map(|words| words.split(' ').collect()).collect();
    commands.push(vec!["object", address]);
    commands
}

fn output(carried: &Carried, words: &[&str], columns: Option<usize>, locale: &str) -> String {
    let arguments = [carried.core.as_os_str(), OsStr::new("--exe"), carried.exe.as_os_str(), OsStr::new("--quiet")];
    let mut command = command(&[&arguments[..], &words.iter().map(OsStr::new).collect::<Vec<_>>()].concat());
    command.env("LC_ALL", locale);
    if let Some(columns) = columns {
        command.env("COLUMNS", columns.to_string());
    }
    run(command).ok().stdout
}

/// The address of some object of the program's own.
fn address(carried: &Carried) -> String {
    let words = ["objects", "--csv", "--type", "^main\\.", "--reachable", "--limit", "1"];
    let listing = output(carried, &words, None, "C.UTF-8");
    listing.lines().nth(1).unwrap().split(',').next().unwrap().to_owned()
}

/// Numbers with a unit or a sign are what must not be cut: an ellipsis beside a digit group would be such a cut.
fn numbers(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_digit() || ",.".contains(c)))
        .collect()
}

#[test]
fn no_line_is_longer_than_the_page_is_wide() {
    for program in ["retained", "goroutines"] {
        let carried = carried_of(program, "1.27");
        let address = address(&carried);
        for words in commands(&address) {
            let whole = output(&carried, &words, None, "C.UTF-8");
            let known: std::collections::HashSet<&str> = numbers(&whole).into_iter().collect();
            for columns in [40, 80, 200] {
                let text = output(&carried, &words, Some(columns), "C.UTF-8");
                let is_path = |line: &str| line.contains("executable") || line.contains(".zst");
                let long = text.lines().find(|line| line.chars().count() > columns && !is_path(line));
                assert_eq!(long, None, "{words:?} at {columns}:\n{text}");
                // What is printed is printed whole: every number of the narrow page is one of the wide.
                let first = numbers(&text).into_iter().find(|number| !known.contains(number));
                assert!(columns < 80 || first.is_none(), "{words:?} at {columns}: {first:?}\n{text}");
            }
        }
    }
}

#[test]
fn names_are_shortened_and_not_left_out() {
    let carried = carried_of("retained", "1.27");
    for (words, sign) in [("dominators", "package variables"), ("histogram", "main."), ("owners []uint8", "main.")] {
        let words: Vec<&str> = words.split(' ').collect();
        assert!(output(&carried, &words, Some(40), "C.UTF-8").contains(sign), "{words:?}");
    }
}

#[test]
fn a_locale_of_ascii_gets_ascii() {
    let carried = carried_of("retained", "1.27");
    let address = address(&carried);
    for words in commands(&address) {
        for columns in [None, Some(80)] {
            let text = output(&carried, &words, columns, "C");
            assert!(text.is_ascii(), "{words:?}: {:?}", text.chars().find(|c| !c.is_ascii()));
        }
    }
    let path = output(&carried, &["object", &address], None, "POSIX");
    assert!(path.contains("-> "), "{path}");
    assert!(output(&carried, &["object", &address], None, "C.UTF-8").contains("→ "));
}
