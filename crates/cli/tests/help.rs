//! What people read before they run it: the help, the manual page, the completions, and an overview.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::carried;

#[test]
fn help_is_worth_reading() {
    insta::assert_snapshot!("help", goheap!("--help").ok().stdout);
    insta::assert_snapshot!("short_help", goheap!("-h").ok().stdout);
    insta::assert_snapshot!("objref_help", goheap!("objref", "--help").ok().stdout);
    insta::assert_snapshot!("dominators_help", goheap!("dominators", "--help").ok().stdout);
    insta::assert_snapshot!("memory_help", goheap!("memory", "--help").ok().stdout);
    insta::assert_snapshot!("histogram_help", goheap!("histogram", "--help").ok().stdout);
    insta::assert_snapshot!("object_help", goheap!("object", "--help").ok().stdout);
    insta::assert_snapshot!("objects_help", goheap!("objects", "--help").ok().stdout);
    insta::assert_snapshot!("paths_help", goheap!("paths", "--help").ok().stdout);
    insta::assert_snapshot!("owners_help", goheap!("owners", "--help").ok().stdout);
    insta::assert_snapshot!("births_help", goheap!("births", "--help").ok().stdout);
    insta::assert_snapshot!("capture_help", goheap!("capture", "--help").ok().stdout);
    insta::assert_snapshot!("export_help", goheap!("export", "--help").ok().stdout);
    insta::assert_snapshot!("redact_help", goheap!("redact", "--help").ok().stdout);
    insta::assert_snapshot!("core_handler_help", goheap!("core-handler", "--help").ok().stdout);
    let nothing = goheap!();
    assert_eq!(nothing.status, 2);
    assert_eq!(nothing.stderr, goheap!("-h").ok().stdout);
}

#[test]
fn the_version_tells_the_commit_and_what_is_read() {
    let version = goheap!("--version").ok().stdout;
    let lines: Vec<&str> = version.lines().collect();
    let [build, reads] = lines.as_slice() else { panic!("{version}") };
    let commit = build.strip_prefix(concat!("goheap ", env!("CARGO_PKG_VERSION"), " (")).unwrap();
    let commit = commit.strip_suffix(')').unwrap();
    let is_hash = |text: &str| text.len() >= 12 && text.chars().all(|c| c.is_ascii_hexdigit());
    assert!(commit == "unknown" || is_hash(commit.trim_end_matches('+')), "{commit}");
    assert_eq!(*reads, "reads Go 1.17 to 1.27, and newer by their DWARF; linux/amd64 and linux/arm64");
    assert_eq!(goheap!("-V").ok().stdout, format!("{build}\n"));
}

#[test]
fn every_option_of_the_tool_is_described() {
    let help = goheap!("--help").ok().stdout;
    let page = goheap!("man").ok().stdout;
    for option in [
        "exe",
        "exe-dir",
        "debug-file",
        "debug-dir",
        "coredump-dir",
        "no-dwarf",
        "sysroot",
        "max-unpacked",
        "max-memory",
        "quiet",
        "timings",
    ] {
        assert!(help.contains(&format!("--{option}")), "{option} is not in the help");
        assert!(page.contains(&format!("\\-\\-{}", option.replace('-', "\\-"))), "{option} is not on the page");
    }
    for heading in [
        ".TH goheap 1",
        ".SH \"COMMAND OBJREF\"",
        ".SH \"COMMAND OVERVIEW\"",
        ".SH \"COMMAND OBJECTS\"",
        ".SH \"COMMAND OBJECT\"",
        ".SH \"COMMAND HISTOGRAM\"",
        ".SH \"GETTING A CORE\"",
        ".SH \"EXIT STATUS\"",
    ] {
        assert!(page.contains(heading), "{heading} is not on the page");
    }
}

#[test]
fn completions_need_no_core() {
    for (shell, sign) in [("bash", "complete -F _goheap"), ("zsh", "#compdef goheap"), ("fish", "complete -c goheap")] {
        let script = goheap!("completions", shell).ok().stdout;
        assert!(script.contains(sign) && script.contains("objref"), "{shell}");
    }
}

/// The overview of a carried core, without what changes with the checkout.
#[test]
fn an_overview_is_one_screen() {
    let carried = carried("1.27");
    let overview = goheap!(carried.core, "--exe", carried.exe, "overview").ok();
    assert_eq!(overview.stderr, "");
    let lines = overview.stdout.lines().map(|line| match line.split_whitespace().next() {
        Some("executable") => "executable  [PATH]".to_owned(),
        Some("died") => {
            let (cause, _) = line.rsplit_once(", 20").unwrap_or_else(|| panic!("no time in: {line}"));
            format!("{cause}, [TIME]")
        }
        _ => line.to_owned(),
    });
    let shown: Vec<String> = lines.collect();
    assert!(shown.len() < 60, "{} lines are more than a screen", shown.len());
    insta::assert_snapshot!("overview", shown.join("\n"));
}

/// The widest stacks of a carried core: what the frames read like.
#[test]
fn frames_read_as_variables_fields_and_elements() {
    let carried = carried("1.27");
    let folded = goheap!(carried.core, "--exe", carried.exe, "objref", "--min-width", "0.5", "--format", "folded", "-");
    insta::assert_snapshot!("folded", folded.ok().stdout);
}
