//! Looks the tree through for frames at which things gather.

use super::counts::Counts;
use super::element::{Element, of_step};
use super::holder::is_grouping;
use super::merging::{has_main, join, merge, repeated};
use crate::gathering::is_gathering;
use goheap_graph::{Children, PathTrie, TrieNode, Weight};
use goheap_model::{DominatorFrames, Extent, Heap, SHARED};

/// A holder, and what hangs on it.
pub(super) struct Found {
    pub(super) frame: TrieNode,
    pub(super) retained: Weight,
    /// The frames that make that up.
    pub(super) parts: Vec<TrieNode>,
    pub(super) gathered: Option<Element>,
    /// Whether it is held by no one thing, but by several roots together.
    pub(super) is_loose: bool,
}

pub(super) struct Finder<'a> {
    pub(super) frames: &'a DominatorFrames,
    pub(super) counts: Counts,
    heap: &'a Heap,
    totals: Vec<Weight>,
    children: Children,
    least: u64,
}

impl<'a> Finder<'a> {
    pub(super) fn new(heap: &'a Heap, frames: &'a DominatorFrames, least: u64) -> Self {
        let trie = &frames.trie;
        Self { frames, counts: Counts::new(frames), heap, totals: trie.totals(), children: trie.children(), least }
    }

    /// All that there are below the roots.
    pub(super) fn find(&self) -> Vec<Found> {
        let mut found = self.below(PathTrie::ROOT);
        join(self.heap, &mut found);
        found
    }

    /// What a frame and all below it are.
    pub(super) fn bytes(&self, node: TrieNode) -> u64 {
        self.totals[node.index()].bytes
    }

    /// Those in the frames below one that roots are grouped by.
    fn below(&self, node: TrieNode) -> Vec<Found> {
        let large = |child: &&TrieNode| self.bytes(**child) >= self.least && !self.frames.unreached.contains(child);
        let mut found: Vec<Found> =
            self.children.of(node).iter().filter(large).flat_map(|&child| self.at(child)).collect();
        merge(node, &mut found, |alike| alike.iter().all(|found| found.is_loose));
        found
    }

    /// Those at a frame that retains enough, and below it. A trie is no deeper than folding lets it be.
    fn at(&self, node: TrieNode) -> Vec<Found> {
        if is_grouping(self.frames, node) {
            return self.below(node);
        }
        if is_gathering(self.counts.of(node), self.count_above(node)) {
            return vec![self.many(node)];
        }
        let (many, few): (Vec<TrieNode>, Vec<TrieNode>) = self
            .hanging_on(node)
            .into_iter()
            .partition(|&child| is_gathering(self.counts.of(child), self.counts.of(node)));
        let gathered: u64 = many.iter().map(|&child| self.bytes(child)).sum();
        if gathered >= self.bytes(node) / 2 {
            return self.with_parts(node, &many, &few);
        }
        let (mut found, apart) = self.of_each(&few);
        if gathered >= self.least {
            found.push(self.holder_of_these(node, &many));
        }
        merge(node, &mut found, |alike| {
            let is_apart = alike.iter().filter_map(|found| found.gathered.as_ref()).any(|one| apart.contains(&one.ty));
            !is_apart && (!self.is_of_fields(node) || !has_main(alike))
        });
        self.complete(node, &mut found);
        let rest = self.bytes(node).saturating_sub(found.iter().map(|found| found.retained.bytes).sum());
        if found.is_empty() || rest >= self.least.max(self.bytes(node) / 2) {
            found.push(self.found(node, None));
        }
        found
    }

    /// A frame on which many hang, with all that it has. Where these hang on several of its parts together, as strings on three fields of an
    /// application, they say nothing of what else each part holds: that is told apart.
    fn with_parts(&self, node: TrieNode, many: &[TrieNode], few: &[TrieNode]) -> Vec<Found> {
        let are_shared = many.iter().all(|&child| self.frames.text(child).starts_with(SHARED));
        let (mut found, _) = if are_shared { self.of_each(few) } else { Default::default() };
        let holder = if found.is_empty() { self.holder(node, many) } else { self.holder_of_these(node, many) };
        found.push(holder);
        found
    }

    /// A frame on which many hang, with these alone.
    fn holder_of_these(&self, node: TrieNode, many: &[TrieNode]) -> Found {
        let mut retained = Weight::default();
        many.iter().for_each(|child| retained.add(self.totals[child.index()]));
        Found { retained, parts: many.to_vec(), ..self.holder(node, many) }
    }

    /// The frames below one; of what several of its parts hold together, the frames of that.
    fn hanging_on(&self, node: TrieNode) -> Vec<TrieNode> {
        let mut hanging = Vec::new();
        for &child in self.children.of(node) {
            match is_grouping(self.frames, child) {
                true => hanging.extend(self.hanging_on(child)),
                false => hanging.push(child),
            }
        }
        hanging
    }

    /// Those at each of several frames that retains enough, and the types that were told apart there: these stay apart.
    fn of_each(&self, nodes: &[TrieNode]) -> (Vec<Found>, Vec<String>) {
        let (mut found, mut apart) = (Vec::new(), Vec::new());
        for &node in nodes.iter().filter(|&&node| self.bytes(node) >= self.least) {
            let more = self.at(node);
            apart.extend(repeated(&more));
            found.extend(more);
        }
        (found, apart)
    }

    /// Whether what is below a frame is told apart by fields that the program gave it: a queue and an archive of the same messages. The parts of a
    /// pool are the library's.
    fn is_of_fields(&self, node: TrieNode) -> bool {
        let text = self.frames.text(node);
        let is_pools = ["sync.Pool", "sync.pool", "unsafe.Pointer"].iter().any(|part| text.contains(part));
        self.heap.is_library_text(text) == Some(false) && !is_pools
    }

    /// Where parts of a frame are most of it, and nothing else of it is told, the rest is theirs, too: short rings of a pool, which has long ones.
    fn complete(&self, node: TrieNode, found: &mut [Found]) {
        if let [one] = found
            && one.frame == node
            && one.retained.bytes >= self.bytes(node) / 2
        {
            (one.retained, one.parts) = (self.totals[node.index()], vec![node]);
        }
    }

    /// A frame that is itself many: goroutines of one stack, or objects that several roots hold.
    fn many(&self, node: TrieNode) -> Found {
        let is_root = self.frames.is_root(node);
        let gathered = (!is_root).then(|| of_step(self.heap, self, node));
        Found { is_loose: !is_root, ..self.found(node, gathered) }
    }

    fn found(&self, frame: TrieNode, gathered: Option<Element>) -> Found {
        Found { frame, retained: self.totals[frame.index()], parts: vec![frame], gathered, is_loose: false }
    }

    /// A frame on which many hang. Of several kinds that do, those that retain most are told. Where still more hang on each of them, as
    /// sessions on each of 40 rooms, it is these.
    fn holder(&self, node: TrieNode, many: &[TrieNode]) -> Found {
        let (mut frame, mut most) = (node, self.widest(many));
        let steepness = |frame: TrieNode, most: TrieNode| self.counts.of(most) / self.counts.of(frame).max(1);
        let mut below = most;
        while let Some(here) = below {
            let next = self.widest(self.children.of(here)).filter(|&next| self.bytes(next) >= self.bytes(node) / 2);
            if let (Some(next), Some(known)) = (next, most)
                && steepness(here, next) > steepness(frame, known)
            {
                (frame, most) = (here, Some(next));
            }
            below = next;
        }
        self.found(frame, most.map(|most| of_step(self.heap, self, most)))
    }

    /// That which retains most.
    fn widest(&self, nodes: &[TrieNode]) -> Option<TrieNode> {
        nodes.iter().copied().max_by_key(|&node| self.bytes(node))
    }

    fn count_above(&self, node: TrieNode) -> u64 {
        self.frames.trie.parent(node).map_or(1, |parent| self.counts.of(parent))
    }

    /// The frame below one that retains most, if that is most of it.
    pub(super) fn main_child(&self, node: TrieNode) -> Option<TrieNode> {
        let most = self.widest(self.children.of(node))?;
        (self.bytes(most) >= self.bytes(node) / 2).then_some(most)
    }

    /// What is referred to of frames and those below them; None where that is not known.
    pub(super) fn extent(&self, parts: &[TrieNode]) -> Option<Extent> {
        let facts = self.frames.facts.as_ref()?;
        let mut extent = Extent::default();
        parts.iter().for_each(|&part| extent.add(facts.extent(part, self.bytes(part))));
        Some(extent)
    }

    pub(super) fn weight(&self, node: TrieNode) -> Weight {
        self.totals[node.index()]
    }

    pub(super) fn below_of(&self, node: TrieNode) -> &[TrieNode] {
        self.children.of(node)
    }
}
