//! What to cut, as it is shown.

use crate::commands::paths::hex;
use crate::commands::short_names::ShortNames;
use goheap_ask::holding::{Cut, CutTogether};
use goheap_model::Heap;
use goheap_report::paths::{ShownCut, ShownCuts};

/// How holders are named: for people with short types, as the reference beside them is; whole for scripts.
#[derive(Clone, Copy)]
pub(crate) struct ShownNames<'h> {
    pub(crate) heap: &'h Heap,
    pub(crate) is_short: bool,
}

impl ShownNames<'_> {
    pub(crate) fn cut(self, cut: Cut) -> ShownCut {
        let mut holder = cut.holder;
        // Without an address it is a root, whose functions and variables stand whole.
        if self.is_short && cut.address.is_some() {
            ShortNames(self.heap).name(&mut holder);
        }
        ShownCut {
            holder,
            addr: cut.address.map(hex),
            reference: cut.reference,
            ty: cut.ty,
            frees: cut.frees,
            frees_of_asked: cut.frees_of_set,
        }
    }

    pub(crate) fn together(self, together: CutTogether) -> ShownCuts {
        ShownCuts {
            cuts: together.cuts.into_iter().map(|cut| self.cut(cut)).collect(),
            frees: together.frees,
            frees_of_asked: together.frees_of_set,
        }
    }
}
