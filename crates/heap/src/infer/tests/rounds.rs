//! Votes on places of which all words lead to one type, and rounds that build on each other.

use super::*;

/// Goroutines that stand at one call, a word of whose frames leads to an object each.
fn workers(count: usize, fill: impl Fn(&mut GoProcess, usize) -> u64) -> (GoProcess, Vec<u64>) {
    let mut go = GoProcess::new();
    go.define("main.Job", &[("next", "*main.Job"), ("name", "string"), ("n", "int")]);
    go.define("main.Task", &[("next", "*main.Task"), ("up", "*main.Task"), ("n", "[2]int")]);
    go.frame("main.work", 2, &[0]);
    let objects: Vec<u64> = (0..count).map(|index| fill(&mut go, index)).collect();
    for at in &objects {
        go.goroutine(Doing::Waits("chan receive"), &[("runtime.gopark", &[]), ("main.work", &[*at, 0])]);
    }
    (go, objects)
}

fn job(go: &mut GoProcess, has_name: bool) -> u64 {
    let at = go.object("main.Job");
    if has_name {
        let text = go.string("a name of 22 characters");
        go.set(at + 8, &text);
    }
    at
}

#[test]
fn what_most_of_a_place_can_be_is_voted_on_all() {
    // One of them has words that speak for a job; the others are empty.
    let (go, objects) = workers(6, |go, index| job(go, index < 3));
    go.take(|snapshot| {
        for at in &objects {
            assert_eq!(told(snapshot, *at), guessed("main.Job"));
        }
        let vote = snapshot.vote(snapshot.id(objects[5])).unwrap();
        assert_eq!((vote.agree, vote.of), (6, 6));
    });
}

#[test]
fn one_of_few_that_contradicts_undoes_the_vote() {
    let (go, objects) = workers(6, |go, index| {
        let at = job(go, index < 3);
        if index == 5 {
            // A length without bytes: no string.
            go.set(at + 8, &[0, 77]);
        }
        at
    });
    go.take(|snapshot| {
        assert_eq!(told(snapshot, objects[5]), unknown());
        assert_eq!(told(snapshot, objects[4]), unknown(), "empty, and no vote speaks for it");
        assert_eq!(snapshot.vote(snapshot.id(objects[4])), None);
    });
}

#[test]
fn an_object_whose_type_is_sure_decides_for_its_place() {
    let (mut go, objects) = workers(4, |go, _| job(go, false));
    let ty = go.descriptor("*main.Job");
    go.variable("main.any", "interface {}", &[ty, objects[0]]);
    // Without debug information a variable has no type: the interface is read in an object.
    let box_at = go.raw(32, &[1, 3]);
    go.set(box_at, &[ty, objects[0]]);
    go.variable("main.box", "unsafe.Pointer", &[box_at]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, objects[0]), exact("main.Job"));
        for at in &objects[1..] {
            assert_eq!(told(snapshot, *at), guessed("main.Job"));
        }
    });
}

#[test]
fn untyped_words_of_objects_of_one_kind_are_one_place() {
    let build = |fill: usize| {
        let mut go = GoProcess::new().with_dwarf();
        go.define("main.Job", &[("next", "*main.Job"), ("name", "string"), ("n", "int")]);
        go.define("main.Task", &[("next", "*main.Task"), ("up", "*main.Task"), ("n", "[2]int")]);
        go.define("main.Holder", &[("raw", "unsafe.Pointer"), ("n", "int")]);
        let holders = go.row("main.Holder", 4);
        let jobs: Vec<u64> = (0..4).map(|index| job(&mut go, index < fill)).collect();
        for (index, at) in jobs.iter().enumerate() {
            go.set(holders + 16 * index as u64, &[*at]);
        }
        go.variable("main.holders", "[]main.Holder", &[holders, 4, 4]);
        told_of(&go, jobs[3])
    };
    assert_eq!(build(2), guessed("main.Job"));
    assert_eq!(build(0), unknown());
}

/// A guess leads to the next object, which is told in the next round by its like.
#[test]
fn a_round_builds_on_the_one_before() {
    let mut go = GoProcess::new();
    go.define("main.Head", &[("a", "*main.Mid"), ("b", "*main.Mid"), ("c", "*main.Mid"), ("n", "int")]);
    go.define("main.Mid", &[("p", "*main.Tail"), ("n", "int")]);
    go.define("main.Tail", &[("p", "*main.Tail"), ("n", "int"), ("m", "[2]int")]);
    let tail = go.object("main.Tail");
    let mid = go.filled("main.Mid", &[tail]);
    let head = go.filled("main.Head", &[mid]);
    go.variable("main.head", "unsafe.Pointer", &[head]);
    go.take(|snapshot| {
        let found = [head, mid, tail].map(|at| told(snapshot, at));
        assert_eq!(found, ["main.Head", "main.Mid", "main.Tail"].map(guessed));
    });
}
