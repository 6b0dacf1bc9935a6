//! The reference tree.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::{Claim, Graph, Observer, RootClass, RootKind};
use std::io::Write;

/// The first frame over each frame of the tree, and the class of root that it is.
///
/// # Overhead
/// Five bytes a frame.
pub(super) struct RootClasses {
    tops: Vec<u32>,
    places: Vec<u8>,
}

impl RootClasses {
    pub(super) fn new(graph: Graph<'_>) -> Self {
        let trie = &graph.heap().tree;
        let mut tops: Vec<u32> = Vec::with_capacity(trie.len());
        // Parents stand before their children.
        for node in trie.nodes() {
            let top = match trie.parent(node) {
                None | Some(PathTrie::ROOT) => node.index() as u32,
                Some(parent) => tops.get(parent.index()).copied().unwrap_or(0),
            };
            tops.push(top);
        }
        let mut places = vec![0_u8; trie.len()];
        // The class of each node above objects: parents stand before their children here too.
        let mut classes: Vec<u8> = Vec::new();
        for (_, root) in graph.references().roots().iter() {
            let above = root.parent.and_then(|parent| classes.get((parent - graph.root()) as usize).copied());
            let class = match root.kind {
                RootKind::Class(class) => place_of(class),
                _ => above.unwrap_or(0),
            };
            classes.push(class);
            let top = match root.kind {
                RootKind::Frame(frame) => tops.get(frame.index()).copied(),
                _ => None,
            };
            // Of several classes that one frame has roots of, the first claims what hangs below.
            if let Some(place) = top.and_then(|top| places.get_mut(top as usize)).filter(|place| **place == 0) {
                *place = class;
            }
        }
        RootClasses { tops, places }
    }

    /// The place of the class in [`RootClasses::names`].
    pub(super) fn place(&self, frame: TrieNode) -> usize {
        let top = self.top(frame);
        usize::from(self.places.get(top).copied().unwrap_or(0))
    }

    fn top(&self, frame: TrieNode) -> usize {
        self.tops.get(frame.index()).map_or(0, |&top| top as usize)
    }

    /// None, then all classes.
    pub(super) fn names(&self) -> impl Iterator<Item = Option<&'static str>> + use<> {
        std::iter::once(None).chain(RootClass::ALL.into_iter().map(|class| Some(class.name())))
    }
}

fn place_of(class: RootClass) -> u8 {
    RootClass::ALL.iter().position(|&one| one == class).map_or(0, |place| place as u8 + 1)
}

pub(super) fn write<W: Write + Send>(
    rows: &Rows<'_>,
    mut table: TableWriter<'_, W>,
    classes: &RootClasses,
    observer: &dyn Observer,
) -> Result<(), ExportError> {
    let heap = rows.graph.heap();
    let trie = &heap.tree;
    observer.claim(Claim { kept: 0, passing: trie.len() as u64 * 25 })?;
    let names: Vec<Cell> = classes.names().map(|name| table.text_or_none(name)).collect();
    let totals = trie.totals();
    let mut depths = vec![0_u32; trie.len()];
    for node in trie.nodes().skip(1) {
        let parent = trie.parent(node).filter(|&parent| parent != PathTrie::ROOT);
        let depth = parent.map_or(0, |parent| depths[parent.index()]) + 1;
        depths[node.index()] = depth;
        let top = TrieNode::of_index(classes.top(node)).unwrap_or(node);
        let (own, total) = (trie.own(node), totals[node.index()]);
        let row = [
            Cell::of(node.index() as u64),
            Cell::of_option(parent.map(|parent| parent.index() as u64)),
            Cell::small(depth),
            names[classes.place(node)],
            table.text(heap.frame_text(top).unwrap_or("")),
            table.text(heap.frame_text(node).unwrap_or("")),
            Cell::of(own.bytes),
            Cell::of(own.objects),
            Cell::of(total.bytes),
            Cell::of(total.objects),
        ];
        table.row(row)?;
    }
    table.finish()
}
