//! Whether a file is the one that was mapped: by the build ids in its dumped header page, else by pages that both hold.

use crate::build_ids::{self, BuildIds};
use crate::diagnostic::keep_first;
use crate::elf::{ElfHeader, program_headers};
use crate::error::MismatchEvidence;
use crate::mapped_modules::executable_ids;
use crate::{Address, CoreFile, Executable, LoadSegment, MemoryImage};

/// What the comparison of a file with the core's memory came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Something that both hold agrees.
    Confirmed {
        /// Pages of code that differ in a few bytes.
        patched_pages: u64,
        /// The first of these.
        first_patched: Vec<Address>,
    },
    /// The core holds nothing to compare.
    Unconfirmed,
    Different(MismatchEvidence),
}

const PAGE: u64 = 4096;

/// Pages compared in each segment.
const SAMPLE: u64 = 1024;

/// Bytes by which a page of code may differ: breakpoints and uprobes write an instruction each, function hooks a jump.
const PATCH_LIMIT: usize = 64;

/// Compares the executable with what the core holds of it and says of its entry.
pub(crate) fn of_executable(core: &CoreFile, memory: &MemoryImage, file: &Executable, bias: u64) -> Identity {
    // Of another program, the header page lies elsewhere, but still where its program headers are.
    let headers = core.aux_vector().program_headers().map(|headers| headers.align_down(PAGE));
    let identity = compare(memory, file, bias, headers);
    let entry = core.aux_vector().entry().filter(|entry| !file.is_pie() && *entry != file.entry());
    match (&identity, entry) {
        (Identity::Different(_), _) | (_, None) => identity,
        // A confirmed program started by hand through its dynamic linker: the entry is the linker's.
        (Identity::Confirmed { .. }, Some(_)) => identity,
        (Identity::Unconfirmed, Some(entry)) => {
            let (core_id, file_id) = (executable_ids(core, memory).text("unknown"), file_id(file));
            Identity::Different(MismatchEvidence::Entry { core: entry.0, file: file.entry().0, core_id, file_id })
        }
    }
}

/// Compares `file`, as it would lie at `bias`, with `memory` that comes from the core alone. When its header page is not where it
/// should be, that at `elsewhere` is taken.
pub(crate) fn compare(memory: &MemoryImage, file: &Executable, bias: u64, elsewhere: Option<Address>) -> Identity {
    let first = file.load_segments().find(|segment| segment.file_offset == 0);
    let mut places = [first.map(|segment| segment.address + bias), elsewhere].into_iter().flatten();
    let place = places.find(|&place| dumped_header(memory, place).is_some());
    let dumped = place.and_then(|place| dumped_header(memory, place)).unwrap_or_default();
    match (&dumped.ids.gnu, file.gnu_build_id()) {
        (Some(core), Some(ours)) if core != ours => {
            let (core, file) = (core.clone(), ours.to_vec());
            return Identity::Different(MismatchEvidence::GnuBuildId { core, file });
        }
        (Some(_), Some(_)) => return Identity::Confirmed { patched_pages: 0, first_patched: Vec::new() },
        _ => {}
    }
    match (&dumped.ids.go, file.go_build_id()) {
        (Some(core), Some(ours)) if core != ours => {
            let (core, file) = (core.clone(), ours.to_owned());
            return Identity::Different(MismatchEvidence::GoBuildId { core, file });
        }
        (Some(_), Some(_)) => return Identity::Confirmed { patched_pages: 0, first_patched: Vec::new() },
        _ => {}
    }
    if let Some(core) = dumped.entry.filter(|&entry| entry != file.entry().0) {
        let (core_id, file_id) = (dumped.ids.text("unknown"), file_id(file));
        return Identity::Different(MismatchEvidence::Entry { core, file: file.entry().0, core_id, file_id });
    }
    let ours = file.load_segments().map(|segment| (segment.address.0, segment.memory_size));
    if dumped.loads.as_ref().is_some_and(|theirs| !ours.eq(theirs.iter().copied())) {
        let (core, file) = (dumped.ids.text("unknown"), file_id(file));
        return Identity::Different(MismatchEvidence::Segments { core, file });
    }
    let whole_page_agrees = place.is_some_and(|place| first_page_agrees(memory, file, place));
    compare_contents(memory, file, bias, &dumped.ids, whole_page_agrees)
}

/// True when the page at `start` is the file's first, byte for byte: of a stripped file it is not, for the section headers differ.
fn first_page_agrees(memory: &MemoryImage, file: &Executable, start: Address) -> bool {
    let ours = file.data().get(..PAGE as usize);
    ours.is_some() && memory.contiguous(start).and_then(|page| page.get(..PAGE as usize)) == ours
}

/// What the header page in memory says of the file that was mapped.
#[derive(Default)]
struct DumpedHeader {
    ids: BuildIds,
    /// `e_entry`.
    entry: Option<u64>,
    /// Address and size in memory of each `PT_LOAD`; `None` when a truncated core has not all of them.
    loads: Option<Vec<(u64, u64)>>,
}

fn dumped_header(memory: &MemoryImage, start: Address) -> Option<DumpedHeader> {
    let page = memory.contiguous(start)?;
    let header = ElfHeader::parse(page).ok()?;
    let table = program_headers(page, &header, PAGE);
    let first = table.headers.iter().find(|header| header.is_load() && header.offset == 0)?;
    let bias = start.0.wrapping_sub(first.address);
    let loads = table.headers.iter().filter(|header| header.is_load());
    let loads = loads.map(|header| (header.address, header.memory_size)).collect();
    let loads = (table.headers.len() as u64 == table.declared).then_some(loads);
    let ids = build_ids::in_notes(memory, &table.headers, bias);
    Some(DumpedHeader { ids, entry: Some(header.entry), loads })
}

fn compare_contents(
    memory: &MemoryImage,
    file: &Executable,
    bias: u64,
    ids: &BuildIds,
    whole_page_agrees: bool,
) -> Identity {
    let mut pages = Pages::default();
    for segment in file.load_segments().filter(|segment| !segment.flags.writable()) {
        pages.compare(memory, file, bias, &segment);
    }
    if pages.differing > 0 {
        return Identity::Different(MismatchEvidence::Contents {
            differing: pages.differing,
            compared: pages.compared,
            core: ids.text("unknown"),
            file: file_id(file),
        });
    }
    if pages.compared > 0 || whole_page_agrees {
        return Identity::Confirmed { patched_pages: pages.patched, first_patched: pages.first_patched };
    }
    Identity::Unconfirmed
}

#[derive(Default)]
struct Pages {
    compared: u64,
    differing: u64,
    patched: u64,
    first_patched: Vec<Address>,
}

impl Pages {
    /// Compares whole pages of one read-only segment, evenly spread over it.
    fn compare(&mut self, memory: &MemoryImage, file: &Executable, bias: u64, segment: &LoadSegment) {
        let Some(contents) = crate::le::range(file.data(), segment.file_offset, segment.file_size) else { return };
        // strip rewrites the file header (it moves the section headers), not what it says of the segments.
        let headers = if segment.file_offset == 0 { 1 } else { 0 };
        let count = segment.file_size / PAGE;
        let step = usize::try_from((count / SAMPLE).max(1)).unwrap_or(1);
        for (index, ours) in contents.chunks_exact(PAGE as usize).enumerate().skip(headers).step_by(step) {
            let address = segment.address + bias + index as u64 * PAGE;
            let Some(theirs) = memory.bytes(address, PAGE as usize) else { continue };
            self.compared += 1;
            if *theirs != *ours {
                let bytes = theirs.iter().zip(ours).filter(|(a, b)| a != b).count();
                let patched = segment.flags.executable() && bytes <= PATCH_LIMIT;
                if patched {
                    self.patched += 1;
                    keep_first(&mut self.first_patched, address);
                }
                self.differing += u64::from(!patched);
            }
        }
    }
}

/// The build id to show of a file: GNU's, else Go's, else `none`.
pub(crate) fn file_id(file: &Executable) -> String {
    file.build_ids().text("none")
}
