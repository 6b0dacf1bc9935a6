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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use super::*;

    fn written(chunks: &[&[u8]]) -> File {
        let mut writer = SparseWriter::new(tempfile::tempfile().unwrap());
        chunks.iter().for_each(|chunk| writer.write(chunk).unwrap());
        let mut file = writer.finish().unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = vec![0; 3 * BUFFER + 5];
        for at in [0, BLOCK - 1, 2 * BLOCK, BUFFER, 2 * BUFFER + 7, 3 * BUFFER + 4] {
            bytes[at] = 1;
        }
        for size in [1000, BLOCK, BUFFER + 1] {
            let mut back = Vec::new();
            written(&bytes.chunks(size).collect::<Vec<_>>()).read_to_end(&mut back).unwrap();
            assert!(back == bytes, "in chunks of {size}");
        }
    }

    #[test]
    fn zeros_at_the_end_count() {
        assert_eq!(written(&[&[1], &[0; 3 * BLOCK]]).metadata().unwrap().len(), 3 * BLOCK as u64 + 1);
    }

    #[cfg(unix)]
    #[test]
    fn zeros_take_no_room() {
        use std::os::unix::fs::MetadataExt;
        let zeros = vec![0; 1 << 20];
        let file = written(&[&[&[1], zeros.as_slice()].concat(), &zeros, &zeros, &zeros]);
        assert!(file.metadata().unwrap().blocks() * 512 <= 2 * BLOCK as u64);
    }
}
