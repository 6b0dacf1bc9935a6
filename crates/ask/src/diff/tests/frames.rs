//! Two trees of frames as one, and what is kept of a core.

use super::*;

#[test]
fn frames_are_one_whatever_their_number_and_however_sure_their_type() {
    let (before, after) = (service(100, 10, 3, 0), service(100, 10, 40, 0));
    let by_path = RetainedByPath::new(&before);
    let node =
        |frames: &DominatorFrames, text: &str| frames.trie.nodes().find(|&node| frames.text(node) == text).unwrap();
    let group = node(&after, "40 × goroutine main.wait");
    assert_eq!(by_path.of(&after, group).bytes, 3 * 64, "it was a group of three");
    let element = node(&after, "[i] *main.Entry ?");
    assert_eq!(by_path.of(&after, element).bytes, 10 * 512);
    let sure = ["package variables", "main", "main.list []*main.Entry", "[i] *main.Entry"];
    assert_eq!(by_path.at(&sure).bytes, 10 * 512, "without the sign of a guess");
    assert_eq!(by_path.at(&sure[..3]).bytes, 10 * 512 + 80, "with what is below");
    assert_eq!(by_path.at(&["package variables", "other"]).bytes, 0);
    assert_eq!(by_path.at::<&str>(&[]).bytes, before.trie.totals()[0].bytes, "the whole tree");
}

#[test]
fn merged_frames_have_both_sides_and_what_only_one_has() {
    let mut old = Frames::new();
    let gone = old.variable("main.gone *main.T");
    old.own(gone, (1, 100));
    let both = old.variable("main.both *main.T");
    old.own(both, (2, 30));
    let garbage = old.node(PathTrie::ROOT, "unreachable");
    old.frames.unreached.push(garbage);
    let mut new = Frames::new();
    let both = new.variable("main.both *main.T");
    new.own(both, (5, 70));
    new.map(both, 9);
    let (old, new) = (old.done(), new.done());
    let merged = MergedFrames::new(&old, &new, None);
    let at = |text: &str| {
        let frames = &merged.frames;
        let node = frames.trie.nodes().find(|&node| frames.text(node) == text).unwrap();
        (node, merged.before[node.index()], merged.after[node.index()])
    };
    let (node, before, after) = at("main.both *main.T");
    assert_eq!((before.own.bytes, after.own.bytes, merged.bytes(node)), (30, 70, 40));
    assert_eq!((before.values, after.values, before.maps, after.maps.map(|maps| maps.entries)), (2, 5, None, Some(9)));
    let (node, before, after) = at("main.gone *main.T");
    assert_eq!((before.retained.bytes, after.retained.bytes, merged.bytes(node)), (100, 0, -100));
    let (package, _, _) = at("main");
    assert!(merged.is_grouping[package.index()] && !merged.is_grouping[node.index()]);
    assert_eq!(merged.frames.unreached, [at("unreachable").0], "the older one's, too");
    assert_eq!(merged.staying, None);
}

#[test]
fn what_shrinks_beside_it_hides_no_growth() {
    let tree = |cache: u64, other: u64| {
        let mut frames = Frames::new();
        let app = frames.variable("main.app *main.App");
        let app = frames.own(app, (1, 64));
        let map = frames.objects(app, ".cache map[string]*main.Item", (1, 48));
        frames.objects(map, "[value] *main.Item", (cache, cache * 100));
        let list = frames.objects(app, ".other []*main.Other", (1, 24));
        frames.objects(list, "[i] *main.Other", (other, other * 100));
        frames.done()
    };
    let (before, after) = (tree(10, 1000), tree(500, 10));
    let merged = MergedFrames::new(&before, &after, None);
    let found = grown(&Heap::default(), &merged, 1000);
    let told: Vec<(&str, i64)> = found.iter().map(|one| (&*one.holder, one.bytes())).collect();
    assert_eq!(told, [("main.app.cache", 490 * 100)], "although the application as a whole shrank");
    assert_eq!(grown(&Heap::default(), &merged, 49_001), []);
}

#[test]
fn differences_stay_within_their_type() {
    let share = |bytes, objects| goheap_model::Share { bytes, objects };
    let change = |before, after| Change { before, after };
    let most = change(share(0, 3), share(u64::MAX, 1));
    assert_eq!((most.bytes(), most.objects()), (i64::MAX, -2));
    assert_eq!(change(share(u64::MAX, 0), share(0, 0)).bytes(), i64::MIN);
    assert_eq!(change(share(7, 0), share(7, 0)).bytes(), 0);
}

#[test]
fn without_the_kernels_bytes_a_process_is_known_by_its_number_and_its_places() {
    let mark = |pid, place| ProcessMark {
        program: "a".into(),
        build_id: Some("b".into()),
        pid: Some(pid),
        places: (0x400, Some(place)),
        ..ProcessMark::default()
    };
    let first = ProcessMark { last_goroutine: 9, ..mark(7, 0xc000) };
    let later = |mark: ProcessMark| ProcessMark { last_goroutine: 12, ..mark };
    assert_eq!(relation(&first, &later(mark(7, 0xc000))), Ok(Relation::SameProcess));
    assert_eq!(relation(&first, &later(mark(8, 0xc000))), Ok(Relation::OtherProcess));
    assert_eq!(relation(&first, &later(mark(7, 0xd000))), Ok(Relation::OtherProcess), "the heap lies elsewhere");
    let nameless = ProcessMark { places: (0x400, None), ..first.clone() };
    assert_eq!(relation(&nameless, &later(nameless.clone())), Ok(Relation::OtherProcess), "not enough is known");
    let earlier = ProcessMark { last_goroutine: 3, ..mark(7, 0xc000) };
    let wrong = WrongPair::NewerFirst { what: "goroutines made", newer: 9, older: 3 };
    assert_eq!(relation(&first, &earlier), Err(wrong));
    // Forked: the kernel's bytes are inherited.
    let of = |pid| ProcessMark { random: Some([1; 16]), pid: Some(pid), ..first.clone() };
    assert_eq!(relation(&of(7), &later(of(8))), Ok(Relation::OtherProcess));
}

#[test]
fn a_moment_is_what_roots_reach_by_name() {
    let heap = sessions(3);
    let moment = Moment::of(ProcessMark::default(), &heap, DominatorFrames::default());
    let types: Vec<(&str, u64)> = moment.types.iter().map(|row| (&*row.name, row.share.objects)).collect();
    assert_eq!(types, [("main.Session", 3), ("main.Cache", 1)]);
    assert_eq!((moment.packages.len(), moment.reachable.bytes), (1, 3 * 128 + 64));
    let mut garbage = HeapBuilder::default();
    garbage.object("main.Lost", 64);
    let moment = Moment::of(ProcessMark::default(), &garbage.build().unwrap(), DominatorFrames::default());
    assert_eq!((moment.types.len(), moment.unreachable.bytes), (0, 64), "garbage has no row");
}
