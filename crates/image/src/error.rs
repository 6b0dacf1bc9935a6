//! Why a core or an executable cannot be opened. Each message is one line that says what to do.

use std::io;
use std::path::PathBuf;

use crate::elf::Machine;

/// Which of the two inputs a file was given as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The core dump.
    Core,
    /// The executable that died.
    Executable,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Role::Core => "core",
            Role::Executable => "executable",
        })
    }
}

/// Why a core or an executable cannot be opened.
///
/// Paths are shown quoted and escaped: they may come from the core.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file is missing, not readable or not a file.
    #[error("cannot read the {role} {path:?}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
        /// The system's reason.
        source: io::Error,
    },
    /// The file has no bytes: often a full disk or `ulimit -c 0`.
    #[error("the {role} {path:?} is empty; was the disk full when it was written?")]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
    },
    /// No ELF magic, and no compression that is known.
    #[error(
        "{path:?} is not an ELF file; give the {role} of the Go program (.zst, .xz, .gz and .lz4 are opened directly)"
    )]
    NotElf {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
    },
    /// A format that is known by its first bytes, and no core or executable of Linux.
    #[error("{path:?} is {format}, not the {role} of a Go program; {advice}")]
    ForeignFormat {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
        /// What it is, with its article.
        format: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// `ELFCLASS32`.
    #[error("{path:?} is a 32-bit ELF file; only 64-bit x86-64 and aarch64 programs can be read")]
    Elf32 {
        /// The file.
        path: PathBuf,
    },
    /// `ELFDATA2MSB`.
    #[error("{path:?} is a big-endian ELF file; only little-endian x86-64 and aarch64 programs can be read")]
    BigEndian {
        /// The file.
        path: PathBuf,
    },
    /// An `e_machine` other than x86-64 and aarch64.
    #[error("{path:?} is of another machine (e_machine {machine}); only x86-64 and aarch64 programs can be read")]
    UnsupportedMachine {
        /// The file.
        path: PathBuf,
        /// `e_machine`.
        machine: u16,
    },
    /// The file ends inside its ELF header, or holds no segment at all.
    #[error(
        "the {role} {path:?} is cut short after {size} bytes, before its first segment; nothing can be read from it"
    )]
    HeadersCut {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
        /// Bytes there are.
        size: u64,
    },
    /// More program headers than any process has mappings.
    #[error("{path:?} claims {count} segments, more than the limit of {limit}; it is damaged")]
    TooManySegments {
        /// The file.
        path: PathBuf,
        /// The number claimed.
        count: u64,
        /// The most that are read.
        limit: u64,
    },
    /// An executable or library (`ET_EXEC`, `ET_DYN`) where the core should be.
    #[error("{path:?} is an executable, not a core dump; the core comes first: goheap CORE --exe EXECUTABLE")]
    ExecutableAsCore {
        /// The file.
        path: PathBuf,
    },
    /// A core dump where the executable should be.
    #[error("{path:?} is a core dump, not an executable; the core comes first: goheap CORE --exe EXECUTABLE")]
    CoreAsExecutable {
        /// The file.
        path: PathBuf,
    },
    /// Some other `e_type`, such as an object file.
    #[error("{path:?} is an ELF file of type {kind}, not the {role} that is needed")]
    WrongElfType {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
        /// `e_type`.
        kind: u16,
    },
    /// Core and executable are of different machines.
    #[error(
        "the core is of {core}, but {path:?} is of {executable}; give the executable that made the core with --exe"
    )]
    MachineMismatch {
        /// The executable.
        path: PathBuf,
        /// The core's machine.
        core: Machine,
        /// The executable's machine.
        executable: Machine,
    },
    /// The program is packed, and the core holds it unpacked.
    #[error(
        "{path:?} is packed with UPX, and the core holds the program as unpacked; give it as it was before with --exe, \
         or a copy unpacked with: upx -d -o UNPACKED {path:?}"
    )]
    PackedByUpx {
        /// The file.
        path: PathBuf,
    },
    /// The executable is of no use, and what is wanted is known.
    #[error("{source}{}", wanted(wanted_id, *deleted))]
    WrongExecutable {
        /// Why it is of no use.
        source: Box<ImageError>,
        /// The build id of the program that made the core, or `unknown`; empty when the reason tells it.
        wanted_id: String,
        /// The core says that the file was gone when it was written.
        deleted: bool,
    },
    /// The process had no such file mapped.
    #[error("the process had no file {name:?} loaded that is found here{}; give it with --exe", loaded(files))]
    NoSuchModule {
        /// The name asked for.
        name: PathBuf,
        /// The libraries that it had, those found first.
        files: Vec<PathBuf>,
    },
    /// Several of the mapped files have that name.
    #[error("the process had several files {name:?} loaded{}; give its path with --module", loaded(files))]
    AmbiguousModule {
        /// The name asked for.
        name: PathBuf,
        /// The files of that name.
        files: Vec<PathBuf>,
    },
    /// The executable is not the one that made the core.
    #[error("{path:?} did not make this core: {evidence}; give the executable that did with --exe")]
    ExecutableMismatch {
        /// The executable.
        path: PathBuf,
        /// How that is known.
        evidence: MismatchEvidence,
    },
    /// A separate debug file where the executable should be, which is not found either.
    #[error(
        "{path:?} is a separate debug file: it has no code. Give the stripped program itself with --exe, and this file with --debug-file"
    )]
    DebugFileAsExecutable {
        /// The debug file.
        path: PathBuf,
    },
    /// The debug file is of another build than the executable.
    #[error(
        "the debug file {path:?} (build id {debug_id}) is not of {executable:?} (build id {id}); give that of the same build"
    )]
    DebugFileMismatch {
        /// The debug file.
        path: PathBuf,
        /// Its build id, or `none`.
        debug_id: String,
        /// The executable.
        executable: PathBuf,
        /// Its build id, or `none`.
        id: String,
    },
    /// No executable was given and none of the places looked at has it.
    #[error(
        "the executable of the core was not found ({}); give it with --exe, or its root folder with --sysroot",
        looked(tried)
    )]
    ExecutableNotFound {
        /// The places looked at, in order.
        tried: Vec<PathBuf>,
    },
    /// A compression that is known but not read.
    #[error("the {role} {path:?} is compressed with {format}; unpack it first ({hint})")]
    UnsupportedCompression {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
        /// The compression.
        format: &'static str,
        /// The command that unpacks it.
        hint: &'static str,
    },
    /// Nothing could be unpacked.
    #[error("cannot unpack the {role} {path:?}: {source}; it is damaged, or try to unpack it by hand")]
    Unpack {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        role: Role,
        /// The decoder's reason.
        source: io::Error,
    },
    /// The unpacked size passes the cap.
    #[error("{path:?} unpacks to more than {limit} bytes; raise the limit with --max-unpacked if that is right")]
    UnpackedTooLarge {
        /// The file.
        path: PathBuf,
        /// The cap, bytes.
        limit: u64,
    },
    /// The window of a zstd frame or the dictionary of an xz block is larger than is allowed: it would need that much memory.
    #[error(
        "{path:?} was packed with a window over {limit} bytes; unpack it first (zstd -d --long=31 FILE, or xz -d FILE)"
    )]
    WindowTooLarge {
        /// The file.
        path: PathBuf,
        /// The largest window that is unpacked.
        limit: u64,
    },
    /// The temporary file cannot be written.
    #[error(
        "cannot write the unpacked {role} to a temporary file in {folder:?}: {source}; set TMPDIR to a folder with more room"
    )]
    Temporary {
        /// Where it was to be.
        folder: PathBuf,
        /// What was unpacked.
        role: Role,
        /// The system's reason.
        source: io::Error,
    },
}

impl ImageError {
    /// The reason itself, without what is said beside it.
    pub fn reason(&self) -> &ImageError {
        match self {
            ImageError::WrongExecutable { source, .. } => source.reason(),
            reason => reason,
        }
    }
}

/// How it is known that an executable did not make a core. An absent id is shown as `none`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MismatchEvidence {
    /// The GNU build ids (`NT_GNU_BUILD_ID`) differ.
    #[error("the core's build id is {}, the file's {}", hex(core), hex(file))]
    GnuBuildId {
        /// The id in the core's memory.
        core: Vec<u8>,
        /// The id in the file.
        file: Vec<u8>,
    },
    /// The Go build ids (note `Go`, type 4) differ.
    #[error("the core's Go build id is {core:?}, the file's {file:?}")]
    GoBuildId {
        /// The id in the core's memory.
        core: String,
        /// The id in the file.
        file: String,
    },
    /// Read-only pages that both hold differ.
    #[error(
        "{differing} of {compared} read-only pages that both hold differ (build id of the core {core}, of the file {file})"
    )]
    Contents {
        /// Pages that differ.
        differing: u64,
        /// Pages compared.
        compared: u64,
        /// The core's build id, or `unknown`.
        core: String,
        /// The file's build id, or `none`.
        file: String,
    },
    /// The program headers in the core's memory are not those of the file.
    #[error("their segments differ (build id of the core {core}, of the file {file})")]
    Segments {
        /// The core's build id, or `unknown`.
        core: String,
        /// The file's build id, or `none`.
        file: String,
    },
    /// The entry point of a program that cannot be moved is another.
    #[error(
        "the core's entry point is {core:#x}, the file's {file:#x} (build id of the core {core_id}, of the file {file_id})"
    )]
    Entry {
        /// `AT_ENTRY`.
        core: u64,
        /// `e_entry`.
        file: u64,
        /// The core's build id, or `unknown`.
        core_id: String,
        /// The file's build id, or `none`.
        file_id: String,
    },
}

/// Bytes as lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn wanted(id: &str, deleted: bool) -> String {
    let id = if id.is_empty() { String::new() } else { format!("; the core's program has build id {id}") };
    let gone = if deleted { "; the core says that its file had been deleted or replaced" } else { "" };
    format!("{id}{gone}")
}

fn loaded(files: &[PathBuf]) -> String {
    const SHOWN: usize = 8;
    if files.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = files.iter().take(SHOWN).map(|path| format!("{path:?}")).collect();
    let more = files.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(" (it had {}{more})", shown.join(", "))
}

fn looked(tried: &[PathBuf]) -> String {
    const SHOWN: usize = 6;
    if tried.is_empty() {
        return "the core names none".to_owned();
    }
    let mut text = String::from("looked at ");
    for (i, path) in tried.iter().take(SHOWN).enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        text.push_str(&format!("{path:?}"));
    }
    if tried.len() > SHOWN {
        text.push_str(&format!(" and {} more", tried.len() - SHOWN));
    }
    text
}
