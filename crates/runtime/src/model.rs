//! The Go runtime of one dead process, put together.

use crate::buildinfo::ModuleInfo;
use crate::diagnostics::Diagnostics;
use crate::discover::{Anchors, Search, find_first_module};
use crate::dwarf::{Dwarf, Sections};
use crate::error::RuntimeError;
use crate::goroutine::{Goroutine, MachineThread, read_goroutines, read_threads};
use crate::heap::GoHeap;
use crate::layout::{LayoutSource, RuntimeLayout};
use crate::mapped_elf::MappedElf;
use crate::module::{ModuleData, Modules, read_modules};
use crate::pointer_mask::{MaskContext, PointerMasks};
use crate::red_zone;
use crate::release::{VersionSource, find_release};
use crate::stack::{FrameFuncs, StackScanner, Unwinder};
use crate::symbols::Symbols;
use crate::traceback::is_panic;
use crate::types::{DescriptorReader, RunTimeNames, add_dwarf, types_from_dwarf};
use crate::version::GoVersion;
use crate::words::{read_slice, read_words};
use foldhash::HashMap;
use goheap_image::{Address, Executable, Machine, MemoryImage, Process, SharedObject};
use goheap_model::InlineFrame;
use goheap_model::RedZones;
use goheap_model::TypeTable;
use goheap_model::{Observer, Refusal, Unobserved};
use std::borrow::Cow;
use std::sync::Arc;

/// Processors that a process may have; `allp` of a broken core may claim any number.
const MAX_PROCESSORS: u64 = 1 << 16;

/// How to open a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// The Go release, for a program that does not say it.
    pub version: Option<GoVersion>,
    /// Do as if the executable were stripped: use neither its DWARF nor its symbol table.
    pub no_dwarf: bool,
    /// Go on with an empty heap where the core is cut off before the runtime's list of spans: goroutines and their stacks lie
    /// before it.
    pub without_heap: bool,
}

/// Everything that goheap knows of a process's Go runtime.
pub struct RuntimeModel<'p> {
    /// The process.
    pub process: &'p Process,
    /// Its Go release.
    pub version: GoVersion,
    /// How the release is known.
    pub version_source: VersionSource,
    /// Where the runtime's structs keep their fields.
    pub layout: RuntimeLayout,
    /// Where the layout was read.
    pub layout_source: LayoutSource,
    /// Address of `runtime.mheap_`.
    pub mheap: Address,
    /// Addresses of the runtime's other variables.
    pub anchors: Anchors,
    /// Modules, the executable's first.
    pub modules: Vec<ModuleData<'p>>,
    /// Types met so far.
    pub types: Arc<TypeTable>,
    /// The executable's DWARF.
    pub dwarf: Option<Dwarf<'p>>,
    /// Names of data.
    pub symbols: Symbols,
    /// Names of the types that reflect made.
    pub run_time_names: RunTimeNames,
    /// Spans.
    pub heap: GoHeap<'p>,
    /// Pointer masks.
    pub masks: PointerMasks<'p>,
    /// Goroutines, dead ones included.
    pub goroutines: Vec<Goroutine>,
    /// Threads by the address of their `m`.
    pub machine_threads: HashMap<u64, MachineThread>,
    /// The `p` of each processor (GOMAXPROCS of them).
    pub processors: Vec<Address>,
    /// What is added to objects.
    pub red_zones: RedZones,
    /// The `abi.FuncID` of functions that the compiler made to wrap others.
    pub(crate) wrapper_id: Option<u8>,
    /// Functions of frames.
    pub(crate) frame_funcs: FrameFuncs,
    /// What was odd.
    pub diagnostics: Diagnostics,
}

impl<'p> RuntimeModel<'p> {
    /// Reads the runtime of `process`.
    ///
    /// # Errors
    /// The program is not Go, its release is not supported, or its data segment is absent.
    pub fn open(process: &'p Process, options: ModelOptions) -> Result<Self, RuntimeError> {
        Self::open_observed(process, options, &Unobserved)
    }

    /// The same; `observer` is told of the stages and asked for memory.
    ///
    /// # Errors
    /// Those of [`RuntimeModel::open`], and the observer's refusal.
    pub fn open_observed(
        process: &'p Process,
        options: ModelOptions,
        observer: &dyn Observer,
    ) -> Result<Self, RuntimeError> {
        let begins = |stage| observer.begin(stage);
        begins("version, DWARF, layout");
        let memory = &process.memory;
        let mut diagnostics = Diagnostics::default();
        let dwarf = if options.no_dwarf { None } else { read_dwarf(&process.executable, &mut diagnostics) };
        let release = find_release(process, options.version.as_ref(), dwarf.as_ref())?;
        let (version, version_source) = (release.version, release.source);
        diagnostics.overruled_version = release.overruled;
        if version.minor < GoVersion::OLDEST_MINOR {
            return Err(RuntimeError::TooOld { version: version.text });
        }
        let machine = process.core.machine();
        let (layout, layout_source) = RuntimeLayout::choose(&version, machine, dwarf.as_ref())?;
        diagnostics.is_newer_than_known = version.is_newer_than_known();
        let mut symbols = if options.no_dwarf {
            Symbols::default()
        } else {
            Symbols::read(&process.executable, dwarf.as_ref(), process.load_bias)
        };
        begins("modules");
        let first = find_first_module(process, &layout, &version, &symbols).ok_or(RuntimeError::NoModule)?;
        let Modules { list: modules, broken } = read_modules(memory, &layout, &version, first)?;
        diagnostics.broken_module = broken;
        let search =
            Search { memory, machine, layout: &layout, symbols: &symbols, module: &modules[0], others: &modules[1..] };
        let mheap = search.mheap().ok_or(RuntimeError::NoHeap)?;
        begins("spans");
        let heap = match GoHeap::read(memory, &layout, &version, mheap, observer)? {
            Some(heap) => heap,
            None if options.without_heap => GoHeap::absent(),
            None => return Err(RuntimeError::HeapUnreadable { mheap }),
        };
        let scanned = heap.spans.iter().filter(|span| !span.is_noscan());
        memory.read_ahead(scanned.map(|span| (Address(span.base), span.byte_len())));
        diagnostics.no_heap = heap.is_absent();
        let anchors = search.anchors(&heap);
        begins("types of DWARF");
        let mut types = match &dwarf {
            Some(dwarf) => types_from_dwarf(dwarf, modules[0].types.start),
            None => TypeTable::default(),
        };
        if !options.no_dwarf {
            add_plugins(process, &modules, &mut types, &mut symbols);
        }
        types.drop_pointers_out_of_heap(version.release().has_not_in_heap_pointers);
        types.name_shapes();
        let named = symbols.address("runtime.reflectOffs");
        let run_time_names = RunTimeNames::read(memory, &version, named, &modules[0].bss);
        let descriptors = DescriptorReader::new(memory, &modules, &version).with_run_time_names(&run_time_names);
        let context = MaskContext { memory, layout: &layout, machine, mheap, descriptors };
        begins("pointer masks");
        let masks = PointerMasks::read(&context, &heap, &mut types);
        begins("goroutines");
        let goroutines = goroutines(memory, &layout, &version, anchors.allgs, observer, &mut diagnostics)?;
        let processors = processors(memory, anchors.allp, &mut diagnostics);
        let machine_threads = threads(process, &layout, &anchors, &goroutines, &processors);
        let (wrapper_id, red_zones) = (wrapper_id(&modules[0]), red_zone::of(&modules[0], &version));
        (diagnostics.broken_spans, diagnostics.absent_spans) = (heap.broken_spans, heap.absent_spans);
        diagnostics.bad_headers = masks.bad_headers;
        Ok(RuntimeModel {
            process,
            version,
            version_source,
            layout,
            layout_source,
            mheap,
            anchors,
            modules,
            types: Arc::new(types),
            dwarf,
            symbols,
            run_time_names,
            heap,
            masks,
            goroutines,
            machine_threads,
            processors,
            red_zones,
            wrapper_id,
            frame_funcs: FrameFuncs::default(),
            diagnostics,
        })
    }

    /// The process's memory.
    pub fn memory(&self) -> &'p MemoryImage {
        &self.process.memory
    }

    /// The process's architecture.
    pub fn machine(&self) -> Machine {
        self.process.core.machine()
    }

    /// The processor as Go calls it (`GOARCH`).
    pub fn architecture(&self) -> &'static str {
        match self.machine() {
            Machine::X86_64 => "amd64",
            Machine::Aarch64 => "arm64",
        }
    }

    /// What the build recorded of the main module; None where it recorded nothing, as without modules, or the core lacks it.
    pub fn module_info(&self) -> Option<ModuleInfo> {
        crate::buildinfo::module_info(&MappedElf::of(self.process))
    }

    /// True for a plugin: the library of the given index of `Process::shared_objects` holds a module of this runtime.
    pub fn is_of_this_runtime(&self, shared_object: usize) -> bool {
        let object = self.process.shared_objects.get(shared_object);
        object.is_some_and(|object| self.modules.iter().skip(1).any(|module| holds(object, module.address)))
    }

    /// The file name of the plugin that is the module of that index, where it was found.
    pub fn plugin_name(&self, module: usize) -> Option<String> {
        let address = self.modules.get(module)?.address;
        if let Some(object) = self.process.shared_objects.iter().find(|object| holds(object, address)) {
            return Some(object.mapped_as.file_name()?.to_string_lossy().into_owned());
        }
        // Its file is missing: the core has the name.
        let file = self.process.core.mapped_files().iter().find(|file| file.start <= address && address < file.end)?;
        Some(file.to_path().file_name()?.to_string_lossy().into_owned())
    }

    /// True if a function begins at `address`.
    pub fn begins_function(&self, address: u64) -> bool {
        self.unwinder().find_func(address).is_some_and(|(_, func)| func.entry == address)
    }

    /// A walker of stacks.
    pub fn unwinder(&self) -> Unwinder<'_> {
        Unwinder { memory: self.memory(), modules: &self.modules, machine: self.machine(), known: &self.frame_funcs }
    }

    /// A scanner of stacks.
    pub fn stack_scanner(&self) -> StackScanner<'_> {
        StackScanner { unwinder: self.unwinder(), layout: &self.layout, release: self.version.release() }
    }

    /// A reader of type descriptors.
    pub fn descriptors(&self) -> DescriptorReader<'_> {
        DescriptorReader::new(self.memory(), &self.modules, &self.version).with_run_time_names(&self.run_time_names)
    }

    /// The name of the function at `pc`, as tracebacks print it.
    pub fn function_name(&self, pc: u64) -> Option<String> {
        let (module, func) = self.unwinder().find_func(pc)?;
        Some(self.modules[module].functions.print_name(&func))
    }

    /// The calls at `pc` with their positions, inlined ones first, the function that has the frame last; empty where no function
    /// has code there. Needs no DWARF. For a frame that has made a call pass the return address minus one.
    pub fn inline_stack(&self, pc: u64) -> Vec<InlineFrame> {
        let Some((module, func)) = self.unwinder().find_func(pc) else { return Vec::new() };
        self.modules[module].functions.inline_stack(self.memory(), &func, pc)
    }

    /// The same, each call with the instruction that stands for it.
    pub fn inline_calls(&self, pc: u64) -> Vec<(u64, InlineFrame)> {
        let Some((module, func)) = self.unwinder().find_func(pc) else { return Vec::new() };
        self.modules[module].functions.inline_calls(self.memory(), &func, pc)
    }

    /// True if a wrapper's call is passed over where stacks are taken (`elideWrapperCalling`); `callee` is what it called.
    pub fn is_passed_over(&self, frame: &InlineFrame, callee: &str) -> bool {
        self.wrapper_id == Some(frame.func_id) && !is_panic(callee)
    }

    /// File and line of the instruction at `pc`.
    pub fn position(&self, pc: u64) -> Option<(String, u32)> {
        let (module, func) = self.unwinder().find_func(pc)?;
        self.modules[module].functions.position(&func, pc)
    }
}

/// The variables of plugins and their types, by the plugins' own symbols and DWARF.
fn add_plugins(process: &Process, modules: &[ModuleData<'_>], types: &mut TypeTable, symbols: &mut Symbols) {
    for module in modules.iter().skip(1) {
        let Some(plugin) = process.shared_objects.iter().find(|object| holds(object, module.address)) else { continue };
        // What is broken in a plugin's debug information costs its names alone.
        let dwarf = Dwarf::parse(&ExecutableSections(&plugin.executable)).ok().flatten();
        let first_type = dwarf.as_ref().map_or(0, |dwarf| add_dwarf(types, dwarf, module.types.start));
        symbols.add_plugin(&plugin.executable, dwarf.as_ref(), plugin.load_bias, first_type);
    }
}

/// True if `address` lies in a segment of the library.
fn holds(object: &SharedObject, address: Address) -> bool {
    object.executable.load_segments().any(|segment| {
        let start = segment.address.0.wrapping_add(object.load_bias);
        (start..start.saturating_add(segment.memory_size)).contains(&address.0)
    })
}

/// The numbers of `abi.FuncID` ascend by name, and last comes `FuncIDWrapper`, after that of `systemstack_switch` (1.17 to 1.27).
fn wrapper_id(module: &ModuleData<'_>) -> Option<u8> {
    let functions = &module.functions;
    let before = functions.iter().find(|func| func.id != 0 && functions.name(func) == "runtime.systemstack_switch")?;
    before.id.checked_add(1)
}

/// Sections of the executable for the DWARF reader.
struct ExecutableSections<'a>(&'a Executable);

impl<'p> Sections<'p> for ExecutableSections<'p> {
    fn section(&self, name: &str) -> Option<Cow<'p, [u8]>> {
        self.0.section_data(name)
    }
}

fn read_dwarf<'p>(executable: &'p Executable, diagnostics: &mut Diagnostics) -> Option<Dwarf<'p>> {
    match Dwarf::parse(&ExecutableSections(executable)) {
        Ok(dwarf) => dwarf,
        Err(error) => {
            diagnostics.unusable_dwarf = Some(error.to_string());
            None
        }
    }
}

fn goroutines(
    memory: &MemoryImage,
    layout: &RuntimeLayout,
    version: &GoVersion,
    allgs: Option<Address>,
    observer: &dyn Observer,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Goroutine>, Refusal> {
    let read = match allgs {
        Some(allgs) => read_goroutines(memory, layout, version.minor, allgs, observer)?,
        None => None,
    };
    diagnostics.no_goroutines = read.is_none();
    let (goroutines, broken) = read.unwrap_or_default();
    (diagnostics.broken_goroutines, diagnostics.first_broken_goroutines) = (broken.count, broken.first);
    Ok(goroutines)
}

fn processors(memory: &MemoryImage, allp: Option<Address>, diagnostics: &mut Diagnostics) -> Vec<Address> {
    let list = allp.and_then(|allp| read_slice(memory, allp)).filter(|list| list.len <= MAX_PROCESSORS);
    let words = list.and_then(|list| read_words(memory, list.data, usize::try_from(list.len).ok()?));
    diagnostics.no_processors = words.is_none();
    words.unwrap_or_default().into_iter().map(Address).collect()
}

/// Go's slot in the thread-local storage of amd64, below the thread pointer (runtime/asm_amd64.s, cmd/link: `runtime.tlsg`).
const TLS_G: u64 = 8;

fn threads(
    process: &Process,
    layout: &RuntimeLayout,
    anchors: &Anchors,
    goroutines: &[Goroutine],
    processors: &[Address],
) -> HashMap<u64, MachineThread> {
    let memory = &process.memory;
    let pointer = |at: Address| memory.read_u64(at).map(Address);
    // An idle process has no goroutine on a thread and no thread on a processor: its threads tell themselves.
    let of_registers = process.core.threads().iter().flat_map(|thread| {
        let stored = thread.fs_base.and_then(|base| pointer(Address(base.0.wrapping_sub(TLS_G))));
        let held = stored.into_iter().chain([thread.registers.go_g()]);
        held.filter(|g| !g.is_null()).filter_map(|g| pointer(g.add(layout.g.m))).filter(|m| {
            let id = memory.read_u64(m.add(layout.m.procid));
            !m.is_null() && id == Some(u64::from(thread.tid))
        })
    });
    let all = anchors.allm.and_then(pointer);
    let of_goroutines = goroutines.iter().map(|goroutine| goroutine.m);
    let of_processors = processors.iter().filter_map(|p| pointer(p.add(layout.p.m)));
    read_threads(memory, layout, all.into_iter().chain(of_goroutines).chain(of_processors).chain(of_registers))
}
