//! Reading ahead: what will be needed is asked for in the order of the file before it is read in any other.
//!
//! The heap is walked along its pointers, in no order that a disk likes: without this each page that no cache holds is a fault
//! of its own, and the system reads what lies around it in the hope that it is wanted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::map::ByteStore;
use crate::{Address, MemoryImage};

/// Gaps up to this are read, too: cheaper than to ask again.
const GAP: usize = 1 << 20;
/// Asked for at once. The system splits it further.
const STEP: usize = 64 << 20;

impl MemoryImage {
    /// Asks the system to read these ranges (address, bytes) into its cache, in the background; nothing where they would take more
    /// than half of the memory available.
    pub fn read_ahead(&self, ranges: impl Iterator<Item = (Address, u64)>) {
        let mut files: BTreeMap<usize, (Arc<ByteStore>, Vec<Range<usize>>)> = BTreeMap::new();
        for (address, len) in ranges {
            // What goes on in another piece is read when it is needed.
            let Some((store, offset, rest)) = self.stored(address) else { continue };
            let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest);
            let file = files.entry(Arc::as_ptr(store) as usize).or_insert_with(|| (Arc::clone(store), Vec::new()));
            file.1.push(offset..offset + len);
        }
        let files: Vec<_> = files.into_values().map(|(store, ranges)| (store, merge(ranges))).collect();
        let bytes: usize = files.iter().flat_map(|(_, ranges)| ranges).map(Range::len).sum();
        if bytes == 0 || bytes as u64 > available_memory() / 2 {
            return;
        }
        // It ends by itself, and with the process: nobody waits for it, nor needs it where the system gives no thread.
        _ = std::thread::Builder::new().spawn(move || {
            for (store, ranges) in files {
                ranges.into_iter().for_each(|range| ask(&store, range));
            }
        });
    }
}

/// Asks for what is no hole: the system would fill its cache with zeros.
fn ask(store: &ByteStore, range: Range<usize>) {
    let mut at = range.start;
    while at < range.end {
        let start = at + store.hole_len(at);
        at = start.saturating_add(store.data_len(start).clamp(1, STEP));
        if start < range.end {
            store.will_need(start..at.min(range.end));
        }
    }
}

/// Sorted, those that touch or nearly touch joined.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// `MemAvailable` of /proc/meminfo in bytes; 0 where nobody tells.
fn available_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nearly_touches_is_asked_for_together() {
        let far = 10 * GAP;
        let merged = merge(vec![far..far + 1, 8..16, 16..20, GAP..GAP + 4, 0..2, 1..3]);
        assert_eq!(merged, [0..GAP + 4, far..far + 1]);
    }
}
