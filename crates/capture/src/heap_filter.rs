//! Which pages of Go's heap are in use: the others hold what was freed, and are left out.
//!
//! The runtime's own records lie outside of the heap, so a core of these alone, in memory, is read by the same code that reads cores.

use crate::core_file::{self, Stream};
use crate::error::CaptureError;
use crate::maps::{Backing, Mapping};
use crate::memory::Memory;
use crate::plan::{Plan, Segment};
use crate::proc_files::ProcFolder;
use crate::sink::{SinkError, is_zero};
use goheap_image::{OpenRequest, Process};
use goheap_runtime::LiveHeap;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// The most that the runtime's records may come to, bytes: those of a heap of some hundred gigabytes.
pub(crate) const MOST_RECORDS: u64 = 512 << 20;
/// Where Linux begins to place mappings for which no address is asked on amd64 and arm64; Go asks for its arenas below.
const UNASKED: u64 = 0x6000_0000_0000;
/// More segments than this make a core slow to open: small gaps stay then.
const MANY_SEGMENTS: usize = 40_000;
/// The least gap that is left out where there are few, bytes; and where there are many.
const GAPS: [u64; 3] = [4096, 64 << 10, 1 << 20];

/// The heap of a process by what `memory` has of `plan`; `None` where it is not understood: then all of it is taken.
pub(crate) fn live_heap(
    process: &ProcFolder,
    mappings: &[Mapping],
    plan: &Plan,
    memory: &dyn Memory,
    notes: &[u8],
    most: u64,
) -> Option<LiveHeap> {
    let records = records(mappings, plan);
    if records.data_bytes() > most.min(MOST_RECORDS) {
        return None;
    }
    let mut core = InMemory::new().ok()?;
    core_file::write(&mut core, notes, &records, memory, &AtomicBool::new(false), process.pid).ok()?;
    let request = OpenRequest { core: core.path(), executable: Some(process.file("exe")), ..OpenRequest::default() };
    core.file.set_len(core.at).ok()?;
    LiveHeap::read(&Process::open(&request).ok()?).ok()
}

/// The plan without what cannot be records of the runtime: mappings of no file that stand where Go asked for its arenas, and C's heap.
fn records(mappings: &[Mapping], plan: &Plan) -> Plan {
    let is_record = |segment: &Segment| {
        let at = mappings.partition_point(|mapping| mapping.end <= segment.range.start);
        let Some(mapping) = mappings.get(at) else { return true };
        let before = at.checked_sub(1).and_then(|before| mappings.get(before));
        let is_bss = before.is_some_and(|before| before.end == mapping.start && before.backing() == Backing::File);
        let is_plain = mapping.backing() == Backing::Anonymous && mapping.path != b"[stack]";
        !is_plain
            || is_bss
            || (mapping.path.is_empty() || mapping.path.starts_with(b"[anon:")) && mapping.start >= UNASKED
    };
    let only = |segment: &Segment| match is_record(segment) {
        true => segment.clone(),
        false => Segment { file_size: 0, data: Vec::new(), ..segment.clone() },
    };
    Plan { segments: plan.segments.iter().map(only).collect() }
}

/// Leaves out of the plan what of the heap is in no span; how many bytes.
pub(crate) fn leave_out(plan: &mut Plan, heap: &LiveHeap) -> u64 {
    // A list that makes no sense in part leaves nothing out.
    if heap.broken > 0 || heap.in_use.is_empty() {
        return 0;
    }
    let before = plan.data_bytes();
    for least in GAPS {
        let segments: Vec<Segment> = plan.segments.iter().flat_map(|segment| split(segment, heap, least)).collect();
        if segments.len() <= MANY_SEGMENTS.max(plan.segments.len()) {
            plan.segments = segments;
            break;
        }
    }
    before - plan.data_bytes()
}

/// The segment, cut where data of the heap is in no span and at least so many bytes.
fn split(segment: &Segment, heap: &LiveHeap, least: u64) -> Vec<Segment> {
    let gaps = gaps(segment, heap, least);
    if gaps.is_empty() {
        return vec![segment.clone()];
    }
    let end = segment.range.start + segment.file_size;
    let mut out = Vec::new();
    let mut at = segment.range.start;
    let mut keep = |range: Range<u64>| {
        if !range.is_empty() {
            let data = clipped(&segment.data, &range);
            // Where nothing was ever touched there is nothing to be had.
            let file_size = if data.is_empty() && range.start >= end { 0 } else { range.end - range.start };
            out.push(Segment { range, flags: segment.flags, file_size, data });
        }
    };
    let mut cuts = Vec::new();
    for gap in gaps {
        keep(at..gap.start);
        at = gap.end;
        cuts.push(Segment { range: gap, flags: segment.flags, file_size: 0, data: Vec::new() });
    }
    keep(at..segment.range.end);
    out.extend(cuts);
    out.sort_by_key(|segment| segment.range.start);
    out
}

/// Parts of the segment that are of the heap, in no span, and hold data.
fn gaps(segment: &Segment, heap: &LiveHeap, least: u64) -> Vec<Range<u64>> {
    let of_heap = clipped(&heap.arenas, &segment.range);
    let mut gaps = Vec::new();
    for part in of_heap {
        let mut at = part.start;
        for span in clipped(&heap.in_use, &part) {
            gaps.push(at..span.start);
            at = span.end;
        }
        gaps.push(at..part.end);
    }
    // One that is empty holds nothing.
    gaps.retain(|gap| clipped(&segment.data, gap).iter().map(|data| data.end - data.start).sum::<u64>() >= least);
    gaps
}

/// What of ascending ranges lies in `within`.
fn clipped(ranges: &[Range<u64>], within: &Range<u64>) -> Vec<Range<u64>> {
    let first = ranges.partition_point(|range| range.end <= within.start);
    let those = ranges[first..].iter().take_while(|range| range.start < within.end);
    those.map(|range| range.start.max(within.start)..range.end.min(within.end)).collect()
}

/// A core that is nowhere but in memory.
struct InMemory {
    file: File,
    at: u64,
}

impl InMemory {
    fn new() -> std::io::Result<InMemory> {
        Ok(InMemory { file: File::from(memfd_create("goheap", MemfdFlags::CLOEXEC)?), at: 0 })
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }
}

impl Stream for InMemory {
    fn data(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        if !is_zero(bytes) {
            let written = self.file.write_all_at(bytes, self.at);
            written.map_err(|source| SinkError::Write { path: Path::new("memory").to_owned(), source })?;
        }
        self.zeros(bytes.len() as u64)
    }

    fn zeros(&mut self, len: u64) -> Result<(), SinkError> {
        self.at = self.at.saturating_add(len);
        Ok(())
    }

    fn position(&self) -> u64 {
        self.at
    }
}

/// The same of a process that runs: what it changes meanwhile may make no sense.
pub(crate) fn of_running(process: &ProcFolder) -> Result<Option<LiveHeap>, CaptureError> {
    let mappings = crate::maps::parse(&process.bytes("maps")?);
    let details = crate::maps::details(&process.bytes("smaps")?);
    let live = crate::memory::Live::open(process)?;
    let pages = crate::pages::PageMap::open(process)?;
    let plan = Plan::of(&mappings, &details, &pages, &live, false)?;
    let threads = crate::asleep::states(process)?;
    let notes = crate::notes::of_process(process, &threads, &mappings, &[])?;
    Ok(live_heap(process, &mappings, &plan, &live, &notes, MOST_RECORDS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init)]
    use super::*;

    fn segment(range: Range<u64>, data: Vec<Range<u64>>) -> Segment {
        Segment { file_size: range.end - range.start, range, flags: 6, data }
    }

    #[test]
    fn what_is_in_no_span_is_left_out_and_absent() {
        let mut plan = Plan {
            segments: vec![
                segment(0x1000..0x3000, vec![0x1000..0x3000]),
                segment(0x10000..0x30000, vec![0x10000..0x14000, 0x20000..0x26000]),
            ],
        };
        let heap = LiveHeap {
            arenas: vec![0x10000..0x40000],
            // Between the first two nothing was touched, so that stays.
            in_use: vec![0x10000..0x16000, 0x18000..0x20000, 0x24000..0x25000],
            ..LiveHeap::default()
        };
        assert_eq!(leave_out(&mut plan, &heap), 0x5000);
        let told: Vec<_> = plan.segments.iter().map(|one| (one.range.start, one.file_size, one.data.clone())).collect();
        let expected: Vec<(u64, u64, Vec<Range<u64>>)> = vec![
            (0x1000, 0x2000, vec![0x1000..0x3000]),
            (0x10000, 0x10000, vec![0x10000..0x14000]),
            (0x20000, 0, vec![]),
            (0x24000, 0x1000, vec![0x24000..0x25000]),
            (0x25000, 0, vec![]),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_heap_that_makes_no_sense_leaves_nothing_out() {
        let mut plan = Plan { segments: vec![segment(0x10000..0x20000, vec![0x10000..0x20000])] };
        let broken =
            LiveHeap { arenas: vec![0x10000..0x40000], in_use: vec![0x10000..0x11000], broken: 1, in_heap: Vec::new() };
        assert_eq!(leave_out(&mut plan, &broken), 0);
        assert_eq!(leave_out(&mut plan, &LiveHeap::default()), 0);
    }
}
