//! How much there is of what, and what retains it.

use crate::{Error, Heap};
use goheap_ask::{
    Grouping, Histogram, HistogramRow, ObjectList, ObjectsWanted, RetainedHistogram, RootGrouping, RootGroups,
    Selection, retained_histogram, root_groups,
};
use serde::Serialize;
use std::cmp::Reverse;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Object {
    /// First byte of its slot.
    pub address: u64,
    /// Bytes of the slot.
    pub size: u64,
    /// Its type as Go writes it; empty where it is not known.
    pub ty: String,
    /// True if a root leads to it.
    pub is_reachable: bool,
    /// Bytes that would be freed with it.
    pub retained: u64,
}

impl Heap {
    /// How much there is of each type, package or kind; more bytes first.
    ///
    /// ```
    /// use goheap::{Grouping, Selection};
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable).references(false))?;
    /// let packages = heap.histogram(Grouping::Package, Selection::Reachable);
    /// assert_eq!(packages.total.share, heap.totals().reachable());
    /// # Ok::<(), goheap::Error>(())
    /// ```
    pub fn histogram(&self, grouping: Grouping, selection: Selection) -> Histogram {
        goheap_ask::histogram(self.data(), grouping, selection, |_| true)
    }

    /// What the reachable objects of each type retain at least together, the insides of maps and channels with them; more first.
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references, and [`Error::Refused`].
    pub fn retained_by_type(&self) -> Result<Vec<HistogramRow>, Error> {
        let (graph, dominance) = (self.graph()?, self.dominance()?);
        let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
        let request = RetainedHistogram { grouping, selection, is_wanted: |_: &str| true, exact: 0 };
        self.go_on("retained sizes")?;
        let mut rows = retained_histogram(graph, &dominance, request).rows;
        rows.sort_by(|a, b| (Reverse(a.retained), &a.name).cmp(&(Reverse(b.retained), &b.name)));
        Ok(rows)
    }

    /// What each variable, group of goroutines and the like retains, or each package; more first. With what is shared it is all that is
    /// reachable.
    ///
    /// ```
    /// use goheap::RootGrouping;
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// let roots = heap.retained_by_root(RootGrouping::Root)?;
    /// let sum = roots.groups.iter().map(|group| group.retained.bytes).sum::<u64>() + roots.shared.bytes;
    /// assert_eq!(sum, heap.totals().reachable().bytes);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references, and [`Error::Refused`].
    pub fn retained_by_root(&self, grouping: RootGrouping) -> Result<RootGroups, Error> {
        let (graph, dominance) = (self.graph()?, self.dominance()?);
        self.go_on("retained sizes")?;
        Ok(root_groups(graph, &dominance, grouping, |_| true))
    }

    /// Single objects by size, type and whether roots reach them, in order of address; at most so many.
    ///
    /// ```
    /// use goheap::ObjectsWanted;
    ///
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable).references(false))?;
    /// let is_wanted = |ty: &str| ty == "main.Session";
    /// let wanted = ObjectsWanted { least_bytes: 0, standing: None, is_wanted: &is_wanted };
    /// for object in heap.objects(wanted, 10)?.objects {
    ///     println!("{:#x} {} {}", object.address, object.size, object.ty);
    /// }
    /// # assert!(heap.objects(wanted, 1)?.objects.len() == 1);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn objects(&self, wanted: ObjectsWanted<'_>, most: usize) -> Result<ObjectList, Error> {
        self.go_on("objects")?;
        Ok(goheap_ask::objects(self.data(), wanted, most))
    }

    /// The allocated object that holds an address; None where none does.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let heap = goheap::open(core, &goheap::Options::default().executable(executable))?;
    /// # let objects = &heap.data().objects;
    /// # let address = objects.address(objects.allocated().next().unwrap()) + 1;
    /// let object = heap.object_at(address)?.expect("an object lies there");
    /// assert!(object.address <= address && address < object.address + object.size);
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Ask`] where the heap was read without references, and [`Error::Refused`].
    pub fn object_at(&self, address: u64) -> Result<Option<Object>, Error> {
        let data = self.data();
        let Some(slot) = data.objects.find_allocated(address) else { return Ok(None) };
        let dominance = self.dominance()?;
        Ok(Some(Object {
            address: data.objects.address(slot),
            size: data.objects.size(slot),
            ty: data.type_text(slot),
            is_reachable: data.is_reachable(slot.id),
            retained: dominance.retained.of(slot.id.0),
        }))
    }
}
