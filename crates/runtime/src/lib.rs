//! The Go runtime's model, read from the image of a dead process: Go 1.17 to 1.27, linux/amd64 and linux/arm64.
//!
//! - To begin: [`RuntimeModel::open`].
//! - For objects: [`GoHeap`] (spans, and from an address to its span), [`PointerMasks`] (which words are pointers).
//! - For roots: [`ModuleData`] (data and bss with their masks), [`stack`] (goroutine stacks), [`special`] (finalizers, weak
//!   handles, cleanups).
//! - For types: [`TypeTable`](goheap_model::TypeTable), which joins DWARF with the runtime's own descriptors.
//!
//! Releases differ in data: [`RuntimeLayout`] says where fields are, from DWARF or from a built-in table; a field that a
//! release lacks is `None`, and its presence decides what is read.

mod bits;
mod buildinfo;
mod channel;
pub mod code;
pub mod constants;
mod contention;
mod counters;
mod crash;
mod diagnostics;
mod discover;
pub mod dwarf;
mod error;
mod gc_settings;
mod gcprog;
mod glibc;
mod go_files;
mod goroutine;
mod heap;
pub mod layout;
mod live;
mod mapped_elf;
mod mark;
mod mem_stats;
mod model;
mod module;
mod native_lines;
mod native_stack;
mod origin;
mod own_memory;
pub mod own_names;
mod pclntab;
mod pointer_mask;
mod profile;
mod red_zone;
mod release;
mod release_record;
mod small_map;
mod span;
pub mod special;
pub mod stack;
mod symbols;
mod traceback;
mod types;
mod vector_registers;
mod version;
mod wait;
pub mod words;

pub use buildinfo::ModuleInfo;
pub use channel::{Channel, SenderQueues};
pub use code::{AllocatedAs, CodeReferences, FunctionCode, VariableOwners};
pub use constants::GoroutineStatus;
pub use contention::{Contention, ContentionProfile, Waited};
pub use counters::{RuntimeCounter, runtime_counters};
pub use crash::{CaughtSignal, Crash, FatalError, Fault, Panic, PanicValue};
pub use diagnostics::Diagnostics;
pub use discover::Anchors;
pub use error::RuntimeError;
pub use gc_settings::GcSettings;
pub use glibc::{GlibcArena, GlibcHeap};
pub use go_files::{GoFile, GoFilePlace, go_files};
pub use goheap_model::InlineFrame;
pub use goroutine::{Gobuf, Goroutine, MachineThread};
pub use heap::{ARENA_BYTES, GoHeap};
pub use layout::{LayoutSource, RuntimeLayout};
pub use live::LiveHeap;
pub use mapped_elf::MappedElf;
pub use mem_stats::MemStats;
pub use model::{ModelOptions, RuntimeModel};
pub use module::{AddressRange, ModuleData};
pub use origin::Ancestor;
pub use own_memory::{OwnKind, OwnPiece, PageState, PageStates};
pub use pclntab::{Func, FuncTable};
pub use pointer_mask::{MALLOC_HEADER_BYTES, PointerMasks};
pub use profile::{Bucket, MemProfile};
pub use release::{VersionSource, stamped_version};
pub use release_record::Release;
pub use span::{ManualSpan, PAGE_BYTES, Span, SweepState};
pub use stack::ThreadIndex;
pub use symbols::{Symbols, Variable};
pub use traceback::{Call, Stack, Tracer, is_shown_call};
pub use types::{DescriptorReader, FuncTypes, Method, RunTimeNames, types_from_dwarf};
pub use vector_registers::VectorRegisters;
pub use version::GoVersion;
pub use wait::{Sudog, WaitClass};
