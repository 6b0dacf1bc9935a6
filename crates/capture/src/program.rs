//! Whether a process is one that goheap reads: 64 bits, Go.

use crate::error::CaptureError;
use crate::maps;
use crate::proc_files::ProcFolder;
use goheap_image::{Executable, ImageError, MemoryImage, OpenOptions};
use goheap_runtime::MappedElf;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

#[cfg(target_arch = "aarch64")]
const MACHINE: &str = "arm64";
#[cfg(not(target_arch = "aarch64"))]
const MACHINE: &str = "x86-64";

/// Refuses what is none; with `any` a program of another language is none to refuse.
pub(crate) fn check(process: &ProcFolder, any: bool) -> Result<(), CaptureError> {
    let pid = process.pid;
    let exe = process.executable()?;
    let is_go = match Executable::open(&process.file("exe"), &OpenOptions::default()) {
        Ok(file) => is_go(&file),
        Err(ImageError::Elf32 { .. }) => {
            return Err(CaptureError::OtherMachine { pid, bits: 32, machine: MACHINE });
        }
        Err(ImageError::Unreadable { source, .. }) => return Err(process.failed(process.file("exe"), source)),
        Err(_) => false,
    };
    match any || is_go || has_loaded_go(process)? {
        true => Ok(()),
        false => Err(CaptureError::NotGo { pid, exe }),
    }
}

/// Go inside a program of C: a library that it has loaded.
fn has_loaded_go(process: &ProcFolder) -> Result<bool, CaptureError> {
    let code = maps::parse(&process.bytes("maps")?);
    let ranges: BTreeSet<(Vec<u8>, u64, u64)> = code
        .into_iter()
        .filter(|mapping| mapping.executable && mapping.inode != 0)
        .map(|mapping| (mapping.path, mapping.start, mapping.end))
        .collect();
    let mut seen = BTreeSet::new();
    Ok(ranges.into_iter().filter(|(path, ..)| seen.insert(path.clone())).any(|(path, start, end)| {
        // The file itself, whatever has become of its name.
        let itself = process.file(&format!("map_files/{start:x}-{end:x}"));
        // Only root may open that.
        let path = OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(&path));
        let named = || opened(&process.file("root").join(path));
        opened(&itself).or_else(named).is_some_and(|file| is_go(&file))
    }))
}

fn opened(path: &Path) -> Option<Executable> {
    Executable::open(path, &OpenOptions::default()).ok()
}

fn is_go(executable: &Executable) -> bool {
    let memory = MemoryImage::default();
    MappedElf { executable, load_bias: 0, memory: &memory }.is_go()
}
