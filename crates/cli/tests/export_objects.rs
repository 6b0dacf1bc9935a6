//! `export heapsnapshot` and `export hprof` on the carried cores. Other tools read what they write in `scripts/snapshots-check`.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use common::{Carried, all_carried, carried, number};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn exported(core: &Carried, words: &[&str]) -> Vec<u8> {
    let mut command = common::command(&[core.core.as_os_str(), "--exe".as_ref(), core.exe.as_os_str()]);
    let output = command.arg("export").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// By type, objects and bytes.
type Types = BTreeMap<String, (u64, u64)>;

fn histogram(core: &Carried) -> Types {
    let json = goheap!(core.core, "--exe", core.exe, "histogram", "--json", "--limit", "0").ok().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let row =
        |row: &Value| (row["name"].as_str().unwrap().to_owned(), (number(row, "/objects"), number(row, "/bytes")));
    json["rows"].as_array().unwrap().iter().map(row).collect()
}

/// A snapshot's numbers and strings.
struct Snapshot {
    nodes: Vec<u64>,
    edges: Vec<u64>,
    strings: Vec<String>,
}

impl Snapshot {
    fn of(core: &Carried, words: &[&str]) -> Self {
        let file = exported(core, &[&["heapsnapshot", "-"], words].concat());
        let mut json: Value = serde_json::from_slice(&file).unwrap();
        let mut numbers = |name: &str| -> Vec<u64> { serde_json::from_value(json[name].take()).unwrap() };
        let (nodes, edges) = (numbers("nodes"), numbers("edges"));
        let strings = serde_json::from_value(json["strings"].take()).unwrap();
        assert_eq!(number(&json, "/snapshot/node_count"), nodes.len() as u64 / 7);
        assert_eq!(number(&json, "/snapshot/edge_count"), edges.len() as u64 / 3);
        Snapshot { nodes, edges, strings }
    }

    /// Those of nodes that are no synthetic ones.
    fn types(&self) -> Types {
        let mut types = Types::new();
        for node in self.nodes.chunks(7).filter(|node| node[0] != 9) {
            let (objects, bytes) = types.entry(self.strings[node[1] as usize].clone()).or_default();
            *objects += 1;
            *bytes += node[3];
        }
        types
    }

    fn names_of_edges(&self) -> BTreeSet<&str> {
        let named = self.edges.chunks(3).filter(|edge| edge[0] != 1);
        named.map(|edge| self.strings[edge[1] as usize].as_str()).collect()
    }
}

#[test]
fn a_snapshot_has_the_objects_of_the_histogram_by_type() {
    for core in all_carried() {
        let snapshot = Snapshot::of(&core, &[]);
        assert_eq!(snapshot.types(), histogram(&core), "{}", core.release);
        let (names, ids) = (snapshot.names_of_edges(), snapshot.nodes.chunks(7).map(|node| node[2]));
        assert!(["Payload.ptr", "Payload"].iter().any(|field| names.contains(field)), "{names:?}");
        assert_eq!(ids.collect::<BTreeSet<_>>().len(), snapshot.nodes.len() / 7, "{}: ids are one each", core.release);
        let counted: u64 = snapshot.nodes.chunks(7).map(|node| node[4]).sum();
        assert_eq!(counted, snapshot.edges.len() as u64 / 3);
        assert!(snapshot.edges.chunks(3).all(|edge| edge[2] % 7 == 0 && edge[2] < snapshot.nodes.len() as u64));
    }
}

#[test]
fn a_limit_merges_and_loses_no_byte() {
    let core = carried("1.27");
    let (all, some) = (Snapshot::of(&core, &[]), Snapshot::of(&core, &["--limit", "2000"]));
    let sum = |types: &Types| types.values().map(|(_, bytes)| bytes).sum::<u64>();
    assert_eq!(sum(&some.types()), sum(&all.types()));
    let objects: u64 = some.types().values().map(|(objects, _)| objects).sum();
    assert!((500..=2010).contains(&objects), "{objects}");
    assert!(some.types().contains_key("(smaller objects)"));
}

/// Classes of a dump by id: name, and of its objects how many and how many bytes.
#[derive(Default)]
struct Dump {
    texts: BTreeMap<u64, Vec<u8>>,
    names: BTreeMap<u64, u64>,
    /// By class; arrays of numbers by their type.
    objects: BTreeMap<u64, (u64, u64)>,
    references: u64,
}

fn take<'f>(file: &mut &'f [u8], bytes: usize) -> &'f [u8] {
    let (taken, rest) = file.split_at(bytes);
    *file = rest;
    taken
}

fn take_number(file: &mut &[u8], bytes: usize) -> u64 {
    take(file, bytes).iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

impl Dump {
    fn parse(mut file: &[u8]) -> Dump {
        let (mut dump, file) = (Dump::default(), &mut file);
        assert_eq!(take(file, 19), b"JAVA PROFILE 1.0.2\0");
        take(file, 12);
        while !file.is_empty() {
            let tag = take_number(file, 1);
            take(file, 4);
            let length = take_number(file, 4) as usize;
            let mut body = take(file, length);
            match tag {
                1 => _ = dump.texts.insert(take_number(&mut body, 8), body.to_vec()),
                2 => {
                    take(&mut body, 4);
                    let class = take_number(&mut body, 8);
                    take(&mut body, 4);
                    dump.names.insert(class, take_number(&mut body, 8));
                }
                0x1c => dump.segment(body),
                _ => {}
            }
        }
        dump
    }

    fn segment(&mut self, mut body: &[u8]) {
        while !body.is_empty() {
            let body = &mut body;
            match take_number(body, 1) {
                3 | 8 => _ = take(body, 16),
                5 => _ = take(body, 8),
                0x20 => {
                    take(body, 66);
                    let statics = take_number(body, 2) as usize;
                    take(body, statics * 17);
                    let fields = take_number(body, 2) as usize;
                    take(body, fields * 9);
                }
                0x21 => {
                    take(body, 12);
                    let (class, bytes) = (take_number(body, 8), take_number(body, 4));
                    take(body, bytes as usize);
                    self.add(class, bytes);
                }
                0x22 => {
                    take(body, 12);
                    let (elements, class) = (take_number(body, 4), take_number(body, 8));
                    self.references += (0..elements).filter(|_| take_number(body, 8) != 0).count() as u64;
                    self.add(class, elements * 8);
                }
                0x23 => {
                    take(body, 12);
                    let (elements, ty) = (take_number(body, 4), take_number(body, 1));
                    let bytes = elements * [1, 2, 4, 8, 1, 2, 4, 8][ty as usize - 4];
                    take(body, bytes as usize);
                    self.add(ty, bytes);
                }
                other => panic!("a record {other:#x}"),
            }
        }
    }

    fn add(&mut self, class: u64, bytes: u64) {
        let (objects, sum) = self.objects.entry(class).or_default();
        *objects += 1;
        *sum += bytes;
    }

    /// Of the classes of a name.
    fn named(&self, name: &str) -> (u64, u64) {
        let is_it = |(_, text): &(&u64, &u64)| self.texts[text] == name.as_bytes();
        let classes = self.names.iter().filter(is_it).filter_map(|(class, _)| self.objects.get(class));
        classes.fold((0, 0), |sum, found| (sum.0 + found.0, sum.1 + found.1))
    }
}

#[test]
fn a_dump_has_the_objects_of_the_histogram_by_type() {
    for core in all_carried() {
        let (dump, types) = (Dump::parse(&exported(&core, &["hprof", "-"])), histogram(&core));
        for (name, class) in [("main.Session", "main.Session"), ("main.node", "main.node")] {
            assert_eq!(dump.named(class), types[name], "{}: {name}", core.release);
        }
        assert_eq!(dump.named("[L*main.Session;"), types["[...]*main.Session"], "{}", core.release);
        let (objects, bytes) = types.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
        // Goroutines, their names and the letters of these are beside the heap.
        let own = ["goroutine", "java/lang/String"].map(|name| dump.named(name));
        let letters = dump.objects[&5];
        let all = dump.objects.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
        let beside = (own[0].0 + own[1].0 + letters.0, own[0].1 + own[1].1 + letters.1);
        assert_eq!((all.0 - beside.0, all.1 - beside.1), (objects, bytes), "{}", core.release);
        assert!(own[0].0 > 5 && dump.references > 1000, "{}", core.release);
    }
}

/// Zeros in the place of all that is no pointer; with --values what the program wrote.
#[test]
fn contents_are_written_where_they_are_asked_for() {
    let core = carried("1.27");
    let has = |file: &[u8], text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    let text = "session-";
    let (without, with) = (exported(&core, &["hprof", "-"]), exported(&core, &["hprof", "-", "--values"]));
    assert_eq!(without.len(), with.len());
    assert!(!has(&without, text) && has(&with, text));
    assert!(!has(&exported(&core, &["heapsnapshot", "-"]), text));
}

#[test]
fn every_file_is_the_same_twice() {
    let core = carried("1.19");
    for format in ["heapsnapshot", "hprof"] {
        assert!(exported(&core, &[format, "-"]) == exported(&core, &["-", format]), "{format}");
    }
}
