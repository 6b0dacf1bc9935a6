//! The shortest paths from roots to an object.

use super::steps::{Step, Walk};
use super::{Exclusions, Holding};
use crate::AskError;
use goheap_graph::{CsrGraph, PathsToRoots, shortest_from};
use goheap_model::{Claim, Observer};

impl Holding<'_> {
    /// The graph turned round, for [`Holding::paths_to`] and the cuts.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn turned(&self, observer: &dyn Observer) -> Result<CsrGraph, AskError> {
        observer.begin("paths");
        let graph = self.graph.edges();
        let (nodes, edges) = (u64::from(graph.node_count()), graph.edge_count());
        // The searches' 16 bytes a node among it.
        observer.claim(Claim { kept: nodes * 4 + edges * 4, passing: nodes * 16 })?;
        Ok(graph.reversed())
    }

    /// The paths to `node`, each sought only when it is asked for: the shortest first, by references as people count them,
    /// from roots of the program's own code before others, the runtime's last. One for each root and object that it leads to.
    pub fn paths_to<'a>(
        &'a self,
        turned: &'a CsrGraph,
        node: u32,
        exclusions: &'a Exclusions<'_>,
    ) -> impl Iterator<Item = Walk> + 'a {
        let first_root = self.graph.object_count();
        let cost = move |from, to| self.cost(from, to, exclusions, |other| other == node);
        let paths = PathsToRoots::new(turned, node, move |node| node >= first_root, cost);
        paths.map(|path| self.walk(&path.nodes))
    }

    /// True of paths that read alike: of goroutines that began with the same function, by the same variables and fields.
    pub fn read_alike(&self, one: &Walk, other: &Walk) -> bool {
        let is_alike =
            |(one, other): (&Step, &Step)| match (self.graph.start_of(one.node), self.graph.start_of(other.node)) {
                (None, None) => one.reference == other.reference && one.times == other.times,
                (one, other) => one == other,
            };
        one.class == other.class
            && one.steps.len() == other.steps.len()
            && one.steps.iter().zip(&other.steps).all(is_alike)
    }

    /// Of some nodes that `above` dominates, the fields of a shortest way from it to each; None where it leads to the node at once.
    pub(super) fn ways_down(&self, above: u32, nodes: &[u32]) -> Vec<Option<String>> {
        self.paths_down(above, nodes).into_iter().map(|path| self.fields_of(&path?)).collect()
    }

    /// The same, and of another way that begins otherwise, where there is one.
    pub(super) fn two_ways_down(&self, above: u32, nodes: &[u32]) -> Vec<Option<(String, Option<String>)>> {
        let other = |path: &[u32], node: u32| {
            let first = *path.get(1).filter(|&&first| first != node)?;
            let may_enter = |to: u32| to != first && self.tree().dominates(above, to);
            self.fields_of(&shortest_from(self.graph.edges(), above, &[node], may_enter).pop()??)
        };
        let told = |(path, &node): (Option<Vec<u32>>, &u32)| {
            let path = path?;
            Some((self.fields_of(&path)?, other(&path, node)))
        };
        self.paths_down(above, nodes).into_iter().zip(nodes).map(told).collect()
    }

    fn paths_down(&self, above: u32, nodes: &[u32]) -> Vec<Option<Vec<u32>>> {
        // No way from it leaves what it dominates and comes back.
        shortest_from(self.graph.edges(), above, nodes, |to| self.tree().dominates(above, to))
    }

    /// The fields by which each node of a path leads to the next.
    pub(super) fn fields_of(&self, nodes: &[u32]) -> Option<String> {
        let mut fields: Vec<String> = Vec::new();
        for pair in nodes.windows(2) {
            let (from, to) = match (self.graph.slot_of(pair[0]), self.graph.slot_of(pair[1])) {
                (Some(from), Some(to)) => (from, to),
                // A frame below the root.
                (_, None) => {
                    fields.push(self.graph.text(pair[1]));
                    continue;
                }
                // What a root leads to is told by the root.
                (None, Some(_)) => continue,
            };
            let hop = self.hop(from, self.offset_between(from, to)?, false);
            let field = self.reference(&hop, to);
            if !hop.is_machinery && fields.last() != Some(&field) {
                fields.push(field);
            }
        }
        Some(fields.join(" → ")).filter(|fields| !fields.is_empty())
    }
}
