//! What a node is, in words, and by which field an object holds another.

use super::ReferenceGraph;
use crate::inspect::{EdgePlace, Places};
use goheap_model::RootKind;

impl ReferenceGraph<'_, '_, '_> {
    /// What a node is: the type of an object (empty where it is not known), the name of a root or of a group of roots.
    pub fn text(&self, node: u32) -> String {
        match (self.slot_of(node), self.root_node(node)) {
            (Some(slot), _) => self.snapshot.type_text(slot),
            (None, Some(root)) => self.root_text(root.kind),
            _ => String::new(),
        }
    }

    /// The name of what is no object.
    pub fn root_text(&self, kind: RootKind) -> String {
        self.snapshot.root_text(self.references.roots(), kind)
    }

    /// The name of a package by the number that [`RootKind::Package`] has.
    pub fn package_name(&self, package: u32) -> &str {
        self.references.roots().package(package)
    }

    /// The words of the object `from` that lead into the object `to`, at most `limit`.
    pub fn edge_places(&self, from: u32, to: u32, limit: usize) -> Vec<EdgePlace> {
        let (Some(from), Some(to)) = (self.slot_of(from), self.slot_of(to)) else { return Vec::new() };
        Places::new(self.snapshot).between(from, to, limit)
    }
}
