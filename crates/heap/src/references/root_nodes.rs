//! The nodes above objects: roots, and what roots are grouped by.

use super::records::Records;
use crate::objects::table::ObjectTable;
use crate::roots::root::Root;
use crate::snapshot::HeapSnapshot;
use foldhash::{HashMap, HashSet};
use goheap_graph::{GraphBuilder, GraphError, TrieNode};
use goheap_image::Address;
use goheap_model::names::{FrameRole, package_of};
use goheap_model::{RootClass, RootKind, RootNode, RootNodes};

/// Package of variables that have no name.
const UNNAMED: &str = "(no name)";

/// Adds the nodes of all roots of `snapshot`, and the edges from these to objects, to `builder`. With the nodes comes the one that each
/// root hangs on; the first one's of those that lead nowhere.
pub(super) fn collect(
    snapshot: &HeapSnapshot<'_, '_>,
    records: &Records,
    builder: &mut GraphBuilder,
) -> Result<(RootNodes, Vec<u32>), GraphError> {
    let first = snapshot.objects.len();
    let mut collector = Collector {
        snapshot,
        builder,
        nodes: RootNodes::new(first),
        of_root: vec![first; snapshot.roots.len()],
        of_records: deferred_by_records(snapshot),
        children: HashMap::default(),
        packages: HashMap::default(),
        frames: Vec::new(),
        last: None,
    };
    let all = collector.add(None, RootKind::All)?;
    for class in RootClass::ALL {
        let of_class = collector.child(all, RootKind::Class(class))?;
        for (index, root) in snapshot.roots.iter().enumerate().filter(|(_, root)| root.class == class) {
            collector.root(of_class, (index, root), &snapshot.objects)?;
        }
        for held in records.iter().filter(|_| class == RootClass::Goroutines) {
            let node = collector.goroutine(of_class, held.goroutine)?;
            collector.builder.add_edge(node, held.object)?;
        }
    }
    Ok((collector.nodes, collector.of_root))
}

fn deferred_by_records(snapshot: &HeapSnapshot<'_, '_>) -> HashSet<(u32, u64)> {
    let model = snapshot.model;
    let on_stacks = snapshot.roots.iter().filter(|root| root.class == RootClass::Goroutines);
    let records = on_stacks.filter(|root| role(snapshot, root) == Some(FrameRole::DeferRecord));
    let allocated = records.filter(|root| snapshot.objects.find_allocated(root.value).is_some());
    let func = |root: &Root| {
        let func = model.memory().read_u64(Address(root.value).add(model.layout.defer.func))?;
        Some((root.goroutine, func)).filter(|_| func != 0)
    };
    allocated.filter_map(func).collect()
}

fn is_deferred(snapshot: &HeapSnapshot<'_, '_>, root: &Root) -> bool {
    role(snapshot, root) == Some(FrameRole::Deferred)
}

fn role(snapshot: &HeapSnapshot<'_, '_>, root: &Root) -> Option<FrameRole> {
    snapshot.frame_name(root.node).map(|name| name.role)
}

struct Collector<'c, 'm, 'p> {
    snapshot: &'c HeapSnapshot<'m, 'p>,
    builder: &'c mut GraphBuilder,
    nodes: RootNodes,
    of_root: Vec<u32>,
    /// By goroutine, deferred functions to which records lead that are objects.
    of_records: HashSet<(u32, u64)>,
    children: HashMap<(u32, RootKind), u32>,
    packages: HashMap<Box<str>, u32>,
    /// Frames from the top down to a root's; used again for the next.
    frames: Vec<TrieNode>,
    /// The root before and its node: one variable has many words.
    last: Option<(Root, u32)>,
}

impl Collector<'_, '_, '_> {
    fn root(
        &mut self,
        class: u32,
        (index, root): (usize, &Root),
        objects: &ObjectTable<'_, '_>,
    ) -> Result<(), GraphError> {
        let Some(slot) = objects.find_allocated(root.value) else { return Ok(()) };
        // What others hold is not kept by a list that the next collection empties.
        if root.class == RootClass::Emptied && !self.snapshot.emptied.contains(slot.id.0) {
            return Ok(());
        }
        // The collector starts from the record and from its function; but the record leads there, and no two things hold it.
        if self.of_records.contains(&(root.goroutine, root.value)) && is_deferred(self.snapshot, root) {
            return Ok(());
        }
        let is_same = |last: &Root| (last.class, last.goroutine, last.node) == (root.class, root.goroutine, root.node);
        let node = match self.last.filter(|(last, _)| is_same(last)) {
            Some((_, node)) => node,
            None => self.node_of(class, root)?,
        };
        self.last = Some((*root, node));
        self.of_root[index] = node;
        self.builder.add_edge(node, slot.id.0)
    }

    /// The node of the frame that a root is in.
    fn node_of(&mut self, class: u32, root: &Root) -> Result<u32, GraphError> {
        let trie = &self.snapshot.tree;
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        let up = std::iter::successors(Some(root.node), |&node| trie.parent(node));
        frames.extend(up.filter(|&node| trie.label(node).is_some()));
        frames.reverse();
        let (mut node, below) = match root.class {
            RootClass::Goroutines => (self.goroutine(class, root.goroutine)?, frames.get(1..)),
            RootClass::Variables | RootClass::Runtime | RootClass::Emptied => {
                (self.package(class, root.class, frames.first().copied())?, frames.get(..))
            }
            RootClass::Other => (class, frames.get(..)),
        };
        for &frame in below.unwrap_or_default() {
            node = self.child(node, RootKind::Frame(frame))?;
        }
        self.frames = frames;
        Ok(node)
    }

    fn goroutine(&mut self, class: u32, goroutine: u32) -> Result<u32, GraphError> {
        let group = match self.snapshot.stacks.of(goroutine) {
            Some(group) => self.child(class, RootKind::GoroutineGroup(group))?,
            None => class,
        };
        self.child(group, RootKind::Goroutine(goroutine))
    }

    fn package(&mut self, parent: u32, class: RootClass, variable: Option<TrieNode>) -> Result<u32, GraphError> {
        let text = variable.and_then(|node| self.snapshot.frame_text(node)).unwrap_or("");
        let is_named = !["data+", "bss+", "0x"].iter().any(|start| text.starts_with(start));
        let name = if is_named { package_of(text) } else { UNNAMED.into() };
        let package = match self.packages.get(&*name) {
            Some(&package) => package,
            None => {
                let package = self.nodes.push_package(&name);
                self.packages.insert(name.into(), package);
                package
            }
        };
        self.child(parent, RootKind::Package(class, package))
    }

    fn child(&mut self, parent: u32, kind: RootKind) -> Result<u32, GraphError> {
        if let Some(&child) = self.children.get(&(parent, kind)) {
            return Ok(child);
        }
        let child = self.add(Some(parent), kind)?;
        self.builder.add_edge(parent, child)?;
        self.children.insert((parent, kind), child);
        Ok(child)
    }

    fn add(&mut self, parent: Option<u32>, kind: RootKind) -> Result<u32, GraphError> {
        self.nodes.push(RootNode { kind, parent });
        self.builder.add_node()
    }
}
