//! Maps of both kinds, channels: which parts they have, and what lies in them.

use super::*;

const RELEASES: [&str; 2] = ["go1.23.4", "go1.26.1"];

fn process(version: &str) -> GoProcess {
    let mut go = GoProcess::of_release(version).with_dwarf();
    go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
    go
}

#[test]
fn keys_and_values_of_a_map_are_told() {
    for version in RELEASES {
        let mut go = process(version);
        let (one, two) = (go.object("main.Node"), go.object("main.Node"));
        let keys = ["a key of many bytes", "another key of many"].map(|text| go.string(text));
        let ty = "map[string]*main.Node";
        let map = go.map(ty, &[(&keys[0], &[one]), (&keys[1], &[two])]);
        go.variable("main.table", ty, &[map]);
        go.take(|snapshot| {
            for node in [one, two] {
                assert_eq!(told(snapshot, node), derived("main.Node"), "{version}");
            }
            for key in keys {
                assert_eq!(told(snapshot, key[0]), derived("string"), "{version}");
            }
        });
    }
}

#[test]
fn keys_and_values_too_large_for_a_slot_lie_behind_pointers() {
    for version in RELEASES {
        let mut go = process(version);
        go.define("main.Wide", &[("next", "*main.Node"), ("rest", "[20]int")]);
        let (key, value, node) = (go.object("main.Wide"), go.object("main.Wide"), go.object("main.Node"));
        go.set(value, &[node]);
        let map = go.map("map[main.Wide]main.Wide", &[(&[key], &[value])]);
        go.variable("main.table", "map[main.Wide]main.Wide", &[map]);
        go.take(|snapshot| {
            let found = [key, value, node].map(|at| told(snapshot, at));
            assert_eq!(found, [derived("main.Wide"), derived("main.Wide"), derived("main.Node")], "{version}");
        });
    }
}

#[test]
fn a_large_swiss_map_is_followed_through_directory_and_tables() {
    let mut go = process("go1.26.1");
    let ty = "map[int]*main.Node";
    let node = go.object("main.Node");
    let groups = go.map_groups(ty, 2);
    let stride = 8 + 8 * 16;
    go.fill_group(ty, groups + stride, &[(&[7], &[node])]);
    let table = go.raw(32, &[2]);
    go.set(table, &[1 | 16 << 16, 0, groups]);
    // Two entries of the directory lead to one table.
    let directory = go.raw(16, &[0, 1]);
    go.set(directory, &[table, table]);
    let header = go.raw(48, &[2]);
    go.set(header, &[1, 9, directory, 2]);
    go.variable("main.table", ty, &[header]);
    go.take(|snapshot| {
        let found = [header, directory, table, groups, node].map(|at| snapshot.type_at(at));
        let of = |part: &str| format!("{ty} {part}");
        let expected = [of("header"), of("directory"), of("table"), of("groups"), "main.Node".to_owned()];
        assert_eq!(found, expected);
    });
}

#[test]
fn an_old_map_is_followed_through_old_and_overflow_buckets() {
    let mut go = process("go1.23.4");
    let ty = "map[int]*main.Node";
    let nodes: Vec<u64> = (0..3).map(|_| go.object("main.Node")).collect();
    let buckets: Vec<u64> = nodes.iter().map(|node| go.map_group(ty, &[(&[1], &[*node])])).collect();
    let header = go.raw(48, &[2, 3, 5]);
    // buckets, oldbuckets; the first bucket overflows to the third.
    go.set(header, &[3, 0, buckets[0], buckets[1]]);
    go.set(buckets[0] + 8 + 64 + 64, &[buckets[2]]);
    go.variable("main.table", ty, &[header]);
    go.take(|snapshot| {
        for node in &nodes {
            assert_eq!(told(snapshot, *node), derived("main.Node"));
        }
        for bucket in &buckets {
            assert_eq!(snapshot.type_at(*bucket), format!("{ty} buckets"));
        }
    });
}

#[test]
fn overflow_buckets_without_pointers_hang_on_the_maps_extra() {
    let mut go = process("go1.23.4");
    let ty = "map[int]int";
    let bucket = go.map_group(ty, &[(&[1], &[2])]);
    let overflow = go.map_group(ty, &[(&[3], &[4])]);
    let list = go.filled("*uint8", &[overflow]);
    let slice = go.raw(24, &[0]);
    go.set(slice, &[list, 1, 1]);
    let extra = go.raw(24, &[0, 1, 2]);
    go.set(extra, &[slice]);
    let header = go.raw(48, &[2, 3, 5]);
    go.set(header, &[2, 0, bucket, 0, 0, extra]);
    go.variable("main.table", ty, &[header]);
    go.take(|snapshot| {
        assert!(snapshot.is_reachable(snapshot.id(overflow)));
        let found = [extra, slice, list, overflow].map(|at| snapshot.type_at(at));
        let of = |part: &str| format!("{ty} {part}");
        assert_eq!(found, [of("extra"), of("internals"), of("internals"), of("buckets")]);
    });
}

#[test]
fn a_channel_with_pointers_has_a_buffer_of_its_own() {
    let mut go = process("go1.26.1");
    let node = go.object("main.Node");
    let channel = go.channel("*main.Node", &[&[node]], 3);
    let plain = go.channel("int", &[&[4]], 3);
    go.variable("main.queue", "chan *main.Node", &[channel]);
    go.variable("main.numbers", "chan int", &[plain]);
    go.take(|snapshot| {
        let buffer = snapshot.model.memory().read_u64(goheap_image::Address(channel + 16)).unwrap();
        assert_eq!(told(snapshot, buffer), derived("[3]*main.Node"));
        assert_eq!(told(snapshot, node), derived("main.Node"));
        assert_eq!(told(snapshot, plain), exact("chan int"));
    });
}

/// Without debug information a channel tells its elements, and a map's groups have a descriptor where they are large.
#[test]
fn headers_tell_themselves_where_no_type_leads_to_them() {
    let mut go = GoProcess::new();
    go.define("main.Node", &[("next", "*main.Node"), ("size", "int")]);
    go.define(
        "internal/runtime/maps.Map",
        &[("used", "uint64"), ("seed", "uintptr"), ("dirPtr", "unsafe.Pointer"), ("dirLen", "int"), ("rest", "[2]int")],
    );
    let node = go.object("main.Node");
    let channel = go.channel("*main.Node", &[&[node]], 3);
    go.variable("main.queue", "unsafe.Pointer", &[channel]);
    go.define("main.Wide", &[("key", "[12]int")]);
    let ty = "map[main.Wide]*main.Node";
    let held = go.object("main.Node");
    let map = go.map(ty, &[(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], &[held])]);
    go.variable("main.table", "unsafe.Pointer", &[map]);
    go.take(|snapshot| {
        assert_eq!(told(snapshot, channel), exact("chan *main.Node"));
        assert_eq!(told(snapshot, map), derived(&format!("{ty} header")));
        assert_eq!(told(snapshot, held), derived("main.Node"));
    });
}

#[test]
fn a_header_whose_numbers_contradict_each_other_is_none() {
    for (used, depth, is_taken, why) in [
        (1, 0, true, "one entry, one full slot"),
        (2, 0, false, "an entry more than full slots"),
        (9, 0, false, "more than slots"),
    ] {
        let mut go = GoProcess::new();
        go.define(
            "internal/runtime/maps.Map",
            &[
                ("used", "uint64"),
                ("seed", "uintptr"),
                ("dirPtr", "unsafe.Pointer"),
                ("dirLen", "int"),
                ("rest", "[2]int"),
            ],
        );
        let map = go.map("map[int]*int", &[(&[1], &[0])]);
        go.set(map, &[used]);
        go.put(map + 32, &[depth]);
        go.variable("main.table", "unsafe.Pointer", &[map]);
        go.take(|snapshot| assert_eq!(snapshot.evidence_at(map) != Evidence::None, is_taken, "{why}"));
    }
}
