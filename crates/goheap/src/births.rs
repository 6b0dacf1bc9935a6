//! Where objects were allocated, with names.

use crate::{Error, Heap};
use goheap_ask::{BirthHolder, BirthIndex, SiteGrouping};
use goheap_model::{BirthCount, Births, Graph};
use serde::Serialize;

/// Objects that one line, or one stack of calls, allocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AllocationSite {
    /// The calls, such as `main.fill /src/cache.go:10`, the one that allocates first; one where lines are sites, none where it is not known.
    pub calls: Vec<String>,
    /// What of it is there.
    pub count: BirthCount,
    /// Who holds it, most bytes first.
    pub held: Vec<HeldAllocations>,
}

/// What of a site somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldAllocations {
    /// The variable, goroutines or the like.
    pub holder: String,
    /// How much.
    pub count: BirthCount,
}

impl Heap {
    /// Where what is there was allocated, of the runtime's samples, and who holds it; most bytes first.
    ///
    /// ```
    /// use goheap::SiteGrouping;
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// for site in heap.births(SiteGrouping::Line)?.iter().take(10) {
    ///     println!("{:>12} {}", site.count.bytes, site.calls.join(" < "));
    /// }
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotRead`] without [`Options::births`](crate::Options::births), [`Error::Ask`] where the heap was read without references,
    /// and [`Error::Refused`].
    pub fn births(&self, grouping: SiteGrouping) -> Result<Vec<AllocationSite>, Error> {
        let (births, graph, dominance) = (self.births_read()?, self.graph()?, self.dominance()?);
        self.go_on("births")?;
        let found = BirthIndex::new(graph, &dominance.tree, births).all(grouping, |_| true);
        let site = |site: goheap_ask::BirthSite| AllocationSite {
            calls: texts(births, &site.calls),
            count: site.count,
            held: site
                .held
                .iter()
                .map(|held| HeldAllocations { holder: holder_text(graph, held.holder), count: held.count })
                .collect(),
        };
        Ok(found.sites.into_iter().map(site).collect())
    }
}

fn texts(births: &Births, calls: &[u32]) -> Vec<String> {
    calls.iter().filter_map(|&call| Some(births.call(call)?.text())).collect()
}

fn holder_text(graph: Graph<'_>, holder: BirthHolder) -> String {
    match holder {
        BirthHolder::Root(node) => graph.text(node),
        BirthHolder::Several => "several".to_owned(),
        BirthHolder::NotKnown => "not known".to_owned(),
        BirthHolder::Nobody => "nobody".to_owned(),
    }
}
