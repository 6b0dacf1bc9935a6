//! Who keeps what, and by which references.

use crate::{Error, Heap};
use goheap_ask::holding::{Exclusions, Holding, Owners, Selected, Walk, select};

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
}

fn selected(holding: &Holding<'_>, what: &str) -> Result<Vec<u32>, Error> {
    match select(holding.graph(), holding.fields(), what, None) {
        Selected::Objects(_, objects, _) => Ok(objects),
        found => Err(Error::NotFound { what: what.to_owned(), found }),
    }
}
