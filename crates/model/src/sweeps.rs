//! What the runtime's books say of how long things have been there: by it a slot that was freed and given out again is told from one that
//! was not.

use goheap_graph::IdBitSet;

/// How a span stands in the sweep of the last collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanSweep {
    /// It was swept, or taken since.
    Swept,
    /// It waits: its allocation bits are those of the collection before.
    Waiting,
    /// Nothing can be said: it is being swept, is freed by hand, or contradicts itself.
    #[default]
    Unknown,
}

/// The collector's bits of all slots, and how long goroutines wait.
///
/// Seeds of maps are not among it: `maps.Clone` copies them (1.21 to 1.27), so two maps in turn may have the same.
///
/// # Overhead
/// Two bits a slot, a byte a span, 16 a waiting goroutine.
#[derive(Clone, Debug, Default)]
pub struct Sweeps {
    /// `mheap_.sweepgen`: two more with each collection (mgc.go `gcSweep`, 1.17 to 1.27).
    pub generation: u32,
    /// By span, in the order of [`Objects::spans`](crate::Objects::spans).
    pub spans: Vec<SpanSweep>,
    /// Slots that the last sweep of their span kept. Other allocated ones were given out since.
    pub kept: IdBitSet,
    /// Of spans that wait, the slots that the collection marked: the sweep will keep them.
    pub marked: IdBitSet,
    /// Waiting goroutines that a collection has seen so: number, and `waitsince`, in order. It is zero again as soon as one runs.
    pub waits: Vec<(u64, u64)>,
    /// Collections so far, where the runtime's counter is known.
    pub collections: Option<u32>,
}

impl Sweeps {
    /// Since when a goroutine waits, as the first collection that saw it says; None of one that no collection saw wait.
    pub fn waits_since(&self, goroutine: u64) -> Option<u64> {
        let at = self.waits.binary_search_by_key(&goroutine, |&(id, _)| id).ok()?;
        self.waits.get(at).map(|&(_, since)| since)
    }

    /// How a span stands.
    pub fn of_span(&self, span: u32) -> SpanSweep {
        self.spans.get(span as usize).copied().unwrap_or_default()
    }
}
