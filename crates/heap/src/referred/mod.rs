//! How much of what is kept anything refers to: 20 bytes cut out of a document keep all of it.
//!
//! To begin: [`HeapSnapshot::references_with`], then [`Graph::extent`](goheap_model::Graph::extent). A string and a slice refer to a window of an
//! object, from their pointer on as many bytes as their length says. A pointer to a struct in a row of such structs refers to that
//! one. Every other pointer, and every one of which the type is not known, refers to all of its object. What is referred to is the union.
//! What hangs on pointers outside of all windows alone is not referred to at all.
//!
//! All of it is "at most": a header of an object that is itself not referred to counts, and so do guesses.

mod cover;
mod frames;
mod held;
mod list;
mod maps;
mod reach;
mod windows;

pub(crate) use frames::{frame_facts, is_part, with_facts};
use goheap_model::{Extent, Extents};
pub(crate) use list::WindowList;
pub(crate) use reach::{Reach, Window};
use serde::{Deserialize, Serialize};
pub(crate) use windows::{From, WindowFinder};

use crate::error::HeapError;
use crate::scan::kind_plans::kinds;
use crate::snapshot::HeapSnapshot;
use goheap_graph::{CsrGraph, IdBitSet};
use goheap_model::{Claim, Observer, Slot};
use reach::ReachPlans;
use windows::Windows;

/// What a root refers to of its object, where that is less than all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RootWindow {
    /// Its place among the roots.
    pub(crate) root: u32,
    pub(crate) window: Window,
}

/// What is referred to of each object.
pub(crate) struct Referred {
    windows: Windows,
    /// Nodes that are reached by what is referred to; None if all are.
    held: Option<IdBitSet>,
}

impl<'m, 'p> HeapSnapshot<'m, 'p> {
    /// A finder of the windows that words of objects are.
    pub(crate) fn window_finder<'s>(&'s self, observer: &dyn Observer) -> Result<WindowFinder<'s, 'm, 'p>, HeapError> {
        observer.claim(Windows::claim(&self.model.heap))?;
        let kinds = kinds(&self.model.heap, &self.objects, &self.object_types);
        Ok(WindowFinder {
            model: self.model,
            types: &self.types,
            object_types: &self.object_types,
            plans: ReachPlans::new(&self.resolver(), kinds),
            windows: Windows::new(&self.model.heap, &self.objects),
        })
    }
}

impl WindowFinder<'_, '_, '_> {
    /// Notes what roots refer to, and sees what hangs on what.
    pub(crate) fn finish(
        mut self,
        snapshot: &HeapSnapshot<'_, '_>,
        (graph, root): (&CsrGraph, u32),
        observer: &dyn Observer,
    ) -> Result<Referred, HeapError> {
        observer.begin("referred");
        let mut windows = snapshot.root_windows.iter().peekable();
        for (root, index) in snapshot.roots.iter().zip(0..) {
            let window = windows.next_if(|window| window.root == index).map_or(Window::Whole, |root| root.window);
            let place = snapshot.objects.place(root.value);
            if snapshot.objects.allocated_ids().contains(place.id) {
                self.note(root.value, &place, window);
            }
        }
        self.windows.settle();
        let nodes = u64::from(graph.node_count());
        observer.claim(Claim { kept: nodes / 8, passing: nodes * 4 })?;
        let held = held::held(snapshot, &self.windows, (graph, root));
        Ok(Referred { windows: self.windows, held })
    }
}

impl Referred {
    fn extent(&self, snapshot: &HeapSnapshot<'_, '_>, slot: Slot) -> Extent {
        let span = snapshot.objects.span(slot);
        let (start, size) = (snapshot.objects.address(slot), span.elem_size);
        if self.held.as_ref().is_some_and(|held| !held.contains(slot.id.0)) {
            return Extent::default();
        }
        if Windows::is_small(span) || self.windows.is_whole(slot.id.0) {
            Extent::all(size)
        } else {
            self.windows.extent(slot, start, size)
        }
    }
}

impl Referred {
    /// The objects that roots reach and that are not referred to as a whole, in order, and what of each is.
    pub(crate) fn partly_referred(&self, snapshot: &HeapSnapshot<'_, '_>) -> Extents {
        let mut found = Vec::new();
        for (span, index) in snapshot.model.heap.spans.iter().zip(0..) {
            if self.held.is_none() && Windows::is_small(span) {
                continue;
            }
            let first = snapshot.objects.first_of(index);
            for id in snapshot.reached.ones_in(first..first + span.nelems) {
                let is_whole = Windows::is_small(span) || self.windows.is_whole(id);
                if is_whole && self.held.as_ref().is_none_or(|held| held.contains(id)) {
                    continue;
                }
                let slot = snapshot.objects.slot_in(id, index);
                found.push((slot.id, self.extent(snapshot, slot)));
            }
        }
        Extents::new(found)
    }
}

#[cfg(test)]
mod tests;
