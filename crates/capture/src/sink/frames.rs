//! A compressed core: frames of zstd, each of one chunk, made by several threads and written in order.
//!
//! Chunks are small: what several threads have at hand must fit where memory is short, which is when cores are taken.

use super::{Fault, is_zero};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use structured_zstd::encoding::{CompressionLevel, compress_to_vec};

/// Bytes of a frame's contents.
const CHUNK: usize = 1 << 20;

/// A chunk, and where its frame is to be sent.
type Job = (Vec<u8>, SyncSender<Vec<u8>>);

/// A frame that is there, or will be.
enum Frame {
    Zeros,
    Coming(Receiver<Vec<u8>>),
}

/// A stream of frames.
pub(super) struct Frames {
    chunk: Vec<u8>,
    /// `None` when no more come.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// In the order of the core.
    frames: VecDeque<Frame>,
    /// The frame of a chunk of zeros, once it was needed.
    zeros: Vec<u8>,
    /// Bytes that were written.
    pub(super) written: u64,
}

impl Frames {
    pub(super) fn new(threads: usize) -> Frames {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let thread = |_| {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name("zstd".to_owned()).spawn(move || work(&queue)).ok()
        };
        let threads: Vec<_> = (0..threads.max(1)).filter_map(thread).collect();
        Frames { chunk: Vec::new(), jobs: Some(jobs), threads, frames: VecDeque::new(), zeros: Vec::new(), written: 0 }
    }

    pub(super) fn data(&mut self, file: &mut File, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.reserve_exact(CHUNK - self.chunk.len());
            self.chunk.extend_from_slice(now);
            bytes = later;
            self.end_chunk(file)?;
        }
        Ok(())
    }

    pub(super) fn zeros(&mut self, file: &mut File, mut len: u64) -> Result<(), Fault> {
        while len > 0 {
            if self.chunk.is_empty() && len >= CHUNK as u64 {
                self.push(file, Frame::Zeros)?;
                len -= CHUNK as u64;
                continue;
            }
            let now = len.min((CHUNK - self.chunk.len()) as u64);
            self.chunk.resize(self.chunk.len() + now as usize, 0);
            len -= now;
            self.end_chunk(file)?;
        }
        Ok(())
    }

    /// Writes all that is left.
    pub(super) fn finish(&mut self, file: &mut File) -> Result<(), Fault> {
        if !self.chunk.is_empty() {
            let chunk = std::mem::take(&mut self.chunk);
            self.compress(file, chunk)?;
        }
        while !self.frames.is_empty() {
            self.write_one(file)?;
        }
        Ok(())
    }

    /// Hands a chunk over that is full.
    fn end_chunk(&mut self, file: &mut File) -> Result<(), Fault> {
        if self.chunk.len() < CHUNK {
            return Ok(());
        }
        if is_zero(&self.chunk) {
            self.chunk.clear();
            return self.push(file, Frame::Zeros);
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.compress(file, chunk)
    }

    fn compress(&mut self, file: &mut File, chunk: Vec<u8>) -> Result<(), Fault> {
        let (done, frame) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(Fault::NoCompressor)?;
        jobs.send((chunk, done)).map_err(|_| Fault::NoCompressor)?;
        self.push(file, Frame::Coming(frame))
    }

    fn push(&mut self, file: &mut File, frame: Frame) -> Result<(), Fault> {
        self.frames.push_back(frame);
        // Each thread has one at work and one that waits.
        while self.frames.len() > 2 * self.threads.len() {
            self.write_one(file)?;
        }
        Ok(())
    }

    fn write_one(&mut self, file: &mut File) -> Result<(), Fault> {
        let frame = match self.frames.pop_front() {
            Some(Frame::Coming(frame)) => frame.recv().map_err(|_| Fault::NoCompressor)?,
            Some(Frame::Zeros) => {
                if self.zeros.is_empty() {
                    self.zeros = compressed(&vec![0; CHUNK]);
                }
                self.written += self.zeros.len() as u64;
                return file.write_all(&self.zeros).map_err(Fault::Io);
            }
            None => return Ok(()),
        };
        self.written += frame.len() as u64;
        file.write_all(&frame).map_err(Fault::Io)
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.frames.clear();
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // One that has panicked sent no frame, which was met then.
            let _ = thread.join();
        }
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok((chunk, done)) = job else { return };
        // Nobody waits for a frame when the sink was dropped.
        let _ = done.send(compressed(&chunk));
    }
}

/// Level 1 of zstd is as small as level 3 to a tenth on heaps, and twice as fast.
fn compressed(chunk: &[u8]) -> Vec<u8> {
    compress_to_vec(chunk, CompressionLevel::from_level(1))
}
