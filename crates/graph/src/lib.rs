//! Graphs and trees over dense numbers; knows no Go, no ELF and no text.
//!
//! | to do | start at |
//! |---|---|
//! | add up many objects under the few paths that hold them | [`PathTrie`] |
//! | drop what is too narrow to be seen, keeping every byte | [`PathTrie::prune`] |
//! | remember which object ids have been met | [`IdBitSet`] |
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
mod csr;
mod dominators;
mod path_trie;
#[cfg(any(test, feature = "petgraph"))]
mod petgraph_traits;
mod prune;
mod retained;
#[cfg(test)]
mod testing;

pub use bit_set::IdBitSet;
pub use csr::{CsrGraph, GraphBuilder, GraphError};
pub use dominators::DominatorTree;
pub use path_trie::{Children, PathTrie, TrieNode, Weight};
pub use prune::Measure;
pub use retained::{RetainedSizes, retained_by_set};
