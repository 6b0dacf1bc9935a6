//! Of which types the heap is.

use crate::shell;
use goheap_ask::{Grouping, RetainedHistogram, Selection, retained_histogram};
use goheap_model::{Dominance, Graph};
use goheap_report::answer::{Cell, Column, Section};

/// Types that are told.
const TYPES: usize = 200;

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
