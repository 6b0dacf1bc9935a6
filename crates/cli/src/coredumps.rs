//! Cores by the process or program, out of the folder where systemd keeps them.

use crate::say::errors::Failure;
use std::path::{Path, PathBuf};

/// How a CORE begins that is no path.
pub(crate) const PREFIX: &str = "systemd:";

const FOLDER: &str = "/var/lib/systemd/coredump";

/// A core that systemd-coredump wrote: `core.NAME.UID.BOOT.PID.MICROSECONDS`, packed or not (systemd, coredump.c,
/// `make_filename`).
#[derive(Debug, PartialEq, Eq)]
struct Coredump {
    name: String,
    pid: u64,
    microseconds: u64,
}

/// The file that CORE means: itself, or of `systemd:PID`, `systemd:NAME` and `systemd:` the newest core.
pub(crate) fn resolve(core: &Path, folder: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(what) = core.to_str().and_then(|core| core.strip_prefix(PREFIX)) else { return Ok(core.to_owned()) };
    let folder = folder.unwrap_or(Path::new(FOLDER));
    let there = coredumps(folder);
    let is_wanted = |dump: &Coredump| what.is_empty() || dump.name == what || what.parse() == Ok(dump.pid);
    let newest = there.iter().filter(|(dump, _)| is_wanted(dump)).max_by_key(|(dump, _)| dump.microseconds);
    newest.map(|(_, path)| path.clone()).ok_or_else(|| Failure::NoCoredump {
        what: what.to_owned(),
        folder: folder.to_owned(),
        near: near(&there),
    })
}

/// Every core in the folder, by name of the file.
fn coredumps(folder: &Path) -> Vec<(Coredump, PathBuf)> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let named = |path: PathBuf| Some((parse(path.file_name()?.to_str()?)?, path));
    let mut found: Vec<_> = entries.filter_map(|entry| named(entry.path())).collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

fn parse(file: &str) -> Option<Coredump> {
    let name = [".zst", ".lz4", ".xz"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    // Dots of the name are escaped, but older releases did not.
    let mut parts = name.strip_prefix("core.")?.rsplitn(5, '.');
    let (microseconds, pid) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (_boot, _user) = (parts.next()?, parts.next()?);
    Some(Coredump { name: unescaped(parts.next()?), pid, microseconds })
}

/// `xescape` of systemd: `\\x2e` for a dot.
fn unescaped(name: &str) -> String {
    let mut parts = name.split("\\x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match byte {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(&part[2..]);
            }
            None => text.extend(["\\x", part]),
        }
    }
    text
}

fn near(there: &[(Coredump, PathBuf)]) -> String {
    const SHOWN: usize = 5;
    let mut newest: Vec<&Coredump> = there.iter().map(|(dump, _)| dump).collect();
    newest.sort_by_key(|dump| std::cmp::Reverse(dump.microseconds));
    let words: Vec<String> = newest.iter().take(SHOWN).map(|dump| format!("{:?} {}", dump.name, dump.pid)).collect();
    match words.len() {
        0 => "none is there".to_owned(),
        shown if shown < there.len() => format!("the newest: {} and {} more", words.join(", "), there.len() - shown),
        _ => format!("there are {}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BOOT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn names_of_files_tell_program_process_and_time() {
        let dump = parse(&format!("core.my\\x2eserver.1000.{BOOT}.4711.1700000000000000.zst"));
        assert_eq!(
            dump,
            Some(Coredump { name: "my.server".to_owned(), pid: 4711, microseconds: 1_700_000_000_000_000 })
        );
        assert_eq!(parse(&format!("core.a.b.0.{BOOT}.1.2")).unwrap().name, "a.b");
        assert_eq!([parse("core.x"), parse("notes"), parse(&format!("core.a.0.{BOOT}.x.2"))], [None, None, None]);
    }

    #[test]
    fn the_newest_of_a_process_or_program_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for (name, pid, time) in [("server", 10, 5), ("server", 11, 7), ("job", 12, 6), ("job", 10, 9)] {
            std::fs::write(folder.path().join(format!("core.{name}.0.{BOOT}.{pid}.{time}.lz4")), "").unwrap();
        }
        let newest = |what: &str| {
            let path = resolve(Path::new(what), Some(folder.path())).unwrap();
            parse(path.file_name().unwrap().to_str().unwrap()).unwrap().microseconds
        };
        assert_eq!(["systemd:server", "systemd:10", "systemd:12", "systemd:"].map(newest), [7, 9, 6, 9]);
        assert_eq!(resolve(Path::new("core.1"), None).unwrap(), Path::new("core.1"));
        let error = resolve(Path::new("systemd:cron"), Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("no core of \"cron\"") && error.contains("\"job\" 10, \"server\" 11"), "{error}");
    }
}
