//! What the system says of a process, while it is still there: with `core_pipe_limit` 0 much of it is gone when the core has been read.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Files of `/proc/PID` that are kept; not its environment, which is full of secrets.
const FILES: [&str; 9] =
    ["cmdline", "status", "cgroup", "limits", "oom_score", "oom_score_adj", "smaps_rollup", "mounts", "maps"];
/// Of a control group, by the names of both versions.
const OF_GROUP: [&str; 8] = [
    "memory.max",
    "memory.high",
    "memory.current",
    "memory.peak",
    "memory.events",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "memory.max_usage_in_bytes",
];
/// Of one file: a process may have a million mappings.
const MOST_BYTES: u64 = 4 << 20;

/// Writes all that can be read into `out`, each file below its name.
pub(super) fn write(process: &Path, out: &mut dyn Write) -> io::Result<()> {
    for name in FILES {
        section(&process.join(name), out)?;
    }
    for folder in groups(process) {
        for name in OF_GROUP {
            section(&Path::new("/sys/fs/cgroup").join(&folder).join(name), out)?;
        }
    }
    Ok(())
}

fn section(path: &Path, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut text));
    if read.is_err() && text.is_empty() {
        return Ok(());
    }
    // The words of a command line end with zeros.
    text.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    writeln!(out, "== {}", path.display())?;
    out.write_all(&text)?;
    if text.last() != Some(&b'\n') {
        writeln!(out)?;
    }
    Ok(())
}

/// Folders of the process's groups that have memory, below `/sys/fs/cgroup`.
fn groups(process: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(process.join("cgroup")) else { return Vec::new() };
    let lines = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let path = path.trim_start_matches('/');
        let is_plain = !path.split('/').any(|part| part == "..");
        match controllers {
            "" => Some(path.to_owned()),
            _ if controllers.split(',').any(|one| one == "memory") => Some(format!("memory/{path}")),
            _ => None,
        }
        .filter(|_| is_plain)
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn facts_stand_below_their_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cmdline"), b"server\0--port\0").unwrap();
        std::fs::write(folder.path().join("cgroup"), "7:memory:/a/b\n3:cpu:/c\n0::/../d\n").unwrap();
        std::fs::write(folder.path().join("environ"), "PASSWORD=x").unwrap();
        let mut out = Vec::new();
        write(folder.path(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(&format!("== {}/cmdline\nserver --port \n== ", folder.path().display())), "{text}");
        assert!(!text.contains("PASSWORD"));
        assert_eq!(groups(folder.path()), ["memory/a/b"]);
    }
}
