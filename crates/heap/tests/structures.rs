//! Every structure of the carried cores, by what the programs that made them said of it.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_graph::{PathTrie, TrieNode, Weight};
use goheap_heap::{HeapSnapshot, SnapshotOptions, invariants};
use goheap_image::{OpenRequest, Process};
use goheap_model::Evidence;
use goheap_runtime::{ModelOptions, RuntimeModel};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the frames of one core hold.
struct Tree<'a> {
    snapshot: &'a HeapSnapshot<'a, 'a>,
    totals: Vec<Weight>,
}

impl Tree<'_> {
    fn children(&self, node: TrieNode) -> Vec<TrieNode> {
        self.snapshot.tree.children().of(node).to_vec()
    }

    fn text(&self, node: TrieNode) -> &str {
        self.snapshot.frame_text(node).unwrap_or("")
    }

    fn bytes(&self, nodes: impl IntoIterator<Item = TrieNode>) -> u64 {
        nodes.into_iter().map(|node| self.totals[node.index()].bytes).sum()
    }

    fn top(&self, holds: impl Fn(&str) -> bool) -> Vec<TrieNode> {
        self.children(PathTrie::ROOT).into_iter().filter(|&node| holds(self.text(node))).collect()
    }

    /// The frames of a function's variables under every goroutine: at once under `goroutine f` where the goroutine began with f, else
    /// under f's own frame. Those of the functions that were inlined are among them.
    fn locals(&self, function: &str, variable: Option<&str>) -> Vec<TrieNode> {
        let mut functions = self.top(|text| text == format!("goroutine {function}"));
        let goroutines = self.top(|text| text.starts_with("goroutine "));
        let called = goroutines.iter().flat_map(|&node| self.children(node));
        functions.extend(called.filter(|&node| self.text(node) == function));
        let mut found = Vec::new();
        while let Some(function) = functions.pop() {
            for node in self.children(function) {
                match self.text(node) {
                    text if text.ends_with(" (inlined)") => functions.push(node),
                    text if is_function(text) => {}
                    text if variable.is_none_or(|name| is_variable(text, name)) => found.push(node),
                    _ => {}
                }
            }
        }
        found
    }

    /// What the frames hold but for the runtime's records of deferred calls, which the truth leaves out.
    fn without_records(&self, nodes: Vec<TrieNode>) -> u64 {
        let mut records = nodes.clone();
        let mut record_bytes = 0;
        while let Some(node) = records.pop() {
            match self.text(node) {
                "defer record" => record_bytes += self.totals[node.index()].bytes,
                _ => records.extend(self.children(node)),
            }
        }
        self.bytes(nodes) - record_bytes
    }

    /// What the tree shows for an entry of the truth.
    fn shown(&self, entry: &Value) -> u64 {
        let field = |name: &str| entry[name].as_str().unwrap_or("");
        let (root, kind) = (field("root"), field("kind"));
        match kind {
            "variable" => self.bytes(self.top(|text| text == format!("{root} {}", field("type")))),
            "shared" => self.bytes(self.top(|text| root.split(' ').any(|name| text.starts_with(&format!("{name} "))))),
            "finalizer" => {
                self.bytes(self.top(|text| text == format!("finalizer of {}", root.trim_start_matches('*'))))
            }
            "queue" => {
                let queue = self.top(|text| text == "finalizer queue");
                let of_type = queue.into_iter().flat_map(|node| self.children(node));
                self.bytes(of_type.filter(|&node| self.text(node) == root))
            }
            "unreachable" => self.bytes(self.top(|text| text == "unreachable")),
            "goroutine" => {
                let variable = entry["variable"].as_str().map(|name| name.trim_start_matches('&'));
                let shown = self.without_records(self.locals(root, variable));
                let whole = self.without_records(self.top(|text| text == format!("goroutine {root}")));
                // What a goroutine holds may hang on a frame of the library or the runtime that it called, as a panic's does.
                if shown == entry["bytes"].as_u64().unwrap() || whole == 0 { shown } else { whole }
            }
            other => panic!("the truth has a kind {other} that this test does not know"),
        }
    }
}

/// True for the frame of a function that another one called: unlike variables it has a package and no type behind it.
fn is_function(text: &str) -> bool {
    text.contains('.') && !text.contains(' ') && !text.starts_with('[')
}

fn is_variable(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '[']) || rest.is_empty())
}

fn releases() -> Vec<PathBuf> {
    let cores = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    let mut found: Vec<PathBuf> = cores.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn open(folder: &Path) -> Process {
    let request = OpenRequest {
        core: folder.join("structures.core.zst"),
        executable: Some(folder.join("structures.zst")),
        ..OpenRequest::default()
    };
    Process::open(&request).unwrap()
}

fn with_snapshot(process: &Process, no_dwarf: bool, check: impl FnOnce(&HeapSnapshot<'_, '_>)) {
    let model = RuntimeModel::open(process, ModelOptions { no_dwarf, ..ModelOptions::default() }).unwrap();
    let options = SnapshotOptions { tree: true, ..SnapshotOptions::default() };
    check(&HeapSnapshot::take(&model, options).unwrap());
}

fn truth(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap()
}

#[test]
fn every_structure_of_every_release_is_exact() {
    for folder in releases() {
        let (truth, process) = (truth(&folder), open(&folder));
        with_snapshot(&process, false, |snapshot| {
            let tree = Tree { snapshot, totals: snapshot.tree.totals() };
            let mut wrong = Vec::new();
            for entry in truth["structures"].as_array().unwrap() {
                let (expected, shown) = (entry["bytes"].as_u64().unwrap(), tree.shown(entry));
                if shown.abs_diff(expected) > entry["tolerance"].as_u64().unwrap_or(0) {
                    wrong
                        .push(format!("{} {}: {expected} by the program, {shown} shown", entry["kind"], entry["root"]));
                }
            }
            assert!(wrong.is_empty(), "{}:\n{}", folder.display(), wrong.join("\n"));
        });
    }
}

#[test]
fn totals_and_invariants_hold_with_dwarf_and_without() {
    for folder in releases() {
        let (truth, process) = (truth(&folder), open(&folder));
        let garbage: u64 = truth["structures"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["kind"] == "unreachable")
            .map(|entry| entry["bytes"].as_u64().unwrap())
            .sum();
        let mut seen = Vec::new();
        for no_dwarf in [false, true] {
            with_snapshot(&process, no_dwarf, |snapshot| {
                let totals = &snapshot.totals;
                assert!(totals.is_reconciled(), "{}", folder.display());
                let heap_alloc = truth["heap_alloc"].as_u64().unwrap();
                let allowed = (heap_alloc / 2000).max(16 << 10);
                assert!(totals.allocated.bytes.abs_diff(heap_alloc) <= allowed, "{}", folder.display());
                // The program makes its garbage after its last collection.
                let lost = totals.unreachable.bytes.saturating_sub(garbage);
                assert!(lost * 1000 <= totals.allocated.bytes, "{}: {lost} bytes lost", folder.display());
                for invariant in invariants::check(snapshot) {
                    assert!(invariant.checked > 0, "{}: {} is not checked", folder.display(), invariant.name);
                    assert_eq!(invariant.violations, 0, "{}: {invariant:?}", folder.display());
                }
                seen.push((totals.allocated, totals.reachable(), totals.unreachable));
            });
        }
        assert_eq!(seen[0], seen[1], "{}: the table and DWARF agree to the byte", folder.display());
    }
}

/// What is told by shape alone is marked somewhere on the way to it.
#[test]
fn guesses_are_marked() {
    for folder in releases() {
        let process = open(&folder);
        with_snapshot(&process, false, |snapshot| {
            let tree = &snapshot.tree;
            let is_marked = |node: TrieNode| {
                snapshot.frame_text(node).is_some_and(|text| text.ends_with(" ?") || text.contains(" ? at "))
            };
            let mut under_mark = vec![false; tree.len()];
            let mut bytes = 0;
            for node in tree.nodes() {
                let parent = tree.parent(node).is_some_and(|parent| under_mark[parent.index()]);
                under_mark[node.index()] = parent || is_marked(node);
                bytes += if under_mark[node.index()] { tree.own(node).bytes } else { 0 };
            }
            let guessed: u64 = snapshot
                .objects
                .allocated()
                .filter(|slot| snapshot.object_types.of(slot.id).evidence() == Evidence::Candidate)
                .map(|slot| snapshot.objects.span(slot).elem_size)
                .sum();
            assert!(guessed > 0 && bytes >= guessed, "{}: {guessed} guessed, {bytes} marked", folder.display());
        });
    }
}
