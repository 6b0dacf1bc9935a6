//! Who keeps what, and by which references.

use crate::{Error, Heap};
use goheap_ask::holding::{Exclusions, Holding, ObjectReferences, Owners, Selected, Walk, select};

impl Heap {
    /// Who, in the program's own code, keeps the objects that a text means, as the command `owners` takes it: a type, a variable's field,
    /// an address, a goroutine.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// for owner in heap.owners("main.Session")?.owned {
    ///     println!("{} keeps {} bytes by {}", owner.name, owner.keeps.bytes, owner.by[0].path);
    /// }
    /// # assert!(!heap.owners("main.Session")?.owned.is_empty());
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ask`] where the heap was read without references, and [`Error::Refused`].
    pub fn owners(&self, what: &str) -> Result<Owners, Error> {
        self.with_holding(|holding| {
            let objects = selected(holding, what)?;
            Ok(holding.owners(&objects, &|_| false, self.observer())?)
        })
    }

    /// The shortest paths from roots to an object of those that a text means, the first of them; the shortest first, at most so many.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// for step in &heap.paths("main.Session", 1)?[0].steps {
    ///     println!("{} {}", step.reference, step.retained);
    /// }
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Heap::owners`].
    pub fn paths(&self, what: &str, most: usize) -> Result<Vec<Walk>, Error> {
        self.with_holding(|holding| {
            let objects = selected(holding, what)?;
            let turned = holding.turned(self.observer())?;
            let nothing = Exclusions::new(None);
            let first = objects.first().copied().into_iter();
            Ok(first
                .flat_map(|node| holding.paths_to(&turned, node, &nothing).take(most).collect::<Vec<_>>())
                .collect())
        })
    }

    /// The references of the allocated object that holds an address, at most so many of each kind; None where none holds it.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// # let address = heap.paths("main.Session", 1)?[0].steps.last().unwrap().address.unwrap();
    /// let references = heap.references_of(address, 10)?.expect("an object lies there");
    /// for holder in &references.holders.shown {
    ///     println!("{:#x} {} by {}", holder.address, holder.ty, holder.reference);
    /// }
    /// # assert!(!references.holders.shown.is_empty() || !references.roots.shown.is_empty());
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references, and [`Error::Refused`].
    pub fn references_of(&self, address: u64, most: usize) -> Result<Option<ObjectReferences>, Error> {
        let Some(slot) = self.data().objects.find_allocated(address) else { return Ok(None) };
        self.go_on("references")?;
        self.with_holding(|holding| Ok(Some(holding.references_of(slot.id, most))))
    }
}

fn selected(holding: &Holding<'_>, what: &str) -> Result<Vec<u32>, Error> {
    match select(holding.graph(), holding.fields(), what, None) {
        Selected::Objects(_, objects, _) => Ok(objects),
        found => Err(Error::NotFound { what: what.to_owned(), found }),
    }
}
