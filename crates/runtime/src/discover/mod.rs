//! The runtime's variables: by name where the executable has symbols, else by what they look like.

mod memory_profile;
mod module;
mod operands;
mod signature;

pub(crate) use module::find_first_module;
pub(crate) use operands::{BACKLOG_BYTES, operands};

use crate::heap::GoHeap;
use crate::layout::RuntimeLayout;
use crate::module::ModuleData;
use crate::symbols::Symbols;
use goheap_image::{Address, Machine, MemoryImage};

/// Where the variables are that lead to everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    /// `runtime.allgs`.
    pub allgs: Option<Address>,
    /// `runtime.allp`.
    pub allp: Option<Address>,
    /// `runtime.allm`.
    pub allm: Option<Address>,
    /// Words that point to blocks of the finalizer queue: `runtime.allfin`, or whatever code names in its stead.
    pub finalizer_blocks: Vec<Address>,
    /// Words that point to blocks of the cleanup queue: `runtime.gcCleanups.all`.
    pub cleanup_blocks: Vec<Address>,
    /// `sync.allPools` and `sync.oldPools`, as far as they are there and not empty.
    pub pool_lists: Vec<Address>,
    /// `runtime.gcController`.
    pub gc_controller: Option<Address>,
    /// `runtime.memstats`.
    pub memstats: Option<Address>,
    /// `runtime.gcphase`.
    pub gcphase: Option<Address>,
    /// `runtime.printBacklog` and `runtime.printBacklogIndex`.
    pub print_backlog: Option<(Address, Address)>,
}

/// What looking for variables needs.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) memory: &'a MemoryImage,
    pub(crate) machine: Machine,
    pub(crate) layout: &'a RuntimeLayout,
    pub(crate) symbols: &'a Symbols,
    /// The runtime's own module.
    pub(crate) module: &'a ModuleData<'a>,
    /// Those behind it: plugins.
    pub(crate) others: &'a [ModuleData<'a>],
}

impl Search<'_> {
    /// True of an address in Go's code.
    fn is_code(&self, pc: u64) -> bool {
        std::iter::once(self.module).chain(self.others).any(|module| module.text.contains(&pc))
    }

    /// `runtime.mheap_`.
    pub(crate) fn mheap(&self) -> Option<Address> {
        self.symbols.address("runtime.mheap_").or_else(|| signature::find_mheap(self))
    }

    /// `runtime.allgs`.
    pub(crate) fn allgs(&self) -> Option<Address> {
        self.symbols.address("runtime.allgs").or_else(|| signature::find_allgs(self))
    }

    /// `runtime.memstats`.
    pub(crate) fn memstats(&self) -> Option<Address> {
        self.symbols.address("runtime.memstats").or_else(|| operands::find_memstats(self))
    }

    /// Every anchor; those that are neither named nor recognised stay unset.
    pub(crate) fn anchors(&self, heap: &GoHeap<'_>) -> Anchors {
        let named = |name: &str| self.symbols.address(name);
        Anchors {
            allgs: self.allgs(),
            allp: named("runtime.allp").or_else(|| signature::find_allp(self, heap)),
            allm: named("runtime.allm"),
            finalizer_blocks: match named("runtime.allfin") {
                Some(allfin) => vec![allfin],
                None => operands::find_finalizer_blocks(self),
            },
            cleanup_blocks: match named("runtime.gcCleanups") {
                Some(queue) => vec![queue.add(self.cleanup_all_offset())],
                None => operands::find_cleanup_blocks(self),
            },
            pool_lists: match (named("sync.allPools"), named("sync.oldPools")) {
                (None, None) => operands::find_pool_lists(self),
                lists => [lists.0, lists.1].into_iter().flatten().collect(),
            },
            gc_controller: named("runtime.gcController")
                .or_else(|| signature::find_gc_controller(self, heap))
                .or_else(|| operands::find_gc_controller(self)),
            memstats: self.memstats(),
            gcphase: named("runtime.gcphase"),
            print_backlog: named("runtime.printBacklog")
                .zip(named("runtime.printBacklogIndex"))
                .or_else(|| operands::find_print_backlog(self)),
        }
    }

    /// Where `cleanupQueue.all` lies (mcleanup.go, since 1.25): behind two cache lines, of 64 bytes on amd64, 128 on arm64.
    fn cleanup_all_offset(&self) -> u64 {
        match self.machine {
            Machine::X86_64 => 128,
            Machine::Aarch64 => 256,
        }
    }
}
