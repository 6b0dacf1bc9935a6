//! The tree that a picture shows, and its texts.

use crate::commands::caption::Widths;
use goheap_graph::{DominatorTree, PathTrie};
use goheap_heap::HeapSnapshot;
use goheap_heap::references::ReferenceGraph;
use goheap_model::{DominatorFrames, Share};
use goheap_report::Count;
use std::borrow::Cow;
use std::collections::HashMap;

/// A tree of frames.
pub(crate) struct Drawing<'a> {
    trie: Cow<'a, PathTrie>,
    texts: Texts<'a>,
    pub(crate) widths: Widths,
    /// Texts beyond those: labels from this number on.
    marked: (u32, Vec<String>),
}

enum Texts<'a> {
    Snapshot(&'a HeapSnapshot<'a, 'a>),
    Dominators(&'a DominatorFrames),
}

/// Beyond every label that there is, and of no meaning where nothing is marked.
const FIRST_MARKED: u32 = 1 << 31;

impl<'a> Drawing<'a> {
    /// Who reaches objects first.
    pub(crate) fn breadth_first(snapshot: &'a HeapSnapshot<'a, 'a>) -> Self {
        let trie = Cow::Borrowed(&snapshot.tree);
        Drawing { trie, texts: Texts::Snapshot(snapshot), widths: Widths::First, marked: (FIRST_MARKED, Vec::new()) }
    }

    /// Who retains them.
    pub(crate) fn dominators(frames: &'a DominatorFrames) -> Self {
        let trie = Cow::Borrowed(&frames.trie);
        Drawing { trie, texts: Texts::Dominators(frames), widths: Widths::Retained, marked: (FIRST_MARKED, Vec::new()) }
    }

    /// Who reaches objects first; what is shared is marked.
    pub(crate) fn marked(graph: &'a ReferenceGraph<'a, 'a, 'a>, tree: &DominatorTree, count: Count) -> Self {
        let mut drawing = Drawing::breadth_first(graph.snapshot());
        let shared = graph.shared_by_frame(tree);
        let mut labels: HashMap<(u32, &'static str), u32> = HashMap::new();
        let mut texts = Vec::new();
        let trie = drawing.trie.relabelled(|node, label| {
            let own = drawing.trie.own(node);
            let own = Share { bytes: own.bytes, objects: own.objects };
            let Some(mark) = mark(shared[node.index()], own, count) else { return label };
            *labels.entry((label, mark)).or_insert_with(|| {
                texts.push(format!("{} {mark}", drawing.text(label)));
                FIRST_MARKED + (texts.len() - 1) as u32
            })
        });
        drawing.widths = Widths::FirstMarked;
        drawing.marked.1 = texts;
        drawing.trie = Cow::Owned(trie);
        drawing
    }

    /// The frames.
    pub(crate) fn trie(&self) -> &PathTrie {
        &self.trie
    }

    /// What a frame says, by its label.
    pub(crate) fn text(&self, label: u32) -> &str {
        let marked = label.checked_sub(self.marked.0).and_then(|label| self.marked.1.get(label as usize));
        match (marked, &self.texts) {
            (Some(text), _) => text,
            (None, Texts::Snapshot(snapshot)) => snapshot.label_text(label),
            (None, Texts::Dominators(frames)) => frames.label_text(label),
        }
    }
}

/// What stands behind the text of a frame so much of whose own is shared.
fn mark(shared: Share, own: Share, count: Count) -> Option<&'static str> {
    let (shared, own) = match count {
        Count::Bytes => (shared.bytes, own.bytes),
        Count::Objects => (shared.objects, own.objects),
    };
    match shared {
        0 => None,
        _ if shared == own => Some("[shared]"),
        _ if shared >= own / 2 => Some("[mostly shared]"),
        _ => Some("[partly shared]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_says_how_much_is_shared() {
        let share = |bytes, objects| Share { bytes, objects };
        for (shared, expected) in [(0, None), (1, Some("[partly shared]")), (9, Some("[mostly shared]"))] {
            assert_eq!(mark(share(shared, 1), share(10, 1), Count::Bytes), expected);
        }
        assert_eq!(mark(share(9, 1), share(10, 1), Count::Objects), Some("[shared]"));
    }
}
