//! By which field an object holds another.

use super::ReferenceGraph;
use crate::inspect::{EdgePlace, Places};

impl ReferenceGraph<'_, '_, '_> {
    /// The words of the object `from` that lead into the object `to`, at most `limit`.
    pub fn edge_places(&self, from: u32, to: u32, limit: usize) -> Vec<EdgePlace> {
        let (Some(from), Some(to)) = (self.data().slot_of(from), self.data().slot_of(to)) else { return Vec::new() };
        Places::new(self.snapshot).between(from, to, limit)
    }
}
