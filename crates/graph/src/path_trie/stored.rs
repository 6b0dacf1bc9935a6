//! A trie as serde writes it: its nodes. One that is read again is for questions: it knows no child that it could find again.

use super::{Node, PathTrie};
use foldhash::HashMap;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

#[derive(Serialize, Deserialize)]
struct Stored<'t> {
    nodes: Cow<'t, [Node]>,
    node_limit: u32,
    refused: u64,
}

impl Serialize for PathTrie {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { nodes, node_limit, refused, .. } = self;
        Stored { nodes: Cow::Borrowed(nodes), node_limit: *node_limit, refused: *refused }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for PathTrie {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Stored { nodes, node_limit, refused } = Stored::deserialize(from)?;
        let is_below = |(index, node): (usize, &Node)| (node.parent as usize) < index || index == 0 && node.parent == 0;
        if nodes.is_empty() || !nodes.iter().enumerate().all(is_below) {
            return Err(D::Error::custom("a node of a trie that is not below an earlier one"));
        }
        Ok(PathTrie { nodes: nodes.into_owned(), steps: HashMap::default(), node_limit, refused })
    }
}
