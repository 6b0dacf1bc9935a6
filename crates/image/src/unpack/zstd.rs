//! A stream of zstd frames (RFC 8878), unpacked block by block so that one that breaks off yields all it has.
//!
//! ruzstd's own streaming reader stops after one frame, and holds back a whole window (megabytes) of decoded bytes when the
//! stream ends early. Here each block is read whole before it is decoded; where none follows, an empty last block is put in its
//! place, which makes the decoder give up what it holds.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{WINDOW_LIMIT, WindowTooLarge};

/// A last block of raw type and no bytes, then a checksum for frames that have one.
const EMPTY_LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

enum State {
    BetweenFrames,
    InFrame,
    /// The frame is decoded, or as much of it as there is.
    Draining,
}

/// The unpacked bytes of all frames of `input`.
pub(crate) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    state: State,
    block: Vec<u8>,
    /// Why the stream ended early; reported once what came before is read.
    damage: Option<io::Error>,
}

impl<R: BufRead> Frames<R> {
    pub(crate) fn new(input: R) -> Frames<R> {
        Frames { input, decoder: FrameDecoder::new(), state: State::BetweenFrames, block: Vec::new(), damage: None }
    }

    /// Begins the next frame; false at the end of the stream.
    fn begin_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            // One that has had a frame keeps its window while it makes a larger one: nearly two of them in all.
            self.decoder = FrameDecoder::new();
            self.decoder.set_max_window_size(WINDOW_LIMIT);
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.input.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(
                    FrameDecoderError::WindowSizeTooBig { .. }
                    | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { .. }),
                ) => return Err(io::Error::other(WindowTooLarge)),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Reads one block, header and contents, into `self.block`.
    fn read_block(&mut self) -> io::Result<()> {
        const RLE: u32 = 1;
        let mut header = [0; 3];
        self.input.read_exact(&mut header)?;
        let [a, b, c] = header.map(u32::from);
        let fields = a | b << 8 | c << 16;
        let size = if (fields >> 1) & 3 == RLE { 1 } else { fields >> 3 };
        self.block.clear();
        self.block.extend(header);
        let read = self.input.by_ref().take(u64::from(size)).read_to_end(&mut self.block)?;
        if read < size as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Decodes one block. When the frame ends with it, well or badly, the state becomes `Draining`.
    fn decode_block(&mut self) {
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let read = self.read_block();
        let source = self.block.as_slice().chain(&mut self.input);
        let decoded = read.and_then(|()| self.decoder.decode_blocks(source, one).map_err(io::Error::other));
        match decoded {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                self.damage = Some(error);
                // Whether it takes the end or not, nothing more can be done with the frame.
                let _ = self.decoder.decode_blocks(EMPTY_LAST_BLOCK.as_slice(), BlockDecodingStrategy::UptoBlocks(1));
            }
        }
        self.state = State::Draining;
    }

    fn checksum_fault(&self) -> Option<io::Error> {
        let expected = self.decoder.get_checksum_from_data()?;
        let wrong = self.decoder.get_calculated_checksum() != Some(expected);
        wrong.then(|| io::Error::new(io::ErrorKind::InvalidData, "zstd checksum differs"))
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                State::BetweenFrames => {
                    if let Some(damage) = self.damage.take() {
                        return Err(damage);
                    }
                    if !self.begin_frame()? {
                        return Ok(0);
                    }
                    self.state = State::InFrame;
                }
                State::InFrame => {
                    if self.decoder.can_collect() > 0 {
                        return self.decoder.read(buffer);
                    }
                    self.decode_block();
                }
                State::Draining => {
                    let count = self.decoder.read(buffer)?;
                    if count > 0 {
                        return Ok(count);
                    }
                    // The checksum is of what was read, so it is right only now.
                    self.damage = self.damage.take().or_else(|| self.checksum_fault());
                    self.state = State::BetweenFrames;
                }
            }
        }
    }
}
