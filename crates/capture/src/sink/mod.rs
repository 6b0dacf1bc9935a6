//! Where a core goes: a stream of data and zeros, without going back, into a file that appears whole or not at all.
//!
//! A plain core is sparse: pages of zeros are holes. A compressed one is many frames of zstd, made by several threads as the data
//! comes, and read by every zstd as one.

mod frames;
mod sparse;

use frames::Frames;
use goheap_image::WholeFile;
use sparse::Sparse;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Between two looks at how much room the disk has, bytes written.
const LOOK: u64 = 16 << 20;
/// Zeros are looked for, and left out, in pieces of this size: pages of memory and blocks of file systems.
const PAGE: usize = 4096;

/// How a core is written.
#[derive(Clone, Debug)]
pub struct SinkOptions {
    /// Compress, whatever the name; `None` for: if it ends in `.zst`.
    pub compress: Option<bool>,
    /// Threads that compress, at least one.
    pub threads: usize,
    /// Bytes that must be left on the disk, beside what is written.
    pub least_free: u64,
    /// The most bytes that the file may take of the disk.
    pub most: Option<u64>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        SinkOptions { compress: None, threads, least_free: 0, most: None }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Bytes of the core.
    pub core: u64,
    /// Bytes that were written to the file: without holes, or compressed.
    pub written: u64,
}

/// Why nothing was written. The file's name is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The system refuses.
    #[error("cannot write {path:?}: {source}; nothing was left behind")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The disk would be too full.
    #[error(
        "{path:?} would leave less than {} free on its disk, which has {} (--leave-disk); nothing was left behind",
        mebibytes(*least), mebibytes(*free)
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// Bytes that are free now.
        free: u64,
        /// Bytes that must be.
        least: u64,
    },
    /// The file would be too large.
    #[error("{path:?} would be larger than {most} bytes (--max-size); nothing was left behind")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes.
        most: u64,
    },
    /// A thread that compresses has gone.
    #[error("a thread that compresses {path:?} has ended; nothing was left behind")]
    Compressor {
        /// The file.
        path: PathBuf,
    },
}

/// A core in the making. Dropped before [`CoreSink::finish`], it leaves nothing behind; so does the death of this process, where
/// the file system has files without a name.
pub struct CoreSink {
    path: PathBuf,
    file: WholeFile,
    form: Form,
    limits: Limits,
    at: u64,
}

enum Form {
    Sparse(Sparse),
    Frames(Frames),
}

struct Limits {
    least_free: u64,
    most: u64,
    /// Bytes written when the disk is looked at next.
    next_look: u64,
}

impl CoreSink {
    /// Begins a core that will be `path`, for its owner's eyes alone: it holds whatever the process knew.
    ///
    /// # Errors
    /// The folder cannot be written, its disk is too full already, or something is there that is no file: as root a device would be replaced.
    pub fn create(path: &Path, options: &SinkOptions) -> Result<CoreSink, SinkError> {
        if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            let source = std::io::Error::other("what is there is no file, and a core takes one");
            return Err(SinkError::Write { path: path.to_owned(), source });
        }
        let by_name = path.extension().is_some_and(|ending| ending == "zst");
        let form = match options.compress.unwrap_or(by_name) {
            true => Form::Frames(Frames::new(options.threads)),
            false => Form::Sparse(Sparse::default()),
        };
        let file = WholeFile::for_owner(path).map_err(|source| SinkError::Write { path: path.to_owned(), source })?;
        let limits = Limits { least_free: options.least_free, most: options.most.unwrap_or(u64::MAX), next_look: 0 };
        let mut sink = CoreSink { path: path.to_owned(), file, form, limits, at: 0 };
        sink.look()?;
        Ok(sink)
    }

    /// Bytes of the core so far: where what comes next will lie in it.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next bytes. Pages of zeros among them are told and cost nothing.
    ///
    /// # Errors
    /// The system's, a full disk, a limit reached.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let file = self.file.file();
        let done = match &mut self.form {
            Form::Sparse(sparse) => sparse.data(file, self.at, bytes).map_err(Fault::Io),
            Form::Frames(frames) => frames.data(file, bytes),
        };
        self.advance(done, bytes.len() as u64)
    }

    /// The next `len` bytes are zeros.
    ///
    /// # Errors
    /// As [`CoreSink::data`].
    pub fn zeros(&mut self, len: u64) -> Result<(), SinkError> {
        let done = match &mut self.form {
            Form::Sparse(_) => Ok(()),
            Form::Frames(frames) => frames.zeros(self.file.file(), len),
        };
        self.advance(done, len)
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// As [`CoreSink::data`].
    pub fn finish(mut self) -> Result<Stored, SinkError> {
        let file = self.file.file();
        let done = match &mut self.form {
            // The last bytes may be a hole.
            Form::Sparse(_) => file.set_len(self.at).map_err(Fault::Io),
            Form::Frames(frames) => frames.finish(file),
        };
        self.advance(done, 0)?;
        let stored = Stored { core: self.at, written: self.written() };
        let CoreSink { file, path, .. } = self;
        file.put().map_err(|source| SinkError::Write { path, source })?;
        Ok(stored)
    }

    fn written(&self) -> u64 {
        match &self.form {
            Form::Sparse(sparse) => sparse.written,
            Form::Frames(frames) => frames.written,
        }
    }

    fn advance(&mut self, done: Result<(), Fault>, len: u64) -> Result<(), SinkError> {
        let path = || self.path.clone();
        done.map_err(|fault| match fault {
            Fault::Io(source) => SinkError::Write { path: path(), source },
            Fault::NoCompressor => SinkError::Compressor { path: path() },
        })?;
        self.at = self.at.saturating_add(len);
        if self.written() > self.limits.most {
            return Err(SinkError::TooLarge { path: path(), most: self.limits.most });
        }
        if self.written() >= self.limits.next_look {
            self.look()?;
        }
        Ok(())
    }

    /// Whether the disk has room.
    fn look(&mut self) -> Result<(), SinkError> {
        self.limits.next_look = self.written().saturating_add(LOOK);
        let least = self.limits.least_free;
        let free = free_bytes(self.file.file());
        let full = |free: &u64| *free < least.saturating_add(if least > 0 { LOOK } else { 0 });
        free.filter(full).map_or(Ok(()), |free| Err(SinkError::NoRoom { path: self.path.clone(), free, least }))
    }
}

/// What a form meets.
enum Fault {
    Io(io::Error),
    NoCompressor,
}

/// Bytes that the file's disk has for such as us; `None` where the file system does not say.
fn free_bytes(file: &File) -> Option<u64> {
    let room = rustix::fs::fstatvfs(file).ok()?;
    room.f_bavail.checked_mul(room.f_frsize)
}

/// For messages.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// True if all are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let zero = |chunk: &[u8]| chunk.iter().fold(0, |all, byte| all | byte) == 0;
    let chunks = bytes.chunks_exact(64);
    zero(chunks.remainder()) && chunks.into_iter().all(zero)
}

#[cfg(test)]
mod tests;
