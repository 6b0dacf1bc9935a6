//! Roots, and what they are grouped by.

use super::Rows;
use super::table_writer::TableWriter;
use super::values::Cell;
use crate::ExportError;
use goheap_model::{Dominance, Graph, RootClass, RootKind, RootNode};
use std::io::Write;

/// What those below a node have from above.
#[derive(Clone, Default)]
struct Above {
    class: Option<RootClass>,
    package: Option<u32>,
    goroutine: Option<u64>,
    holder: Option<String>,
}

pub(super) fn write<W: Write + Send>(
    rows: &Rows<'_>,
    dominance: &Dominance,
    mut table: TableWriter<'_, W>,
) -> Result<(), ExportError> {
    let graph = rows.graph;
    let roots = graph.references().roots();
    let mut known: Vec<Above> = Vec::new();
    for (node, root) in roots.iter() {
        let parent = root.parent.map(|parent| parent - graph.root());
        let above = parent.and_then(|parent| known.get(parent as usize)).cloned().unwrap_or_default();
        let had_holder = above.holder.is_some();
        let here = below(graph, node, root, above);
        let retained = dominance.tree.contains(node).then(|| graph.retained_weight(dominance, node));
        let row = [
            Cell::of(u64::from(node - graph.root())),
            Cell::of_option(parent.map(u64::from)),
            table.text(kind(root.kind)),
            table.text_or_none(here.class.map(RootClass::name)),
            table.text(&graph.root_text(root.kind)),
            table.text_or_none(here.package.map(|package| roots.package(package))),
            Cell::of_option(here.goroutine),
            table.text_or_none(here.holder.as_deref()),
            Cell::flag(here.holder.is_some() && !had_holder),
            Cell::of_option(retained.map(|weight| weight.bytes)),
            Cell::of_option(retained.map(|weight| weight.objects)),
        ];
        known.push(here);
        table.row(row)?;
    }
    table.finish()
}

/// What a node has, and those below it.
fn below(graph: Graph<'_>, node: u32, root: RootNode, above: Above) -> Above {
    match root.kind {
        RootKind::All => above,
        RootKind::Class(class) => Above { class: Some(class), ..above },
        RootKind::Package(_, package) => Above { package: Some(package), ..above },
        RootKind::GoroutineGroup(_) => {
            let start = graph.start_of(node).unwrap_or_default();
            Above { holder: Some(format!("goroutine {start}")), ..above }
        }
        RootKind::Goroutine(index) => Above { goroutine: Some(graph.heap().goroutines.id(index)), ..above },
        RootKind::Frame(_) if above.holder.is_none() => Above { holder: Some(graph.root_text(root.kind)), ..above },
        RootKind::Frame(_) => above,
    }
}

fn kind(kind: RootKind) -> &'static str {
    match kind {
        RootKind::All => "all",
        RootKind::Class(_) => "class",
        RootKind::Package(..) => "package",
        RootKind::GoroutineGroup(_) => "stack",
        RootKind::Goroutine(_) => "goroutine",
        RootKind::Frame(_) => "frame",
    }
}
