//! What holds in every sound heap: checked on every core, since a wrong layout breaks one of them first.

use crate::snapshot::{HeapSnapshot, Totals};
use goheap_image::Address;
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
    /// Address of the first that failed.
    pub example: Option<Address>,
}

impl Invariant {
    fn over<T>(
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        address: impl Fn(&T) -> u64,
        holds: impl Fn(&T) -> bool,
    ) -> Self {
        let mut invariant = Invariant { name, checked: 0, violations: 0, example: None };
        for item in items {
            invariant.checked += 1;
            if !holds(&item) {
                invariant.violations += 1;
                invariant.example.get_or_insert(Address(address(&item)));
            }
        }
        invariant
    }

    fn counted(name: &'static str, checked: u64, violations: u64, example: Option<u64>) -> Self {
        Invariant { name, checked, violations, example: example.map(Address) }
    }
}

/// Every check that the core allows.
pub fn check(snapshot: &HeapSnapshot<'_, '_>) -> Vec<Invariant> {
    let mut checks = span_checks(snapshot.model);
    checks.extend(module_checks(snapshot.model));
    checks.extend(goroutine_checks(snapshot.model));
    checks.extend(pointer_checks(&snapshot.totals));
    checks
}

fn span_checks(model: &RuntimeModel<'_>) -> Vec<Invariant> {
    let spans = &model.heap.spans;
    let base = |span: &&Span<'_>| span.base;
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
        Invariant::counted("pages of spans = mheap_.pagesInUse", 1, u64::from(pages != model.heap.pages_in_use), None),
        Invariant::counted("spans are readable and apart", spans.len() as u64, model.heap.broken_spans, None),
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
        Invariant::counted("allocation headers name a type", 1.max(header_count(model)), model.masks.bad_headers, None),
    ]
}

fn header_count(model: &RuntimeModel<'_>) -> u64 {
    let headers = model.masks.has_headers();
    let spans = model.heap.spans.iter().filter(|span| span.has_headers(headers));
    spans.map(|span| span.allocated.ones().count() as u64).sum()
}

fn module_checks(model: &RuntimeModel<'_>) -> Vec<Invariant> {
    let address = |module: &&goheap_runtime::ModuleData<'_>| module.address.0;
    vec![Invariant::over("ftab is sorted", &model.modules, address, |module| module.functions.is_sorted())]
}

fn goroutine_checks(model: &RuntimeModel<'_>) -> Vec<Invariant> {
    let live = || model.goroutines.iter().filter(|goroutine| goroutine.status.is_live());
    let address = |goroutine: &&goheap_runtime::Goroutine| goroutine.address.0;
    vec![
        // Written at the first switch away, so not yet by one that has never run.
        Invariant::over("g.sched.g = g", live(), address, |g| g.sched.g == g.address.0 || g.sched.g == 0),
        Invariant::over("saved stack pointers lie on their stacks", live(), address, |g| {
            let sp = if g.syscall.0 != 0 { g.syscall.0 } else { g.sched.sp };
            sp == 0 || (g.stack.0..=g.stack.1).contains(&sp)
        }),
    ]
}

fn pointer_checks(totals: &Totals) -> Vec<Invariant> {
    let (pointers, roots) = (&totals.pointers, &totals.roots);
    let stray = pointers.to_span_tails + pointers.to_free_pages;
    vec![
        Invariant::counted(
            "stacks are walked to their top",
            roots.whole_stacks + roots.broken_stacks,
            roots.broken_stacks,
            None,
        ),
        Invariant::counted("frames have stack maps", 1.max(roots.whole_stacks), roots.untyped_frames, None),
        Invariant::counted(
            "pointers do not lead to free slots",
            pointers.words,
            pointers.to_free_slots + pointers.roots_to_free_slots,
            pointers.first_to_free_slot,
        ),
        Invariant::counted("pointers do not lead to free pages or span tails", pointers.words, stray, None),
        Invariant::counted(
            "types explain the pointers of their objects",
            pointers.typed_words,
            pointers.unexplained,
            None,
        ),
        Invariant::counted("allocated = reachable + unreachable", 1, u64::from(!totals.is_reconciled()), None),
    ]
}
