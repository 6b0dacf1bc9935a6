//! Goroutines as Go's own tracebacks print them: `goroutines --format traceback`, and the heading of `goroutine`.

use crate::output::to_stdout;
use crate::say::errors::Failure;
use goheap_report::traceback::{Creator, Elided, PrintedAncestor, PrintedCall, PrintedGoroutine, Records};
use goheap_runtime::{GoroutineStatus, RuntimeModel, Stack, ThreadIndex, Tracer, is_shown_call};
use std::io::BufWriter;

/// Calls printed from either end of a stack since 1.21 (traceback.go `tracebackInnerFrames`, `tracebackOuterFrames`).
const INNER: usize = 50;
const OUTER: usize = 50;
/// Frames printed before (`_TracebackMaxFrames`).
const MOST_FRAMES: usize = 100;

/// Writes the goroutines with these indexes, the one that died first.
pub(crate) fn write(
    model: &RuntimeModel<'_>,
    members: &[u32],
    leaked: impl Fn(u32) -> bool,
    all: bool,
    values: bool,
) -> Result<(), Failure> {
    let died = died(model);
    let is_first = |member: &&u32| died == model.goroutines.get(**member as usize).map(|goroutine| goroutine.address.0);
    let (first, rest): (Vec<&u32>, Vec<&u32>) = members.iter().partition(is_first);
    let mut printer = Printer::new(model, all, values);
    to_stdout(|out| {
        let mut out = BufWriter::new(out);
        for (at, &&member) in first.iter().chain(&rest).enumerate() {
            if at > 0 {
                std::io::Write::write_all(&mut out, b"\n")?;
            }
            printer.goroutine(member, leaked(member)).write(&mut out)?;
        }
        Ok(std::io::Write::flush(&mut out)?)
    })
}

/// The goroutine of the thread that the kernel puts first: the one that got the signal.
fn died(model: &RuntimeModel<'_>) -> Option<u64> {
    let tid = u64::from(model.process.core.threads().first()?.tid);
    let thread = model.machine_threads.values().find(|thread| thread.procid == tid)?;
    Some(thread.curg.0)
}

/// Makes plain data of goroutines.
pub(crate) struct Printer<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    tracer: Tracer<'m, 'p>,
    threads: ThreadIndex<'m>,
    now: Option<u64>,
    all: bool,
    values: bool,
}

impl<'m, 'p> Printer<'m, 'p> {
    pub(crate) fn new(model: &'m RuntimeModel<'p>, all: bool, values: bool) -> Self {
        let (tracer, threads, now) = (Tracer::new(model), model.thread_index(), model.newest_time());
        Printer { model, tracer, threads, now, all, values }
    }

    /// One goroutine with its calls.
    fn goroutine(&mut self, index: u32, leaked: bool) -> PrintedGoroutine {
        let goroutine = &self.model.goroutines[index as usize];
        let stack = self.model.stack(goroutine, &self.threads);
        let mut printed = self.heading(goroutine, leaked);
        (printed.calls, printed.elided) = self.calls(&stack);
        printed.created_by = self.creator(goroutine);
        printed.ancestors = self.model.ancestors(goroutine).iter().map(|one| self.ancestor(one)).collect();
        printed
    }

    /// What stands in the first line.
    pub(crate) fn heading(&self, goroutine: &goheap_runtime::Goroutine, leaked: bool) -> PrintedGoroutine {
        let model = self.model;
        let waits =
            matches!(goroutine.status, GoroutineStatus::Waiting | GoroutineStatus::Syscall | GoroutineStatus::Leaked);
        let since = Some(goroutine.waitsince).filter(|&since| waits && since != 0);
        let waited = since.zip(self.now).map_or(0, |(since, now)| now.saturating_sub(since));
        let m = model.machine_threads.get(&goroutine.m.0).map(|m| (m.id, m.address.0));
        let durable = if model.is_durable(goroutine) { " (durable)" } else { "" };
        let has_records = self.all && model.version.release().has_records_in_traceback;
        PrintedGoroutine {
            id: goroutine.id,
            records: has_records.then_some(Records { g: goroutine.address.0, m }),
            state: format!("{}{durable}", model.state_text(goroutine)),
            leaked: leaked || goroutine.status == GoroutineStatus::Leaked,
            minutes: waited / 60_000_000_000,
            locked: goroutine.is_locked,
            bubble: model.bubble(goroutine),
            ..PrintedGoroutine::default()
        }
    }

    fn calls(&mut self, stack: &Stack) -> (Vec<PrintedCall>, Option<Elided>) {
        let pcs = self.model.trace_pcs(&stack.frames, stack.is_stopped);
        let mut calls = self.tracer.calls(&pcs);
        let everything = self.all || !calls.iter().any(|call| call.is_shown);
        let is_old = !self.model.version.release().elides_middle_of_traceback;
        let has_more = is_old && stack.frames.len() >= MOST_FRAMES;
        calls.retain(|call| (everything || call.is_shown) && !(is_old && call.frame >= MOST_FRAMES));
        let elided = if has_more {
            Some(Elided { after: calls.len(), count: None })
        } else {
            let count = calls.len().saturating_sub(INNER + OUTER);
            (!is_old && count > 0).then_some(Elided { after: INNER, count: Some(count) })
        };
        if let Some(Elided { after, count: Some(count) }) = elided {
            calls.drain(after..after + count);
        }
        (calls.iter().map(|call| self.call(call, stack, pcs[call.frame])).collect(), elided)
    }

    fn call(&self, call: &goheap_runtime::Call, stack: &Stack, pc: u64) -> PrintedCall {
        let frame = &stack.frames[call.frame];
        let inlined = call.call.is_inlined;
        let functions = &self.model.modules[frame.func.module].functions;
        let arguments = || functions.arguments(self.model.memory(), &frame.func, frame.argp, pc, self.values);
        let offset = frame.pc.checked_sub(frame.func.entry).filter(|&offset| offset > 0 && !inlined);
        PrintedCall {
            function: call.call.print_name(),
            arguments: if inlined { "...".to_owned() } else { arguments() },
            file: call.call.file.clone(),
            line: call.call.line,
            offset,
            registers: (self.all && !inlined).then_some((frame.fp, frame.sp, frame.pc)),
        }
    }

    fn creator(&self, goroutine: &goheap_runtime::Goroutine) -> Option<Creator> {
        let call = self.made_at(goroutine.gopc).filter(|_| goroutine.id != 1)?;
        Some(Creator { call, parent: goroutine.parent_id.unwrap_or(0) })
    }

    /// The go statement at a return address, by the function that has the frame.
    fn made_at(&self, pc: u64) -> Option<PrintedCall> {
        let before = pc.checked_sub(1)?;
        let function = self.model.unwinder().find_func(pc).map(|(_, func)| func.entry)?;
        let name = self.model.function_name(pc)?;
        if !(self.all || is_shown_call(&name)) {
            return None;
        }
        let (file, line) = self.model.position(before).unwrap_or_default();
        let offset = pc.checked_sub(function).filter(|&offset| offset > 0);
        Some(PrintedCall { function: name, file, line, offset, ..PrintedCall::default() })
    }

    fn ancestor(&self, ancestor: &goheap_runtime::Ancestor) -> PrintedAncestor {
        // The innermost call there, by the line of the call: the runtime prints that of the instruction after it.
        let call = |&pc: &u64| {
            let innermost = self.model.inline_stack(pc.checked_sub(1)?).into_iter().next()?;
            let call = self.made_at(pc)?;
            Some(PrintedCall { function: innermost.print_name(), arguments: "...".to_owned(), ..call })
        };
        PrintedAncestor {
            id: ancestor.id,
            calls: ancestor.pcs.iter().filter_map(call).collect(),
            created_by: self.made_at(ancestor.gopc).filter(|_| ancestor.id != 1),
        }
    }
}
