//! `goheap export parquet`: a folder of tables, whole or not at all.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, clippy::panic)]

#[macro_use]
mod common;

use common::{RELEASES, carried};
use parquet::basic::CompressionCodec;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use std::fs::{self, File};
use std::path::Path;

const TABLES: [&str; 10] =
    ["births", "frames", "goroutines", "objects", "paths", "references", "roots", "run", "spans", "types"];

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

fn metadata(folder: &Path, table: &str) -> ParquetMetaData {
    let file = File::open(folder.join(format!("{table}.parquet"))).unwrap();
    SerializedFileReader::new(file).unwrap().metadata().clone()
}

/// The least and greatest text of the first group of a column.
fn bounds(metadata: &ParquetMetaData, column: &str) -> [String; 2] {
    let columns = metadata.row_group(0).columns();
    let column = columns.iter().find(|chunk| chunk.column_descr().name() == column).unwrap();
    let Some(Statistics::ByteArray(bounds)) = column.statistics() else { panic!("no bounds") };
    [bounds.min_opt(), bounds.max_opt()].map(|bound| bound.unwrap().as_utf8().unwrap().to_owned())
}

#[test]
fn every_release_gives_all_objects_as_rows() {
    let above = tempfile::tempdir().unwrap();
    for release in RELEASES {
        let carried = carried(release);
        let out = above.path().join(format!("core_id=pod-{release}"));
        let told = goheap!(carried.core, "--exe", carried.exe, "export", "parquet", out, "--host", "node-1").ok();
        assert!(told.stderr.contains("10 tables"), "{}", told.stderr);
        assert_eq!(names(&out), TABLES.map(|table| format!("{table}.parquet")), "{release}");
        let objects = metadata(&out, "objects");
        let truth = carried.truth["heap_objects"].as_i64().unwrap();
        // What the runtime counts lags by what its caches handed out.
        let found = objects.file_metadata().num_rows();
        assert!((found - truth).abs() * 50 < truth, "{release}: {found} rows of {truth} objects");
        for column in objects.row_group(0).columns() {
            assert!(matches!(column.compression_codec(), CompressionCodec::ZSTD), "{column:?}");
        }
        let id = format!("pod-{release}");
        assert_eq!(bounds(&objects, "core_id"), [id.clone(), id]);
        assert_eq!(bounds(&metadata(&out, "run"), "host"), ["node-1", "node-1"]);
        assert_eq!(metadata(&out, "run").file_metadata().num_rows(), 1);
        let version = metadata(&out, "types").file_metadata().key_value_metadata().unwrap()[0].clone();
        assert_eq!((&*version.key, version.value.as_deref()), ("goheap.schema_version", Some("1")));
    }
    assert_eq!(names(above.path()).len(), RELEASES.len(), "nothing else is left behind");
}

#[test]
fn the_same_core_has_the_same_id_and_rows() {
    let carried = carried("1.27");
    let above = tempfile::tempdir().unwrap();
    let folders = ["first", "second"].map(|name| above.path().join(name));
    for out in &folders {
        goheap!(carried.core, "--exe", carried.exe, "export", "parquet", out).ok();
    }
    for table in TABLES {
        let [first, second] = folders.each_ref().map(|out| fs::read(out.join(format!("{table}.parquet"))).unwrap());
        assert_eq!(first, second, "{table}");
    }
    let [least, greatest] = bounds(&metadata(&folders[0], "objects"), "core_id");
    assert!(least == greatest && least.starts_with('c') && least.len() == 17, "{least}");
}

#[test]
fn a_folder_of_others_stays_and_one_of_ours_is_replaced() {
    let carried = carried("1.26");
    let above = tempfile::tempdir().unwrap();
    let out = above.path().join("rows");
    let export = |out: &Path| goheap!(carried.core, "--exe", carried.exe, "export", "parquet", out);
    export(&out).ok();
    export(&out).ok();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let refused = export(&out);
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("notes.txt"), "{}", refused.stderr);
    assert_eq!(names(&out).len(), TABLES.len() + 1);
    let refused = export(Path::new("/dev/null"));
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("tables are a folder of files"), "{}", refused.stderr);
    let refused = goheap!(carried.core, "--exe", carried.exe, "export", "parquet", "-");
    assert_eq!((refused.status, refused.stdout.as_str()), (1, ""), "{}", refused.stderr);
    let refused =
        goheap!(carried.core, "--exe", carried.exe, "--max-memory", "1M", "export", "parquet", above.path().join("x"));
    assert_eq!(refused.status, 3, "{}", refused.stderr);
    assert_eq!(names(above.path()), ["rows"], "nothing is left behind");
}
