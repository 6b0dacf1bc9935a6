#![allow(clippy::unwrap_used)]
use super::*;
use goheap_ask::{DiagnosticCount, EvidenceSum, HeapSums, ObjectCounts, RootClassSum, TypeSums};
use goheap_model::checks::{CheckedInvariant, CounterPair};
use goheap_model::process::{
    Death, GoBuild, GoroutineStates, HexAddress, LayoutFrom, OtherGoFile, Program, StateCount, VersionFrom,
};
use serde_json::{Value, json};

fn sample() -> Overview {
    let state = |state: &str, count| StateCount { state: state.to_owned(), count };
    let class = |class: &str, bytes, objects| RootClassSum { class: class.to_owned(), bytes, objects };
    let evidence = |evidence: &str, bytes| EvidenceSum { evidence: evidence.to_owned(), bytes };
    Overview {
        program: Program {
            name: Some("server".to_owned()),
            arguments: Some("./server -listen :80\u{1b}[2J".to_owned()),
            pid: Some(4711),
            executable: Some("/srv/bin/server".to_owned()),
            ..Program::default()
        },
        go: GoBuild {
            version: Some("go1.25.5".to_owned()),
            version_source: Some(VersionFrom::Variable),
            experiments: vec!["greenteagc".to_owned()],
            arch: Some("amd64".to_owned()),
            layout: Some(LayoutFrom::Dwarf),
            newer_than_known: false,
        },
        other_go_files: vec![OtherGoFile {
            path: Some("/srv/lib/filter.so".to_owned()),
            version: Some("go1.24.1".to_owned()),
            build_id: None,
            found: true,
            plugin: false,
        }],
        gomaxprocs: Some(8),
        threads: Some(12),
        goroutines: GoroutineStates {
            total: Some(10_234),
            system: Some(5),
            by_state: vec![
                state("chan receive", 9_870),
                state("select", 300),
                state("IO wait", 60),
                state("running", 4),
            ],
            ..GoroutineStates::default()
        },
        waits: None,
        died: Some(Death {
            signal: Some(11),
            name: Some("SIGSEGV".to_owned()),
            code: Some("address not mapped".to_owned()),
            address: Some(HexAddress(0x10)),
            when: Some("2026-11-20 03:12:09 UTC".to_owned()),
            time_source: Some("time of the core file".to_owned()),
            ..Death::default()
        }),
        heap: Some(HeapSums {
            allocated: 1_288_490_188,
            reachable: 1_288_000_000,
            unreachable: 490_188,
            free: Some(91_226_112),
            size_class_rounding: Some(63_963_136),
            tail_waste: Some(1_048_576),
            spans_in_use: Some(1_380_764_876),
            not_known_to_be_reachable: 0,
            absent_pointers: None,
            objects: ObjectCounts {
                allocated: 12_345_678,
                reachable: 12_340_000,
                not_known_to_be_reachable: 0,
                unreachable: 5_678,
            },
            reachable_by_root_class: vec![
                class("package variables", 1_200_000_000, 12_000_000),
                class("goroutine stacks", 87_900_000, 339_000),
                class("runtime", 100_000, 1_000),
            ],
        }),
        types: Some(TypeSums {
            reachable_by_evidence: vec![
                evidence("exact", 1_000_000_000),
                evidence("derived", 271_400_000),
                evidence("candidate", 10_304_000),
                evidence("none", 6_296_000),
            ],
            candidates: 1_234,
            refused: 56,
            conflicts: 7,
        }),
        runtime_counters: vec![
            CounterPair { name: "heapInUse".to_owned(), runtime: 1_380_764_876, ours: Some(1_380_764_876), note: None },
            CounterPair {
                name: "heapLive".to_owned(),
                runtime: 1_287_000_000,
                ours: Some(1_288_490_188),
                note: Some("as of the last flush of the caches".to_owned()),
            },
            CounterPair { name: "numGC".to_owned(), runtime: 812, ours: None, note: None },
        ],
        invariants: vec![CheckedInvariant {
            name: "pointers lead to allocated slots".to_owned(),
            checked: 34_567_890,
            violations: 0,
            example: None,
            examples: Vec::new(),
        }],
        diagnostics: Vec::new(),
        ..Overview::default()
    }
}

fn text(report: &Overview) -> String {
    let mut out = Vec::new();
    write_first_lines(report, Page::default(), &mut out).unwrap();
    write_other_lines(report, Detail::Usual, Page::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_is_one_screen() {
    let expected = r"program     server (pid 4711)
arguments   ./server -listen :80\x1b[2J
executable  /srv/bin/server
go          go1.25.5 amd64, GOEXPERIMENT=greenteagc, release from runtime.buildVersion, layout from its DWARF
other go    /srv/lib/filter.so, go1.24.1, a heap of its own, read with --module
died        SIGSEGV (11), address not mapped at 0x10, 2026-11-20 03:12:09 UTC (time of the core file)
threads     12, GOMAXPROCS 8
goroutines  10,234 with 5 of the runtime's own: 9,870 chan receive, 300 select, 60 IO wait, 4 running

heap                       bytes     objects  of allocated
  allocated              1.2 GiB  12,345,678      100.00 %
  reachable              1.2 GiB  12,340,000       99.96 %
    package variables    1.1 GiB  12,000,000       93.13 %
    goroutine stacks    83.8 MiB     339,000        6.82 %
    runtime             97.7 KiB       1,000        0.01 %
  unreachable          478.7 KiB       5,678        0.04 %
  1.3 GiB of spans in use: 87.0 MiB in free slots, 1.0 MiB behind the last slot; 61.0 MiB of what is allocated is rounding to size classes

types            bytes  of reachable
  exact      953.7 MiB       77.64 %  recorded by Go or declared
  derived    258.8 MiB       21.07 %  followed from a typed pointer
  candidate    9.8 MiB        0.80 %  told by shape, shown with ?
  none         6.0 MiB        0.49 %  not known
  1,234 objects told by shape, 56 refuse a pointer's type, 7 fit two types

runtime counters        runtime           ours  ours - runtime
  heapInUse       1,380,764,876  1,380,764,876               0
  heapLive        1,287,000,000  1,288,490,188      +1,490,188  as of the last flush of the caches
  numGC                     812

invariants  all 1 hold (34,567,890 checks)

diagnostics  none: nothing was absent, unreadable or guessed
";
    let shown = text(&sample());
    assert_eq!(shown, expected, "{shown}");
}

#[test]
fn text_says_loudly_what_is_wrong() {
    let mut report = sample();
    report.heap.as_mut().unwrap().reachable -= 1;
    report.invariants[0].violations = 3;
    report.invariants[0].example = Some("0xc000010008 in a free slot".to_owned());
    report.diagnostics.push(DiagnosticCount {
        code: "absent_memory".to_owned(),
        count: 1_234,
        text: "words were not in the core".to_owned(),
        examples: Vec::new(),
    });
    report.go.newer_than_known = true;
    let shown = text(&report);
    for line in [
        "layout from its DWARF, newer than any release goheap was tested with\n",
        "  NOT RECONCILED: reachable and unreachable together are not what is allocated\n",
        "invariants  1 of 1 BROKEN (34,567,890 checks)\n",
        "  3 of 34,567,890  pointers lead to allocated slots  e.g. 0xc000010008 in a free slot\n",
        "diagnostics\n  1,234  words were not in the core [absent_memory]\n",
    ] {
        assert!(shown.contains(line), "{line}\nnot in\n{shown}");
    }
}

#[test]
fn many_states_are_summed_up() {
    let mut report = sample();
    report.goroutines.by_state =
        (0..12).map(|at| StateCount { state: format!("state {at}"), count: 100 - at }).collect();
    let shown = text(&report);
    assert!(shown.contains(", 96 state 4, 644 in 7 other states\n"), "{shown}");
    report.goroutines.by_state.truncate(6);
    assert!(text(&report).contains(", 95 state 5\n"), "one more is shown, not summed up");
}

#[test]
fn an_empty_report_is_written() {
    let shown = text(&Overview::default());
    let expected = "\nheap  not in the core\n";
    assert!(shown.starts_with(expected), "{shown}");
}

#[test]
fn json_has_what_scripts_ask_for() {
    let mut out = Vec::new();
    write_json(&sample(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema_version"], 1);
    let heap = &value["heap"];
    assert_eq!(heap["allocated"], 1_288_490_188);
    assert_eq!(heap["reachable"], 1_288_000_000);
    assert_eq!(heap["unreachable"], 490_188);
    assert_eq!(heap["objects"]["unreachable"], 5_678);
    let class = json!({"class": "runtime", "bytes": 100_000, "objects": 1_000});
    assert_eq!(heap["reachable_by_root_class"][2], class);
    let types = &value["types"];
    assert_eq!(types["reachable_by_evidence"][2], json!({"evidence": "candidate", "bytes": 10_304_000}));
    assert_eq!(["candidates", "refused", "conflicts"].map(|name| &types[name]), [1_234, 56, 7]);
    assert_eq!(value["died"]["address"], "0x10");
    assert_eq!(value["go"]["layout"], "dwarf");
    assert_eq!(value["program"]["arguments"], "./server -listen :80\u{1b}[2J");
    assert_eq!(value["diagnostics"], json!([]));
    assert!(text.ends_with("}\n"));
}

#[test]
fn json_leaves_out_what_is_not_known() {
    let mut out = Vec::new();
    write_json(&Overview::default(), &mut out).unwrap();
    let value: Value = serde_json::from_slice(&out).unwrap();
    let expected = json!({
        "schema_version": 1, "program": {}, "go": {"experiments": [], "newer_than_known": false},
        "goroutines": {"by_state": []}, "other_go_files": [], "runtime_counters": [], "invariants": [], "diagnostics": [],
    });
    assert_eq!(value, expected);
}
