//! What is said when a page of a mapped file cannot be had any more (SIGBUS): one line, and the end.
//!
//! A mapped file that somebody cuts has no bytes behind its pages, nor has one whose disk, server or memory failed. No read can be
//! checked for that beforehand, so a handler of the signal says which file it was. What is done in here between the signal and
//! the end allocates nothing and waits for nobody.

use std::fs::File;
use std::io::{IoSlice, IsTerminal};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::signal_handler::{self, Fault};

/// The files that are mapped now. Nothing that holds the lock reads mapped bytes, so no thread faults with it.
static MAPPED: Mutex<Vec<Mapped>> = Mutex::new(Vec::new());

static STATUS: AtomicU8 = AtomicU8::new(0);
static IS_TERMINAL: AtomicBool = AtomicBool::new(false);
static JSON_CODE: OnceLock<&str> = OnceLock::new();

struct Mapped {
    addresses: Range<usize>,
    /// As it is shown, and as a part of a JSON string.
    name: String,
    json_name: String,
    file: Option<Arc<File>>,
}

/// From now on a page of an input that cannot be had ends the process with a line on stderr and this exit status. With a code the line is
/// JSON, as scripts read it: `{"error":{"code":…,"message":…},"schema_version":1}`.
pub fn end_on_bus_error(status: u8, json_code: Option<&'static str>) {
    STATUS.store(status, Ordering::Relaxed);
    if let Some(code) = json_code {
        let _ = JSON_CODE.set(code);
    }
    IS_TERMINAL.store(std::io::stderr().is_terminal(), Ordering::Relaxed);
    signal_handler::install(end);
}

/// That a file is mapped; to be dropped before it is unmapped.
pub(crate) struct Watched(usize);

impl Watched {
    /// `file` lets the line say how long the file is meanwhile.
    pub(crate) fn new(mapped: &[u8], path: &Path, file: Option<Arc<File>>) -> Watched {
        let start = mapped.as_ptr().addr();
        let name = format!("{path:?}");
        let json_name = name.replace('\\', "\\\\").replace('"', "\\\"");
        let entry = Mapped { addresses: start..start + mapped.len(), name, json_name, file };
        MAPPED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(entry);
        Watched(start)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut mapped = MAPPED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        mapped.retain(|entry| entry.addresses.start != self.0);
    }
}

/// What can be said of a fault.
#[derive(PartialEq, Eq, Debug)]
enum Cause {
    /// The file has fewer bytes than were mapped.
    Cut { before: u64, now: u64 },
    /// It is as long as it was.
    Unreadable,
}

impl Mapped {
    fn cause(&self) -> Cause {
        let before = self.addresses.len() as u64;
        let now = self.file.as_ref().and_then(|file| rustix::fs::fstat(file).ok());
        match now.and_then(|now| u64::try_from(now.st_size).ok()).filter(|&now| now < before) {
            Some(now) => Cause::Cut { before, now },
            None => Cause::Unreadable,
        }
    }
}

/// Times that the lock is asked for. Who holds it adds or removes one entry.
const TRIES: usize = 1 << 16;

fn end(fault: Fault) -> ! {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    if IS_SAID.swap(true, Ordering::Relaxed) {
        // Another thread is about to end the process.
        loop {
            std::thread::yield_now();
        }
    }
    match fault {
        Fault::At(address) => end_at(address),
        Fault::Hardware => say(&["the machine's memory failed (SIGBUS, an error of the hardware); run it elsewhere"]),
    }
    signal_handler::exit(STATUS.load(Ordering::Relaxed))
}

fn end_at(address: usize) {
    for _ in 0..TRIES {
        let Ok(mapped) = MAPPED.try_lock() else {
            std::thread::yield_now();
            continue;
        };
        return match mapped.iter().find(|entry| entry.addresses.contains(&address)) {
            Some(entry) if JSON_CODE.get().is_some() => say_cause(&entry.json_name, &entry.cause()),
            Some(entry) => say_cause(&entry.name, &entry.cause()),
            None => break,
        };
    }
    say(&["memory that is no input's cannot be read (SIGBUS): the machine's memory or disk failed"]);
}

fn say_cause(name: &str, cause: &Cause) {
    let (mut was, mut is) = ([0; 20], [0; 20]);
    match *cause {
        Cause::Cut { before, now } => say(&[
            name,
            " was cut from ",
            decimal(before, &mut was),
            " to ",
            decimal(now, &mut is),
            " bytes while it was read; read a copy, or wait until it is written",
        ]),
        Cause::Unreadable => {
            say(&[name, " cannot be read any more (SIGBUS): its disk, its server or the machine's memory failed"]);
        }
    }
}

/// Writes one line by one system call. What to do stands behind the last part's semicolon.
fn say(parts: &[&str]) {
    let clear = if IS_TERMINAL.load(Ordering::Relaxed) { "\r\x1b[2K" } else { "" };
    let mut slices = [IoSlice::new(b""); 16];
    let (last, parts) = parts.split_last().map_or(("", parts), |(last, parts)| (*last, parts));
    let (says, advice) = last.split_once("; ").unwrap_or((last, ""));
    let semicolon = if advice.is_empty() { "" } else { "; " };
    let hint = if advice.is_empty() { "" } else { "\",\"hint\":\"" };
    let (before, between, behind): ([&str; 4], _, _) = match JSON_CODE.get() {
        Some(code) => {
            ([clear, "{\"error\":{\"code\":\"", code, "\",\"message\":\""], hint, "\"},\"schema_version\":1}\n")
        }
        None => ([clear, "goheap: ", "", ""], semicolon, "\n"),
    };
    let all = before.into_iter().chain(parts.iter().copied()).chain([says, between, advice, behind]);
    slices.iter_mut().zip(all).for_each(|(slice, part)| *slice = IoSlice::new(part.as_bytes()));
    // A stderr that is closed changes nothing.
    let _ = rustix::io::writev(std::io::stderr(), &slices);
}

/// The digits of `number`, made without allocating.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(digits.get(20 - used..).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn digits() {
        for number in [0, 7, 10, 4096, u64::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string());
        }
    }

    #[test]
    fn a_mapped_file_is_known_as_long_as_it_is_watched_and_its_cut_is_seen() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        file.set_len(100).unwrap();
        let stands_for_it = [0_u8; 100];
        let address = stands_for_it.as_ptr().addr() + 99;
        let cause = || {
            let mapped = MAPPED.lock().unwrap();
            mapped.iter().find(|entry| entry.addresses.contains(&address)).map(|entry| entry.cause())
        };
        let watched = Watched::new(&stands_for_it, Path::new("core"), Some(Arc::clone(&file)));
        assert_eq!(cause(), Some(Cause::Unreadable));
        file.set_len(64).unwrap();
        assert_eq!(cause(), Some(Cause::Cut { before: 100, now: 64 }));
        drop(watched);
        assert_eq!(cause(), None);
    }
}
