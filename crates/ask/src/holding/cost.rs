//! What a reference costs on a path: the cheaper one is shown first, and what is excluded is not taken.

use super::Holding;
use super::hops::HopKey;
use foldhash::HashMap;
use goheap_model::names::Code;
use goheap_model::{ObjectId, ObjectType, RootClass, RootKind};
use std::cell::{Cell, RefCell};

/// A reference of an object.
const REFERENCE: u8 = 1;
/// Roots by whose they are: a way from the program's own variable may be longer than one from a goroutine by so much, and so on.
/// None of the runtime's comes before one of the others but by a way that is shorter by some hundred references.
const OWN_VARIABLE: u8 = 1;
const OWN_FRAME: u8 = 3;
const LIBRARY: u8 = 6;
const RUNTIME: u8 = 200;
/// One of the runtime's objects is on the way: its lists of goroutines and timers know nearly everything.
const THROUGH_RUNTIME: u8 = 60;

/// What is not to be on a path: fields and types of whose text `matches` says so.
///
/// # Overhead
/// Four bytes for each excluded reference of each object that was asked, and some 40 for the object.
pub struct Exclusions<'e> {
    matches: Option<&'e dyn Fn(&str) -> bool>,
    by_type: RefCell<HashMap<ObjectType, bool>>,
    by_hop: RefCell<HashMap<HopKey, bool>>,
    roots: RefCell<HashMap<u32, bool>>,
    /// Of an object, the targets to which all its references are excluded, in order.
    targets: RefCell<HashMap<u32, Box<[u32]>>>,
}

impl<'e> Exclusions<'e> {
    /// Excludes nothing where there is no function.
    pub fn new(matches: Option<&'e dyn Fn(&str) -> bool>) -> Self {
        Exclusions {
            matches,
            by_type: RefCell::default(),
            by_hop: RefCell::default(),
            roots: RefCell::default(),
            targets: RefCell::default(),
        }
    }

    /// True if nothing is excluded.
    pub(super) fn is_nothing(&self) -> bool {
        self.matches.is_none()
    }
}

impl Holding<'_> {
    /// What the edge costs on a path to any of the objects of which `is_sought` says so; None where it must not be taken.
    pub(super) fn cost(
        &self,
        from: u32,
        to: u32,
        exclusions: &Exclusions<'_>,
        is_sought: impl Fn(u32) -> bool,
    ) -> Option<u8> {
        if to >= self.graph.object_count() {
            return None;
        }
        if let Some(matches) = exclusions.matches {
            let is_in_the_way = |node: u32| !is_sought(node) && self.is_excluded(node, exclusions, matches);
            if is_in_the_way(from) || is_in_the_way(to) || self.is_reference_excluded(from, to, exclusions, matches) {
                return None;
            }
        }
        Some(self.cost_from(from))
    }

    /// The same where nothing is excluded: what an edge costs depends on where it comes from, and one that has many edges is asked
    /// for all of them in a row.
    pub(super) fn cost_of_any(&self) -> impl Fn(u32, u32) -> Option<u8> + '_ {
        let (objects, last) = (self.graph.object_count(), Cell::new(None));
        move |from, to| {
            let known = last.get().filter(|&(node, _)| node == from);
            let (_, cost) = known.unwrap_or_else(|| (from, self.cost_from(from)));
            last.set(Some((from, cost)));
            (to < objects).then_some(cost)
        }
    }

    fn cost_from(&self, from: u32) -> u8 {
        if from < self.graph.object_count() { self.object_cost(from) } else { self.root_cost(from) }
    }

    fn object_cost(&self, from: u32) -> u8 {
        match self.code.object(self.graph.heap(), from) {
            Code::Runtime => THROUGH_RUNTIME,
            // Counted as people do: a map is one step.
            _ if self.is_all_machinery(from) => 0,
            _ => REFERENCE,
        }
    }

    fn root_cost(&self, root: u32) -> u8 {
        self.root_costs.get((root - self.graph.object_count()) as usize).copied().unwrap_or(RUNTIME)
    }

    /// What a reference of each root costs.
    pub(super) fn root_costs(&self) -> Vec<u8> {
        self.graph.references().roots().iter().map(|(node, _)| self.cost_of_root(node)).collect()
    }

    fn cost_of_root(&self, root: u32) -> u8 {
        let name = self.graph.text(root);
        self.cost_by_class(root).saturating_add(namelessness(&name))
    }

    fn cost_by_class(&self, root: u32) -> u8 {
        let is_on_stack = self.class_of(root) == RootClass::Goroutines;
        match self.code.node(self.graph, root) {
            Code::Own if is_on_stack => OWN_FRAME,
            Code::Own => OWN_VARIABLE,
            Code::Library | Code::Nobody => LIBRARY,
            Code::Runtime if is_on_stack && self.is_in_own_goroutine(root) => LIBRARY,
            Code::Runtime => RUNTIME,
        }
    }

    /// True of a frame of the runtime that the program's own code called.
    fn is_in_own_goroutine(&self, root: u32) -> bool {
        let path = self.graph.root_path(root);
        path.iter().any(|&node| matches!(self.code.node(self.graph, node), Code::Own | Code::Library))
    }

    fn is_excluded(&self, node: u32, exclusions: &Exclusions<'_>, matches: &dyn Fn(&str) -> bool) -> bool {
        let Some(slot) = self.graph.slot_of(node) else {
            let is_matched = || {
                let frames = self.graph.root_path(node).into_iter().filter(|node| {
                    matches!(
                        self.graph.root_node(*node).map(|root| root.kind),
                        Some(RootKind::Frame(_) | RootKind::Goroutine(_))
                    )
                });
                frames.map(|node| self.graph.text(node)).any(|text| matches(&text))
            };
            return *exclusions.roots.borrow_mut().entry(node).or_insert_with(is_matched);
        };
        let heap = self.graph.heap();
        let kind = heap.object_types.of(ObjectId(node));
        if kind.part() == goheap_model::Part::Closure {
            return matches(&heap.family_text(slot));
        }
        let is_matched = || kind.is_known() && matches(&heap.family_text(slot));
        *exclusions.by_type.borrow_mut().entry(kind).or_insert_with(is_matched)
    }

    /// True if every reference from one object to another is excluded.
    fn is_reference_excluded(
        &self,
        from: u32,
        to: u32,
        exclusions: &Exclusions<'_>,
        matches: &dyn Fn(&str) -> bool,
    ) -> bool {
        if from >= self.graph.object_count() {
            return false;
        }
        let find = || self.excluded_targets(from, exclusions, matches);
        exclusions.targets.borrow_mut().entry(from).or_insert_with(find).binary_search(&to).is_ok()
    }

    fn excluded_targets(&self, from: u32, exclusions: &Exclusions<'_>, matches: &dyn Fn(&str) -> bool) -> Box<[u32]> {
        let heap = self.graph.heap();
        let slot = heap.objects.slot(ObjectId(from));
        let (mut excluded, mut allowed) = (Vec::new(), Vec::new());
        self.fields.for_each_reference(slot, &mut |offset, to| {
            let key = self.hops().key(slot, offset);
            let known = exclusions.by_hop.borrow().get(&key).copied();
            let is_matched = known.unwrap_or_else(|| {
                let hop = self.hop(slot, offset, false);
                let text = self.reference(&hop, heap.objects.slot(to));
                let is_matched =
                    !hop.is_machinery && (matches(&text) || matches(&format!("{}{text}", heap.family_text(slot))));
                exclusions.by_hop.borrow_mut().insert(key, is_matched);
                is_matched
            });
            if is_matched { excluded.push(to.0) } else { allowed.push(to.0) }
        });
        allowed.sort_unstable();
        excluded.sort_unstable();
        excluded.dedup();
        excluded.retain(|to| allowed.binary_search(to).is_err());
        excluded.into()
    }
}

/// By how much a slot of a frame costs more than a variable that has a name: most where not even its type is known. The same object is often
/// held by both, and all commands should call its holder alike.
fn namelessness(text: &str) -> u8 {
    match (text.starts_with('['), text.contains(' ')) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_with_a_name_is_preferred() {
        let costs = ["s *http.Server", "[fp+0] *main.service", "[fp-120]"].map(namelessness);
        assert_eq!(costs, [0, 1, 2]);
        const { assert!(OWN_FRAME + 2 < LIBRARY) };
    }
}
