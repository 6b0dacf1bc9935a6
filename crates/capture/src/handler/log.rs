//! One line for each core: into a file, else into the kernel's log, for nobody reads what a handler prints.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The log's name.
const NAME: &str = "core-handler.log";
/// Beyond this the log begins anew, and the old one is kept for once.
const MOST_BYTES: u64 = 1 << 20;
/// Where the kernel's log is written to.
const KERNEL: &str = "/dev/kmsg";

/// Writes a line; true if somebody can read it.
pub(super) fn write(folder: &Path, line: &str) -> bool {
    // What a process calls itself must not make lines of its own.
    let line: String = line.chars().map(|one| if one.is_control() { '?' } else { one }).collect();
    let path = folder.join(NAME);
    if fs::metadata(&path).is_ok_and(|file| file.len() > MOST_BYTES) {
        // Where it cannot be renamed it grows.
        let _ = fs::rename(&path, old(&path));
    }
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
    let written = opened.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.is_ok() || kernel(&line)
}

fn old(path: &Path) -> PathBuf {
    path.with_extension("log.1")
}

/// Writes a line into the kernel's log, which has no other place for a handler that was called wrongly; true if that worked.
pub(super) fn kernel(line: &str) -> bool {
    let opened = File::options().write(true).open(KERNEL);
    opened.and_then(|mut file| file.write_all(format!("goheap core-handler: {line}\n").as_bytes())).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_core_has_a_line() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(folder.path(), "one") && write(folder.path(), "two\nthree"));
        assert_eq!(fs::read_to_string(folder.path().join(NAME)).unwrap(), "one\ntwo?three\n");
        fs::write(folder.path().join(NAME), vec![b'x'; 2 << 20]).unwrap();
        assert!(write(folder.path(), "new"));
        assert_eq!(fs::read_to_string(folder.path().join(NAME)).unwrap(), "new\n");
    }
}
