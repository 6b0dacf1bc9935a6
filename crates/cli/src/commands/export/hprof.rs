//! `export hprof`: the heap for what reads dumps of Java machines.

use crate::args::Input;
use crate::open::with_references;
use crate::output::Output;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::speaker::Speaker;
use goheap_export::hprof::{Call, HprofFile, Stacks};
use goheap_heap::SnapshotOptions;
use goheap_heap::references::ReferenceOptions;
use goheap_report::table::grouped;
use goheap_runtime::{RuntimeModel, ThreadIndex, Tracer};
use std::cell::RefCell;
use std::path::Path;

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path) -> Result<(), Failure> {
    let output = Output::new(out, &input.paths())?;
    let words = ReferenceOptions { words: true, ..ReferenceOptions::default() };
    with_references(input, SnapshotOptions::default(), words, |graph, watch| {
        let (model, fields) = (graph.snapshot().model, graph.fields());
        let stacks = ModelStacks { model, tracer: RefCell::new(Tracer::new(model)), threads: model.thread_index() };
        let seconds = model.process.core.provenance().and_then(|note| note.taken).unwrap_or(0);
        let millis = seconds.saturating_mul(1000);
        let file = HprofFile { stacks: Some(&stacks), millis, ..HprofFile::default() };
        let written = output.export(|out| file.write(graph.data(), &fields, watch, out))?;
        watch.report();
        let (objects, classes) = (grouped(written.objects), grouped(written.classes));
        let threads = grouped(written.threads);
        Speaker::new(input.quiet).note(format_args!(
            "wrote {out:?}: {objects} objects, {classes} classes and {threads} goroutines; all numbers and strings in it are zero"
        ));
        diagnostics::warn(graph.snapshot(), input.quiet);
        Ok(())
    })
}

/// Calls as the runtime's tables tell them, inlined ones too.
struct ModelStacks<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    tracer: RefCell<Tracer<'m, 'p>>,
    threads: ThreadIndex<'m>,
}

impl Stacks for ModelStacks<'_, '_> {
    fn calls(&self, goroutine: u32) -> Vec<Call> {
        let Some(goroutine) = self.model.goroutines.get(goroutine as usize) else { return Vec::new() };
        let stack = self.model.stack(goroutine, &self.threads);
        let pcs = self.model.trace_pcs(&stack.frames, stack.is_stopped);
        let calls = self.tracer.borrow_mut().calls(&pcs);
        let call = |call: &goheap_runtime::Call| Call {
            function: call.call.function.clone(),
            file: call.call.file.clone(),
            line: call.call.line,
        };
        calls.iter().map(call).collect()
    }
}
