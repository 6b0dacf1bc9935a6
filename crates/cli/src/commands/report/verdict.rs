//! The first sentences: what it used, of what, and what to look at.

use super::goroutines::Facts;
use crate::commands::memory::Told;
use crate::commands::profile_records;
use goheap_ask::{Gathered, Suspect};
use goheap_heap::HeapSnapshot;
use goheap_heap::process_facts::{self, captured};
use goheap_model::Share;
use goheap_report::page::Page;
use goheap_report::table::{grouped, whole_percent};
use goheap_runtime::GcSettings;

/// Suspects that are named.
const NAMED: usize = 3;
/// Waste of less than this part is none for the first sentences.
const WORTH_SAYING: u64 = 8;
/// So many goroutines at one place are a word worth.
const MANY_GOROUTINES: u64 = 100;

/// What the runtime takes for none (runtime/debug `SetMemoryLimit`: math.MaxInt64).
const NO_LIMIT: u64 = i64::MAX as u64;

/// Sentences, and for each the section with the rows behind it.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) text: Vec<String>,
    pub(super) about: Vec<String>,
}

impl Verdict {
    fn say(&mut self, about: &str, line: String) {
        self.text.push(line);
        self.about.push(about.to_owned());
    }
}

/// Two to nine.
pub(super) fn sentences(
    page: Page,
    (snapshot, profile_rate): (&HeapSnapshot<'_, '_>, Option<u64>),
    memory: &Told,
    suspects: &[Suspect],
    (goroutines, wasted): (&Facts, (u64, &str)),
) -> Verdict {
    let totals = &snapshot.totals;
    let (allocated, reachable) = (totals.allocated, totals.reachable());
    let mut said = Verdict::default();
    said.say("parts", memory.of_report());
    memory.beside.iter().for_each(|line| said.say("parts", line.clone()));
    if let Some(line) = captured::sentence(&snapshot.model.process.core, &|bytes| page.bytes(bytes)) {
        said.say("", line);
    }
    if let Some(why) = process_facts::why_it_died(snapshot.model) {
        said.say("", format!("The process died of {why}."));
    }
    if totals.unreachable.bytes > allocated.bytes / 3 {
        let (garbage, when) =
            (page.bytes(totals.unreachable.bytes), next_collection(page, &snapshot.model.gc_settings()));
        said.say("heap", format!("{garbage} are garbage that was not collected yet: {when}."));
    }
    of_suspects(&mut said, page, suspects, reachable);
    let (bytes, what) = wasted;
    if bytes > reachable.bytes / WORTH_SAYING {
        let (bytes, share) = (page.bytes(bytes), whole_percent(bytes.min(reachable.bytes), reachable.bytes));
        said.say("kinds", format!("At most {bytes} ({share}) are spent on nothing: {what}."));
    }
    of_goroutines(&mut said, page, goroutines);
    let records = snapshot.model.mem_stats().buck_hash_sys;
    if let Some(line) = profile_records::sentence(page, records, profile_rate, reachable.bytes) {
        said.say("parts", format!("{line}."));
    }
    said
}

/// Why garbage is still there: what the collector is told, and when it would have come.
fn next_collection(page: Page, gc: &GcSettings) -> String {
    let percent = gc.percent.map(|percent| match percent {
        0.. => format!("GOGC is {percent}"),
        _ => "GOGC is off".to_owned(),
    });
    let limit = gc.memory_limit.map(|limit| match limit {
        NO_LIMIT.. => "GOMEMLIMIT is not set".to_owned(),
        _ => format!("GOMEMLIMIT is {}", page.bytes(limit)),
    });
    let goal = gc.goal().map(|goal| format!("the next collection was to end at {} of heap", page.bytes(goal)));
    let known: Vec<String> = [percent, limit, goal].into_iter().flatten().collect();
    match known.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{}, and {last}", others.join(", ")),
        None => "what the collector is told is not in the core".to_owned(),
    }
}

fn of_suspects(said: &mut Verdict, page: Page, suspects: &[Suspect], reachable: Share) {
    for (at, suspect) in suspects.iter().take(NAMED).enumerate() {
        said.say("suspects", sentence(page, at, suspect, reachable));
    }
    if suspects.is_empty() {
        said.say(
            "types",
            format!(
                "Of the reachable heap ({}) no one thing retains so much that it stands out: see the types, and who retains how much.",
                heap_text(page, reachable)
            ),
        );
    }
}

fn of_goroutines(said: &mut Verdict, page: Page, goroutines: &Facts) {
    if let Some((count, place)) = goroutines.largest().filter(|(count, _)| *count >= MANY_GOROUTINES) {
        said.say(
            "goroutines",
            format!(
                "The program has {} goroutines (the runtime {} of its own) with stacks of {}; {} of them are at {place}.",
                grouped(goroutines.count),
                grouped(goroutines.system),
                page.bytes(goroutines.stack_bytes),
                grouped(count)
            ),
        );
    }
    if goroutines.leaked > 0 {
        said.say("goroutines", format!("{} goroutines provably never go on.", grouped(goroutines.leaked)));
    }
}

fn heap_text(page: Page, reachable: Share) -> String {
    format!("{} in {} objects", page.bytes(reachable.bytes), grouped(reachable.objects))
}

/// What holds how much of what; of the first also what mostly ends it.
fn sentence(page: Page, at: usize, suspect: &Suspect, reachable: Share) -> String {
    let bytes = page.bytes(suspect.retained.bytes);
    let share = whole_percent(suspect.retained.bytes, reachable.bytes);
    let many = |gathered: &Gathered| format!("{} × {}", grouped(gathered.values), gathered.ty);
    let (holder, what) = match &suspect.gathered {
        // What several roots hold may have no other name than what it is.
        Some(gathered) if gathered.ty.trim_start_matches('*') == suspect.holder => (many(gathered), String::new()),
        Some(gathered) => (suspect.holder.clone(), format!(", {}", many(gathered))),
        None => (suspect.holder.clone(), String::new()),
    };
    if at > 0 {
        return format!("Then {holder}: {bytes} ({share}){what}.");
    }
    let part = if suspect.retained.bytes < reachable.bytes / 2 { "The largest part" } else { "Most" };
    let remedy = match suspect.kind.remedy() {
        "" => String::new(),
        remedy => format!(" If it is a leak: {remedy}."),
    };
    let heap = heap_text(page, reachable);
    format!("{part} of the reachable heap ({heap}) is kept by {holder}: {bytes} ({share}){what}.{remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_told_with_what_the_collector_waits_for() {
        let gc = |percent, limit, percent_goal, limit_goal| GcSettings {
            percent,
            memory_limit: limit,
            percent_goal,
            limit_goal,
            ..GcSettings::default()
        };
        let page = Page::default();
        for (settings, said) in [
            (
                gc(Some(400), Some(NO_LIMIT), Some(5 << 30), None),
                "GOGC is 400, GOMEMLIMIT is not set, and the next collection was to end at 5.0 GiB of heap",
            ),
            (
                gc(Some(-1), Some(2 << 30), None, Some(1 << 30)),
                "GOGC is off, GOMEMLIMIT is 2.0 GiB, and the next collection was to end at 1.0 GiB of heap",
            ),
            (gc(Some(-1), None, None, None), "GOGC is off"),
            (GcSettings::default(), "what the collector is told is not in the core"),
        ] {
            assert_eq!(next_collection(page, &settings), said);
        }
    }
}
