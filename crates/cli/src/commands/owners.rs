//! `goheap CORE owners TYPE`: who, in the program's own code, keeps the objects of a type.

use crate::args::{Form, Input, OwnersOptions};
use crate::commands::library_steps;
use crate::commands::paths::share;
use crate::commands::selected::select;
use crate::commands::sharing::{USUAL_SHARED, shown};
use crate::commands::short_names::ShortNames;
use crate::open::with_referred;
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal;
use goheap_ask::holding::{self, Holding};
use goheap_graph::Weight;
use goheap_heap::HeapSnapshot;
use goheap_heap::references::{ReferenceGraph, ReferenceOptions};
use goheap_model::{ObjectId, Standing};
use goheap_report::owners::{self, OwnerRows, OwnersReport, ShownHeld, ShownOwner};
use goheap_report::paths::ObjectShare;
use goheap_report::sharing::ShownSharing;

/// Owners of both lists: with up to three lines each they fit a screen.
const USUAL_OWNERS: usize = 10;
/// Ways that are told of an owner.
const WAYS: usize = 100;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &OwnersOptions) -> Result<(), Failure> {
    let kept = ReferenceOptions { words: true, ..ReferenceOptions::default() };
    with_referred(input, kept, |graph, watch| {
        let fields = graph.fields();
        let meant = select(graph, &fields, &options.what)?;
        let nodes = meant.objects;
        let holding = Holding::new(graph.data(), &fields, watch)?;
        let is_skipped = |text: &str| options.skip.as_ref().is_some_and(|regex| regex.is_match(text));
        let found = holding.owners(&nodes, &is_skipped, watch)?;
        let report = report(graph, options, (meant.taken_for, &nodes), found);
        watch.report();
        diagnostics::warn(graph.snapshot(), input.quiet);
        to_stdout(|out| match options.written.form() {
            Form::Json => report.write_json(out),
            Form::Csv => report.write_csv(out),
            Form::Table => report.write_table(terminal::page(input), out),
        })
    })
}

/// What was found, as it is told of `nodes` and what they were taken for.
fn report(
    graph: &ReferenceGraph<'_, '_, '_>,
    options: &OwnersOptions,
    (taken_for, nodes): (Vec<String>, &[u32]),
    found: holding::Owners,
) -> OwnersReport {
    let snapshot = graph.snapshot();
    let is_not_known = |node: &u32| snapshot.standing(ObjectId(*node)) == Standing::NotKnown;
    let not_known = nodes.iter().filter(|&node| is_not_known(node)).fold(Weight::default(), |mut sum, &node| {
        sum.add(graph.data().weight(node));
        sum
    });
    let is_short = options.written.is_table().then_some(!options.full);
    let wanted = found.sharing.iter().filter(|sharing| is_wanted(sharing, options));
    let mut sharing: Vec<ShownSharing> = wanted.map(|one| shown(graph.data(), one, is_short)).collect();
    let sharing_left_out = sharing.len().saturating_sub(most_shared(options));
    sharing.truncate(sharing.len() - sharing_left_out);
    let limits = limits(&found, options);
    OwnersReport {
        schema_version: owners::SCHEMA_VERSION,
        asked: options.what.text.clone(),
        taken_for,
        total: share(found.total),
        referred_bytes: found.referred.map(|extent| extent.referred),
        capacity_bytes: found.referred.map(|extent| extent.capacity),
        maps: snapshot.map_rooms(nodes.iter().map(|&node| ObjectId(node))),
        not_known_to_be_reachable: share(not_known),
        unreachable: share(Weight {
            bytes: found.unreached.bytes - not_known.bytes,
            objects: found.unreached.objects - not_known.objects,
        }),
        owned: for_people(snapshot, options, rows(found.owned, options, limits[0])),
        shared: for_people(snapshot, options, rows(found.shared, options, limits[1])),
        sharing_left_out: sharing_left_out as u64,
        sharing,
    }
}

/// Rows with names shortened and a library's steps folded, where a table is asked for.
fn for_people(snapshot: &HeapSnapshot<'_, '_>, options: &OwnersOptions, mut rows: OwnerRows) -> OwnerRows {
    if !options.written.is_table() {
        return rows;
    }
    if !options.full {
        let all = rows.rows.iter_mut().flat_map(|row| row.by.iter_mut().chain(&mut row.held_by));
        all.for_each(|held| held.path = library_steps::folded(snapshot, &held.path));
    }
    let of_type = rows.rows.iter_mut().filter(|row| row.kind == "object");
    of_type.for_each(|row| ShortNames(snapshot).name(&mut row.owner));
    rows
}

/// How many of each list are shown. One that is short leaves its room to the other.
fn limits(found: &holding::Owners, options: &OwnersOptions) -> [usize; 2] {
    let usual = options.written.is_table().then_some(USUAL_OWNERS);
    match (options.limit, usual) {
        (Some(limit), _) => [limit; 2],
        (None, None) => [usize::MAX; 2],
        (None, Some(usual)) => {
            let [owned, shared] = [&found.owned, &found.shared].map(|list| wanted(list, options).count());
            let owned = owned.min(usual - shared.min(usual / 2));
            [owned, usual - owned]
        }
    }
}

/// Groups of holders that are told: each takes some lines.
fn most_shared(options: &OwnersOptions) -> usize {
    if options.written.is_table() { options.limit.unwrap_or(USUAL_SHARED) } else { usize::MAX }
}

fn is_wanted(sharing: &holding::Sharing, options: &OwnersOptions) -> bool {
    options.matching.as_ref().is_none_or(|regex| sharing.holders.iter().any(|holder| regex.is_match(&holder.name)))
}

fn wanted<'o>(found: &'o [holding::Owner], options: &'o OwnersOptions) -> impl Iterator<Item = &'o holding::Owner> {
    found.iter().filter(|owner| options.matching.as_ref().is_none_or(|regex| regex.is_match(&owner.name)))
}

fn rows(found: Vec<holding::Owner>, options: &OwnersOptions, limit: usize) -> OwnerRows {
    let wanted: Vec<holding::Owner> = wanted(&found, options).cloned().collect();
    let total = wanted.iter().fold(ObjectShare::default(), |sum, owner| ObjectShare {
        objects: sum.objects + owner.keeps.objects,
        bytes: sum.bytes + owner.keeps.bytes,
    });
    let shown = limit.min(wanted.len());
    let rows_left_out = (wanted.len() - shown) as u64;
    OwnerRows { total, rows_left_out, rows: wanted.into_iter().take(shown).map(owner).collect() }
}

fn owner(owner: holding::Owner) -> ShownOwner {
    let (by, by_left_out) = some(owner.by);
    let (held_by, held_by_left_out) = some(owner.held_by);
    ShownOwner {
        kind: owner.kind.name(),
        owner: owner.name,
        owners: owner.owners,
        objects: owner.keeps.objects,
        bytes: owner.keeps.bytes,
        referred_bytes: owner.referred.map(|extent| extent.referred),
        capacity_bytes: owner.referred.map(|extent| extent.capacity),
        by,
        by_left_out,
        held_by,
        held_by_left_out,
    }
}

fn some(held: Vec<holding::Held>) -> (Vec<ShownHeld>, u64) {
    let left_out = held.len().saturating_sub(WAYS) as u64;
    let told = held.into_iter().take(WAYS);
    let told = told.map(|held| ShownHeld { path: held.path, objects: held.share.objects, bytes: held.share.bytes });
    (told.collect(), left_out)
}
