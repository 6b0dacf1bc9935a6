//! `goheap CORE objref OUT`: the reference tree as a picture or as text.

use crate::args::{Counted, Format, Input, ObjrefOptions, Tree, usage};
use crate::commands::caption::{caption, not_known};
use crate::commands::drawing::Drawing;
use crate::open::{Needs, with_heap, with_references};
use crate::output::{Output, is_open_already};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::{self, Speaker};
use clap::error::ErrorKind;
use goheap_graph::{PathTrie, Weight};
use goheap_heap::process_facts;
use goheap_heap::references::ReferenceOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions, TopFrame};
use goheap_model::RootClass;
use goheap_report::flame::{self, FlameText, HeldBy, Paint};
use goheap_report::table::{grouped, human_bytes, percent};
use goheap_report::{Drawn, FlameTree, NARROW_ROOTS, ReportError, folded, json, stap};
use serde_json::{Map, Value};
use std::io::Write;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ObjrefOptions) -> Result<(), Failure> {
    let format = options.format.map_or_else(|| format_of(&options.out), Ok)?;
    let output = Output::new(&options.out, &input.paths())?;
    let finish = |drawing: &Drawing<'_>, snapshot: &HeapSnapshot<'_, '_>| {
        let picture = Picture::new(snapshot, drawing, options, format).map_err(Failure::Report)?;
        let drawn = output.write(|out| picture.write(out))?;
        tell(snapshot, options, &picture, drawn, Speaker::new(input.quiet));
        Ok(())
    };
    if options.tree == Tree::BreadthFirst && !options.mark_shared {
        let snapshot = SnapshotOptions { tree: true, ..SnapshotOptions::default() };
        return with_heap(input, Needs { snapshot, ..Needs::default() }, |snapshot| {
            finish(&Drawing::breadth_first(snapshot), snapshot)
        });
    }
    let marks = options.tree == Tree::BreadthFirst;
    if options.mark_shared && !marks {
        let message = "--mark-shared is for the breadth-first tree: that of dominators shows what is shared by itself";
        return Err(usage(ErrorKind::ArgumentConflict, message));
    }
    let remembered = SnapshotOptions { owners: marks, ..SnapshotOptions::default() };
    with_references(input, remembered, ReferenceOptions::default(), |graph, watch| {
        let tree = graph.data().dominators(watch)?;
        let frames = if marks { None } else { Some(graph.frames(&tree, watch)?) };
        let drawing = match &frames {
            Some(frames) => Drawing::dominators(frames),
            None => Drawing::marked(graph, &tree, options.count.count()),
        };
        watch.report();
        finish(&drawing, graph.snapshot())
    })
}

/// By the ending of the name; stdout, by any of its names, has none, and gets the picture.
fn format_of(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => Ok(Format::Svg),
        Some("folded") => Ok(Format::Folded),
        Some("bt") => Ok(Format::Bt),
        Some("json") => Ok(Format::Json),
        _ if path.as_os_str() == "-" || is_open_already(path) => Ok(Format::Svg),
        _ => {
            let message = format!(
                "cannot tell the format of {path:?}: end it in .svg, .folded, .bt or .json, or say --format FORMAT"
            );
            Err(usage(ErrorKind::InvalidValue, message))
        }
    }
}

impl Format {
    /// How many frames are shown unless a width is asked for: what a browser bears, what other tools take, all.
    fn usual_frames(self) -> usize {
        match self {
            Format::Svg => 10_000,
            Format::Folded | Format::Bt => 100_000,
            Format::Json => usize::MAX,
        }
    }
}

/// A tree ready to be written, and the words to it.
struct Picture {
    tree: FlameTree,
    /// Frames that were left out as too narrow.
    narrow: usize,
    format: Format,
    counted: Counted,
    text: FlameText,
    meta: Map<String, Value>,
}

impl Picture {
    fn new(
        snapshot: &HeapSnapshot<'_, '_>,
        drawing: &Drawing<'_>,
        options: &ObjrefOptions,
        format: Format,
    ) -> Result<Self, ReportError> {
        let (counted, trie) = (options.count, drawing.trie());
        let measure = counted.measure();
        let least = match options.min_width {
            Some(percent) => trie.percent_of_whole(percent, measure),
            None => trie.least_of_widest(format.usual_frames(), measure),
        };
        // A frame that holds nothing is never shown, and not missed.
        let least = least.max(1);
        let narrow = |weight: &Weight| (1..least).contains(&measure.of(*weight));
        let pruned = trie.prune(least, measure);
        let text = caption(snapshot, drawing.widths, counted.count(), options.title.as_deref());
        Ok(Picture {
            tree: flame_tree(snapshot, drawing, &pruned)?,
            narrow: trie.totals().iter().skip(1).filter(|weight| narrow(weight)).count(),
            format,
            counted,
            meta: meta(snapshot, &text),
            text,
        })
    }

    fn write(&self, out: &mut dyn Write) -> Result<Drawn, ReportError> {
        let (tree, count) = (&self.tree, self.counted.count());
        match self.format {
            Format::Svg => flame::write_svg(tree, count, &self.text, 0.0, out),
            Format::Folded => folded::write(tree, count, 0.0, out),
            Format::Bt => stap::write(tree, count, 0.0, out),
            Format::Json => {
                json::write_tree(tree, count, &self.meta, out)?;
                Ok(Drawn { shown: tree.frames.len(), ..Drawn::default() })
            }
        }
    }
}

fn held_by(top: TopFrame) -> HeldBy {
    match top {
        TopFrame::Root(RootClass::Variables) => HeldBy::Variables,
        TopFrame::Root(RootClass::Goroutines) => HeldBy::Goroutines,
        TopFrame::Root(RootClass::Runtime) => HeldBy::Runtime,
        TopFrame::Root(RootClass::Other | RootClass::Emptied) | TopFrame::Several => HeldBy::Other,
        TopFrame::NotKnown => HeldBy::NotKnown,
        TopFrame::Unreachable => HeldBy::Unreachable,
    }
}

/// The tree with its texts and colours.
fn flame_tree(
    snapshot: &HeapSnapshot<'_, '_>,
    drawing: &Drawing<'_>,
    trie: &PathTrie,
) -> Result<FlameTree, ReportError> {
    let mut tree = FlameTree::default();
    let narrow = trie.own(PathTrie::ROOT);
    if (narrow.bytes, narrow.objects) != (0, 0) {
        tree.push(None, NARROW_ROOTS, narrow.bytes, narrow.objects)?;
    }
    let mut indexes = vec![None; trie.len()];
    // Of each frame, its colour; a type that names nothing is whose the frame above is.
    let mut paints = vec![Paint::default(); trie.len()];
    for node in trie.nodes() {
        let Some(label) = trie.label(node) else { continue };
        let parent = trie.parent(node).and_then(|parent| indexes[parent.index()]);
        let own = trie.own(node);
        let text = drawing.text(label);
        let above = trie.parent(node).map(|parent| paints[parent.index()]).unwrap_or_default();
        let paint = Paint {
            held_by: if parent.is_none() { held_by(TopFrame::of(text)) } else { above.held_by },
            is_own: snapshot.is_library_text(text).map_or(above.is_own, |is_library| !is_library),
            ..Paint::default()
        };
        paints[node.index()] = paint;
        let index = tree.push(parent, text, own.bytes, own.objects)?;
        tree.paint(index, paint);
        indexes[node.index()] = Some(index);
    }
    Ok(tree)
}

/// What stands beside the tree in JSON.
fn meta(snapshot: &HeapSnapshot<'_, '_>, text: &FlameText) -> Map<String, Value> {
    let totals = &snapshot.totals;
    let heap = [
        ("allocated", totals.allocated.bytes),
        ("reachable", totals.reachable().bytes),
        ("not_known_to_be_reachable", totals.not_known.bytes),
        ("unreachable", totals.unreachable.bytes),
    ];
    let heap: Map<String, Value> = heap.map(|(key, bytes)| (key.to_owned(), bytes.into())).into_iter().collect();
    let entries: [(&str, Value); 5] = [
        ("title", text.title.as_str().into()),
        ("subtitle", text.subtitle.as_str().into()),
        ("go", snapshot.model.version.text.as_str().into()),
        ("missing_bytes", snapshot.model.process.diagnostics.missing_bytes.into()),
        ("heap", heap.into()),
    ];
    entries.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
}

/// Says what was written, whether it adds up, and what is not in it.
fn tell(snapshot: &HeapSnapshot<'_, '_>, options: &ObjrefOptions, picture: &Picture, drawn: Drawn, speaker: Speaker) {
    let totals = &snapshot.totals;
    let (allocated, reachable, unreachable) = (totals.allocated, totals.reachable(), totals.unreachable);
    let to = if options.out.as_os_str() == "-" { "stdout".to_owned() } else { format!("{:?}", options.out) };
    speaker.note(format_args!("wrote {to}: {} frames", grouped(drawn.shown as u64)));
    speaker.note(format_args!(
        "allocated {} ({} bytes, {} objects) = reachable {} ({}){} + unreachable {}",
        human_bytes(allocated.bytes),
        grouped(allocated.bytes),
        grouped(allocated.objects),
        human_bytes(reachable.bytes),
        percent(reachable.bytes, allocated.bytes),
        not_known(totals.not_known, human_bytes(totals.not_known.bytes)),
        human_bytes(unreachable.bytes),
    ));
    if let Some(why) = process_facts::why_it_died(snapshot.model) {
        speaker.note(format_args!("died of {why}"));
    }
    if !totals.is_reconciled() {
        speaker::warning("NOT RECONCILED: the parts are not the whole; trust no number of this picture");
    }
    let hidden = [
        (picture.narrow + drawn.too_narrow, "too narrow to show"),
        (drawn.too_deep, "too deep to show"),
        (drawn.no_room, "left out, as a picture has no room for more"),
    ];
    for (frames, why) in hidden.into_iter().filter(|(frames, _)| *frames > 0) {
        speaker.note(format_args!("{} frames are {why}; they count in the frame above", grouped(frames as u64)));
    }
    diagnostics::warn(snapshot, speaker.is_quiet());
}
