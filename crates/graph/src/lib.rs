//! Graphs and trees over dense numbers; knows no Go, no ELF and no text.
//!
//! | to do | start at |
//! |---|---|
//! | add up many objects under the few paths that hold them | [`PathTrie`] |
//! | drop what is too narrow to be seen, keeping every byte | [`PathTrie::prune`] |
//! | keep numbers that may lie in a mapped file | [`Column`] |
//! | remember which object ids have been met | [`IdBitSet`] |
//! | keep objects, roots and groups of roots as a graph | [`GraphBuilder`], [`CsrGraph`] |
//! | know through whom every path to a node goes | [`DominatorTree`] |
//! | know what would be freed with a node | [`RetainedSizes`] |
//! | know what would be freed with several together | [`retained_by_set`], [`each_retained`] (exact), [`RetainedSizes::minimum_of_set`] (at once) |
//! | show how a node is held | [`PathsToRoots`] |
//! | show how many nodes are held | [`MergedPaths`] |
//! | show how one node leads to a few | [`shortest_from`] |
//! | find the one reference to cut | [`DominatorTree::best_cut`] |
//! | find the few to cut where one is not enough | [`DominatorTree::fewest_cuts`], [`freed_without`] |
//!
//! The one idea: a node's number is always greater than its parent's, so sums over a tree are one loop backwards and
//! nothing recurses, however deep the tree.
//!
//! ```
//! use goheap_graph::PathTrie;
//!
//! let (cache, entries, next) = (0, 1, 2);
//! let mut trie = PathTrie::new();
//! let root = trie.child(PathTrie::ROOT, cache);
//! let map = trie.child_folding(root, entries);
//! let first = trie.child_folding(map, next);
//! let second = trie.child_folding(first, next); // a list is one frame, however long
//! assert_eq!(first, second);
//! trie.add(first, 48, 1);
//! trie.add(second, 48, 1);
//! assert_eq!(trie.totals()[root.index()].bytes, 96);
//! ```

mod bit_set;
mod column;
mod csr;
mod cut_set;
mod dominator_links;
mod dominators;
mod merged_paths;
mod narrow;
mod path_trie;
mod paths;
#[cfg(any(test, feature = "petgraph"))]
mod petgraph_traits;
mod prune;
mod reaching;
mod retained;
mod search;
mod shortest_from;
#[cfg(test)]
mod testing;

pub use bit_set::{IdBitSet, SharedBitSet};
pub use column::{Column, SharedBytes, shared_copy};
pub use csr::{CsrGraph, CsrParts, EdgeBlock, GraphBuilder, GraphError};
pub use cut_set::freed_without;
pub use dominator_links::DominatorLink;
pub use dominators::{DominatorParts, DominatorTree};
pub use merged_paths::MergedPaths;
pub use narrow::NarrowColumn;
pub use path_trie::{Children, PathTrie, TrieNode, Weight};
pub use paths::{Path, PathsToRoots};
pub use prune::Measure;
pub use retained::{RetainedSizes, each_retained, retained_by_set};
pub use shortest_from::shortest_from;
