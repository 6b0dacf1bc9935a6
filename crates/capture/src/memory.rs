//! The memory of a process: live, or as it was copied.

use crate::error::CaptureError;
use crate::maps::PAGE;
use crate::proc_files::ProcFolder;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use std::fs::File;
use std::io::IoSliceMut;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is read at once where nothing larger is at hand.
const CHUNK: usize = 1 << 20;
/// What a thread copies before it asks for more.
const SHARE: usize = 4 << 20;

/// Where the contents of a core come from.
pub(crate) trait Memory {
    /// Hands the bytes of `range` over in order, in pieces.
    fn each(
        &self,
        range: Range<u64>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), CaptureError>,
    ) -> Result<(), CaptureError>;

    /// Bytes that could not be read, and were handed over as zeros.
    fn unread(&self) -> u64;
}

/// The memory of a process that stands still.
pub(crate) struct Live {
    pid: nix::unistd::Pid,
    /// `/proc/PID/mem`, which reads what the process itself may not.
    file: File,
    unread: AtomicU64,
}

impl Live {
    pub(crate) fn open(folder: &ProcFolder) -> Result<Live, CaptureError> {
        let path = folder.file("mem");
        let file = File::open(&path).map_err(|source| folder.failed(path, source))?;
        Ok(Live { pid: nix::unistd::Pid::from_raw(folder.pid), file, unread: AtomicU64::new(0) })
    }

    /// Fills `into` with what is at `at`. A page that cannot be read is zeros and counted.
    pub(crate) fn read(&self, at: u64, into: &mut [u8]) {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let from = at.wrapping_add(done as u64);
            let remote = RemoteIoVec { base: from as usize, len: rest.len() };
            done += match process_vm_readv(self.pid, &mut [IoSliceMut::new(rest)], &[remote]) {
                Ok(read) if read > 0 => read,
                _ => self.read_page(from, rest),
            };
        }
    }

    /// Up to the end of the page.
    fn read_page(&self, at: u64, into: &mut [u8]) -> usize {
        let len = into.len().min((PAGE - at % PAGE) as usize);
        let page = &mut into[..len];
        if self.file.read_exact_at(page, at).is_err() {
            page.fill(0);
            self.unread.fetch_add(len as u64, Ordering::Relaxed);
        }
        len
    }
}

impl Memory for Live {
    fn each(
        &self,
        range: Range<u64>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), CaptureError>,
    ) -> Result<(), CaptureError> {
        let mut buffer = vec![0; CHUNK.min((range.end - range.start) as usize)];
        let mut at = range.start;
        while at < range.end {
            let len = buffer.len().min((range.end - at) as usize);
            let piece = &mut buffer[..len];
            self.read(at, piece);
            take(piece)?;
            at += len as u64;
        }
        Ok(())
    }

    fn unread(&self) -> u64 {
        self.unread.load(Ordering::Relaxed)
    }
}

/// Memory that was copied.
pub(crate) struct Copied {
    bytes: Vec<u8>,
    /// Ascending, and where each begins in `bytes`.
    ranges: Vec<(Range<u64>, usize)>,
    unread: u64,
}

/// Room for a copy, its pages there already: to get them in the stop would take as long again as to fill them.
pub(crate) fn room(bytes: u64) -> Vec<u8> {
    // Zeros would be pages that are not there yet.
    usize::try_from(bytes).map(|bytes| vec![1; bytes]).unwrap_or_default()
}

impl Copied {
    /// Copies `ranges`, ascending, by several threads into `room`, which grows where it is too small.
    pub(crate) fn of(
        live: &Live,
        ranges: impl Iterator<Item = Range<u64>>,
        mut room: Vec<u8>,
        threads: usize,
    ) -> Copied {
        let mut placed = Vec::new();
        let mut end = 0;
        for range in ranges {
            let len = (range.end - range.start) as usize;
            placed.push((range, end));
            end += len;
        }
        room.resize(end, 0);
        let mut shares = Vec::new();
        let mut rest = room.as_mut_slice();
        for (range, _) in &placed {
            let (here, after) = rest.split_at_mut((range.end - range.start) as usize);
            rest = after;
            shares.extend((range.start..).step_by(SHARE).zip(here.chunks_mut(SHARE)));
        }
        let shares = Mutex::new(shares.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while let Some((at, into)) = next(&shares) {
                        live.read(at, into);
                    }
                });
            }
        });
        Copied { bytes: room, ranges: placed, unread: live.unread() }
    }
}

fn next<T>(shares: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    shares.lock().ok()?.next()
}

impl Memory for Copied {
    fn each(
        &self,
        range: Range<u64>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), CaptureError>,
    ) -> Result<(), CaptureError> {
        let mut at = range.start;
        while at < range.end {
            let index = self.ranges.partition_point(|(there, _)| there.end <= at);
            let here = self.ranges.get(index).filter(|(there, _)| there.start <= at);
            // The plan asks for what was copied and nothing else.
            let Some((there, start)) = here else { return Ok(()) };
            let end = there.end.min(range.end);
            let first = start + (at - there.start) as usize;
            for piece in self.bytes[first..first + (end - at) as usize].chunks(CHUNK) {
                take(piece)?;
            }
            at = end;
        }
        Ok(())
    }

    fn unread(&self) -> u64 {
        self.unread
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_copied_is_what_is_there() {
        let block: Vec<u8> = (0..(9 << 20)).map(|at: u32| (at >> 4) as u8).collect();
        let start = block.as_ptr() as u64;
        let own = ProcFolder::of(std::process::id() as i32).unwrap();
        let live = Live::open(&own).unwrap();
        let ranges = [start..start + 5_000_000, start + 5_500_000..start + 9_000_000];
        let copied = Copied::of(&live, ranges.clone().into_iter(), room(100), 2);
        for memory in [&live as &dyn Memory, &copied] {
            let mut all = Vec::new();
            for range in ranges.clone() {
                memory
                    .each(range, &mut |piece| {
                        all.extend_from_slice(piece);
                        Ok(())
                    })
                    .unwrap();
            }
            assert!(all == [&block[..5_000_000], &block[5_500_000..9_000_000]].concat());
            assert_eq!(memory.unread(), 0);
        }
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let own = ProcFolder::of(std::process::id() as i32).unwrap();
        let live = Live::open(&own).unwrap();
        let mut page = vec![7; 4096];
        live.read(0, &mut page);
        assert_eq!((live.unread(), page.iter().any(|byte| *byte != 0)), (4096, false));
    }
}
