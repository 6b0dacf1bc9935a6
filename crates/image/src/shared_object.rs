//! The libraries and plugins that the process had mapped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::bias;
use crate::identity::{self, Identity};
use crate::locate::{Places, without_deleted};
use crate::mapped_modules::has_header;
use crate::notes::path_from_bytes;
use crate::{Address, CoreFile, Executable, MappedFile, MemoryImage, OpenOptions};

/// A library or plugin that the process had mapped, found and confirmed to be the one mapped.
pub struct SharedObject {
    /// The file.
    pub executable: Executable,
    /// What to add (wrapping) to its addresses.
    pub load_bias: u64,
    /// What the core calls it.
    pub mapped_as: PathBuf,
}

/// What became of the mapped ELF files.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) objects: Vec<SharedObject>,
    /// Those not found, or found only in another version.
    pub(crate) unavailable: Vec<PathBuf>,
}

/// More libraries than any process has; the core says how many to open.
const LIMIT: usize = 4096;

/// Finds the ELF files mapped besides the executable. Other files are not opened: nothing would prove that they are those mapped, and a
/// core may name any file of the machine it is read on.
pub(crate) fn find(
    core: &CoreFile,
    memory: &MemoryImage,
    (executable, load_bias): (&Executable, u64),
    places: &Places,
    options: &OpenOptions,
) -> Found {
    let mut first_mappings: BTreeMap<&[u8], &MappedFile> = BTreeMap::new();
    for mapped in core.mapped_files().iter().filter(|mapped| mapped.file_offset == 0) {
        let first = first_mappings.entry(&mapped.path).or_insert(mapped);
        if mapped.start < first.start {
            *first = mapped;
        }
    }
    let mut mappings: Vec<&MappedFile> = first_mappings.into_values().collect();
    mappings.sort_by_key(|mapped| mapped.start);
    let code = files_with_code(core);
    let own = |mapped: &MappedFile| bias::of_mapping(executable, mapped) == Some(load_bias);
    let mut found = Found::default();
    for mapped in mappings.into_iter().filter(|mapped| !own(mapped)).take(LIMIT) {
        let name = path_from_bytes(without_deleted(&mapped.path));
        match open(&name, mapped, memory, places, options) {
            Some(object) => found.objects.push(object),
            None if code.contains(&mapped.path) || has_header(memory, mapped.start) => found.unavailable.push(name),
            None => {}
        }
    }
    found
}

fn open(
    name: &Path,
    mapped: &MappedFile,
    memory: &MemoryImage,
    places: &Places,
    options: &OpenOptions,
) -> Option<SharedObject> {
    places.files(name).iter().find_map(|place| {
        let executable = Executable::open(place, options).ok()?;
        let load_bias = bias::of_mapping(&executable, mapped)?;
        let same = match identity::compare(memory, &executable, load_bias, None) {
            Identity::Confirmed { .. } => true,
            Identity::Unconfirmed => places.in_sysroot(place),
            Identity::Different(_) => false,
        };
        same.then(|| SharedObject { executable, load_bias, mapped_as: name.to_owned() })
    })
}

/// The files some of which is mapped as code.
pub(crate) fn files_with_code(core: &CoreFile) -> BTreeSet<&Vec<u8>> {
    let code = core.segments().iter().filter(|segment| segment.flags.executable());
    let code: BTreeSet<Address> = code.map(|segment| segment.address).collect();
    let files = core.mapped_files().iter().filter(|file| file.start < file.end);
    files.filter(|file| code.range(file.start..file.end).next().is_some()).map(|file| &file.path).collect()
}
