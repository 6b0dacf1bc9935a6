//! Running the built command, and the cores that the repository carries.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::panic, clippy::unwrap_used)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a run gave.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The run, which must have ended well.
    pub(crate) fn ok(self) -> Outcome {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self
    }
}

/// The command, in an environment that does not depend on who runs the tests.
pub(crate) fn command(arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goheap"));
    command.args(arguments).env("LC_ALL", "C.UTF-8").env_remove("COLUMNS").env_remove("RAYON_NUM_THREADS");
    command
}

/// Runs the command to its end.
pub(crate) fn run(mut command: Command) -> Outcome {
    let output = command.output().unwrap();
    let status = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}"));
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!stderr.contains("panicked"), "{stderr}");
    Outcome { status, stdout, stderr }
}

/// Runs with arguments of any kind of string.
#[macro_export]
macro_rules! goheap {
    ($($argument:expr),* $(,)?) => {
        $crate::common::run($crate::common::command(&[$( std::ffi::OsStr::new(&$argument) ),*]))
    };
}

/// A core that the repository carries.
pub(crate) struct Carried {
    pub(crate) release: &'static str,
    pub(crate) core: PathBuf,
    pub(crate) exe: PathBuf,
    pub(crate) truth: Value,
}

pub(crate) const RELEASES: [&str; 8] = ["1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];

/// The carried core of one release.
pub(crate) fn carried(release: &'static str) -> Carried {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
    let truth = std::fs::read_to_string(folder.join("truth.json")).unwrap();
    Carried {
        release,
        core: folder.join("structures.core.zst"),
        exe: folder.join("structures.zst"),
        truth: serde_json::from_str(&truth).unwrap(),
    }
}

/// The carried core of another program, `retained` or `goroutines`, of one release.
pub(crate) fn carried_of(program: &str, release: &'static str) -> Carried {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
    let truth = std::fs::read_to_string(folder.join(format!("{program}.truth.json"))).unwrap();
    Carried {
        release,
        core: folder.join(format!("{program}.core.zst")),
        exe: folder.join(format!("{program}.zst")),
        truth: serde_json::from_str(&truth).unwrap(),
    }
}

/// Every core that is carried, of every program.
pub(crate) fn all_cores() -> Vec<Carried> {
    let is_there = |program: &&str, release: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
        folder.join(format!("{program}.core.zst")).exists()
    };
    let others = |release| {
        ["edges", "goroutines", "names", "retained", "slack"].into_iter().filter(move |one| is_there(one, release))
    };
    let of = |release| others(release).map(move |program| carried_of(program, release)).chain([carried(release)]);
    RELEASES.into_iter().flat_map(of).collect()
}

/// The carried core of every release.
pub(crate) fn all_carried() -> impl Iterator<Item = Carried> {
    RELEASES.into_iter().map(carried)
}

impl Carried {
    /// The bytes of the core, unpacked.
    pub(crate) fn unpacked_core(&self) -> Vec<u8> {
        unpacked(&self.core)
    }

    /// The bytes of the executable, unpacked.
    pub(crate) fn unpacked_exe(&self) -> Vec<u8> {
        unpacked(&self.exe)
    }
}

fn unpacked(path: &Path) -> Vec<u8> {
    let file = std::fs::File::open(path).unwrap();
    let mut bytes = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(file).unwrap();
    std::io::Read::read_to_end(&mut decoder, &mut bytes).unwrap();
    bytes
}

/// A number of a JSON value.
pub(crate) fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {path}"))
}
