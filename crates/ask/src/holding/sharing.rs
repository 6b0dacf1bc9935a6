//! Who holds an object at once, where nobody holds it alone: it goes only when all of these let go.

use super::grouping::OwnCode;
use super::owners::OwnerKind;
use super::{CutTogether, Holding};
use crate::AskError;
use foldhash::{HashMap, HashSet};
use goheap_graph::{CsrGraph, IdBitSet, Weight};
use goheap_model::{Claim, Evidence, Observer, Part, RootClass};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

/// References above one object that are looked at, and above all of a set.
const MOST_OF_ONE: usize = 4_096;
const MOST_OF_SET: usize = 50_000_000;
/// Holders of all groups that are kept, some hundred bytes each: objects of groups beyond are in none.
const MOST_KEPT: usize = 1 << 20;
const KEPT_BYTES: u64 = 100;
/// Groups whose cuts are sought: each takes a walk over the graph.
const CUTS_SOUGHT: usize = 3;

/// Objects that the same several hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sharing {
    /// They, and their bytes.
    pub held: Weight,
    /// Who holds each of them, the program's own before others: they go only when all of these let go.
    pub holders: Vec<Sharer>,
    /// False where so many references lead there that not all were looked at.
    pub is_all: bool,
    /// The fewest references of the program's own code without which they go, where two or three are enough.
    pub cut: Option<CutTogether>,
    /// The node of one of them.
    pub example: u32,
}

/// One of several that hold the same objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sharer {
    /// What it is.
    pub kind: OwnerKind,
    /// The type, the variable with its type, or the function.
    pub name: String,
    /// The fields from it to one of the objects; empty where it leads there itself.
    pub way: String,
    /// How many such lead to each of the objects, on average and rounded down.
    pub each: u64,
}

/// What leads to a node.
pub(super) trait Above {
    fn sources(&self, node: u32) -> &[u32];
}

impl Above for CsrGraph {
    fn sources(&self, node: u32) -> &[u32] {
        self.targets(node)
    }
}

/// Part of a graph turned round.
impl Above for HashMap<u32, Vec<u32>> {
    fn sources(&self, node: u32) -> &[u32] {
        self.get(&node).map_or(&[], Vec::as_slice)
    }
}

/// How a holder is told apart from others: by its name, and by the kind of what it leads to next.
type Key = (OwnerKind, u32, Kind);

/// What is equal of objects whose types read alike, and the function of a closure.
type Kind = (u32, u64);

/// All that hold one object: each with what it leads to.
struct Arrivals {
    list: Vec<(Key, u32, u32)>,
    is_all: bool,
    /// What alone keeps the object and is nobody's own: the object itself where there is none.
    top: u32,
    /// Of what stands between the holders and `top`, the next on the way down.
    below: HashMap<u32, u32>,
}

struct Group {
    held: Weight,
    is_all: bool,
    /// Those of the example, each with the nodes from it to the example's top; and how many there are of all objects.
    holders: Vec<(Key, Vec<u32>)>,
    links: Vec<u64>,
    example: u32,
    top: u32,
}

/// The nearest holders of objects, each object by itself.
struct Search<'s, 'o, 'h> {
    own: &'s OwnCode<'o, 'h>,
    above: &'s dyn Above,
    names: HashMap<String, u32>,
    roots: HashMap<u32, u32>,
    objects: HashMap<Kind, u32>,
}

impl Holding<'_> {
    /// Of objects that nobody holds alone, by who holds them at once; those of most bytes first. What one holds alone by one way is in none.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn sharing(&self, turned: &CsrGraph, set: &[u32], observer: &dyn Observer) -> Result<Vec<Sharing>, AskError> {
        let members: IdBitSet = set.iter().copied().collect();
        self.sharing_by(&OwnCode::new(self, (&members, &IdBitSet::default()), &|_| false), turned, set, observer)
    }

    /// Who holds one object at once, without the references to cut; None of what is held alone by one way.
    pub fn sharing_of(&self, turned: &CsrGraph, node: u32) -> Option<Sharing> {
        let members = IdBitSet::from_iter([node]);
        self.shared_by(&OwnCode::new(self, (&members, &IdBitSet::default()), &|_| false), turned, &[node]).pop()
    }

    /// The same without the references to cut, of objects above which `above` knows what leads to each.
    pub(crate) fn shared_above(&self, above: &HashMap<u32, Vec<u32>>, set: &[u32]) -> Vec<Sharing> {
        let members: IdBitSet = set.iter().copied().collect();
        self.shared_by(&OwnCode::new(self, (&members, &IdBitSet::default()), &|_| false), above, set)
    }

    /// The same of some objects of a set, by those that may own it.
    pub(super) fn sharing_by(
        &self,
        own: &OwnCode<'_, '_>,
        turned: &CsrGraph,
        set: &[u32],
        observer: &dyn Observer,
    ) -> Result<Vec<Sharing>, AskError> {
        let kept = (set.len() as u64).saturating_mul(4).min(MOST_KEPT as u64) * KEPT_BYTES;
        observer.claim(Claim { kept: 0, passing: kept })?;
        let mut found = self.shared_by(own, turned, set);
        for sharing in found.iter_mut().take(CUTS_SOUGHT) {
            let cut = self.cut_together(turned, sharing.example, Some(set), 0, observer)?;
            // Those that each keep one of many are not worth telling.
            sharing.cut = cut.filter(|cut| cut.frees_of_set >= sharing.held.bytes / 2);
        }
        Ok(found)
    }

    /// The same without the references to cut.
    pub(super) fn shared_by(&self, own: &OwnCode<'_, '_>, above: &dyn Above, set: &[u32]) -> Vec<Sharing> {
        let mut search =
            Search { own, above, names: HashMap::default(), roots: HashMap::default(), objects: HashMap::default() };
        let mut groups: HashMap<Vec<Key>, Group> = HashMap::default();
        let (mut looked_at, mut room) = (0, MOST_KEPT);
        for &node in set.iter().filter(|node| self.tree().contains(**node)) {
            let limit = MOST_OF_ONE.min(MOST_OF_SET.saturating_sub(looked_at));
            let (arrivals, looked) = search.holders_of(node, limit);
            looked_at += looked;
            if arrivals.list.len() < 2 {
                continue;
            }
            add(&mut groups, &mut room, arrivals, node, self.graph.weight(node));
        }
        let name_of: HashMap<u32, &str> = search.names.iter().map(|(name, &number)| (number, &**name)).collect();
        let told = |group: Group| self.told(group, |number| name_of.get(&number).copied().unwrap_or_default());
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by_key(|group| (Reverse(group.held.bytes), group.example));
        groups.into_iter().map(told).collect()
    }

    fn told<'n>(&self, group: Group, name: impl Fn(u32) -> &'n str) -> Sharing {
        let objects = group.held.objects.max(1);
        let mut holders: Vec<Sharer> = Vec::new();
        let end = self.ways_down(group.top, &[group.example]).pop().flatten();
        for ((key, way), links) in group.holders.into_iter().zip(group.links) {
            let name = name(key.1).to_owned();
            let way = self.way_text(&way).into_iter().chain(end.clone()).collect::<Vec<_>>().join(" → ");
            let each = (links / objects).max(1);
            match holders.iter_mut().find(|other| other.kind == key.0 && other.name == name && other.way == way) {
                Some(alike) => alike.each += each,
                None => holders.push(Sharer { kind: key.0, name, way, each }),
            }
        }
        holders.sort_by_cached_key(|holder| {
            let steps = holder.way.matches(" → ").count();
            (holder.kind == OwnerKind::Foreign, steps, Reverse(holder.each), holder.name.clone(), holder.way.clone())
        });
        Sharing { held: group.held, holders, is_all: group.is_all, cut: None, example: group.example }
    }

    /// The fields along the nodes of a way, that of the root among them.
    fn way_text(&self, way: &[u32]) -> Vec<String> {
        let root = way.first().filter(|&&node| self.graph.object_of(node).is_none());
        let frames = root.map_or_else(Vec::new, |&root| self.frames_below_variable(root));
        frames.into_iter().chain(self.fields_of(way)).collect()
    }

    /// The fields of a package variable that a root is.
    fn frames_below_variable(&self, root: u32) -> Vec<String> {
        if self.class_of(root) != RootClass::Variables {
            return Vec::new();
        }
        self.root_steps(root).into_iter().skip(1).map(|step| step.reference).collect()
    }
}

/// Counts an object with those that the same hold, where there is `room` for so many more holders.
fn add(groups: &mut HashMap<Vec<Key>, Group>, room: &mut usize, arrivals: Arrivals, example: u32, weight: Weight) {
    let Arrivals { mut list, is_all, top, below } = arrivals;
    list.sort_unstable();
    let mut keys: Vec<Key> = list.iter().map(|arrival| arrival.0).collect();
    keys.dedup();
    let by_key = || list.chunk_by(|one, other| one.0 == other.0);
    let holder = |alike: &[(Key, u32, u32)]| (alike[0].0, way_from(alike[0].1, alike[0].2, &below));
    let new = || Group {
        held: Weight::default(),
        is_all: true,
        holders: by_key().map(holder).collect(),
        links: vec![0; by_key().count()],
        example,
        top,
    };
    if !groups.contains_key(&keys) {
        let Some(left) = room.checked_sub(keys.len()) else { return };
        *room = left;
    }
    let group = groups.entry(keys).or_insert_with(new);
    group.held.add(weight);
    group.is_all &= is_all;
    group.links.iter_mut().zip(by_key()).for_each(|(sum, alike)| *sum += alike.len() as u64);
}

impl Search<'_, '_, '_> {
    /// Who holds an object, looking at so many references; and at how many it looked. What alone keeps the object and is nobody's own, as
    /// the node of a list its value, is shared in its place.
    fn holders_of(&mut self, node: u32, limit: usize) -> (Arrivals, usize) {
        let (holding, above) = (self.own.holding, self.above);
        let (graph, tree) = (holding.graph, holding.tree());
        let is_passed = |node: u32| graph.object_of(node).is_some() && !self.own.is_own(node);
        let mut top = node;
        while let Some(next) = tree.idom(top).filter(|&next| is_passed(next)) {
            top = next;
        }
        let mut below = HashMap::from_iter([(top, top)]);
        let mut open = VecDeque::from([top]);
        let mut arrived: HashSet<(u32, u32)> = HashSet::default();
        let mut looked_at = 0;
        'all: while let Some(to) = open.pop_front() {
            for &from in above.sources(to) {
                looked_at += 1;
                if looked_at > limit {
                    break 'all;
                }
                // What comes back from below holds nothing.
                if !tree.contains(from) || tree.dominates(top, from) {
                    continue;
                }
                if !is_passed(from) {
                    arrived.insert((from, to));
                } else if let Entry::Vacant(place) = below.entry(from) {
                    place.insert(to);
                    open.push_back(from);
                }
            }
        }
        let list = arrived.into_iter().map(|(from, to)| (self.key(from, to), from, to)).collect();
        (Arrivals { list, is_all: looked_at <= limit, top, below }, looked_at)
    }

    fn key(&mut self, holder: u32, first: u32) -> Key {
        let holding = self.own.holding;
        (holding.owner_kind(holder), self.name(holder), holding.kind_of(first))
    }

    /// The number of a holder's name.
    fn name(&mut self, holder: u32) -> u32 {
        let holding = self.own.holding;
        let (slot, kind) = (holding.graph.slot_of(holder), holding.kind_of(holder));
        let known = if slot.is_some() { self.objects.get(&kind) } else { self.roots.get(&holder) };
        if let Some(&number) = known {
            return number;
        }
        let count = self.names.len() as u32;
        let number = *self.names.entry(holding.owner_name(holder)).or_insert(count);
        match slot {
            Some(_) => self.objects.insert(kind, number),
            None => self.roots.insert(holder, number),
        };
        number
    }
}

/// The nodes from a holder by way of `first` to what is held, as these lead to each other in `below`.
fn way_from(holder: u32, first: u32, below: &HashMap<u32, u32>) -> Vec<u32> {
    let next = |&at: &u32| below.get(&at).copied().filter(|&next| next != at);
    std::iter::once(holder).chain(std::iter::successors(Some(first), next)).collect()
}

impl Holding<'_> {
    fn kind_of(&self, node: u32) -> Kind {
        let Some(object) = self.graph.object_of(node) else { return (0, 0) };
        let heap = self.graph.heap();
        let kind = heap.object_types.of(object).with_evidence(Evidence::None);
        let function = if kind.part() == Part::Closure { heap.closures.function_of(object) } else { 0 };
        (kind.to_bits(), function)
    }
}
