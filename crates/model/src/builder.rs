//! Small heaps for tests: ten lines instead of a core.

use crate::names::{FrameName, FrameRole, name_in_text};
use crate::objects::SlotSpan;
use crate::{
    Birth, BirthCall, BirthRecord, Births, BirthsKnown, Evidence, Extent, Extents, GoType, GoroutineStarts, Heap, Kind,
    ObjectId, ObjectType, Objects, Part, References, RootClass, RootKind, RootNode, RootNodes, Share, StackGroups,
    TypeId, Unreached,
};
use foldhash::HashMap;
use goheap_graph::{GraphBuilder, GraphError, IdBitSet, PathTrie, TrieNode};
use std::sync::Arc;

/// Where the first object lies, and the room that each has.
const BASE: u64 = 0xc0_0000_0000;
const ROOM: u64 = 1 << 20;

/// A heap being made up. Each object lies in a span of its own.
///
/// ```
/// use goheap_model::HeapBuilder;
///
/// let mut heap = HeapBuilder::default();
/// let cache = heap.object("main.Cache", 64);
/// let item = heap.object("main.Item", 32);
/// heap.refer(cache, item);
/// heap.variable("main.cache *main.Cache", cache);
/// let heap = heap.build()?;
/// assert_eq!(heap.totals.reachable().bytes, 96);
/// # Ok::<(), goheap_graph::GraphError>(())
/// ```
#[derive(Debug, Default)]
pub struct HeapBuilder {
    heap: Heap,
    spans: Vec<SlotSpan>,
    kinds: Vec<ObjectType>,
    edges: Vec<(ObjectId, ObjectId)>,
    variables: Vec<(String, ObjectId)>,
    goroutines: Vec<Goroutine>,
    extents: Option<Vec<(ObjectId, Extent)>>,
    types: HashMap<String, TypeId>,
    births: Vec<(ObjectId, u64, String, u32)>,
}

/// A goroutine with its variables.
#[derive(Debug)]
struct Goroutine {
    id: u64,
    start: String,
    variables: Vec<(String, ObjectId)>,
}

impl HeapBuilder {
    /// An object of a type of that name and of so many bytes; without a name, of none.
    pub fn object(&mut self, ty: &str, bytes: u64) -> ObjectId {
        self.part(ty, bytes, Part::Value, Evidence::Exact)
    }

    /// The same of a part of a type, known so.
    pub fn part(&mut self, ty: &str, bytes: u64, part: Part, evidence: Evidence) -> ObjectId {
        let id = ObjectId(self.spans.len() as u32);
        let start = BASE + u64::from(id.0) * ROOM;
        let slot_bytes = bytes.clamp(8, ROOM);
        self.spans.push(SlotSpan {
            start,
            bytes: slot_bytes,
            slot_bytes,
            slots: 1,
            has_pointers: true,
            ..SlotSpan::default()
        });
        let kind = match ty {
            "" => ObjectType::UNKNOWN,
            ty => ObjectType::new(part, self.ty(ty, bytes), evidence),
        };
        self.kinds.push(kind);
        id
    }

    fn ty(&mut self, name: &str, size: u64) -> TypeId {
        let types = &mut self.heap.types;
        let add = || types.add(GoType { name: name.into(), size, kind: Kind::Struct(Box::new([])), descriptor: None });
        *self.types.entry(name.to_owned()).or_insert_with(add)
    }

    /// `from` has a pointer to `to`.
    pub fn refer(&mut self, from: ObjectId, to: ObjectId) {
        self.edges.push((from, to));
    }

    /// A package variable, by its frame's text, that leads to an object.
    pub fn variable(&mut self, text: &str, to: ObjectId) {
        self.variables.push((text.to_owned(), to));
    }

    /// A goroutine that began with a function, and its variables.
    pub fn goroutine(&mut self, id: u64, start: &str, variables: &[(&str, ObjectId)]) {
        let variables = variables.iter().map(|&(name, to)| (name.to_owned(), to)).collect();
        self.goroutines.push(Goroutine { id, start: start.to_owned(), variables });
    }

    /// Of an object only so much is referred to; what is not told of is referred to as a whole.
    pub fn referred(&mut self, object: ObjectId, bytes: u64) {
        let extent = Extent { referred: bytes, capacity: bytes };
        self.extents.get_or_insert_default().push((object, extent));
    }

    /// An object was sampled when it was allocated, by the call of a function of that name at that line, at a rate of 512 bytes.
    pub fn born(&mut self, object: ObjectId, function: &str, line: u32) {
        let bytes = self.spans.get(object.0 as usize).map_or(0, |span| span.slot_bytes);
        self.births.push((object, bytes, function.to_owned(), line));
    }

    /// The heap, with what variables and goroutines reach.
    ///
    /// # Errors
    /// [`GraphError`] of an object of another heap.
    pub fn build(mut self) -> Result<Heap, GraphError> {
        let spans = self.spans.iter().map(|&span| (span, &[1_u8][..]));
        self.heap.objects = Arc::new(Objects::new(spans).unwrap_or_default());
        self.heap.object_types = std::mem::take(&mut self.kinds).into_iter().collect();
        let (graph, roots) = self.graph()?;
        let mut heap = self.heap;
        heap.births = (!self.births.is_empty()).then(|| births(&self.births));
        (heap.reached, heap.unreached) = (reached(&graph, roots.root()), Unreached::default());
        let mut reached = Share::default();
        for slot in heap.objects.allocated() {
            let share = Share { bytes: heap.objects.size(slot), objects: 1 };
            heap.totals.allocated.add(share);
            if heap.reached.contains(slot.id.0) { reached.add(share) } else { heap.totals.unreachable.add(share) }
        }
        // As if variables alone held it: who came first is not asked of heaps in tests.
        heap.totals.by_class = vec![(RootClass::Variables, reached)];
        (heap.totals.span_bytes, heap.totals.pointers.to_objects) =
            (heap.totals.allocated.bytes, self.edges.len() as u64);
        heap.references = Some(References::new(graph, roots, self.extents.map(Extents::new)));
        Ok(heap)
    }

    fn graph(&mut self) -> Result<(goheap_graph::CsrGraph, RootNodes), GraphError> {
        let count = self.spans.len() as u32;
        let mut nodes =
            Nodes { builder: GraphBuilder::new(count)?, roots: RootNodes::new(count), heap: &mut self.heap };
        let all = nodes.add(None, RootKind::All)?;
        let variables = nodes.add(Some(all), RootKind::Class(RootClass::Variables))?;
        let mut packages = HashMap::default();
        for (text, to) in &self.variables {
            let name = crate::names::package_of(text);
            let package = match packages.get(&*name) {
                Some(&package) => package,
                None => {
                    let kind = RootKind::Package(RootClass::Variables, nodes.roots.push_package(&name));
                    let package = nodes.add(Some(variables), kind)?;
                    packages.insert(name.into_owned(), package);
                    package
                }
            };
            nodes.frame(package, PathTrie::ROOT, (FrameRole::Variable, text), Some(*to))?;
        }
        let stacks = nodes.add(Some(all), RootKind::Class(RootClass::Goroutines))?;
        for (index, Goroutine { start, variables, .. }) in self.goroutines.iter().enumerate() {
            let group = nodes.add(Some(stacks), RootKind::GoroutineGroup(index as u32))?;
            let goroutine = nodes.add(Some(group), RootKind::Goroutine(index as u32))?;
            let (function, frame) = nodes.frame(goroutine, PathTrie::ROOT, (FrameRole::Function, start), None)?;
            for (text, to) in variables {
                nodes.frame(function, frame, (FrameRole::Local, text), Some(*to))?;
            }
        }
        let Nodes { builder, roots, .. } = nodes;
        self.heap.stacks = groups(self.goroutines.len());
        let starts = self.goroutines.iter().zip(0..).map(|(goroutine, index)| (goroutine.id, index));
        let name = |index: u64| self.goroutines.get(index as usize).map(|goroutine| goroutine.start.clone());
        self.heap.goroutines = GoroutineStarts::new(starts, name);
        let edges = &self.edges;
        let targets = |id: u32| edges.iter().filter(move |edge| edge.0.0 == id).map(|edge| edge.1.0);
        Ok((builder.build(targets)?, roots))
    }
}

/// Each place has the allocator below it and `main.main` above, and a record for each size.
fn births(born: &[(ObjectId, u64, String, u32)]) -> Births {
    let call = |function: &str, line| BirthCall {
        function: function.into(),
        file: "main.go".into(),
        line,
        ..BirthCall::default()
    };
    let mut calls = vec![call("runtime.mallocgc", 1), call("main.main", 1)];
    let (mut stacks, mut records, mut births) = (Vec::new(), Vec::<BirthRecord>::new(), Vec::new());
    for (object, bytes, function, line) in born {
        let here = call(function, *line);
        let number = calls.iter().position(|other| *other == here).unwrap_or(calls.len());
        if number == calls.len() {
            calls.push(here);
            stacks.push(Box::from([0, number as u32, 1]));
        }
        let stack = number as u32 - 2;
        let is_same = |record: &BirthRecord| record.stack == stack && record.object_bytes == *bytes;
        let record = records.iter().position(is_same).unwrap_or(records.len());
        if record == records.len() {
            records.push(BirthRecord { stack, object_bytes: *bytes, ..BirthRecord::default() });
        }
        records[record].allocs += 1;
        records[record].alloc_bytes += bytes;
        births.push(Birth { object: *object, record: record as u32 });
    }
    let known = BirthsKnown { all_records: true, settled: true, absent: 0 };
    Births::new(Some(512), known, calls, stacks, records, births)
}

/// Each goroutine stands at a place of its own.
fn groups(goroutines: usize) -> StackGroups {
    let mut groups = StackGroups::default();
    (0..goroutines).for_each(|index| groups.add(index, std::iter::once(index as u64)));
    groups
}

fn reached(graph: &goheap_graph::CsrGraph, root: u32) -> IdBitSet {
    let (mut reached, mut open) = (IdBitSet::default(), vec![root]);
    while let Some(node) = open.pop() {
        open.extend(graph.targets(node).iter().copied().filter(|&to| to > root || reached.insert(to)));
    }
    reached
}

struct Nodes<'h> {
    builder: GraphBuilder,
    roots: RootNodes,
    heap: &'h mut Heap,
}

impl Nodes<'_> {
    fn add(&mut self, parent: Option<u32>, kind: RootKind) -> Result<u32, GraphError> {
        self.roots.push(RootNode { kind, parent });
        let node = self.builder.add_node()?;
        if let Some(parent) = parent {
            self.builder.add_edge(parent, node)?;
        }
        Ok(node)
    }

    /// A frame of that text, below another.
    fn frame(
        &mut self,
        parent: u32,
        above: TrieNode,
        (role, text): (FrameRole, &str),
        to: Option<ObjectId>,
    ) -> Result<(u32, TrieNode), GraphError> {
        self.heap.labels.push(text.into());
        let name = if role == FrameRole::Function { text } else { name_in_text(text) };
        self.heap.names.push(FrameName::at(role, name));
        let frame = self.heap.tree.child(above, self.heap.labels.len() as u32 - 1);
        let node = self.add(Some(parent), RootKind::Frame(frame))?;
        if let Some(to) = to {
            self.builder.add_edge(node, to.0)?;
        }
        Ok((node, frame))
    }
}
