//! `export heapsnapshot`: the heap for DevTools and memlab.

use super::{one_file, wrote};
use crate::args::Input;
use crate::open::with_references;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use goheap_export::heapsnapshot::{SnapshotFile, USUAL_LIMIT};
use goheap_heap::SnapshotOptions;
use goheap_heap::references::ReferenceOptions;
use goheap_report::table::grouped;
use std::path::Path;

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path, limit: Option<usize>) -> Result<(), Failure> {
    let output = one_file(input, out)?;
    let words = ReferenceOptions { words: true, ..ReferenceOptions::default() };
    with_references(input, SnapshotOptions::default(), words, |graph, watch| {
        let fields = graph.fields();
        let file = SnapshotFile { limit: limit.map_or(USUAL_LIMIT, |limit| limit as u64) };
        let written = output.export(|out| file.write(graph.data(), &fields, watch, out))?;
        watch.report();
        let (nodes, edges) = (grouped(written.nodes), grouped(written.edges));
        wrote(input, out, format_args!("{nodes} nodes and {edges} edges"));
        // The first line says who wrote it.
        for fact in written.facts.iter().skip(1) {
            Speaker::new(input.quiet).note(format_args!("{fact}"));
        }
        diagnostics::warn(graph.snapshot(), input.quiet);
        Ok(())
    })
}
