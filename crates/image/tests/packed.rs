//! Compressed input: opened directly, capped by size, broken streams used as far as they go.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Crc;
use flate2::write::GzEncoder;
use goheap_image::{CoreFile, Executable, ImageError, OpenOptions};
use goheap_synth::mutate::{XorShift, flip};
use goheap_synth::{CoreBuilder, ExeBuilder, Machine, R, RW};
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use lzma_rust2::{XzOptions, XzWriter};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

fn core(bytes: &[u8]) -> Vec<u8> {
    let mut core = CoreBuilder::new(Machine::X86_64);
    core.thread(5, 6, &[]).segment(0xc0_0000_0000, bytes.len() as u64, RW, bytes);
    core.build()
}

/// Bytes that do not pack, so that a cut loses some of them.
fn noise(count: usize) -> Vec<u8> {
    let mut random = XorShift::new(3);
    (0..count).map(|_| random.draw() as u8).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let blocks = FrameInfo::new().block_size(BlockSize::Max64KB);
    let mut packer = FrameEncoder::with_frame_info(blocks, Vec::new());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    xz_of(bytes, 1 << 20)
}

fn xz_of(bytes: &[u8], dictionary: u32) -> Vec<u8> {
    let mut options = XzOptions::with_preset(0);
    options.lzma_options.dict_size = dictionary;
    let mut packer = XzWriter::new(Vec::new(), options).unwrap();
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// As apport packs a core: gzip, whose parts are lines of base64.
fn apport(packed: &[u8]) -> Vec<u8> {
    let mut report = b"ProblemType: Crash\nArchitecture: amd64\nProcCmdline: server\nCoreDump: base64\n".to_vec();
    for part in packed.chunks(1000) {
        report.extend(format!(" {}\n", BASE64_STANDARD.encode(part)).as_bytes());
    }
    report.extend(b"ExecutablePath: server\n");
    report
}

type Packer = fn(&[u8]) -> Vec<u8>;
const PACKERS: [(&str, Packer); 4] = [("zst", zstd), ("gz", gzip), ("lz4", lz4), ("xz", xz)];

fn open(bytes: &[u8], options: &OpenOptions) -> Result<CoreFile, ImageError> {
    let folder = tempfile::tempdir().unwrap();
    // No ending: the magic decides.
    let path = folder.path().join("core");
    std::fs::write(&path, bytes).unwrap();
    CoreFile::open(&path, options)
}

#[test]
fn every_compression_gives_the_same_core() {
    let plain = core(&noise(300_000));
    for (name, pack) in PACKERS {
        let core = open(&pack(&plain), &OpenOptions::default()).unwrap();
        assert_eq!((core.size(), core.missing_bytes(), core.threads()[0].tid), (plain.len() as u64, 0, 5), "{name}");
        assert_eq!(core.diagnostics().messages(), Vec::<String>::new(), "{name}");
        assert!(core.modified().is_some(), "{name}");
    }
}

#[test]
fn streams_of_several_frames() {
    let plain = core(&noise(100_000));
    let (first, second) = plain.split_at(50_000);
    for (name, pack) in PACKERS {
        let core = open(&[pack(first), pack(second)].concat(), &OpenOptions::default()).unwrap();
        assert_eq!((core.size(), core.missing_bytes()), (plain.len() as u64, 0), "{name}");
    }
    // pzstd puts a skippable frame first.
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], zstd(&plain).as_slice()].concat();
    assert_eq!(open(&skippable, &OpenOptions::default()).unwrap().missing_bytes(), 0);
}

#[test]
fn a_stream_that_breaks_off_is_a_truncated_core() {
    let plain = core(&noise(1_000_000));
    for (name, pack) in PACKERS {
        let packed = pack(&plain);
        let core = open(&packed[..packed.len() / 2], &OpenOptions::default()).unwrap();
        assert!(core.diagnostics().core_unpacking.is_some(), "{name}");
        assert_eq!(core.size() + core.missing_bytes(), plain.len() as u64, "{name}");
        // What is lost besides is a block at most: 128 KiB of zstd, 64 KiB as lz4 is packed here.
        assert!(core.size() > plain.len() as u64 / 2 - 131_072 - 1000, "{name}: {} of {}", core.size(), plain.len());
    }
}

#[test]
fn streams_cut_or_damaged_anywhere_do_not_panic() {
    let plain = core(&noise(3000));
    let mut random = XorShift::new(77);
    for (name, pack) in PACKERS {
        let packed = pack(&plain);
        for cut in (0..packed.len()).step_by(17) {
            let opened = open(&packed[..cut], &OpenOptions::default());
            assert!(opened.is_err() || opened.unwrap().diagnostics().core_unpacking.is_some(), "{name} cut at {cut}");
        }
        for _ in 0..150 {
            let mut damaged = packed.clone();
            flip(&mut damaged, 4, packed.len(), &mut random);
            let _ = open(&damaged, &OpenOptions { max_unpacked: Some(1 << 20) });
        }
    }
}

#[test]
fn the_unpacked_size_is_capped() {
    let plain = core(&vec![0; 1 << 20]);
    for (name, pack) in PACKERS {
        let cap = OpenOptions { max_unpacked: Some(1 << 20) };
        let error = open(&pack(&plain), &cap).err().unwrap();
        assert!(matches!(error, ImageError::UnpackedTooLarge { limit: 0x10_0000, .. }), "{name}: {error}");
        let room = OpenOptions { max_unpacked: Some(plain.len() as u64) };
        assert!(open(&pack(&plain), &room).is_ok(), "{name}");
    }
}

#[test]
fn a_zstd_window_beyond_reason_is_refused_with_advice() {
    // Frame header: no single segment, window descriptor 0xa0: 2^30 bytes.
    let error = open(&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 1, 0, 0], &OpenOptions::default()).err().unwrap();
    assert!(matches!(error, ImageError::WindowTooLarge { .. }), "{error}");
    assert!(error.to_string().contains("zstd -d"), "{error}");
}

#[test]
fn an_xz_dictionary_beyond_reason_is_refused_with_advice() {
    let mut packed = xz_of(b"few bytes", 1 << 20);
    // The first filter of the block, after the stream's 12 bytes: LZMA2 (0x21), one byte of properties; 36 stands for 1 GiB.
    assert_eq!(packed[14..16], [0x21, 1]);
    packed[16] = 36;
    let mut crc = Crc::new();
    crc.update(&packed[12..20]);
    packed[20..24].copy_from_slice(&crc.sum().to_le_bytes());
    let error = open(&packed, &OpenOptions::default()).err().unwrap();
    assert!(matches!(error, ImageError::WindowTooLarge { .. }), "{error}");
}

#[test]
fn the_core_of_a_crash_report_is_opened() {
    let plain = core(&noise(300_000));
    for pack in [gzip, zstd] {
        let core = open(&apport(&pack(&plain)), &OpenOptions::default()).unwrap();
        assert_eq!((core.size(), core.missing_bytes()), (plain.len() as u64, 0));
    }
    let half = apport(&gzip(&plain));
    let core = open(&half[..half.len() / 2], &OpenOptions::default()).unwrap();
    assert!(core.diagnostics().core_unpacking.is_some() && core.missing_bytes() > 0);
    let error = open(b"ProblemType: Bug\nTags: none\n", &OpenOptions::default()).err().unwrap();
    assert!(error.to_string().contains("no field CoreDump"), "{error}");
}

#[test]
fn compressions_that_are_not_read_are_named() {
    let error = open(b"BZh91AY", &OpenOptions::default()).err().unwrap();
    assert!(matches!(error, ImageError::UnsupportedCompression { format: "bzip2", .. }), "{error}");
}

#[test]
fn a_stream_of_nothing_is_an_empty_core() {
    for (name, pack) in PACKERS {
        let error = open(&pack(&[]), &OpenOptions::default()).err().unwrap();
        assert!(matches!(error, ImageError::Empty { .. }), "{name}: {error}");
    }
}

#[test]
fn packed_executables_open_too() {
    let plain = ExeBuilder::new(Machine::X86_64, 0x40_0000).load(0x40_1000, R, &[1; 64]).build();
    let folder = tempfile::tempdir().unwrap();
    for (name, pack) in PACKERS {
        let path: PathBuf = folder.path().join(name);
        std::fs::write(&path, pack(&plain)).unwrap();
        assert_eq!(Executable::open(&path, &OpenOptions::default()).unwrap().data(), plain, "{name}");
    }
}
