//! Where what is there was allocated, and who holds it now.

mod by_type;

use crate::diff::NamedCount;
use crate::groups::{Place, RootGrouping, place_of};
use foldhash::HashMap;
use goheap_graph::{DominatorTree, TrieNode};
use goheap_model::{Birth, BirthCount, Births, DominatorFrames, Graph, ObjectId, RootKind, Share, Standing};
use serde::Serialize;
use std::cmp::Reverse;

/// Which allocations are one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteGrouping {
    /// Those of one line of the first function that is not the allocator's.
    Line,
    /// Those by one stack of calls.
    Stack,
}

/// Who holds what was sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum BirthHolder {
    /// A node of the graph above objects: a variable, the goroutines of one stack, a finalizer, ... Nothing else holds it.
    Root(u32),
    /// Several of them together.
    Several,
    /// What the core lacks may hold it.
    NotKnown,
    /// Nobody: it is garbage.
    Nobody,
}

/// What of a site somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HeldOfSite {
    /// Who.
    pub holder: BirthHolder,
    /// How much.
    pub count: BirthCount,
    /// One of the objects, the first by number.
    pub example: ObjectId,
}

/// What was allocated at one site, of what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BirthSite {
    /// The calls, by the numbers of [`Births::call`], the one that allocates first; one where lines are sites. None where the stack is not
    /// known.
    pub calls: Vec<u32>,
    /// What is there.
    pub count: BirthCount,
    /// Who holds it, most bytes first.
    pub held: Vec<HeldOfSite>,
}

/// The sites of what was asked for, most bytes first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BirthSites {
    /// All that was asked for.
    pub total: BirthCount,
    /// Its sites.
    pub sites: Vec<BirthSite>,
}

/// Who holds each of the sampled objects, so that sites can be asked for of any part of the heap.
///
/// # Overhead
/// 24 bytes a sampled object.
pub struct BirthIndex<'h> {
    graph: Graph<'h>,
    tree: &'h DominatorTree,
    births: &'h Births,
    /// Sampled objects that roots reach, by their places in the dominator tree; then the others.
    by_place: Vec<(u32, Birth, BirthHolder)>,
    first_alike: Vec<u32>,
}

/// What was sampled, by the frames below which it is.
///
/// # Overhead
/// 4 bytes a sampled object and frame above it.
pub struct BirthsByFrame<'i> {
    index: &'i BirthIndex<'i>,
    /// Places in the index.
    below: HashMap<TrieNode, Vec<u32>>,
}

impl BirthsByFrame<'_> {
    /// The sites of what a frame retains.
    pub fn below(&self, frame: TrieNode, grouping: SiteGrouping) -> BirthSites {
        let places = self.below.get(&frame).map_or(&[][..], Vec::as_slice);
        self.index.sites(places.iter().map(|&at| &self.index.by_place[at as usize]), grouping)
    }
}

/// The place of what no root reaches: behind all others.
const UNREACHED: u32 = u32::MAX;

impl<'h> BirthIndex<'h> {
    /// Of the births of a heap, and of who dominates whom in its graph.
    pub fn new(graph: Graph<'h>, tree: &'h DominatorTree, births: &'h Births) -> Self {
        let groups = root_ranges(graph, tree);
        let placed = |&birth: &Birth| {
            let Some(place) = tree.place(birth.object.0) else {
                return (UNREACHED, birth, unheld(graph, birth.object));
            };
            let behind = groups.partition_point(|group| group.0 <= place);
            let group = behind.checked_sub(1).map(|at| groups[at]).filter(|group| place < group.1);
            (place, birth, group.map_or(BirthHolder::Several, |group| BirthHolder::Root(group.2)))
        };
        let mut by_place: Vec<_> = births.all().iter().map(placed).collect();
        by_place.sort_unstable_by_key(|&(place, birth, _)| (place, birth));
        BirthIndex { graph, tree, births, by_place, first_alike: first_alike(births) }
    }

    /// The sites of all sampled objects that `is_wanted`.
    pub fn all(&self, grouping: SiteGrouping, is_wanted: impl Fn(ObjectId) -> bool) -> BirthSites {
        self.sites(self.by_place.iter().filter(|(_, birth, _)| is_wanted(birth.object)), grouping)
    }

    /// The sites of what a node retains, itself among it.
    pub fn below(&self, node: u32, grouping: SiteGrouping) -> BirthSites {
        self.below_all(&[node], grouping)
    }

    /// The sites of what nodes retain, each for itself, and each object once.
    pub fn below_all(&self, nodes: &[u32], grouping: SiteGrouping) -> BirthSites {
        let ranges = self.tree.topmost(nodes).into_iter().filter_map(|node| {
            let first = self.tree.place(node)?;
            let end = first + self.tree.subtree(node).len() as u32;
            let at = |place: u32| self.by_place.partition_point(|one| one.0 < place);
            Some(&self.by_place[at(first)..at(end)])
        });
        let ranges: Vec<_> = ranges.collect();
        self.sites(ranges.into_iter().flatten(), grouping)
    }

    /// What was sampled, by the frames of a dominator tree that were made with the same births.
    pub fn by_frame(&self, frames: &DominatorFrames) -> BirthsByFrame<'_> {
        let mut of_object = HashMap::<ObjectId, Vec<u32>>::default();
        for (at, (_, birth, _)) in (0..).zip(&self.by_place) {
            of_object.entry(birth.object).or_default().push(at);
        }
        let mut below = HashMap::<TrieNode, Vec<u32>>::default();
        for &(object, frame) in &frames.sampled {
            let born = of_object.get(&object).map_or(&[][..], Vec::as_slice);
            for frame in std::iter::successors(Some(frame), |&frame| frames.trie.parent(frame)) {
                below.entry(frame).or_default().extend(born);
            }
        }
        BirthsByFrame { index: self, below }
    }

    /// The name of who holds: that of the root, `several roots`, ...
    pub fn holder_text(&self, holder: BirthHolder) -> String {
        match holder {
            BirthHolder::Root(node) => self.graph.text(node),
            BirthHolder::Several => "several roots".to_owned(),
            BirthHolder::NotKnown => "not known to be reachable".to_owned(),
            BirthHolder::Nobody => "unreachable".to_owned(),
        }
    }

    fn sites<'a>(
        &self,
        those: impl Iterator<Item = &'a (u32, Birth, BirthHolder)>,
        grouping: SiteGrouping,
    ) -> BirthSites {
        let mut parts = HashMap::<(u32, BirthHolder), (u64, ObjectId)>::default();
        for &(_, birth, holder) in those {
            let part = parts.entry((birth.record, holder)).or_insert((0, birth.object));
            *part = (part.0 + 1, part.1.min(birth.object));
        }
        let mut parts: Vec<_> = parts.into_iter().collect();
        parts.sort_unstable_by_key(|&((record, holder), _)| (record, rank(holder)));
        let mut gathered = Gathered::default();
        // A record is scaled as a whole, as pprof does: what its holders have, each cut to whole numbers, may be a little less.
        for of_record in parts.chunk_by(|one, other| one.0.0 == other.0.0) {
            let record = of_record[0].0.0;
            let site = gathered.site(self.site(record, grouping));
            gathered.add(site, self.births.count(record, of_record.iter().map(|(_, (samples, _))| samples).sum()));
            for &((_, holder), (samples, example)) in of_record {
                gathered.hold(site, HeldOfSite { holder, count: self.births.count(record, samples), example });
            }
        }
        gathered.found.sorted()
    }

    /// The calls that are told of a record.
    fn site(&self, record: u32, grouping: SiteGrouping) -> Vec<u32> {
        let calls = self.births.shown_numbers(self.births.record(record).stack);
        let calls = match grouping {
            SiteGrouping::Line => &calls[..calls.len().min(1)],
            SiteGrouping::Stack => calls,
        };
        calls.iter().map(|&call| self.first_alike.get(call as usize).copied().unwrap_or(call)).collect()
    }
}

/// Sites while they are put together.
#[derive(Default)]
struct Gathered {
    found: BirthSites,
    site_of: HashMap<Vec<u32>, usize>,
    /// Where in a site's list somebody stands.
    place_of: HashMap<(usize, BirthHolder), usize>,
}

impl Gathered {
    fn site(&mut self, calls: Vec<u32>) -> usize {
        let sites = &mut self.found.sites;
        *self.site_of.entry(calls).or_insert_with_key(|calls| {
            sites.push(BirthSite { calls: calls.clone(), ..BirthSite::default() });
            sites.len() - 1
        })
    }

    fn add(&mut self, site: usize, count: BirthCount) {
        self.found.total.add(count);
        self.found.sites[site].count.add(count);
    }

    fn hold(&mut self, site: usize, part: HeldOfSite) {
        let held = &mut self.found.sites[site].held;
        let place = *self.place_of.entry((site, part.holder)).or_insert(held.len());
        match held.get_mut(place) {
            Some(held) => {
                held.count.add(part.count);
                held.example = held.example.min(part.example);
            }
            None => held.push(part),
        }
    }
}

impl BirthSites {
    /// With most bytes first; what has as many in the order in which it was met.
    fn sorted(mut self) -> Self {
        let order = |held: &HeldOfSite| (Reverse(held.count.bytes), rank(held.holder));
        self.sites.iter_mut().for_each(|site| site.held.sort_by_key(order));
        self.sites.sort_by_key(|site| Reverse((site.count.bytes, site.count.samples)));
        self
    }
}

/// What sampled objects stand for, by the line that allocated them; lines that are not known are left out.
pub fn site_counts(index: &BirthIndex<'_>) -> Vec<NamedCount> {
    let sites = index.all(SiteGrouping::Line, |_| true).sites.into_iter();
    let named = sites.filter_map(|site| {
        let call = index.births.call(*site.calls.first()?)?;
        let share = Share { bytes: site.count.bytes, objects: site.count.objects };
        Some(NamedCount { name: call.short_text(), share })
    });
    named.collect()
}

/// Of each call the first that reads the same: a line may have several.
fn first_alike(births: &Births) -> Vec<u32> {
    let mut first = HashMap::default();
    let calls = (0..).map_while(|number| Some((number, births.call(number)?)));
    calls.map(|(number, call)| *first.entry((&call.function, &call.file, call.line)).or_insert(number)).collect()
}

/// The places that each group of roots dominates, in order.
fn root_ranges(graph: Graph<'_>, tree: &DominatorTree) -> Vec<(u32, u32, u32)> {
    let is_group = |kind: RootKind, parent| matches!(place_of(graph, kind, parent, RootGrouping::Root), Place::Group);
    let roots = graph.references().roots().iter().filter(|(_, root)| is_group(root.kind, root.parent));
    let range = |node: u32| Some((tree.place(node)?, tree.subtree(node).len() as u32));
    let mut ranges: Vec<_> =
        roots.filter_map(|(node, _)| range(node).map(|(first, len)| (first, first + len, node))).collect();
    ranges.sort_unstable();
    ranges
}

/// Who holds what no root reaches.
fn unheld(graph: Graph<'_>, object: ObjectId) -> BirthHolder {
    match graph.heap().standing(object) {
        // Reachable, but of no tree: what the graph left out.
        Standing::Reachable => BirthHolder::Several,
        Standing::NotKnown => BirthHolder::NotKnown,
        Standing::Unreachable => BirthHolder::Nobody,
    }
}

/// The order of those who hold alike.
fn rank(holder: BirthHolder) -> (u8, u32) {
    match holder {
        BirthHolder::Root(node) => (0, node),
        BirthHolder::Several => (1, 0),
        BirthHolder::NotKnown => (2, 0),
        BirthHolder::Nobody => (3, 0),
    }
}

#[cfg(test)]
mod tests;
