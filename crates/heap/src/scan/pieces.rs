//! Large objects, which are read in pieces and without what is known to be nil: one object may be half of a heap, and most of a table is
//! often pages of zeros.

use goheap_runtime::{PointerMasks, Span};
use std::ops::Range;

/// Bytes of a piece. An object of no more is read at once.
pub(crate) const PIECE: u64 = 1 << 18;

/// True if the objects of the span are read in pieces. Before 1.20 nothing but the walk itself tells where an object's pointers end, so
/// that they are none.
pub(crate) fn is_in_pieces(masks: &PointerMasks<'_>, span: &Span<'_>) -> bool {
    span.elem_size > PIECE && span.is_large() && masks.can_walk_pieces()
}

/// The pieces of an object of `size` bytes, in order.
pub(crate) fn pieces(size: u64) -> impl Iterator<Item = Range<u64>> {
    (0..size).step_by(PIECE as usize).map(move |start| start..size.min(start.saturating_add(PIECE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_up_the_object() {
        assert_eq!(pieces(0).count(), 0);
        assert!(pieces(PIECE).eq(std::iter::once(0..PIECE)));
        assert!(pieces(2 * PIECE + 8).eq([0..PIECE, PIECE..2 * PIECE, 2 * PIECE..2 * PIECE + 8]));
    }
}
