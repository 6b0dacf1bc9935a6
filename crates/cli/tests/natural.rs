//! The words of a command line in any natural order, and what is said where one is missing.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Outcome, carried, command, run};
use std::ffi::OsStr;

/// Runs in the folder of the carried core of 1.27, where CORE and EXE stand for its files.
fn natural(line: &str) -> Outcome {
    let carried = carried("1.27");
    let words: Vec<&str> = line.split(' ').collect();
    let words: Vec<&OsStr> = words
        .iter()
        .map(|word| match *word {
            "CORE" => OsStr::new("structures.core.zst"),
            "EXE" => OsStr::new("structures.zst"),
            word => OsStr::new(word),
        })
        .collect();
    let mut command = command(&words);
    command.current_dir(carried.core.parent().unwrap());
    run(command)
}

#[test]
fn any_natural_order_says_the_same() {
    let expected = natural("CORE --exe EXE overview").ok().stdout;
    for line in ["overview CORE --exe EXE", "CORE EXE overview", "overview CORE EXE", "-exe EXE overview CORE"] {
        assert_eq!(natural(line).ok().stdout, expected, "{line}");
    }
    let expected = natural("CORE --exe EXE histogram --limit 5").ok().stdout;
    assert_eq!(natural("-limit=5 histogram EXE CORE").ok().stdout, expected);
}

#[test]
fn a_core_alone_gives_the_heap_its_suspects_and_what_to_ask_next() {
    let overview = natural("CORE --exe EXE overview").ok().stdout;
    let (heap, _) = overview.split_once("\ntypes ").unwrap();
    for line in ["CORE --exe EXE", "CORE EXE", "EXE CORE"] {
        let outcome = natural(line).ok();
        let next = outcome.stdout.strip_prefix(heap).unwrap_or_else(|| panic!("{line}: {}", outcome.stdout));
        insta::assert_snapshot!("next", next);
    }
    let json = natural("CORE EXE --json").ok();
    assert_eq!(json.stdout, natural("CORE EXE overview --json").ok().stdout);
}

/// What is suggested can be run as it is printed.
#[test]
fn what_is_suggested_works() {
    let first_look = natural("CORE EXE").ok().stdout;
    let (_, next) = first_look.split_once("ask next\n").unwrap();
    let commands: Vec<&str> = next.lines().map(str::trim).filter(|line| line.starts_with("goheap ")).collect();
    assert_eq!(commands.len(), 12);
    for line in commands {
        let words = line
            .strip_prefix("goheap ")
            .unwrap()
            .replace("WHAT", "string")
            .replace("heap.svg", "-")
            .replace("heap.html", "-");
        assert!(!natural(&words).ok().stdout.is_empty(), "{line}");
    }
}

#[test]
fn help_is_found_where_it_is_looked_for() {
    let (help, paths) = (natural("--help").ok().stdout, natural("paths --help").ok().stdout);
    assert_eq!(natural("help").ok().stdout, help);
    assert_eq!(natural("-help").ok().stdout, help);
    for line in ["help paths", "paths help", "CORE paths --help", "paths -help"] {
        assert_eq!(natural(line).ok().stdout, paths, "{line}");
    }
    assert_eq!(natural("-version").ok().stdout, natural("--version").ok().stdout);
    for line in ["help nonsense", "CORE overveiw", "overveiw"] {
        let outcome = natural(line);
        assert_eq!((outcome.status, &*outcome.stdout), (2, ""), "{line}");
        assert!(outcome.stderr.contains("unrecognized subcommand"), "{line}: {}", outcome.stderr);
    }
}

#[test]
fn what_is_missing_is_said_with_an_example() {
    for (line, example) in [
        ("overview", "goheap core.123 --exe ./server overview"),
        ("overview EXE", "goheap core.123 --exe ./server overview"),
        ("paths main.cache --exe EXE", "goheap core.123 --exe ./server paths main.cache"),
        ("owners []uint8", "goheap core.123 --exe ./server owners '[]uint8'"),
        ("objref out.svg", "goheap core.123 --exe ./server objref heap.svg"),
    ] {
        let outcome = natural(line);
        assert_eq!(outcome.status, 2, "{line}");
        assert!(outcome.stderr.contains("CORE is missing"), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(example), "{line}: {}", outcome.stderr);
    }
    let typo = natural("core.typo");
    assert_eq!(typo.status, 1);
    assert!(typo.stderr.contains("cannot read the core") && typo.stderr.contains("core.typo"), "{}", typo.stderr);
}

#[test]
fn stdout_is_a_picture_unless_said_otherwise() {
    assert!(natural("CORE EXE objref -").ok().stdout.starts_with("<?xml"));
    assert!(natural("objref CORE EXE - --format json").ok().stdout.starts_with('{'));
    for line in ["--help", "objref --help"] {
        let help = natural(line).ok().stdout;
        assert!(help.contains("objref -") || help.contains("- is stdout"), "{line}");
    }
}
