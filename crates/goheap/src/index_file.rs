//! Where an index lies, and whether it is of this core, this executable and this tool.

use crate::build::{IS_COMMIT, VERSION};
pub use crate::core_options::{CoreOptions, IndexUse};
use goheap_heap::index::{self, Identity};
use goheap_heap::{HeapError, HeapSnapshot, SnapshotOptions};
use goheap_image::{MappedBytes, Process};
use goheap_model::{Observer, SectionError, Sections};
use goheap_runtime::RuntimeModel;
use rustix::fs::OFlags;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twox_hash::XxHash3_64;

/// What the name of an index ends in that lies beside its core.
const ENDING: &str = ".goheap";
/// Bytes of a file's beginning and end that tell it from another.
const TOLD: u64 = 64 << 10;
/// Bits of the mode with which others may write.
const OTHERS_WRITE: u32 = 0o022;

/// Why an index is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It cannot be opened.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It is none, or damaged.
    #[error(transparent)]
    Sections(#[from] SectionError),
    /// It was made of or by something else.
    #[error("it was made with another {0}")]
    Other(String),
    /// It lies beside the core, and who made it is not known.
    #[error("it is another user's, or others may write to it")]
    NotOurs,
}

/// Why [`take`] fails.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The heap cannot be read.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// The index that was named cannot be used.
    #[error("the index {} cannot be used", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// Why.
        source: IndexError,
    },
}

/// Takes the heap from an index, where there is one of this core, else from the core. `passed_over` is told of one beside the core that
/// is not used.
///
/// # Errors
/// See [`TakeError`].
pub fn take<'m, 'p>(
    model: &'m RuntimeModel<'p>,
    core: &CoreOptions,
    options: SnapshotOptions,
    observer: &dyn Observer,
    passed_over: &dyn Fn(&Path, &IndexError),
) -> Result<HeapSnapshot<'m, 'p>, TakeError> {
    let options = SnapshotOptions { full_names: core.full_names, ..options };
    if let Some(Found { path, sections, is_named }) = find(core, model.process, passed_over)? {
        match HeapSnapshot::restore(model, &sections, options, observer) {
            Err(HeapError::Index(error)) if is_named => {
                return Err(TakeError::Index { path, source: error.into() });
            }
            Err(HeapError::Index(error)) => passed_over(&path, &error.into()),
            restored => return Ok(restored?),
        }
    }
    Ok(HeapSnapshot::take_observed(model, options, observer)?)
}

/// An index that is of this core.
struct Found {
    path: PathBuf,
    sections: Arc<Sections>,
    is_named: bool,
}

/// The index that is named, or that lies beside the core.
fn find(
    core: &CoreOptions,
    process: &Process,
    passed_over: &dyn Fn(&Path, &IndexError),
) -> Result<Option<Found>, TakeError> {
    match &core.index {
        IndexUse::None => Ok(None),
        IndexUse::Named(path) => {
            let opened =
                File::open(path).map_err(IndexError::from).and_then(|file| checked(&file, path, core, process));
            let sections = opened.map_err(|source| TakeError::Index { path: path.clone(), source })?;
            Ok(Some(Found { path: path.clone(), sections, is_named: true }))
        }
        IndexUse::Beside => {
            let Some(path) = beside(&core.request.core) else { return Ok(None) };
            let Ok(file) = File::options().read(true).custom_flags(OFlags::NOFOLLOW.bits() as i32).open(&path) else {
                return Ok(None);
            };
            match ours(&file).and_then(|()| checked(&file, &path, core, process)) {
                Ok(sections) => Ok(Some(Found { path, sections, is_named: false })),
                Err(why) => {
                    passed_over(&path, &why);
                    Ok(None)
                }
            }
        }
    }
}

/// Where the index of a core lies; of one from a pipe, nowhere.
pub fn beside(core: &Path) -> Option<PathBuf> {
    let mut name = core.file_name().filter(|_| core.as_os_str() != "-")?.to_owned();
    name.push(ENDING);
    Some(core.with_file_name(name))
}

fn ours(file: &File) -> Result<(), IndexError> {
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & OTHERS_WRITE == 0;
    if is_ours && metadata.is_file() { Ok(()) } else { Err(IndexError::NotOurs) }
}

fn checked(file: &File, path: &Path, core: &CoreOptions, process: &Process) -> Result<Arc<Sections>, IndexError> {
    let sections = Sections::open(Arc::new(MappedBytes::new(file, path)?))?;
    let (made, is) = (index::identity(&sections)?, identity(core, process));
    match is.iter().find(|one| !made.contains(one)) {
        Some((what, _)) => Err(IndexError::Other(what.clone())),
        None => Ok(Arc::new(sections)),
    }
}

/// What an index must have been made of and by to be that of this core.
pub fn identity(core: &CoreOptions, process: &Process) -> Identity {
    let libraries =
        process.shared_objects.iter().map(|library| stamp(library.executable.path(), false)).collect::<Vec<_>>();
    let module = core.request.module.as_ref().map(|path| path.display().to_string());
    let debug_file = process.executable.debug_file().map(|file| stamp(file.path(), false));
    let entries = [
        ("goheap", tool()),
        ("core", stamp(process.core.path(), true)),
        ("executable", stamp(process.executable.path(), false)),
        ("debug file", debug_file.unwrap_or_default()),
        ("libraries", libraries.join(" ")),
        ("--no-dwarf", core.no_dwarf.to_string()),
        ("--go", core.go.as_ref().map(|version| version.text.clone()).unwrap_or_default()),
        ("--module", module.unwrap_or_default()),
        ("--full-names", core.full_names.to_string()),
    ];
    entries.map(|(what, value)| (what.to_owned(), value)).to_vec()
}

/// The build. Where its sources are no commit's, by the file of the program.
fn tool() -> String {
    if IS_COMMIT {
        return VERSION.to_owned();
    }
    let program = std::env::current_exe().map(|path| stamp(&path, true)).unwrap_or_default();
    format!("{VERSION} {program}")
}

/// Length, time where that counts, and a checksum of beginning and end; empty of what cannot be read.
fn stamp(path: &Path, with_time: bool) -> String {
    let read = || -> io::Result<String> {
        // A pipe would wait for a writer.
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() {
            return Ok(String::new());
        }
        let mut file = File::open(path)?;
        let mut told = Vec::new();
        file.by_ref().take(TOLD).read_to_end(&mut told)?;
        file.seek(SeekFrom::Start(metadata.len().saturating_sub(TOLD)))?;
        file.by_ref().take(TOLD).read_to_end(&mut told)?;
        let time =
            if with_time { format!("{}.{:09} ", metadata.mtime(), metadata.mtime_nsec()) } else { String::new() };
        Ok(format!("{} {time}{:016x}", metadata.len(), XxHash3_64::oneshot(&told)))
    };
    read().unwrap_or_default()
}
