//! The dead process: core, executable and the memory they make together.

use std::path::{Path, PathBuf};

use crate::bias::{self, Placement, plain_name};
use crate::build_ids;
use crate::debug_file;
use crate::error::MismatchEvidence;
use crate::exe_folders;
use crate::identity::{self, Identity};
use crate::locate::{self, Places, executable_names, without_deleted};
use crate::mapped_modules::executable_ids;
use crate::memory::{MemoryBuilder, MemoryRange, RangeSource};
use crate::notes::path_from_bytes;
use crate::shared_object::{self, SharedObject};
use crate::untouched;
use crate::{Address, CoreFile, Diagnostics, Executable, ImageError, MappedFile, MemoryImage, OpenOptions};

/// What to open.
#[derive(Clone, Debug, Default)]
pub struct OpenRequest {
    /// The core dump.
    pub core: PathBuf,
    /// The executable; looked for when it is not given.
    pub executable: Option<PathBuf>,
    /// The library to be read in the program's stead: the name or the path of a mapped file, or a file of that name.
    pub module: Option<PathBuf>,
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
    /// The program that had `executable` loaded, where that is a library.
    pub host: Option<PathBuf>,
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
        let program = assembly.program(&places, request, &options);
        let Some(module) = &request.module else {
            let (mut candidate, debug) = program.map_err(|error| assembly.say_what_is_wanted(error))?;
            debug_file::attach(&mut candidate.executable, debug, request, &options)?;
            return Ok(assembly.finish(candidate, Some((&places, &options))));
        };
        // A core of delve names no files: the one that was given for the library is looked for in memory.
        let names_no_files = assembly.core.mapped_files().is_empty();
        match program {
            Ok((candidate, debug)) if !names_no_files => {
                let mut process = assembly.finish(candidate, Some((&places, &options))).with_module(module)?;
                debug_file::attach(&mut process.executable, debug, request, &options)?;
                Ok(process)
            }
            Err(error) if request.executable.is_some() => Err(assembly.say_what_is_wanted(error)),
            // The library will do, wherever its program is.
            _ => {
                let mut candidate = assembly.find_module(module, &places, &options)?;
                debug_file::attach(&mut candidate.executable, None, request, &options)?;
                assembly.diagnostics.rejected_executables.clear();
                Ok(assembly.finish(candidate, Some((&places, &options))))
            }
        }
    }

    /// The process with the library of the given index of `shared_objects` as `executable`, and the program in its place.
    pub fn read_as(mut self, shared_object: usize, request: &OpenRequest) -> Result<Process, ImageError> {
        let options = OpenOptions { max_unpacked: request.max_unpacked };
        self.swap(shared_object);
        debug_file::attach(&mut self.executable, None, request, &options)?;
        Ok(self)
    }

    fn swap(&mut self, shared_object: usize) {
        if let Some(library) = self.shared_objects.get_mut(shared_object) {
            std::mem::swap(&mut self.executable, &mut library.executable);
            std::mem::swap(&mut self.load_bias, &mut library.load_bias);
            let program = library.executable.path().to_owned();
            library.mapped_as = program.clone();
            self.host = Some(program);
        }
    }

    /// The build id, to show, of the ELF file whose first page lies at `start`, where that was dumped: in hexadecimal, or quoted where it
    /// is Go's.
    pub fn build_id_in_memory(&self, start: Address) -> Option<String> {
        let id = build_ids::in_memory(&self.memory, start);
        (!id.is_empty()).then(|| id.text(""))
    }

    /// Short name of the process, or of its executable where the core does not say.
    pub fn program_name(&self) -> String {
        let name = self.core.process().map(|process| process.name.clone()).filter(|name| !name.is_empty());
        let file = || self.executable.path().file_name().map(|name| name.to_string_lossy().into_owned());
        name.or_else(file).unwrap_or_default()
    }

    /// When goheap took the core of a live process, in nanoseconds since 1970; None where that is not known.
    pub fn taken_nanos(&self) -> Option<i64> {
        i64::try_from(self.core.provenance()?.taken?).ok()?.checked_mul(1_000_000_000)
    }

    fn with_module(mut self, name: &Path) -> Result<Process, ImageError> {
        let is_it = |mapped: &Path, found: &Path| {
            let same_name = plain_name(mapped).is_some() && plain_name(mapped) == plain_name(name);
            found == name || mapped.ends_with(name) || (same_name && name.is_file())
        };
        if is_it(self.executable.path(), self.executable.path()) {
            return Ok(self);
        }
        let objects = self.shared_objects.iter().enumerate();
        let found = objects.filter(|(_, object)| is_it(&object.mapped_as, object.executable.path()));
        let found: Vec<usize> = found.map(|(index, _)| index).collect();
        let mapped = |index: &usize| self.shared_objects.get(*index).map(|object| object.mapped_as.clone());
        match *found {
            [index] => {
                self.swap(index);
                Ok(self)
            }
            [] => {
                let had = self.shared_objects.iter().map(|object| object.mapped_as.clone());
                let files = had.chain(self.diagnostics.unavailable_files.iter().cloned()).collect();
                Err(ImageError::NoSuchModule { name: name.to_owned(), files })
            }
            _ => {
                let files = found.iter().filter_map(mapped).collect();
                Err(ImageError::AmbiguousModule { name: name.to_owned(), files })
            }
        }
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

    /// The program, given or found, and the debug file that was given.
    fn program(
        &mut self,
        places: &Places,
        request: &OpenRequest,
        options: &OpenOptions,
    ) -> Result<(Candidate, Option<Executable>), ImageError> {
        let mut debug = request.debug_file.as_ref().map(|path| Executable::open(path, options)).transpose()?;
        let given = request.executable.as_ref().map(|path| Executable::open(path, options)).transpose()?;
        let candidate = match given {
            Some(file) if file.is_debug_file() => {
                let path = file.path().to_owned();
                debug.get_or_insert(file);
                let found = self.find_executable(places, request, options);
                found.map_err(|_| ImageError::DebugFileAsExecutable { path })?
            }
            Some(file) => self.judge(file)?,
            None => self.find_executable(places, request, options)?,
        };
        Ok((candidate, debug))
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
        let path = || executable.path().to_owned();
        if executable.is_debug_file() {
            return Err(ImageError::DebugFileAsExecutable { path: path() });
        }
        if executable.is_packed_by_upx() {
            return Err(ImageError::PackedByUpx { path: path() });
        }
        match self.place(&executable) {
            Ok((load_bias, identity)) => Ok(Candidate { executable, load_bias, identity }),
            Err(evidence) => Err(ImageError::ExecutableMismatch { path: path(), evidence }),
        }
    }

    /// Where the file was loaded, and whether that confirms it.
    fn place(&self, file: &Executable) -> Result<(Option<u64>, Identity), MismatchEvidence> {
        let (mut unconfirmed, mut refusal) = (None, None);
        let identity = |bias| identity::of_executable(&self.core, &self.dumped, file, bias);
        for Placement { bias, named } in bias::of_executable(&self.core, &self.dumped, file) {
            match identity(bias) {
                Identity::Different(evidence) if named => {
                    refusal.get_or_insert(evidence);
                }
                Identity::Different(_) => {}
                Identity::Unconfirmed if named || refusal.is_none() => {
                    unconfirmed.get_or_insert((Some(bias), Identity::Unconfirmed));
                }
                Identity::Unconfirmed => {}
                confirmed => return Ok((Some(bias), confirmed)),
            }
        }
        match (unconfirmed, refusal) {
            (Some(placed), _) => Ok(placed),
            (None, Some(evidence)) => Err(evidence),
            (None, None) => match identity(0) {
                Identity::Different(evidence) => Err(evidence),
                other => Ok((None, other)),
            },
        }
    }

    /// Adds to a refusal of the executable which one it should be.
    fn say_what_is_wanted(&self, error: ImageError) -> ImageError {
        let tells_it = matches!(error, ImageError::ExecutableMismatch { .. });
        let wanted_id = if tells_it { String::new() } else { executable_ids(&self.core, &self.dumped).text("unknown") };
        let deleted = locate::executable_was_deleted(&self.core);
        if tells_it && !deleted {
            return error;
        }
        ImageError::WrongExecutable { source: Box::new(error), wanted_id, deleted }
    }

    /// A mapped file by its name, or a file that was given for one.
    fn find_module(&self, name: &Path, places: &Places, options: &OpenOptions) -> Result<Candidate, ImageError> {
        let mut mapped: Vec<PathBuf> = self.core.mapped_files().iter().map(mapped_name).collect();
        mapped.dedup();
        let named = mapped.iter().filter(|mapped| mapped.ends_with(name) || plain_name(mapped) == plain_name(name));
        let found = named.flat_map(|mapped| places.files(mapped));
        let given = name.is_file().then(|| name.to_owned());
        let mut refusal = None;
        for path in given.into_iter().chain(found) {
            match Executable::open(&path, options).and_then(|executable| self.judge(executable)) {
                Ok(candidate) => return Ok(candidate),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| ImageError::NoSuchModule { name: name.to_owned(), files: Vec::new() }))
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
        let beside = request.core.parent().map(|folder| exe_folders::copies(folder, &wanted)).unwrap_or_default();
        let by_id = by_id.into_iter().filter(|place| place.is_file()).chain(beside);
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
            Identity::Confirmed { patched_pages, first_patched } => {
                self.diagnostics.patched_code_pages = patched_pages;
                self.diagnostics.firsts.patched = first_patched;
            }
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
        let others = shared_objects.iter().map(|object| (&object.executable, object.load_bias));
        untouched::add(&mut self.pieces, &self.core, others.chain([(&executable, load_bias)]));
        Process {
            memory: self.pieces.finish(),
            core: self.core,
            executable,
            load_bias,
            host: None,
            shared_objects,
            diagnostics: self.diagnostics,
        }
    }
}

fn mapped_name(mapped: &MappedFile) -> PathBuf {
    path_from_bytes(without_deleted(&mapped.path))
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
