//! Where the heap gathers, what it is spent on, and what the rest of the process's memory is.

use crate::{Error, Heap};
use goheap_ask::{Rounding, Suspect};
use goheap_heap::process_memory::ProcessMemory;
use goheap_heap::waste::Waste;

impl Heap {
    /// Where so much gathers that it is worth a look: what retains at least so many bytes, the most first.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// let percent = heap.totals().reachable().bytes / 100;
    /// for suspect in heap.suspects(5 * percent)? {
    ///     println!("{:>12} {} ({})", suspect.retained.bytes, suspect.holder, suspect.kind.name());
    /// }
    /// # assert!(heap.suspects(5 * percent)?[0].retained.bytes > 5 * percent);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotRead`] without [`Options::frames`](crate::Options::frames), [`Error::Ask`] where the heap was read without references, and [`Error::Refused`].
    pub fn suspects(&self, least: u64) -> Result<Vec<Suspect>, Error> {
        let frames = self.frames()?;
        self.go_on("suspects")?;
        Ok(goheap_ask::joined_suspects(self.graph()?, &self.dominance()?.tree, frames, least))
    }

    /// What the heap spends on nothing: contents that are there twice, room that nothing was put into, maps that are half empty.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let options = goheap::Options::default().executable(executable).frames(false);
    /// let heap = goheap::open(core, &options.waste(true))?;
    /// let waste = heap.waste()?;
    /// println!("{} bytes are in maps' empty slots", waste.maps.iter().map(|maps| maps.empty_bytes).sum::<u64>());
    /// # assert!(!waste.maps.is_empty());
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotRead`] without [`Options::waste`](crate::Options::waste).
    pub fn waste(&self) -> Result<&Waste, Error> {
        self.beside().waste.as_ref().ok_or(Error::NotRead { what: "what the heap spends on nothing", option: "waste" })
    }

    /// What size classes cost each type: bytes of slots beyond the values in them, the most first.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable).references(false))?;
    /// for lost in heap.rounding()?.iter().take(3) {
    ///     println!("{} bytes in {} objects of {}", lost.rounding_bytes, lost.objects, lost.ty);
    /// }
    /// # assert!(heap.rounding()?[0].rounding_bytes > 0);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn rounding(&self) -> Result<Vec<Rounding>, Error> {
        self.go_on("rounding")?;
        Ok(goheap_ask::rounding(self.data()))
    }

    /// What all memory of the process is, the heap's or not.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let options = goheap::Options::default().executable(executable).references(false);
    /// let heap = goheap::open(core, &options.process_memory(true))?;
    /// let memory = heap.process_memory()?;
    /// let sum: u64 = memory.parts.iter().map(|(_, total)| total.bytes).sum();
    /// assert_eq!(sum, memory.mapped);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotRead`] without [`Options::process_memory`](crate::Options::process_memory).
    pub fn process_memory(&self) -> Result<&ProcessMemory, Error> {
        let option = "process_memory";
        self.beside().memory.as_ref().ok_or(Error::NotRead { what: "what the process's memory is", option })
    }
}
