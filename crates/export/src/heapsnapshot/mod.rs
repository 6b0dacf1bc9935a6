//! The heap as a snapshot of V8's (`.heapsnapshot`): DevTools, memlab and what reads their files.
//!
//! ```text
//! (above) ─┬─ (GC roots) ─┬─ package variables ── package ── variable ── field ── objects
//!          │              ├─ goroutines ── group ── goroutine ── function ── variable ── objects
//!          │              └─ runtime variables, finalizers ...
//!          ├─ (unreachable) ── objects
//!          └─ about this file ── a line each
//! ```
//!
//! Objects are nodes of the type `object`, so that viewers group them by the Go type, which is their name; what is no object is
//! `synthetic` and has no size. Fields are properties, elements elements, what containers are made of internal edges. No contents of
//! memory are written.
//!
//! What readers cut or drop without a word is not written (seen in memlab 2.0.5, chrome-devtools-mcp 1.11.0): ids and sizes stay below
//! 2^32, a size beyond is spread over nodes; weak edges, which hide who holds, are none.

mod addresses;
mod edge_names;
mod merging;
mod plan;
mod ranks;
mod rows;
mod strings;

use crate::{BUFFER, ExportError};
use edge_names::{ELEMENT, EdgeName, EdgeNames, INTERNAL, PROPERTY};
use foldhash::HashMap;
use goheap_model::{Claim, Fields, Graph, Heap, Meter, Observer, Part, RootKind, Slot, TypeId, UNKNOWN_TYPE};
use merging::Merging;
use plan::{Label, MOST_BYTES, NODE_FIELDS, Node, Plan};
use rayon::prelude::*;
use rows::Rows;
use std::io::{BufWriter, Write};
use std::iter::Peekable;
use strings::{FORMAT, StringId, Strings};

/// More objects than DevTools takes.
pub const USUAL_LIMIT: u64 = 10_000_000;

/// Readers number edges' parts with 32 bits.
const MOST_EDGES: u64 = u32::MAX as u64 / 3;

/// Nodes that are looked at together, by one thread and by all, and edges that they may have.
const CHUNK: usize = 1 << 10;
const BATCH: usize = 1 << 15;
const MOST_IN_BATCH: usize = 1 << 19;

/// What the numbers of the file mean, in the order that V8 writes them (`heap-snapshot-generator.cc`, `SerializeSnapshot`).
const META: &str = concat!(
    r#"{"node_fields":["type","name","id","self_size","edge_count","trace_node_id","detachedness"],"#,
    r#""node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic","#,
    r#""concatenated string","sliced string","symbol","bigint"],"string","number","number","number","number","number"],"#,
    r#""edge_fields":["type","name_or_index","to_node"],"#,
    r#""edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],"#,
    r#""trace_function_info_fields":["function_id","name","script_name","script_id","line","column"],"#,
    r#""trace_node_fields":["id","function_info_index","count","size","children"],"#,
    r#""sample_fields":["timestamp_us","last_assigned_id"],"#,
    r#""location_fields":["object_index","script_id","line","column"]}"#,
);

/// Types of nodes by their place in the list of the file.
const OBJECT: u32 = 3;
const SYNTHETIC: u32 = 9;

/// How a snapshot is written.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotFile {
    /// With more objects than this small subtrees of the dominator tree are merged.
    pub limit: u64,
}

impl Default for SnapshotFile {
    fn default() -> Self {
        SnapshotFile { limit: USUAL_LIMIT }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotWritten {
    /// Nodes of the file.
    pub nodes: u64,
    /// Edges of the file.
    pub edges: u64,
    /// Objects that are not nodes of their own.
    pub merged: u64,
    /// The lines that the file tells of itself.
    pub facts: Vec<String>,
}

impl SnapshotFile {
    /// Writes the heap of a graph. It goes twice over the edges and holds none of the file, but four bytes a node and some MiB.
    ///
    /// # Errors
    /// [`ExportError::TooMany`] nodes, edges or strings; what `out` answers; the observer's refusal.
    pub fn write(
        self,
        graph: Graph<'_>,
        fields: &dyn Fields,
        observer: &dyn Observer,
        out: &mut dyn Write,
    ) -> Result<SnapshotWritten, ExportError> {
        let objects = graph.heap().totals.allocated.objects;
        let merging = match objects > self.limit {
            true => Some(Merging::new(graph, self.limit, observer)?),
            false => None,
        };
        let kept = merging.as_ref().map_or(objects, |merging| merging.kept().count());
        let facts = facts(graph, merging.as_ref(), objects - kept.min(objects));
        let plan = Plan::new(graph, merging, facts)?;
        let mut writer = Writer { plan: &plan, texts: Texts::new(graph.heap()), strings: Strings::new(), observer };
        let (edges, of_nodes) = writer.count_edges()?;
        let out = &mut BufWriter::with_capacity(BUFFER, out);
        let header = format!(
            "{{\"snapshot\":{{\"meta\":{META},\n\"node_count\":{},\"edge_count\":{edges},\"trace_function_count\":0}},\n",
            plan.count()
        );
        out.write_all(header.as_bytes())?;
        writer.write_nodes(&of_nodes, out)?;
        writer.write_edges(fields, &of_nodes, out)?;
        out.write_all(
            b"\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\"locations\":[],\n\"strings\":",
        )?;
        writer.strings.write(out)?;
        out.write_all(b"}\n")?;
        out.flush()?;
        let (nodes, merged) = (u64::from(plan.count()), objects - kept.min(objects));
        Ok(SnapshotWritten { nodes, edges, merged, facts: plan.facts })
    }
}

/// What a reader of the file has to know.
fn facts(graph: Graph<'_>, merging: Option<&Merging>, merged: u64) -> Vec<String> {
    let objects = &graph.heap().objects;
    let mut facts = vec!["written by goheap; sizes are bytes of the allocator's slots".to_owned()];
    match addresses::Addresses::new(objects) {
        Some(addresses) => facts.extend(addresses.rules()),
        None => facts.push("ids tell no addresses: the heap is larger than 16 GiB".to_owned()),
    }
    if let Some(merging) = merging {
        facts.push(format!(
            "{merged} objects that retain less than {} bytes each are merged with others below their dominator: \
             nodes named {MERGED}",
            merging.threshold
        ));
    }
    if objects.spans().iter().any(|span| span.slot_bytes > MOST_BYTES) {
        facts.push(format!("of objects of 4 GiB and more what is beyond is in nodes named {MORE}"));
    }
    facts
}

/// The next nodes whose edges are together not too many; none if the next has too many alone.
fn batch(nodes: &mut Peekable<impl Iterator<Item = (Node, u32)>>, of_nodes: &[u32]) -> Vec<(Node, u32)> {
    let (mut batch, mut edges) = (Vec::new(), 0);
    while let Some(next) = nodes.next_if(|&(_, index)| {
        edges += of_nodes.get(index as usize).map_or(0, |&count| count as usize);
        edges <= MOST_IN_BATCH && batch.len() < BATCH
    }) {
        batch.push(next);
    }
    batch
}

/// Names of nodes that are no single object.
const MERGED: &str = "(smaller objects)";
const MORE: &str = "(more bytes of an object)";

struct Writer<'p, 'h> {
    plan: &'p Plan<'h>,
    texts: Texts<'h>,
    strings: Strings,
    observer: &'p dyn Observer,
}

impl Writer<'_, '_> {
    /// How many edges there are, and how many each node has.
    fn count_edges(&self) -> Result<(u64, Vec<u32>), ExportError> {
        self.observer.begin("edges");
        self.observer.claim(Claim { kept: u64::from(self.plan.count()) * 4, passing: 0 })?;
        let mut of_nodes: Vec<u32> = Vec::with_capacity(self.plan.count() as usize);
        let mut nodes = self.plan.nodes().zip(0..);
        loop {
            let batch: Vec<(Node, u32)> = nodes.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let of_node = |&(node, index): &(Node, u32)| {
                let mut count = 0;
                self.plan.for_each_edge(index, node, |_, _| count += 1);
                count
            };
            of_nodes.par_extend(batch.par_iter().with_min_len(CHUNK).map(of_node));
        }
        let edges = of_nodes.iter().map(|&count| u64::from(count)).sum();
        if edges > MOST_EDGES {
            return Err(ExportError::TooMany { format: FORMAT, what: "edges", most: MOST_EDGES, found: edges });
        }
        Ok((edges, of_nodes))
    }

    fn write_nodes(&mut self, of_nodes: &[u32], out: &mut dyn Write) -> Result<(), ExportError> {
        self.observer.begin("nodes");
        let meter = Meter::new(self.observer, u64::from(self.plan.count()));
        let mut rows = Rows::begin(out, "nodes")?;
        for ((node, &edges), index) in self.plan.nodes().zip(of_nodes).zip(0_u32..) {
            let bytes = self.plan.bytes(node).min(MOST_BYTES) as u32;
            let (kind, name) = self.name(node)?;
            rows.push(&[kind, name.0, self.id(index, node), bytes, edges, 0, 0])?;
            meter.add(1);
        }
        Ok(rows.end()?)
    }

    fn write_edges(&mut self, fields: &dyn Fields, of_nodes: &[u32], out: &mut dyn Write) -> Result<(), ExportError> {
        self.observer.begin("references");
        let meter = Meter::new(self.observer, u64::from(self.plan.count()));
        let mut names = EdgeNames::new(self.plan.graph.heap(), fields);
        let mut rows = Rows::begin(out, "edges")?;
        let strings = &mut self.strings;
        let mut write = |label, to: u32| -> Result<(), ExportError> {
            let name = edge_name(label, &mut names, strings)?;
            Ok(rows.push(&[name.kind, name.name, to * NODE_FIELDS])?)
        };
        let (plan, mut nodes) = (self.plan, self.plan.nodes().zip(0_u32..).peekable());
        let mut ready: Vec<Vec<(Label, u32)>> = Vec::new();
        while let Some(&(node, index)) = nodes.peek() {
            let batch = batch(&mut nodes, of_nodes);
            // Threads look for the edges of a batch while those of the last are written.
            let (mut found, mut written) = (Vec::new(), Ok(()));
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| found = batch.par_chunks(CHUNK).map(|chunk| plan.edges_of(chunk)).collect());
                written = ready.drain(..).flatten().try_for_each(|(label, to)| write(label, to));
            });
            written?;
            ready = found;
            if batch.is_empty() {
                nodes.next();
                plan.write_long(index, node, &mut write)?;
            }
            meter.add(batch.len().max(1) as u64);
        }
        ready.into_iter().flatten().try_for_each(|(label, to)| write(label, to))?;
        Ok(rows.end()?)
    }

    /// Odd numbers for objects, even ones for all else.
    fn id(&self, index: u32, node: Node) -> u32 {
        match (node, &self.plan.addresses) {
            (Node::Object(id), Some(addresses)) => {
                let objects = &self.plan.graph.heap().objects;
                addresses.id(objects, objects.slot(id))
            }
            (Node::Object(_), None) => index * 2 + 1,
            _ => index * 2 + 2,
        }
    }

    fn name(&mut self, node: Node) -> Result<(u32, StringId), ExportError> {
        let graph = self.plan.graph;
        let text = match node {
            Node::Object(id) => {
                let slot = graph.heap().objects.slot(id);
                return Ok((OBJECT, self.texts.of(slot, &mut self.strings)?));
            }
            Node::Merged(_) | Node::MergedUnreached(_) => return Ok((OBJECT, self.strings.id(MERGED)?)),
            Node::Rest(_) => return Ok((OBJECT, self.strings.id(MORE)?)),
            Node::Above => String::new(),
            Node::Root(root) => root_name(graph, root),
            Node::Unreached(group) => self.plan.unreached[group].name().to_owned(),
            Node::About => "(about this file)".to_owned(),
            Node::Fact(fact) => self.plan.facts[fact].clone(),
        };
        Ok((SYNTHETIC, self.strings.id(&text)?))
    }
}

fn root_name(graph: Graph<'_>, root: u32) -> String {
    match graph.root_node(root).map(|root| root.kind) {
        // Viewers know it by that name.
        Some(RootKind::All) => "(GC roots)".to_owned(),
        Some(RootKind::Class(class)) => format!("({})", class.name()),
        Some(RootKind::Package(..)) => format!("package {}", graph.text(root)),
        _ => graph.text(root),
    }
}

fn edge_name(label: Label, names: &mut EdgeNames<'_>, strings: &mut Strings) -> Result<EdgeName, ExportError> {
    let named = |kind, name: StringId| EdgeName { kind, name: name.0 };
    Ok(match label {
        Label::Word(slot, offset) => names.of(slot, offset, strings)?,
        Label::Element(index) => EdgeName { kind: ELEMENT, name: u32::try_from(index).unwrap_or(u32::MAX) },
        Label::Text(text) => named(PROPERTY, strings.id(text)?),
        Label::Inside(text) => named(INTERNAL, strings.id(text)?),
        Label::Smaller(objects) => named(PROPERTY, strings.id(&format!("{objects} smaller objects"))?),
    })
}

/// The strings of types, each made once. Arrays of every length have one, as in goheap's histogram.
struct Texts<'h> {
    heap: &'h Heap,
    by_key: HashMap<(Part, TypeId, u64), StringId>,
}

impl<'h> Texts<'h> {
    fn new(heap: &'h Heap) -> Self {
        Texts { heap, by_key: HashMap::default() }
    }

    fn of(&mut self, slot: Slot, strings: &mut Strings) -> Result<StringId, ExportError> {
        let Some(key) = self.heap.text_key(slot).map(|key| key.family()) else { return strings.id(UNKNOWN_TYPE) };
        if let Some(&id) = self.by_key.get(&key.identity()) {
            return Ok(id);
        }
        let text = self.heap.text_of(key);
        let id = strings.id(if text.is_empty() { UNKNOWN_TYPE } else { &text })?;
        self.by_key.insert(key.identity(), id);
        Ok(id)
    }
}

#[cfg(test)]
mod tests;
