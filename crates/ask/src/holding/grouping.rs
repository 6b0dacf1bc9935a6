//! The objects of a forest by who owns them, and the ways from the owners laid over each other.

mod told;

use super::Holding;
use super::forest::Forest;
use super::owners::{Owner, OwnerKind};
use super::ways::{Way, WayTexts, follow};
use foldhash::{HashMap, HashSet};
use goheap_graph::{IdBitSet, PathTrie, TrieNode, Weight};
use goheap_model::names::Code;
use goheap_model::{Extent, ObjectId, ObjectType, Part};
use std::cell::RefCell;

/// One step between two objects that stands for several ways.
const SEVERAL: &str = "(several ways)";

/// Which objects and roots count as owners.
pub(super) struct OwnCode<'o, 'h> {
    pub(super) holding: &'o Holding<'h>,
    /// The set itself, which owns nothing.
    members: &'o IdBitSet,
    /// Those of it that are not referred to as a whole.
    partly: &'o IdBitSet,
    is_skipped: &'o dyn Fn(&str) -> bool,
    /// Of a kind of objects, whether it is skipped.
    skipped: RefCell<HashMap<ObjectType, bool>>,
}

impl<'o, 'h> OwnCode<'o, 'h> {
    pub(super) fn new(
        holding: &'o Holding<'h>,
        (members, partly): (&'o IdBitSet, &'o IdBitSet),
        is_skipped: &'o dyn Fn(&str) -> bool,
    ) -> OwnCode<'o, 'h> {
        OwnCode { holding, members, partly, is_skipped, skipped: RefCell::default() }
    }

    /// True of an object or a frame of a root that may own.
    pub(super) fn is_own(&self, node: u32) -> bool {
        let OwnCode { holding, members, is_skipped, skipped, .. } = self;
        let graph = holding.graph;
        if members.contains(node) || holding.code.node(graph, node) != Code::Own {
            return false;
        }
        let Some(slot) = graph.slot_of(node) else {
            return holding.is_frame(node) && !is_skipped(&graph.text(node));
        };
        let heap = graph.heap();
        let kind = heap.object_types.of(ObjectId(node));
        let is_skipped = || is_skipped(&heap.family_text(slot));
        // Closures of one type are of many functions.
        match kind.part() {
            Part::Closure => !is_skipped(),
            _ => !*skipped.borrow_mut().entry(kind).or_insert_with(is_skipped),
        }
    }
}

/// The owners of what of `forest` has a weight, by `weigh` of its index, and what of it nobody owns. Without own code above it is the root's, of a library
/// or of the runtime, that is one variable or function; of any root if `takes_any_root`.
pub(super) fn group(
    own: &OwnCode<'_, '_>,
    forest: &Forest,
    weigh: impl Fn(u32) -> Weight,
    takes_any_root: bool,
) -> (Vec<Owner>, Vec<u32>) {
    let mut texts = WayTexts::default();
    let ways = own.holding.ways(forest, &mut texts);
    let several = texts.number(SEVERAL.to_owned());
    let mut grouping = Grouping {
        own,
        forest,
        takes_any_root,
        texts,
        trie: PathTrie::new(),
        above: Vec::with_capacity(forest.nodes.len()),
        last: None,
        groups: Vec::new(),
        by_name: HashMap::default(),
        by_type: HashMap::default(),
        by_root: HashMap::default(),
        counted: IdBitSet::with_room_for(forest.len()),
        root_names: HashMap::default(),
        several: HashMap::default(),
        direct: HashMap::default(),
    };
    let mut rest = Vec::new();
    for index in 0..forest.len() {
        grouping.visit(index, ways[index as usize], several);
        let weight = weigh(index);
        if weight.objects > 0 && !grouping.add(index, weight) {
            rest.push(forest.nodes[index as usize]);
        }
    }
    (grouping.finish(), rest)
}

/// What stands above a node of the forest.
#[derive(Clone, Copy)]
struct Above {
    /// Index of the nearest own object or root; [`NONE`] where there is none.
    owner: u32,
    /// Index of the nearest root.
    root: u32,
    /// The group of who keeps it; [`NONE`] where nobody does.
    group: u32,
    /// Where its way from its owner ends.
    place: TrieNode,
}

const NOTHING: Above = Above { owner: NONE, root: NONE, group: NONE, place: PathTrie::ROOT };

/// What all children of a node have in common.
#[derive(Clone, Copy)]
struct Below {
    /// What stands above them, with the place at which their ways from the node begin.
    above: Above,
    is_root: bool,
    /// Whether the node keeps them itself.
    is_keeper: bool,
}

struct Grouping<'f, 'o, 'h> {
    own: &'f OwnCode<'o, 'h>,
    forest: &'f Forest,
    takes_any_root: bool,
    texts: WayTexts,
    trie: PathTrie,
    above: Vec<Above>,
    /// A parent, and what is known of its children: they are often visited in a row.
    last: Option<(u32, Below)>,
    groups: Vec<Group>,
    by_name: HashMap<(OwnerKind, u32), u32>,
    /// Groups of objects of a type, and of roots by their nodes.
    by_type: HashMap<ObjectType, u32>,
    by_root: HashMap<u32, u32>,
    /// Owners that keep something of the set themselves.
    counted: IdBitSet,
    root_names: HashMap<u32, Option<u32>>,
    /// Of each place that several ways lead to, the first two nodes that they lie between.
    several: HashMap<TrieNode, (u32, u32)>,
    /// What roots lead to at once.
    direct: HashMap<u32, HashSet<u32>>,
}

/// Owners of one name.
struct Group {
    kind: OwnerKind,
    name: u32,
    owners: u64,
    keeps: Weight,
    extent: Extent,
    held_by: HashMap<u32, Weight>,
    top: TrieNode,
}

const NONE: u32 = u32::MAX;

impl Grouping<'_, '_, '_> {
    fn node(&self, index: u32) -> u32 {
        self.forest.nodes[index as usize]
    }

    fn is_root(&self, index: u32) -> bool {
        self.own.holding.graph.object_of(self.node(index)).is_none()
    }

    /// Tells what stands above a node, whose parent was visited before.
    fn visit(&mut self, index: u32, way: Way, several: u32) {
        let Some(parent) = self.forest.parent(index) else {
            self.above.push(NOTHING);
            return;
        };
        let below = match self.last {
            Some((last, below)) if last == parent => below,
            _ => self.below(parent),
        };
        self.last = Some((parent, below));
        let Below { mut above, is_root, is_keeper } = below;
        if above.group != NONE {
            let is_direct = is_root && self.is_direct(parent, index);
            // A root says what it leads to at once.
            if !(is_keeper && is_direct) {
                above.place = follow(&mut self.trie, above.place, way, several);
            }
            if way == Way::None && !is_direct {
                let between = (self.node(parent), self.node(index));
                self.several.entry(above.place).or_insert(between);
            }
        }
        self.above.push(above);
    }

    /// What is known of the children of a node that was visited.
    fn below(&mut self, parent: u32) -> Below {
        let parents = self.above[parent as usize];
        let (is_own, is_root) = (self.own.is_own(self.node(parent)), self.is_root(parent));
        let mut above = NOTHING;
        above.owner = if is_own { parent } else { parents.owner };
        above.root = match is_root {
            true if self.takes_any_root || self.root_name(parent).is_some() => parent,
            true => NONE,
            false => parents.root,
        };
        let keeper = self.keeper(above);
        (above.group, above.place) = match keeper {
            NONE => (NONE, PathTrie::ROOT),
            _ if keeper == parent => self.group(keeper),
            _ => (parents.group, parents.place),
        };
        Below { above, is_root, is_keeper: keeper == parent }
    }

    /// True if the root `parent` leads to the node at once.
    fn is_direct(&mut self, parent: u32, index: u32) -> bool {
        let (root, node) = (self.node(parent), self.node(index));
        let graph = self.own.holding.graph;
        let targets = || graph.edges().targets(root).iter().copied().collect();
        self.direct.entry(root).or_insert_with(targets).contains(&node)
    }

    /// Who keeps what is below these: where no own code does, the variable or the function of a library. Several frames of one
    /// goroutine, or of several with the same stack, are no owner: nobody sees which to look at.
    fn keeper(&self, above: Above) -> u32 {
        let is_told = |root: u32| self.takes_any_root || self.own.holding.is_frame(self.node(root));
        match above.owner {
            NONE if above.root != NONE && is_told(above.root) => above.root,
            owner => owner,
        }
    }

    /// The group of the owners that `keeper`, an index of the forest, is of, and the top of the ways from them.
    fn group(&mut self, keeper: u32) -> (u32, TrieNode) {
        let (graph, node) = (self.own.holding.graph, self.node(keeper));
        let kind = graph.object_of(node).map(|object| graph.heap().object_types.of(object));
        let known = match kind {
            Some(kind) => self.by_type.get(&kind),
            None => self.by_root.get(&node),
        };
        let group = known.copied().unwrap_or_else(|| {
            let group = self.group_by_name(node);
            match kind {
                // Closures of one type are of many functions.
                Some(kind) if kind.part() == Part::Closure => None,
                Some(kind) => self.by_type.insert(kind, group),
                None => self.by_root.insert(node, group),
            };
            group
        });
        (group, self.groups[group as usize].top)
    }

    fn group_by_name(&mut self, node: u32) -> u32 {
        let holding = self.own.holding;
        let (kind, name) = (holding.owner_kind(node), self.texts.number(holding.owner_name(node)));
        // Fewer than nodes.
        let next = self.groups.len() as u32;
        let group = *self.by_name.entry((kind, name)).or_insert(next);
        if group == next {
            let top = self.trie.child(PathTrie::ROOT, self.texts.number(format!("owner {next}")));
            self.groups.push(Group {
                kind,
                name,
                owners: 0,
                keeps: Weight::default(),
                extent: Extent::default(),
                held_by: HashMap::default(),
                top,
            });
        }
        group
    }

    /// Adds an object of the set; false where nobody keeps it.
    fn add(&mut self, index: u32, weight: Weight) -> bool {
        let above = self.above[index as usize];
        if above.group == NONE {
            return false;
        }
        let (group, keeper) = (above.group as usize, self.keeper(above));
        self.trie.add(above.place, weight.bytes, weight.objects);
        let held_by = Some(above.root).filter(|&root| root != NONE && root != keeper);
        let above = held_by.and_then(|root| self.root_name(root));
        let above = above.unwrap_or_else(|| self.texts.number("(several roots)".to_owned()));
        let node = self.node(index);
        let is_partly = self.own.partly.contains(node);
        let extent = if is_partly { self.own.holding.graph.extent(ObjectId(node)) } else { None };
        let group = &mut self.groups[group];
        group.keeps.add(weight);
        group.extent.add(extent.unwrap_or(Extent::all(weight.bytes)));
        group.owners += u64::from(self.counted.insert(keeper));
        if group.kind == OwnerKind::Object {
            group.held_by.entry(above).or_default().add(weight);
        }
        true
    }

    /// The name of a root, by its index in the forest.
    fn root_name(&mut self, root: u32) -> Option<u32> {
        if let Some(&name) = self.root_names.get(&root) {
            return name;
        }
        let name = self.own.holding.root_name(self.node(root)).map(|name| self.texts.number(name));
        self.root_names.insert(root, name);
        name
    }
}
