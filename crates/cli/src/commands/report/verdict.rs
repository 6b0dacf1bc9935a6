//! The first sentences: what it used, of what, and what to look at.

use super::goroutines::Facts;
use crate::commands::captured;
use crate::commands::death;
use goheap_ask::Suspect;
use goheap_heap::HeapSnapshot;
use goheap_report::page::Page;
use goheap_report::table::{grouped, whole_percent};

/// Suspects that are named.
const NAMED: usize = 3;
/// Waste of less than this part is none for the first sentences.
const WORTH_SAYING: u64 = 8;
/// So many goroutines at one place are a word worth.
const MANY_GOROUTINES: u64 = 100;

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

/// Three to nine.
pub(super) fn sentences(
    page: Page,
    snapshot: &HeapSnapshot<'_, '_>,
    memory: Vec<String>,
    suspects: &[Suspect],
    (goroutines, wasted): (&Facts, (u64, &str)),
) -> Verdict {
    let totals = &snapshot.totals;
    let (allocated, reachable) = (totals.allocated, totals.reachable());
    let mut said = Verdict::default();
    memory.into_iter().for_each(|line| said.say("parts", line));
    said.say(
        "heap",
        format!(
            "The Go heap holds {} in {} objects, of which {} ({}) are reachable.",
            page.bytes(allocated.bytes),
            grouped(allocated.objects),
            page.bytes(reachable.bytes),
            whole_percent(reachable.bytes, allocated.bytes)
        ),
    );
    if let Some(line) = captured::sentence(&snapshot.model.process.core, page) {
        said.say("", line);
    }
    if let Some(why) = death::line(snapshot.model) {
        said.say("", format!("The process died of {why}."));
    }
    if totals.unreachable.bytes > allocated.bytes / 3 {
        said.say("heap", format!(
            "{} are garbage that was not collected yet: the heap was on its way to the next collection (GOGC, GOMEMLIMIT).",
            page.bytes(totals.unreachable.bytes)
        ));
    }
    of_suspects(&mut said, page, suspects, reachable.bytes);
    let (bytes, what) = wasted;
    if bytes > reachable.bytes / WORTH_SAYING {
        let (bytes, share) = (page.bytes(bytes), whole_percent(bytes.min(reachable.bytes), reachable.bytes));
        said.say("kinds", format!("At most {bytes} ({share}) are spent on nothing: {what}."));
    }
    of_goroutines(&mut said, page, goroutines);
    said
}

fn of_suspects(said: &mut Verdict, page: Page, suspects: &[Suspect], reachable: u64) {
    for (at, suspect) in suspects.iter().take(NAMED).enumerate() {
        said.say("suspects", sentence(page, at, suspect, reachable));
    }
    if suspects.is_empty() {
        said.say(
            "types",
            "No one thing retains so much of it that it stands out: see the types, and who retains how much."
                .to_owned(),
        );
    }
}

fn of_goroutines(said: &mut Verdict, page: Page, goroutines: &Facts) {
    if let Some((count, place)) = goroutines.largest().filter(|(count, _)| *count >= MANY_GOROUTINES) {
        said.say(
            "goroutines",
            format!(
                "The program has {} goroutines, {} of them at {place}; their stacks are {}.",
                grouped(goroutines.count),
                grouped(count),
                page.bytes(goroutines.stack_bytes)
            ),
        );
    }
    if goroutines.leaked > 0 {
        said.say("goroutines", format!("{} goroutines provably never go on.", grouped(goroutines.leaked)));
    }
}

fn sentence(page: Page, at: usize, suspect: &Suspect, reachable: u64) -> String {
    let bytes = page.bytes(suspect.retained.bytes);
    let share = whole_percent(suspect.retained.bytes, reachable);
    let what = match &suspect.gathered {
        Some(gathered) => format!(": {} × {}", grouped(gathered.values), gathered.ty),
        None => String::new(),
    };
    let verb = if at == 0 { "Most of it hangs on" } else { "Then comes" };
    let verb = if at == 0 && suspect.retained.bytes < reachable / 2 { "The largest part hangs on" } else { verb };
    format!("{verb} {}: {bytes} ({share}){what}.", suspect.holder)
}
