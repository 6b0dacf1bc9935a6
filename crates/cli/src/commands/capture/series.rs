//! Names of several cores, and which are kept.

use crate::say::speaker::{self, Speaker};
use goheap_model::words::utc;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Cores of one watch.
pub(super) struct Series {
    out: PathBuf,
    keep: usize,
    /// Whether there may be more than one.
    pub(super) is_several: bool,
    /// Those that are there, the oldest first; the last is the one that is being taken.
    made: VecDeque<PathBuf>,
}

impl Series {
    pub(super) fn new(out: PathBuf, keep: u32, is_several: bool) -> Series {
        Series { out, keep: keep as usize, is_several, made: VecDeque::new() }
    }

    /// The name of the next.
    pub(super) fn next(&mut self) -> PathBuf {
        if !self.is_several {
            return self.out.clone();
        }
        let time = utc(SystemTime::now()).unwrap_or_default();
        let name = with_time(&self.out, &compact(&time));
        if self.made.back() != Some(&name) {
            self.made.push_back(name.clone());
        }
        name
    }

    /// Removes those that are more than are kept; cores of other watches stay.
    pub(super) fn drop_old(&mut self, speaker: Speaker) {
        while self.made.len() > self.keep {
            let Some(old) = self.made.pop_front() else { return };
            match fs::remove_file(&old) {
                Ok(()) => speaker.note(format_args!("{} was removed: --keep {}", old.display(), self.keep)),
                Err(error) if old.exists() => {
                    speaker::warning(format_args!("cannot remove {}: {error}", old.display()));
                }
                // It failed, or somebody has taken it away.
                Err(_) => {}
            }
        }
    }
}

/// `2026-11-30 10:45:01 UTC` as `20261130T104501Z`.
fn compact(time: &str) -> String {
    let digits: String = time.chars().filter(|letter| letter.is_ascii_digit() || *letter == ' ').collect();
    digits.trim_end().replace(' ', "T") + "Z"
}

/// Before the endings that tell what the file is.
fn with_time(out: &Path, time: &str) -> PathBuf {
    let name = out.file_name().unwrap_or_default();
    let (stem, ending) = match out.extension() {
        Some(ending) if ending == "zst" => (out.file_stem().unwrap_or_default(), ".zst"),
        _ => (name, ""),
    };
    let mut timed = OsString::from(stem);
    timed.push(format!("-{time}{ending}"));
    out.with_file_name(timed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_stand_before_the_ending() {
        assert_eq!(compact("2026-11-30 10:45:01 UTC"), "20261130T104501Z");
        assert_eq!(with_time(Path::new("/a/core.7.zst"), "T"), Path::new("/a/core.7-T.zst"));
        assert_eq!(with_time(Path::new("core.7"), "T"), Path::new("core.7-T"));
    }

    #[test]
    fn the_last_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut series = Series::new(folder.path().join("core"), 2, true);
        for number in 0..4 {
            let path = folder.path().join(number.to_string());
            fs::write(&path, "").unwrap();
            series.made.push_back(path);
            series.drop_old(Speaker::new(true));
        }
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["2", "3"]);
    }
}
