//! What a heap spends on nothing: by whom, and how much of it would go.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::testing::GoProcess;
use goheap_model::Unobserved;

const WITH_TEXT: WasteOptions = WasteOptions { values: true, contents: 10 };

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Label", &[("name", "string"), ("next", "*main.Label")]);
    go
}

fn waste(go: &GoProcess) -> Waste {
    go.take(|snapshot| snapshot.waste(WITH_TEXT, &Unobserved).unwrap())
}

/// Labels in a row, each with a string of its own.
fn labels(go: &mut GoProcess, texts: &[&str]) -> u64 {
    let row = go.row("main.Label", texts.len() as u64);
    for (index, text) in texts.iter().enumerate() {
        let text = go.string(text);
        go.set(row + index as u64 * 24, &text);
    }
    go.variable("main.labels", "[]main.Label", &[row, texts.len() as u64, texts.len() as u64]);
    row
}

#[test]
fn strings_that_are_there_twice_are_told_by_their_holder() {
    let mut go = process();
    let (same, other) = ("the same text of 30 characters", "another text, which is only once");
    let row = labels(&mut go, &[same, other, same, same]);
    let found = waste(&go).duplicates;
    assert_eq!((found.runs, found.contents, found.copies, found.lost), (4, 2, 2, 60));
    let holder = &found.holders[0];
    assert_eq!((&*holder.holder, &*holder.ty, holder.copies), ("main.Label.name", "string", 2));
    let most = &found.most[0];
    assert_eq!((most.len, most.runs, most.text.as_deref()), (30, 3, Some(same)));
    // Two headers of one string are no two strings.
    let shared = go.take(|snapshot| snapshot.model.memory().read_u64(goheap_image::Address(row)).unwrap());
    go.set(row + 48, &[shared]);
    let found = waste(&go).duplicates;
    assert_eq!((found.runs, found.copies, found.lost), (3, 1, 30));
}

#[test]
fn contents_are_told_only_where_they_are_asked_for_and_at_most_so_many() {
    let mut go = process();
    let texts = ["one text of 24 characters", "two text of 24 characters"];
    labels(&mut go, &[texts[0], texts[0], texts[1], texts[1]]);
    go.take(|snapshot| {
        let of = |values, contents| {
            let found = snapshot.waste(WasteOptions { values, contents }, &Unobserved).unwrap().duplicates;
            (found.copies, found.most.iter().map(|one| one.text.clone()).collect::<Vec<_>>())
        };
        assert_eq!(of(false, 10), (2, vec![None, None]));
        assert_eq!(of(true, 1).1.len(), 1);
        assert_eq!(of(true, 0), (2, vec![]));
    });
}

#[test]
fn room_that_nothing_was_put_into_is_told_by_its_slice() {
    let mut go = process();
    go.define("main.Buffer", &[("bytes", "[]uint8"), ("n", "int")]);
    let data = go.data(&[7; 1024]);
    let buffer = go.filled("main.Buffer", &[data + 16, 100, 1008]);
    go.variable("main.buffer", "*main.Buffer", &[buffer]);
    let found = waste(&go).slack;
    let holder = &found.holders[0];
    assert_eq!((&*holder.holder, &*holder.ty), ("main.Buffer.bytes", "[]uint8"));
    assert_eq!((holder.bytes, holder.slack, holder.before, holder.behind), (100, 908, 16, 0));
    assert_eq!(found.all.lost(), 924);
    // What another slice uses of it is no room.
    let second = go.filled("main.Buffer", &[data + 500, 400, 400]);
    go.variable("main.second", "*main.Buffer", &[second]);
    assert_eq!(waste(&go).slack.all.slack, 508);
    // A pointer to its bytes may need them all.
    go.variable("main.first", "*uint8", &[data]);
    assert_eq!(waste(&go).slack.all.lost(), 0);
}

#[test]
fn slots_of_maps_without_an_entry_and_those_of_deleted_ones_are_counted() {
    for (version, deleted, per_slot) in [("go1.23.4", 1_u8, 18), ("go1.26.1", 0xfe, 17)] {
        let mut go = GoProcess::of_release(version).with_dwarf();
        let ty = "map[int]int";
        let full = go.map(ty, &[(&[1], &[2]), (&[3], &[4])]);
        let empty = go.map(ty, &[]);
        let group = go.take(|snapshot| snapshot.model.memory().read_u64(goheap_image::Address(full + 16)).unwrap());
        go.put(group + 1, &[deleted]);
        go.set(full, &[1]);
        go.variable("main.full", ty, &[full]);
        go.variable("main.empty", ty, &[empty]);
        let found = waste(&go).maps;
        let maps = &found[0];
        assert_eq!((found.len(), &*maps.ty, maps.maps, maps.empty, maps.absent), (1, ty, 2, 1, 0), "{version}");
        assert_eq!((maps.entries, maps.slots, maps.deleted), (1, 16, 1), "{version}");
        assert_eq!(
            (maps.slot_bytes, maps.free_bytes, maps.empty_bytes),
            (per_slot, 15 * per_slot, 8 * per_slot),
            "{version}"
        );
    }
}

#[test]
fn buffers_of_nothing_but_zeros_are_told_from_a_kilobyte_on() {
    let mut go = process();
    let (zero, used, small) = (go.data(&[0; 2048]), go.data(&[1; 2048]), go.data(&[0; 512]));
    for (name, at, len) in [("main.zero", zero, 2048), ("main.used", used, 2048), ("main.small", small, 512)] {
        go.variable(name, "[]uint8", &[at, len, len]);
    }
    let numbers = go.row("int64", 256);
    go.set(numbers, &[1]);
    go.variable("main.numbers", "[]int64", &[numbers, 256, 256]);
    go.data(&[0; 2048]);
    let found = waste(&go).zeros;
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].ty, found[0].objects, found[0].bytes, found[0].of), ("[...]uint8", 1, 2048, 2));
}

#[test]
fn empty_channels_have_a_buffer_all_the_same() {
    let mut go = process();
    let (empty, full, none) =
        (go.channel("int", &[], 8), go.channel("int", &[&[1], &[2]], 2), go.channel("int", &[], 0));
    go.variable("main.channels", "[3]chan int", &[empty, full, none]);
    let found = waste(&go).channels;
    assert_eq!(found.len(), 1);
    let channels = &found[0];
    assert_eq!((&*channels.ty, channels.channels, channels.empty), ("chan int", 2, 1), "one without a buffer is none");
    assert_eq!((channels.queued, channels.capacity, channels.free_bytes), (2, 10, 64));
}

#[test]
fn small_values_in_boxes_of_their_own_that_are_alike_could_be_one() {
    let mut go = process();
    go.define("main.Row", &[("any", "interface {}"), ("count", "*int"), ("next", "*main.Row")]);
    let (int, other) = (go.descriptor("int"), go.descriptor("int64"));
    let rows = go.row("main.Row", 4);
    for (index, (ty, value)) in [(int, 7_u64), (int, 7), (int, 8), (other, 7)].into_iter().enumerate() {
        let (boxed, pointed) = (go.data(&value.to_le_bytes()), go.data(&value.to_le_bytes()));
        go.set(rows + index as u64 * 32, &[ty, boxed, pointed]);
    }
    go.variable("main.rows", "[]main.Row", &[rows, 4, 4]);
    let found = waste(&go);
    assert_eq!((found.boxed.runs, found.boxed.contents, found.boxed.copies, found.boxed.lost), (4, 3, 1, 8));
    assert_eq!(found.boxed.holders[0].ty, "int");
    assert_eq!((found.pointed.runs, found.pointed.contents, found.pointed.copies), (4, 2, 2));
    assert_eq!((&*found.pointed.holders[0].holder, &*found.pointed.holders[0].ty), ("main.Row.count", "*int"));
}

#[test]
fn of_garbage_nothing_is_wasted() {
    let mut go = process();
    let row = go.row("main.Label", 2);
    for index in 0..2 {
        let text = go.string("the same text of 30 characters");
        go.set(row + index * 24, &text);
    }
    go.data(&[0; 2048]);
    go.map("map[int]int", &[]);
    let found = waste(&go);
    assert_eq!((found.duplicates.runs, found.zeros.len(), found.maps.len()), (0, 0, 0));
}

#[test]
fn holders_are_named_by_the_field_or_what_it_is_an_element_of() {
    let mut go = process();
    let text = "the same text of 30 characters";
    let row = go.row("string", 2);
    let map = go.map("map[int]string", &[]);
    for at in [row, row + 16] {
        let text = go.string(text);
        go.set(at, &text);
    }
    go.variable("main.row", "[]string", &[row, 2, 2]);
    go.variable("main.map", "map[int]string", &[map]);
    let own = go.string(text);
    go.variable("main.own", "string", &own);
    let found = waste(&go).duplicates;
    let mut holders: Vec<_> = found.holders.iter().map(|one| (&*one.holder, &*one.ty, one.runs)).collect();
    holders.sort_unstable();
    assert_eq!(holders, [("[]string[i]", "string", 2), ("main.own string", "string", 1)]);
    assert_eq!((found.copies, found.lost), (2, 60));
}

#[test]
fn what_a_string_was_cut_out_of_is_told() {
    let mut go = process();
    let document = go.data(&[b'd'; 512]);
    let cut = go.filled("main.Label", &[document + 100, 40]);
    go.variable("main.cut", "*main.Label", &[cut]);
    let found = waste(&go).slack;
    let holder = &found.holders[0];
    assert_eq!((&*holder.holder, holder.bytes), ("main.Label.name", 40));
    assert_eq!((holder.slack, holder.before, holder.behind), (0, 100, 372));
    let second = go.filled("main.Label", &[document + 200, 12]);
    go.variable("main.second", "*main.Label", &[second]);
    let found = waste(&go).slack.all;
    assert_eq!((found.before, found.between, found.behind, found.lost()), (100, 60, 300, 460));
}

#[test]
fn a_pointer_to_an_element_needs_that_and_not_the_room_behind() {
    let mut go = process();
    let row = go.row("main.Label", 4);
    go.define("main.Owner", &[("labels", "[]main.Label"), ("one", "*main.Label")]);
    let owner = go.filled("main.Owner", &[row, 2, 4, row + 24]);
    go.variable("main.owner", "*main.Owner", &[owner]);
    let found = waste(&go).slack.all;
    assert_eq!((found.slack, found.before), (48, 0));
}
