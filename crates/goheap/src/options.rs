//! Which files, and what is read of them.

use crate::index_file::{CoreOptions, IndexUse};
use goheap_image::OpenRequest;
use std::path::{Path, PathBuf};

/// What [`open`](crate::open) reads; by default what most questions need, from files that are looked for where the core says. A question
/// that needs what was not read says so ([`Error::NotRead`](crate::Error::NotRead)).
#[derive(Clone, Debug)]
pub struct Options {
    core: CoreOptions,
    pub(crate) references: bool,
    pub(crate) frames: bool,
    pub(crate) places: bool,
    pub(crate) goroutines: bool,
    pub(crate) births: bool,
    pub(crate) process_memory: bool,
    pub(crate) waste: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            core: CoreOptions::default(),
            references: true,
            frames: true,
            places: false,
            goroutines: true,
            births: true,
            process_memory: false,
            waste: false,
        }
    }
}

impl Options {
    /// The executable; looked for by the paths in the core when it is not given.
    #[must_use]
    pub fn executable(self, path: impl Into<PathBuf>) -> Self {
        self.requesting(|request| request.executable = Some(path.into()))
    }

    /// The separate debug file of the executable.
    #[must_use]
    pub fn debug_file(self, path: impl Into<PathBuf>) -> Self {
        self.requesting(|request| request.debug_file = Some(path.into()))
    }

    /// The root folder under which the paths in the core are looked up first.
    #[must_use]
    pub fn sysroot(self, path: impl Into<PathBuf>) -> Self {
        self.requesting(|request| request.sysroot = Some(path.into()))
    }

    /// Whether debug information is used; it is by default.
    #[must_use]
    pub fn dwarf(mut self, is_used: bool) -> Self {
        self.core.no_dwarf = !is_used;
        self
    }

    /// Which index is used: the command `index` makes them. By default one that lies beside the core, is of it and is the user's own.
    #[must_use]
    pub fn index(mut self, index: IndexUse) -> Self {
        self.core.index = index;
        self
    }

    /// Whether it is read who refers to whom, which questions on who holds or retains what need; it is by default, and takes about as much
    /// time again, and eight bytes a pointer and four a slot. Nothing of [`Options::frames`] and [`Options::places`] is without.
    #[must_use]
    pub fn references(self, are_read: bool) -> Self {
        Options { references: are_read, ..self }
    }

    /// Whether the dominator tree is drawn as frames, which [`Heap::suspects`](crate::Heap::suspects) needs; it is by default.
    #[must_use]
    pub fn frames(self, are_drawn: bool) -> Self {
        Options { frames: are_drawn, ..self }
    }

    /// Whether it is kept in which frame each object is and how the collector's bits stand, which [`Heap::diff`](crate::Heap::diff) and
    /// [`Heap::write_pprof`](crate::Heap::write_pprof) need: four bytes a slot. It is not by default; frames are drawn for it.
    #[must_use]
    pub fn places(self, are_kept: bool) -> Self {
        Options { places: are_kept, ..self }
    }

    /// Whether goroutines, their stacks and what they wait for are read; they are by default.
    #[must_use]
    pub fn goroutines(self, are_read: bool) -> Self {
        Options { goroutines: are_read, ..self }
    }

    /// Whether the runtime's memory profile is read: where sampled objects were allocated. It is by default.
    #[must_use]
    pub fn births(self, are_read: bool) -> Self {
        Options { births: are_read, ..self }
    }

    /// Whether it is looked what all memory of the process is, the heap's or not; it is not by default: it reads every page.
    #[must_use]
    pub fn process_memory(self, is_read: bool) -> Self {
        Options { process_memory: is_read, ..self }
    }

    /// Whether it is looked what the heap spends on nothing; it is not by default: it compares the contents of objects.
    #[must_use]
    pub fn waste(self, is_read: bool) -> Self {
        Options { waste: is_read, ..self }
    }

    /// What is opened of it, of that core.
    pub(crate) fn of(&self, core: &Path) -> CoreOptions {
        let mut options = self.core.clone();
        core.clone_into(&mut options.request.core);
        options
    }

    pub(crate) fn draws_frames(&self) -> bool {
        self.references && (self.frames || self.places)
    }

    fn requesting(mut self, set: impl FnOnce(&mut OpenRequest)) -> Self {
        set(&mut self.core.request);
        self
    }
}
