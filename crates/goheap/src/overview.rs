//! What the process was, and whether its heap adds up.

use crate::Heap;
use goheap_ask::{Overview, OverviewParts};

impl Heap {
    /// What the process was, how it died, and whether its heap adds up. Locks and suspected waits are among it where the heap was read with
    /// references and goroutines.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable).references(false))?;
    /// let overview = heap.overview();
    /// assert_eq!(overview.go.arch.as_deref(), Some("amd64"));
    /// let sums = overview.heap.expect("the core has a heap");
    /// assert!(sums.reconciles() && sums.allocated == heap.totals().allocated.bytes);
    /// assert!(overview.invariants.iter().all(|one| one.violations == 0));
    /// # assert!(overview.threads > Some(0) && overview.runtime_counters.len() > 3);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    pub fn overview(&self) -> Overview {
        let beside = self.beside();
        let waiting = beside.goroutines.as_ref().and_then(|goroutines| goroutines.waiting.as_ref());
        goheap_ask::overview(OverviewParts {
            totals: Some(self.totals()),
            diagnostics: self.diagnostics(),
            process: Some(&beside.process),
            checks: Some(&beside.checks),
            waits: waiting.map(|waiting| waiting.first.clone()),
        })
    }
}
