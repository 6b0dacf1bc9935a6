//! The built-in table of offsets against the DWARF of every carried executable.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_image::{Executable, MemoryImage, OpenOptions};
use goheap_runtime::dwarf::{Dwarf, Sections};
use goheap_runtime::layout::{FIELDS, FieldSource, TableSource};
use goheap_runtime::{MappedElf, stamped_version};
use std::borrow::Cow;
use std::path::PathBuf;

struct ExecutableSections<'a>(&'a Executable);

impl<'a> Sections<'a> for ExecutableSections<'a> {
    fn section(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.0.section_data(name)
    }
}

fn carried() -> Vec<PathBuf> {
    let cores = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    let mut found: Vec<PathBuf> =
        cores.read_dir().unwrap().map(|entry| entry.unwrap().path().join("structures.zst")).collect();
    found.sort();
    found
}

#[test]
fn every_field_of_the_table_is_where_dwarf_says() {
    let executables = carried();
    assert!(executables.len() >= 8, "Go 1.19 and 1.21 to 1.27 are carried");
    for path in executables {
        let executable = Executable::open(&path, &OpenOptions::default()).unwrap();
        let memory = MemoryImage::from_buffers([]);
        let file = MappedElf { executable: &executable, load_bias: 0, memory: &memory };
        let version = stamped_version(&file).unwrap();
        assert!(file.is_go());
        let dwarf = Dwarf::parse(&ExecutableSections(&executable)).unwrap().expect("carried executables have DWARF");
        let table = TableSource::new(version.minor, executable.machine()).unwrap();
        for (structure, field) in FIELDS {
            let (expected, found) = (dwarf.offset(structure, field), table.offset(structure, field));
            assert_eq!(found, expected, "{structure}.{field} of {version}");
        }
    }
}

#[test]
fn debug_information_is_the_same_at_any_number_of_threads() {
    for path in carried() {
        let executable = Executable::open(&path, &OpenOptions::default()).unwrap();
        let by = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Dwarf::parse(&ExecutableSections(&executable)).unwrap().unwrap())
        };
        let (one, many) = (by(1), by(4));
        assert!(one.types().len() > 1000);
        assert_eq!(one.types(), many.types());
        assert_eq!((one.globals(), one.functions()), (many.globals(), many.functions()));
        assert_eq!(one.diagnostics(), many.diagnostics());
        let locals = |dwarf: &Dwarf<'_>| -> Vec<_> {
            let main = dwarf.functions().iter().filter(|function| function.name.starts_with("main."));
            main.flat_map(|function| dwarf.locals_of_function(function.low)).collect()
        };
        assert!(locals(&one).len() > 10);
        assert_eq!(locals(&one), locals(&many));
    }
}
