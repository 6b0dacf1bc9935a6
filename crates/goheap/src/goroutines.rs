//! Goroutines: where they stand, what they wait for and what they keep.

use crate::{Error, Heap};
use goheap_ask::{GoroutineList, GoroutineListing, GoroutineSort, GoroutinesWanted, RetainedByGoroutines};

impl Heap {
    /// Goroutines by where they stand, what they wait for together and, where the heap was read with references, which can never go on and
    /// what they alone keep.
    ///
    /// ```
    /// use goheap::{GoroutineSort, GoroutinesWanted};
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// let list = heap.goroutines(GoroutinesWanted::default(), GoroutineSort::Retained)?;
    /// for group in list.groups.iter().take(10) {
    ///     let place = group.place().map_or("", |call| &call.function);
    ///     println!("{} in {place} keep {} bytes", group.count, group.retained_bytes.unwrap_or(0));
    /// }
    /// assert_eq!(list.selected + list.system, list.goroutines);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotRead`] without [`Options::goroutines`](crate::Options::goroutines), and [`Error::Refused`].
    pub fn goroutines(&self, wanted: GoroutinesWanted, sort: GoroutineSort) -> Result<GoroutineList, Error> {
        let read = self.goroutines_read()?;
        let waiting = read.waiting.as_ref();
        let mut listing = GoroutineListing::new(&read.groups, waiting.map(|known| &known.leaks), wanted, |_| true);
        if waiting.is_some() {
            let dominance = self.dominance()?;
            self.go_on("goroutines")?;
            listing.weigh(&RetainedByGoroutines::new(self.graph()?, &dominance));
        }
        listing.sort(sort);
        let is_suspected = |one| waiting.is_some_and(|known| known.suspected.binary_search(&one).is_ok());
        Ok(listing.told(usize::MAX, waiting.map(|known| known.waits.clone()), &is_suspected))
    }
}
