//! Tests of what several files of this room do together.
#![allow(clippy::unwrap_used)]

use super::*;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::{
    Births, DominatorFrames, Evidence, FrameFacts, Graph, Heap, HeapBuilder, MapRoom, ObjectId, Part, RootClass,
    RootFrame, RootKind, SpanSweep, Sweeps,
};

mod frames;

/// A dominator tree of frames `class > package > variable > steps`, each with values, bytes and objects of its own.
struct Frames {
    frames: DominatorFrames,
    labels: Vec<String>,
}

impl Frames {
    fn new() -> Self {
        let frames = DominatorFrames { facts: Some(FrameFacts::default()), ..DominatorFrames::default() };
        let mut new = Frames { frames, labels: Vec::new() };
        new.root(PathTrie::ROOT, None, 0);
        new
    }

    fn node(&mut self, parent: TrieNode, text: &str) -> TrieNode {
        let label = self.labels.iter().position(|known| known == text).unwrap_or_else(|| {
            self.labels.push(text.to_owned());
            self.labels.len() - 1
        });
        self.frames.trie.child(parent, label as u32)
    }

    fn root(&mut self, node: TrieNode, kind: Option<RootKind>, goroutines: u64) -> TrieNode {
        self.frames.roots.insert(node, RootFrame { kind: kind.unwrap_or(RootKind::All), goroutines });
        node
    }

    fn variable(&mut self, text: &str) -> TrieNode {
        let class = self.node(PathTrie::ROOT, "package variables");
        self.root(class, Some(RootKind::Class(RootClass::Variables)), 0);
        let package = self.node(class, "main");
        self.root(package, Some(RootKind::Package(RootClass::Variables, 0)), 0);
        let variable = self.node(package, text);
        self.root(variable, Some(RootKind::Frame(variable)), 0)
    }

    fn goroutines(&mut self, text: &str, number: u64) -> TrieNode {
        let class = self.node(PathTrie::ROOT, "goroutines");
        self.root(class, Some(RootKind::Class(RootClass::Goroutines)), 0);
        let group = self.node(class, text);
        self.root(group, Some(RootKind::GoroutineGroup(0)), number)
    }

    fn objects(&mut self, parent: TrieNode, text: &str, (values, bytes): (u64, u64)) -> TrieNode {
        let node = self.node(parent, text);
        self.own(node, (values, bytes))
    }

    /// Objects in the frame of a root, too: its variable leads to them.
    fn own(&mut self, node: TrieNode, (values, bytes): (u64, u64)) -> TrieNode {
        self.frames.trie.add(node, bytes, values);
        let facts = self.frames.facts.as_mut().unwrap();
        facts.values.resize(facts.values.len().max(node.index() + 1), 0);
        facts.values[node.index()] += values;
        node
    }

    fn map(&mut self, node: TrieNode, entries: u64) {
        let facts = self.frames.facts.as_mut().unwrap();
        facts.maps.insert(node, MapRoom { entries, slots: entries * 2 });
    }

    fn done(mut self) -> DominatorFrames {
        self.frames.texts = self.labels.iter().map(|label| label.as_str().into()).collect();
        self.frames
    }
}

/// A cache that grows by entries, a slice that grows by less, goroutines that pile up, and a buffer that shrinks.
fn service(entries: u64, elements: u64, goroutines: u64, buffer: u64) -> DominatorFrames {
    let mut frames = Frames::new();
    let cache = frames.variable("main.cache *main.Cache");
    let cache = frames.own(cache, (1, 64));
    let map = frames.objects(cache, ".entries map[string]*main.Session", (1, 48 + entries * 16));
    frames.map(map, entries);
    frames.objects(map, "[value] *main.Session", (entries, entries * 2048));
    let list = frames.variable("main.list []*main.Entry");
    let list = frames.own(list, (1, elements * 8));
    frames.objects(list, "[i] *main.Entry ?", (elements, elements * 512));
    let text = format!("{goroutines} × goroutine main.wait");
    let group = frames.goroutines(&text, goroutines);
    frames.objects(group, "own *main.Request", (goroutines, goroutines * 64));
    let buffer_at = frames.variable("main.buffer []uint8");
    frames.own(buffer_at, (1, buffer));
    frames.done()
}

#[test]
fn growth_is_told_where_it_parts_into_many() {
    let (before, after) = (service(100, 1000, 10, 9 << 20), service(300, 1100, 40, 0));
    let merged = MergedFrames::new(&before, &after, None);
    let found = grown(&Heap::default(), &merged, 1);
    let told: Vec<(&str, i64, u64, u64)> = found
        .iter()
        .map(|one| {
            let entries = one.entries.as_ref().unwrap();
            (one.holder.as_str(), one.bytes(), entries.before, entries.after)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("main.cache.entries", 200 * (2048 + 16), 100, 300),
            ("main.list", 100 * 520, 1000, 1100),
            ("goroutine main.wait", 30 * 64, 10, 40),
        ]
    );
    let bytes = found[0].entries.as_ref().map(|entries| entries.bytes_after - entries.bytes_before);
    assert_eq!(bytes, Some(200 * 2048));
}

#[test]
fn nothing_grows_where_nothing_changed() {
    let (before, after) = (service(100, 10, 3, 4096), service(100, 10, 3, 4096));
    assert_eq!(grown(&Heap::default(), &MergedFrames::new(&before, &after, None), 1), []);
}

#[test]
fn what_a_newcomer_holds_does_not_count() {
    let (before, after) = (service(100, 0, 3, 0), service(300, 0, 3, 0));
    let mut staying = Staying { by_frame: vec![Default::default(); after.trie.len()], ..Staying::default() };
    let value = after.trie.nodes().find(|&node| after.text(node) == "[value] *main.Session").unwrap();
    staying.by_frame[value.index()].bytes = 5000;
    let merged = MergedFrames::new(&before, &after, Some(&staying));
    let found = grown(&Heap::default(), &merged, 1);
    assert_eq!((found[0].staying, found[0].stays()), (Some(5000), 5000));
}

#[test]
fn rows_are_one_by_name_and_those_that_grew_stand_first() {
    let row = |name: &str, bytes| NamedCount { name: name.into(), share: goheap_model::Share { bytes, objects: 1 } };
    let rows = changes(&[row("a", 10), row("b", 50), row("c", 1)], &[row("b", 20), row("a", 15), row("d", 90)]);
    let told: Vec<(&str, i64, i64)> =
        rows.iter().map(|row| (&*row.name, row.change.bytes(), row.change.objects())).collect();
    assert_eq!(told, [("d", 90, 1), ("a", 5, 0), ("c", -1, -1), ("b", -30, 0)]);
}

/// Two objects that a variable holds, the second of a type that is given.
fn two(ty: &str, evidence: Evidence) -> Heap {
    let mut heap = HeapBuilder::default();
    let first = heap.object("main.T", 64);
    let second = heap.part(ty, 64, Part::Value, evidence);
    heap.variable("main.a *main.T", first);
    heap.variable("main.b *main.U", second);
    heap.build().unwrap()
}

fn sweeps(generation: u32, stands: SpanSweep, kept: &[u32]) -> Sweeps {
    let mut sweeps = Sweeps { generation, spans: vec![stands; 2], ..Sweeps::default() };
    kept.iter().for_each(|&id| _ = sweeps.kept.insert(id));
    sweeps
}

/// Survivors, those that may be, new ones.
fn told(old: (&Heap, Sweeps), new: (&Heap, Sweeps)) -> (u64, u64, u64) {
    let births = |heap: &Heap| heap.births.clone().unwrap_or_default();
    let before = OldObjects::of(old.0, old.1, &births(old.0));
    let lives = lives(&before, Graph::new(new.0).unwrap(), (&new.1, &births(new.0)));
    let counts = lives.counts;
    let by_type: u64 = lives.by_type.values().map(|counts| counts.survived.objects).sum();
    assert_eq!(by_type, counts.survived.objects);
    (counts.survived.objects, counts.perhaps.objects, counts.new.objects)
}

#[test]
fn sweeps_tell_a_slot_that_was_given_out_again() {
    use SpanSweep::{Swept, Unknown, Waiting};
    let heap = two("main.U", Evidence::Exact);
    let old = || (&heap, sweeps(10, Swept, &[]));
    let new = |generation, stands, kept: &[u32]| told(old(), (&heap, sweeps(generation, stands, kept)));
    assert_eq!(new(10, Swept, &[]), (2, 0, 0), "no collection between");
    assert_eq!(new(12, Swept, &[0]), (1, 0, 1), "one: what it kept was there before");
    assert_eq!(new(14, Swept, &[0]), (0, 1, 1), "two: what the second kept may have come between");
    assert_eq!(new(12, Waiting, &[]), (2, 0, 0), "nothing was freed yet");
    assert_eq!(new(14, Waiting, &[0]), (1, 0, 1));
    assert_eq!(new(12, Unknown, &[0, 1]), (0, 2, 0));
    assert_eq!(new(8, Swept, &[0, 1]), (0, 2, 0), "the counter went back");
}

#[test]
fn what_waited_for_its_sweep_is_judged_by_its_mark() {
    let heap = two("main.U", Evidence::Exact);
    let mut old = sweeps(10, SpanSweep::Waiting, &[]);
    old.marked.insert(1);
    assert_eq!(told((&heap, old), (&heap, sweeps(10, SpanSweep::Swept, &[0, 1]))), (1, 1, 0));
}

#[test]
fn another_type_at_the_address_is_another_object() {
    let (then, now) = (two("main.U", Evidence::Exact), two("main.V", Evidence::Exact));
    let guess = two("main.V", Evidence::Candidate);
    let swept = |generation| sweeps(generation, SpanSweep::Swept, &[0, 1]);
    assert_eq!(told((&then, swept(10)), (&now, swept(14))), (0, 1, 1));
    assert_eq!(told((&then, swept(10)), (&guess, swept(14))), (0, 2, 0), "a guess says nothing");
    assert_eq!(told((&then, swept(10)), (&now, swept(12))), (2, 0, 0), "the sweep is surer than types");
}

#[test]
fn garbage_that_is_reached_later_was_freed_unless_the_books_say_not() {
    let mut garbage = HeapBuilder::default();
    let first = garbage.object("main.T", 64);
    garbage.object("main.U", 64);
    garbage.variable("main.a *main.T", first);
    let (then, now) = (garbage.build().unwrap(), two("main.U", Evidence::Exact));
    let swept = |generation| sweeps(generation, SpanSweep::Swept, &[0, 1]);
    assert_eq!(told((&then, swept(10)), (&now, swept(10))), (2, 0, 0));
    assert_eq!(told((&then, swept(10)), (&now, swept(14))), (0, 1, 1));
}

#[test]
fn a_record_of_the_allocation_goes_with_its_object() {
    let of = |lines: [Option<u32>; 2]| {
        let mut heap = HeapBuilder::default();
        let objects = [heap.object("main.T", 64), heap.object("main.U", 64)];
        for (object, line) in objects.into_iter().zip(lines) {
            heap.variable("main.a *main.T", object);
            line.into_iter().for_each(|line| heap.born(object, "main.make", line));
        }
        heap.build().unwrap()
    };
    let swept = |generation| sweeps(generation, SpanSweep::Swept, &[0, 1]);
    let after = |then, now| told((&of(then), swept(10)), (&of(now), swept(16)));
    assert_eq!(after([Some(5), Some(5)], [Some(5), Some(5)]), (0, 2, 0));
    assert_eq!(after([Some(5), Some(5)], [Some(5), None]), (0, 1, 1), "it went with another object");
    assert_eq!(after([Some(5), None], [Some(5), Some(5)]), (0, 1, 1), "records come with objects");
}

#[test]
fn frames_of_who_waits_all_the_while_hold_what_they_held() {
    let waiting = |since| {
        let mut heap = HeapBuilder::default();
        let own = heap.object("main.T", 64);
        let below = heap.object("main.U", 64);
        heap.refer(own, below);
        heap.goroutine(7, "main.wait", &[("own *main.T", own)]);
        let mut sweeps = sweeps(10, SpanSweep::Swept, &[0, 1]);
        sweeps.waits = vec![(7, since)];
        (heap.build().unwrap(), sweeps)
    };
    let ((then, old), (now, new)) = (waiting(900), waiting(900));
    let later = |sweeps: Sweeps| Sweeps { generation: 20, ..sweeps };
    assert_eq!(told((&then, old.clone()), (&now, later(new))), (1, 1, 0));
    let (again, new) = waiting(1500);
    assert_eq!(told((&then, old), (&again, later(new))), (0, 2, 0), "it ran in between");
}

#[test]
fn what_newcomers_hold_does_not_stay() {
    let mut builder = HeapBuilder::default();
    let (kept, passing, shared) =
        (builder.object("main.T", 64), builder.object("main.T", 32), builder.object("main.T", 16));
    builder.variable("main.a *main.T", kept);
    builder.goroutine(7, "main.handle", &[("r *main.T", passing)]);
    builder.goroutine(8, "main.old", &[("r *main.T", shared)]);
    let heap = builder.build().unwrap();
    let mut before = HeapBuilder::default();
    before.goroutine(8, "main.old", &[]);
    let old = OldObjects::of(&before.build().unwrap(), sweeps(10, SpanSweep::Swept, &[]), &Births::default());
    let graph = Graph::new(&heap).unwrap();
    let new = sweeps(12, SpanSweep::Swept, &[]);
    let lives = lives(&old, graph, (&new, &Births::default()));
    let tree = graph.dominators(&goheap_model::Unobserved).unwrap();
    let staying = staying(Some(&old), (graph, &tree), (&lives, &new), (&[], 0));
    let stays = |id: ObjectId| staying.objects.contains(id.0);
    assert_eq!((stays(kept), stays(passing), stays(shared)), (true, false, true));
    assert_eq!(staying.share.bytes, 80);
}

#[test]
fn cores_are_told_apart() {
    let mark = |program: &str, random: u8, collections| ProcessMark {
        program: program.into(),
        build_id: Some("b".into()),
        pid: Some(7),
        random: Some([random; 16]),
        collections: Some(collections),
        ..ProcessMark::default()
    };
    let first = mark("a", 1, 5);
    assert_eq!(relation(&first, &mark("a", 1, 9)), Ok(Relation::SameProcess));
    assert_eq!(relation(&first, &mark("a", 2, 1)), Ok(Relation::OtherProcess));
    let rebuilt = ProcessMark { build_id: Some("c".into()), ..mark("a", 2, 1) };
    assert_eq!(relation(&first, &rebuilt), Ok(Relation::OtherBuild));
    assert_eq!(relation(&first, &first), Err(WrongPair::SameMoment));
    let other = ProcessMark { program: "x".into(), ..rebuilt };
    assert!(matches!(relation(&first, &other), Err(WrongPair::OtherProgram { .. })));
    let newer = WrongPair::NewerFirst { what: "collections", newer: 5, older: 3 };
    assert_eq!(relation(&first, &mark("a", 1, 3)), Err(newer));
}

#[test]
fn one_core_tells_what_was_given_out_since_the_last_collection() {
    let heap = two("main.U", Evidence::Exact);
    let graph = Graph::new(&heap).unwrap();
    let tree = graph.dominators(&goheap_model::Unobserved).unwrap();
    let mut frames = Frames::new();
    let (a, b) = (frames.variable("main.a *main.T"), frames.variable("main.b *main.U"));
    for variable in [a, b] {
        frames.own(variable, (1, 64));
    }
    let frames = frames.done();
    let found = |sweeps: &Sweeps| since_collection((graph, &tree), (&frames, &[a, b]), sweeps);
    let counts = |stands, kept: &[u32]| {
        let counts = found(&sweeps(10, stands, kept)).lives.counts;
        (counts.survived.objects, counts.perhaps.objects, counts.new.objects)
    };
    for (stands, kept) in [(SpanSweep::Swept, &[0][..]), (SpanSweep::Waiting, &[]), (SpanSweep::Unknown, &[0])] {
        let sweeps = sweeps(10, stands, kept);
        let quick = new_by_frame((graph, &tree), (&frames, &[a, b]), &sweeps);
        let whole = found(&sweeps);
        assert_eq!(quick.lives.counts.new, whole.lives.counts.new);
        assert_eq!(quick.before.trie.totals(), whole.before.trie.totals());
        assert_eq!(quick.staying.by_frame, whole.staying.by_frame);
    }
    assert_eq!(counts(SpanSweep::Swept, &[0]), (1, 0, 1), "what the sweep did not keep came since");
    assert_eq!(counts(SpanSweep::Waiting, &[]), (2, 0, 0), "nothing is given out of a span that waits");
    assert_eq!(counts(SpanSweep::Unknown, &[0, 1]), (0, 2, 0));
    let told = found(&sweeps(10, SpanSweep::Swept, &[0]));
    let grew: Vec<(u64, u64)> = [a, b].map(|node| (told.before.trie.own(node).bytes, told.before.values(node))).into();
    assert_eq!(grew, [(64, 1), (0, 0)]);
    assert_eq!((told.staying.share.bytes, told.staying.objects.contains(1)), (64, true));
    let grown = grown(&heap, &told.merged, 1);
    assert_eq!(grown.iter().map(|one| (one.holder.as_str(), one.stays())).collect::<Vec<_>>(), [("main.b", 64)]);
}

fn sessions(count: usize) -> Heap {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("main.Cache", 64);
    heap.variable("main.cache *main.Cache", cache);
    for _ in 0..count {
        let session = heap.object("main.Session", 128);
        heap.refer(cache, session);
    }
    heap.build().unwrap()
}

#[test]
fn two_heaps_at_hand_are_compared_by_everything() {
    let marks = [1, 2].map(|pid| ProcessMark { program: "shop".into(), pid: Some(pid), ..ProcessMark::default() });
    let heaps = [sessions(2), sessions(5)];
    let frames = [service(100, 1000, 10, 0), service(300, 1000, 10, 0)];
    let trees = heaps.each_ref().map(|heap| Graph::new(heap).unwrap().dominators(&goheap_model::Unobserved).unwrap());
    let (sweeps, births, goroutines) = (Sweeps::default(), Births::default(), goheap_model::GoroutineGroups::default());
    let one = |at: usize| OneHeap {
        mark: &marks[at],
        graph: Graph::new(&heaps[at]).unwrap(),
        tree: &trees[at],
        frames: &frames[at],
        places: &[],
        sweeps: &sweeps,
        births: &births,
        goroutines: &goroutines,
    };
    let found = difference(&one(0), &one(1), 1).unwrap();
    assert_eq!(found.relation, Relation::OtherProcess);
    assert_eq!(found.reachable.bytes(), 3 * 128);
    let first = &found.types[0];
    assert_eq!((&*first.name, first.change.objects()), ("main.Session", 3));
    assert_eq!(found.grown[0].holder, "main.cache.entries");
    assert_eq!((found.objects, found.staying), (None, None), "objects of two processes are not the same ones");
    assert_eq!(difference(&one(0), &one(1), u64::MAX).unwrap().grown, []);
    assert!(matches!(
        difference(&one(1), &OneHeap { mark: &ProcessMark::default(), ..one(0) }, 1),
        Err(WrongPair::OtherProgram { .. })
    ));
}
