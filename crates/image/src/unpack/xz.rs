//! A stream of xz streams, whose dictionaries are bounded.

use std::io::{self, BufRead, Read};

use lzma_rust2::XzReader;

use super::{WINDOW_LIMIT, WindowTooLarge};

/// The unpacked bytes of all xz streams of `input`, one after the other as `xz -d` takes them.
pub(crate) fn streams(input: impl BufRead) -> impl Read {
    // The decoder counts some tables beside its dictionary.
    const TABLES: u64 = 1 << 20;
    Streams(XzReader::new_mem_limit(input, true, ((WINDOW_LIMIT + TABLES) >> 10) as u32))
}

struct Streams<R: BufRead>(XzReader<R>);

impl<R: BufRead> Read for Streams<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What a read has decoded before it meets damage is lost with the error (lzma-rust2 0.25), so reads are small.
        const READ: usize = 4096;
        let count = buffer.len().min(READ);
        self.0.read(buffer.get_mut(..count).unwrap_or_default()).map_err(|error| match error.kind() {
            io::ErrorKind::OutOfMemory => io::Error::other(WindowTooLarge),
            _ => error,
        })
    }
}
