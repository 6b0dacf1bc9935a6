//! Compressed inputs, by way of a file as a user has them.

use crate::bounded_beside;
use goheap_image::{CoreFile, OpenOptions};
use libfuzzer_sys::Corpus;
use std::fs;
use std::path::PathBuf;

/// How files begin that are one format's; other inputs are not kept.
pub const ZSTD: &[&[u8]] = &[b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"];
/// The same.
pub const GZIP: &[&[u8]] = &[b"\x1f\x8b"];
/// The same.
pub const LZ4: &[&[u8]] = &[b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"];
/// The same.
pub const XZ: &[&[u8]] = &[b"\xfd7zXZ\0"];
/// The same.
pub const APPORT: &[&[u8]] = &[b"ProblemType:"];

/// Unpacked bytes at most: enough for every path, little enough for many runs.
const LIMIT: u64 = 16 << 20;

/// What a decoder takes beside its window. A window of 128 MiB is all that an input may take, and is one that `zstd -d` takes, too:
/// a frame of 38 bytes may ask for it.
const BUFFERS: usize = 2 << 20;

/// Opens `input` as a core if it begins as `starts` say.
pub fn target(input: &[u8], starts: &[&[u8]]) -> Corpus {
    if !starts.iter().any(|start| input.starts_with(start)) {
        return Corpus::Reject;
    }
    let path = file();
    fs::write(&path, input).expect("a place for the input");
    bounded_beside(BUFFERS, input, |_| {
        let options = OpenOptions { max_unpacked: Some(LIMIT) };
        if let Ok(core) = CoreFile::open(&path, &options) {
            assert!(core.size() <= LIMIT);
        }
    });
    Corpus::Keep
}

/// One file for each process; scripts/fuzz removes the folder.
fn file() -> PathBuf {
    std::env::temp_dir().join(format!("goheap-fuzz-{}", std::process::id()))
}
