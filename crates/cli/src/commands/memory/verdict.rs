//! What people read first: where the memory is when the heap is not.

use goheap_heap::process_memory::{MemoryPart, ProcessMemory};
use goheap_report::page::Page;

/// A part is worth a sentence from this share of what can be resident on.
const WORTH: u64 = 20;

/// What was in memory.
pub(crate) struct Told {
    /// How much was resident, and what most of it is.
    resident: String,
    /// What to do about that.
    advice: Option<&'static str>,
    /// What is worth a sentence beside Go's heap.
    pub(crate) beside: Vec<String>,
    /// Of the heap, and of all that is mapped.
    heap: String,
    mapped: String,
}

impl Told {
    /// All of it, the most important first.
    pub(super) fn sentences(self) -> Vec<String> {
        let resident = self.resident_with(self.advice);
        [self.heap, resident].into_iter().chain(self.beside).chain([self.mapped]).collect()
    }

    /// How much was resident, and of what, beside the answers to what else could be asked.
    pub(crate) fn of_report(&self) -> String {
        self.resident_with(self.advice.filter(|advice| !advice.starts_with("ask ")))
    }

    fn resident_with(&self, advice: Option<&str>) -> String {
        let advice = advice.map_or_else(String::new, |advice| format!(": {advice}"));
        format!("{}{advice}.", self.resident)
    }

    /// What stands where the parts are told, and not before.
    pub(crate) fn of_parts(self) -> Vec<String> {
        vec![self.heap, self.mapped]
    }
}

/// What there is to say of a process's memory.
pub(crate) fn tell(memory: &ProcessMemory, page: Page) -> Told {
    let bytes = |part: MemoryPart| memory.bytes(part);
    let sum = |is_wanted: fn(MemoryPart) -> bool| memory.total(is_wanted).bytes;
    let size = |bytes: u64| page.bytes(bytes);
    let resident = sum(can_be_resident);
    let (in_use, idle) = (sum(MemoryPart::is_heap_in_use), sum(MemoryPart::is_heap_idle));
    let heap = format!(
        "Go heap in use {} (reachable objects {}); {} idle, of which {} were returned to the system.",
        size(in_use),
        size(bytes(MemoryPart::HeapReachable)),
        size(idle),
        size(bytes(MemoryPart::HeapReleased)),
    );
    let at_least = memory.total(|_| true).nonzero;
    let largest = largest(memory, at_least);
    let what = largest.map_or_else(String::new, |((largest, _), share)| format!("; {} are {largest}", size(share)));
    let resident_text =
        format!("Of what the core maps at least {} were resident and at most {}{what}", size(at_least), size(resident));
    let mut told = Vec::new();
    if let Some(glibc) = &memory.glibc
        && sum(MemoryPart::is_malloc) > resident / WORTH
    {
        let given_out = bytes(MemoryPart::MallocInUse).saturating_add(bytes(MemoryPart::MallocMapped));
        told.push(format!(
            "C's malloc: {} in use, {} free, in {}.",
            size(given_out),
            size(bytes(MemoryPart::MallocFree)),
            match glibc.arenas.len() {
                1 => "one arena".to_owned(),
                many => format!("{many} arenas"),
            },
        ));
    }
    let unknown = bytes(MemoryPart::Anonymous);
    if unknown > resident / WORTH {
        let who = match (memory.has_libraries, memory.glibc.is_some()) {
            (true, false) => "another malloc than glibc's, or mmap by C or by the program",
            (true, true) => "mmap by C or by the program",
            _ => "mmap by the program, or the runtime's buffers for traces and profiles",
        };
        told.push(format!("{} of anonymous memory belong to nobody known: {who}.", size(unknown)));
    }
    let mapped = format!(
        "The core maps {}: {} of it are only reserved, and no memory stands behind that.",
        size(memory.mapped),
        size(sum(MemoryPart::is_reserved)),
    );
    let advice = largest.map(|((_, advice), _)| advice).filter(|advice| !advice.is_empty());
    Told { resident: resident_text, advice, beside: told, heap, mapped }
}

/// A part that RSS may count: neither reserved nor returned. More than RSS is, as what was never touched is not told from what was.
fn can_be_resident(part: MemoryPart) -> bool {
    !part.is_reserved() && !matches!(part, MemoryPart::HeapReleased | MemoryPart::Overlap)
}

/// What memory is, and what to do about it; in words.
type Kind = (&'static str, &'static str);
/// Whether a part is of a kind.
type IsOf = fn(MemoryPart) -> bool;

/// What most of it is that was resident, and what that means. Pages that hold something are known of most parts; of those that share pages
/// their bytes do. Files are left out: nobody knows.
fn largest(memory: &ProcessMemory, at_least: u64) -> Option<(Kind, u64)> {
    let kinds: [(Kind, IsOf); 8] = [
        (("objects that the program holds", "ask dominators who does"), |part| {
            matches!(part, MemoryPart::HeapReachable | MemoryPart::HeapNotKnown)
        }),
        (("garbage that the next collection frees", "see GOGC and GOMEMLIMIT"), |part| {
            part == MemoryPart::HeapUnreachable
        }),
        (("free room in spans that objects keep", "ask histogram --group size-class"), |part| {
            matches!(part, MemoryPart::HeapFreeSlots | MemoryPart::HeapTails | MemoryPart::HeapInUse)
        }),
        (
            ("idle heap", "it was in use, is free, and Go keeps it for a while. It comes from a peak and is no leak"),
            |part| matches!(part, MemoryPart::HeapIdle | MemoryPart::HeapIdleNotKnown),
        ),
        (("stacks of goroutines", "ask goroutines"), MemoryPart::is_go_stacks),
        (("the runtime's own", ""), MemoryPart::is_runtime),
        (("C's (malloc)", "no profile of Go's tells of it"), MemoryPart::is_malloc),
        (("anonymous memory that belongs to nobody known", ""), |part| part == MemoryPart::Anonymous),
    ];
    let resident = |part: MemoryPart| {
        let is_split = part.is_heap_in_use() || (part.is_malloc() && part != MemoryPart::MallocMapped);
        let total = memory.total(|other| other == part);
        if is_split { total.bytes } else { total.nonzero }
    };
    let sized = kinds.into_iter().map(|(name, is_in)| {
        let parts = memory.parts.iter().map(|(part, _)| *part).filter(|part| is_in(*part));
        (name, parts.map(resident).fold(0, u64::saturating_add))
    });
    sized.max_by_key(|&(_, bytes)| bytes).filter(|&(_, bytes)| bytes > at_least / 4)
}
