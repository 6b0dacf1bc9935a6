//! How a difference is told.

use super::compare::{Comparison, ObjectLife, Objects};
use super::recent;
use crate::args::{DiffOptions, Input};
use crate::say::terminal::page;
use crate::shell;
use goheap_ask::diff::{Change, Entries, Grown, NamedCount, Relation, RetainedByPath, changes, grown};
use goheap_graph::TrieNode;
use goheap_model::Share;
use goheap_report::answer::{Answer, Cell, Column, Kind, Next, Section};
use goheap_report::page::Page;
use goheap_report::table::grouped;

/// Rows on a screen: of what grew, and of each other list.
pub(super) const USUAL_GROWN: usize = 8;
pub(super) const USUAL_ROWS: usize = 6;
const USUAL_OBJECTS: usize = 40;
/// What grew of which the next question is told.
const ASKED_NEXT: usize = 2;

/// What is told, to whom.
pub(super) struct Shown<'a> {
    pub(super) compared: &'a Comparison,
    pub(super) options: &'a DiffOptions,
    pub(super) input: &'a Input,
}

impl Shown<'_> {
    /// All of it.
    pub(super) fn answer(&self) -> Answer {
        if self.options.objects {
            return self.each();
        }
        let found = self.grown();
        let mut sections = vec![self.grown_section(&found)];
        sections.extend(self.estimates());
        sections.push(self.types());
        let of = |of: fn(&goheap_ask::diff::Moment) -> &Vec<NamedCount>| {
            changes(of(self.compared.before()), of(self.compared.after()))
        };
        sections.push(self.section("goroutines", "Goroutines by where they stand", &of(|moment| &moment.goroutines)));
        sections.push(self.section("sites", "By the line that allocated, as sampled", &of(|moment| &moment.sites)));
        if !self.options.written.is_table() {
            sections.push(self.section("packages", "By package", &of(|moment| &moment.packages)));
            sections.push(self.section("owners", "By variable and goroutines: what each retains", &self.owners()));
            sections.push(self.frames());
        }
        sections.retain(|section| section.key == "grown" || !section.rows.is_empty());
        let opening = format!("goheap {}", self.input.opening());
        let next = found.iter().take(ASKED_NEXT).filter_map(|one| self.next(one, &opening)).collect();
        Answer { name: "diff".into(), text: self.text(&found), sections, next, opening, ..Answer::default() }
    }

    /// What one core tells beside.
    fn estimates(&self) -> Vec<Section> {
        let mut sections = self.compared.estimates.clone();
        for section in &mut sections {
            section.keep(|name| self.is_wanted(name));
            section.limit(self.options.most(USUAL_ROWS));
        }
        sections
    }

    /// Object by object, where the process is one; else no row.
    fn each(&self) -> Answer {
        let columns = [
            Column::new("address", Kind::Address),
            Column::bytes("bytes"),
            Column::new("life", Kind::Word),
            Column::new("stays", Kind::Word),
            Column::name("type"),
        ];
        let mut section = Section::new("objects", columns);
        let wanted = |one: &&ObjectLife| self.is_wanted(&one.ty);
        for one in self.compared.objects.iter().flat_map(|objects| &objects.each).filter(wanted) {
            let stays = if one.stays { Cell::from("stays") } else { Cell::None };
            section.row([one.address.into(), one.bytes.into(), one.life.into(), stays, one.ty.clone().into()]);
        }
        section.limit(self.options.most(USUAL_OBJECTS));
        Answer { name: "diff".into(), text: self.text(&[]), sections: vec![section], ..Answer::default() }
    }

    fn grown(&self) -> Vec<Grown> {
        let mut found = grown(&self.compared.names, &self.compared.merged, self.options.min_size);
        found.retain(|one| self.is_wanted(&one.holder));
        if self.options.written.is_table() {
            found.retain(|one| one.stays() >= self.options.min_size);
        }
        found
    }

    pub(super) fn is_wanted(&self, name: &str) -> bool {
        self.options.matching.as_ref().is_none_or(|regex| regex.is_match(name))
    }

    fn bytes(&self, bytes: u64) -> String {
        page(self.input).bytes(bytes)
    }

    fn signed(&self, bytes: i64) -> String {
        signed(page(self.input), bytes)
    }

    fn text(&self, found: &[Grown]) -> Vec<String> {
        let (before, after) = (self.compared.before(), self.compared.after());
        let change = Change { before: before.reachable, after: after.reachable };
        let mut text = vec![self.pair()];
        text.push(format!(
            "reachable: {} before, {} after ({}), in {} and {} objects",
            self.bytes(change.before.bytes),
            self.bytes(change.after.bytes),
            self.signed(change.bytes()),
            grouped(change.before.objects),
            grouped(change.after.objects),
        ));
        if let Some(objects) = &self.compared.objects {
            text.push(self.lived(objects, before.reachable));
        }
        if found.is_empty() && !self.options.objects {
            let least = self.bytes(self.options.min_size);
            text.push(match self.compared.relation {
                Relation::LastCollection => format!("nothing of {least} or more came that is held"),
                _ => format!("nothing grew by {least} or more that stays"),
            });
        }
        text
    }

    /// Whose cores they are.
    fn pair(&self) -> String {
        let (before, after) = (&self.compared.before().mark, &self.compared.after().mark);
        let cores = self.compared.moments.len();
        match self.compared.relation {
            Relation::SameProcess => {
                let pid = after.pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                let counted = before.collections.zip(after.collections);
                let collections = counted.map(|(before, after)| after.saturating_sub(before));
                let collections = collections.map(|count| match count {
                    1 => ": 1 collection".to_owned(),
                    count => format!(": {} collections", grouped(count.into())),
                });
                let allocated =
                    before.allocated.zip(after.allocated).map(|(before, after)| after.saturating_sub(before));
                let allocated = allocated.map(|bytes| format!(", {} allocated between them", self.bytes(bytes)));
                format!(
                    "{cores} moments of one process{pid}{}{}",
                    collections.unwrap_or_default(),
                    allocated.unwrap_or_default()
                )
            }
            Relation::OtherProcess => format!(
                "{cores} cores of different processes of one build: told by paths and names, no object is the same"
            ),
            Relation::LastCollection => {
                let so_far = after.collections.map(|count| format!(" (there were {})", grouped(count.into())));
                format!(
                    "an estimate from one core: what was given out since the last collection{}; what took the place of another thing counts too, and how much of it lives on, two cores tell",
                    so_far.unwrap_or_default()
                )
            }
            Relation::OtherBuild => format!(
                "{cores} cores of different builds of {}: told by paths and names, which may have changed with the program",
                after.program
            ),
        }
    }

    fn lived(&self, objects: &Objects, before: Share) -> String {
        let counts = &objects.counts;
        let still = counts.survived.bytes.saturating_add(counts.perhaps.bytes);
        let gone = before.bytes.saturating_sub(still);
        let mut parts = vec![format!("{} survived for certain", self.bytes(counts.survived.bytes))];
        if counts.perhaps.objects > 0 {
            parts.push(format!("{} are perhaps the same", self.bytes(counts.perhaps.bytes)));
        }
        parts.push(format!("{} are gone", self.bytes(gone)));
        let (new, staying) = (self.bytes(counts.new.bytes), self.bytes(objects.staying.bytes));
        if self.compared.relation == Relation::LastCollection {
            let perhaps = Some(counts.perhaps.bytes).filter(|&bytes| bytes > 0);
            let unknown = perhaps.map(|bytes| format!("; {} may be old or new", self.bytes(bytes)));
            return format!("new are {new}, of which what was there holds {staying}{}", unknown.unwrap_or_default());
        }
        format!("of what was there {}; new are {new}, of which {staying} stay", parts.join(", "))
    }

    fn grown_section(&self, found: &[Grown]) -> Section {
        let mut section = Section::new("grown", self.grown_columns());
        let between = self.between();
        for one in found {
            let series = self.series(one.node, &between);
            let entries = one.entries.as_ref();
            let count = |of: fn(&Entries) -> u64| Cell::from(entries.map(of));
            let row = section.row([
                one.stays().into(),
                u64::try_from(one.bytes()).unwrap_or(0).into(),
                one.before.bytes.into(),
                one.after.bytes.into(),
                one.holder.clone().into(),
                one.root.name().into(),
                one.before.objects.into(),
                one.after.objects.into(),
                count(|entries| entries.before),
                count(|entries| entries.after),
                count(|entries| entries.bytes_before),
                count(|entries| entries.bytes_after),
                entries.map_or(Cell::None, |entries| entries.ty.clone().into()),
                one.path.clone().into(),
                series.iter().map(u64::to_string).collect::<Vec<_>>().into(),
            ]);
            row.notes = self.notes(one, &series);
        }
        section.limit(self.options.most(USUAL_GROWN));
        section
    }

    fn grown_columns(&self) -> Vec<Column> {
        let of_one = self.compared.relation == Relation::LastCollection;
        let stays = Column::bytes("stays").headed(if of_one { "came and is held" } else { "grew and stays" });
        vec![
            // Of different processes nothing is known of that.
            if self.compared.objects.is_some() { stays } else { stays.hidden() },
            Column::bytes("grew").spare(),
            Column::bytes("before").spare(),
            Column::bytes("after").spare(),
            Column::name("holder"),
            Column::new("root", Kind::Word).hidden(),
            Column::count("objects_before").hidden(),
            Column::count("objects_after").hidden(),
            Column::count("entries_before").hidden(),
            Column::count("entries_after").hidden(),
            Column::bytes("entries_bytes_before").hidden(),
            Column::bytes("entries_bytes_after").hidden(),
            Column::name("entries_type").hidden(),
            Column::new("path", Kind::Texts).hidden(),
            Column::new("retained_at", Kind::Texts).hidden(),
        ]
    }

    fn notes(&self, one: &Grown, series: &[u64]) -> Vec<String> {
        let mut notes = Vec::new();
        let entries_note = match self.compared.relation {
            Relation::LastCollection => recent::came_note,
            _ => entries_note,
        };
        notes.extend(one.entries.as_ref().map(|entries| entries_note(page(self.input), entries)));
        if series.len() > 2 {
            let each: Vec<String> = series.iter().map(|&bytes| self.bytes(bytes)).collect();
            notes.push(format!("at each core: {}", each.join(", ")));
        }
        notes
    }

    /// What the cores between the first and the last retain, by path.
    fn between(&self) -> Vec<RetainedByPath<'_>> {
        let moments = &self.compared.moments;
        let between = moments.get(1..moments.len().saturating_sub(1)).unwrap_or_default();
        between.iter().map(|moment| RetainedByPath::new(&moment.frames)).collect()
    }

    /// What a frame retains at each core.
    fn series(&self, node: TrieNode, between: &[RetainedByPath<'_>]) -> Vec<u64> {
        let frames = &self.compared.merged.frames;
        let path: Vec<&str> = frames.trie.path(node).into_iter().map(|label| frames.label_text(label)).collect();
        let (first, last) = (&self.compared.merged.before, &self.compared.merged.after);
        let mut series = vec![first[node.index()].retained.bytes];
        series.extend(between.iter().map(|moment| moment.at(&path).bytes));
        series.push(last[node.index()].retained.bytes);
        series
    }

    fn next(&self, one: &Grown, opening: &str) -> Option<Next> {
        let is_of_name = |letter: char| letter.is_alphanumeric() || "._/-".contains(letter);
        let is_name = one.holder.contains('.') && one.holder.chars().all(is_of_name);
        is_name.then(|| Next {
            question: format!("what holds {}", one.holder),
            command: format!("{opening} paths {}", shell::quoted(&one.holder)),
        })
    }
}

/// What there is more of.
fn entries_note(page: Page, entries: &Entries) -> String {
    let Entries { before, after, bytes_before, bytes_after, ty, step } = entries;
    let more = difference(*before, *after);
    let counts = format!("{} → {} ({more})", grouped(*before), grouped(*after));
    let bytes = signed(page, bytes_after.saturating_sub(*bytes_before) as i64);
    let by = if step.is_empty() { String::new() } else { format!(", by {step}") };
    if ty.is_empty() { format!("{counts} entries") } else { format!("{counts} × {ty}: {bytes}{by}") }
}

/// `+3.0 MiB`, `-12 B`.
fn signed(page: Page, bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "+" };
    format!("{sign}{}", page.bytes(bytes.unsigned_abs()))
}

/// `+12`, `-3`.
fn difference(before: u64, after: u64) -> String {
    if after < before { format!("-{}", grouped(before - after)) } else { format!("+{}", grouped(after - before)) }
}
