//! `goheap CORE owners TYPE`: who, in the program's own code, keeps the objects of a type.

use crate::args::{Input, OwnersOptions};
use crate::diagnostics;
use crate::errors::Failure;
use crate::open::with_references;
use crate::output::to_stdout;
use crate::paths::{select, share};
use crate::terminal;
use goheap_heap::holding::{self, Holding};
use goheap_report::owners::{self, Held, Owner, OwnersReport, Rows};
use goheap_report::paths::Share;

/// Owners of each list: with two lines for each both fit a screen.
const USUAL_OWNERS: usize = 8;
/// Ways that are told of an owner.
const WAYS: usize = 100;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &OwnersOptions) -> Result<(), Failure> {
    with_references(input, |graph, watch| {
        let (_, nodes) = select(graph, &options.what)?;
        let holding = Holding::new(graph, watch)?;
        let is_skipped = |text: &str| options.skip.as_ref().is_some_and(|regex| regex.is_match(text));
        let found = holding.owners(&nodes, &is_skipped, watch)?;
        let report = OwnersReport {
            schema_version: owners::SCHEMA_VERSION,
            asked: options.what.clone(),
            total: share(found.total),
            unreachable: share(found.unreached),
            owned: rows(found.owned, options),
            shared: rows(found.shared, options),
        };
        watch.report();
        diagnostics::warn(graph.snapshot());
        to_stdout(|out| match (options.json, options.csv) {
            (true, _) => report.write_json(out),
            (_, true) => report.write_csv(out),
            _ => report.write_table(terminal::columns(), out),
        })
    })
}

fn rows(found: Vec<holding::Owner>, options: &OwnersOptions) -> Rows {
    let is_wanted = |owner: &holding::Owner| options.matching.as_ref().is_none_or(|regex| regex.is_match(&owner.name));
    let wanted: Vec<holding::Owner> = found.into_iter().filter(is_wanted).collect();
    let total = wanted.iter().fold(Share::default(), |sum, owner| Share {
        objects: sum.objects + owner.keeps.objects,
        bytes: sum.bytes + owner.keeps.bytes,
    });
    let usual = if options.json || options.csv { usize::MAX } else { USUAL_OWNERS };
    let shown = options.limit.unwrap_or(usual).min(wanted.len());
    let rows_left_out = (wanted.len() - shown) as u64;
    Rows { total, rows_left_out, rows: wanted.into_iter().take(shown).map(owner).collect() }
}

fn owner(owner: holding::Owner) -> Owner {
    let (by, by_left_out) = some(owner.by);
    let (held_by, held_by_left_out) = some(owner.held_by);
    Owner {
        kind: owner.kind.name(),
        owner: owner.name,
        owners: owner.owners,
        objects: owner.keeps.objects,
        bytes: owner.keeps.bytes,
        by,
        by_left_out,
        held_by,
        held_by_left_out,
    }
}

fn some(held: Vec<holding::Held>) -> (Vec<Held>, u64) {
    let left_out = held.len().saturating_sub(WAYS) as u64;
    let told = held.into_iter().take(WAYS);
    let told = told.map(|held| Held { path: held.path, objects: held.share.objects, bytes: held.share.bytes });
    (told.collect(), left_out)
}
