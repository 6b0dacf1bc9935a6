#![allow(clippy::unwrap_used)]

use super::*;
use goheap_model::names::PackageNames;
use goheap_model::{FrameFacts, GoType, Kind, RootClass, RootFrame, RootKind, Share};

/// A dominator tree whose frames have a text each, with values and bytes.
struct Tree {
    frames: DominatorFrames,
    values: Vec<u64>,
}

impl Tree {
    fn new() -> Self {
        let frames = DominatorFrames { trie: PathTrie::new(), ..DominatorFrames::default() };
        Tree { frames, values: vec![0] }
    }

    fn frame(&mut self, above: TrieNode, text: &str, values: u64, bytes: u64) -> TrieNode {
        let label = self.frames.texts.len() as u32;
        self.frames.texts.push(text.into());
        let node = self.frames.trie.child(above, label);
        self.frames.trie.add(node, bytes, values);
        self.frames.reached.add(Share { bytes, objects: values });
        self.values.push(values);
        node
    }

    fn root(&mut self, above: TrieNode, text: &str) -> TrieNode {
        let node = self.frame(above, text, 0, 0);
        let kind = RootKind::Class(RootClass::Variables);
        self.frames.roots.insert(node, RootFrame { kind, goroutines: 0 });
        node
    }

    fn done(mut self) -> DominatorFrames {
        let rests = vec![Extent::default(); self.frames.trie.len()];
        self.frames.facts = Some(FrameFacts { rests, values: self.values, ..FrameFacts::default() });
        self.frames
    }
}

const ALL: RowsWanted<'static> =
    RowsWanted { limit: usize::MAX, depth: usize::MAX, min_size: 0, matching: None, without_library: false };

/// A heap that knows of which packages these types are.
fn heap() -> Heap {
    let mut heap = Heap::default();
    for name in ["bufio.Server", "bufio.Reader", "bufio.Node", "bufio.conn", "main.Session"] {
        heap.types.add(GoType { name: name.into(), size: 8, kind: Kind::Opaque, descriptor: None });
    }
    heap.packages = PackageNames::new(&heap.types);
    heap
}

/// Depth, text and retained bytes of each row.
fn told(frames: &DominatorFrames, wanted: RowsWanted<'_>) -> Vec<(usize, String, u64)> {
    let rows = dominator_rows(&heap(), frames, wanted).rows;
    rows.iter().map(|row| (row.depth, row.text(frames), row.retained.bytes)).collect()
}

fn texts(frames: &DominatorFrames, wanted: RowsWanted<'_>) -> Vec<String> {
    told(frames, wanted).into_iter().map(|(_, text, _)| text).collect()
}

/// Two variables: a cache of 500 bytes in two fields, and a list of 300 in one.
fn two_variables() -> DominatorFrames {
    let mut tree = Tree::new();
    let cache = tree.frame(PathTrie::ROOT, "main.cache", 1, 50);
    tree.frame(cache, ".small", 1, 100);
    tree.frame(cache, ".large", 1, 350);
    let list = tree.frame(PathTrie::ROOT, "main.list", 1, 20);
    tree.frame(list, ".items", 1, 280);
    tree.done()
}

#[test]
fn rows_are_a_tree_with_what_retains_most_first() {
    let frames = two_variables();
    let expected = [
        (0, "all roots", 800),
        (1, "main.cache", 500),
        (2, ".large", 350),
        (2, ".small", 100),
        (1, "main.list", 300),
        (2, ".items", 280),
    ];
    assert_eq!(told(&frames, ALL), expected.map(|(depth, text, bytes)| (depth, text.to_owned(), bytes)));
    let rows = dominator_rows(&Heap::default(), &frames, ALL).rows;
    let parents: Vec<Option<usize>> = rows.iter().map(|row| row.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(1), Some(0), Some(4)]);
    assert_eq!((rows[1].own.bytes, rows[1].extent.unwrap().referred), (50, 500));
}

#[test]
fn a_limit_counts_the_row_of_all_roots_and_says_what_it_hides() {
    let frames = two_variables();
    let rows = dominator_rows(&Heap::default(), &frames, RowsWanted { limit: 3, ..ALL });
    assert_eq!((rows.rows.len(), rows.left_out, rows.greatest_left_out), (3, 3, 300));
    assert_eq!(texts(&frames, RowsWanted { limit: 3, ..ALL }), ["all roots", "main.cache", ".large"]);
    let none = dominator_rows(&Heap::default(), &frames, ALL);
    assert_eq!((none.left_out, none.greatest_left_out), (0, 0));
    assert_eq!(texts(&frames, RowsWanted { limit: 0, ..ALL }), ["all roots"], "that of all roots is always there");
}

#[test]
fn what_is_too_deep_is_left_out_and_what_is_too_small_was_not_asked_for() {
    let frames = two_variables();
    let flat = dominator_rows(&Heap::default(), &frames, RowsWanted { depth: 1, ..ALL });
    assert_eq!((flat.rows.len(), flat.left_out, flat.greatest_left_out), (3, 3, 350));
    let large = dominator_rows(&Heap::default(), &frames, RowsWanted { min_size: 300, ..ALL });
    assert_eq!((large.rows.len(), large.left_out), (4, 0));
    let mut tree = Tree::new();
    tree.frame(PathTrie::ROOT, "main.nothing", 0, 0);
    assert_eq!(texts(&tree.done(), ALL), ["all roots"], "what retains nothing is no row");
}

#[test]
fn rows_above_one_that_matches_are_there_too() {
    let frames = two_variables();
    let matching: &dyn Fn(&str) -> bool = &|text| text == ".small";
    let wanted = RowsWanted { matching: Some(matching), ..ALL };
    assert_eq!(texts(&frames, wanted), ["all roots", "main.cache", ".small"]);
    assert_eq!(dominator_rows(&Heap::default(), &frames, wanted).left_out, 0);
}

#[test]
fn what_no_root_reaches_is_no_row() {
    let mut tree = Tree::new();
    tree.frame(PathTrie::ROOT, "main.cache", 1, 50);
    let garbage = tree.frame(PathTrie::ROOT, "unreachable", 0, 0);
    tree.frame(garbage, "main.Lost", 9, 900);
    tree.frames.unreached.push(garbage);
    tree.frames.reached = Share { bytes: 50, objects: 1 };
    let frames = tree.done();
    assert_eq!(texts(&frames, ALL), ["all roots", "main.cache"]);
    assert_eq!(told(&frames, ALL)[0].2, 50);
}

/// A server whose connections are the library's, and of those a buffer, some with the program's sessions.
fn server(connections: u64) -> DominatorFrames {
    let mut tree = Tree::new();
    let variable = tree.root(PathTrie::ROOT, "main.server *bufio.Server");
    let server = tree.frame(variable, "*bufio.Server", 1, 100);
    let conns = tree.frame(server, ".conns map[*bufio.conn]struct {}", connections, 1000);
    tree.frame(conns, ".session *main.Session", 5, 500);
    tree.done()
}

#[test]
fn frames_inside_the_library_are_passed_over() {
    let wanted = RowsWanted { without_library: true, ..ALL };
    let told = told(&server(1), wanted);
    let expected = [
        (0, "all roots", 1600),
        (1, "main.server *bufio.Server", 1600),
        (2, "*bufio.Server", 1600),
        (3, "… .session *main.Session", 500),
    ];
    assert_eq!(told, expected.map(|(depth, text, bytes)| (depth, text.to_owned(), bytes)));
    let whole = texts(&server(1), ALL);
    assert_eq!(whole[3], ".conns map[*bufio.conn]struct {}", "as all frames have it");
}

#[test]
fn where_many_hang_on_few_the_librarys_frames_are_shown() {
    let mut tree = Tree::new();
    let server = tree.frame(PathTrie::ROOT, "*bufio.Server", 1, 100);
    let conns = tree.frame(server, ".idle *bufio.Reader", 1, 10);
    tree.frame(conns, ".conns *bufio.Node", 16, 1000);
    let gathering = tree.done();
    let wanted = RowsWanted { without_library: true, ..ALL };
    let shown = texts(&gathering, wanted);
    assert!(shown.contains(&".idle *bufio.Reader".to_owned()), "sixteen hang on it: {shown:?}");
    let mut few = Tree::new();
    let server = few.frame(PathTrie::ROOT, "*bufio.Server", 1, 100);
    let conns = few.frame(server, ".idle *bufio.Reader", 1, 10);
    few.frame(conns, ".conns *bufio.Node", 15, 1000);
    assert_eq!(texts(&few.done(), wanted), ["all roots", "*bufio.Server"]);
}
