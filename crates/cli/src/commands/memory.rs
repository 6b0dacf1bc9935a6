//! `goheap CORE memory`: the whole process's memory, part by part.

mod counted;
mod tree;
mod verdict;

pub(crate) use verdict::{Told, tell};

use crate::args::{Input, MemoryOptions};
use crate::commands::answer::print;
use crate::open::{Needs, with_heap};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_heap::process_facts::captured;
use goheap_heap::process_memory::{ProcessMemory, Region};
use goheap_report::answer::{Answer, Cell, Column, Kind, Section};
use goheap_report::page::Page;

/// Regions and files that are told unless another number is asked for.
const USUAL_ROWS: usize = 20;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &MemoryOptions) -> Result<(), Failure> {
    with_heap(input, Needs::default(), |snapshot| {
        let memory = ProcessMemory::take(snapshot);
        diagnostics::say(&snapshot.totals, &snapshot.diagnostics(), input.quiet);
        let page = page(input);
        let mut answer = answer(&memory, page, options.limit.unwrap_or(USUAL_ROWS));
        answer.text.extend(captured::sentence(&snapshot.model.process.core, &|bytes| page.bytes(bytes)));
        print(input, options.written.form(), &answer)
    })
}

/// All of it, with at most so many regions and files.
pub(crate) fn answer(memory: &ProcessMemory, page: Page, most: usize) -> Answer {
    let mut sections = vec![tree::section(memory), counted::section(memory)];
    sections.extend(arenas(memory));
    sections.push(files(memory, most));
    sections.push(regions(memory, most));
    Answer {
        name: "memory".to_owned(),
        title: "What the process's memory is".to_owned(),
        text: tell(memory, page).sentences(),
        sections,
        ..Answer::default()
    }
}

/// Where what lies, the largest first.
fn regions(memory: &ProcessMemory, most: usize) -> Section {
    let address = |key: &str| Column { kind: Kind::Address, ..Column::count(key) };
    let columns = [
        Column::bytes("bytes"),
        address("start").spare(),
        address("end").hidden(),
        Column { kind: Kind::Word, ..Column::name("part") },
        Column::name("file"),
    ];
    let mut section = Section::new("regions", columns);
    section.title = "The largest regions outside of Go's heap that are not only reserved".to_owned();
    // What is only reserved is the largest, and tells nothing.
    for region in memory.regions.iter().filter(|region| !region.part.is_reserved()) {
        let Region { start, end, part, file } = *region;
        let path = file.and_then(|file| memory.files.get(file as usize));
        let file = path.map_or(Cell::None, |path| Cell::from(path.as_str()));
        section.row([(end - start).into(), start.into(), end.into(), part.key().into(), file]);
    }
    section.limit(most);
    section.left_out += memory.regions_left_out;
    section
}

/// How much is mapped of each file.
fn files(memory: &ProcessMemory, most: usize) -> Section {
    let mut bytes: Vec<(u64, &str)> = memory.files.iter().map(|path| (0, path.as_str())).collect();
    for (region, file) in memory.regions.iter().filter_map(|region| Some((region, region.file?))) {
        if let Some((sum, _)) = bytes.get_mut(file as usize) {
            *sum += region.end - region.start;
        }
    }
    bytes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut section = Section::new("files", [Column::bytes("bytes"), Column::name("file")]);
    section.title = "Mapped files, with their zeroed variables".to_owned();
    for (bytes, path) in bytes {
        section.row([bytes.into(), path.into()]);
    }
    section.limit(most);
    section
}

/// What glibc's arenas hold.
fn arenas(memory: &ProcessMemory) -> Option<Section> {
    let glibc = memory.glibc.as_ref()?;
    let columns = [
        Column { kind: Kind::Address, ..Column::count("arena") },
        Column::bytes("in_use").headed("in use"),
        Column::count("chunks").spare(),
        Column::bytes("free"),
        Column::bytes("not_walked").headed("other").spare(),
        Column::bytes("system").headed("by glibc").spare(),
    ];
    let mut section = Section::new("malloc_arenas", columns);
    section.title = "Arenas of C's malloc (glibc), the main one first".to_owned();
    for arena in &glibc.arenas {
        let cells = [arena.address, arena.in_use, arena.chunks, arena.free, arena.not_walked, arena.system_bytes];
        section.row(cells.map(Cell::from));
    }
    if let Some(mapped) = glibc.mmapped {
        let found = memory.bytes(goheap_heap::process_memory::MemoryPart::MallocMapped);
        section.notes.push(if mapped == found {
            format!("Allocations that have a mapping each: {mapped} bytes, as glibc counts them.")
        } else {
            format!("Allocations that have a mapping each: {found} bytes were found; glibc counts {mapped}.")
        });
    }
    Some(section)
}
