#![allow(clippy::unwrap_used)]
use super::*;

fn died() -> Died {
    Died { pid: 1 << 30, uid: 0, signal: 6, time: 1_700_000_000, name: "server".to_owned() }
}

fn request(folder: &Path) -> HandlerRequest {
    let sink = SinkOptions { threads: 1, ..SinkOptions::default() };
    HandlerRequest { folder: folder.to_owned(), keep: 2, sink, executables: WhichExecutables::Lost, keeps_others: true }
}

/// A core of one segment of so many bytes, of which the stream has as many.
fn core(whole: u64, there: usize) -> Vec<u8> {
    let mut bytes = vec![0; 120];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
    bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
    bytes[64 + 8..64 + 16].copy_from_slice(&120_u64.to_le_bytes());
    bytes[64 + 32..64 + 40].copy_from_slice(&whole.to_le_bytes());
    bytes.resize(120 + there, 7);
    bytes
}

fn unpacked(path: &Path) -> Vec<u8> {
    let (mut packed, mut out) = (&fs::read(path).unwrap()[..], Vec::new());
    while !packed.is_empty() {
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(&mut packed).unwrap();
        std::io::copy(&mut decoder, &mut out).unwrap();
    }
    out
}

fn handled(folder: &Path, bytes: &[u8]) -> Result<Option<Handled>, HandlerError> {
    handle(&died(), &Victim::of(&died()), &request(folder), &mut &bytes[..])
}

#[test]
fn a_core_is_kept_whole_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = core(3 << 20, 3 << 20);
    let handled = handled(folder.path(), &bytes).unwrap().unwrap();
    assert!(!handled.is_part && handled.core.ends_with("server-1073741824-1700000000.core.zst"));
    assert!(unpacked(&handled.core) == bytes);
    let log = fs::read_to_string(folder.path().join("core-handler.log")).unwrap();
    assert!(log.starts_with("1700000000 server pid 1073741824 uid 0 signal 6: ") && log.lines().count() == 1, "{log}");
    assert!(folder.path().join("server-1073741824-1700000000.proc.txt").is_file());
}

#[test]
fn a_part_is_kept_and_says_that_it_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = core(3 << 20, 1 << 20);
    let handled = handled(folder.path(), &bytes).unwrap().unwrap();
    assert!(handled.is_part && handled.core.ends_with("server-1073741824-1700000000.part.core.zst"));
    assert!(unpacked(&handled.core) == bytes);
    let log = fs::read_to_string(folder.path().join("core-handler.log")).unwrap();
    assert!(log.contains("ENDED EARLY"), "{log}");
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let error = handled(Path::new("/nowhere/at/all"), &core(1, 1)).unwrap_err();
    assert!(error.to_string().starts_with("the folder \"/nowhere/at/all\" cannot be used: "), "{error}");
}

#[test]
fn a_disk_that_is_too_full_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(folder.path());
    request.sink.least_free = 1 << 60;
    let result = handle(&died(), &Victim::of(&died()), &request, &mut &core(1, 1)[..]);
    assert!(matches!(result, Err(HandlerError::Core(_))));
    let log = fs::read_to_string(folder.path().join("core-handler.log")).unwrap();
    assert!(
        log.contains("NOT KEPT")
            && !fs::read_dir(folder.path())
                .unwrap()
                .flatten()
                .any(|file| file.path().extension() == Some("zst".as_ref()))
    );
}

#[test]
fn what_is_no_go_program_is_dropped_unread_where_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let own = Died { pid: std::process::id(), ..died() };
    let request = HandlerRequest { keeps_others: false, ..request(folder.path()) };
    struct NeverRead;
    impl Read for NeverRead {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("it was read"))
        }
    }
    assert_eq!(handle(&own, &Victim::of(&own), &request, &mut NeverRead).unwrap(), None);
    let log = fs::read_to_string(folder.path().join("core-handler.log")).unwrap();
    assert!(log.contains("no Go program, dropped"), "{log}");
}
