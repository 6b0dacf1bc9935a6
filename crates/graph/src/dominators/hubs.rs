//! Dominators by way of hubs, the nodes to which more than one edge leads: any other has one referrer, which dominates it.

mod forward;
mod mend;
mod rows;
mod search;
mod set;

use super::layout::NumberedTree;
use crate::CsrGraph;
use forward::Forward;
use rows::Rows;
use search::HubSearch;
use set::HubSet;

/// The dominator tree of what `root` reaches; none if it is no node, and of a graph for which this is no good way.
pub(super) fn dominator_tree(graph: &CsrGraph, root: u32) -> Option<NumberedTree> {
    if root >= graph.node_count() || !Rows::can_hold(graph) {
        return None;
    }
    let set = HubSet::new(graph, root);
    let mut rows = Rows::new(graph, &set);
    let HubSearch { mut nodes, mut parents, mut hubs, done } =
        search::search(&mut rows, &set, graph.node_count(), root);
    let Forward { past, leads_past, spare } = forward::make_tree(&rows, &mut parents, &mut hubs, &done);
    drop(done);
    let mend = || if leads_past { mend::mend(&rows, &mut parents, &hubs, past) } else { Some(()) };
    let (mended, ()) = rayon::join(mend, || search::name_hubs(&mut nodes, &hubs, &set));
    mended?;
    drop((set, rows, hubs));
    let spare = [spare, vec![0; nodes.len()]];
    Some(NumberedTree { nodes, parents, spare, node_count: graph.node_count() })
}
