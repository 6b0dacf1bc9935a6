//! By which fields something is held, from the root that is next to it.

mod routes;

use crate::error::HeapError;
use crate::inspect::Places;
use crate::references::ReferenceGraph;
use foldhash::{HashMap, HashSet};
use goheap_model::{Claim, Observer, RootClass, RootKind};
use routes::{Marks, NOT_MET, Route};
use std::collections::VecDeque;

/// Fields of one way that are told.
const MOST_FIELDS: usize = 12;

/// The shortest ways from package variables to all objects, then of the other classes of roots to what is left.
///
/// # Overhead
/// Four bytes a node; as much again while they are sought.
pub(super) struct Ways<'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    places: Places<'s, 'm, 'p>,
    /// The node before each.
    before: Vec<u32>,
}

impl<'g, 's, 'm, 'p> Ways<'g, 's, 'm, 'p> {
    /// Goroutines of which `is_last` says so, as those that wait, are gone from last of all.
    pub(super) fn new(
        graph: &'g ReferenceGraph<'s, 'm, 'p>,
        is_last: impl Fn(u32) -> bool,
        observer: &dyn Observer,
    ) -> Result<Self, HeapError> {
        let nodes = graph.data().edges().node_count();
        observer.claim(Claim { kept: u64::from(nodes) * 4, passing: u64::from(nodes) * 4 })?;
        let places = Places::new(graph.snapshot());
        let mut ways = Ways { graph, places, before: vec![NOT_MET; nodes as usize] };
        let mut last = Vec::new();
        for class in RootClass::ALL {
            if let Some(start) = graph.data().references().roots().node_of(RootKind::Class(class)) {
                ways.before[start as usize] = start;
                ways.go_on_from(VecDeque::from([start]), &is_last, &mut last);
            }
        }
        ways.go_on_from(last.into(), |_| false, &mut Vec::new());
        Ok(ways)
    }

    /// Breadth first; the nodes of goroutines that are to come last are put aside.
    fn go_on_from(&mut self, mut open: VecDeque<u32>, is_last: impl Fn(u32) -> bool, last: &mut Vec<u32>) {
        let graph = self.graph;
        while let Some(node) = open.pop_front() {
            // What a goroutine's node leads to at once the runtime's records hold: what it waits for.
            let goroutine = graph.data().root_node(node).map(|root| root.kind);
            let is_goroutine = matches!(goroutine, Some(RootKind::Goroutine(_)));
            for &to in graph.data().edges().targets(node) {
                let is_record = is_goroutine && to < graph.data().object_count();
                if self.before[to as usize] != NOT_MET || is_record {
                    continue;
                }
                self.before[to as usize] = node;
                match graph.data().root_node(to).map(|root| root.kind) {
                    Some(RootKind::Goroutine(goroutine)) if is_last(goroutine) => last.push(to),
                    _ => open.push_back(to),
                }
            }
        }
    }

    /// The ways to objects: `main.app .ix .results`; None where nothing leads to one.
    pub(super) fn texts(&self, objects: &[u32]) -> Vec<Option<String>> {
        let mut marks = Marks::default();
        let routes: Vec<Option<Route>> = objects.iter().map(|&object| marks.route(&self.before, object)).collect();
        let offsets = self.offsets(routes.iter().flatten().flat_map(Route::steps));
        routes.into_iter().map(|route| Some(self.text(&route?, &offsets))).collect()
    }

    fn text(&self, route: &Route, offsets: &HashMap<(u32, u32), u64>) -> String {
        let named = |nodes: &[u32]| -> Vec<String> {
            let steps = nodes.windows(2).filter_map(|pair| self.step(pair[0], pair[1], offsets));
            steps.filter(|part| !part.is_empty()).collect()
        };
        let (mut parts, mut last) = (named(&route.first), named(&route.last));
        let mut left_out = route.between;
        if route.last.is_empty() && parts.len() > MOST_FIELDS {
            last = parts.split_off(parts.len() - MOST_FIELDS / 2);
        }
        if left_out > 0 || !last.is_empty() {
            left_out +=
                (parts.len().saturating_sub(MOST_FIELDS / 2) + last.len().saturating_sub(MOST_FIELDS / 2)) as u64;
            parts.truncate(MOST_FIELDS / 2);
            parts.push(format!("… ({left_out} more) …"));
            parts.extend(last.split_off(last.len().saturating_sub(MOST_FIELDS / 2)));
        }
        parts.join(" ")
    }

    /// Where the first word of each object is that leads to the next one of a way; each object is read once.
    fn offsets(&self, steps: impl Iterator<Item = (u32, u32)>) -> HashMap<(u32, u32), u64> {
        let mut wanted = HashMap::<u32, HashSet<u32>>::default();
        for (from, to) in steps {
            wanted.entry(from).or_default().insert(to);
        }
        let mut found = HashMap::default();
        for (from, targets) in wanted {
            let Some(slot) = self.graph.data().slot_of(from) else { continue };
            self.places.for_each_reference(slot, |offset, to| {
                if targets.contains(&to.0) {
                    found.entry((from, to.0)).or_insert(offset);
                }
            });
        }
        found
    }

    /// What a step of the way is called: of a variable its name, of an object the field.
    fn step(&self, from: u32, to: u32, offsets: &HashMap<(u32, u32), u64>) -> Option<String> {
        match (self.graph.data().slot_of(from), self.graph.data().slot_of(to)) {
            (Some(slot), Some(_)) => Some(self.places.place(slot, *offsets.get(&(from, to))?, false).path),
            (None, None) => match self.graph.data().root_node(to)?.kind {
                RootKind::Goroutine(_) => Some(self.graph.data().text(to)),
                RootKind::Frame(_) => self.graph.data().text(to).split(' ').next().map(str::to_owned),
                _ => None,
            },
            _ => None,
        }
    }
}
