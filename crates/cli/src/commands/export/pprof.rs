//! `export pprof`: the tree of who holds the heap as a profile.

use crate::args::Input;
use crate::commands::drawing::Drawing;
use crate::open::{Needs, with_heap};
use crate::output::Output;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use goheap_export::pprof::{FramePart, Mapping, Tree, write_tree};
use goheap_heap::{HeapSnapshot, SnapshotOptions, TopFrame};
use goheap_report::table::grouped;
use std::path::Path;

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path) -> Result<(), Failure> {
    let output = Output::new(out, &input.paths())?;
    let snapshot = SnapshotOptions { tree: true, ..SnapshotOptions::default() };
    with_heap(input, Needs { snapshot, ..Needs::default() }, |snapshot| {
        let samples = write(snapshot, &Drawing::breadth_first(snapshot), &mut std::iter::empty(), &output)?;
        Speaker::new(input.quiet).note(format_args!("wrote {out:?}: {} samples", grouped(samples)));
        diagnostics::warn(snapshot, input.quiet);
        Ok(())
    })
}

fn write(
    snapshot: &HeapSnapshot<'_, '_>,
    drawing: &Drawing<'_>,
    parts: &mut dyn Iterator<Item = FramePart<'_>>,
    output: &Output,
) -> Result<u64, Failure> {
    let executable = &snapshot.model.process.executable;
    let (path, id) = (executable.path().to_string_lossy(), executable.build_id_text().unwrap_or_default());
    let tree = Tree {
        trie: drawing.trie(),
        text: &|label| drawing.text(label),
        root: &root_class,
        parts,
        mapping: Mapping { file: &path, build_id: &id, is_told: true, ..Mapping::default() },
        comments: Vec::new(),
        time_nanos: 0,
    };
    output.export(|out| write_tree(tree, out))
}

/// The class of root of a frame of the first level.
fn root_class(text: &str) -> &'static str {
    match TopFrame::of(text) {
        TopFrame::Root(class) => class.name(),
        TopFrame::Several => "several",
        TopFrame::NotKnown => "not known to be reachable",
        TopFrame::Unreachable => "unreachable",
    }
}
