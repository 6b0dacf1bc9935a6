//! What the files of a core are called, and which are removed for new ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How the name of a core ends; before it stands `.part` where the stream ended early.
const WHOLE: &str = ".core.zst";
const PLAIN: &str = ".core";
/// What lies beside a core: facts and digests.
const BESIDE: [&str; 2] = [".proc.txt", ".report.json"];
/// Characters of a program's name.
const MOST_NAME: usize = 64;

/// The files of one core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    folder: PathBuf,
    stem: String,
    ending: &'static str,
}

impl Names {
    /// `PROGRAM-PID-TIME` in the folder. The program's name is what the process says it is: of it letters, digits, dots, dashes and
    /// underscores stay.
    pub(super) fn new(folder: &Path, program: &str, pid: u32, time: u64, is_plain: bool) -> Names {
        let is_fine = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_');
        let name: String = program.chars().take(MOST_NAME).map(|one| if is_fine(one) { one } else { '_' }).collect();
        // A name that begins with a dot is hidden, and one with a dash is an option to others.
        let name = name.trim_start_matches(['.', '-']);
        let name = if name.is_empty() { "unnamed" } else { name };
        let ending = if is_plain { PLAIN } else { WHOLE };
        Names { folder: folder.to_owned(), stem: format!("{name}-{pid}-{time}"), ending }
    }

    /// The core's own.
    pub(super) fn core(&self) -> PathBuf {
        self.folder.join(format!("{}{}", self.stem, self.ending))
    }

    /// That of a core which ended early.
    pub(super) fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.part{}", self.stem, self.ending))
    }

    /// What the system said of the process.
    pub(super) fn facts(&self) -> PathBuf {
        self.folder.join(format!("{}{}", self.stem, BESIDE[0]))
    }

    /// The digest.
    pub(super) fn digest(&self) -> PathBuf {
        self.folder.join(format!("{}{}", self.stem, BESIDE[1]))
    }
}

/// Removes all cores of the handler in the folder but the newest `keep`, with what lies beside them. Returns how many.
pub(super) fn prune(folder: &Path, keep: usize) -> io::Result<usize> {
    let mut cores: Vec<(u64, String)> = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(time) = stem(&name).and_then(time_of).filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file()))
        {
            cores.push((time, name));
        }
    }
    cores.sort();
    let removed = cores.len().saturating_sub(keep);
    for (_, name) in cores.iter().take(removed) {
        fs::remove_file(folder.join(name))?;
        for ending in BESIDE.iter().filter_map(|ending| Some(format!("{}{ending}", stem(name)?))) {
            // Not every core has them.
            let _ = fs::remove_file(folder.join(ending));
        }
    }
    Ok(removed)
}

/// The name of a core without its ending; None of other files.
fn stem(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(WHOLE).or_else(|| name.strip_suffix(PLAIN))?;
    Some(stem.strip_suffix(".part").unwrap_or(stem))
}

/// The time in `PROGRAM-PID-TIME`.
fn time_of(stem: &str) -> Option<u64> {
    let (rest, time) = stem.rsplit_once('-')?;
    let (program, pid) = rest.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(pid) && is_number(time) && !program.is_empty()).then(|| time.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let name = |program: &str| {
            let names = Names::new(Path::new("/d"), program, 7, 1_700_000_000, false);
            names.core().to_string_lossy().into_owned()
        };
        assert_eq!(name("server"), "/d/server-7-1700000000.core.zst");
        assert_eq!(name("../../etc/x y"), "/d/_.._etc_x_y-7-1700000000.core.zst");
        assert_eq!(name("--keep=0"), "/d/keep_0-7-1700000000.core.zst");
        assert_eq!(name(""), "/d/unnamed-7-1700000000.core.zst");
    }

    #[test]
    fn the_newest_stay_with_what_is_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "x").unwrap();
        for time in [30, 10, 20] {
            ["core.zst", "proc.txt", "report.json"].iter().for_each(|ending| write(&format!("a-1-{time}.{ending}")));
        }
        ["b-c-2-5.part.core.zst", "other.core.zst", "a-1-1.txt", "core-handler.log", "x-y-z.core"]
            .iter()
            .for_each(|name| write(name));
        assert_eq!(prune(folder.path(), 2).unwrap(), 2);
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "a-1-1.txt",
                "a-1-20.core.zst",
                "a-1-20.proc.txt",
                "a-1-20.report.json",
                "a-1-30.core.zst",
                "a-1-30.proc.txt",
                "a-1-30.report.json",
                "core-handler.log",
                "other.core.zst",
                "x-y-z.core"
            ]
        );
        assert_eq!(prune(folder.path(), 100).unwrap(), 0);
    }
}
