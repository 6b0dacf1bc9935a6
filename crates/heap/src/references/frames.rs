//! The dominator tree as frames, which read as those of the reference tree.

use super::ReferenceGraph;
use crate::error::HeapError;
use crate::index::read_frames;
use crate::names::labels::Labels;
use crate::needs::Needs;
use crate::referred::{frame_facts, with_facts};
use crate::snapshot::SnapshotOptions;
use crate::tree::{DrawnGroup, DrawnRoot, FrameOf, Told, TreeBuilder, shared_objects};
use foldhash::HashMap;
use goheap_graph::{DominatorTree, IdBitSet, PathTrie, TrieNode};
use goheap_model::{Births, Claim, DominatorFrames, Meter, ObjectId, Observer, RootClass, RootFrame, RootKind, Share};

/// Where the frame of more than one object of so many has to be known, those of all take less.
const WIDE: u32 = 2;

impl ReferenceGraph<'_, '_, '_> {
    /// Of each frame of the reference tree, by its index, how much of its own is shared: held by several objects or roots of which
    /// none alone keeps it, so that its holder in the tree does not. The snapshot must have been taken with its owners.
    pub fn shared_by_frame(&self, tree: &DominatorTree) -> Vec<Share> {
        let mut shares = vec![Share::default(); self.snapshot.tree.len()];
        for id in shared_objects(self.data().edges(), tree, self.data().object_count()).iter_ones() {
            if let Some(frame) = self.snapshot.frame_of(ObjectId(id)) {
                let share: &mut Share = &mut shares[frame.index()];
                share.bytes += self.data().shallow(id);
                share.objects += 1;
            }
        }
        shares
    }

    /// Draws `tree`, which is of this graph. It reads the heap once more, to name the pointer by which each object hangs on its
    /// immediate dominator. Where several ways that part below the dominator lead to an object, no pointer does: it is shown
    /// by its type, as `[shared]` below an object, and in a frame of its own below roots.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn frames(&self, tree: &DominatorTree, observer: &dyn Observer) -> Result<DominatorFrames, HeapError> {
        self.frames_with_births(tree, &Births::default(), observer)
    }

    /// The same, with the frames of the objects of `births`; those of an index have what was sampled anyway.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn frames_with_births(
        &self,
        tree: &DominatorTree,
        births: &Births,
        observer: &dyn Observer,
    ) -> Result<DominatorFrames, HeapError> {
        observer.begin("frames");
        match self.kept_frames(observer) {
            Some(frames) => Ok(frames),
            None => Ok(self.drawn_frames(tree, births, false, observer)?.0),
        }
    }

    /// The same, drawn anew whatever an index has, with the frame of each slot; that of a slot that is no object's means nothing.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn frames_with_places(
        &self,
        tree: &DominatorTree,
        births: &Births,
        observer: &dyn Observer,
    ) -> Result<(DominatorFrames, Vec<TrieNode>), HeapError> {
        observer.begin("frames");
        let (frames, places) = self.drawn_frames(tree, births, true, observer)?;
        match places {
            FrameOf::All(places) => Ok((frames, places)),
            FrameOf::Some(_) => Ok((frames, Vec::new())),
        }
    }

    /// The frames, and that of each slot where that is wanted; else of those objects alone of which it has to be known.
    fn drawn_frames(
        &self,
        tree: &DominatorTree,
        births: &Births,
        wants_places: bool,
        observer: &dyn Observer,
    ) -> Result<(DominatorFrames, FrameOf), HeapError> {
        let snapshot = self.snapshot;
        let knows_extents = self.data().knows_extents();
        // Where all are kept nobody is chosen.
        let wanted = if knows_extents && !wants_places { self.of_interest(births) } else { IdBitSet::default() };
        let slots = self.data().object_count();
        let wants_all = wants_places || wanted.count() > u64::from(slots / WIDE);
        let needs = Needs::new(&snapshot.model.heap, SnapshotOptions::default());
        let walk = needs.tree();
        let idoms = u64::from(slots) * 4;
        let told = if wants_all { idoms } else { wanted.count() * 8 };
        observer.claim(Claim { kept: 0, passing: walk.kept + walk.passing + idoms + told + u64::from(slots) / 4 })?;
        let mut resolver = snapshot.resolver();
        let mut labels = Labels::new(snapshot.packages.clone());
        let mut trie = PathTrie::new();
        let (nodes, root_frames) = self.root_frames(&mut labels, &mut trie);
        let frame = |node: u32| nodes[(node - self.data().root()) as usize];
        let objects = &snapshot.objects;
        let types = &snapshot.object_types;
        let mut builder = TreeBuilder::new(snapshot.model, objects, &mut resolver, &mut labels, &mut trie, types);
        let of_class = |class: RootClass| {
            let roots = snapshot.roots.iter().enumerate().filter(move |(_, root)| root.class == class);
            roots.map(|(index, &root)| {
                let holder = self.node_of_root[index];
                DrawnRoot { root, holder, frame: frame(holder) }
            })
        };
        let groups = self.data().references().roots().iter().map(|(node, root)| DrawnGroup {
            node,
            frame: frame(node),
            shared: shared_text(root.kind),
        });
        let meter = Meter::new(observer, needs.scannable);
        let roots = RootClass::ALL.into_iter().flat_map(of_class);
        let told = Told { wanted: (!wants_all).then_some(&wanted), values: knows_extents.then_some(&snapshot.types) };
        let mut drawn = builder.walk_dominators(tree, roots, groups, told, &meter);
        let unreached = builder.unreachable(&snapshot.unreached);
        let knows_births = knows_extents || wants_places;
        let sampled = if knows_births { self.sampled(births, &drawn.frames) } else { Vec::new() };
        let facts = knows_extents.then(|| frame_facts(self, tree, (&trie, &mut drawn)));
        let (texts, names, _) = labels.into_parts();
        // The resolver may have met types that the heap's table lacks.
        let names = names.into_iter().map(|name| name.within(&snapshot.types)).collect();
        let reached = drawn.reached;
        Ok((
            DominatorFrames { trie, texts, names, reached, facts, unreached, roots: root_frames, sampled },
            drawn.frames,
        ))
    }

    /// The objects whose frames have to be known.
    fn of_interest(&self, births: &Births) -> IdBitSet {
        let mut objects = with_facts(self);
        objects.extend(births.all().iter().map(|birth| birth.object.0));
        objects
    }

    /// The objects of births that roots reach, with the frame of each.
    fn sampled(&self, births: &Births, frames: &FrameOf) -> Vec<(ObjectId, TrieNode)> {
        let reached = births.all().iter().filter(|birth| self.snapshot.reached.contains(birth.object.0));
        let mut sampled: Vec<_> = reached.map(|birth| (birth.object, frames.of(birth.object))).collect();
        sampled.sort_unstable();
        sampled.dedup();
        sampled
    }

    /// Those of an index.
    fn kept_frames(&self, observer: &dyn Observer) -> Option<DominatorFrames> {
        let mut frames = read_frames(self.data().references().kept()?, &self.snapshot.types, observer)?;
        frames.facts = frames.facts.filter(|_| self.data().knows_extents());
        Some(frames)
    }

    /// A frame for each node above objects, and what each of these frames is. Goroutines of one stack are not told apart.
    fn root_frames(&self, labels: &mut Labels, trie: &mut PathTrie) -> (Vec<TrieNode>, HashMap<TrieNode, RootFrame>) {
        let mut frames: Vec<TrieNode> = Vec::new();
        let mut found: HashMap<TrieNode, RootFrame> = HashMap::default();
        for (_, root) in self.data().references().roots().iter() {
            let above = root.parent.map_or(PathTrie::ROOT, |parent| frames[(parent - self.data().root()) as usize]);
            let frame = match root.kind {
                RootKind::All => PathTrie::ROOT,
                RootKind::Goroutine(_) => above,
                kind => {
                    let label = labels.text(&self.data().root_text(kind), || self.data().root_name(kind));
                    trie.child(above, label)
                }
            };
            let known = found.entry(frame).or_insert(RootFrame { kind: root.kind, goroutines: 0 });
            known.goroutines += u64::from(matches!(root.kind, RootKind::Goroutine(_)));
            frames.push(frame);
        }
        (frames, found)
    }
}

/// What is called that which several of the nodes below one of this kind hold together.
fn shared_text(kind: RootKind) -> &'static str {
    match kind {
        RootKind::All => "held by several classes of roots",
        RootKind::Class(RootClass::Variables | RootClass::Runtime | RootClass::Emptied) => "held by several packages",
        RootKind::Class(RootClass::Goroutines) => "held by several goroutines of different stacks",
        RootKind::Class(RootClass::Other) => "held by several of these",
        RootKind::Package(..) => "held by several variables of the package",
        RootKind::GoroutineGroup(_) => "held by several goroutines of this stack",
        RootKind::Goroutine(_) | RootKind::Frame(_) => "held by several variables",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::HELD_BY_SEVERAL;

    /// Those who read the tree know them by that.
    #[test]
    fn what_several_hold_is_called_alike() {
        let classes = RootClass::ALL.map(RootKind::Class);
        let others = [RootKind::All, RootKind::Package(RootClass::Variables, 0), RootKind::GoroutineGroup(0)];
        let all = classes.into_iter().chain(others).chain([RootKind::Goroutine(0)]);
        assert!(all.map(shared_text).all(|text| text.starts_with(HELD_BY_SEVERAL)));
    }
}
