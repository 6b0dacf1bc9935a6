//! A plain core: what is not zero is written where it belongs, and the rest is never written.

use super::{PAGE, is_zero};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What was written so far.
#[derive(Debug, Default)]
pub(super) struct Sparse {
    /// Bytes.
    pub(super) written: u64,
}

impl Sparse {
    /// Writes what of `bytes` is not zero, `at` bytes from the beginning of `file`. Pieces are cut where the file's blocks are.
    pub(super) fn data(&mut self, file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        // Data that waits to be written, from where on.
        let mut run: Option<usize> = None;
        while done < bytes.len() {
            let into_page = (at.wrapping_add(done as u64) % PAGE as u64) as usize;
            let end = bytes.len().min(done + PAGE - into_page);
            match (is_zero(&bytes[done..end]), run) {
                (true, Some(start)) => {
                    self.write(file, at, start, &bytes[start..done])?;
                    run = None;
                }
                (false, None) => run = Some(done),
                _ => {}
            }
            done = end;
        }
        run.map_or(Ok(()), |start| self.write(file, at, start, &bytes[start..]))
    }

    fn write(&mut self, file: &File, at: u64, start: usize, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        file.write_all_at(bytes, at + start as u64)
    }
}
