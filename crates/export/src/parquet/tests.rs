#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use bytes::Bytes;
use goheap_model::{Claim, FieldPlace, Heap, HeapBuilder, Refusal, Slot, TypeId, Unobserved};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// A file in memory that outlives its writer.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every reference lies in the field `.next`, of which the first of each object is known.
struct OneField<'h>(Graph<'h>);

impl Fields for OneField<'_> {
    fn place(&self, _: Slot, offset: u64, _: bool) -> FieldPlace {
        FieldPlace { path: format!(".next{offset}"), field: None, is_inside: false }
    }

    fn offset_in_period(&self, _: Slot, offset: u64) -> u64 {
        offset
    }

    fn offset_between(&self, _: Slot, _: Slot) -> Option<u64> {
        None
    }

    fn for_each_reference(&self, from: Slot, visit: &mut dyn FnMut(u64, ObjectId)) {
        let first = self.0.edges().targets(from.id.0).first();
        first.into_iter().for_each(|&to| visit(8, ObjectId(to)));
    }

    fn dynamic_type(&self, _: Slot, _: u64, _: bool) -> Option<TypeId> {
        None
    }

    fn is_machinery(&self, _: TypeId) -> bool {
        false
    }
}

/// Files by the names of their tables.
type Files = HashMap<&'static str, Shared>;

fn written(heap: &Heap, codec: Codec, observer: &dyn Observer) -> (Files, Result<(), ExportError>) {
    let graph = Graph::new(heap).unwrap();
    let run = Run { core_id: "pod-7".to_owned(), program: "svc\u{1b}[31m\0".to_owned(), ..Run::default() };
    let births = heap.births.clone().unwrap_or_default();
    let goroutines =
        [GoroutineRow { id: 7, state: "select".to_owned(), is_leaked: Some(true), ..GoroutineRow::default() }];
    let calls = [CallRow { function: "main.f".to_owned(), line: 12, ..CallRow::default() }];
    let rows = Rows {
        graph,
        frame_of: &|id| TrieNode::of_index(id.0 as usize + 1).filter(|frame| frame.index() < heap.tree.len()),
        births: &births,
        run: &run,
        goroutines: &goroutines,
        calls: &calls,
        codec,
    };
    let mut files = Files::new();
    let mut open = |name| {
        let file = Shared::default();
        files.insert(name, file.clone());
        Ok(file)
    };
    let result = rows.write(&OneField(graph), &mut open, observer);
    (files, result)
}

fn reader(files: &Files, table: &str) -> SerializedFileReader<Bytes> {
    SerializedFileReader::new(Bytes::from(files[table].0.lock().unwrap().clone())).unwrap()
}

fn rows(files: &Files, table: &str) -> Vec<Row> {
    reader(files, table).get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

/// The values of a column as text.
fn column(files: &Files, table: &str, name: &str) -> Vec<String> {
    let of = |row: &Row| row.get_column_iter().find(|(column, _)| *column == name).unwrap().1.to_string();
    rows(files, table).iter().map(of).collect()
}

fn cache() -> Heap {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("main.Cache", 64);
    let (first, second) = (heap.object("main.Item", 32), heap.object("main.Item", 32));
    let (shared, lost) = (heap.object("", 16), heap.object("main.Lost", 128));
    for (from, to) in [(cache, first), (cache, second), (first, shared), (second, shared), (lost, first)] {
        heap.refer(from, to);
    }
    heap.variable("main.cache *main.Cache", cache);
    heap.goroutine(7, "main.serve", &[("item", first)]);
    heap.born(first, "main.put", 12);
    heap.born(second, "main.put", 12);
    heap.build().unwrap()
}

#[test]
fn every_table_has_its_columns_and_the_core() {
    let (files, result) = written(&cache(), Codec::Plain, &Unobserved);
    result.unwrap();
    assert_eq!(files.len(), TABLES.len());
    for table in TABLES {
        let reader = reader(&files, table.name);
        let schema = reader.metadata().file_metadata().schema_descr();
        let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
        let wanted: Vec<&str> =
            std::iter::once("core_id").chain(table.columns.iter().map(|column| column.name)).collect();
        assert_eq!(names, wanted, "{}", table.name);
        assert!(column(&files, table.name, "core_id").iter().all(|id| id == "\"pod-7\""), "{}", table.name);
    }
    assert_eq!(column(&files, "run", "allocated_bytes"), ["272"]);
    assert_eq!(column(&files, "run", "program"), ["\"svc\u{1b}[31m\0\""]);
    assert_eq!(column(&files, "run", "host"), ["null"]);
}

#[test]
fn objects_tell_who_holds_them() {
    let (files, result) = written(&cache(), Codec::Plain, &Unobserved);
    result.unwrap();
    let of = |name| column(&files, "objects", name);
    assert_eq!(
        of("type"),
        ["main.Cache", "main.Item", "main.Item", "(unknown)", "main.Lost"].map(|name| format!("{name:?}"))
    );
    assert_eq!(of("size"), ["64", "32", "32", "16", "128"]);
    assert_eq!(of("standing")[3..], ["\"reachable\"", "\"unreachable\""]);
    // The goroutine holds the first item too, and by it what both hold.
    assert_eq!(of("retained_bytes"), ["96", "32", "32", "16", "null"]);
    assert_eq!(of("retained_objects"), ["2", "1", "1", "1", "null"]);
    let address = of("address");
    assert_eq!(
        of("dominator"),
        ["null".to_owned(), "null".to_owned(), address[0].clone(), "null".to_owned(), "null".to_owned()]
    );
    assert_eq!(of("dominator_root")[1..3], ["0", "null"]);
    assert_eq!(of("references_out"), ["2", "1", "1", "0", "1"]);
    assert_eq!(of("root_class")[0], "\"package variables\"");
}

#[test]
fn types_have_the_sums_of_the_histogram() {
    let (files, result) = written(&cache(), Codec::Plain, &Unobserved);
    result.unwrap();
    let of = |name| column(&files, "types", name);
    assert_eq!(of("type")[1], "\"main.Item\"");
    assert_eq!((&*of("objects")[1], &*of("bytes")[1], &*of("retained_bytes")[1]), ("2", "64", "64"));
    assert_eq!((&*of("reachable_objects")[3], &*of("bytes")[3]), ("0", "128"));
    assert_eq!(of("package")[..3], ["\"main\"", "\"main\"", "\"\""]);
}

#[test]
fn references_are_those_of_the_graph() {
    let (files, result) = written(&cache(), Codec::Plain, &Unobserved);
    result.unwrap();
    let of = |name| column(&files, "references", name);
    let (from, to, address) = (of("from_address"), of("to_address"), column(&files, "objects", "address"));
    assert_eq!(from[..2], ["null", "null"]);
    let pairs: Vec<(&String, &String)> = from.iter().zip(&to).skip(2).collect();
    let wanted = [(0, 1), (0, 2), (1, 3), (2, 3)].map(|(from, to)| (&address[from], &address[to]));
    assert_eq!(pairs, wanted);
    // The fields know one word of the first object, and the graph two.
    assert_eq!(of("field")[2..5], ["\".next8\"", "null", "\".next8\""]);
    let holders = column(&files, "roots", "holder");
    assert!(holders.contains(&"\"main.cache *main.Cache\"".to_owned()));
    assert!(holders.contains(&"\"goroutine main.serve\"".to_owned()));
}

#[test]
fn samples_add_up_to_what_the_profile_says() {
    let heap = cache();
    let (files, result) = written(&heap, Codec::Plain, &Unobserved);
    result.unwrap();
    let sum: u64 = column(&files, "births", "bytes").iter().map(|bytes| bytes.parse::<u64>().unwrap()).sum();
    let births = heap.births.unwrap();
    assert_eq!(sum, births.count(0, 2).bytes);
    assert_eq!(column(&files, "births", "stack")[0], "\"main.put main.go:12\nmain.main main.go:1\"");
}

#[test]
fn pages_are_zstd_and_the_file_says_so() {
    let (files, result) = written(&cache(), Codec::Zstd, &Unobserved);
    result.unwrap();
    let objects = reader(&files, "objects");
    let group = objects.metadata().row_group(0);
    for column in group.columns() {
        assert!(matches!(column.compression_codec(), parquet::basic::CompressionCodec::ZSTD), "{column:?}");
    }
    let bytes = files["objects"].0.lock().unwrap().clone();
    // The magic number of a frame (RFC 8878), one for each page at least.
    let frames = bytes.windows(4).filter(|four| *four == [0x28, 0xb5, 0x2f, 0xfd]).count();
    assert!(frames >= group.num_columns(), "{frames}");
}

#[test]
fn many_rows_are_several_groups_and_long_names_are_cut() {
    let mut heap = HeapBuilder::default();
    let object = heap.object(&format!("main.{}é", "x".repeat(1 << 20)), 8);
    heap.variable("main.x \"',\n\\ \u{202e}", object);
    let heap = heap.build().unwrap();
    let (files, result) = written(&heap, Codec::Plain, &Unobserved);
    result.unwrap();
    let name = &column(&files, "types", "type")[0];
    assert!(name.ends_with("xx...\"") && name.len() == (1 << 20) + 5, "{}", name.len());
    assert!(column(&files, "roots", "name").contains(&"\"main.x \"',\n\\ \u{202e}\"".to_owned()));
}

/// Refuses the claim of that number.
struct Cancels(AtomicU32);

impl Observer for Cancels {
    fn claim(&self, _: Claim) -> Result<(), Refusal> {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 0 { Err(Refusal::Cancelled) } else { Ok(()) }
    }
}

#[test]
fn who_asks_may_end_it() {
    for at in 0..3 {
        let (_, result) = written(&cache(), Codec::Zstd, &Cancels(AtomicU32::new(at)));
        assert!(matches!(result, Err(ExportError::Refused(Refusal::Cancelled))), "{at}: {result:?}");
    }
}

#[test]
fn a_file_that_takes_no_more_is_told() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let result = TableWriter::new(&SPANS, ("x", Codec::Zstd), Full, &Unobserved).and_then(TableWriter::finish);
    assert!(matches!(result, Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::StorageFull));
}

/// docs/sql.md has the schema as this code has it.
#[test]
fn the_manual_has_every_column() {
    let manual = include_str!("../../../../docs/sql.md");
    for table in TABLES {
        let mut text = format!("### {}\n\n{}\n\n| column | type | is |\n|---|---|---|\n", table.name, table.meaning);
        for column in std::iter::once(&schema::CORE_ID).chain(table.columns) {
            let optional = if column.is_optional { ", may be NULL" } else { "" };
            text.push_str(&format!("| `{}` | {}{optional} | {} |\n", column.name, column.kind.name(), column.meaning));
        }
        assert!(manual.contains(&text), "docs/sql.md lacks this:\n{text}");
    }
}
