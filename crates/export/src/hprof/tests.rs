#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use goheap_model::{Evidence, FieldPlace, Heap, HeapBuilder, ObjectId, Part, Slot, TypeId, Unobserved};
use std::collections::HashMap;

/// No type tells of fields: each is called after its offset.
struct Offsets;

impl Fields for Offsets {
    fn place(&self, _: Slot, offset: u64, _: bool) -> FieldPlace {
        FieldPlace { path: format!(".f{offset}"), field: None, is_inside: false }
    }

    fn offset_in_period(&self, _: Slot, offset: u64) -> u64 {
        offset
    }

    fn offset_between(&self, _: Slot, _: Slot) -> Option<u64> {
        None
    }

    fn for_each_reference(&self, _: Slot, _: &mut dyn FnMut(u64, ObjectId)) {}

    fn dynamic_type(&self, _: Slot, _: u64, _: bool) -> Option<TypeId> {
        None
    }

    fn is_machinery(&self, _: TypeId) -> bool {
        false
    }
}

/// Takes what a file is made of, one after the other.
struct Bytes<'f>(&'f [u8]);

impl<'f> Bytes<'f> {
    fn take(&mut self, bytes: usize) -> &'f [u8] {
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        taken
    }

    fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    fn u4(&mut self) -> usize {
        self.number(4) as usize
    }

    fn id(&mut self) -> u64 {
        self.number(8)
    }
}

#[derive(Debug, Default)]
struct ReadClass {
    name: String,
    above: u64,
    bytes: usize,
    statics: Vec<(String, u64)>,
    fields: Vec<(String, u8)>,
}

#[derive(Debug, PartialEq, Eq)]
enum ReadObject {
    Instance { class: u64, data: Vec<u8> },
    References { class: u64, elements: Vec<u64> },
    Numbers { ty: u8, data: Vec<u8> },
}

/// A dump as readers see it.
#[derive(Debug, Default)]
struct Read {
    texts: HashMap<u64, String>,
    class_names: HashMap<u64, u64>,
    class_of_serial: HashMap<usize, u64>,
    frames: HashMap<u64, (String, String, usize, usize)>,
    traces: HashMap<usize, (usize, Vec<u64>)>,
    classes: HashMap<u64, ReadClass>,
    objects: HashMap<u64, ReadObject>,
    sticky: Vec<u64>,
    threads: Vec<(u64, usize, usize)>,
    locals: Vec<(u64, usize, u32)>,
    segments: usize,
}

const SIZES: [usize; 12] = [0, 0, 8, 0, 1, 2, 4, 8, 1, 2, 4, 8];

impl Read {
    fn of(heap: &Heap, file: HprofFile<'_>) -> Self {
        let mut bytes = Vec::new();
        let written = file.write(Graph::new(heap).unwrap(), &Offsets, &Unobserved, &mut bytes).unwrap();
        let read = Read::parse(&bytes);
        assert_eq!(written.classes as usize, read.classes.len());
        // Each goroutine has a name, which is two objects, and is one itself.
        assert_eq!(written.objects as usize + 3 * read.threads.len(), read.objects.len());
        read
    }

    fn parse(file: &[u8]) -> Self {
        let (mut read, mut file) = (Read::default(), Bytes(file));
        assert_eq!(file.take(19), b"JAVA PROFILE 1.0.2\0");
        assert_eq!((file.u4(), file.id()), (8, 0));
        let mut is_ended = false;
        while !file.0.is_empty() {
            let (tag, _, length) = (file.number(1), file.u4(), file.u4());
            assert!(!is_ended);
            let mut body = Bytes(file.take(length));
            match tag {
                0x01 => {
                    let (id, text) = (body.id(), std::str::from_utf8(body.0).unwrap());
                    assert!(read.texts.insert(id, text.to_owned()).is_none());
                }
                0x02 => {
                    let (serial, id, _, name) = (body.u4(), body.id(), body.u4(), body.id());
                    read.class_of_serial.insert(serial, id);
                    assert!(read.class_names.insert(id, name).is_none());
                }
                0x04 => {
                    let id = body.id();
                    let mut text = || read.texts[&body.id()].clone();
                    let (method, _, source) = (text(), text(), text());
                    read.frames.insert(id, (method, source, body.u4(), body.u4()));
                }
                0x05 => {
                    let (serial, thread, count) = (body.u4(), body.u4(), body.u4());
                    read.traces.insert(serial, (thread, (0..count).map(|_| body.id()).collect()));
                }
                0x1c => {
                    read.segments += 1;
                    read.segment(body);
                }
                0x2c => is_ended = true,
                other => panic!("a record {other:#x}"),
            }
            assert!(read.segments == 0 || matches!(tag, 0x1c | 0x2c), "all others stand before the heap");
        }
        assert!(is_ended);
        read
    }

    fn segment(&mut self, mut body: Bytes<'_>) {
        while !body.0.is_empty() {
            match body.number(1) {
                0x03 => self.locals.push((body.id(), body.u4(), body.number(4) as u32)),
                0x05 => self.sticky.push(body.id()),
                0x08 => self.threads.push((body.id(), body.u4(), body.u4())),
                0x20 => self.class(&mut body),
                0x21 => {
                    let (id, _, class, bytes) = (body.id(), body.u4(), body.id(), body.u4());
                    let data = body.take(bytes).to_vec();
                    assert!(self.objects.insert(id, ReadObject::Instance { class, data }).is_none());
                }
                0x22 => {
                    let (id, _, count, class) = (body.id(), body.u4(), body.u4(), body.id());
                    let elements = (0..count).map(|_| body.id()).collect();
                    assert!(self.objects.insert(id, ReadObject::References { class, elements }).is_none());
                }
                0x23 => {
                    let (id, _, count, ty) = (body.id(), body.u4(), body.u4(), body.number(1) as u8);
                    let data = body.take(count * SIZES[usize::from(ty)]).to_vec();
                    assert!(self.objects.insert(id, ReadObject::Numbers { ty, data }).is_none());
                }
                other => panic!("{other:#x} in a segment"),
            }
        }
    }

    fn class(&mut self, body: &mut Bytes<'_>) {
        let (id, _, above) = (body.id(), body.u4(), body.id());
        body.take(40);
        let (bytes, constants) = (body.u4(), body.number(2));
        assert_eq!(constants, 0);
        let count = body.number(2);
        let statics = (0..count).map(|_| {
            let (name, ty, to) = (body.id(), body.number(1), body.id());
            assert_eq!(ty, 2);
            (self.texts[&name].clone(), to)
        });
        let statics = statics.collect();
        let count = body.number(2);
        let fields = (0..count).map(|_| (self.texts[&body.id()].clone(), body.number(1) as u8)).collect();
        let name = self.texts[&self.class_names[&id]].clone();
        assert!(self.classes.insert(id, ReadClass { name, above, bytes, statics, fields }).is_none());
    }

    fn class_named(&self, name: &str) -> (u64, &ReadClass) {
        let mut found = self.classes.iter().filter(|(_, class)| class.name == name);
        let (&id, class) = found.next().unwrap_or_else(|| panic!("no class {name:?}"));
        assert!(found.next().is_none(), "two of {name:?}");
        (id, class)
    }
}

const BASE: u64 = 0xc0_0000_0000;

/// Where an object of a [`HeapBuilder`] lies.
fn at(object: ObjectId) -> u64 {
    BASE + u64::from(object.0) * (1 << 20)
}

#[test]
fn values_are_instances_and_rows_arrays() {
    let mut builder = HeapBuilder::default();
    let cache = builder.object("main.Cache", 24);
    let row = builder.part("main.Item", 64, Part::Elements, Evidence::Exact);
    let text = builder.part("string", 16, Part::StringData, Evidence::Exact);
    builder.refer(cache, row);
    builder.refer(cache, text);
    builder.refer(row, cache);
    builder.refer(row, row);
    builder.variable("main.cache *main.Cache", cache);
    builder.object("", 32);
    let read = Read::of(&builder.build().unwrap(), HprofFile::default());
    let row_id = at(row) + (1 << 48);
    let (class, told) = read.class_named("main.Cache");
    assert_eq!(
        (told.bytes, told.fields.iter().map(|(name, ty)| (name.as_str(), *ty)).collect::<Vec<_>>()),
        (24, vec![("f0", 2), ("f8", 2), ("+16", 11)])
    );
    let data = [row_id.to_be_bytes(), at(text).to_be_bytes(), [0; 8]].concat();
    assert_eq!(read.objects[&at(cache)], ReadObject::Instance { class, data });
    let (class, _) = read.class_named("[Lmain.Item;");
    let elements = vec![at(cache), row_id, 0, 0, 0, 0, 0, 0];
    assert_eq!(read.objects[&row_id], ReadObject::References { class, elements });
    assert_eq!(read.objects[&at(text)], ReadObject::Numbers { ty: 8, data: vec![0; 16] });
    let (class, _) = read.class_named("[L(unknown);");
    let unknown = at(ObjectId(3)) + (3 << 48);
    assert_eq!(read.objects[&unknown], ReadObject::References { class, elements: vec![0; 4] });
}

#[test]
fn variables_are_statics_and_goroutines_threads() {
    struct Told;
    impl Stacks for Told {
        fn calls(&self, _: u32) -> Vec<Call> {
            let call = |function: &str, line| Call { function: function.to_owned(), file: "main.go".to_owned(), line };
            vec![call("runtime.gopark", 0), call("main.(*T).serve", 12)]
        }
    }
    let mut builder = HeapBuilder::default();
    let cache = builder.object("main.Cache", 24);
    builder.variable("main.cache *main.Cache", cache);
    builder.variable("net/http.a", cache);
    builder.variable("net/http.b", cache);
    builder.goroutine(7, "main.(*T).serve", &[("x", cache)]);
    builder.goroutine(8, "other.f", &[("y", cache)]);
    let heap = builder.build().unwrap();
    let read = Read::of(&heap, HprofFile { stacks: Some(&Told), ..HprofFile::default() });
    let (main, told) = read.class_named("package main");
    assert_eq!(told.statics, [("main.cache *main.Cache".to_owned(), at(cache))]);
    let (http, told) = read.class_named("package net/http");
    assert_eq!((told.statics.len(), read.sticky.clone()), (2, vec![main, http]));
    assert_eq!(read.locals, [(at(cache), 1, 1), (at(cache), 2, u32::MAX)]);
    let (thread, serial, trace) = read.threads[0];
    let (of, frames) = &read.traces[&trace];
    assert_eq!((serial, *of), (1, 1));
    let frames: Vec<_> = frames.iter().map(|frame| &read.frames[frame]).collect();
    assert_eq!((frames[0].0.as_str(), frames[0].3), ("gopark", u32::MAX as usize));
    assert_eq!((frames[1].0.as_str(), frames[1].1.as_str(), frames[1].3), ("serve", "main.go", 12));
    assert_eq!(read.classes[&read.class_of_serial[&frames[1].2]].name, "main.(*T)");
    let ReadObject::Instance { class, data } = &read.objects[&thread] else { panic!("{thread:#x}") };
    let goroutine = &read.classes[class];
    assert_eq!(
        (goroutine.name.as_str(), read.classes[&goroutine.above].name.as_str()),
        ("goroutine", "java/lang/Thread")
    );
    let ReadObject::Instance { data, .. } = &read.objects[&Bytes(data).id()] else { panic!("no name") };
    let ReadObject::Numbers { ty: 5, data } = &read.objects[&Bytes(data).id()] else { panic!("no letters") };
    let letters: Vec<u16> = data.chunks(2).map(|letter| u16::from_be_bytes([letter[0], letter[1]])).collect();
    assert_eq!(String::from_utf16(&letters).unwrap(), "goroutine 7: main.(*T).serve");
}

#[test]
fn contents_are_told_where_there_is_a_handle() {
    struct Counting;
    impl Contents for Counting {
        fn read(&self, _: u64, into: &mut [u8]) -> bool {
            into.iter_mut().zip(1..).for_each(|(byte, value)| *byte = value);
            true
        }
    }
    let mut builder = HeapBuilder::default();
    let text = builder.part("string", 16, Part::StringData, Evidence::Exact);
    let value = builder.object("main.Pair", 16);
    let heap = builder.build().unwrap();
    let read = Read::of(&heap, HprofFile { contents: Some(&Counting), ..HprofFile::default() });
    assert_eq!(read.objects[&at(text)], ReadObject::Numbers { ty: 8, data: (1..17).collect() });
    let (class, _) = read.class_named("main.Pair");
    let data = vec![8, 7, 6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11, 10, 9];
    assert_eq!(read.objects[&at(value)], ReadObject::Instance { class, data });
}

/// Readers that see an array's last element behind the beginning of the next take references for ones of four bytes.
#[test]
fn no_array_of_references_seems_to_overlap_the_next() {
    use goheap_graph::CsrGraph;
    use goheap_model::{Objects, References, RootNodes, SlotSpan};
    use std::sync::Arc;
    let mut heap = Heap::default();
    let span = |start, slot_bytes, slots| {
        let span = SlotSpan { start, bytes: 8192, slot_bytes, slots, has_pointers: true, ..SlotSpan::default() };
        (span, &[0xff_u8; 128][..])
    };
    let spans =
        [span(BASE, 8, 1024), span(BASE + 8192, 16, 512), span(BASE + 16384, 8192, 1), span(BASE + 24576, 8192, 1)];
    heap.objects = Arc::new(Objects::new(spans.into_iter()).unwrap());
    heap.object_types = (0..heap.objects.len()).map(|_| goheap_model::ObjectType::UNKNOWN).collect();
    let slots = heap.objects.len();
    let nothing = References::new(CsrGraph::from_edges(slots, &[]).unwrap(), RootNodes::new(slots), None);
    let mut ids = Ids::new(&heap.objects);
    let references = WordReferences::new(Graph::of(&heap, &nothing));
    let mut classes = Classes::survey(&heap, &references, &Offsets, &mut ids, || ());
    let writer = ObjectWriter { heap: &heap, references: &references, classes: &mut classes, contents: None, split: 0 };
    let mut arrays: Vec<(u64, u64)> =
        heap.objects.allocated().map(|slot| (writer.id(slot.id.0), heap.objects.size(slot))).collect();
    arrays.sort_unstable();
    assert_eq!(arrays.len(), 1024 + 512 + 2);
    assert!(arrays.windows(2).all(|pair| pair[0].0 + 16 + pair[0].1 <= pair[1].0));
}

#[test]
fn names_of_the_process_break_nothing() {
    let long = "x".repeat(100_000);
    let names = ["a\0b\n\"c", "[", "[B", "[]uint8", "java/lang/Object", "goroutine", &long, "\u{fffd}ü;", "a;b"];
    let mut builder = HeapBuilder::default();
    for name in names {
        let object = builder.object(name, 64);
        builder.variable(name, object);
        builder.goroutine(u64::from(object.0), name, &[(name, object)]);
    }
    let read = Read::of(&builder.build().unwrap(), HprofFile::default());
    for name in names {
        read.class_named(&names::class_name(name));
    }
    let java = CLASSES.iter().map(|class| class.name);
    let arrays = JavaType::NUMBERS.iter().map(|ty| ty.array_class());
    java.chain(arrays).for_each(|name| _ = read.class_named(name));
    assert!(read.classes.values().all(|class| !class.name.starts_with('[') || class.name.len() > 1));
}
