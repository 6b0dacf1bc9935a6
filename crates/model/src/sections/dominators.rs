//! A dominator tree among sections.

use super::{SectionError, SectionWriter, Sections};
use goheap_graph::{Column, DominatorParts, DominatorTree};
use std::io::Write;

/// What the columns are called.
const NAMES: [&str; 4] = ["places of nodes", "nodes of places", "parents of places", "ends of places"];

/// Adds a tree.
///
/// # Errors
/// [`SectionError::Write`].
pub fn write_dominators(tree: &DominatorTree, writer: &mut SectionWriter<impl Write>) -> Result<(), SectionError> {
    NAMES.iter().zip(tree.columns()).try_for_each(|(name, column)| writer.column(name, column))
}

/// The tree of a graph of so many nodes.
///
/// # Errors
/// Those of [`Sections::column`], and [`SectionError::Impossible`] of columns that are no tree of such a graph.
pub fn read_dominators(sections: &Sections, nodes: u32) -> Result<DominatorTree, SectionError> {
    let column = |name| sections.column(name);
    let [places, nodes_of, parents, ends]: [Column<u32>; 4] =
        [column(NAMES[0])?, column(NAMES[1])?, column(NAMES[2])?, column(NAMES[3])?];
    let tree = DominatorTree::from_parts(DominatorParts { places, nodes: nodes_of, parents, ends });
    let tree = tree.ok().filter(|tree| tree.node_count() == nodes);
    tree.ok_or(SectionError::Impossible("dominator tree", "it is none of this graph"))
}
