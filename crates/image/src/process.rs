//! The dead process: core, executable and the memory they make together.

use std::path::PathBuf;

use crate::bias;
use crate::debug_file;
use crate::exe_folders;
use crate::identity::{self, Identity};
use crate::locate::{Places, executable_names};
use crate::mapped_modules::executable_ids;
use crate::memory::{MemoryBuilder, MemoryRange, RangeSource};
use crate::shared_object::{self, SharedObject};
use crate::{CoreFile, Diagnostics, Executable, ImageError, MemoryImage, OpenOptions};

/// What to open.
#[derive(Clone, Debug, Default)]
pub struct OpenRequest {
    /// The core dump.
    pub core: PathBuf,
    /// The executable; looked for when it is not given.
    pub executable: Option<PathBuf>,
    /// The root folder under which the paths in the core are looked up first.
    pub sysroot: Option<PathBuf>,
    /// Folders of executables, one of which is picked by its build id or name.
    pub exe_folders: Vec<PathBuf>,
    /// The separate debug file of the executable; looked for when it is not given and the executable has no DWARF.
    pub debug_file: Option<PathBuf>,
    /// Folders of debug files, beside the system's.
    pub debug_folders: Vec<PathBuf>,
    /// The folder where debuginfod's clients keep what they fetched.
    pub debuginfod_cache: Option<PathBuf>,
    /// The most bytes that a compressed file may unpack to.
    pub max_unpacked: Option<u64>,
}

/// A dead process.
pub struct Process {
    /// The core dump.
    pub core: CoreFile,
    /// The executable.
    pub executable: Executable,
    /// Everything that can be read.
    pub memory: MemoryImage,
    /// What to add (wrapping) to the executable's addresses: 0 unless it is position independent.
    pub load_bias: u64,
    /// The other ELF files mapped that were found and are the ones mapped, in order of address.
    pub shared_objects: Vec<SharedObject>,
    /// What was odd, the core's own diagnostics included.
    pub diagnostics: Diagnostics,
}

impl Process {
    /// Opens the core, finds and checks the executable, and puts the memory together.
    pub fn open(request: &OpenRequest) -> Result<Process, ImageError> {
        let options = OpenOptions { max_unpacked: request.max_unpacked };
        let core = CoreFile::open(&request.core, &options)?;
        let mut assembly = Assembly::new(core);
        let places = Places::new(request);
        let mut debug = request.debug_file.as_ref().map(|path| Executable::open(path, &options)).transpose()?;
        let given = request.executable.as_ref().map(|path| Executable::open(path, &options)).transpose()?;
        let mut candidate = match given {
            Some(file) if file.is_debug_file() => {
                let path = file.path().to_owned();
                debug.get_or_insert(file);
                let found = assembly.find_executable(&places, request, &options);
                found.map_err(|_| ImageError::DebugFileAsExecutable { path })?
            }
            Some(file) => assembly.judge(file)?,
            None => assembly.find_executable(&places, request, &options)?,
        };
        debug_file::attach(&mut candidate.executable, debug, request, &options)?;
        Ok(assembly.finish(candidate, Some((&places, &options))))
    }

    /// A process of an opened core and executable, without the other files mapped.
    pub fn assemble(core: CoreFile, executable: Executable) -> Result<Process, ImageError> {
        let assembly = Assembly::new(core);
        let candidate = assembly.judge(executable)?;
        Ok(assembly.finish(candidate, None))
    }
}

/// An executable that nothing in the core speaks against.
struct Candidate {
    executable: Executable,
    load_bias: Option<u64>,
    identity: Identity,
}

/// A process in the making.
struct Assembly {
    core: CoreFile,
    pieces: MemoryBuilder,
    /// What the core alone holds.
    dumped: MemoryImage,
    diagnostics: Diagnostics,
}

impl Assembly {
    fn new(core: CoreFile) -> Assembly {
        let mut diagnostics = core.diagnostics().clone();
        let mut pieces = MemoryBuilder::default();
        (diagnostics.overlapping_segments, diagnostics.first_overlap) = pieces.add_core(&core);
        let dumped = pieces.clone().finish();
        Assembly { core, pieces, dumped, diagnostics }
    }

    /// Refuses an executable that did not make the core.
    fn judge(&self, executable: Executable) -> Result<Candidate, ImageError> {
        if executable.machine() != self.core.machine() {
            return Err(ImageError::MachineMismatch {
                path: executable.path().to_owned(),
                core: self.core.machine(),
                executable: executable.machine(),
            });
        }
        let load_bias = bias::of_executable(&self.core, &self.dumped, &executable);
        let identity = identity::of_executable(&self.core, &self.dumped, &executable, load_bias.unwrap_or(0));
        if let Identity::Different(evidence) = identity {
            return Err(ImageError::ExecutableMismatch { path: executable.path().to_owned(), evidence });
        }
        Ok(Candidate { executable, load_bias, identity })
    }

    /// Looks where the core's own names lead. A file that the core confirms is taken before one that it does not.
    fn find_executable(
        &mut self,
        places: &Places,
        request: &OpenRequest,
        options: &OpenOptions,
    ) -> Result<Candidate, ImageError> {
        let names = executable_names(&self.core, &self.dumped);
        let wanted = executable_ids(&self.core, &self.dumped);
        let by_id = exe_folders::places(&request.exe_folders, request.debuginfod_cache.as_deref(), &wanted);
        let by_id = by_id.into_iter().filter(|place| place.is_file());
        let by_name = names.iter().flat_map(|name| places.files(name));
        let scanned = std::iter::once_with(|| exe_folders::scan(&request.exe_folders, &wanted, options)).flatten();
        let (mut unconfirmed, mut refusal) = (None, None);
        for path in by_id.chain(scanned).chain(by_name) {
            let candidate = Executable::open(&path, options).and_then(|executable| self.judge(executable));
            match candidate {
                Ok(candidate) if candidate.identity == Identity::Unconfirmed => {
                    unconfirmed.get_or_insert(candidate);
                }
                Ok(candidate) => return Ok(candidate),
                Err(error) => {
                    if !self.diagnostics.rejected_executables.contains(&path) {
                        self.diagnostics.rejected_executables.push(path);
                    }
                    refusal.get_or_insert(error);
                }
            }
        }
        let tried = || names.iter().flat_map(|name| places.of(name)).collect();
        unconfirmed.ok_or_else(|| refusal.unwrap_or_else(|| ImageError::ExecutableNotFound { tried: tried() }))
    }

    fn finish(mut self, candidate: Candidate, search: Option<(&Places, &OpenOptions)>) -> Process {
        let Candidate { executable, load_bias, identity } = candidate;
        match identity {
            Identity::Confirmed { patched_pages } => self.diagnostics.patched_code_pages = patched_pages,
            _ => self.diagnostics.executable_unconfirmed = true,
        }
        self.diagnostics.load_bias_unknown = load_bias.is_none();
        self.diagnostics.executable_unpacking = executable.damage.clone();
        let load_bias = load_bias.unwrap_or(0);
        add_read_only(&mut self.pieces, &executable, load_bias);
        let mut shared_objects = Vec::new();
        if let Some((places, options)) = search {
            let found = shared_object::find(&self.core, &self.dumped, (&executable, load_bias), places, options);
            self.diagnostics.unavailable_files = found.unavailable;
            shared_objects = found.objects;
        }
        for object in &shared_objects {
            add_read_only(&mut self.pieces, &object.executable, object.load_bias);
        }
        Process {
            memory: self.pieces.finish(),
            core: self.core,
            executable,
            load_bias,
            shared_objects,
            diagnostics: self.diagnostics,
        }
    }
}

/// Adds what a file has and the core has not: of segments never written only. A writable page that is absent was written, or its
/// relocations were, so the file's bytes would be wrong.
fn add_read_only(pieces: &mut MemoryBuilder, file: &Executable, load_bias: u64) {
    for segment in file.load_segments().filter(|segment| !segment.flags.writable()) {
        let range = MemoryRange {
            start: segment.address + load_bias,
            len: segment.file_size.min(segment.memory_size),
            writable: false,
            source: RangeSource::File,
        };
        pieces.add(range, &file.bytes, segment.file_offset);
    }
}
