//! `goheap CORE index [OUT]`: keeps what takes long to work out.

use crate::args::{IndexOptions, Input, usage};
use crate::open::with_whole_heap;
use crate::output::Output;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use clap::error::ErrorKind;
use goheap::index_file;
use goheap_heap::HeapError;
use goheap_heap::index::{self, IndexParts};
use goheap_model::SectionError;
use goheap_report::ReportError;
use goheap_report::table::{grouped, human_bytes};
use std::io::{self, BufWriter};

/// Runs the command.
pub(crate) fn run(input: &Input, options: &IndexOptions) -> Result<(), Failure> {
    let beside = index_file::beside(&input.request.core);
    let out = options.out.as_ref().or(beside.as_ref()).ok_or_else(no_place)?;
    let output = Output::new(out, &input.paths())?.for_owner();
    with_whole_heap(input, |graph, watch| {
        let identity = index_file::identity(&input.core_options(), graph.snapshot().model.process);
        let dominators = graph.data().dominators(watch)?;
        let births = graph.snapshot().births(watch)?;
        let frames = graph.frames_with_births(&dominators, &births, watch)?;
        watch.report();
        let parts = IndexParts { graph, dominators: &dominators, frames: &frames, identity: &identity };
        let write = |out: &mut dyn io::Write| index::write(&parts, BufWriter::new(out)).map_err(written);
        let bytes = output.write(write)?;
        let objects = graph.data().heap().totals.allocated.objects;
        Speaker::new(input.quiet).note(format_args!(
            "wrote {out:?}: {}, {} bytes an object of {}",
            human_bytes(bytes),
            bytes / objects.max(1),
            grouped(objects)
        ));
        Ok(())
    })
}

/// A core that has no place has none for its index.
fn no_place() -> Failure {
    usage(ErrorKind::MissingRequiredArgument, "OUT is missing: where shall the index of a core from a pipe go?")
}

fn written(error: HeapError) -> ReportError {
    ReportError::Io(match error {
        HeapError::Index(SectionError::Write(error)) => error,
        error => io::Error::other(error),
    })
}
