//! A stream of LZ4 frames, whose early end is an error: lz4_flex takes the end of the input between two blocks for the end of the
//! frame.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::FrameDecoder;

/// Remembers that the end of the input was met.
struct Watched<R> {
    input: R,
    ended: bool,
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

/// The unpacked bytes of all frames of an input.
pub(crate) struct Frames<R: BufRead> {
    decoder: FrameDecoder<Watched<R>>,
}

impl<R: BufRead> Frames<R> {
    pub(crate) fn new(input: R) -> Frames<R> {
        Frames { decoder: FrameDecoder::new(Watched { input, ended: false }) }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            // The decoder asks for the end mark, so an end met within a frame has been seen.
            let watched = self.decoder.get_mut();
            if watched.ended {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the LZ4 stream ends early"));
            }
            if watched.input.fill_buf()?.is_empty() {
                return Ok(0);
            }
        }
    }
}
