//! What stays of a small process, and what goes.
#![allow(clippy::unwrap_used)]

use super::Redaction;
use crate::testing::{Doing, GoProcess, HEAP, MAIN_STACK};
use goheap_image::Address;
use goheap_synth::{R, RW};

/// What stands where something was.
const HIDDEN: u64 = u64::from_le_bytes([b'x'; 8]);
const SECRET: u64 = 0x5ec2_e75e_c2e7_5ec2;
const PAGE: u64 = 4096;

/// `count` words at `at` of what is left of the process.
fn left(go: &GoProcess, at: u64, count: usize) -> Vec<u64> {
    go.take(|snapshot| {
        let (start, end) = (at / PAGE * PAGE, (at + count as u64 * 8).next_multiple_of(PAGE));
        let mut bytes = snapshot.model.memory().bytes(Address(start), (end - start) as usize).unwrap().into_owned();
        Redaction::new(snapshot).apply(start, &mut bytes);
        let words = bytes[(at - start) as usize..].chunks_exact(8).take(count);
        words.map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect()
    })
}

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.User", &[("id", "int"), ("name", "string"), ("next", "*main.User"), ("key", "[2]uint64")]);
    go
}

#[test]
fn of_a_typed_object_pointers_and_lengths_stay() {
    let mut go = process();
    let text = go.string("a name that is nobody's business");
    let (user, next) = (go.object("main.User"), go.object("main.User"));
    go.set(user, &[SECRET, text[0], text[1], next, SECRET, SECRET]);
    go.variable("main.user", "*main.User", &[user]);
    assert_eq!(left(&go, user, 6), [0, text[0], text[1], next, 0, 0]);
    assert_eq!(left(&go, text[0], 4), [HIDDEN; 4], "the bytes of a string are a content");
}

#[test]
fn each_element_of_a_row_is_told_by_its_type() {
    let mut go = process();
    let row = go.row("main.User", 3);
    let next = go.object("main.User");
    for element in 0..3 {
        go.set(row + element * 48, &[SECRET, 0, 77, next, SECRET, SECRET]);
    }
    go.variable("main.users", "[]main.User", &[row, 3, 3]);
    for element in 0..3 {
        assert_eq!(left(&go, row + element * 48, 6), [0, 0, 77, next, 0, 0], "element {element}");
    }
}

#[test]
fn of_an_object_without_a_type_words_are_judged() {
    let mut go = process();
    let target = go.data(&[1; 64]);
    let object = go.raw(64, &[0, 3]);
    go.set(object, &[target, 40, 64, target, 65, SECRET, 0, 9]);
    let hidden = left(&go, object, 8);
    assert_eq!(hidden[..3], [target, 40, 64], "a pointer, a length and a capacity");
    assert_eq!(hidden[3..], [target, HIDDEN, HIDDEN, 0, HIDDEN], "no more fits behind a pointer; a zero stays one");
}

#[test]
fn the_type_of_an_interface_stays_where_a_pointer_follows_it() {
    let mut go = process();
    let target = go.data(&[1; 64]);
    let descriptor = go.descriptor("*main.User");
    let object = go.raw(48, &[1, 3]);
    go.set(object, &[descriptor, target, SECRET, target, descriptor, 0]);
    assert_eq!(left(&go, object, 6), [descriptor, target, HIDDEN, target, HIDDEN, 0]);
}

#[test]
fn what_is_free_goes() {
    let mut go = process();
    let (user, freed) = (go.object("main.User"), go.object("main.User"));
    go.set(user, &[1]);
    go.set(freed, &[SECRET, user, 3, user]);
    go.free(freed);
    assert_eq!(left(&go, freed, 6), [HIDDEN; 6], "whatever it was");
    go.put(HEAP + 0x9000, b"a page that no span has any more");
    assert_eq!(left(&go, HEAP + 0x9000, 4), [HIDDEN; 4]);
    assert_eq!(left(&go, HEAP + 0x8000, 4), [0; 4], "but a page of zeros stays one");
}

#[test]
fn the_bitmaps_at_the_end_of_a_span_stay() {
    let mut go = process();
    let user = go.object("main.User");
    go.set(user + 8, &[user]);
    let marks = user + 8192 - 256;
    let before = go.open(|model| model.memory().bytes(Address(marks), 256).unwrap().into_owned());
    let after: Vec<u8> = left(&go, marks, 32).into_iter().flat_map(u64::to_le_bytes).collect();
    assert!(before.iter().any(|&byte| byte != 0));
    assert_eq!(after, before);
}

#[test]
fn marks_at_the_end_of_a_span_of_strings_stay() {
    let mut go = process();
    let text = go.data(&[b's'; 64]);
    let marks = text + 8192 - 128;
    let before = go.open(|model| model.memory().bytes(Address(marks), 128).unwrap().into_owned());
    let after: Vec<u8> = left(&go, marks, 16).into_iter().flat_map(u64::to_le_bytes).collect();
    assert!(before[64] != 0 && after == before);
}

#[test]
fn the_type_before_an_object_stays() {
    let mut go = process();
    let row = go.row("main.User", 20);
    go.set(row, &[SECRET]);
    let descriptor = go.descriptor("main.User");
    assert_eq!(left(&go, row - 8, 2), [descriptor, 0]);
}

#[test]
fn a_length_behind_the_end_of_a_page_is_told_by_the_pointer_before_it() {
    let mut go = process();
    let target = go.data(&[1; 64]);
    let objects: Vec<u64> = (0..21).map(|_| go.raw(384, &[31])).collect();
    let at = objects.into_iter().find(|at| (at + 32 * 8) % PAGE == 0).unwrap();
    go.set(at + 31 * 8, &[target, 40, SECRET]);
    assert_eq!(left(&go, at + 32 * 8, 2), [40, HIDDEN]);
}

#[test]
fn a_map_keeps_what_tells_which_places_are_taken() {
    for release in ["go1.23.4", "go1.26.1"] {
        let mut go = GoProcess::of_release(release).with_dwarf();
        let header = go.map("map[int]string", &[(&[SECRET], &[0, 0]), (&[SECRET + 1], &[0, 0])]);
        go.variable("main.index", "map[int]string", &[header]);
        let word = |address: u64| go.open(|model| model.memory().read_u64(Address(address)).unwrap());
        let groups = word(header + 16);
        let (control, keys) = (word(groups), [word(groups + 8), word(groups + 32)]);
        assert!(control != 0 && keys.contains(&SECRET), "{release}");
        let kept = left(&go, groups, 8);
        assert_eq!(kept[0], control, "{release}");
        assert!(!kept.contains(&SECRET) && !kept.contains(&(SECRET + 1)), "{release}: {kept:x?}");
        assert_eq!(left(&go, header, 4), [0, 8, 16, 24].map(|at| word(header + at)), "{release}: its header is whole");
    }
}

#[test]
fn a_channel_keeps_its_header_and_not_what_is_queued() {
    let mut go = process();
    let channel = go.channel("int", &[&[SECRET], &[SECRET]], 4);
    go.variable("main.queue", "chan int", &[channel]);
    let header = go.open(|model| model.layout.hchan.size);
    let kept = left(&go, channel, header as usize / 8);
    assert_eq!(kept[..2], [2, 4], "how many wait, and for how many there is room");
    assert!(left(&go, channel, header as usize / 8 + 4).iter().all(|&word| word != SECRET));
    // What has pointers lies in a buffer of its own.
    let next = go.object("main.User");
    let user = [SECRET, 0, 77, next, SECRET, SECRET];
    let users = go.channel("main.User", &[&user, &user], 3);
    go.variable("main.users", "chan main.User", &[users]);
    let buffer = left(&go, users, 3)[2];
    let element = [0, 0, 77, next, 0, 0];
    assert_eq!(left(&go, buffer, 12), [element, element].concat());
}

#[test]
fn a_closure_keeps_the_address_of_its_code() {
    let mut go = process();
    let closure = go.closure("main.work.func1", &[SECRET, SECRET], &[]);
    let code = go.function("main.work.func1");
    assert_eq!(left(&go, closure, 3), [code, HIDDEN, HIDDEN]);
    let numbers = go.data(&[SECRET.to_le_bytes(), code.to_le_bytes(), (code + 1).to_le_bytes()].concat());
    assert_eq!(left(&go, numbers, 3), [HIDDEN; 3], "only what an object begins with is one");
    let block = go.data(&[SECRET.to_le_bytes(), code.to_le_bytes()].concat());
    assert_eq!(left(&go, block, 2), [HIDDEN, code], "several may share so small a block");
}

#[test]
fn on_a_stack_pointers_and_return_addresses_stay() {
    let mut go = process();
    let user = go.object("main.User");
    go.frame("main.work", 3, &[0]);
    go.frame("main.outer", 2, &[]);
    go.goroutine(Doing::Runnable, &[("main.work", &[user, SECRET, 12345]), ("main.outer", &[user, SECRET])]);
    let (low, _) = go.open(|model| model.goroutines[0].stack);
    let sp = low + 0x400;
    go.put(low + 0x100, b"left by a call that ended");
    let words = left(&go, sp, 8);
    assert_eq!(words[..3], [user, 0, 0], "by the map of the frame");
    let back = go.function("main.outer") + 0x10;
    assert_eq!(words[4], back);
    assert_eq!(words[5..7], [user, 0], "what is no pointer by its map may be one, but a number is none");
    assert_eq!(left(&go, low + 0x100, 3), [HIDDEN; 3], "below the stack pointer all goes");
    let number = go.variable("main.number", "int", &[5]);
    go.set(sp + 8, &[number]);
    assert_eq!(left(&go, sp, 3), [user, 0, 0], "a number may look like an address of the program");
}

#[test]
fn a_stack_that_nobody_stands_on_goes() {
    let mut go = process();
    let user = go.object("main.User");
    go.frame("main.work", 2, &[0]);
    go.goroutine(Doing::Dead, &[("main.work", &[user, SECRET])]);
    let (low, _) = go.open(|model| model.goroutines[0].stack);
    assert_eq!(left(&go, low + 0x400, 2), [HIDDEN; 2]);
}

#[test]
fn variables_are_told_by_their_types_and_else_judged() {
    for has_dwarf in [true, false] {
        let mut go = if has_dwarf { process() } else { GoProcess::new() };
        let text = go.string("as secret as can be");
        let name = go.variable("main.name", "string", &text);
        let number = go.variable("main.number", "int", &[SECRET]);
        let own = go.variable("runtime.number", "int", &[SECRET]);
        assert_eq!(left(&go, name, 2), text);
        let gone = if has_dwarf { 0 } else { HIDDEN };
        assert_eq!(left(&go, number, 1), [gone], "debug information: {has_dwarf}");
        assert_eq!(left(&go, own, 1), [SECRET], "the runtime's are no secret");
    }
}

#[test]
fn code_types_and_the_runtimes_records_stay() {
    let mut go = process();
    go.code("main.work", &[(0x20, "main.other")]);
    let entry = go.function("main.work");
    go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    let descriptor = go.descriptor("*main.User");
    let (record, size) = go.open(|model| (model.goroutines[0].address.0, model.layout.g.size as usize / 8));
    for (what, at, words) in [("code", entry, 32), ("a type", descriptor, 6), ("a goroutine's record", record, size)] {
        let before = go.open(|model| model.memory().bytes(Address(at), words * 8).unwrap().into_owned());
        let after: Vec<u8> = left(&go, at, words).into_iter().flat_map(u64::to_le_bytes).collect();
        assert_eq!(after, before, "{what}");
    }
}

#[test]
fn in_memory_of_nobody_known_addresses_stay() {
    let mut go = process();
    let user = go.object("main.User");
    let (scratch, constants) = (0x7e00_0000_0000, 0x7e10_0000_0000);
    go.mapping(scratch, 2 * PAGE, RW);
    go.set(scratch, &[user, SECRET, 7, user, 9]);
    go.set(scratch + PAGE, &[0, SECRET]);
    go.mapping(constants, PAGE, R);
    go.set(constants, &[user, SECRET]);
    assert_eq!(left(&go, scratch, 5), [user, 0, 0, user, 9], "and what may be a length");
    assert_eq!(left(&go, scratch + PAGE, 2), [0, HIDDEN], "a page that held something goes on doing so");
    assert_eq!(left(&go, constants, 2), [HIDDEN; 2], "what cannot be written is a file's");
}

#[test]
fn a_stretch_is_told_the_same_whatever_was_read_before_it() {
    let mut go = process();
    let row = go.row("main.User", 400);
    let next = go.object("main.User");
    for element in 0..400 {
        go.set(row + element * 48, &[SECRET, row, 5, next, SECRET, SECRET]);
    }
    go.variable("main.users", "[]main.User", &[row, 400, 400]);
    go.take(|snapshot| {
        let redaction = Redaction::new(snapshot);
        let (start, len) = (row / PAGE * PAGE, 5 * PAGE as usize);
        let before = snapshot.model.memory().bytes(Address(start), len).unwrap().into_owned();
        let mut whole = before.clone();
        redaction.apply(start, &mut whole);
        let mut pages = before;
        for (page, bytes) in (0..).zip(pages.chunks_mut(PAGE as usize)) {
            redaction.apply(start + page * PAGE, bytes);
        }
        assert!(whole == pages);
    });
}

#[test]
fn a_register_keeps_what_leads_somewhere() {
    let mut go = process();
    let user = go.object("main.User");
    let code = go.function("main.work");
    go.take(|snapshot| {
        let redaction = Redaction::new(snapshot);
        let told = [user, code, 5, 0xffff, SECRET].map(|word| redaction.is_place(word));
        assert_eq!(told, [true, true, false, false, false]);
    });
}

#[test]
fn the_words_of_a_lock_that_is_waited_for_stay() {
    let mut go = process();
    let object = go.raw(32, &[0]);
    go.set(object, &[object, SECRET, SECRET, SECRET]);
    assert_eq!(left(&go, object, 4), [object, HIDDEN, HIDDEN, HIDDEN]);
    let calls: &[(&str, &[u64])] = &[
        ("runtime.gopark", &[]),
        ("sync.runtime_SemacquireMutex", &[]),
        ("sync.(*Mutex).lockSlow", &[]),
        ("main.work", &[]),
    ];
    let waiter = go.goroutine(Doing::Waits("sync.Mutex.Lock"), calls);
    go.waits_for(waiter, 0, object + 16 + 4, false);
    assert_eq!(left(&go, object, 4), [object, HIDDEN, SECRET, HIDDEN]);
}

#[test]
fn of_the_environment_only_the_runtimes_settings_stay() {
    let mut go = process();
    let environment = go.started(&["./tiny", "--password=hush"], &["GOGC=off", "TOKEN=hush-hush", "GODEBUG=a=1"]);
    let text = |at: u64| left(&go, at / 8 * 8, 4).into_iter().flat_map(u64::to_le_bytes).skip((at % 8) as usize);
    let has = |at: u64, wanted: &str| text(at).take(wanted.len()).eq(wanted.bytes());
    assert!(has(environment[0], "GOGC=off") && has(environment[2], "GODEBUG=a=1"));
    assert!(text(environment[1]).take(15).all(|byte| byte == 0 || byte == b'x'));
    go.take(|snapshot| {
        let mut bytes = snapshot.model.memory().bytes(Address(MAIN_STACK), 0x4000).unwrap().into_owned();
        Redaction::new(snapshot).apply(MAIN_STACK, &mut bytes);
        assert!(!bytes.windows(4).any(|some| some == b"hush"), "neither there nor among the arguments");
        assert_eq!(bytes[0x1000..0x1008], 2_u64.to_le_bytes(), "but how many there are stays");
    });
}
