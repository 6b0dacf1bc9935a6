//! Who holds a suspect's things at once, in a sentence.

use crate::commands::sharing::shown;
use goheap_ask::HeldAtOnce;
use goheap_ask::holding::OwnerKind;
use goheap_model::Graph;

/// Holders that are named.
const NAMED: usize = 4;

/// `each held at once by main.app by .seen, and 20 × main.Series by .label: freed only when all of these let go`.
pub(super) fn text(graph: Graph<'_>, held: &HeldAtOnce) -> Option<String> {
    // Where all are the library's, nobody can let go.
    held.sharing.holders.iter().find(|holder| holder.kind != OwnerKind::Foreign)?;
    let sharing = shown(graph, &held.sharing, Some(true));
    let lines = sharing.lines_of(NAMED);
    let named = lines.join("; ");
    let which = if held.sharing.held.objects == held.asked { "each" } else { "most" };
    Some(format!("{which} {} at once, and freed only when all of these let go: {named}", sharing.held_by()))
}
