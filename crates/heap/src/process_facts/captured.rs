//! Where a core comes from that goheap took of a live process, in words: its own note.

use goheap_image::{CoreFile, Provenance};
use goheap_model::words::utc;
use std::time::{Duration, UNIX_EPOCH};

/// Longest reason that is shown; the note of a core that was made up has any.
const LONGEST: usize = 120;

/// `at 82 % of 512.0 MiB, for rss > 80%`; None of other cores.
pub fn words(core: &CoreFile, bytes: &dyn Fn(u64) -> String) -> Option<String> {
    Some(of_note(core.provenance()?, bytes))
}

/// When, as the note says.
pub fn when(core: &CoreFile) -> Option<String> {
    let seconds = core.provenance()?.taken?;
    utc(UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?)
}

/// A sentence for reports.
pub fn sentence(core: &CoreFile, bytes: &dyn Fn(u64) -> String) -> Option<String> {
    let words = words(core, bytes)?;
    let when = when(core).map(|when| format!(" ({when})")).unwrap_or_default();
    let space = if words.is_empty() { "" } else { " " };
    Some(format!("Dumped by goheap while the process lived{space}{words}{when}."))
}

fn of_note(note: &Provenance, bytes: &dyn Fn(u64) -> String) -> String {
    let mut words = Vec::new();
    if let Some((used, whole)) = note.share() {
        let percent = u128::from(used) * 100 / u128::from(whole);
        let whose = if note.limit.is_some() { "" } else { " of the machine" };
        words.push(format!("at {percent} % of {}{whose}", bytes(whole)));
    }
    if !note.trigger.is_empty() {
        let trigger: String = note.trigger.chars().take(LONGEST).collect();
        words.push(format!("for {trigger}"));
    }
    if note.method == "running" {
        words.push("without a stop, its threads as they slept".to_owned());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::words::human_bytes;

    #[test]
    fn a_note_reads_as_words() {
        let note = Provenance {
            limit: Some(512 << 20),
            used: Some(420 << 20),
            trigger: "rss > 80% (1 of 2 bytes)".to_owned(),
            ..Provenance::default()
        };
        assert_eq!(of_note(&note, &human_bytes), "at 82 % of 512.0 MiB, for rss > 80% (1 of 2 bytes)");
        let unlimited = Provenance { rss: Some(1 << 30), machine: Some(10 << 30), ..Provenance::default() };
        assert_eq!(of_note(&unlimited, &human_bytes), "at 10 % of 10.0 GiB of the machine");
        assert_eq!(of_note(&Provenance::default(), &human_bytes), "");
        let long = Provenance { trigger: "x".repeat(4000), ..Provenance::default() };
        assert_eq!(of_note(&long, &human_bytes).len(), LONGEST + 4);
    }
}
