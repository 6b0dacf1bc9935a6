//! Where the executable is looked for.

use super::*;
use std::path::Path;

#[test]
fn the_executable_is_found_beside_the_core() {
    let (folder, exe) = (Folder::new(), with_id(1));
    folder.put("core", &core(&exe, BASE, 0).build());
    let beside = folder.put("prog", &exe.build());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!(p.executable.path(), beside);
}

#[test]
fn the_executable_is_found_packed_beside_the_core() {
    use std::io::Write;
    let (folder, exe) = (Folder::new(), with_id(1));
    folder.put("core", &core(&exe, BASE, 0).build());
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&exe.build()).unwrap();
    let beside = folder.put("prog.gz", &packer.finish().unwrap());
    let p = Process::open(&folder.request()).unwrap();
    assert_eq!(p.executable.path(), beside);
}

#[test]
fn the_sysroot_comes_first_and_is_not_left() {
    let (folder, exe) = (Folder::new(), with_id(1));
    let mut core = core(&exe, BASE, 0);
    core.file(b"/../../etc/passwd", 0x7000_0000, 0x7000_1000, 0);
    folder.put("core", &core.build());
    folder.put("prog", &exe.build());
    let rooted = folder.put("root/opt/prog", &exe.build());
    let request = OpenRequest { sysroot: Some(folder.0.path().join("root")), ..folder.request() };
    assert_eq!(Process::open(&request).unwrap().executable.path(), rooted);
}

#[test]
fn a_wrong_file_in_one_place_does_not_hide_the_right_one_in_the_next() {
    let (folder, exe) = (Folder::new(), with_id(1));
    folder.put("core", &core(&exe, BASE, 0).build());
    let right = folder.put("prog", &exe.build());
    let wrong = folder.put("root/opt/prog", &with_id(2).build());
    let request = OpenRequest { sysroot: Some(folder.0.path().join("root")), ..folder.request() };
    let p = Process::open(&request).unwrap();
    assert_eq!(
        (p.executable.path(), p.diagnostics.rejected_executables.as_slice()),
        (right.as_path(), [wrong].as_slice())
    );
}

#[test]
fn a_wrong_executable_alone_is_refused_with_both_ids() {
    let folder = Folder::new();
    folder.put("core", &core(&with_id(1), BASE, 0).build());
    folder.put("prog", &with_id(2).build());
    let error = Process::open(&folder.request()).err().unwrap();
    assert!(matches!(error, ImageError::ExecutableMismatch { .. }), "{error}");
}

#[test]
fn a_missing_executable_is_said_with_the_places_looked_at() {
    let folder = Folder::new();
    folder.put("core", &core(&with_id(1), BASE, 0).build());
    let error = Process::open(&folder.request()).err().unwrap();
    let ImageError::ExecutableNotFound { tried } = error.reason() else { panic!("{error}") };
    assert!(error.to_string().contains("build id 0101010101010101010101010101010101010101"), "{error}");
    assert!(tried.contains(&PathBuf::from("/opt/prog")) && tried.contains(&folder.0.path().join("prog.zst")));
    assert!(error.to_string().contains("--exe"));
}

#[test]
fn a_name_that_a_core_makes_up_is_not_shown_raw() {
    let folder = Folder::new();
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.process(1, "p", "/x\u{1b}[31m/y").segment(0x1000, 8, R, &[0; 8]);
    folder.put("core", &core.build());
    let message = Process::open(&folder.request()).err().unwrap().to_string();
    assert!(!message.contains('\u{1b}'), "{message}");
}

#[test]
fn core_and_executable_swapped_get_a_hint() {
    let (folder, exe) = (Folder::new(), with_id(1));
    let core_path = folder.put("core", &core(&exe, BASE, 0).build());
    let exe_path = folder.put("prog", &exe.build());
    let request = OpenRequest { core: exe_path.clone(), executable: Some(core_path.clone()), ..Default::default() };
    assert!(matches!(Process::open(&request), Err(ImageError::ExecutableAsCore { .. })));
    let request = OpenRequest { core: core_path.clone(), executable: Some(core_path), ..Default::default() };
    let error = Process::open(&request).err().unwrap();
    assert!(matches!(error.reason(), ImageError::CoreAsExecutable { .. }), "{error}");
    let request = OpenRequest { core: exe_path.parent().unwrap().to_owned(), ..Default::default() };
    assert!(matches!(Process::open(&request), Err(ImageError::Unreadable { .. })));
    let request = OpenRequest { core: Path::new("/nonexistent/core").to_owned(), ..Default::default() };
    assert!(matches!(Process::open(&request), Err(ImageError::Unreadable { .. })));
}
