//! Lines of code that is not Go's, by the tables of the file that it is in (`.debug_line`, DWARF 5 section 6.2).

use crate::model::RuntimeModel;
use addr2line::Context;
use gimli::{DwarfSections, EndianSlice, LittleEndian, SectionId};
use goheap_image::Executable;
use std::borrow::Cow;

/// Bytes of a file's tables of lines that are read: the rows of a unit take 24 bytes each while it is asked, and one byte may be a row. The
/// largest C libraries that programs of Go link have some MiB.
const MOST_BYTES: usize = 16 << 20;
/// Sections of places of variables, which lines do not need.
const UNREAD: [SectionId; 3] = [SectionId::DebugLoc, SectionId::DebugLocLists, SectionId::DebugTypes];

impl RuntimeModel<'_> {
    /// The source file and the line of the instruction at each address, of the innermost inlined function; None where its file tells
    /// none.
    ///
    /// # Overhead
    /// While it runs, the debug information of one file after the other, unpacked, and of that file the ranges of all units and the
    /// lines of those that are asked.
    pub fn native_lines(&self, pcs: &[u64]) -> Vec<Option<(String, u64)>> {
        let process = self.process;
        let own = std::iter::once((&process.executable, process.load_bias));
        let others = process.shared_objects.iter().map(|object| (&object.executable, object.load_bias));
        let mut lines = vec![None; pcs.len()];
        let mut left: Vec<usize> = (0..pcs.len()).collect();
        for (file, bias) in own.chain(others) {
            let linked = |index: usize| pcs[index].wrapping_sub(bias);
            let (inside, outside): (Vec<_>, Vec<_>) = left.into_iter().partition(|&index| holds(file, linked(index)));
            left = outside;
            let sections = if inside.is_empty() { None } else { sections(file) };
            let dwarf = sections.as_ref().map(|all| all.borrow(|bytes| EndianSlice::new(bytes, LittleEndian)));
            let Some(context) = dwarf.and_then(|dwarf| Context::from_dwarf(dwarf).ok()) else { continue };
            for index in inside {
                lines[index] = line(&context, linked(index));
            }
        }
        lines
    }
}

fn holds(file: &Executable, linked: u64) -> bool {
    file.load_segments().any(|segment| linked.wrapping_sub(segment.address.0) < segment.memory_size)
}

/// The sections of a file; None of one with more lines than are read.
fn sections(file: &Executable) -> Option<DwarfSections<Cow<'_, [u8]>>> {
    let load = |id: SectionId| {
        let wanted = if UNREAD.contains(&id) { None } else { file.section_data(id.name()) };
        let data = wanted.unwrap_or_default();
        if id == SectionId::DebugLine && data.len() > MOST_BYTES { Err(()) } else { Ok(data) }
    };
    DwarfSections::load(load).ok()
}

fn line(context: &Context<EndianSlice<'_, LittleEndian>>, linked: u64) -> Option<(String, u64)> {
    // Addr2line adds one to the address.
    let probe = Some(linked).filter(|&linked| linked < u64::MAX)?;
    let location = context.find_location(probe).ok()??;
    Some((location.file?.to_owned(), location.line.unwrap_or(0).into()))
}
