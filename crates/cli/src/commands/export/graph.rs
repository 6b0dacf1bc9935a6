//! `export dot` and `graphml`: the upper part of the dominator tree, or of what is below something.

use super::{one_file, wrote};
use crate::args::{Asked, ExportOptions, Input};
use crate::open::with_references;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::nearest;
use goheap_export::ExportError;
use goheap_export::graph::{Edge, Graph, Node};
use goheap_graph::{PathTrie, TrieNode, Weight};
use goheap_heap::SnapshotOptions;
use goheap_heap::references::ReferenceOptions;
use goheap_model::DominatorFrames;
use goheap_report::table::grouped;
use std::cmp::Reverse;
use std::io::Write;
use std::path::Path;

/// Boxes that a page has room for.
const USUAL_NODES: usize = 40;

/// Runs the command.
pub(super) fn run(
    input: &Input,
    out: &Path,
    options: &ExportOptions,
    write: fn(&Graph, &mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), Failure> {
    let output = one_file(input, out)?;
    with_references(input, SnapshotOptions::default(), ReferenceOptions::default(), |references, watch| {
        let tree = references.data().dominators(watch)?;
        let frames = references.frames(&tree, watch)?;
        let graph = graph(&frames, options.of.as_ref(), options.limit.unwrap_or(USUAL_NODES))?;
        watch.report();
        output.export(|out| write(&graph, out))?;
        wrote(input, out, format_args!("{} things", grouped(graph.nodes.len() as u64)));
        diagnostics::warn(references.snapshot(), input.quiet);
        Ok(())
    })
}

/// The frames that retain most, of all or of those at and below what is asked for, and those above them.
fn graph(frames: &DominatorFrames, of: Option<&Asked>, limit: usize) -> Result<Graph, Failure> {
    let (trie, totals) = (&frames.trie, frames.trie.totals());
    let mut asked = wanted(frames, of)?;
    asked.sort_by_key(|node| (Reverse(totals[node.index()].bytes), *node));
    asked.truncate(limit);
    let mut is_shown = vec![false; trie.len()];
    for &node in &asked {
        let up = std::iter::successors(Some(node), |&node| trie.parent(node));
        up.take_while(|node| !std::mem::replace(&mut is_shown[node.index()], true)).for_each(drop);
    }
    let what = of.map_or_else(|| "the heap".to_owned(), |of| of.text.clone());
    let mut graph = Graph { title: format!("what {what} retains"), ..Graph::default() };
    let mut index_of = vec![None; trie.len()];
    for node in trie.nodes().filter(|node| is_shown[node.index()]) {
        index_of[node.index()] = Some(graph.nodes.len());
        let to = graph.nodes.len();
        let above = trie.parent(node).and_then(|parent| index_of[parent.index()]);
        graph.edges.extend(above.map(|from| Edge { from, to, text: String::new() }));
        graph.nodes.push(box_of(frames, node, &totals));
    }
    Ok(graph)
}

fn box_of(frames: &DominatorFrames, node: TrieNode, totals: &[Weight]) -> Node {
    let own = frames.trie.own(node);
    let (text, retained) = match node {
        PathTrie::ROOT => ("all roots", frames.reached.bytes),
        node => (frames.text(node), totals[node.index()].bytes),
    };
    Node { text: text.to_owned(), address: None, objects: own.objects, bytes: own.bytes, retained }
}

/// The frames that hold anything: those that roots reach, or those whose text has what is asked for in it and all below.
fn wanted(frames: &DominatorFrames, of: Option<&Asked>) -> Result<Vec<TrieNode>, Failure> {
    let trie = &frames.trie;
    let matches = |text: &str, of: &Asked| {
        text.contains(&*of.text) || of.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
    };
    let mut is_in = vec![false; trie.len()];
    let mut found = Vec::new();
    for node in trie.nodes().skip(1) {
        let above = trie.parent(node).is_some_and(|parent| is_in[parent.index()]);
        let begins = match of {
            Some(of) => matches(frames.text(node), of),
            None => trie.parent(node) == Some(PathTrie::ROOT) && !frames.unreached.contains(&node),
        };
        is_in[node.index()] = above || begins;
        found.extend(is_in[node.index()].then_some(node));
    }
    match of {
        Some(of) if found.is_empty() => {
            let names = frames.texts.iter().map(|text| &**text);
            let (name, kind) = (of.text.clone(), "frame of the dominator tree with");
            Err(Failure::NoSuchName { nearest: nearest::told(&of.text, names), name, kind })
        }
        _ => Ok(found),
    }
}
