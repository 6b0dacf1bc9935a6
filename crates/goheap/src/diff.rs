//! What grew between two heaps.

use crate::{Error, Heap};
use goheap_ask::diff::{Difference, OneHeap, difference};
use goheap_model::{Claim, Dominance};
use std::sync::Arc;

/// What [`difference`] says of its overhead.
const BYTES_OF_SLOT: u64 = 5;

impl Heap {
    /// What changed from this heap to a newer one of the same process or program; of places where it grew those that grew by `least` bytes.
    ///
    /// ```no_run
    /// use goheap::Options;
    ///
    /// let options = Options::default().executable("server").places(true);
    /// let (old, new) = (goheap::open("monday.core", &options)?, goheap::open("tuesday.core", &options)?);
    /// for grown in old.diff(&new, 1 << 20)?.grown {
    ///     println!("{:+} bytes: {}", grown.bytes(), grown.holder);
    /// }
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Pair`] of cores that do not belong together, [`Error::NotRead`] of one that was read without
    /// [`Options::places`](crate::Options::places) or what else is compared, and [`Error::Refused`].
    pub fn diff(&self, newer: &Heap, least: u64) -> Result<Difference, Error> {
        let (before, after) = (self.dominance()?, newer.dominance()?);
        let (before, after) = (self.one(&before)?, newer.one(&after)?);
        self.observer().begin("comparison");
        let slots = u64::from(self.data().objects.len()) + u64::from(newer.data().objects.len());
        self.observer().claim(Claim { kept: 0, passing: slots * BYTES_OF_SLOT })?;
        Ok(difference(&before, &after, least)?)
    }

    fn one<'h>(&'h self, dominance: &'h Arc<Dominance>) -> Result<OneHeap<'h>, Error> {
        let places = self.places()?;
        Ok(OneHeap {
            mark: self.mark(),
            graph: self.graph()?,
            tree: &dominance.tree,
            frames: self.frames()?,
            places: &places.frames,
            sweeps: &places.sweeps,
            births: self.births_read()?,
            goroutines: &self.goroutines_read()?.groups,
        })
    }
}
