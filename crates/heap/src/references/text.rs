//! What a node is, in words, and by which field an object holds another.

use super::{ReferenceGraph, RootKind};
use crate::inspect::{EdgePlace, Places};
use goheap_runtime::RuntimeModel;

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
        let model = self.snapshot.model;
        match kind {
            RootKind::All => "all roots".to_owned(),
            RootKind::Class(class) => class.name().to_owned(),
            RootKind::Package(_, package) => self.package_name(package).to_owned(),
            RootKind::GoroutineGroup(group) => {
                let mut members = self.goroutines_of_group(group);
                let start = members.next().map_or_else(String::new, |first| start_function(model, first));
                match members.count() {
                    0 => format!("goroutine {start}"),
                    more => format!("{} × goroutine {start}", more + 1),
                }
            }
            RootKind::Goroutine(goroutine) => {
                let id = model.goroutines.get(goroutine as usize).map_or(0, |goroutine| goroutine.id);
                format!("goroutine {id}: {}", start_function(model, goroutine))
            }
            RootKind::Frame(frame) => self.snapshot.frame_text(frame).unwrap_or("").to_owned(),
        }
    }

    /// The function that the goroutines of a node, of one or of a group, began with; None of other nodes.
    pub(crate) fn start_of(&self, node: u32) -> Option<String> {
        let goroutine = match self.root_node(node)?.kind {
            RootKind::Goroutine(goroutine) => goroutine,
            RootKind::GoroutineGroup(group) => self.goroutines_of_group(group).next()?,
            _ => return None,
        };
        Some(start_function(self.snapshot.model, goroutine))
    }

    /// The name of a package by the number that [`RootKind::Package`] has.
    pub fn package_name(&self, package: u32) -> &str {
        self.roots.package(package)
    }

    /// The words of the object `from` that lead into the object `to`, at most `limit`.
    pub fn edge_places(&self, from: u32, to: u32, limit: usize) -> Vec<EdgePlace> {
        let (Some(from), Some(to)) = (self.slot_of(from), self.slot_of(to)) else { return Vec::new() };
        Places::new(self.snapshot).between(from, to, limit)
    }
}

/// The function that a goroutine, by its index in the model, began with; `?` where it has no name.
fn start_function(model: &RuntimeModel<'_>, goroutine: u32) -> String {
    let start = model.goroutines.get(goroutine as usize).and_then(|goroutine| model.function_name(goroutine.startpc));
    start.unwrap_or_else(|| "?".to_owned())
}
