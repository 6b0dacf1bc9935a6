//! `goheap CORE suspects`: where the heap gathers.

use crate::args::{Input, SuspectsOptions};
use crate::commands::{answer, birth_calls};
use crate::open::with_referred;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use crate::say::watch::Watch;
use crate::shell;
use goheap_ask::{BirthIndex, SiteGrouping, Suspect, SuspectRoot, suspects};
use goheap_heap::goroutines::{GoroutineGroups, LibraryFiles, facts};
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{Births, DominatorFrames, Heap, RootKind, Share};
use goheap_report::answer::{Answer, Cell, Column, Kind, Next, Section};
use goheap_report::dominators::Born;
use goheap_report::page::Page;
use goheap_report::referred;
use goheap_report::table::{grouped, percent};

/// Suspects of a table unless another number is asked for.
const USUAL_ROWS: usize = 8;
/// Suspects of which the next question is told.
const ASKED_NEXT: usize = 3;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &SuspectsOptions) -> Result<(), Failure> {
    with_referred(input, ReferenceOptions::default(), |graph, watch| {
        let told = answer(input, graph, options, watch)?;
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        answer::print(input, options.written.form(), &told.answer)?;
        let reachable = graph.data().heap().totals.reachable().bytes;
        match (options.fail_over, told.found.first()) {
            (Some(most), Some(first)) if first.retained.bytes > most.of(reachable) => Err(Failure::FailOver {
                holder: first.holder.clone(),
                share: percent(first.retained.bytes, reachable),
                most: most.to_string(),
            }),
            _ => Ok(()),
        }
    })
}

/// Suspects, and how they are told.
pub(crate) struct Told {
    pub(crate) found: Vec<Suspect>,
    pub(crate) answer: Answer,
}

/// Those of a graph that knows what is referred to.
pub(crate) fn answer(
    input: &Input,
    graph: &ReferenceGraph<'_, '_, '_>,
    options: &SuspectsOptions,
    watch: &Watch,
) -> Result<Told, Failure> {
    let tree = graph.data().dominators(watch)?;
    let frames = graph.frames(&tree, watch)?;
    let births = graph.snapshot().births(watch)?;
    let index = BirthIndex::new(graph.data(), &tree, &births);
    of_frames(input, graph, &frames, (&births, &index), options, watch)
}

/// Those of a dominator tree, with the lines that allocated what each retains.
pub(crate) fn of_frames(
    input: &Input,
    graph: &ReferenceGraph<'_, '_, '_>,
    frames: &DominatorFrames,
    (births, index): (&Births, &BirthIndex<'_>),
    options: &SuspectsOptions,
    watch: &Watch,
) -> Result<Told, Failure> {
    let heap = graph.data().heap();
    let reachable = heap.totals.reachable();
    let found = suspects(heap, frames, options.least.of(reachable.bytes));
    let born = |suspect: &Suspect| {
        let sampled = suspect.sampled(frames);
        birth_calls::most(index.all(SiteGrouping::Line, |object| sampled.contains(&object)), births, true)
    };
    let usual = if options.written.is_table() { USUAL_ROWS } else { usize::MAX };
    let shown = Shown { input, page: page(input), reachable };
    let standing = standing(graph, frames, &found, watch)?;
    let told = found.iter().zip(standing).map(|(suspect, standing)| One { suspect, born: born(suspect), standing });
    let told: Vec<One<'_>> = told.collect();
    let answer = shown.answer(heap, &told, options.limit.unwrap_or(usual));
    Ok(Told { found, answer })
}

/// A suspect with what is told of it beside.
struct One<'a> {
    suspect: &'a Suspect,
    born: Vec<Born>,
    /// Where its goroutines stand.
    standing: Option<String>,
}

/// What goroutines wait for and where, of each suspect that is goroutines.
fn standing(
    graph: &ReferenceGraph<'_, '_, '_>,
    frames: &DominatorFrames,
    found: &[Suspect],
    watch: &Watch,
) -> Result<Vec<Option<String>>, Failure> {
    let group_of = |suspect: &Suspect| match frames.roots.get(suspect.parts.first()?)?.kind {
        RootKind::GoroutineGroup(group) => Some(group),
        _ => None,
    };
    let groups: Vec<Option<u32>> = found.iter().map(group_of).collect();
    if groups.iter().all(Option::is_none) {
        return Ok(vec![None; found.len()]);
    }
    let model = graph.snapshot().model;
    let (known, files) = (GoroutineGroups::read(model, watch)?, LibraryFiles::new(model));
    let text = |number: u32| {
        let group = known.groups.iter().find(|group| group.number == number)?;
        let state = facts(model, &group.members).states.into_iter().next()?.0;
        let place = files.speaking(&group.calls).and_then(|at| group.calls.get(at)).or(group.calls.first())?;
        let creator = group.creator.as_ref().map(|call| format!(", created by {}", call.print_name()));
        Some(format!("{state} at {}{}", place.print_name(), creator.unwrap_or_default()))
    };
    Ok(groups.into_iter().map(|group| text(group?)).collect())
}

/// How suspects are told.
struct Shown<'a> {
    input: &'a Input,
    page: Page,
    reachable: Share,
}

impl Shown<'_> {
    /// All of them, at most `most` as rows.
    fn answer(&self, heap: &Heap, found: &[One<'_>], most: usize) -> Answer {
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
        text
    }

    fn section(&self, found: &[One<'_>]) -> Section {
        let columns = [
            Column::bytes("retained").of(self.reachable.bytes),
            Column::count("objects").spare(),
            Column::new("kind", Kind::Word).spare(),
            Column::name("holder"),
            Column::count("holders").hidden(),
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
        ];
        let mut section = Section::new("suspects", columns);
        for one @ One { suspect, born, .. } in found {
            let gathered = suspect.gathered.as_ref();
            let cells: [Cell; 16] = [
                suspect.retained.bytes.into(),
                suspect.retained.objects.into(),
                suspect.kind.name().into(),
                suspect.holder.clone().into(),
                suspect.holders.into(),
                root(suspect.root).into(),
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
            ];
            section.row(cells).notes = self.notes(one);
        }
        section
    }

    /// What there is to say of one, in sentences.
    fn notes(&self, One { suspect, born, standing }: &One<'_>) -> Vec<String> {
        let mut notes: Vec<String> = standing.iter().cloned().collect();
        if let Some(gathered) = &suspect.gathered {
            let bytes = self.page.bytes(gathered.bytes);
            notes.push(format!("{} × {}: {bytes}, by {}", grouped(gathered.values), gathered.ty, gathered.step));
        }
        if let Some(maps) = suspect.maps {
            notes.push(format!("{} map entries in {} slots", grouped(maps.entries), grouped(maps.slots)));
        }
        let kept = suspect.retained.bytes;
        if let Some(told) = referred::told(self.page, suspect.extent.map(|extent| extent.referred), kept) {
            let step = suspect.gathered.as_ref().map_or("", |gathered| &gathered.step);
            notes.push(format!("{told}: {}", referred::reason(step)));
        }
        for Born { site, samples, bytes } in born {
            let (bytes, samples) = (self.page.bytes(*bytes), grouped(*samples));
            notes.push(format!("allocated by {site}: {bytes} ({samples} sampled)"));
        }
        let remedy = suspect.kind.remedy();
        if !remedy.is_empty() {
            notes.push(format!("if it is a leak: {remedy}"));
        }
        notes
    }
}

/// What `root` is called for scripts.
fn root(root: SuspectRoot) -> &'static str {
    match root {
        SuspectRoot::Variable => "variable",
        SuspectRoot::Goroutines => "goroutines",
        SuspectRoot::Other => "other",
        SuspectRoot::Several => "several",
    }
}

/// What to ask of one, behind the words that open the core.
fn next(suspect: &Suspect) -> String {
    let name = match (suspect.root, suspect.path.first(), &suspect.gathered) {
        (SuspectRoot::Goroutines, ..) if suspect.holders > 1 => {
            return "goroutines --sort retained --stacks".to_owned();
        }
        (SuspectRoot::Variable, Some(variable), _) if !variable.contains(" at ") => {
            variable.split(' ').next().unwrap_or_default()
        }
        (.., Some(gathered)) => &gathered.ty,
        (_, Some(first), None) => first,
        (_, None, None) => return "dominators".to_owned(),
    };
    format!("paths {}", shell::quoted(name))
}
