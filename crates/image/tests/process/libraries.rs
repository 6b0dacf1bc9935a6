//! Libraries that a process had mapped.

use super::*;
use goheap_image::Address;

fn library(id: u8) -> ExeBuilder {
    let mut library = ExeBuilder::new(Machine::X86_64, 0);
    library.pie().gnu_build_id(&[id; 20]).load(0x1000, R, &page(9));
    library
}

#[test]
fn libraries_fill_in_too_when_they_are_the_ones_mapped() {
    const AT: u64 = 0x7f00_0000_0000;
    let (folder, exe, library) = (Folder::new(), with_id(1), library(7));
    let mut core = core(&exe, BASE, 0);
    core.file(b"/lib/libx.so", AT, AT + 0x1000, 0).file(b"/lib/libx.so", AT + 0x1000, AT + 0x2000, 0x1000);
    core.file(b"/lib/gone.so", AT + 0x10000, AT + 0x11000, 0);
    core.segment(AT, 0x1000, R, &library.header_page()).segment(AT + 0x1000, 0x1000, R, &[]);
    core.segment(AT + 0x10000, 0x1000, RX, &[]);
    folder.put("core", &core.build());
    folder.put("prog", &exe.build());
    folder.put("libx.so", &library.build());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!((p.shared_objects.len(), p.shared_objects[0].load_bias), (1, AT));
    assert_eq!(p.memory.bytes(Address(AT + 0x1000), 0x1000).unwrap().as_ref(), page(9));
    assert_eq!(p.diagnostics.unavailable_files, [PathBuf::from("/lib/gone.so")]);

    folder.put("libx.so", &self::library(8).build());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!((p.shared_objects.len(), p.diagnostics.unavailable_files.len()), (0, 2));
    assert_eq!(p.memory.read_u8(Address(AT + 0x1000)), None);
}

/// Two libraries of one process, linked alike but for their ids, and the program that had them loaded.
fn libraries(folder: &Folder) -> [PathBuf; 2] {
    let library = |id: u8| {
        let mut library = exe(0);
        library.pie().entry(0).gnu_build_id(&[id; 20]);
        library
    };
    let (a, b) = (library(7), library(8));
    let mut core = core(&with_id(1), BASE, 0);
    for (name, library, at) in [("b", &b, 0x7f00_0000_0000), ("a", &a, 0x7f00_0010_0000)] {
        let path = folder.0.path().join(format!("lib{name}.so"));
        core.file(path.as_os_str().as_encoded_bytes(), at, at + 0x3000, 0);
        core.segment(at, 0x3000, RX, &library.header_page());
    }
    folder.put("core", &core.build());
    [folder.put("liba.so", &a.build()), folder.put("libb.so", &b.build())]
}

#[test]
fn a_library_is_told_from_another_that_looks_alike() {
    let folder = Folder::new();
    let [a, b] = libraries(&folder);
    for (path, bias) in [(a, 0x7f00_0010_0000), (b, 0x7f00_0000_0000)] {
        let process = Process::open(&OpenRequest { executable: Some(path), ..folder.request() }).unwrap();
        assert_eq!((process.load_bias, process.diagnostics.executable_unconfirmed), (bias, false));
        // By its header alone, where the file has another name than the core gives it.
        let renamed = folder.put("renamed", process.executable.data());
        let process = Process::open(&OpenRequest { executable: Some(renamed), ..folder.request() }).unwrap();
        assert_eq!(process.load_bias, bias);
    }
}

#[test]
fn a_library_is_read_in_its_programs_stead() {
    let folder = Folder::new();
    let [a, b] = libraries(&folder);
    let with = |module: &str, executable: Option<PathBuf>| {
        Process::open(&OpenRequest { module: Some(module.into()), executable, ..folder.request() })
    };
    // Without the program the library does.
    let process = with("libb.so", None).unwrap();
    assert_eq!((process.executable.path(), process.load_bias, process.host), (&*b, 0x7f00_0000_0000, None));
    let program = folder.put("prog", &with_id(1).build());
    for module in ["liba.so", a.to_str().unwrap()] {
        let process = with(module, Some(program.clone())).unwrap();
        assert_eq!((process.executable.path(), process.load_bias), (&*a, 0x7f00_0010_0000));
        assert_eq!(process.host.as_deref(), Some(&*program));
        assert!(process.shared_objects.iter().any(|object| object.executable.path() == program));
    }
    let error = with("libc.so.6", Some(program)).err().unwrap();
    let ImageError::NoSuchModule { files, .. } = &error else { panic!("{error}") };
    assert_eq!(files.len(), 2, "{error}");
}

#[test]
fn what_cannot_be_the_executable_is_said_with_the_id_that_is_wanted() {
    let folder = Folder::new();
    let mut gone = CoreBuilder::new(Machine::X86_64);
    gone.auxv(9, CODE).auxv(3, BASE + 64).file(b"/opt/prog (deleted)", BASE, BASE + 0x3000, 0);
    gone.segment(BASE, 0x3000, RX, &with_id(1).header_page());
    folder.put("core", &gone.build());
    let said = |name: &str, bytes: &[u8]| {
        let path = folder.put(name, bytes);
        Process::open(&OpenRequest { executable: Some(path), ..folder.request() }).err().unwrap().to_string()
    };
    let mut upx = with_id(1).build();
    upx[40..48].fill(0);
    upx[0xff0..0xff4].copy_from_slice(b"UPX!");
    let wanted = "0101010101010101010101010101010101010101";
    for (message, part) in [
        (said("text", b"text"), "is not an ELF file"),
        (said("packed", &upx), "is packed with UPX"),
        (said("other", &with_id(2).build()), "did not make this core"),
        (Process::open(&folder.request()).err().unwrap().to_string(), "was not found"),
    ] {
        assert!(
            message.contains(part) && message.contains(wanted) && message.contains("had been deleted"),
            "{message}"
        );
    }
}
