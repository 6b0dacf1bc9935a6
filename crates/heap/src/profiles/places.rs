//! Return addresses as the frames of a profile (proto.go `appendLocsForStack`): an address for each call, those that are inlined too,
//! becomes a place for each frame.

use foldhash::HashMap;
use goheap_model::{CodeCall, CodeFunction, CodePlace, CodeProfile, CodeSample};
use goheap_runtime::{InlineFrame, RuntimeModel};
use std::sync::Arc;

/// What a sample takes beside its frames.
pub(super) const SAMPLE_BYTES: usize = 200;

/// Which addresses a stack has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addresses {
    /// One for each call: what is inlined has one of its own, but for the outermost frame, which may be cut within.
    OfCalls,
    /// One for each frame.
    OfFrames,
}

/// Makes a profile of stacks, each place and function once.
pub(super) struct Places<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    made: CodeProfile,
    function_of: HashMap<String, u32>,
    place_of: HashMap<CodePlace, u32>,
    calls_of: HashMap<u64, Arc<[Known]>>,
}

/// A call at an instruction.
struct Known {
    pc: u64,
    /// Where the code begins of the function that has the frame; 0 where there is none.
    entry: u64,
    is_inlined: bool,
    call: CodeCall,
    frame: InlineFrame,
}

impl<'m, 'p> Places<'m, 'p> {
    pub(super) fn new(model: &'m RuntimeModel<'p>) -> Self {
        let (function_of, place_of, calls_of) = Default::default();
        Places { model, made: CodeProfile::default(), function_of, place_of, calls_of }
    }

    /// The frames of a stack of return addresses, the innermost first.
    pub(super) fn of_stack(&mut self, pcs: &[u64], addresses: Addresses) -> Box<[u32]> {
        let (mut places, mut open) = (Vec::with_capacity(pcs.len()), Vec::new());
        for (index, &pc) in pcs.iter().enumerate() {
            let calls = self.calls(pc);
            let behind = pcs.get(index + 1).copied();
            let depth = match (addresses, behind) {
                (Addresses::OfCalls, Some(_)) => 1,
                (Addresses::OfFrames, Some(_)) if calls[0].entry == 0 => 0,
                // One that is told by the next address is not told twice.
                (Addresses::OfFrames, Some(behind)) => {
                    1 + calls.iter().skip(1).take_while(|call| call.pc.wrapping_add(1) != behind).count()
                }
                (_, None) => calls.len(),
            };
            for at in 0..depth {
                let callee = if at == 0 { "" } else { &*calls[at - 1].frame.function };
                if at == 0 || !self.model.is_passed_over(&calls[at].frame, callee) {
                    self.add(&calls, at, &mut open, &mut places);
                }
            }
        }
        self.close(&mut open, &mut places);
        places.into()
    }

    /// Adds a call to the frame that is open, if it belongs to it (proto.go `tryAdd`). `open` has the instruction that the frame began with
    /// beside its calls.
    fn add(&mut self, calls: &Arc<[Known]>, at: usize, open: &mut Vec<(Arc<[Known]>, usize)>, places: &mut Vec<u32>) {
        let known = &calls[at];
        let goes_on = open.last().is_some_and(|(calls, at)| {
            let last = &calls[*at];
            last.is_inlined
                && last.entry != 0
                && last.entry == known.entry
                && last.frame.function != known.frame.function
        });
        if !goes_on {
            self.close(open, places);
        }
        // The call that ends every goroutine is in no profile.
        if known.frame.function != "runtime.goexit" {
            open.push((Arc::clone(calls), at));
        }
    }

    fn close(&mut self, open: &mut Vec<(Arc<[Known]>, usize)>, places: &mut Vec<u32>) {
        let Some((first, at)) = open.first() else { return };
        let address = first[*at].pc;
        let calls = open.iter().map(|(calls, at)| calls[*at].call).collect();
        places.push(self.place(CodePlace { address, calls }));
        open.clear();
    }

    /// The frame at an instruction, of the calls there that `is_kept`.
    pub(super) fn of_frame(&mut self, pc: u64, is_kept: impl Fn(usize) -> bool) -> Option<u32> {
        let calls = self.model.inline_stack(pc);
        let kept: Vec<CodeCall> =
            (0..).zip(&calls).filter(|(at, _)| is_kept(*at)).map(|(_, frame)| self.call(frame)).collect();
        let is_end = |frame: &InlineFrame| frame.function == "runtime.goexit";
        if kept.is_empty() || calls.iter().any(is_end) {
            return None;
        }
        Some(self.place(CodePlace { address: pc, calls: kept.into() }))
    }

    fn place(&mut self, place: CodePlace) -> u32 {
        *self.place_of.entry(place).or_insert_with_key(|place| {
            self.made.places.push(place.clone());
            self.made.places.len() as u32 - 1
        })
    }

    /// The calls before a return address, never none.
    fn calls(&mut self, pc: u64) -> Arc<[Known]> {
        if let Some(known) = self.calls_of.get(&pc) {
            return Arc::clone(known);
        }
        let entry = self.model.unwinder().find_func(pc).map_or(0, |(_, func)| func.entry);
        // The return address of a call that ends a function lies in the next one.
        let at = if pc > entry { pc.wrapping_sub(1) } else { pc };
        let mut calls = if entry == 0 { Vec::new() } else { self.model.inline_calls(at) };
        if calls.is_empty() {
            calls.push((at, InlineFrame::default()));
        }
        let known = calls.into_iter().map(|(pc, frame)| {
            let (is_inlined, call) = (frame.is_inlined, self.call(&frame));
            Known { pc, entry, is_inlined, call, frame }
        });
        let known: Arc<[Known]> = known.collect();
        self.calls_of.insert(pc, Arc::clone(&known));
        known
    }

    /// A function is known by its name alone, as the runtime has it.
    fn call(&mut self, frame: &InlineFrame) -> CodeCall {
        let functions = &mut self.made.functions;
        let function = *self.function_of.entry(frame.function.clone()).or_insert_with_key(|name| {
            let (name, file) = (name.as_str().into(), frame.file.as_str().into());
            functions.push(CodeFunction { name, file, start_line: frame.start_line });
            functions.len() as u32 - 1
        });
        CodeCall { function, line: frame.line }
    }

    /// True if the innermost call at an address is the allocator's own, which profiles of memory pass over. The address is not that of the
    /// call, but the one behind it (protomem.go, `FuncForPC`).
    pub(super) fn is_of_allocator(&self, pc: u64) -> bool {
        let calls = self.model.inline_stack(pc);
        let is_own = |name: &str| name.starts_with("runtime.") || name.starts_with("internal/runtime/");
        calls.first().is_some_and(|frame| is_own(&frame.function))
    }

    /// The profile with its samples.
    pub(super) fn with(self, samples: Vec<CodeSample>) -> CodeProfile {
        CodeProfile { samples, ..self.made }
    }
}
