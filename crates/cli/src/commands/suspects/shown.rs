//! How suspects are told.

use super::standing::Standing;
use crate::args::Input;
use crate::shell;
use goheap_ask::{Gathered, Suspect, SuspectKind, SuspectRoot};
use goheap_model::names::closure_function;
use goheap_model::{Heap, Share};
use goheap_report::answer::{Answer, Cell, Column, Kind, Next, Section};
use goheap_report::dominators::Born;
use goheap_report::page::Page;
use goheap_report::referred;
use goheap_report::table::{grouped, percent};

/// Suspects of which the next question is told.
const ASKED_NEXT: usize = 3;
const COLUMNS: usize = 17;

/// A suspect with what is told of it beside.
pub(super) struct One<'a> {
    pub(super) suspect: &'a Suspect,
    pub(super) born: Vec<Born>,
    /// Where its goroutines stand, if it is goroutines.
    pub(super) standing: Option<Standing>,
    /// Who holds it at once, if nobody holds it alone.
    pub(super) held: Option<String>,
}

/// How suspects are told.
pub(super) struct Shown<'a> {
    pub(super) input: &'a Input,
    pub(super) page: Page,
    pub(super) reachable: Share,
    /// What is large and no object.
    pub(super) beside: Option<String>,
}

impl Shown<'_> {
    /// All of them, at most `most` as rows.
    pub(super) fn answer(&self, heap: &Heap, found: &[One<'_>], most: usize) -> Answer {
        let mut section = self.section(found);
        section.limit(most);
        let opening = format!("goheap {}", self.input.opening());
        let next = found.iter().take(ASKED_NEXT.min(most)).map(|One { suspect, .. }| Next {
            question: format!("what holds {}", suspect.holder),
            command: format!("{opening} {}", next(suspect)),
        });
        Answer {
            name: "suspects".into(),
            title: String::new(),
            text: self.text(heap, found),
            next: next.collect(),
            sections: vec![section],
            opening: opening.clone(),
            ..Answer::default()
        }
    }

    fn text(&self, heap: &Heap, found: &[One<'_>]) -> Vec<String> {
        let Share { bytes, objects } = self.reachable;
        let together: u64 = found.iter().map(|one| one.suspect.retained.bytes).sum();
        let mut text = vec![match found.len() {
            0 => format!(
                "reachable: {} in {} objects; nothing gathers so much of it that it is a suspect",
                self.page.bytes(bytes),
                grouped(objects)
            ),
            count => format!(
                "reachable: {} in {} objects; {count} {} {}",
                self.page.bytes(bytes),
                grouped(objects),
                if count == 1 { "suspect retains" } else { "suspects retain" },
                percent(together.min(bytes), bytes)
            ),
        }];
        let garbage = heap.totals.unreachable.bytes;
        if garbage > bytes / 2 {
            text.push(format!(
                "{} more are unreachable: garbage that was not collected yet, which no suspect holds",
                self.page.bytes(garbage)
            ));
        }
        text.extend(self.beside.clone());
        text
    }

    fn section(&self, found: &[One<'_>]) -> Section {
        let mut section = Section::new("suspects", self.columns());
        for one in found {
            section.row(cells(one)).notes = self.notes(one);
        }
        section
    }

    fn columns(&self) -> [Column; COLUMNS] {
        [
            Column::bytes("retained").of(self.reachable.bytes),
            Column::count("objects").spare(),
            Column::new("kind", Kind::Word).spare(),
            Column::name("holder"),
            Column::count("holders").hidden(),
            Column::count("leaked").hidden(),
            Column::new("root", Kind::Word).hidden(),
            Column::count("values").hidden(),
            Column::name("type").hidden(),
            Column::bytes("values_bytes").hidden(),
            Column::bytes("referred_bytes").hidden(),
            Column::count("map_entries").hidden(),
            Column::count("map_slots").hidden(),
            Column::new("path", Kind::Texts).hidden(),
            Column::new("keywords", Kind::Texts).hidden(),
            Column::new("allocated_by", Kind::Texts).hidden(),
            Column::command("next"),
        ]
    }

    /// What there is to say of one, in sentences.
    fn notes(&self, One { suspect, born, standing, held }: &One<'_>) -> Vec<String> {
        let mut notes: Vec<String> = standing.iter().flat_map(Standing::notes).collect();
        if let Some(gathered) = &suspect.gathered {
            let bytes = self.page.bytes(gathered.bytes);
            notes.push(format!("{} × {}: {bytes}, by {}", grouped(gathered.values), gathered.ty, gathered.step));
            notes.extend(gathered.others.iter().map(|other| {
                format!("beside them {} × {}: {}", grouped(other.values), other.ty, self.page.bytes(other.bytes))
            }));
            if suspect.kind == SuspectKind::Timers {
                notes.push("only what nothing else holds is counted".to_owned());
            }
        }
        if !suspect.with.is_empty() {
            let parts = suspect.with.iter().map(|part| format!("{} × {}", grouped(part.values), part.ty));
            notes.push(format!("with all that they and these alone keep: {}", parts.collect::<Vec<_>>().join(", ")));
        }
        notes.extend(held.clone());
        if let Some(maps) = suspect.maps {
            notes.push(format!("{} map entries in {} slots", grouped(maps.entries), grouped(maps.slots)));
        }
        let kept = suspect.retained.bytes;
        if let Some(told) = referred::told(self.page, suspect.extent.map(|extent| extent.referred), kept) {
            let step = suspect.gathered.as_ref().map_or("", |gathered| &gathered.step);
            notes.push(format!("{told}: {}", referred::reason(step)));
        }
        notes.extend(born.iter().map(|born| born.text(self.page)));
        let remedy = suspect.kind.remedy();
        if !remedy.is_empty() {
            notes.push(format!("if it is a leak: {remedy}"));
        }
        notes
    }
}

/// The cells of one's row.
fn cells(One { suspect, born, standing, .. }: &One<'_>) -> [Cell; COLUMNS] {
    let gathered = suspect.gathered.as_ref();
    [
        suspect.retained.bytes.into(),
        suspect.retained.objects.into(),
        suspect.kind.name().into(),
        suspect.holder.clone().into(),
        suspect.holders.into(),
        standing.as_ref().map(|standing| standing.leaked).into(),
        suspect.root.name().into(),
        gathered.map(|gathered| gathered.values).into(),
        gathered.map_or(Cell::None, |gathered| gathered.whole_type.clone().into()),
        gathered.map(|gathered| gathered.bytes).into(),
        suspect.extent.map(|extent| extent.referred).into(),
        suspect.maps.map(|maps| maps.entries).into(),
        suspect.maps.map(|maps| maps.slots).into(),
        suspect.path.clone().into(),
        suspect.keywords.clone().into(),
        born.iter().map(|born| born.site.clone()).collect::<Vec<_>>().into(),
        next(suspect).into(),
    ]
}

/// What to ask of one, behind the words that open the core.
fn next(suspect: &Suspect) -> String {
    if suspect.root == SuspectRoot::Goroutines && suspect.holders > 1 || suspect.kind == SuspectKind::Goroutines {
        return "goroutines --sort retained --stacks".to_owned();
    }
    // A variable or type with its fields is taken as it is printed; steps into maps and slices are not.
    let is_of_name = |letter: char| letter.is_alphanumeric() || "._/-".contains(letter);
    let is_name = suspect.holder.contains('.') && suspect.holder.chars().all(is_of_name);
    // Where functions gather, who reads their name knows where they are made: what they keep is asked.
    let of_functions = suspect.gathered.as_ref().filter(|gathered| is_function(gathered));
    match &suspect.gathered {
        Some(Gathered { keeps: Some(keeps), .. }) if of_functions.is_some() => {
            format!("owners {}", shell::quoted(keeps))
        }
        // Where nobody holds alone, all who do.
        Some(gathered) if suspect.root == SuspectRoot::Several && suspect.kind == SuspectKind::Shared => {
            format!("owners {}", shell::quoted(&gathered.whole_type))
        }
        _ if is_name => format!("paths {}", shell::quoted(&suspect.holder)),
        // Of a closure, the function: what it captured is no part of its name.
        Some(gathered) => {
            let function = closure_function(&gathered.whole_type).filter(|name| name.contains(".func"));
            format!("paths {}", shell::quoted(function.unwrap_or(&gathered.whole_type)))
        }
        None => "dominators".to_owned(),
    }
}

/// True of functions with what they captured.
fn is_function(gathered: &Gathered) -> bool {
    goheap_ask::is_closure_text(&gathered.ty)
}
