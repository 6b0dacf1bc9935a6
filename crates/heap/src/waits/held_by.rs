//! By which fields something is held, from the root that is next to it.

use crate::error::HeapError;
use crate::inspect::Places;
use crate::references::ReferenceGraph;
use goheap_model::{Claim, Observer, RootClass, RootKind};
use std::collections::VecDeque;

/// Fields of one way that are told.
const MOST_FIELDS: usize = 12;
const NOT_MET: u32 = u32::MAX;

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

    /// The way to an object: `main.app .ix .results`; None where nothing leads to it.
    pub(super) fn text(&self, object: u32) -> Option<String> {
        let mut nodes = vec![object];
        let mut at = object;
        loop {
            let before = *self.before.get(at as usize)?;
            if before == NOT_MET {
                return None;
            }
            if before == at {
                break;
            }
            nodes.push(before);
            at = before;
        }
        nodes.reverse();
        let mut parts: Vec<String> = Vec::new();
        for pair in nodes.windows(2) {
            parts.extend(self.step(pair[0], pair[1]).filter(|part| !part.is_empty()));
        }
        if parts.len() > MOST_FIELDS {
            let left_out = parts.len() - MOST_FIELDS;
            parts.splice(MOST_FIELDS / 2..MOST_FIELDS / 2 + left_out, [format!("… ({left_out} more) …")]);
        }
        Some(parts.join(" "))
    }

    /// What a step of the way is called: of a variable its name, of an object the field.
    fn step(&self, from: u32, to: u32) -> Option<String> {
        match (self.graph.data().slot_of(from), self.graph.data().slot_of(to)) {
            (Some(from), Some(to)) => {
                let offset = self.places.first_between(from, to)?;
                Some(self.places.place(from, offset, false).path)
            }
            (None, None) => match self.graph.data().root_node(to)?.kind {
                RootKind::Goroutine(_) => Some(self.graph.data().text(to)),
                RootKind::Frame(_) => self.graph.data().text(to).split(' ').next().map(str::to_owned),
                _ => None,
            },
            _ => None,
        }
    }
}
