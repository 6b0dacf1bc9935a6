//! `export pprof` and `pprof-dominators`: who holds the heap as a profile.

use super::{one_file, wrote};
use crate::args::Input;
use crate::commands::drawing::Drawing;
use crate::open::{Needs, with_references, with_watched_heap};
use crate::output::Output;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use goheap::profile::{FrameProfile, WHO_RETAINS};
use goheap_ask::{FrameObjects, frame_at, frame_objects};
use goheap_heap::references::ReferenceOptions;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::Births;
use goheap_report::table::grouped;
use std::path::Path;

/// Runs `export pprof`.
pub(super) fn references(input: &Input, out: &Path) -> Result<(), Failure> {
    let output = one_file(input, out)?;
    let snapshot = SnapshotOptions { tree: true, owners: true, ..SnapshotOptions::default() };
    with_watched_heap(
        input,
        Needs { snapshot, ..Needs::default() },
        |_| Ok(()),
        |snapshot, watch| {
            let parts = frame_objects(snapshot, |id| snapshot.frame_of(id), watch)?;
            watch.report();
            let samples = write(snapshot, &Drawing::breadth_first(snapshot), &parts, WHO_REACHES, &output)?;
            tell(input, out, samples, snapshot);
            Ok(())
        },
    )
}

/// Runs `export pprof-dominators`.
pub(super) fn dominators(input: &Input, out: &Path) -> Result<(), Failure> {
    let output = one_file(input, out)?;
    with_references(input, SnapshotOptions::default(), ReferenceOptions::default(), |graph, watch| {
        let tree = graph.data().dominators(watch)?;
        let (frames, places) = graph.frames_with_places(&tree, &Births::default(), watch)?;
        let snapshot = graph.snapshot();
        let parts = frame_objects(snapshot, |id| frame_at(&places, id), watch)?;
        watch.report();
        let samples = write(snapshot, &Drawing::dominators(&frames), &parts, WHO_RETAINS, &output)?;
        tell(input, out, samples, snapshot);
        Ok(())
    })
}

fn tell(input: &Input, out: &Path, samples: u64, snapshot: &HeapSnapshot<'_, '_>) {
    wrote(input, out, format_args!("{} samples", grouped(samples)));
    diagnostics::warn(snapshot, input.quiet);
}

const WHO_REACHES: &str = "goheap: each object once, under the root that reaches it first. A frame is a variable, field or element with its type; \
                           cum is what hangs below it.";
fn write(
    snapshot: &HeapSnapshot<'_, '_>,
    drawing: &Drawing<'_>,
    parts: &[FrameObjects],
    what: &str,
    output: &Output,
) -> Result<u64, Failure> {
    let executable = &snapshot.model.process.executable;
    let (path, id) = (executable.path().to_string_lossy(), executable.build_id_text().unwrap_or_default());
    let mut comments = vec![what.to_owned(), "-nodefraction=0 shows frames under 0.5 %.".to_owned()];
    comments.extend(doubts(snapshot));
    let profile = FrameProfile {
        heap: snapshot,
        trie: drawing.trie(),
        text: &|label| drawing.text(label),
        parts,
        file: (&path, &id),
        comments,
        time_nanos: snapshot.model.process.taken_nanos().unwrap_or(0),
    };
    output.export(|out| profile.write(out))
}

/// What may make the numbers wrong.
fn doubts(snapshot: &HeapSnapshot<'_, '_>) -> Vec<String> {
    let totals = &snapshot.totals;
    let mut doubts = Vec::new();
    if !totals.is_reconciled() {
        doubts.push("NOT RECONCILED: the parts are not the whole; trust no number.".to_owned());
    }
    if totals.not_known.bytes > 0 {
        let bytes = grouped(totals.not_known.bytes);
        doubts.push(format!("The core lacks pointers: of {bytes} bytes it is not known whether a root reaches them."));
    }
    doubts
}
