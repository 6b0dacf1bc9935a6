#![allow(clippy::unwrap_used)]
use super::*;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

/// Writes a core of some data, zeros told and not told, in steps of odd lengths; returns its bytes.
fn write(path: &Path, options: &SinkOptions) -> (Vec<u8>, Stored) {
    let mut sink = CoreSink::create(path, options).unwrap();
    let mut core: Vec<u8> =
        (0..5_000_000_u32).map(|at| if at % 300_000 < 100_000 { (at >> 8) as u8 | 1 } else { 0 }).collect();
    for piece in core.chunks(77_777) {
        sink.data(piece).unwrap();
    }
    sink.zeros(9_000_001).unwrap();
    core.resize(core.len() + 9_000_001, 0);
    sink.data(b"end").unwrap();
    core.extend(b"end");
    sink.zeros(5000).unwrap();
    core.resize(core.len() + 5000, 0);
    assert_eq!(sink.position(), core.len() as u64);
    (core, sink.finish().unwrap())
}

#[test]
fn zeros_are_holes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("core");
    let (core, stored) = write(&path, &SinkOptions::default());
    assert!(fs::read(&path).unwrap() == core);
    assert_eq!(stored.core, core.len() as u64);
    assert!(stored.written < 2_000_000, "{stored:?}");
    let there = fs::metadata(&path).unwrap();
    assert_eq!(there.mode() & 0o777, 0o600);
    assert!(there.blocks() * 512 < 3_000_000, "{}", there.blocks());
}

/// The decoder is another's than the encoder.
#[test]
fn frames_are_one_file_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("core.zst");
    for threads in [1, 3] {
        let (core, stored) = write(&path, &SinkOptions { threads, ..SinkOptions::default() });
        let packed = fs::read(&path).unwrap();
        assert_eq!((stored.core, stored.written), (core.len() as u64, packed.len() as u64));
        let (mut rest, mut unpacked) = (packed.as_slice(), Vec::new());
        while !rest.is_empty() {
            let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut rest).unwrap();
            frame.read_to_end(&mut unpacked).unwrap();
        }
        assert!(unpacked == core);
    }
}

#[test]
fn what_is_dropped_or_refused_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("core.zst");
    let mut sink = CoreSink::create(&path, &SinkOptions::default()).unwrap();
    sink.data(&[1; 3_000_000]).unwrap();
    drop(sink);
    let full = SinkOptions { least_free: u64::MAX / 2, ..SinkOptions::default() };
    assert!(matches!(CoreSink::create(&path, &full), Err(SinkError::NoRoom { .. })));
    let small = SinkOptions { most: Some(1000), compress: Some(false), ..SinkOptions::default() };
    let mut sink = CoreSink::create(&path, &small).unwrap();
    sink.zeros(5000).unwrap();
    sink.data(&[1; 1000]).unwrap();
    assert!(matches!(sink.data(&[1]), Err(SinkError::TooLarge { most: 1000, .. })));
    drop(sink);
    let nowhere = CoreSink::create(&folder.path().join("none").join("core"), &SinkOptions::default());
    assert!(matches!(nowhere, Err(SinkError::Write { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    for path in [folder.path(), &link] {
        assert!(matches!(CoreSink::create(path, &SinkOptions::default()), Err(SinkError::Write { .. })), "{path:?}");
    }
    assert!(link.is_symlink());
}
