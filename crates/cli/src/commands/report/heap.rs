//! Where the heap is: who reaches how much, and of which types it is.

use crate::shell;
use goheap_ask::{Grouping, RetainedHistogram, Selection, retained_histogram};
use goheap_heap::HeapSnapshot;
use goheap_model::{Dominance, Graph};
use goheap_report::answer::{Cell, Column, Section};

/// Types that are told.
const TYPES: usize = 200;

/// What holds how much of what is allocated.
pub(super) fn sums(snapshot: &HeapSnapshot<'_, '_>) -> Section {
    let totals = &snapshot.totals;
    let columns =
        [Column::bytes("bytes").of(totals.allocated.bytes), Column::count("objects"), Column::name("held_by")];
    let mut section = Section::new("heap", columns);
    section.title = "The heap".to_owned();
    let mut row = |name: &str, share: goheap_model::Share, depth| {
        section.row([share.bytes.into(), share.objects.into(), name.into()]).depth = depth;
    };
    row("allocated", totals.allocated, 0);
    row("reachable", totals.reachable(), 1);
    for (class, share) in &totals.by_class {
        row(class.name(), *share, 2);
    }
    if totals.not_known.objects > 0 {
        row("not known to be reachable", totals.not_known, 1);
    }
    row("unreachable: garbage that was not collected yet", totals.unreachable, 1);
    section
}

/// Types by what objects of each retain.
pub(super) fn types(graph: Graph<'_>, dominance: &Dominance) -> Section {
    let (grouping, selection) = (Grouping::Type, Selection::Reachable);
    let request = RetainedHistogram { grouping, selection, is_wanted: |_: &str| true, exact: 0 };
    let histogram = retained_histogram(graph, dominance, request);
    let columns = [
        Column::bytes("bytes").of(histogram.total.share.bytes),
        Column::count("objects"),
        Column::bytes("retained").headed("retained, at least").spare(),
        Column::name("type"),
        Column::command("owners"),
    ];
    let mut section = Section::new("types", columns);
    section.title = "Types".to_owned();
    section.text =
        vec!["What is reachable, by type; `owners` of one tells who in the program's own code keeps it.".to_owned()];
    for row in &histogram.rows {
        // What stands in parentheses is no type that could be asked for.
        let is_type = !row.name.starts_with('(');
        let owners = format!("owners {}", shell::quoted(&row.name));
        let owners = if is_type { Cell::from(owners) } else { Cell::None };
        section.row([
            row.share.bytes.into(),
            row.share.objects.into(),
            row.retained.into(),
            row.name.clone().into(),
            owners,
        ]);
    }
    section.limit(TYPES);
    section
}
