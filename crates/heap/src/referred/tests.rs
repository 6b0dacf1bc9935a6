//! What of each object is referred to, by roots and by other objects.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::references::ReferenceOptions;
use crate::testing::GoProcess;
use goheap_model::Unobserved;

/// What of the object at an address is referred to, and of how many bytes with what slices have room for.
fn extent(go: &GoProcess, at: u64) -> (u64, u64) {
    let options = ReferenceOptions { referred: true, words: false };
    go.take(|snapshot| {
        let graph = snapshot.references_with(options, &Unobserved).unwrap();
        let extent = graph.data().extent(snapshot.id(at)).unwrap();
        (extent.referred, extent.capacity)
    })
}

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
    go
}

#[test]
fn a_string_cut_out_of_a_document_refers_to_its_own_words() {
    let mut go = process();
    let document = go.data(&[b'x'; 960]);
    go.define("main.Title", &[("text", "string"), ("next", "*main.Node")]);
    let title = go.filled("main.Title", &[document + 80, 24]);
    go.variable("main.title", "*main.Title", &[title]);
    assert_eq!(extent(&go, document), (24, 24));
    // One more, which overlaps the first by half.
    go.variable("main.more", "string", &[document + 96, 32]);
    assert_eq!(extent(&go, document), (48, 48));
    // A pointer to bytes may be the beginning of a row that `unsafe` walks.
    go.variable("main.first", "*uint8", &[document]);
    assert_eq!(extent(&go, document), (1024, 1024));
}

#[test]
fn a_slice_refers_to_its_length_and_has_room_to_its_capacity() {
    let mut go = process();
    let row = go.row("int", 64);
    go.variable("main.row", "[]int", &[row, 10, 64]);
    assert_eq!(extent(&go, row), (80, 512));
    go.variable("main.tail", "[]int", &[row + 80, 4, 4]);
    assert_eq!(extent(&go, row), (112, 512));
}

#[test]
fn of_large_objects_both_ends_are_known_to_the_byte() {
    let mut go = process();
    let document = go.data(&[b'x'; 2000]);
    go.variable("main.title", "string", &[document + 101, 7]);
    assert_eq!(extent(&go, document), (7, 7));
}

#[test]
fn small_objects_are_whole_whatever_leads_to_them() {
    let mut go = process();
    let text = go.data(&[b'x'; 48]);
    go.variable("main.title", "string", &[text + 8, 8]);
    assert_eq!(extent(&go, text), (48, 48));
}

#[test]
fn a_pointer_to_an_element_refers_to_that_one() {
    let mut go = process();
    let row = go.row("main.Node", 32);
    go.variable("main.row", "[]main.Node", &[row, 0, 32]);
    go.variable("main.node", "*main.Node", &[row + 64]);
    assert_eq!(extent(&go, row).0, 16);
}

#[test]
fn what_hangs_on_words_outside_of_all_windows_is_referred_to_by_nothing() {
    let mut go = process();
    let queue = go.row("*main.Node", 32);
    let (popped, queued, beyond) = (go.object("main.Node"), go.object("main.Node"), go.object("main.Node"));
    let behind = go.object("main.Node");
    go.set(popped, &[beyond]);
    go.set(queue, &[popped]);
    go.set(queue + 80, &[queued]);
    go.set(queue + 200, &[behind]);
    // What was taken from the front is still there, and what a cut left has room at the end.
    go.variable("main.queue", "[]*main.Node", &[queue + 80, 2, 20]);
    assert_eq!(extent(&go, queue), (16, 160));
    assert_eq!([popped, beyond, behind].map(|at| extent(&go, at)), [(0, 0); 3]);
    assert_eq!(extent(&go, queued), (16, 16));
    // Held by something else too, it is whole.
    go.variable("main.popped", "*main.Node", &[popped]);
    assert_eq!([popped, beyond].map(|at| extent(&go, at)), [(16, 16); 2]);
}

#[test]
fn what_is_guessed_to_be_a_header_must_say_something() {
    let words = |len: u64| {
        let mut go = GoProcess::new();
        go.define("main.Texts", &[("a", "string"), ("b", "string"), ("c", "string")]);
        let document = go.data(&[b'x'; 960]);
        let other = go.string("another text of some length");
        let at = go.raw(48, &[0, 2, 4]);
        go.set(at, &[document, 100, other[0], other[1], document + 8, len]);
        go.variable("main.lone", "unsafe.Pointer", &[at]);
        (extent(&go, document), go.take(|snapshot| snapshot.evidence_at(at)))
    };
    assert_eq!(words(16).1, words(0).1);
    assert_eq!(words(16).0, (1024, 1024), "three strings may be a row of them, and no type is told");
}
