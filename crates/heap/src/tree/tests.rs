//! The tree: each object once, under whom; and what no root reaches, by how that is known.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::snapshot::HeapSnapshot;
use crate::testing::GoProcess;
use goheap_model::Standing;

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    go
}

/// Frames with what they have themselves, as `path: objects`.
fn counted(snapshot: &HeapSnapshot<'_, '_>) -> Vec<String> {
    let texts = snapshot.tree.nodes().filter_map(|node| {
        let own = snapshot.tree.own(node);
        let path: Vec<&str> = snapshot.tree.path(node).into_iter().map(|label| snapshot.label_text(label)).collect();
        (own.objects > 0).then(|| format!("{}: {}", path.join(" → "), own.objects))
    });
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}

#[test]
fn an_object_is_counted_under_the_nearest_of_its_holders_and_once() {
    let mut go = process();
    let shared = go.object("main.Node");
    let far = go.filled("main.Node", &[shared]);
    let near = go.filled("main.Node", &[far]);
    go.variable("main.a", "*main.Node", &[near]);
    go.variable("main.b", "*main.Node", &[shared]);
    go.take(|snapshot| {
        let expected = ["main.a *main.Node → .next *main.Node: 1", "main.a *main.Node: 1", "main.b *main.Node: 1"];
        assert_eq!(counted(snapshot), expected, "one step from a variable is nearer than two");
    });
}

#[test]
fn of_holders_as_near_the_first_by_address_has_it() {
    let mut go = process();
    let shared = go.object("main.Node");
    go.variable("main.z", "*main.Node", &[shared]);
    go.variable("main.a", "*main.Node", &[shared]);
    go.take(|snapshot| assert_eq!(counted(snapshot), ["main.z *main.Node: 1"]));
}

#[test]
fn garbage_stands_in_a_tower_by_type_and_size() {
    let mut go = process();
    go.define("main.Big", &[("node", "*main.Node"), ("rest", "[100]int")]);
    go.object("main.Big");
    go.row("main.Big", 2);
    go.raw(64, &[0, 3]);
    go.data(&[0; 100]);
    go.data(&[0; 100]);
    go.take(|snapshot| {
        let expected = [
            "unreachable → ? 112 bytes, no pointers: 2",
            "unreachable → ? 64 bytes: 1",
            "unreachable → []main.Big: 1",
            "unreachable → main.Big: 1",
        ];
        assert_eq!(counted(snapshot), expected);
        assert!(snapshot.totals.is_reconciled());
        assert_eq!(snapshot.totals.unreachable.objects, 5);
    });
}

/// A variable some of whose words are absent; what may hang on them.
fn with_lost_words() -> (GoProcess, u64, u64) {
    let mut go = process();
    let (reached, lost) = (go.object("main.Node"), go.object("main.Node"));
    let table = go.variable("main.table", "[2000]*main.Node", &[reached]);
    go.lose((table + 8).next_multiple_of(4096), 4096);
    (go, reached, lost)
}

#[test]
fn where_a_root_lacks_words_nothing_is_known_to_be_garbage() {
    let (go, reached, lost) = with_lost_words();
    go.take(|snapshot| {
        let standing = |at| snapshot.standing(snapshot.id(at));
        assert_eq!([reached, lost].map(standing), [Standing::Reachable, Standing::NotKnown]);
        assert_eq!((snapshot.totals.unreachable.objects, snapshot.totals.not_known.objects), (0, 1));
        assert_eq!(snapshot.absent.words(), 512);
        let tower = counted(snapshot).pop().unwrap();
        assert!(tower.starts_with("not known to be reachable → "), "{tower}");
    });
}

#[test]
fn what_the_last_collection_did_not_mark_is_garbage_all_the_same() {
    let (mut go, _, lost) = with_lost_words();
    let unmarked = go.data(&[1; 40]);
    let marked = go.data(&[2; 40]);
    go.unmark(unmarked);
    go.take(|snapshot| {
        let standing = |at| snapshot.standing(snapshot.id(at));
        use Standing::{NotKnown, Unreachable};
        assert_eq!([unmarked, marked, lost].map(standing), [Unreachable, NotKnown, NotKnown]);
        assert!(snapshot.totals.is_reconciled());
        assert_eq!(snapshot.totals.awaiting_sweep.objects, 1);
    });
}

#[test]
fn a_reached_object_that_lacks_words_makes_the_rest_unknown_and_garbage_does_not() {
    let build = |is_held: bool| {
        let mut go = process();
        let row = go.row("*main.Node", 2000);
        let rest = go.object("main.Node");
        if is_held {
            go.variable("main.row", "[]*main.Node", &[row, 2000, 2000]);
        }
        go.lose(row + 4096, 4096);
        go.take(|snapshot| (snapshot.standing(snapshot.id(rest)), snapshot.absent.words()))
    };
    assert_eq!(build(true), (Standing::NotKnown, 512));
    assert_eq!(build(false), (Standing::Unreachable, 0));
}

#[test]
fn parts_of_a_container_and_bare_pointers_stand_where_what_leads_there_does() {
    for release in ["go1.23.4", "go1.26.1"] {
        let mut go = GoProcess::of_release(release).with_dwarf();
        go.define("main.Leaf", &[("next", "*main.Leaf"), ("n", "int")]);
        let (value, last) = (go.object("main.Leaf"), go.object("main.Leaf"));
        let map = go.map("map[int]*main.Leaf", &[(&[1], &[value])]);
        let pointer = go.filled("*main.Leaf", &[last]);
        go.variable("main.map", "map[int]*main.Leaf", &[map]);
        go.variable("main.pointer", "**main.Leaf", &[pointer]);
        go.take(|snapshot| {
            let group = snapshot.model.memory().read_u64(goheap_image::Address(map + 16)).unwrap();
            assert_eq!(snapshot.path_at(group), snapshot.path_at(map), "{release}: of one map there is one frame");
            assert_ne!(snapshot.path_at(value), snapshot.path_at(map), "{release}: but a value has its own");
            assert_eq!(snapshot.path_at(last), snapshot.path_at(pointer), "{release}");
        });
    }
}

#[test]
fn what_a_closure_holds_is_captured_where_nothing_names_it() {
    let mut go = GoProcess::new();
    let held = go.data(&[1; 40]);
    let closure = go.closure("main.work.func1", &[held], &[1]);
    go.frame("main.work", 1, &[0]);
    go.goroutine(crate::testing::Doing::Runnable, &[("main.work", &[closure])]);
    let holder = go.descriptor("func()");
    go.variable("main.call", "interface {}", &[holder, closure]);
    go.take(|snapshot| {
        let path = snapshot.path_at(held);
        assert!(path.ends_with("[captured]"), "{path}");
    });
}

#[test]
fn a_bucket_that_overflows_leads_to_more_of_the_same_map() {
    let mut go = GoProcess::of_release("go1.23.4").with_dwarf();
    go.define("main.Leaf", &[("next", "*main.Leaf"), ("n", "int")]);
    let ty = "map[int]*main.Leaf";
    let (first, second) = (go.object("main.Leaf"), go.object("main.Leaf"));
    let map = go.map(ty, &[(&[1], &[first])]);
    let more = go.map_group(ty, &[(&[2], &[second])]);
    let group = go.open(|model| model.memory().read_u64(goheap_image::Address(map + 16)).unwrap());
    let bytes = go.ty_size(&format!("{ty} part"));
    go.set(group + bytes - 8, &[more]);
    go.variable("main.map", ty, &[map]);
    go.take(|snapshot| {
        assert_eq!(snapshot.path_at(more), snapshot.path_at(map));
        assert_eq!(snapshot.path_at(second), snapshot.path_at(first));
    });
}
