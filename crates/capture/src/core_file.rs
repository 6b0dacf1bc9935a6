//! A core of its parts: headers, notes, segments, in the order in which kernels write them.

use crate::error::CaptureError;
use crate::maps::PAGE;
use crate::memory::Memory;
use crate::plan::{Plan, Segment};
use crate::sink::{CoreSink, SinkError};
use std::sync::atomic::{AtomicBool, Ordering};

const HEADER: u64 = 64;
const PROGRAM_HEADER: u64 = 56;
const SECTION_HEADER: u64 = 64;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const ET_CORE: u16 = 4;
/// `e_phnum` where the count does not fit: it is `sh_info` of the first section header then (elf(5)).
const PN_XNUM: usize = 0xffff;
/// More segments than any core has; readers refuse more.
const MOST_SEGMENTS: usize = 1 << 22;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183;
#[cfg(not(target_arch = "aarch64"))]
const MACHINE: u16 = 62;

/// Where a core goes.
pub(crate) trait Stream {
    fn data(&mut self, bytes: &[u8]) -> Result<(), SinkError>;
    fn zeros(&mut self, len: u64) -> Result<(), SinkError>;
    fn position(&self) -> u64;
}

impl Stream for CoreSink {
    fn data(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        CoreSink::data(self, bytes)
    }

    fn zeros(&mut self, len: u64) -> Result<(), SinkError> {
        CoreSink::zeros(self, len)
    }

    fn position(&self) -> u64 {
        CoreSink::position(self)
    }
}

/// Writes a core. `is_abandoned` ends it early.
pub(crate) fn write(
    sink: &mut dyn Stream,
    notes: &[u8],
    plan: &Plan,
    memory: &dyn Memory,
    is_abandoned: &AtomicBool,
    pid: i32,
) -> Result<(), CaptureError> {
    let headers = headers(notes.len() as u64, &plan.segments, pid)?;
    sink.data(&headers)?;
    sink.data(notes)?;
    sink.zeros(padding(sink.position()))?;
    for segment in &plan.segments {
        let end = segment.range.start + segment.file_size;
        let mut at = segment.range.start;
        for range in &segment.data {
            sink.zeros(range.start - at)?;
            memory.each(range.clone(), &mut |piece| {
                if is_abandoned.load(Ordering::Relaxed) {
                    return Err(CaptureError::Abandoned { pid });
                }
                Ok(sink.data(piece)?)
            })?;
            at = range.end;
        }
        sink.zeros(end - at)?;
    }
    Ok(())
}

/// Bytes up to the next page.
fn padding(at: u64) -> u64 {
    at.next_multiple_of(PAGE) - at
}

fn headers(notes: u64, segments: &[Segment], pid: i32) -> Result<Vec<u8>, CaptureError> {
    let count = segments.len() + 1;
    if count > MOST_SEGMENTS {
        return Err(CaptureError::TooManySegments { pid, count });
    }
    let is_extended = count >= PN_XNUM;
    let sections = HEADER + count as u64 * PROGRAM_HEADER;
    let notes_at = sections + if is_extended { SECTION_HEADER } else { 0 };
    let mut out = elf_header(count, if is_extended { sections } else { 0 });
    program_header(&mut out, PT_NOTE, 0, notes_at, 0..0, notes, 4);
    let mut offset = notes_at + notes;
    offset += padding(offset);
    for segment in segments {
        program_header(&mut out, PT_LOAD, segment.flags, offset, segment.range.clone(), segment.file_size, PAGE);
        offset += segment.file_size;
    }
    if is_extended {
        out.extend([0; 44]);
        out.extend((count as u32).to_le_bytes());
        out.extend([0; 16]);
    }
    Ok(out)
}

fn elf_header(count: usize, sections: u64) -> Vec<u8> {
    let mut out = Vec::from(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    for word in [ET_CORE, MACHINE] {
        out.extend(word.to_le_bytes());
    }
    out.extend(1_u32.to_le_bytes());
    for word in [0, HEADER, sections] {
        out.extend(word.to_le_bytes());
    }
    out.extend(0_u32.to_le_bytes());
    let has_sections = u16::from(sections > 0);
    let counted = count.min(PN_XNUM) as u16;
    for word in [HEADER as u16, PROGRAM_HEADER as u16, counted, SECTION_HEADER as u16, has_sections, 0] {
        out.extend(word.to_le_bytes());
    }
    out
}

fn program_header(
    out: &mut Vec<u8>,
    kind: u32,
    flags: u32,
    offset: u64,
    range: std::ops::Range<u64>,
    file_size: u64,
    alignment: u64,
) {
    out.extend(kind.to_le_bytes());
    out.extend(flags.to_le_bytes());
    for word in [offset, range.start, 0, file_size, range.end - range.start, alignment] {
        out.extend(word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
    use super::*;
    use crate::sink::SinkOptions;
    use goheap_image::{Address, CoreFile, OpenOptions};
    use std::ops::Range;

    /// Memory whose bytes are the low bytes of their page's number.
    struct Pattern;

    impl Memory for Pattern {
        fn each(
            &self,
            range: Range<u64>,
            take: &mut dyn FnMut(&[u8]) -> Result<(), CaptureError>,
        ) -> Result<(), CaptureError> {
            range.step_by(PAGE as usize).try_for_each(|at| take(&[(at / PAGE) as u8; PAGE as usize]))
        }

        fn unread(&self) -> u64 {
            0
        }
    }

    fn segment(range: Range<u64>, file_size: u64, data: Vec<Range<u64>>) -> Segment {
        Segment { range, flags: 6, file_size, data }
    }

    fn written(plan: &Plan) -> CoreFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("core");
        let mut sink = CoreSink::create(&path, &SinkOptions::default()).unwrap();
        write(&mut sink, &[], plan, &Pattern, &AtomicBool::new(false), 1).unwrap();
        sink.finish().unwrap();
        CoreFile::open(&path, &OpenOptions::default()).unwrap()
    }

    #[test]
    fn a_core_has_its_segments_where_it_says() {
        let segments = vec![
            segment(0x10000..0x15000, 0x5000, vec![0x11000..0x12000, 0x13000..0x14000]),
            segment(0x20000..0x90000, 0, Vec::new()),
            segment(0x100000..0x110000, 0x1000, vec![0x100000..0x101000]),
        ];
        let core = written(&Plan { segments });
        assert_eq!(core.missing_bytes(), 0);
        let told: Vec<_> = core.segments().iter().map(|one| (one.address.0, one.memory_size, one.file_size)).collect();
        assert_eq!(told, [(0x10000, 0x5000, 0x5000), (0x20000, 0x70000, 0), (0x100000, 0x10000, 0x1000)]);
        assert!(core.segments().iter().all(|one| one.file_offset % PAGE == 0));
        assert_eq!(core.segments()[0].end(), Address(0x15000));
    }

    #[test]
    fn more_segments_than_a_header_can_count() {
        let segments = (0..70_000_u64).map(|at| segment(at * 0x2000..at * 0x2000 + 0x1000, 0, Vec::new())).collect();
        assert_eq!(written(&Plan { segments }).segments().len(), 70_000);
    }

    #[test]
    fn who_is_not_waited_for_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = CoreSink::create(&folder.path().join("core"), &SinkOptions::default()).unwrap();
        let plan = Plan { segments: vec![segment(0x1000..0x2000, 0x1000, vec![0x1000..0x2000])] };
        let result = write(&mut sink, &[], &plan, &Pattern, &AtomicBool::new(true), 1);
        assert!(matches!(result, Err(CaptureError::Abandoned { pid: 1 })));
    }
}
