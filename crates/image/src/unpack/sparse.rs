//! A file that leaves holes where it would write zeros.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// The unit that is left out when it is zero: no file system has smaller holes.
const BLOCK: usize = 4096;

/// Blocks that are written together.
const BUFFER: usize = 64 * BLOCK;

/// Writes a stream to a file, skipping blocks of zeros.
pub(crate) struct SparseWriter {
    file: File,
    buffer: Vec<u8>,
    length: u64,
}

impl SparseWriter {
    pub(crate) fn new(file: File) -> SparseWriter {
        SparseWriter { file, buffer: Vec::with_capacity(BUFFER), length: 0 }
    }

    /// Bytes taken so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BUFFER - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            self.length += now.len() as u64;
            bytes = later;
            if self.buffer.len() == BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes each run of blocks that are not all zero, and seeks over the others.
    fn flush(&mut self) -> io::Result<()> {
        let blocks: Vec<&[u8]> = self.buffer.chunks(BLOCK).collect();
        let mut rest = self.buffer.as_slice();
        for run in blocks.chunk_by(|a, b| is_zero(a) == is_zero(b)) {
            let (bytes, after) = rest.split_at(run.iter().map(|block| block.len()).sum());
            if is_zero(bytes) {
                self.file.seek(SeekFrom::Current(bytes.len() as i64))?;
            } else {
                self.file.write_all(bytes)?;
            }
            rest = after;
        }
        self.buffer.clear();
        Ok(())
    }

    /// The file, at its full length.
    pub(crate) fn finish(mut self) -> io::Result<File> {
        self.flush()?;
        self.file.set_len(self.length)?;
        Ok(self.file)
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}
