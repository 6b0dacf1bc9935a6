//! `export heapsnapshot`: the heap for DevTools and memlab.

use crate::args::Input;
use crate::open::with_references;
use crate::output::Output;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use goheap_export::heapsnapshot::{SnapshotFile, USUAL_LIMIT};
use goheap_heap::SnapshotOptions;
use goheap_heap::references::ReferenceOptions;
use goheap_report::table::grouped;
use std::path::Path;

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path, limit: Option<u64>) -> Result<(), Failure> {
    let output = Output::new(out, &input.paths())?;
    let words = ReferenceOptions { words: true, ..ReferenceOptions::default() };
    with_references(input, SnapshotOptions::default(), words, |graph, watch| {
        let fields = graph.fields();
        let file = SnapshotFile { limit: limit.unwrap_or(USUAL_LIMIT) };
        let written = output.export(|out| file.write(graph.data(), &fields, watch, out))?;
        watch.report();
        let speaker = Speaker::new(input.quiet);
        let (nodes, edges) = (grouped(written.nodes), grouped(written.edges));
        speaker.note(format_args!("wrote {out:?}: {nodes} nodes and {edges} edges"));
        // The first line says who wrote it.
        for fact in written.facts.iter().skip(1) {
            speaker.note(format_args!("{fact}"));
        }
        diagnostics::warn(graph.snapshot(), input.quiet);
        Ok(())
    })
}
