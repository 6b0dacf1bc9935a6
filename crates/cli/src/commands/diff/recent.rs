//! What one core tells of growth: what came since the last collection, how old goroutines are, what backing arrays tell. All of it is an estimate.

use super::compare::Last;
use crate::say::errors::Failure;
use crate::say::watch::Watch;
use crate::shell;
use goheap_ask::diff::{
    ArrayAge, ByAge, Entries, GoroutineAges, Grown, Lives, SinceCollection, array_ages, goroutine_ages, grown,
    new_by_frame, since_collection,
};
use goheap_model::{Claim, DominatorFrames, Observer, Sweeps};
use goheap_report::answer::{Cell, Column, Kind, Section};
use goheap_report::page::Page;
use goheap_report::table::grouped;

/// What is made of each slot, in bytes.
const BYTES_OF_SLOT: u64 = 1;

/// What of a core came since its last collection; by types too only where `by_type`.
pub(super) fn found(
    at_hand: &Last<'_>,
    (frames, sweeps): (&DominatorFrames, &Sweeps),
    by_type: bool,
    watch: &Watch,
) -> Result<SinceCollection, Failure> {
    watch.begin("comparison");
    let Last { graph, tree, places, .. } = *at_hand;
    watch.claim(Claim { kept: 0, passing: u64::from(graph.data().object_count()) * BYTES_OF_SLOT })?;
    let find = if by_type { since_collection } else { new_by_frame };
    Ok(find((graph.data(), tree), (frames, places), sweeps))
}

/// How old goroutines are, and what backing arrays of so many bytes tell.
pub(super) fn estimates(
    page: Page,
    at_hand: &Last<'_>,
    (frames, sweeps): (&DominatorFrames, &Sweeps),
    lives: &Lives,
    least: u64,
) -> Vec<Section> {
    let Last { graph, groups, places, .. } = *at_hand;
    let outgrown = |arrays: &[_]| graph.snapshot().outgrown(arrays, &sweeps.kept);
    let mut arrays = match has_collected(sweeps) {
        true => array_ages(graph.data(), lives, (frames, places), outgrown),
        false => Vec::new(),
    };
    arrays.retain(|array| array.bytes >= least);
    vec![ages_section(&goroutine_ages(groups)), arrays_section(page, &arrays)]
}

/// Before the first collection nothing is older than another thing.
fn has_collected(sweeps: &Sweeps) -> bool {
    sweeps.collections.unwrap_or(sweeps.generation / 2) > 0
}

/// What a report has of it: at most so many rows of each list, of so many bytes at the least.
pub(in crate::commands) fn of_report(
    page: Page,
    at_hand: &Last<'_>,
    frames: &DominatorFrames,
    (most, least): (usize, u64),
    watch: &Watch,
) -> Result<Vec<Section>, Failure> {
    let sweeps = at_hand.graph.snapshot().sweeps();
    let found = found(at_hand, (frames, &sweeps), false, watch)?;
    let mut rows =
        if has_collected(&sweeps) { grown(at_hand.graph.data().heap(), &found.merged, least) } else { Vec::new() };
    rows.retain(|one| one.stays() >= least);
    let mut sections = vec![recent_section(page, &rows, &sweeps)];
    sections.extend(estimates(page, at_hand, (frames, &sweeps), &found.lives, least));
    sections.iter_mut().for_each(|section| section.limit(most));
    sections.retain(|section| section.key == "recent" || !section.rows.is_empty());
    Ok(sections)
}

fn recent_section(page: Page, rows: &[Grown], sweeps: &Sweeps) -> Section {
    let columns = [
        Column::bytes("came"),
        Column::bytes("retained").spare(),
        Column::name("holder"),
        Column::new("root", Kind::Word).hidden(),
        Column::count("entries_before").hidden(),
        Column::count("entries_after").hidden(),
        Column::new("path", Kind::Texts).hidden(),
        Column::command("next"),
    ];
    let mut section = Section::new("recent", columns);
    section.title = "What came since the last collection".to_owned();
    section.text = vec![match (has_collected(sweeps), sweeps.collections) {
        (false, _) => "There was no collection yet: nothing is known to be older than another thing.".to_owned(),
        (true, collections) => format!(
            "An estimate from this core alone, by the collector's bits: what was given out since the last collection{} and is held by what was \
             there, or waits. How much of it will live on, two cores tell; what took the place of another thing counts too. `diff` of this core \
             tells it alone.",
            collections.map(|count| format!(" (there were {})", grouped(count.into()))).unwrap_or_default()
        ),
    }];
    for one in rows {
        let entries = one.entries.as_ref();
        let row = section.row([
            one.stays().into(),
            one.after.bytes.into(),
            one.holder.clone().into(),
            one.root.name().into(),
            entries.map(|entries| entries.before).into(),
            entries.map(|entries| entries.after).into(),
            one.path.clone().into(),
            format!("diff --match {}", shell::quoted(&format!("^{}$", regex::escape(&one.holder)))).into(),
        ]);
        row.notes = entries.map(|entries| came_note(page, entries)).into_iter().collect();
    }
    section
}

/// A word, where there is one.
fn word(word: &str) -> Cell {
    if word.is_empty() { Cell::None } else { word.into() }
}

/// What of a holder's came since.
pub(super) fn came_note(page: Page, entries: &Entries) -> String {
    let Entries { before, after, bytes_before, bytes_after, ty, step } = entries;
    let came = format!("{} of {}", grouped(after.saturating_sub(*before)), grouped(*after));
    let bytes = page.bytes(bytes_after.saturating_sub(*bytes_before));
    let by = if step.is_empty() { String::new() } else { format!(", by {step}") };
    if ty.is_empty() { format!("{came} entries came since") } else { format!("{came} × {ty} came since: {bytes}{by}") }
}

/// Of each age as many, as cells.
fn by_age(ages: &ByAge) -> Cell {
    ages.iter().map(u64::to_string).collect::<Vec<_>>().into()
}

fn ages_section(ages: &[GoroutineAges]) -> Section {
    let columns = [
        Column::count("goroutines"),
        Column::count("made_lately").spare(),
        Column::count("waits_unseen").headed("wait since the last collection").spare(),
        Column::new("looks", Kind::Word),
        Column::name("standing").headed("at"),
        Column::count("lowest").hidden(),
        Column::count("greatest").hidden(),
        Column::new("by_number", Kind::Texts).hidden(),
        Column::new("by_wait", Kind::Texts).hidden(),
        Column::count("collections").hidden(),
    ];
    let mut section = Section::new("goroutine_ages", columns);
    section.title = "How old goroutines are".to_owned();
    section.text = vec![
        "Estimates: by their numbers, which Go gives in order (made lately: in the last quarter of them), and by which collection first saw each \
         wait. Those that ended are not known: where some of every age stay they may be piling up, but a pool whose members are replaced may \
         look so too."
            .to_owned(),
    ];
    for one in ages {
        let [.., lately] = one.by_number;
        let row = section.row([
            one.goroutines.into(),
            lately.into(),
            one.waits_unseen.into(),
            word(one.look.name()),
            one.standing.clone().into(),
            one.numbers.0.into(),
            one.numbers.1.into(),
            by_age(&one.by_number),
            by_age(&one.by_wait),
            one.collections.into(),
        ]);
        row.notes = vec![ages_note(one)];
    }
    section
}

fn ages_note(ages: &GoroutineAges) -> String {
    let parts = |parts: &ByAge| parts.map(grouped).join(", ");
    let GoroutineAges { numbers: (lowest, greatest), by_number, by_wait, collections, .. } = ages;
    let waits = match collections {
        0 => String::new(),
        1 => "; one collection was the first to see them wait".to_owned(),
        _ => format!(
            "; {} collections were the first to see some wait, by quarters of the time: {}",
            grouped(*collections),
            parts(by_wait)
        ),
    };
    format!(
        "numbers {} to {}, by quarters of all numbers, the oldest first: {}{waits}",
        grouped(*lowest),
        grouped(*greatest),
        parts(by_number)
    )
}

fn arrays_section(page: Page, arrays: &[ArrayAge]) -> Section {
    let columns = [
        Column::bytes("bytes"),
        Column::bytes("bytes_before").headed("was").spare(),
        Column::count("references").spare(),
        Column::count("new"),
        Column::new("new_lie", Kind::Word).headed("new ones lie"),
        Column::name("holder"),
        Column::name("type").hidden(),
    ];
    let mut section = Section::new("array_ages", columns);
    section.title = "Backing arrays since the last collection".to_owned();
    section.text = vec![
        "Estimates: an array that took the place of a smaller one has grown, and that is garbage still (was); new references at the end were \
         added, those among the old may have replaced others."
            .to_owned(),
    ];
    for one in arrays {
        let row = section.row([
            one.bytes.into(),
            one.bytes_before.into(),
            one.references.into(),
            one.new.into(),
            word(one.lie.name()),
            one.holder.clone().into(),
            one.ty.clone().into(),
        ]);
        let grew = one.bytes_before.map(|before| {
            format!(
                "took the place of an array of {}, which has the same first words and is garbage",
                page.bytes(before)
            )
        });
        row.notes = grew.into_iter().collect();
    }
    section
}
