#![allow(clippy::unwrap_used)]
use super::*;

/// Two roots: `a` (100) over `b` (30) over `c` (5); and `d` (1) over `e` (1).
fn sample() -> FlameTree {
    let mut tree = FlameTree::default();
    let a = tree.push(None, "a", 65, 1).unwrap();
    let b = tree.push(Some(a), "b", 30, 1).unwrap();
    tree.push(Some(b), "c", 5, 1).unwrap();
    let d = tree.push(None, "d", 1, 0).unwrap();
    tree.push(Some(d), "e", 1, 1).unwrap();
    tree
}

fn lines(shown: &ShownTree<'_>) -> Vec<(Option<u32>, String, u64, u64)> {
    let line = |frame: &ShownFrame<'_>| (frame.parent, frame.label.to_string(), frame.own, frame.total);
    shown.frames.iter().map(line).collect()
}

#[test]
fn narrow_frames_fold_upwards_and_narrow_roots_share_one() {
    let tree = sample();
    let shown = prune(&tree, Count::Bytes, &Limits::width(10.0)).unwrap();
    let expected =
        [(None, "a".to_owned(), 65, 100), (Some(0), "b".to_owned(), 35, 35), (None, NARROW_ROOTS.to_owned(), 2, 2)];
    assert_eq!(lines(&shown), expected);
    assert_eq!(shown.whole(), 102);
    let drawn = Drawn { shown: 3, too_narrow: 3, ..Drawn::default() };
    assert_eq!(shown.drawn, drawn);
}

#[test]
fn a_width_that_is_no_number_shows_all_that_weighs_something() {
    let tree = sample();
    for percent in [f64::NAN, -3.0, 0.0, f64::NEG_INFINITY] {
        let shown = prune(&tree, Count::Bytes, &Limits::width(percent)).unwrap();
        assert_eq!(shown.frames.len(), 5);
    }
    let shown = prune(&tree, Count::Bytes, &Limits::width(f64::INFINITY)).unwrap();
    assert_eq!(lines(&shown), [(None, NARROW_ROOTS.to_owned(), 102, 102)]);
}

#[test]
fn limits_keep_the_widest_and_every_byte() {
    let tree = sample();
    let all = Limits::width(0.0);
    for (limits, expected) in [
        (Limits { frames: 2, ..all }, Drawn { shown: 3, no_room: 3, ..Drawn::default() }),
        (Limits { depth: 1, ..all }, Drawn { shown: 2, too_deep: 3, ..Drawn::default() }),
        // `a;` and `a;b;` and `d;`: 2 + 4 + 2.
        (Limits { text: 8, ..all }, Drawn { shown: 3, no_room: 2, ..Drawn::default() }),
    ] {
        let shown = prune(&tree, Count::Bytes, &limits).unwrap();
        assert_eq!(shown.drawn, expected, "{limits:?}");
        assert_eq!(shown.whole(), 102);
    }
}

#[test]
fn siblings_that_read_alike_are_one() {
    let mut tree = FlameTree::default();
    let a = tree.push(None, "a", 1, 1).unwrap();
    let one = tree.push(Some(a), "x;y", 2, 1).unwrap();
    let two = tree.push(Some(a), "x,y", 4, 1).unwrap();
    tree.push(Some(one), "z", 8, 1).unwrap();
    tree.push(Some(two), "z", 16, 1).unwrap();
    let shown = prune(&tree, Count::Bytes, &Limits::width(0.0)).unwrap();
    let expected =
        [(None, "a".to_owned(), 1, 31), (Some(0), "x,y".to_owned(), 6, 30), (Some(1), "z".to_owned(), 24, 24)];
    assert_eq!(lines(&shown), expected);
}

#[test]
fn a_tree_without_weight_is_nothing_to_draw() {
    let mut tree = FlameTree::default();
    tree.push(None, "a", 0, 3).unwrap();
    let error = prune(&tree, Count::Bytes, &Limits::width(0.0)).unwrap_err();
    assert_eq!(error.to_string(), "there are no bytes to draw");
    assert!(prune(&tree, Count::Objects, &Limits::width(0.0)).is_ok());
    assert!(prune(&FlameTree::default(), Count::Objects, &Limits::width(0.0)).is_err());
}
