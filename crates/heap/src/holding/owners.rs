//! Who, in the program's own code, keeps a set of objects.

use super::code::Code;
use super::forest::{Forest, Way, WayTexts, follow};
use super::{Exclusions, Holding};
use crate::error::HeapError;
use crate::references::RootKind;
use goheap_graph::{IdBitSet, PathTrie, TrieNode, Weight};
use goheap_runtime::{Claim, Observer};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// Owners of a set of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The set.
    pub total: Weight,
    /// What of it no root reaches.
    pub unreached: Weight,
    /// Those that own alone: every path to the objects goes through them. More bytes first.
    pub owned: Vec<Owner>,
    /// Of what several hold and none owns: who, on a shortest path, stands nearest to it.
    pub shared: Vec<Owner>,
}

/// Objects of a type, variables or functions that keep some of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What they are.
    pub kind: OwnerKind,
    /// The type, the variable with its type, or the function.
    pub name: String,
    /// How many of them there are.
    pub owners: u64,
    /// What of the set they keep.
    pub keeps: Weight,
    /// By which fields they do; more bytes first.
    pub by: Vec<Held>,
    /// The roots that the owners are below themselves, with what of the set is; more bytes first. None of what is a root.
    pub held_by: Vec<Held>,
}

/// Some of what an owner keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The fields from the owner to the objects, or the root above the owner.
    pub path: String,
    /// What of the set is kept so.
    pub share: Weight,
}

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerKind {
    /// Objects of a type, or closures of a function.
    Object,
    /// A package variable.
    Variable,
    /// A function in whose frame it is, or a goroutine.
    Function,
    /// A root of a library or of the runtime: nobody in the program's own code.
    Foreign,
}

impl OwnerKind {
    /// A word for people.
    pub fn name(self) -> &'static str {
        match self {
            OwnerKind::Object => "object",
            OwnerKind::Variable => "variable",
            OwnerKind::Function => "function",
            OwnerKind::Foreign => "foreign",
        }
    }
}

/// One step between two objects that stands for several ways.
const SEVERAL: &str = "(several ways)";

/// How a forest is gone through: for each node its owner, the root above, and the place of its way in the trie.
struct Grouping<'f> {
    forest: &'f Forest,
    texts: WayTexts,
    trie: PathTrie,
    /// Index in the forest of the nearest own above; [`NONE`] where there is none.
    owner: Vec<u32>,
    /// The same of the nearest root.
    root: Vec<u32>,
    place: Vec<TrieNode>,
    groups: Vec<Group>,
    by_name: FxHashMap<(OwnerKind, u32), usize>,
    group_of_owner: FxHashMap<u32, usize>,
    /// Owners that keep something of the set themselves.
    counted: IdBitSet,
    root_names: FxHashMap<u32, Option<u32>>,
}

struct Group {
    kind: OwnerKind,
    name: u32,
    owners: u64,
    keeps: Weight,
    held_by: FxHashMap<u32, Weight>,
    top: TrieNode,
}

const NONE: u32 = u32::MAX;

impl Holding<'_, '_, '_, '_> {
    /// Who keeps the objects of `set`: of each, the nearest dominator that is of the program's own code, neither of the set
    /// itself nor of a type of which `is_skipped` says so. What none owns is told by the nearest of these on a shortest path.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn owners(
        &self,
        set: &[u32],
        is_skipped: &dyn Fn(&str) -> bool,
        observer: &dyn Observer,
    ) -> Result<Owners, HeapError> {
        observer.begin("owners");
        let nodes = u64::from(self.tree.node_count());
        observer.claim(Claim { kept: 0, passing: nodes * 5 + set.len() as u64 * 40 })?;
        let mut members = IdBitSet::with_room_for(self.tree.node_count());
        let mut owners = Owners::default();
        for &node in set {
            if members.insert(node) {
                owners.total.add(self.graph.weight(node));
            }
        }
        let own = OwnTypes { holding: self, members: &members, is_skipped, by_type: FxHashMap::default() };
        let forest = self.dominating(set);
        let weigh = |node| if members.contains(node) { self.graph.weight(node) } else { Weight::default() };
        let weights: Vec<Weight> = forest.nodes.iter().map(|&node| weigh(node)).collect();
        let (owned, rest) = self.grouped(&forest, &weights, own);
        owners.owned = owned;
        let (forest, weights, unreached) = self.shortest(&rest, &Exclusions::new(None), observer)?;
        owners.unreached = unreached;
        for &node in set.iter().filter(|node| !self.tree.contains(**node)) {
            owners.unreached.add(self.graph.weight(node));
        }
        let own = OwnTypes { holding: self, members: &members, is_skipped, by_type: FxHashMap::default() };
        owners.shared = self.grouped_whole(&forest, &weights, own);
        Ok(owners)
    }

    /// The groups of what has one owner, or is below one root; and what has neither.
    fn grouped(
        &self,
        forest: &Forest,
        weights: &[Weight],
        own: OwnTypes<'_, '_, '_, '_, '_>,
    ) -> (Vec<Owner>, Vec<u32>) {
        let mut rest = Vec::new();
        let mut grouping = Grouping::new(self, forest, own);
        for index in 0..forest.len() {
            let weight = weights[index as usize];
            if weight.objects > 0 && !grouping.add(self, index, weight) {
                rest.push(forest.nodes[index as usize]);
            }
        }
        (grouping.finish(), rest)
    }

    fn grouped_whole(&self, forest: &Forest, weights: &[Weight], own: OwnTypes<'_, '_, '_, '_, '_>) -> Vec<Owner> {
        self.grouped(forest, weights, own).0
    }

    fn owner_kind(&self, node: u32) -> OwnerKind {
        if self.graph.object_of(node).is_some() {
            return OwnerKind::Object;
        }
        if self.code.node(self.graph, node) != Code::Own {
            return OwnerKind::Foreign;
        }
        let mut path = self.graph.root_path(node).into_iter().filter_map(|node| self.graph.root_node(node));
        let is_on_stack = path.any(|root| matches!(root.kind, RootKind::Goroutine(_) | RootKind::GoroutineGroup(_)));
        if is_on_stack { OwnerKind::Function } else { OwnerKind::Variable }
    }

    fn is_frame(&self, node: u32) -> bool {
        self.graph.root_node(node).is_some_and(|root| matches!(root.kind, RootKind::Frame(_)))
    }

    /// The variable, or the function and its variable, of a root; None of what stands above many.
    fn root_name(&self, node: u32) -> Option<String> {
        let path = self.graph.root_path(node);
        let kind_of = |node: &u32| self.graph.root_node(*node).map(|root| root.kind);
        let is_frame = |node: &u32| matches!(kind_of(node), Some(RootKind::Frame(_)));
        let frames: Vec<String> = path.iter().copied().filter(is_frame).map(|node| self.graph.text(node)).collect();
        let goroutine = path.iter().find(|node| matches!(kind_of(node), Some(RootKind::Goroutine(_))));
        let group = path.iter().find(|node| matches!(kind_of(node), Some(RootKind::GoroutineGroup(_))));
        match goroutine {
            None if group.is_some() => group.map(|&group| self.graph.text(group)),
            Some(&goroutine) if frames.is_empty() => {
                let text = self.graph.text(goroutine);
                Some(format!("several calls of {text}"))
            }
            None => frames.into_iter().next(),
            Some(&goroutine) => {
                let text = self.graph.text(goroutine);
                let start = text.split_once(": ").map_or(text.as_str(), |(_, start)| start).to_owned();
                let functions = frames.iter().rev().filter(|text| super::code::is_function(text));
                let function =
                    functions.map(|text| text.trim_end_matches(" (inlined)").to_owned()).next().unwrap_or(start);
                let variable = frames.last().filter(|text| !super::code::is_function(text));
                Some(variable.map_or(function.clone(), |variable| format!("{function}: {variable}")))
            }
        }
    }
}

/// Which objects and roots count as owners.
struct OwnTypes<'o, 'g, 's, 'm, 'p> {
    holding: &'o Holding<'g, 's, 'm, 'p>,
    members: &'o IdBitSet,
    is_skipped: &'o dyn Fn(&str) -> bool,
    by_type: FxHashMap<crate::ObjectType, bool>,
}

impl OwnTypes<'_, '_, '_, '_, '_> {
    fn is_own(&mut self, node: u32) -> bool {
        let (holding, graph) = (self.holding, self.holding.graph);
        if self.members.contains(node) || holding.code.node(graph, node) != Code::Own {
            return false;
        }
        let Some(slot) = graph.slot_of(node) else {
            return holding.is_frame(node) && !(self.is_skipped)(&graph.text(node));
        };
        let snapshot = graph.snapshot();
        let kind = snapshot.object_types[node as usize];
        if kind.part() == crate::Part::Closure {
            return !(self.is_skipped)(&snapshot.family_text(slot));
        }
        !*self.by_type.entry(kind).or_insert_with(|| (self.is_skipped)(&snapshot.family_text(slot)))
    }
}

impl<'f> Grouping<'f> {
    fn new(holding: &Holding<'_, '_, '_, '_>, forest: &'f Forest, mut own: OwnTypes<'_, '_, '_, '_, '_>) -> Self {
        let mut texts = WayTexts::default();
        let ways = holding.ways(forest, &mut texts);
        let several = texts.number(SEVERAL.to_owned());
        let mut grouping = Grouping {
            forest,
            texts,
            trie: PathTrie::new(),
            owner: Vec::new(),
            root: Vec::new(),
            place: Vec::new(),
            groups: Vec::new(),
            by_name: FxHashMap::default(),
            group_of_owner: FxHashMap::default(),
            counted: IdBitSet::with_room_for(forest.len()),
            root_names: FxHashMap::default(),
        };
        for index in 0..forest.len() {
            grouping.visit(holding, index, ways[index as usize], several, &mut own);
        }
        grouping
    }

    fn visit(
        &mut self,
        holding: &Holding<'_, '_, '_, '_>,
        index: u32,
        way: Way,
        several: u32,
        own: &mut OwnTypes<'_, '_, '_, '_, '_>,
    ) {
        let graph = holding.graph;
        let forest = self.forest;
        let is_root = |index: u32| graph.object_of(forest.nodes[index as usize]).is_none();
        let parent = self.forest.parent(index);
        let root = match parent {
            Some(parent) if is_root(parent) && self.root_name(holding, parent).is_some() => parent,
            Some(parent) if !is_root(parent) => self.root[parent as usize],
            _ => NONE,
        };
        let owner = match parent {
            Some(parent) if own.is_own(self.forest.nodes[parent as usize]) => parent,
            Some(parent) => self.owner[parent as usize],
            None => NONE,
        };
        self.root.push(root);
        self.owner.push(owner);
        let keeper = self.keeper(holding, owner, root);
        let place = match parent {
            _ if keeper == NONE => PathTrie::ROOT,
            // A root says what it leads to.
            Some(parent) if parent == keeper && is_root(parent) => self.group(holding, keeper),
            Some(parent) if parent == keeper => {
                let top = self.group(holding, keeper);
                follow(&mut self.trie, top, way, several)
            }
            Some(parent) => follow(&mut self.trie, self.place[parent as usize], way, several),
            None => PathTrie::ROOT,
        };
        self.place.push(place);
    }

    /// The top of the ways from the owners that `keeper`, an index of the forest, is of.
    fn group(&mut self, holding: &Holding<'_, '_, '_, '_>, keeper: u32) -> TrieNode {
        if let Some(&group) = self.group_of_owner.get(&keeper) {
            return self.groups[group].top;
        }
        let (graph, node) = (holding.graph, self.forest.nodes[keeper as usize]);
        let name = match graph.slot_of(node) {
            Some(slot) => graph.snapshot().family_text(slot),
            None => holding.root_name(node).unwrap_or_else(|| graph.text(node)),
        };
        let (kind, name) = (holding.owner_kind(node), self.texts.number(name));
        let next = self.groups.len();
        let group = *self.by_name.entry((kind, name)).or_insert(next);
        if group == next {
            let top = self.trie.child(PathTrie::ROOT, self.texts.number(format!("owner {next}")));
            self.groups.push(Group {
                kind,
                name,
                owners: 0,
                keeps: Weight::default(),
                held_by: FxHashMap::default(),
                top,
            });
        }
        self.group_of_owner.insert(keeper, group);
        self.groups[group].top
    }

    /// Adds an object of the set; false where nobody keeps it.
    fn add(&mut self, holding: &Holding<'_, '_, '_, '_>, index: u32, weight: Weight) -> bool {
        let (owner, root) = (self.owner[index as usize], self.root[index as usize]);
        let keeper = self.keeper(holding, owner, root);
        if keeper == NONE {
            return false;
        }
        let _ = self.group(holding, keeper);
        let Some(&group) = self.group_of_owner.get(&keeper) else { return false };
        let place = self.place[index as usize];
        self.trie.add(place, weight.bytes, weight.objects);
        let held_by = Some(self.root[index as usize]).filter(|&root| root != NONE && root != keeper);
        let above = held_by.and_then(|root| self.root_name(holding, root));
        let above = above.unwrap_or_else(|| self.texts.number("(several roots)".to_owned()));
        let group = &mut self.groups[group];
        group.keeps.add(weight);
        group.owners += u64::from(self.counted.insert(keeper));
        if group.kind == OwnerKind::Object {
            group.held_by.entry(above).or_default().add(weight);
        }
        true
    }

    /// Who keeps what has that owner and is below that root: where no own code does, the variable or the function of a library.
    /// Several frames of one goroutine, or of several with the same stack, are no owner: nobody sees which to look at.
    fn keeper(&self, holding: &Holding<'_, '_, '_, '_>, owner: u32, root: u32) -> u32 {
        match owner {
            NONE if root != NONE && holding.is_frame(self.forest.nodes[root as usize]) => root,
            owner => owner,
        }
    }

    /// The name of a root, by its index in the forest.
    fn root_name(&mut self, holding: &Holding<'_, '_, '_, '_>, root: u32) -> Option<u32> {
        if let Some(&name) = self.root_names.get(&root) {
            return name;
        }
        let name = holding.root_name(self.forest.nodes[root as usize]).map(|name| self.texts.number(name));
        self.root_names.insert(root, name);
        name
    }

    fn finish(self) -> Vec<Owner> {
        let Grouping { texts, trie, groups, .. } = self;
        // Every way with objects at its end, below the owner that it begins at.
        let mut ways: FxHashMap<TrieNode, Vec<Held>> = FxHashMap::default();
        for node in trie.nodes().filter(|node| trie.own(*node).objects > 0) {
            let up: Vec<TrieNode> = std::iter::successors(Some(node), |&node| trie.parent(node)).collect();
            let [below @ .., top, _root] = &up[..] else { continue };
            let labels = below.iter().rev().filter_map(|&node| trie.label(node));
            let path = labels.map(|label| texts.get(label)).collect::<Vec<_>>().join(" → ");
            ways.entry(*top).or_default().push(Held { path, share: trie.own(node) });
        }
        let order = |a: &Held, b: &Held| (Reverse(a.share.bytes), &a.path).cmp(&(Reverse(b.share.bytes), &b.path));
        let mut owners: Vec<Owner> = Vec::with_capacity(groups.len());
        for group in groups.into_iter().filter(|group| group.keeps.objects > 0) {
            let mut by = ways.remove(&group.top).unwrap_or_default();
            by.sort_by(order);
            let held = group.held_by.into_iter().map(|(path, share)| Held { path: texts.get(path).to_owned(), share });
            let mut held_by: Vec<Held> = held.collect();
            held_by.sort_by(order);
            let (kind, name) = (group.kind, texts.get(group.name).to_owned());
            owners.push(Owner { kind, name, owners: group.owners, keeps: group.keeps, by, held_by });
        }
        owners
            .sort_by(|a, b| (Reverse(a.keeps.bytes), a.kind, &a.name).cmp(&(Reverse(b.keeps.bytes), b.kind, &b.name)));
        owners
    }
}
