//! `goheap CORE dominators`: who retains how much.

use crate::args::{DominatorsOptions, Form, Input, RetainedBy};
use crate::commands::birth_calls;
use crate::commands::library_steps;
use crate::commands::short_names::ShortNames;
use crate::open::{with_data_and_births, with_referred};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::{
    AskError, BirthIndex, Grouping, HistogramRow, RetainedHistogram, RootGroup, RootGrouping, Selection,
    retained_histogram, root_groups,
};
use goheap_graph::{Children, PathTrie, TrieNode, Weight};
use goheap_heap::HeapSnapshot;
use goheap_heap::references::{DominatorFrames, ReferenceGraph, ReferenceOptions};
use goheap_model::{Graph, Observer, Share};
use goheap_report::dominators::{DominatorsReport, Group, RetainedGroups, Row, Sum};
use std::cmp::Reverse;

/// Lines and levels of a table unless others are asked for: a screen.
const USUAL_ROWS: usize = 40;
const USUAL_DEPTH: usize = 12;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &DominatorsOptions) -> Result<(), Failure> {
    let Some(group) = options.group else { return tree(input, options) };
    // Objects of one type lie anywhere in the tree: what of them is referred to is not told.
    let references = ReferenceOptions { referred: true, ..ReferenceOptions::default() };
    with_data_and_births(input, Some(references), options.births, |heap, aside| {
        let report = groups(Graph::new(heap).ok_or(AskError::NoReferences)?, group, options, aside.watch)?;
        aside.say();
        to_stdout(|out| match options.written.form() {
            Form::Json => report.write_json(out),
            Form::Csv => report.write_csv(out),
            Form::Table => report.write_table(page(input), out),
        })
    })
}

fn tree(input: &Input, options: &DominatorsOptions) -> Result<(), Failure> {
    with_referred(input, ReferenceOptions::default(), |graph, watch| {
        let frames = graph.frames(&graph.data().dominators(watch)?, watch)?;
        let report = tree_report(graph, &frames, options);
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        to_stdout(|out| match options.written.form() {
            Form::Json => report.write_json(out),
            Form::Csv => report.write_csv(out),
            Form::Table => report.write_table(page(input), out),
        })
    })
}

fn groups(
    graph: Graph<'_>,
    group: RetainedBy,
    options: &DominatorsOptions,
    observer: &dyn Observer,
) -> Result<RetainedGroups, Failure> {
    let dominance = graph.dominance(observer)?;
    let is_wanted = |text: &str| options.matching.as_ref().is_none_or(|regex| regex.is_match(text));
    let reachable = sum(graph.heap().totals.reachable());
    let mut report = RetainedGroups { reachable, ..RetainedGroups::default() };
    let roots = |grouping| root_groups(graph, &dominance, grouping, is_wanted);
    let (name, groups) = match group {
        RetainedBy::Type => {
            let (grouping, selection) = (Grouping::Whole, Selection::Reachable);
            let request = RetainedHistogram { grouping, selection, is_wanted, exact: 0 };
            let histogram = retained_histogram(graph, &dominance, request);
            report.rows = histogram.rows.into_iter().map(of_type).collect();
            report.rows.sort_by(|a, b| (Reverse(a.retained), &a.name).cmp(&(Reverse(b.retained), &b.name)));
            ("type", None)
        }
        RetainedBy::Package => ("package", Some(roots(RootGrouping::Package))),
        RetainedBy::Root => ("root", Some(roots(RootGrouping::Root))),
    };
    report.group = name;
    if let Some(found) = groups {
        report.shared = Some(weight(found.shared));
        report.rows = found.groups.iter().map(of_roots).collect();
        // Only of what is shown: each is a walk over all that it retains.
        let is_large = |row: &&Group| row.retained >= options.min_size.unwrap_or(0);
        let shown = report.rows.iter().take_while(is_large).take(most_rows(options)).count();
        for (row, group) in report.rows.iter_mut().zip(&found.groups).take(shown) {
            row.referred_bytes = graph.retained_extent(&dominance, group.node).map(|extent| extent.referred);
        }
        if let Some(births) = &graph.heap().births {
            let index = BirthIndex::new(graph, &dominance.tree, births);
            for (row, group) in report.rows.iter_mut().zip(&found.groups).take(shown) {
                row.born = birth_calls::most_below(&index, births, group.node, options.written.is_table());
            }
        }
    }
    let rows = report.rows.len();
    report.rows.retain(|row| row.retained >= options.min_size.unwrap_or(0));
    report.rows.truncate(most_rows(options));
    report.hidden = rows - report.rows.len();
    if group == RetainedBy::Type && options.written.is_table() {
        report.rows.iter_mut().for_each(|row| ShortNames(graph.heap()).name(&mut row.name));
    }
    Ok(report)
}

fn most_rows(options: &DominatorsOptions) -> usize {
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    options.limit.unwrap_or(usual)
}

fn of_type(row: HistogramRow) -> Group {
    Group {
        name: row.name,
        retained: row.retained.unwrap_or(0),
        own: Some(sum(row.share)),
        referred_bytes: row.referred,
        ..Group::default()
    }
}

fn of_roots(group: &RootGroup) -> Group {
    let Weight { bytes, objects } = group.retained;
    Group { name: group.name.clone(), retained: bytes, retained_objects: Some(objects), ..Group::default() }
}

fn sum(share: Share) -> Sum {
    Sum { bytes: share.bytes, objects: share.objects }
}

fn weight(weight: Weight) -> Sum {
    Sum { bytes: weight.bytes, objects: weight.objects }
}

fn tree_report(
    graph: &ReferenceGraph<'_, '_, '_>,
    frames: &DominatorFrames,
    options: &DominatorsOptions,
) -> DominatorsReport {
    let totals = &graph.snapshot().totals;
    let shown = Shown::new(graph.snapshot(), frames, options);
    let mut rows = Rows { frames, shown: &shown, children: frames.tree().children(), rows: Vec::new() };
    rows.add(PathTrie::ROOT, None, sum(frames.reached()), false);
    DominatorsReport {
        reachable: sum(totals.reachable()),
        not_known: sum(totals.not_known),
        unreachable: sum(totals.unreachable),
        rows: rows.rows,
        hidden: shown.hidden,
    }
}

/// Which frames are shown.
struct Shown {
    totals: Vec<Weight>,
    is_shown: Vec<bool>,
    /// Frames inside types of the library, which are passed over.
    is_inner: Vec<bool>,
    hidden: (usize, u64),
}

impl Shown {
    /// Those that retain most of what the options let through, and what is above them.
    fn new(snapshot: &HeapSnapshot<'_, '_>, frames: &DominatorFrames, options: &DominatorsOptions) -> Self {
        let trie = frames.tree();
        let totals = trie.totals();
        let retained = |node: &TrieNode| totals[node.index()].bytes;
        let usual = if options.written.is_table() { USUAL_DEPTH } else { usize::MAX };
        let (most, depth, depths) = (most_rows(options), options.depth.unwrap_or(usual), depths(trie));
        let is_whole = options.full || !options.written.is_table() || options.matching.is_some();
        let is_inner = if is_whole { vec![false; trie.len()] } else { inner(snapshot, frames) };
        let mut wanted: Vec<TrieNode> = wanted(frames, options);
        wanted.retain(|node| !is_inner[node.index()]);
        wanted.retain(|node| retained(node) >= options.min_size.unwrap_or(0).max(1));
        let all = wanted.len();
        let is_deep = |node: &TrieNode| depths[node.index()] > depth;
        let widest_deep = wanted.iter().filter(|node| is_deep(node)).map(retained).max();
        wanted.retain(|node| !is_deep(node));
        // A frame comes after those above it: they retain no less and have a lesser number. One row is that of all roots.
        wanted.sort_by_key(|node| (Reverse(retained(node)), *node));
        let narrow = wanted.split_off(most.saturating_sub(1).min(wanted.len()));
        let widest = widest_deep.into_iter().chain(narrow.first().map(retained)).max();
        let mut is_shown = vec![false; trie.len()];
        for node in &wanted {
            let up =
                std::iter::successors(Some(*node), |&node| trie.parent(node)).filter(|node| !is_inner[node.index()]);
            let is_new = |node: &TrieNode| !std::mem::replace(&mut is_shown[node.index()], true);
            up.take_while(is_new).for_each(drop);
        }
        Shown { hidden: (all - wanted.len(), widest.unwrap_or(0)), totals, is_shown, is_inner }
    }
}

/// The frames inside types of the library: it and the frame above name nothing but its types, and neither is a root. Where many more
/// things hang on what is few, that is shown whoever's it is.
fn inner(snapshot: &HeapSnapshot<'_, '_>, frames: &DominatorFrames) -> Vec<bool> {
    let trie = frames.tree();
    let mut is_library = vec![false; trie.len()];
    let mut inner = vec![false; trie.len()];
    for node in trie.nodes() {
        let (Some(parent), Some(label)) = (trie.parent(node), trie.label(node)) else { continue };
        if frames.is_root(node) {
            continue;
        }
        let is_above = is_library[parent.index()];
        is_library[node.index()] = snapshot.is_library_text(frames.label_text(label)).unwrap_or(is_above);
        inner[node.index()] = is_above && is_library[node.index()];
    }
    let values = |node: TrieNode| frames.facts().map_or(trie.own(node).objects, |facts| facts.values(node));
    for node in trie.nodes() {
        let Some(parent) = trie.parent(node).filter(|parent| inner[parent.index()]) else { continue };
        inner[parent.index()] = values(parent) == 0 || !library_steps::is_gathering(values(node), values(parent));
    }
    inner
}

/// The frames below the root that are no garbage and whose text matches.
fn wanted(frames: &DominatorFrames, options: &DominatorsOptions) -> Vec<TrieNode> {
    let trie = frames.tree();
    let matches = |node: &TrieNode| match (&options.matching, trie.label(*node)) {
        (Some(regex), Some(label)) => regex.is_match(frames.label_text(label)),
        (regex, _) => regex.is_none(),
    };
    let mut is_garbage = vec![false; trie.len()];
    let mut is_held = |node: &TrieNode| {
        let above = trie.parent(*node).is_some_and(|parent| is_garbage[parent.index()]);
        is_garbage[node.index()] = above || frames.unreached().contains(node);
        !is_garbage[node.index()]
    };
    trie.nodes().skip(1).filter(|node| is_held(node)).filter(matches).collect()
}

/// How far below the root each node is.
fn depths(trie: &PathTrie) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(trie.len());
    for node in trie.nodes() {
        depths.push(trie.parent(node).map_or(0, |parent| depths[parent.index()] + 1));
    }
    depths
}

/// Rows in the order of showing.
struct Rows<'a> {
    frames: &'a DominatorFrames,
    shown: &'a Shown,
    children: Children,
    rows: Vec<Row>,
}

impl Rows<'_> {
    /// Adds a frame and those below it, those that retain most first. A trie is no deeper than folding lets it be.
    fn add(&mut self, node: TrieNode, parent: Option<usize>, total: Sum, is_after_inner: bool) {
        let trie = self.frames.tree();
        let own = trie.own(node);
        let id = self.rows.len();
        let name = trie.label(node).map_or("all roots", |label| self.frames.label_text(label));
        let depth = parent.map_or(0, |parent| self.rows[parent].depth + 1);
        let facts = self.frames.facts();
        let (extent, maps) =
            (facts.map(|facts| facts.extent(node, total.bytes)), facts.and_then(|facts| facts.maps(node)));
        self.rows.push(Row {
            id,
            parent,
            depth,
            name: if is_after_inner { format!("… {name}") } else { name.to_owned() },
            retained: total.bytes,
            objects: total.objects,
            shallow: own.bytes,
            count: own.objects,
            values: facts.map_or(own.objects, |facts| facts.values(node)),
            referred_bytes: extent.map(|extent| extent.referred),
            capacity_bytes: extent.map(|extent| extent.capacity),
            map_entries: maps.map(|maps| maps.entries),
            map_slots: maps.map(|maps| maps.slots),
        });
        let mut below = Vec::new();
        self.below(node, false, &mut below);
        below.sort_by_key(|(child, _)| (Reverse(self.shown.totals[child.index()].bytes), *child));
        for (child, is_after_inner) in below {
            self.add(child, Some(id), weight(self.shown.totals[child.index()]), is_after_inner);
        }
    }

    /// The shown frames below, behind those that are passed over too.
    fn below(&self, node: TrieNode, is_after_inner: bool, found: &mut Vec<(TrieNode, bool)>) {
        for &child in self.children.of(node) {
            if self.shown.is_inner[child.index()] {
                self.below(child, true, found);
            } else if self.shown.is_shown[child.index()] {
                found.push((child, is_after_inner));
            }
        }
    }
}
