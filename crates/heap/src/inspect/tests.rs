//! What is told of one object: its fields, what they hold, who points to it.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::testing::{Doing, GoProcess, HEAP};
use goheap_model::Standing;
use goheap_model::contents::Value;

const ALL: InspectOptions = InspectOptions { values: true, limit: 100, text_bytes: 64 };

fn process() -> GoProcess {
    let mut go = GoProcess::new().with_dwarf();
    go.define("main.Leaf", &[("self", "*main.Leaf"), ("n", "int")]);
    go
}

/// Shows `ask` what is told of the object at an address.
fn look<R>(go: &GoProcess, at: u64, options: InspectOptions, ask: impl FnOnce(Inspection) -> R) -> R {
    go.take(|snapshot| ask(snapshot.inspect(snapshot.objects.find_allocated(at).unwrap(), options)))
}

/// Path and value of each field, of a struct of these fields with these words.
fn fields(types: &[(&str, &str)], words: impl Fn(&mut GoProcess) -> Vec<u64>) -> Vec<(String, Value)> {
    let mut go = process();
    go.define("main.App", types);
    let words = words(&mut go);
    let app = go.filled("main.App", &words);
    go.variable("main.app", "*main.App", &[app]);
    look(&go, app, ALL, |told| told.fields.shown.into_iter().map(|field| (field.path, field.value)).collect())
}

fn number(text: &str) -> Value {
    Value::Number(Some(text.to_owned()))
}

#[test]
fn nested_fields_stand_in_place_of_those_that_they_are_in() {
    let types = [("a", "uint8"), ("pair", "struct { x int32; y int32 }"), ("row", "[2]struct { ok bool }")];
    let found = fields(&types, |_| vec![200 | 0xffff_fffe << 32, 7 | 1 << 32]);
    let expected = [
        (".a", number("200")),
        (".pair.x", number("-2")),
        (".pair.y", number("7")),
        (".row[0].ok", number("true")),
        (".row[1].ok", number("false")),
    ];
    assert_eq!(found, expected.map(|(path, value)| (path.to_owned(), value)));
}

/// What each kind of field holds, and nil.
#[test]
fn each_kind_of_field_tells_what_it_holds_and_what_it_leads_to() {
    type Words = fn(&mut GoProcess) -> Vec<u64>;
    type Holds = fn(&Value) -> bool;
    let cases: [(&str, Words, Holds); 8] = [
        (
            "*main.Leaf",
            |go| vec![go.object("main.Leaf")],
            |value| matches!(value, Value::Pointer(target) if target.text == "main.Leaf" && target.object == Some(target.address)),
        ),
        (
            "string",
            |go| go.string("more than sixteen bytes").to_vec(),
            |value| matches!(value, Value::Text(23, Some(bytes), Some(_)) if bytes == b"more than sixteen bytes"),
        ),
        (
            "[]int",
            |go| go.slice("int", 2, 5).to_vec(),
            |value| matches!(value, Value::Slice(2, 5, target) if target.text == "[6]int"),
        ),
        (
            "map[int]int",
            |go| vec![go.map("map[int]int", &[(&[1], &[2]), (&[3], &[4])])],
            |value| matches!(value, Value::Map(Some(2), target) if target.text == "map[int]int header"),
        ),
        (
            "chan int",
            |go| vec![go.channel("int", &[&[1]], 3)],
            |value| matches!(value, Value::Chan(Some(1), Some(3), _)),
        ),
        (
            "interface {}",
            |go| vec![go.descriptor("*main.Leaf"), go.object("main.Leaf")],
            |value| matches!(value, Value::Interface(Some(name), target) if name == "*main.Leaf" && target.text == "main.Leaf"),
        ),
        (
            "func()",
            |go| vec![go.closure("main.run.func1", &[0], &[])],
            |value| matches!(value, Value::Func(Some(name), _) if name == "main.run.func1"),
        ),
        (
            "unsafe.Pointer",
            |_| vec![0x1234_0000_0000],
            |value| matches!(value, Value::Pointer(target) if target.object.is_none() && target.text == "(not on the heap)"),
        ),
    ];
    for (ty, words, holds) in cases {
        let found = fields(&[("f", ty)], words);
        assert!(found.len() == 1 && holds(&found[0].1), "{ty}: {found:?}");
        let nil = fields(&[("f", ty)], |_| vec![0; 3]);
        let expected = if ty == "string" { Value::Text(0, Some(Vec::new()), None) } else { Value::Nil };
        assert_eq!(nil[0].1, expected, "{ty}");
    }
}

#[test]
fn contents_are_told_only_where_they_are_asked_for() {
    let mut go = process();
    go.define("main.User", &[("name", "string"), ("age", "int"), ("leaf", "*main.Leaf"), ("row", "[3]int32")]);
    let (name, leaf) = (go.string("a name of 22 characters"), go.object("main.Leaf"));
    let user = go.filled("main.User", &[name[0], name[1], 42, leaf]);
    go.variable("main.user", "*main.User", &[user]);
    let without = InspectOptions { values: false, ..ALL };
    look(&go, user, without, |told| {
        let values: Vec<Value> = told.fields.shown.into_iter().map(|field| field.value).collect();
        assert!(matches!(&values[0], Value::Text(23, None, Some(_))));
        assert_eq!(values[1], Value::Number(None));
        assert!(matches!(&values[2], Value::Pointer(target) if target.address == leaf));
        assert_eq!(values[3], Value::Row(3, None), "how many there are is no content");
    });
    look(&go, user, InspectOptions { text_bytes: 6, ..ALL }, |told| {
        assert!(matches!(&told.fields.shown[0].value, Value::Text(23, Some(bytes), _) if bytes == b"a name"));
    });
    look(&go, name[0], without, |told| {
        assert_eq!(told.fields.shown[0].value, Value::Text(24, None, None), "the slot of a string");
    });
}

#[test]
fn what_is_beyond_the_limit_is_counted() {
    let mut go = process();
    let leaves: Vec<u64> = (0..6).map(|_| go.object("main.Leaf")).collect();
    let row = go.row("*main.Leaf", 6);
    go.set(row, &leaves);
    go.variable("main.row", "[]*main.Leaf", &[row, 6, 6]);
    look(&go, row, InspectOptions { limit: 2, ..ALL }, |told| {
        assert_eq!((told.fields.shown.len(), told.fields.left_out), (2, 4));
        assert_eq!((told.pointers.shown.len(), told.pointers.left_out), (2, 4));
    });
}

#[test]
fn of_an_array_in_a_field_sixteen_elements_are_told() {
    let found = fields(&[("row", "[20]*main.Leaf")], |_| vec![0; 20]);
    assert_eq!(found.len(), 17);
    assert_eq!(found[16], (".row[16..20]".to_owned(), Value::More(4)));
}

#[test]
fn numbers_in_a_row_are_told_one_after_the_other_and_bytes_as_text() {
    let found = fields(&[("row", "[3]int32"), ("rest", "[20]int32")], |_| vec![1 | 0xffff_ffff << 32, 3]);
    assert_eq!(found[0].1, Value::Row(3, Some("1 -1 3".to_owned())));
    assert!(
        matches!(&found[1].1, Value::Row(20, Some(text)) if text.ends_with(" …") && text.matches('0').count() == 16)
    );
    let text = fields(&[("row", "[4]uint8")], |_| vec![u64::from(u32::from_le_bytes(*b"abcd"))]);
    assert_eq!(text[0].1, Value::Text(4, Some(b"abcd".to_vec()), None));
}

#[test]
fn occupied_places_of_a_map_are_told_by_group_and_place() {
    for version in ["go1.23.2", "go1.26.1"] {
        let mut go = GoProcess::of_release(version).with_dwarf();
        let ty = "map[int]uint16";
        let groups = go.map_groups(ty, 2);
        go.fill_group(ty, groups, &[(&[5], &[50])]);
        let map = go.ty_size("map[int]uint16 part");
        go.fill_group(ty, groups + map, &[(&[6], &[60]), (&[7], &[70])]);
        let (header, table) = (go.map(ty, &[]), go.raw(32, &[2]));
        if version == "go1.26.1" {
            let directory = go.raw(16, &[0, 1]);
            go.set(directory, &[table, table]);
            go.set(table, &[3, 0, groups]);
            go.set(header, &[3, 9, directory, 2]);
        } else {
            go.set(header, &[3, 1 << 8, groups]);
        }
        go.variable("main.table", ty, &[header]);
        look(&go, groups, ALL, |told| {
            let found: Vec<(String, Value)> =
                told.fields.shown.into_iter().map(|field| (field.path, field.value)).collect();
            let mut expected = [
                ("[key 0.0]", "5"),
                ("[value 0.0]", "50"),
                ("[key 1.0]", "6"),
                ("[value 1.0]", "60"),
                ("[key 1.1]", "7"),
                ("[value 1.1]", "70"),
            ];
            if version == "go1.23.2" {
                // Keys lie before values there.
                expected.swap(3, 4);
            }
            assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), number(text))), "{version}");
        });
    }
}

#[test]
fn an_object_without_a_type_is_told_word_by_word() {
    let mut go = GoProcess::new();
    let leaf = go.data(&[1; 40]);
    let at = go.raw(24, &[1]);
    go.set(at, &[7, leaf, 0]);
    go.variable("main.at", "unsafe.Pointer", &[at]);
    look(&go, at, ALL, |told| {
        let found: Vec<(String, Value)> =
            told.fields.shown.into_iter().map(|field| (field.path, field.value)).collect();
        assert_eq!(found[0], ("+0".to_owned(), number("0x7")));
        assert!(matches!(&found[1], (path, Value::Pointer(target)) if path == "+8" && target.address == leaf));
        assert_eq!(found[2], ("+16".to_owned(), number("0x0")));
    });
    look(&go, at, InspectOptions { values: false, ..ALL }, |told| {
        assert_eq!(told.fields.shown.len(), 1, "numbers are contents");
    });
}

#[test]
fn where_a_pointer_leads_is_told_in_words() {
    let mut go = process();
    let (leaf, freed) = (go.object("main.Leaf"), go.object("main.Leaf"));
    go.free(freed);
    let variable = go.variable("main.leaf", "*main.Leaf", &[leaf]);
    go.goroutine(Doing::Runnable, &[("main.work", &[])]);
    go.take(|snapshot| {
        let text = |at| snapshot.place_text(at);
        assert_eq!(text(leaf), "main.Leaf");
        assert_eq!(text(leaf + 8), "main.Leaf +8");
        assert_eq!(text(freed), "free slot");
        assert_eq!(text(variable), "variable main.leaf");
        assert_eq!(text(snapshot.model.goroutines[0].stack.0), "a stack or other memory of the runtime");
        assert_eq!([text(0), text(HEAP - 8)], ["nil", "not on the heap"]);
    });
}

#[test]
fn holders_are_objects_and_roots_with_the_fields_that_lead_there() {
    let mut go = process();
    go.define("main.Pair", &[("a", "*main.Leaf"), ("b", "*main.Leaf")]);
    let leaf = go.object("main.Leaf");
    let pair = go.filled("main.Pair", &[leaf, leaf]);
    let row = go.row("*main.Leaf", 3);
    go.set(row, &[leaf, 0, leaf]);
    let dead = go.filled("main.Pair", &[0, leaf]);
    go.variable("main.pair", "*main.Pair", &[pair]);
    go.variable("main.row", "[]*main.Leaf", &[row, 3, 3]);
    go.variable("main.inner", "[2]*int", &[leaf + 8, leaf + 8]);
    look(&go, leaf, ALL, |told| {
        let holders: Vec<_> =
            told.holders.shown.iter().map(|holder| (holder.address, &*holder.path, holder.standing)).collect();
        use Standing::{Reachable, Unreachable};
        let mut expected = vec![
            (pair, ".a *main.Leaf", Reachable),
            (pair, ".b *main.Leaf", Reachable),
            (dead, ".b *main.Leaf", Unreachable),
            (row, "[0] *main.Leaf", Reachable),
            (row, "[2] *main.Leaf", Reachable),
        ];
        expected.sort_by_key(|holder| holder.0);
        assert_eq!(holders, expected);
        let groups: Vec<_> =
            told.holder_groups.iter().map(|group| (&*group.path, group.standing, group.count)).collect();
        assert_eq!(groups[0], ("[i] *main.Leaf", Reachable, 2), "elements together");
        assert_eq!(groups.last(), Some(&(".b *main.Leaf", Unreachable, 1)), "garbage last");
        assert_eq!(told.roots.shown.len(), 1);
        assert_eq!((told.roots.shown[0].into, told.roots.shown[0].count), (8, 2));
        assert_eq!(told.roots.shown[0].path, ["main.inner [2]*int", "[i] *int"]);
    });
}

#[test]
fn what_of_an_object_is_referred_to_is_told_to_the_byte() {
    let mut go = process();
    let text = go.data(&[b'x'; 200]);
    go.define("main.Cut", &[("a", "string"), ("b", "string")]);
    let cut = go.filled("main.Cut", &[text + 10, 20, text + 100, 50]);
    go.variable("main.cut", "*main.Cut", &[cut]);
    look(&go, text, ALL, |told| {
        let windows = told.windows;
        assert_eq!((windows.headers, windows.whole, windows.referred), (2, 0, 70));
        assert_eq!((windows.before, windows.behind), (10, 208 - 150));
    });
    go.variable("main.all", "*[200]uint8", &[text]);
    look(&go, text, ALL, |told| {
        assert_eq!((told.windows.whole, told.windows.referred), (1, 208));
    });
}

#[test]
fn a_closure_tells_its_function_and_a_map_its_room() {
    let mut go = process();
    let closure = go.closure("main.run.func1", &[0], &[]);
    let map = go.map("map[int]int", &[(&[1], &[2])]);
    go.variable("main.call", "func()", &[closure]);
    go.variable("main.map", "map[int]int", &[map]);
    look(&go, closure, ALL, |told| {
        let function = told.function.unwrap();
        assert_eq!((function.split(' ').next(), told.map), (Some("main.run.func1"), None));
    });
    look(&go, map, ALL, |told| {
        let room = told.map.unwrap();
        assert_eq!((told.function, room.entries, room.slots), (None, 1, 8));
    });
}

#[test]
fn the_values_of_a_tiny_block_are_told_one_by_one() {
    let mut go = process();
    let block = go.data(b"abcd\x05\x00\x00\x00\x2a\0\0\0\x06\0\0\0");
    go.define("main.Three", &[("text", "string"), ("small", "*int32"), ("other", "*uint16"), ("any", "interface {}")]);
    let ty = go.descriptor("int32");
    let three = go.filled("main.Three", &[block, 4, block + 4, block + 8, ty, block + 12]);
    go.variable("main.three", "*main.Three", &[three]);
    go.variable("main.loose", "unsafe.Pointer", &[block + 4]);
    look(&go, block, ALL, |told| {
        let found: Vec<_> = told.fields.shown.into_iter().map(|field| (field.offset, field.value)).collect();
        let expected =
            [(0, Value::Text(4, Some(b"abcd".to_vec()), None)), (4, number("5")), (8, number("42")), (12, number("6"))];
        assert_eq!(found, expected, "whoever knows most of one tells its type");
    });
}

#[test]
fn a_variable_is_told_as_an_object_is() {
    let mut go = process();
    go.define("main.App", &[("n", "int"), ("leaf", "*main.Leaf")]);
    let leaf = go.object("main.Leaf");
    let app = go.variable("main.app", "main.App", &[9, leaf]);
    go.take(|snapshot| {
        let told = snapshot.inspect_static(app + 8, ALL).unwrap();
        assert_eq!((told.address, told.size, &*told.name, &*told.ty), (app, 16, "main.app", "main.App"));
        let paths: Vec<_> = told.fields.shown.iter().map(|field| (&*field.path, field.offset)).collect();
        assert_eq!(paths, [(".n", 0), (".leaf", 8)]);
        assert_eq!(snapshot.inspect_static(leaf, ALL), None);
    });
}

#[test]
fn what_lies_in_no_memory_is_read_from_its_bytes() {
    let mut go = process();
    go.define("main.App", &[("n", "int32"), ("ok", "bool"), ("leaf", "*main.Leaf"), ("text", "string")]);
    let (leaf, text) = (go.object("main.Leaf"), go.string("a text of 22 characters"));
    go.variable("main.app", "main.App", &[0, leaf]);
    go.take(|snapshot| {
        let ty = snapshot.types.by_name("main.App").unwrap();
        let words = [(-3_i32) as u32 as u64 | 1 << 32, leaf, text[0], text[1]];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let told = snapshot.detached_fields("app", ty, &bytes, ALL).shown;
        assert_eq!((&*told[0].path, &told[0].value), ("app.n", &number("-3")));
        assert_eq!(told[1].value, number("true"));
        assert!(matches!(&told[2].value, Value::Pointer(target) if target.text == "main.Leaf"));
        assert!(matches!(&told[3].value, Value::Text(23, Some(_), _)));
        let cut = snapshot.detached_fields("app", ty, &bytes[..12], ALL).shown;
        assert_eq!((&cut[2].value, &cut[3].value), (&Value::Absent, &Value::Absent), "what is in no register");
    });
}
