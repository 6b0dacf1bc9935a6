//! Where sampled objects were allocated, of the runtime's memory profile.

use crate::error::HeapError;
use crate::snapshot::HeapSnapshot;
use foldhash::{HashMap, HashSet};
use goheap_model::{Birth, BirthCall, BirthRecord, Births, BirthsKnown, Observer, Slot};
use goheap_runtime::special::{SpecialDetail, read_specials};
use goheap_runtime::{Bucket, MemProfile, RuntimeModel};
use std::sync::Arc;

impl HeapSnapshot<'_, '_> {
    /// Where sampled objects were allocated. Read of the core, whether the rest was kept or not: it takes one time over specials and buckets.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn births(&self, observer: &dyn Observer) -> Result<Births, HeapError> {
        observer.begin("births");
        let profile = self.model.mem_profile(observer)?;
        let (mut births, mut absent) = (Vec::with_capacity(profile.samples.len()), profile.absent);
        for &(address, record) in &profile.samples {
            match self.objects.find_allocated(address) {
                Some(slot) => births.push(Birth { object: slot.id, record }),
                // Its special goes when its span is swept.
                None => absent += u64::from(self.objects.find(address).is_none()),
            }
        }
        Ok(named(self.model, MemProfile { absent, ..profile }, births))
    }

    /// The calls of the stack that allocated an object, where it was sampled: those that pprof shows. Of a slot of tiny objects those of
    /// the first that was sampled. Nothing else of the profile is read.
    pub fn birth(&self, slot: Slot) -> Vec<BirthCall> {
        let (model, span) = (self.model, self.objects.span(slot));
        let start = self.objects.address(slot);
        let specials = read_specials(model.memory(), &model.layout, &model.version, span, &mut HashSet::default());
        let bucket = specials.entries.into_iter().find_map(|special| match special.detail {
            SpecialDetail::Profile(bucket) if (start..start + span.elem_size).contains(&special.object) => Some(bucket),
            _ => None,
        });
        let Some(pcs) = bucket.and_then(|bucket| model.mem_profile_stack(bucket)) else { return Vec::new() };
        let mut names = Names::new(model);
        let stack = names.stack(&pcs);
        let births = Births::new(None, BirthsKnown::default(), names.calls, vec![stack], Vec::new(), Vec::new());
        births.shown_numbers(0).iter().filter_map(|&call| births.call(call).cloned()).collect()
    }
}

/// The memory profile alone, without the objects.
///
/// # Errors
/// The observer's refusal.
pub fn memory_profile(model: &RuntimeModel<'_>, observer: &dyn Observer) -> Result<Births, HeapError> {
    observer.begin("births");
    Ok(named(model, model.mem_profile(observer)?, Vec::new()))
}

fn named(model: &RuntimeModel<'_>, profile: MemProfile, births: Vec<Birth>) -> Births {
    let MemProfile { rate, buckets, has_list, has_cycle, absent, .. } = profile;
    let (mut names, mut stacks, mut stack_of) = (Names::new(model), Vec::new(), HashMap::default());
    let record = |bucket: Bucket| {
        let Bucket { object_size, allocs, frees, alloc_bytes, free_bytes, .. } = bucket;
        let stack = *stack_of.entry(bucket.stack).or_insert_with_key(|pcs: &Vec<u64>| {
            stacks.push(names.stack(pcs));
            stacks.len() as u32 - 1
        });
        BirthRecord { stack, object_bytes: object_size, allocs, frees, alloc_bytes, free_bytes }
    };
    let records = buckets.into_iter().map(record).collect();
    let known = BirthsKnown { all_records: has_list, settled: has_cycle, absent };
    Births::new(rate, known, names.calls, stacks, records, births)
}

/// Names calls, each once.
struct Names<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    calls: Vec<BirthCall>,
    /// By return address and depth of inlining; None beyond the last.
    number_of: HashMap<(u64, usize), Option<u32>>,
    texts: HashMap<String, Arc<str>>,
}

impl<'m, 'p> Names<'m, 'p> {
    fn new(model: &'m RuntimeModel<'p>) -> Self {
        Names { model, calls: Vec::new(), number_of: HashMap::default(), texts: HashMap::default() }
    }

    /// The calls of a stack. Each return address stands for the innermost call there, but the last stands for all: the stack may have
    /// ended within calls that were inlined (`runtime_expandFinalInlineFrame`).
    fn stack(&mut self, pcs: &[u64]) -> Box<[u32]> {
        let last = pcs.len().saturating_sub(1);
        let mut stack = Vec::with_capacity(pcs.len());
        for (index, &pc) in pcs.iter().enumerate() {
            stack.extend(self.call(pc, 0));
            if index == last {
                stack.extend((1..).map_while(|depth| self.call(pc, depth)));
            }
        }
        stack.into()
    }

    /// The number of the call at that depth of inlining, from the innermost; None beyond the last.
    fn call(&mut self, pc: u64, depth: usize) -> Option<u32> {
        if let Some(&number) = self.number_of.get(&(pc, depth)) {
            return number;
        }
        let number = self.named(pc, depth).map(|call| {
            self.calls.push(call);
            self.calls.len() as u32 - 1
        });
        self.number_of.insert((pc, depth), number);
        number
    }

    fn named(&mut self, pc: u64, depth: usize) -> Option<BirthCall> {
        let entry = self.model.unwinder().find_func(pc).map_or(0, |(_, func)| func.entry);
        // The return address of a call that ends a function lies in the next one.
        let at = if pc > entry { pc.wrapping_sub(1) } else { pc };
        let frames = self.model.inline_stack(at);
        let Some(frame) = frames.get(depth) else {
            return (depth == 0).then(|| BirthCall { pc, ..BirthCall::default() });
        };
        let (function, file) = (self.text(frame.print_name()), self.text(frame.file.clone()));
        // The stack has no address for calls around the innermost.
        let pc = if depth == 0 { pc } else { 0 };
        Some(BirthCall { pc, entry, function, file, line: frame.line })
    }

    fn text(&mut self, text: String) -> Arc<str> {
        let known = self.texts.entry(text).or_insert_with_key(|text| text.as_str().into());
        Arc::clone(known)
    }
}

#[cfg(test)]
mod tests;
