//! Lines of code that is not Go's, by the tables of the file that it is in (`.debug_line`, DWARF 5 section 6.2).

use crate::model::RuntimeModel;
use gimli::{DwarfSections, EndianSlice, LittleEndian, SectionId, Unit};
use goheap_image::Executable;
use std::borrow::Cow;

type Slice<'a> = EndianSlice<'a, LittleEndian>;
/// Debug information as the file has it, or unpacked.
type Bytes<'a> = DwarfSections<Cow<'a, [u8]>>;

/// Rows of one unit's table that are read: more than any compiler writes of a file.
const MOST_ROWS: usize = 1 << 24;
/// Sections of places of variables, which lines do not need.
const UNREAD: [SectionId; 3] = [SectionId::DebugLoc, SectionId::DebugLocLists, SectionId::DebugTypes];

/// Reads lines, the sections of each file once.
///
/// # Overhead
/// The debug information of the files that were asked, unpacked.
pub struct NativeLines<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    /// By the file's number, 0 the executable; None of a file without.
    files: Vec<(usize, Option<Bytes<'m>>)>,
}

impl<'m, 'p> NativeLines<'m, 'p> {
    /// Nothing is read yet.
    pub fn new(model: &'m RuntimeModel<'p>) -> Self {
        NativeLines { model, files: Vec::new() }
    }

    /// The source file and the line of the instruction at `pc`, of the innermost inlined function; None where its file tells none.
    pub fn line(&mut self, pc: u64) -> Option<(String, u64)> {
        let process = self.model.process;
        let own = std::iter::once((&process.executable, process.load_bias));
        let others = process.shared_objects.iter().map(|object| (&object.executable, object.load_bias));
        let (number, file, linked) = own.chain(others).enumerate().find_map(|(number, (file, bias))| {
            let linked = pc.wrapping_sub(bias);
            let holds = |start: u64, size: u64| linked.wrapping_sub(start) < size;
            file.load_segments().find(|segment| holds(segment.address.0, segment.memory_size))?;
            Some((number, file, linked))
        })?;
        if !self.files.iter().any(|(other, _)| *other == number) {
            self.files.push((number, sections(file)));
        }
        let (_, sections) = self.files.iter().find(|(other, _)| *other == number)?;
        line_in(sections.as_ref()?, linked)
    }
}

fn sections(file: &Executable) -> Option<Bytes<'_>> {
    let load = |id: SectionId| {
        let wanted = if UNREAD.contains(&id) { None } else { file.section_data(id.name()) };
        Ok::<_, std::convert::Infallible>(wanted.unwrap_or_default())
    };
    DwarfSections::load(load).ok()
}

/// The line of the address, as linked.
fn line_in(sections: &Bytes<'_>, address: u64) -> Option<(String, u64)> {
    let dwarf = sections.borrow(|bytes| Slice::new(bytes, LittleEndian));
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        let Ok(unit) = dwarf.unit(header) else { continue };
        let Ok(mut ranges) = dwarf.unit_ranges(&unit) else { continue };
        let mut holds = false;
        while let Ok(Some(range)) = ranges.next() {
            holds |= (range.begin..range.end).contains(&address);
        }
        if holds {
            return line_of_unit(&dwarf, &unit, address);
        }
    }
    None
}

/// The last row at or before the address in the sequence that holds it.
fn line_of_unit(dwarf: &gimli::Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, address: u64) -> Option<(String, u64)> {
    let mut rows = unit.line_program.clone()?.rows();
    let mut before: Option<(u64, u64, u64)> = None;
    for _ in 0..MOST_ROWS {
        let (header, row) = rows.next_row().ok()??;
        if let Some((_, file, line)) = before.filter(|(start, ..)| (*start..row.address()).contains(&address)) {
            return Some((path(dwarf, unit, header, file)?, line));
        }
        let line = row.line().map_or(0, std::num::NonZeroU64::get);
        before = (!row.end_sequence()).then_some((row.address(), row.file_index(), line));
    }
    None
}

fn path(
    dwarf: &gimli::Dwarf<Slice<'_>>,
    unit: &Unit<Slice<'_>>,
    header: &gimli::LineProgramHeader<Slice<'_>>,
    index: u64,
) -> Option<String> {
    let text = |value| dwarf.attr_string(unit, value).ok().map(|bytes| bytes.to_string_lossy().into_owned());
    let file = header.file(index)?;
    let name = text(file.path_name())?;
    let folder = file.directory(header).and_then(text).filter(|_| !name.starts_with('/'));
    let below = |folder: &str, name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let path = folder.map_or(name.clone(), |folder| below(&folder, &name));
    let compiled_in = unit.comp_dir.map(|folder| folder.to_string_lossy().into_owned());
    Some(match compiled_in.filter(|_| !path.starts_with('/')) {
        Some(folder) => below(&folder, &path),
        None => path,
    })
}
