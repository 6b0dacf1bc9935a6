//! `export hprof`: the heap for what reads dumps of Java machines.

use super::{one_file, wrote};
use crate::args::Input;
use crate::open::with_references;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use goheap_export::hprof::{Call, Contents, HprofFile, Stacks};
use goheap_heap::SnapshotOptions;
use goheap_heap::references::ReferenceOptions;
use goheap_image::{Address, MemoryImage};
use goheap_report::table::grouped;
use goheap_runtime::{RuntimeModel, ThreadIndex, Tracer};
use std::cell::RefCell;
use std::path::Path;

/// Runs the command.
pub(super) fn run(input: &Input, out: &Path, values: bool) -> Result<(), Failure> {
    let output = one_file(input, out)?;
    let words = ReferenceOptions { words: true, ..ReferenceOptions::default() };
    with_references(input, SnapshotOptions::default(), words, |graph, watch| {
        let (model, fields) = (graph.snapshot().model, graph.fields());
        let stacks = ModelStacks { model, tracer: RefCell::new(Tracer::new(model)), threads: model.thread_index() };
        let memory = ModelMemory(model.memory());
        let contents = values.then_some(&memory as &dyn Contents);
        let seconds = model.process.core.provenance().and_then(|note| note.taken).unwrap_or(0);
        let millis = seconds.saturating_mul(1000);
        let file = HprofFile { stacks: Some(&stacks), contents, millis };
        let written = output.export(|out| file.write(graph.data(), &fields, watch, out))?;
        watch.report();
        let (objects, classes) = (grouped(written.objects), grouped(written.classes));
        let threads = grouped(written.threads);
        let without = if values { "" } else { "; strings and numbers in it are zero" };
        wrote(input, out, format_args!("{objects} objects, {classes} classes and {threads} goroutines{without}"));
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

/// The core's memory; what it lacks is told as not there.
struct ModelMemory<'p>(&'p MemoryImage);

impl Contents for ModelMemory<'_> {
    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        self.0.read_exact(Address(address), into)
    }
}
