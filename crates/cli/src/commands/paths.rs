//! `goheap CORE paths WHAT...`: by which references objects are held.

use crate::args::{Input, PathsFormat, PathsOptions};
use crate::commands::cuts::ShownNames;
use crate::commands::library_steps;
use crate::commands::merged_steps;
use crate::commands::paths_graph;
use crate::commands::selected::{Meant, select};
use crate::commands::sharing::{USUAL_SHARED, shown};
use crate::commands::short_names::ShortNames;
use crate::open::with_referred;
use crate::output::{Output, to_stdout};
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal;
use crate::say::watch::Watch;
use goheap_ask::holding::{self, Exclusions, Holding};
use goheap_export::graph::write_dot;
use goheap_graph::{CsrGraph, Weight};
use goheap_heap::references::ReferenceOptions;
use goheap_model::{Heap, MapRoom, Slot};
use goheap_report::paths::{
    self, Dominator, Merged, ObjectShare, PathsAnswer, PathsReport, ShownMergedStep, ShownPath, ShownStep, ShownTarget,
};
use goheap_report::sharing::ShownSharing;
use std::cell::OnceCell;

/// Paths to one object with --all, and lines of merged ones: a screen.
const USUAL_PATHS: usize = 10;
const USUAL_STEPS: usize = 40;
/// Paths that are looked at for those that read otherwise than the ones before.
const MOST_PATHS: usize = 10_000;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &PathsOptions) -> Result<(), Failure> {
    let kept = ReferenceOptions { words: true, ..ReferenceOptions::default() };
    with_referred(input, kept, |graph, watch| {
        let what = options.what();
        let fields = graph.fields();
        let selected = what.iter().map(|what| select(graph, &fields, what)).collect::<Result<Vec<_>, _>>()?;
        let holding = Holding::new(graph.data(), &fields, watch)?;
        let matches = options.exclude.as_ref().map(|regex| |text: &str| regex.is_match(text));
        let exclusions = Exclusions::new(matches.as_ref().map(|matches| matches as &dyn Fn(&str) -> bool));
        let map_room = |slot: Slot| graph.snapshot().map_room(slot);
        let asking = Asking {
            holding: &holding,
            map_room: &map_room,
            turned: OnceCell::new(),
            exclusions: &exclusions,
            options,
            watch,
        };
        let mut report = PathsReport { schema_version: paths::SCHEMA_VERSION, asked: Vec::new() };
        for (what, meant) in what.iter().zip(&selected) {
            report.asked.push(asking.answer(&what.text, meant)?);
        }
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        match options.form() {
            PathsFormat::Json => to_stdout(|out| report.write_json(out)),
            PathsFormat::Csv => to_stdout(|out| report.write_csv(out)),
            PathsFormat::Table => to_stdout(|out| report.write_text(terminal::page(input), out)),
            PathsFormat::Dot => Output::Stdout.export(|out| write_dot(&paths_graph::graph(&report), out)),
        }
    })
}

struct Asking<'a, 'h> {
    holding: &'a Holding<'h>,
    /// Made when the first object is told of: the ways of many are sought before, and both take much memory.
    turned: OnceCell<CsrGraph>,
    /// Entries and room of the map whose header is in a slot.
    map_room: &'a dyn Fn(Slot) -> Option<MapRoom>,
    exclusions: &'a Exclusions<'a>,
    options: &'a PathsOptions,
    watch: &'a Watch,
}

impl Asking<'_, '_> {
    fn answer(&self, what: &str, meant: &Meant) -> Result<PathsAnswer, Failure> {
        let (graph, nodes) = (self.holding.graph(), &meant.objects);
        let bytes = nodes.iter().map(|&node| graph.shallow(node)).sum();
        let mut answer = PathsAnswer {
            asked: what.to_owned(),
            means: meant.means,
            objects: nodes.len() as u64,
            bytes,
            ..PathsAnswer::default()
        };
        answer.in_variable = meant.in_variable.clone();
        answer.taken_for = meant.taken_for.clone();
        if self.options.merge {
            answer.merged = Some(self.merged(nodes)?);
            return Ok(answer);
        }
        let shown = if self.options.all { 1 } else { self.options.limit.unwrap_or(1) };
        if nodes.len() > 1 {
            let (ways, count) = self.holding.usual_ways(nodes, shown, self.exclusions, self.watch)?;
            answer.ways = Some(count as u64);
            let target = |way: holding::UsualWay| {
                let held_alike = Some(share(way.held));
                Ok(ShownTarget { held_alike, ..self.target(way.node, Some(way.walk))? })
            };
            answer.targets = ways.into_iter().map(target).collect::<Result<_, Failure>>()?;
        }
        if answer.targets.is_empty() {
            let retained = &self.holding.dominance().retained;
            let mut chosen = nodes.to_vec();
            chosen.sort_by_key(|&node| (std::cmp::Reverse(retained.of(node)), node));
            let targets = chosen.iter().take(shown).map(|&node| self.target(node, None));
            answer.targets = targets.collect::<Result<_, _>>()?;
        }
        Ok(answer)
    }

    /// The references turned round.
    fn turned(&self) -> Result<&CsrGraph, Failure> {
        if let Some(turned) = self.turned.get() {
            return Ok(turned);
        }
        let turned = self.holding.turned(self.watch)?;
        Ok(self.turned.get_or_init(|| turned))
    }

    /// Tells of an object; where its shortest path is known, that one.
    fn target(&self, node: u32, known: Option<holding::Walk>) -> Result<ShownTarget, Failure> {
        let (graph, dominance) = (self.holding.graph(), self.holding.dominance());
        let heap = graph.heap();
        let Some(slot) = graph.slot_of(node) else { return Ok(ShownTarget::default()) };
        let wanted = if self.options.all { self.options.limit.unwrap_or(USUAL_PATHS) } else { 1 };
        let (mut paths, more_paths) = self.paths(node, wanted)?;
        if let Some(walk) = known.filter(|_| !self.options.all) {
            paths = vec![self.told(walk, 0)];
        }
        let turned = self.turned()?;
        let cuts = self.holding.cuts_for(turned, node);
        let held_by_runtime = cuts.is_none() && self.holding.hangs_on_one(turned, node);
        let held_by = self.holding.sharing_of(turned, node).map(|sharing| self.sharing(&sharing));
        let frees = cuts.as_ref().map_or(0, |cuts| cuts.most.frees);
        let together = self.together(node, None, frees)?;
        let (most, own, nearest) = match cuts {
            Some(holding::Cuts { most, own, nearest }) => self.without_excluded(most, own, nearest),
            None => (None, None, None),
        };
        let own_extent = graph.extent(slot.id);
        let below = graph.retained_extent(dominance, node);
        Ok(ShownTarget {
            held_alike: None,
            referred_bytes: own_extent.map(|extent| extent.referred),
            retained_referred_bytes: below.map(|extent| extent.referred),
            map: (self.map_room)(slot),
            addr: hex(heap.objects.address(slot)),
            ty: self.type_text(slot),
            size: graph.shallow(node),
            retained: self.holding.dominance().retained.of(node),
            reachable: dominance.tree.contains(node),
            dominator: dominance.tree.idom(node).map(|node| self.dominator(node)),
            cut: most.map(|most| self.cuts().cut(most)),
            own_cut: own.map(|own| self.cuts().cut(own)),
            cut_together: together.map(|together| self.cuts().together(together)),
            nearest_cut: nearest.map(|nearest| self.cuts().cut(nearest)),
            held_by_runtime,
            held_by,
            paths,
            more_paths,
        })
    }

    fn cuts(&self) -> ShownNames<'_> {
        ShownNames { heap: self.holding.graph().heap(), is_short: self.options.is_for_people() }
    }

    fn type_text(&self, slot: Slot) -> String {
        let heap = self.holding.graph().heap();
        let mut text = heap.type_text(slot);
        if self.options.is_for_people() {
            ShortNames(heap).name(&mut text);
        }
        text
    }

    /// The first paths that read differently, at most so many, and whether there are more.
    fn paths(&self, node: u32, wanted: usize) -> Result<(Vec<ShownPath>, bool), Failure> {
        let mut found: Vec<(holding::Walk, u64)> = Vec::new();
        let mut walks = self.holding.paths_to(self.turned()?, node, self.exclusions).take(MOST_PATHS).enumerate();
        let is_cut_off = walks.any(|(index, walk)| {
            let is_alike = |(other, _): &(holding::Walk, u64)| self.holding.read_alike(other, &walk);
            match if self.options.all { found.iter().position(is_alike) } else { None } {
                Some(alike) => found[alike].1 += 1,
                None if found.len() < wanted => found.push((walk, 0)),
                None => return true,
            }
            index + 1 == MOST_PATHS
        });
        Ok((found.into_iter().map(|(walk, alike)| self.told(walk, alike)).collect(), is_cut_off))
    }

    fn told(&self, walk: holding::Walk, alike: u64) -> ShownPath {
        let mut path = path(walk, alike);
        if !self.options.full && self.options.is_for_people() {
            fold(self.holding.graph().heap(), &mut path.steps);
        }
        path
    }

    /// The cuts without those at what is excluded; the nearest takes the place of one that frees more.
    fn without_excluded(
        &self,
        most: holding::Cut,
        own: Option<holding::Cut>,
        nearest: holding::Cut,
    ) -> (Option<holding::Cut>, Option<holding::Cut>, Option<holding::Cut>) {
        let is_left = |cut: &holding::Cut| !self.is_excluded(cut);
        let (most, own, nearest) = (Some(most).filter(is_left), own.filter(is_left), Some(nearest).filter(is_left));
        match most {
            Some(most) => (Some(most), own, nearest),
            None => (own.or_else(|| nearest.clone()), None, nearest),
        }
    }

    /// A few cuts together, none of them at what is excluded.
    fn together(&self, node: u32, set: Option<&[u32]>, frees: u64) -> Result<Option<holding::CutTogether>, Failure> {
        let together = self.holding.cut_together(self.turned()?, node, set, frees, self.watch)?;
        Ok(together.filter(|together| !together.cuts.iter().any(|cut| self.is_excluded(cut))))
    }

    fn is_excluded(&self, cut: &holding::Cut) -> bool {
        let excluded = self.options.exclude.as_ref();
        excluded.is_some_and(|regex| regex.is_match(&cut.holder) || regex.is_match(&cut.reference))
    }

    /// All who hold some objects at once; of what is excluded too, since that keeps them.
    fn sharing(&self, sharing: &holding::Sharing) -> ShownSharing {
        let is_short = self.options.is_for_people().then_some(!self.options.full);
        shown(self.holding.graph(), sharing, is_short)
    }

    fn dominator(&self, node: u32) -> Dominator {
        let graph = self.holding.graph();
        let addr = graph.slot_of(node).map(|slot| hex(graph.heap().objects.address(slot)));
        Dominator { addr, name: self.holding.name(node) }
    }

    fn merged(&self, nodes: &[u32]) -> Result<Merged, Failure> {
        let (steps, unreached) = self.holding.merged_paths(nodes, self.exclusions, self.watch)?;
        let cut_here =
            self.holding.cut_for_set(self.turned()?, nodes, self.watch)?.filter(|cut| !self.is_excluded(cut));
        let frees = cut_here.as_ref().map_or(0, |cut| cut.frees_of_set);
        let most = nodes
            .iter()
            .copied()
            .max_by_key(|&node| (self.holding.dominance().retained.of(node), std::cmp::Reverse(node)));
        let sharing = self.holding.sharing(self.turned()?, nodes, self.watch)?;
        let together = match most {
            Some(node) => self.together(node, Some(nodes), frees)?,
            None => None,
        };
        // The one that retains most may be held alone, and most of the others not.
        let of_shared = sharing.iter().filter_map(|sharing| sharing.cut.clone());
        let is_left =
            |cut: &holding::CutTogether| cut.frees_of_set > frees && !cut.cuts.iter().any(|cut| self.is_excluded(cut));
        let together = together
            .into_iter()
            .chain(of_shared.filter(is_left))
            .reduce(|best, other| if other.frees_of_set > best.frees_of_set { other } else { best });
        let usual = if self.options.is_for_people() { USUAL_STEPS } else { usize::MAX };
        let limit = self.options.limit.unwrap_or(usual);
        let steps = match self.options.full || !self.options.is_for_people() {
            true => steps,
            false => merged_steps::without_library(self.holding.graph().heap(), steps),
        };
        // What a step leads to its own steps lead to no more of, so that those that are shown hang together.
        let mut order: Vec<usize> = (0..steps.len()).collect();
        order.sort_by_key(|&index| (std::cmp::Reverse(steps[index].through.bytes), index));
        let mut shown: Vec<usize> = order.into_iter().take(limit).collect();
        shown.sort_unstable();
        let left_out = steps.len() - shown.len();
        let mut merged =
            Merged { unreached: share(unreached), cut: cut_here.map(|cut| self.cuts().cut(cut)), ..Merged::default() };
        merged.cut_together = together.map(|together| self.cuts().together(together));
        let most_shared = if self.options.is_for_people() { USUAL_SHARED } else { usize::MAX };
        merged.sharing = sharing.iter().take(most_shared).map(|sharing| self.sharing(sharing)).collect();
        merged.steps_left_out = left_out as u64;
        merged.steps = shown.into_iter().map(|index| merged_step(&steps[index])).collect();
        Ok(merged)
    }
}

/// Passes over steps inside the library.
fn fold(heap: &Heap, steps: &mut Vec<ShownStep>) {
    let texts: Vec<&str> = steps.iter().map(|step| &*step.reference).collect();
    let explains = |index: usize| {
        let next = steps.get(index + 1);
        next.is_some_and(|next| goheap_ask::is_gathering(steps[index].retained, next.retained))
    };
    let inner = library_steps::inner(heap, &texts, explains);
    let mut passed = 0;
    let mut is_inner = inner.into_iter();
    steps.retain_mut(|step| {
        // What was left out before belongs where it stands.
        if is_inner.next() == Some(true) && step.left_out == 0 {
            passed += 1;
            return false;
        }
        step.in_library = std::mem::take(&mut passed);
        true
    });
}

fn merged_step(step: &holding::MergedStep) -> ShownMergedStep {
    ShownMergedStep {
        depth: step.depth,
        reference: step.reference.clone(),
        objects: step.through.objects,
        bytes: step.through.bytes,
        own_objects: step.own.objects,
        example: step.example.map(hex),
    }
}

pub(crate) fn hex(address: u64) -> String {
    format!("{address:#x}")
}

/// For a report.
pub(crate) fn share(weight: Weight) -> ObjectShare {
    ObjectShare { objects: weight.objects, bytes: weight.bytes }
}

fn path(walk: holding::Walk, alike: u64) -> ShownPath {
    let step = |step: holding::Step| ShownStep {
        reference: step.reference,
        addr: step.address.map(hex),
        ty: step.ty,
        retained: step.retained,
        times: step.times,
        left_out: step.left_out,
        in_library: 0,
    };
    ShownPath { root: walk.class.name(), alike, steps: walk.steps.into_iter().map(step).collect() }
}
