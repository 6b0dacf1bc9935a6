//! What the run may still allocate, asked at every allocation: what no stage claims is bounded too.
//!
//! Threads count by themselves what they allocate, and for each [`BATCH`] of it look at what is resident: the truth, a heap in
//! pieces and what the allocator keeps included. Large blocks are resident only when they are written to, so these are counted until
//! they are freed, too.

use crate::say::errors::{Ending, Failure, message_and_hint};
use goheap_image::end_process;
use goheap_model::OverBudget;
use std::cell::Cell;
use std::fmt::{self, Write};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// Bytes that a thread allocates between two looks at what is resident; a block of as many is large.
const BATCH: usize = 256 << 10;
/// Longest last words, and longest line that they are in: as JSON each of their letters may take two.
const TEXT_BYTES: usize = 480;
const LINE_BYTES: usize = 1024;

static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);
/// Bytes of large blocks.
static LARGE: AtomicUsize = AtomicUsize::new(0);
static STAGE: Mutex<&'static str> = Mutex::new("");
static STATM: OnceLock<Option<File>> = OnceLock::new();
/// The run ends: what its last words take is not counted.
static ENDING: AtomicBool = AtomicBool::new(false);
static SAID: AtomicBool = AtomicBool::new(false);
static AS_JSON: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Bytes that the thread allocated since it looked.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// From now on the run ends where it takes more than `limit` bytes.
pub(crate) fn set_limit(limit: u64) {
    STATM.get_or_init(|| File::open("/proc/self/statm").ok());
    LIMIT.store(limit, Ordering::Relaxed);
}

/// The last line is JSON for scripts, or text.
pub(crate) fn say_as_json(as_json: bool) {
    AS_JSON.store(as_json, Ordering::Relaxed);
}

/// What is said to need the memory.
pub(crate) fn begin(stage: &'static str) {
    if let Ok(mut current) = STAGE.lock() {
        *current = stage;
    }
}

/// A block of so many bytes is about to be allocated.
#[inline]
pub(crate) fn take(size: usize) {
    if size >= BATCH {
        LARGE.fetch_add(size, Ordering::Relaxed);
    }
    look_after(size);
}

/// A block is about to be freed.
#[inline]
pub(crate) fn give_back(size: usize) {
    if size >= BATCH {
        LARGE.fetch_sub(size, Ordering::Relaxed);
    }
}

/// A block is about to become larger or smaller. A large one grows where it is, or its pages move.
#[inline]
pub(crate) fn resize(old: usize, new: usize) {
    if old.max(new) >= BATCH {
        give_back(old);
        if new >= BATCH {
            LARGE.fetch_add(new, Ordering::Relaxed);
        }
    }
    look_after(new.saturating_sub(old));
}

#[inline]
fn look_after(more: usize) {
    // No overflow: a thread's count is below BATCH, and no layout is larger than isize::MAX. A large block is always looked after.
    let taken = TAKEN.get() + more;
    if taken < BATCH {
        TAKEN.set(taken);
    } else {
        TAKEN.set(0);
        look(more);
    }
}

#[cold]
fn look(wanted: usize) {
    let limit = LIMIT.load(Ordering::Relaxed);
    if limit == u64::MAX || ENDING.load(Ordering::Relaxed) {
        return;
    }
    let used = resident().max(LARGE.load(Ordering::Relaxed).saturating_sub(wanted) as u64);
    let wanted = wanted as u64;
    if used.saturating_add(wanted) > limit && !ENDING.swap(true, Ordering::Relaxed) {
        say(|text| write!(text, "{}", Failure::OverBudget(OverBudget { stage: stage(), wanted, used, limit })));
        end_process(Ending::MEMORY.status)
    }
}

/// The system has no memory of that size: ends the run.
#[cold]
pub(crate) fn failed(size: usize) -> ! {
    ENDING.store(true, Ordering::Relaxed);
    // Nothing is allocated here.
    say(|text| {
        write!(
            text,
            "the system refused {size} bytes of memory to the stage \"{}\" (ulimit -v, or a full machine); \
             take the core to a machine with more memory",
            stage()
        )
    });
    end_process(Ending::MEMORY.status)
}

fn stage() -> &'static str {
    STAGE.try_lock().map_or("", |stage| *stage)
}

/// Bytes of pages of no file: pages that are resident less those of files and shared memory (proc(5), `statm`).
fn resident() -> u64 {
    let Some(Some(file)) = STATM.get() else { return 0 };
    let mut text = [0; 128];
    let len = file.read_at(&mut text, 0).unwrap_or(0);
    pages(text.get(..len).unwrap_or_default()).saturating_mul(rustix::param::page_size() as u64)
}

fn pages(statm: &[u8]) -> u64 {
    let fields = || std::str::from_utf8(statm).unwrap_or_default().split_ascii_whitespace();
    let field = |index| fields().nth(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    field(1).saturating_sub(field(2))
}

/// Says the last line, once; a thread that comes second gives the first the time to.
fn say(write: impl FnOnce(&mut Line<TEXT_BYTES>) -> fmt::Result) {
    if SAID.swap(true, Ordering::Relaxed) {
        return std::thread::sleep(Duration::from_millis(100));
    }
    let (mut text, mut line) = (Line::default(), Line::<LINE_BYTES>::default());
    // What does not fit is cut off.
    let _ = write(&mut text);
    let _ = match AS_JSON.load(Ordering::Relaxed) {
        true => write_json(&mut line, text.text()),
        false => line.write_str("goheap: ").and_then(|()| line.write_str(text.text())),
    };
    line.end();
    // Past the lock of std's stderr, which this very thread may hold.
    let _ = rustix::io::write(rustix::stdio::stderr(), line.bytes.get(..line.len).unwrap_or_default());
}

/// As [`Failure`]'s JSON, without an allocation.
fn write_json(line: &mut Line<LINE_BYTES>, text: &str) -> fmt::Result {
    let (message, hint) = message_and_hint(text);
    write!(line, "{{\"error\":{{\"code\":\"{}\"", Ending::MEMORY.code)?;
    for (name, part) in [("hint", hint), ("message", Some(message))] {
        let Some(part) = part else { continue };
        write!(line, ",\"{name}\":\"")?;
        for letter in part.chars() {
            match letter {
                '"' | '\\' => write!(line, "\\{letter}")?,
                letter if letter.is_control() => line.write_char(' ')?,
                letter => line.write_char(letter)?,
            }
        }
        line.write_char('"')?;
    }
    line.write_str("},\"schema_version\":1}")
}

/// Text without an allocation.
struct Line<const BYTES: usize> {
    bytes: [u8; BYTES],
    len: usize,
}

impl<const BYTES: usize> Default for Line<BYTES> {
    fn default() -> Self {
        Line { bytes: [0; BYTES], len: 0 }
    }
}

impl<const BYTES: usize> Line<BYTES> {
    /// All whole letters.
    fn text(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        let whole = |error: std::str::Utf8Error| std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok();
        std::str::from_utf8(bytes).or_else(|error| whole(error).ok_or(error)).unwrap_or_default()
    }

    fn end(&mut self) {
        let at = self.len.min(BYTES - 1);
        self.bytes[at] = b'\n';
        self.len = at + 1;
    }
}

impl<const BYTES: usize> Write for Line<BYTES> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let len = text.len().min(room.len());
        room[..len].copy_from_slice(&text.as_bytes()[..len]);
        self.len += len;
        if len == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn large_blocks_count_until_they_are_freed() {
        let (size, before) = (64 << 20, LARGE.load(Ordering::Relaxed));
        let held = || LARGE.load(Ordering::Relaxed) as isize - before as isize;
        // Other tests run beside this one.
        let about = |bytes: usize| (held() - bytes as isize).abs() < 32 << 20;
        let mut block = Vec::<u8>::with_capacity(size);
        assert!(about(size), "{}", held());
        block.reserve_exact(2 * size);
        assert!(about(2 * size), "{}", held());
        block.shrink_to(size);
        assert!(about(size), "{}", held());
        block.push(1);
        block.shrink_to_fit();
        assert!(about(0), "{}", held());
    }

    #[test]
    fn pages_of_no_file_are_resident_less_shared() {
        assert_eq!(pages(b"12000 700 300 40 0 900 0\n"), 400);
        assert_eq!(pages(b"12000 30"), 30);
        assert_eq!(pages(b"1 2 3"), 0);
        assert_eq!(pages(b"\xff"), 0);
    }

    #[test]
    fn a_line_too_long_is_cut_and_ended() {
        let mut line = Line::<LINE_BYTES>::default();
        assert!(write!(line, "{}", "x".repeat(LINE_BYTES + 1)).is_err());
        line.end();
        assert_eq!((line.len, line.bytes[LINE_BYTES - 1]), (LINE_BYTES, b'\n'));
        let mut short = Line::<16>::default();
        write!(short, "{} bytes", 7).unwrap();
        short.end();
        assert_eq!(&short.bytes[..short.len], b"7 bytes\n");
        assert_eq!(short.text(), "7 bytes\n");
        let mut cut = Line::<4>::default();
        assert!(cut.write_str("ab→").is_err());
        assert_eq!(cut.text(), "ab");
    }

    #[test]
    fn the_last_words_are_json_too() {
        let mut line = Line::default();
        write_json(&mut line, "the stage \"a\\b\" (1; 2) wants 5; raise it").unwrap();
        let json: serde_json::Value = serde_json::from_str(line.text()).unwrap();
        assert_eq!(json["error"]["code"], "memory");
        assert_eq!(json["error"]["message"], "the stage \"a\\b\" (1; 2) wants 5");
        assert_eq!((&json["error"]["hint"], &json["schema_version"]), (&"raise it".into(), &1.into()));
        let mut line = Line::default();
        write_json(&mut line, &"\"".repeat(TEXT_BYTES)).unwrap();
    }
}
