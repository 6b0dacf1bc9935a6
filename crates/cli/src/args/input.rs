//! Options of every command that reads a core.

use crate::coredumps;
use crate::say::errors::Failure;
use crate::shell;
use clap::Args;
use goheap::index_file::{CoreOptions, IndexUse};
use goheap_image::OpenRequest;
use goheap_runtime::GoVersion;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Options of the whole tool: how the core is opened.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command that reads a core")]
pub(super) struct InputOptions {
    /// The executable that made the core; it may be compressed
    ///
    /// Without it the executable is looked for where the core says it was: under --sysroot, at that very path, then beside the
    /// core. An executable that did not make the core is refused.
    #[arg(long, value_name = "EXECUTABLE", global = true)]
    exe: Option<PathBuf>,
    /// A folder of executables, of which the one that made the core is taken; may be given more than once
    ///
    /// Told by the build id that the core has of it: as .build-id/ab/cdef... or ID/executable in the folder, else among all
    /// the files below it. Where the core has no build id, by the program's name.
    #[arg(long, value_name = "FOLDER", global = true)]
    exe_dir: Vec<PathBuf>,
    /// The separate debug file of a stripped executable (objcopy --only-keep-debug)
    ///
    /// Without it one is looked for as gdb does: by build id and .gnu_debuglink, beside the executable, under --debug-dir and
    /// /usr/lib/debug, and in what debuginfod's clients have fetched. Nothing is asked of a network.
    #[arg(long, value_name = "FILE", global = true)]
    debug_file: Option<PathBuf>,
    /// A folder of debug files, laid out like /usr/lib/debug; may be given more than once
    #[arg(long, value_name = "FOLDER", global = true)]
    debug_dir: Vec<PathBuf>,
    /// Where systemd keeps cores, for a CORE such as systemd:4711 [default: /var/lib/systemd/coredump]
    #[arg(long, value_name = "FOLDER", hide_default_value = true, global = true)]
    coredump_dir: Option<PathBuf>,
    /// Do as if the executable were stripped: no DWARF and no symbol table
    ///
    /// The offsets of the runtime's fields then come from a built-in table. Sums do not change; variables lose their names.
    #[arg(long, global = true)]
    no_dwarf: bool,
    /// The Go release that built the program, such as 1.26, for one that does not say it
    ///
    /// A program built with -ldflags -X runtime.buildVersion=... may hide its release. What is given here counts, whatever the program
    /// says.
    #[arg(long, value_name = "RELEASE", value_parser = release, global = true)]
    go: Option<GoVersion>,
    /// The library of Go that is to be read, by name or path, where the process had more than one Go in it
    ///
    /// A program may have loaded several libraries of Go (-buildmode=c-shared), each with a heap of its own. One in a program that is
    /// not Go is read at once; of several this says which, and of a Go program it says that its library is meant. Plugins need
    /// not be named: they share the program's heap.
    #[arg(long, value_name = "FILE", global = true)]
    module: Option<PathBuf>,
    /// A folder that stands for / of the machine the process ran on
    ///
    /// The executable and shared libraries are looked for there first, such as in an unpacked container image.
    #[arg(long, value_name = "FOLDER", global = true)]
    sysroot: Option<PathBuf>,
    /// The most that a compressed file may unpack to, such as 64G [default: 256G]
    ///
    /// It goes to a sparse temporary file in $TMPDIR that is gone when goheap ends.
    #[arg(long, value_name = "SIZE", value_parser = size, hide_default_value = true, global = true)]
    max_unpacked: Option<u64>,
    /// The most memory to use, such as 4G [default: 75 % of what is available]
    ///
    /// Anonymous memory: the core is mapped and does not count. A stage that would take more is refused before it begins, with
    /// what it wants. Available is what the machine has (MemAvailable of /proc/meminfo) or, if that is less, what the control
    /// group leaves.
    #[arg(long, value_name = "SIZE", value_parser = size, hide_default_value = true, global = true)]
    max_memory: Option<u64>,
    /// The index of this core that `index` made; by default CORE.goheap, if that is there
    #[arg(long, value_name = "FILE", conflicts_with = "no_index", global = true)]
    index: Option<PathBuf>,
    /// Use no index that lies beside the core
    #[arg(long, global = true)]
    no_index: bool,
    /// Write sizes to the byte: 1,258,291 B, not 1.2 MiB
    ///
    /// In text for people. JSON and CSV always have bytes, as plain numbers.
    #[arg(long, global = true)]
    bytes: bool,
    /// Write names whole: types with the whole import path of their package, and nothing cut where a table has no room
    ///
    /// Without it a type reads as in Go source, http.Header for net/http.Header, unless another package of the program ends alike. Variables
    /// and functions always have their whole path, and so have types in the CSV and JSON of histogram, objects, object and owners.
    #[arg(long, global = true)]
    full_names: bool,
    /// Say nothing on stderr but warnings and errors
    ///
    /// Without it the progress is shown where stderr is a terminal, and at the end what was written.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Tell on stderr how long each stage took, and its memory
    ///
    /// Wall and CPU seconds (of all threads), and the most anonymous memory that was in use in the stage. Also with --quiet.
    #[arg(long, global = true)]
    timings: bool,
}

/// What every command that reads a core needs.
pub(crate) struct Input {
    /// What to open.
    pub(crate) request: OpenRequest,
    /// Whether to do as if the executable were stripped.
    pub(crate) no_dwarf: bool,
    /// The Go release, where the user says it.
    pub(crate) go: Option<GoVersion>,
    /// The index that is to be used.
    pub(crate) index: Option<PathBuf>,
    /// Whether one beside the core is not.
    pub(crate) no_index: bool,
    /// The most memory to use, in bytes.
    pub(crate) max_memory: Option<u64>,
    /// Whether sizes are written to the byte.
    pub(crate) bytes: bool,
    /// Whether names are written whole.
    pub(crate) full_names: bool,
    /// Whether to say nothing but warnings and errors.
    pub(crate) quiet: bool,
    /// Whether to tell how long each stage took.
    pub(crate) timings: bool,
}

/// What commands need that take cores of live processes.
#[cfg(feature = "capture")]
pub(crate) struct OfProcess {
    /// The most memory to use, in bytes.
    pub(crate) max_memory: Option<u64>,
    /// Whether to say nothing but warnings and errors.
    pub(crate) quiet: bool,
}

impl Input {
    /// The words that open the same core as it was opened, for commands that are suggested.
    pub(crate) fn opening(&self) -> String {
        let OpenRequest {
            core, executable, module, sysroot, exe_folders, debug_file, debug_folders, max_unpacked, ..
        } = &self.request;
        let paths = [
            ("--debug-file", debug_file),
            ("--exe", executable),
            ("--index", &self.index),
            ("--module", module),
            ("--sysroot", sysroot),
        ];
        let paths = paths.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        let folders = [("--debug-dir", debug_folders), ("--exe-dir", exe_folders)].into_iter();
        let folders = folders.flat_map(|(name, folders)| folders.iter().map(move |folder| (name, folder)));
        let named = paths.chain(folders).map(|(name, path)| (name, path.as_os_str().to_owned()));
        let go = self.go.as_ref().map(|go| go.text.clone());
        let number = |number: u64| number.to_string();
        let values =
            [("--go", go), ("--max-memory", self.max_memory.map(number)), ("--max-unpacked", max_unpacked.map(number))];
        let values = values.into_iter().filter_map(|(name, value)| Some((name, value?.into())));
        let flags = [
            ("--bytes", self.bytes),
            ("--full-names", self.full_names),
            ("--no-dwarf", self.no_dwarf),
            ("--no-index", self.no_index),
        ];
        let flags = flags.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name.into());
        let mut words: Vec<OsString> = vec![core.as_os_str().to_owned()];
        words.extend(named.chain(values).flat_map(|(name, value)| [name.into(), value]));
        words.extend(flags);
        shell::line(&words)
    }

    /// What of it changes every answer.
    pub(crate) fn core_options(&self) -> CoreOptions {
        let index = match &self.index {
            Some(path) => IndexUse::Named(path.clone()),
            None if self.no_index => IndexUse::None,
            None => IndexUse::Beside,
        };
        CoreOptions {
            request: self.request.clone(),
            go: self.go.clone(),
            no_dwarf: self.no_dwarf,
            full_names: self.full_names,
            index,
        }
    }

    /// The same for another core, with another executable where one is named. An index that is named is of the first core alone.
    pub(crate) fn of_core(&self, core: &Path, executable: Option<&Path>) -> Input {
        let is_same = core == self.request.core;
        let executable = executable.map(Path::to_owned).or_else(|| self.request.executable.clone());
        Input {
            request: OpenRequest { core: core.to_owned(), executable, ..self.request.clone() },
            go: self.go.clone(),
            index: self.index.clone().filter(|_| is_same),
            ..*self
        }
    }

    /// The files that were named, which no output may replace.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        let named = [Some(&self.request.core), self.request.executable.as_ref()];
        named.into_iter().flatten().map(PathBuf::as_path).collect()
    }
}

impl InputOptions {
    #[cfg(feature = "capture")]
    pub(super) fn of_process(&self) -> OfProcess {
        OfProcess { max_memory: self.max_memory, quiet: self.quiet }
    }

    /// These options with the core.
    pub(super) fn input(&self, core: &Path) -> Result<Input, Failure> {
        let request = OpenRequest {
            core: coredumps::resolve(core, self.coredump_dir.as_deref())?,
            executable: self.exe.clone(),
            module: self.module.clone(),
            sysroot: self.sysroot.clone(),
            exe_folders: self.exe_dir.clone(),
            debug_file: self.debug_file.clone(),
            debug_folders: self.debug_dir.clone(),
            debuginfod_cache: debuginfod_cache(),
            max_unpacked: self.max_unpacked,
        };
        let InputOptions { no_dwarf, no_index, max_memory, bytes, full_names, quiet, timings, .. } = *self;
        let (go, index) = (self.go.clone(), self.index.clone());
        Ok(Input { request, no_dwarf, go, index, no_index, max_memory, bytes, full_names, quiet, timings })
    }
}

/// The cache of debuginfod's clients (debuginfod_find_debuginfo(3)), where there is one.
fn debuginfod_cache() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let cache = folder("DEBUGINFOD_CACHE_PATH").or_else(|| Some(user()?.join("debuginfod_client")));
    cache.filter(|cache| cache.is_dir())
}

/// A Go release, with `go` before it or without; experiments may follow as in `1.25.5 X:greenteagc`.
fn release(text: &str) -> Result<GoVersion, String> {
    let text = text.trim();
    let whole = if text.contains("go1.") { text.to_owned() } else { format!("go{text}") };
    GoVersion::parse(&whole).ok_or_else(|| "a Go release is needed, such as 1.26".to_owned())
}

/// Bytes, in units of 1024 with a suffix.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err("a number of bytes, or of K, M, G or T, such as 64G".to_owned()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    // Of more digits than a double holds nobody knows the difference.
    let part = format!("0.{part}").parse::<f64>().ok().filter(|_| part.bytes().all(|digit| digit.is_ascii_digit()));
    let (Ok(whole), Some(part)) = (whole.parse::<u64>(), part) else {
        return Err("a number is needed, such as 64G".to_owned());
    };
    let bytes =
        whole.checked_mul(1 << shift).and_then(|bytes| bytes.checked_add((part * (1_u64 << shift) as f64) as u64));
    bytes.ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn releases_are_given_with_go_or_without() {
        let minors = ["1.26", "go1.26.5", "1.26.5-X:arenas"].map(|text| release(text).map(|version| version.minor));
        assert_eq!(minors, [Ok(26), Ok(26), Ok(26)]);
        assert!(release("26").is_err() && release("new").is_err() && release("").is_err());
    }

    #[test]
    fn what_is_suggested_opens_the_core_as_it_was_opened() {
        let options = InputOptions {
            exe: None,
            exe_dir: vec!["builds".into(), "old builds".into()],
            debug_file: Some("x.debug".into()),
            debug_dir: vec!["debug".into()],
            coredump_dir: None,
            no_dwarf: true,
            go: Some(release("1.26").unwrap()),
            module: Some("lib.so".into()),
            sysroot: Some("image".into()),
            max_unpacked: Some(1024),
            max_memory: Some(4096),
            index: Some("an.index".into()),
            no_index: true,
            bytes: true,
            full_names: true,
            quiet: true,
            timings: true,
        };
        let input = options.input(Path::new("a.core")).unwrap_or_else(|_| unreachable!());
        assert_eq!(
            input.opening(),
            "a.core --debug-file x.debug --index an.index --module lib.so --sysroot image --debug-dir debug --exe-dir builds \
             --exe-dir 'old builds' --go go1.26 --max-memory 4096 --max-unpacked 1024 --bytes --full-names --no-dwarf --no-index"
        );
    }

    #[test]
    fn sizes_are_in_units_of_1024() {
        let sizes = ["17", "4K", "4kb", "3MiB", "2g", "1T", "1.5G", "0.5k"].map(|text| size(text).unwrap());
        assert_eq!(sizes, [17, 4096, 4096, 3 << 20, 2 << 30, 1 << 40, 3 << 29, 512]);
        for wrong in ["", "G", "-1", ".5G", "1.-5G", "1.5.5G", "1e3", "12X", "99999999T", "16777216.0T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
