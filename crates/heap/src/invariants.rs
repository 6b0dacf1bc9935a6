//! What holds in every sound heap: checked on every core, since a wrong layout breaks one of them first.

use crate::samples::{Sample, keep};
use crate::snapshot::HeapSnapshot;
use goheap_model::SHOWN;
use goheap_runtime::{PAGE_BYTES, RuntimeModel, Span, SweepState};

/// One check, how often it was made, and how often it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invariant {
    /// What must hold.
    pub name: &'static str,
    /// How often it was checked.
    pub checked: u64,
    /// How often it did not hold.
    pub violations: u64,
    /// The first that failed, at most five.
    pub examples: Vec<Sample>,
}

impl Invariant {
    fn over<T>(
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        sample: impl Fn(&T) -> Sample,
        holds: impl Fn(&T) -> bool,
    ) -> Self {
        let mut invariant = Invariant { name, checked: 0, violations: 0, examples: Vec::new() };
        for item in items {
            invariant.checked += 1;
            if !holds(&item) {
                invariant.violations += 1;
                keep(&mut invariant.examples, || sample(&item));
            }
        }
        invariant
    }

    fn counted(name: &'static str, checked: u64, violations: u64, examples: Vec<Sample>) -> Self {
        Invariant { name, checked, violations, examples }
    }
}

/// Every check that the core allows.
pub fn check(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Invariant> {
    let mut checks = span_checks(snapshot.model);
    checks.push(header_check(snapshot));
    checks.extend(module_checks(snapshot.model));
    checks.extend(goroutine_checks(snapshot.model));
    checks.extend(pointer_checks(snapshot));
    checks
}

fn span_checks(model: &RuntimeModel<'_>) -> Vec<Invariant> {
    let spans = &model.heap.spans;
    let base = |span: &&Span<'_>| Sample::Record(span.base, "span");
    let broken = spans_broken(model);
    let headers = model.masks.has_headers();
    let pages: u64 = spans.iter().map(|span| span.npages).sum();
    let slots_end = |span: &Span<'_>| span.base + u64::from(span.nelems) * span.elem_size;
    // A user arena's limit is where its own bitmap begins; spans of 1.22 and 1.23 have a limit over their bitmap.
    let has_plain_limit = |span: &&Span<'_>| !span.is_user_arena_chunk;
    // A large span's limit is where what was asked for ends, in some releases.
    let limit_holds = |span: &&Span<'_>| {
        let end = slots_end(span);
        let covers_bitmap = span.has_in_span_bitmap && (end..=span.end()).contains(&span.limit);
        let in_object = span.is_large() && span.limit > span.base && span.limit <= end;
        span.limit == end || covers_bitmap || in_object
    };
    vec![
        Invariant::counted(
            "pages of spans = mheap_.pagesInUse",
            1,
            u64::from(pages != model.heap.pages_in_use),
            Vec::new(),
        ),
        Invariant::counted("spans are readable and apart", spans.len() as u64, model.heap.broken_spans, broken),
        Invariant::over("allocCount = freeindex + allocBits", spans, base, |span| {
            u64::from(span.alloc_count) == span.allocated.ones().count() as u64
        }),
        Invariant::over("nelems follows from the size class", spans, base, |span| {
            span.expected_slots(headers).is_none_or(|slots| slots == u64::from(span.nelems))
        }),
        Invariant::over("limit follows from nelems", spans.iter().filter(has_plain_limit), base, limit_holds),
        Invariant::over("spans are aligned to pages", spans, base, |span| span.base.is_multiple_of(PAGE_BYTES)),
        Invariant::over("sweepgen is one of a sound heap", spans, base, |span| {
            !matches!(span.sweep, SweepState::Unknown(_))
        }),
    ]
}

/// The first spans that could not be read, or that overlap another.
pub fn spans_broken(model: &RuntimeModel<'_>) -> Vec<Sample> {
    model.heap.first_broken.iter().map(|&at| Sample::Record(at, "mspan")).collect()
}

/// The first objects whose header names no type.
pub fn bad_headers(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Sample> {
    let slots = snapshot.model.masks.bad_slots.iter().filter_map(|at| snapshot.objects.find(at.0));
    slots.map(|slot| Sample::Object(slot.id)).collect()
}

fn header_check(snapshot: &HeapSnapshot<'_, '_>) -> Invariant {
    let (model, bad) = (snapshot.model, bad_headers(snapshot));
    Invariant::counted("allocation headers name a type", 1.max(header_count(model)), model.masks.bad_headers, bad)
}

fn header_count(model: &RuntimeModel<'_>) -> u64 {
    let headers = model.masks.has_headers();
    let spans = model.heap.spans.iter().filter(|span| span.has_headers(headers));
    spans.map(|span| span.allocated.ones().count() as u64).sum()
}

fn module_checks(model: &RuntimeModel<'_>) -> Vec<Invariant> {
    let address = |module: &&goheap_runtime::ModuleData<'_>| Sample::Record(module.address.0, "moduledata");
    vec![Invariant::over("ftab is sorted", &model.modules, address, |module| module.functions.is_sorted())]
}

fn goroutine_checks(model: &RuntimeModel<'_>) -> Vec<Invariant> {
    let live = || (0..).zip(&model.goroutines).filter(|(_, goroutine)| goroutine.status.is_live());
    let which = |(index, _): &(u32, &goheap_runtime::Goroutine)| Sample::Goroutine(*index);
    vec![
        // Written at the first switch away, so not yet by one that has never run.
        Invariant::over("g.sched.g = g", live(), which, |(_, g)| g.sched.g == g.address.0 || g.sched.g == 0),
        Invariant::over("saved stack pointers lie on their stacks", live(), which, |(_, g)| {
            let sp = if g.syscall.0 != 0 { g.syscall.0 } else { g.sched.sp };
            sp == 0 || (g.stack.0..=g.stack.1).contains(&sp)
        }),
    ]
}

fn pointer_checks(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Invariant> {
    let (totals, samples) = (&snapshot.totals, &snapshot.samples);
    let (pointers, roots) = (&totals.pointers, &totals.roots);
    let strays = pointers.to_span_tails + pointers.to_free_pages;
    let reconciled = match totals.not_known.objects {
        0 => "allocated = reachable + unreachable",
        _ => "allocated = reachable + not known to be reachable + unreachable",
    };
    vec![
        Invariant::counted(
            "stacks are walked to their top",
            roots.whole_stacks + roots.broken_stacks,
            roots.broken_stacks,
            samples.broken_stacks.clone(),
        ),
        Invariant::counted(
            "frames have stack maps",
            1.max(roots.whole_stacks),
            roots.untyped_frames,
            samples.untyped_frames.clone(),
        ),
        Invariant::counted(
            "pointers do not lead to free slots",
            pointers.words,
            pointers.to_free_slots + pointers.roots_to_free_slots,
            to_free(snapshot),
        ),
        Invariant::counted("pointers do not lead to free pages or span tails", pointers.words, strays, stray(snapshot)),
        Invariant::counted(
            "types explain the pointers of their objects",
            pointers.typed_words,
            pointers.unexplained,
            samples.unexplained.clone(),
        ),
        Invariant::counted(reconciled, 1, u64::from(!totals.is_reconciled()), Vec::new()),
    ]
}

/// The first words and roots that lead to free slots.
pub fn to_free(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Sample> {
    let words = snapshot.totals.pointers.first_to_free_slots.iter().map(Sample::Word);
    words.chain(snapshot.samples.roots_to_free.iter().cloned()).take(SHOWN).collect()
}

/// The first words that lead to free pages or between objects.
pub fn stray(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Sample> {
    snapshot.totals.pointers.first_strays.iter().map(Sample::Word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_counts_what_it_saw_and_keeps_the_first_that_failed() {
        let sample = |number: &u64| Sample::Word(*number);
        let told = Invariant::over("even", 0..40_u64, sample, |number| number.is_multiple_of(2));
        assert_eq!((told.checked, told.violations), (40, 20));
        assert_eq!(told.examples, [1, 3, 5, 7, 9].map(Sample::Word));
        let none = Invariant::over("nothing", std::iter::empty(), sample, |_| false);
        assert_eq!((none.checked, none.violations, none.examples.len()), (0, 0, 0));
    }
}
