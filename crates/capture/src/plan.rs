//! What of a process goes into its core: which mappings, and of these which pages.

use crate::error::CaptureError;
use crate::maps::{Backing, Details, Mapping, PAGE};
use crate::memory::Live;
use crate::pages::PageMap;
use std::ops::Range;

/// Bits of `p_flags`.
const EXECUTE: u32 = 1;
const WRITE: u32 = 2;
const READ: u32 = 4;

/// A segment of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) range: Range<u64>,
    /// `p_flags`.
    pub(crate) flags: u32,
    /// How many of its bytes the core has, from the start on.
    pub(crate) file_size: u64,
    /// Those of them that are to be read: ascending, apart. The others are zeros.
    pub(crate) data: Vec<Range<u64>>,
}

/// The segments of a core, by address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) segments: Vec<Segment>,
}

impl Plan {
    /// By default what kernels write (core(5)) less pages that are not there: writable memory, of files that are code the first page. `full` takes
    /// the files' pages too.
    pub(crate) fn of(
        mappings: &[Mapping],
        details: &Details,
        pages: &PageMap,
        live: &Live,
        full: bool,
    ) -> Result<Plan, CaptureError> {
        let mut plan = Plan::default();
        for mapping in mappings {
            if mapping.backing() == Backing::Kernel || (!full && details.left_out.contains(&mapping.start)) {
                continue;
            }
            plan.add(mapping, details, pages, live, full)?;
        }
        Ok(plan)
    }

    fn add(
        &mut self,
        mapping: &Mapping,
        details: &Details,
        pages: &PageMap,
        live: &Live,
        full: bool,
    ) -> Result<(), CaptureError> {
        let is_reserved = !mapping.readable && !mapping.writable;
        if is_reserved && details.untouched.contains(&(mapping.start, mapping.end)) {
            self.push(mapping, mapping.range(), 0, Vec::new());
            return Ok(());
        }
        match mapping.backing() {
            Backing::Kernel => {}
            Backing::Vdso => self.whole(mapping),
            Backing::Anonymous => {
                let there = pages.pages(mapping)?.there;
                let size = if there.is_empty() { 0 } else { mapping.len() };
                self.push(mapping, mapping.range(), size, there);
            }
            Backing::SharedMemory => self.apart(mapping, pages.pages(mapping)?.there),
            Backing::File if full && mapping.readable => self.whole(mapping),
            // What was written to a page is nowhere else; the pages around it are, but nothing tells a reader so.
            Backing::File if !mapping.shared && pages.pages(mapping)?.has_own => self.whole(mapping),
            Backing::File => {
                let size = if has_elf_header(mapping, live) { PAGE } else { 0 };
                let first = mapping.start..mapping.start + size;
                self.push(mapping, mapping.range(), size, if size > 0 { vec![first] } else { Vec::new() });
            }
        }
        Ok(())
    }

    fn whole(&mut self, mapping: &Mapping) {
        self.push(mapping, mapping.range(), mapping.len(), vec![mapping.range()]);
    }

    /// A segment for each range that is there, and for each between, of which nothing is known: other processes may have its pages.
    fn apart(&mut self, mapping: &Mapping, there: Vec<Range<u64>>) {
        let mut at = mapping.start;
        for range in there {
            if at < range.start {
                self.push(mapping, at..range.start, 0, Vec::new());
            }
            at = range.end;
            self.push(mapping, range.clone(), range.end - range.start, vec![range]);
        }
        if at < mapping.end {
            self.push(mapping, at..mapping.end, 0, Vec::new());
        }
    }

    fn push(&mut self, mapping: &Mapping, range: Range<u64>, file_size: u64, data: Vec<Range<u64>>) {
        let bit = |is: bool, bit: u32| if is { bit } else { 0 };
        let flags = bit(mapping.readable, READ) | bit(mapping.writable, WRITE) | bit(mapping.executable, EXECUTE);
        self.segments.push(Segment { range, flags, file_size, data });
    }

    /// All that is to be read, ascending.
    pub(crate) fn data(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.segments.iter().flat_map(|segment| segment.data.iter().cloned())
    }

    /// Bytes of it.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.data().map(|range| range.end - range.start).sum()
    }
}

/// Kernels write the first page of code: it has the build id.
fn has_elf_header(mapping: &Mapping, live: &Live) -> bool {
    let mut start = [0; 4];
    if mapping.offset == 0 && mapping.readable {
        live.read(mapping.start, &mut start);
    }
    start == *b"\x7fELF"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::maps;
    use crate::proc_files::ProcFolder;

    #[test]
    fn a_plan_of_this_process_has_its_memory_and_no_files() {
        let own = ProcFolder::of(std::process::id() as i32).unwrap();
        let mappings = maps::parse(&own.bytes("maps").unwrap());
        let details = maps::details(&own.bytes("smaps").unwrap());
        let (pages, live) = (PageMap::open(&own).unwrap(), Live::open(&own).unwrap());
        let plan = Plan::of(&mappings, &details, &pages, &live, false).unwrap();
        let here = &raw const plan as u64;
        let holds = |segment: &&Segment| segment.data.iter().any(|range| range.contains(&here));
        assert_eq!(plan.segments.iter().filter(holds).count(), 1, "the stack");
        let code = a_plan_of_this_process_has_its_memory_and_no_files as fn() as usize as u64;
        let code = plan.segments.iter().find(|segment| segment.range.contains(&code)).unwrap();
        assert!(code.file_size <= PAGE && code.flags & EXECUTE != 0);
        let in_order = plan.segments.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start);
        assert!(in_order && plan.data_bytes() > 0);
        let full = Plan::of(&mappings, &details, &pages, &live, true).unwrap();
        assert!(full.data_bytes() > plan.data_bytes());
    }

    #[test]
    fn shared_memory_that_is_elsewhere_is_absent() {
        let mapping = &maps::parse(b"1000-6000 rw-s 00000000 00:01 5 /memfd:x (deleted)\n")[0];
        let mut plan = Plan::default();
        plan.apart(mapping, vec![0x2000..0x3000, 0x4000..0x5000]);
        let told: Vec<(u64, u64)> =
            plan.segments.iter().map(|segment| (segment.range.start, segment.file_size)).collect();
        assert_eq!(told, [(0x1000, 0), (0x2000, 0x1000), (0x3000, 0), (0x4000, 0x1000), (0x5000, 0)]);
    }
}
