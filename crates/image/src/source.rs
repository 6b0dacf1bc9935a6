//! An input file, mapped if it is plain, unpacked to a temporary file and that mapped if it is not.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::SystemTime;

use crate::core_file::OpenOptions;
use crate::error::{ImageError, Role};
use crate::map::ByteStore;
use crate::unpack::{self, Compression};

/// What changes when a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified: Option<SystemTime>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Stamp {
        Stamp { size: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// The name of standard input.
const STDIN: &str = "-";

/// Standard input as a file of its own, which a shell may have opened on a plain file: that is mapped like any other.
fn stdin() -> io::Result<File> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "standard input is a terminal; send the core through a pipe",
        ));
    }
    stdin.as_fd().try_clone_to_owned().map(File::from)
}

/// The bytes of an input and how they came.
pub(crate) struct Source {
    pub(crate) store: ByteStore,
    /// Size and time of the file as it was opened; `None` for bytes in memory.
    pub(crate) stamp: Option<Stamp>,
    /// Why unpacking stopped early, when it did. What came before is in `store`.
    pub(crate) damage: Option<String>,
}

impl Source {
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Source {
        Source { store: ByteStore::Owned(bytes.into()), stamp: None, damage: None }
    }

    /// Opens `path`; `-` is standard input for a core. The compression is told by its magic, not by its name; a pipe is copied to a temporary file.
    pub(crate) fn open(path: &Path, role: Role, options: &OpenOptions) -> Result<Source, ImageError> {
        let unreadable = |source| ImageError::Unreadable { path: path.to_owned(), role, source };
        let file = match path.as_os_str() == STDIN && role == Role::Core {
            true => stdin(),
            false => File::open(path),
        };
        let file = file.map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let stamp = Some(Stamp::of(&metadata));
        let mut reader = BufReader::with_capacity(1 << 18, &file);
        let compression = Compression::detect(reader.fill_buf().map_err(unreadable)?);
        if compression == Compression::None && metadata.is_file() {
            let store = ByteStore::map(&file, path).map_err(unreadable)?;
            return Ok(Source { store, stamp, damage: None });
        }
        let limit = options.max_unpacked.unwrap_or(OpenOptions::DEFAULT_MAX_UNPACKED);
        let unpacked = unpack::to_temporary(path, role, reader, compression, limit)?;
        let store = ByteStore::map(&unpacked.file, path).map_err(unreadable)?;
        Ok(Source { store, stamp, damage: unpacked.damage })
    }
}
