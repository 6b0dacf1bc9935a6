//! By which words objects lead to others, looked up beside the edges instead of read from the heap again.

use super::ReferenceGraph;
use crate::scan::pieces::is_in_pieces;
use goheap_model::{Slot, WordRow, offset_of};

impl ReferenceGraph<'_, '_, '_> {
    /// The references of an object by their words. None where these are not known, so that the object itself is to be read: nobody asked
    /// for words, no root reaches it, or some of its edges were given to another.
    pub(crate) fn words_of(&self, from: Slot) -> Option<WordRow<'_>> {
        let (node, snapshot) = (from.id.0, self.snapshot);
        let words = self.data().edges().tags(node)?;
        let (span, masks) = (snapshot.objects.span(from), &snapshot.model.masks);
        // Where the mask of a large object is absent in part, a look at all of it takes more words for pointers than the pieces did.
        let has_all =
            span.elem_size <= offset_of(u32::MAX) && (!is_in_pieces(masks, span) || masks.is_known(span, from.slot));
        let is_known = has_all && snapshot.is_reachable(from.id) && !self.rewired.contains(&node);
        is_known.then(|| WordRow { targets: self.data().edges().targets(node), words })
    }
}
