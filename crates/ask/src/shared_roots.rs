//! Which groups of roots share what none of them retains alone.

use crate::AskError;
use crate::groups::{Place, RootGrouping, place_of};
use foldhash::HashMap;
use goheap_graph::Weight;
use goheap_model::{Claim, Dominance, Graph, Observer};
use serde::Serialize;
use std::cmp::Reverse;

/// Groups that are told apart, one bit each; the last bit stands for all others.
const TOLD_APART: usize = 63;
const OTHERS: u64 = 1 << TOLD_APART;

/// What the same groups of roots share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SharedByRoots {
    /// The groups that lead there, those that lead to most first.
    pub groups: Vec<String>,
    /// Whether others lead there, too, that were not told apart.
    pub and_others: bool,
    /// What would be freed if all of them went.
    pub retained: Weight,
}

/// What several groups share and none alone holds, by which of them lead there; more bytes first. Of more than 63 groups those that lead to most
/// are told apart.
///
/// # Overhead
/// While it runs 8 bytes a node, and 4 for each node that waits. It goes over the references as often as more groups are found to lead to a node.
///
/// # Errors
/// The observer's refusal.
pub fn shared_by_roots(
    graph: Graph<'_>,
    dominance: &Dominance,
    grouping: RootGrouping,
    observer: &dyn Observer,
) -> Result<Vec<SharedByRoots>, AskError> {
    let nodes = u64::from(graph.edges().node_count());
    observer.claim(Claim { kept: 0, passing: nodes * 12 })?;
    let groups = leading_groups(graph, dominance, grouping);
    let masks = reached_by(graph, &groups);
    let mut shared: HashMap<u64, Weight> = HashMap::default();
    for (node, root) in graph.references().roots().iter() {
        if !matches!(place_of(graph, root.kind, root.parent, grouping), Place::Above) {
            continue;
        }
        for child in dominance.tree.children(node).filter(|&child| child < graph.object_count()) {
            shared.entry(masks[child as usize]).or_default().add(graph.retained_weight(dominance, child));
        }
    }
    let names = |mask: u64| (0..TOLD_APART).filter(move |bit| mask & 1 << bit != 0);
    let told = |(mask, retained): (u64, Weight)| SharedByRoots {
        groups: names(mask).filter_map(|bit| Some(graph.text(groups.get(bit)?.node))).collect(),
        and_others: mask & OTHERS != 0,
        retained,
    };
    let mut shared: Vec<(u64, Weight)> = shared.into_iter().collect();
    shared.sort_unstable_by_key(|&(mask, retained)| (Reverse(retained.bytes), mask));
    Ok(shared.into_iter().map(told).collect())
}

/// A group of roots, and the objects that these lead to.
struct Leading {
    node: u32,
    targets: Vec<u32>,
}

/// All groups, those that lead to most first.
fn leading_groups(graph: Graph<'_>, dominance: &Dominance, grouping: RootGrouping) -> Vec<Leading> {
    let mut by_node: HashMap<u32, Vec<u32>> = HashMap::default();
    for (node, _) in graph.references().roots().iter() {
        let is_group = |&above: &u32| {
            let root = graph.root_node(above);
            root.is_some_and(|root| matches!(place_of(graph, root.kind, root.parent, grouping), Place::Group))
        };
        let Some(group) = graph.root_path(node).into_iter().find(is_group) else { continue };
        let objects = graph.edges().targets(node).iter().copied().filter(|&to| to < graph.object_count());
        by_node.entry(group).or_default().extend(objects);
    }
    let led_to = |targets: &[u32]| -> u64 { targets.iter().map(|&to| dominance.retained.of(to)).sum() };
    let mut groups: Vec<(u64, Leading)> = Vec::with_capacity(by_node.len());
    for (node, mut targets) in by_node {
        targets.sort_unstable();
        targets.dedup();
        groups.push((led_to(&targets), Leading { node, targets }));
    }
    groups.sort_unstable_by_key(|(bytes, group)| (Reverse(*bytes), group.node));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Of each node, which groups lead there.
fn reached_by(graph: Graph<'_>, groups: &[Leading]) -> Vec<u64> {
    let edges = graph.edges();
    let mut masks = vec![0_u64; edges.node_count() as usize];
    let mut open: Vec<u32> = Vec::new();
    for (bit, group) in groups.iter().enumerate() {
        for &to in &group.targets {
            masks[to as usize] |= 1 << bit.min(TOLD_APART);
            open.push(to);
        }
    }
    open.sort_unstable();
    open.dedup();
    while let Some(node) = open.pop() {
        let mask = masks[node as usize];
        for &to in edges.targets(node) {
            let known = &mut masks[to as usize];
            if *known | mask != *known {
                *known |= mask;
                open.push(to);
            }
        }
    }
    masks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::{HeapBuilder, Unobserved};

    #[test]
    fn what_roots_share_is_told_by_those_that_lead_there() {
        let mut heap = HeapBuilder::default();
        let [app, cache, both, all, own] =
            [("main.App", 64), ("main.Cache", 96), ("main.Both", 1000), ("main.All", 200), ("main.Own", 8)]
                .map(|(ty, bytes)| heap.object(ty, bytes));
        for (from, to) in [(app, both), (cache, both), (app, all), (cache, all), (app, own)] {
            heap.refer(from, to);
        }
        heap.variable("main.app *main.App", app);
        heap.variable("main.cache *main.Cache", cache);
        heap.goroutine(7, "main.work", &[("a *main.All", all)]);
        heap.goroutine(8, "main.work", &[("a *main.All", all)]);
        let heap = heap.build().unwrap();
        let graph = Graph::new(&heap).unwrap();
        let dominance = graph.dominance(&Unobserved).unwrap();
        let found = shared_by_roots(graph, &dominance, RootGrouping::Root, &Unobserved).unwrap();
        let told: Vec<(Vec<&str>, u64)> =
            found.iter().map(|one| (one.groups.iter().map(|name| &**name).collect(), one.retained.bytes)).collect();
        let [app, cache] = ["main.app *main.App", "main.cache *main.Cache"];
        assert_eq!(told[0], (vec![cache, app], 1000));
        assert_eq!((told[1].0.len(), told[1].1), (4, 200), "two variables and two goroutines");
        assert!(told[1].0.iter().any(|name| name.contains("main.work")), "{told:?}");
        // Together they are what the groups share.
        let shared = crate::root_groups(graph, &dominance, RootGrouping::Root, |_| true).shared;
        assert_eq!(shared.bytes, found.iter().map(|one| one.retained.bytes).sum::<u64>());
        assert!(found.iter().all(|one| !one.and_others));
    }
}
