//! The runtime's own counters, beside what was found.

use goheap_heap::process_memory::ProcessMemory;
use goheap_report::answer::{Column, Kind, Section};

pub(super) fn section(memory: &ProcessMemory) -> Section {
    let columns = [
        Column::name("counter"),
        Column::bytes("runtime").headed("by the runtime"),
        Column::bytes("found"),
        Column { kind: Kind::Word, ..Column::name("equal") }.headed("").spare(),
    ];
    let mut section = Section::new("counters", columns);
    section.title = "As runtime.ReadMemStats would tell it".to_owned();
    for counter in &memory.counters {
        let verdict = match counter.theirs.zip(counter.ours) {
            None => "",
            Some((theirs, ours)) if theirs == ours => "equal",
            Some(_) => "differs",
        };
        section.row([counter.name.into(), counter.theirs.into(), counter.ours.into(), verdict.into()]);
    }
    let sums = memory.counters.iter().filter(|counter| counter.ours.is_some());
    if sums.clone().any(|counter| counter.theirs.is_none()) {
        section.notes.push(
            "The runtime's counters were not all found: the executable has no symbols, and the code that names them is of no known form.".to_owned(),
        );
    }
    if sums.filter_map(|counter| counter.theirs.zip(counter.ours)).any(|(theirs, ours)| theirs != ours) {
        section.notes.push(
            "They differ where pages were being returned, or a span being made, at the moment of the dump.".to_owned(),
        );
    }
    section
}
