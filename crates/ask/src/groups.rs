//! What groups retain: of objects of one type, package or kind, and of roots.

use crate::histogram::{Grouping, Groups, Histogram, Selection, group_objects};
use crate::recent::Recent;
use crate::rests::Rests;
use goheap_graph::Weight;
use goheap_model::{Dominance, Graph, RootClass, RootKind};
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Reverse;

/// Which roots are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootGrouping {
    /// The variables of one package; all goroutines; all others.
    Package,
    /// One variable; the goroutines of one stack; finalizers of one type, one queue and the like.
    Root,
}

/// What a group of roots retains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RootGroup {
    /// The package, variable, goroutines, ...
    pub name: String,
    /// The node of the graph that the group is.
    pub node: u32,
    /// What would be freed if these roots went.
    pub retained: Weight,
}

/// Groups of roots, with more bytes first, then by name. Together with what is shared they are all that is reachable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RootGroups {
    /// Groups that retain something.
    pub groups: Vec<RootGroup>,
    /// What several groups hold and none alone.
    pub shared: Weight,
}

/// The objects that are grouped.
pub struct RetainedHistogram<F> {
    /// What they are put together by.
    pub grouping: Grouping,
    /// Which ones.
    pub selection: Selection,
    /// Whether a type, by its text, is wanted.
    pub is_wanted: F,
    /// Of how many groups, those with most bytes, what they retain is exact; of others the minimum.
    pub exact: usize,
}

/// How much there is of each group and what it retains.
///
/// The minimum of a set counts what each of its objects dominates, once, as Eclipse MAT's minimum retained size does; what
/// only several of them hold together is left out. The exact one goes over the graph once for each group.
pub fn retained_histogram<F: FnMut(&str) -> bool>(
    graph: Graph<'_>,
    dominance: &Dominance,
    request: RetainedHistogram<F>,
) -> Histogram {
    let heap = graph.heap();
    let mut groups = group_objects(heap, request.grouping, request.selection, request.is_wanted);
    let mut retained = vec![0_u64; groups.rows.len()];
    // Up to which place what follows is dominated by an object of the group.
    let mut covered = vec![0; groups.rows.len()];
    let mut rests = Rests::new(graph, &dominance.tree, groups.rows.len());
    // What is dominated is reached.
    let is_any = matches!(request.selection, Selection::Allocated | Selection::Reachable);
    let mut recent = Recent::default();
    for ((node, end), place) in dominance.tree.slices().zip(0..) {
        let Some(id) = graph.object_of(node) else { continue };
        if !is_any && !request.selection.contains(heap, heap.objects.slot(id)) {
            continue;
        }
        if let Some(group) = groups.of(heap, id, &mut recent).filter(|&group| place >= covered[group]) {
            covered[group] = end;
            retained[group] = retained[group].saturating_add(dominance.retained.at(place));
            rests.cover(group, place..end);
        }
    }
    for (group, (row, retained)) in groups.rows.iter_mut().zip(retained).enumerate() {
        row.retained = Some(retained);
        row.referred = rests.of(group).map(|rest| retained.saturating_sub(rest));
    }
    let order = exact_rows(graph, &groups, request.exact, request.selection);
    for (group, retained) in order {
        groups.rows[group].retained = Some(retained);
    }
    groups.finish()
}

/// What the groups with most bytes retain exactly.
fn exact_rows(graph: Graph<'_>, groups: &Groups, count: usize, selection: Selection) -> Vec<(usize, u64)> {
    let mut order: Vec<usize> = (0..groups.rows.len()).collect();
    order.sort_by_key(|&group| (Reverse(groups.rows[group].share.bytes), &groups.rows[group].name));
    order.truncate(count);
    if order.is_empty() {
        return Vec::new();
    }
    let mut place_of = vec![None; groups.rows.len()];
    (0..).zip(&order).for_each(|(place, &group)| place_of[group] = Some(place));
    let mut sets: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
    let (heap, mut recent) = (graph.heap(), Recent::default());
    for slot in heap.objects.allocated().filter(|&slot| selection.contains(heap, slot)) {
        if let Some(place) = groups.of(heap, slot.id, &mut recent).and_then(|group| place_of[group]) {
            let set: &mut Vec<u32> = &mut sets[place];
            set.push(slot.id.0);
        }
    }
    let retained = sets.par_iter().map(|set| graph.retained_by(set).bytes);
    order.into_par_iter().zip(retained).collect()
}

/// What each group of roots retains: exactly, for a group is a node.
pub fn root_groups(
    graph: Graph<'_>,
    dominance: &Dominance,
    grouping: RootGrouping,
    is_wanted: impl Fn(&str) -> bool,
) -> RootGroups {
    let mut found = RootGroups::default();
    let mut add_shared = |weight: Weight| {
        found.shared.bytes += weight.bytes;
        found.shared.objects += weight.objects;
    };
    for (node, root) in graph.references().roots().iter() {
        match place_of(graph, root.kind, root.parent, grouping) {
            Place::Group => {
                let retained = graph.retained_weight(dominance, node);
                let name = graph.text(node);
                if retained.objects > 0 && is_wanted(&name) {
                    found.groups.push(RootGroup { name, node, retained });
                }
            }
            Place::Above => {
                let shared = dominance.tree.children(node).filter(|&child| child < graph.object_count());
                shared.for_each(|child| add_shared(graph.retained_weight(dominance, child)));
            }
            Place::Below => {}
        }
    }
    found.groups.sort_by(|a, b| (Reverse(a.retained.bytes), &a.name).cmp(&(Reverse(b.retained.bytes), &b.name)));
    found
}

pub(crate) fn place_of(graph: Graph<'_>, kind: RootKind, parent: Option<u32>, grouping: RootGrouping) -> Place {
    let above = parent.and_then(|parent| graph.root_node(parent)).map(|root| root.kind);
    match (kind, grouping) {
        (RootKind::All, _) => Place::Above,
        (RootKind::Class(RootClass::Variables | RootClass::Runtime | RootClass::Emptied), _) => Place::Above,
        (RootKind::Class(_), RootGrouping::Package) | (RootKind::Package(..), RootGrouping::Package) => Place::Group,
        (RootKind::Class(_), RootGrouping::Root) | (RootKind::Package(..), RootGrouping::Root) => Place::Above,
        (RootKind::GoroutineGroup(_), RootGrouping::Root) => Place::Group,
        (RootKind::Frame(_), RootGrouping::Root) => match above {
            Some(RootKind::Package(..) | RootKind::Class(RootClass::Other)) => Place::Group,
            _ => Place::Below,
        },
        _ => Place::Below,
    }
}

/// Where a node is, seen from the groups that are asked for.
pub(crate) enum Place {
    Above,
    Group,
    Below,
}

#[cfg(test)]
mod tests;
