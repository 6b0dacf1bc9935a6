//! Who holds objects at once, as it is shown.

use crate::commands::cuts::ShownNames;
use crate::commands::library_steps;
use crate::commands::paths::hex;
use crate::commands::short_names::ShortNames;
use goheap_ask::holding::{Sharer, Sharing};
use goheap_model::Graph;
use goheap_report::sharing::{ShownSharer, ShownSharing};

/// Groups of holders that a screen has: each takes some lines.
pub(crate) const USUAL_SHARED: usize = 3;

/// For people with short names, and without steps inside the library if `is_short` says so; for scripts whole, where it is None.
pub(crate) fn shown(graph: Graph<'_>, sharing: &Sharing, is_short: Option<bool>) -> ShownSharing {
    let names = ShownNames { heap: graph.heap(), is_short: is_short.is_some() };
    let example = graph.slot_of(sharing.example).map(|slot| hex(graph.heap().objects.address(slot)));
    ShownSharing {
        objects: sharing.held.objects,
        bytes: sharing.held.bytes,
        holders: sharing.holders.iter().map(|holder| sharer(graph, holder, is_short)).collect(),
        more_holders: !sharing.is_all,
        example: example.unwrap_or_default(),
        cut_together: sharing.cut.clone().map(|cut| names.together(cut)),
    }
}

fn sharer(graph: Graph<'_>, holder: &Sharer, is_short: Option<bool>) -> ShownSharer {
    let Sharer { kind, name, way, each } = holder;
    let (mut name, mut way) = (name.clone(), way.clone());
    if is_short == Some(true) {
        way = library_steps::folded(graph.heap(), &way);
    }
    if is_short.is_some() && kind.name() == "object" {
        ShortNames(graph.heap()).name(&mut name);
    }
    ShownSharer { kind: kind.name(), holder: name, way, each: *each }
}
