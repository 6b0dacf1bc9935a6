//! From a tree to the frames that are shown: narrow ones fold into the frame above, labels are escaped.

use crate::flame::Paint;
use crate::text::folded_label;
use crate::tree::ChildLists;
use crate::{Count, FlameTree, ReportError};
use std::borrow::Cow;
use std::collections::HashMap;

/// Label of the root that takes what narrow roots hold: they have no frame above to fold into.
pub const NARROW_ROOTS: &str = "(roots too narrow to show)";

/// What became of a tree's frames. What is not shown still counts in the nearest frame above that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drawn {
    /// Frames shown. Siblings that read alike are one.
    pub shown: usize,
    /// Frames below the minimal width, or that weigh nothing.
    pub too_narrow: usize,
    /// Frames that would have been too deep, and all under them.
    pub too_deep: usize,
    /// Frames for which there was no room, and all under them: the widest are shown first.
    pub no_room: usize,
}

/// How much may be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Frames of less than this part of the whole are not shown.
    pub(crate) min_width_percent: f64,
    pub(crate) frames: usize,
    pub(crate) depth: usize,
    /// Bytes of all collapsed stacks together.
    pub(crate) text: usize,
}

impl Limits {
    /// No limit but the width.
    pub(crate) fn width(min_width_percent: f64) -> Self {
        Self { min_width_percent, frames: usize::MAX, depth: usize::MAX, text: usize::MAX }
    }
}

/// A frame that is shown.
#[derive(Debug)]
pub(crate) struct ShownFrame<'a> {
    pub(crate) parent: Option<u32>,
    /// As [`folded_label`] made it; no two siblings have the same.
    pub(crate) label: Cow<'a, str>,
    pub(crate) own: u64,
    pub(crate) total: u64,
    /// Total of what is not counted: objects where bytes are, and bytes where objects are.
    pub(crate) also: u64,
    pub(crate) paint: Paint,
    /// The first of the frames that it stands for, in the tree that was pruned.
    pub(crate) first: u32,
}

/// The frames that are shown, parents before children.
#[derive(Debug)]
pub(crate) struct ShownTree<'a> {
    pub(crate) frames: Vec<ShownFrame<'a>>,
    pub(crate) drawn: Drawn,
}

impl ShownTree<'_> {
    pub(crate) fn whole(&self) -> u64 {
        let roots = self.frames.iter().filter(|frame| frame.parent.is_none());
        roots.fold(0, |sum, root| root.total.saturating_add(sum))
    }

    pub(crate) fn children(&self) -> ChildLists {
        ChildLists::new(self.frames.iter().map(|frame| frame.parent))
    }
}

/// Chooses the frames to show and merges siblings that read alike.
///
/// # Errors
///
/// [`ReportError::ParentNotBefore`] for what is no tree, [`ReportError::NothingToDraw`] for one that weighs nothing.
pub(crate) fn prune<'a>(tree: &'a FlameTree, count: Count, limits: &Limits) -> Result<ShownTree<'a>, ReportError> {
    let totals = tree.totals(count)?;
    let (fates, drawn) = choose(tree, &totals, limits);
    let mut shown = merge(tree, count, fates)?;
    shown.drawn = Drawn { shown: shown.frames.len(), ..drawn };
    match shown.whole() {
        0 => Err(ReportError::NothingToDraw { count }),
        _ => Ok(shown),
    }
}

/// What becomes of a frame.
#[derive(Debug, Clone)]
enum Fate<'a> {
    Shown {
        label: Cow<'a, str>,
        depth: usize,
        /// Bytes of its collapsed stack.
        stack: usize,
    },
    TooNarrow,
    TooDeep,
    NoRoom,
}

/// Decides about frames, widest first, until a limit is met.
struct Chooser<'a, 'b> {
    tree: &'a FlameTree,
    totals: &'b [u64],
    limits: &'b Limits,
    least: f64,
    fates: Vec<Fate<'a>>,
    drawn: Drawn,
    text: usize,
}

fn choose<'a>(tree: &'a FlameTree, totals: &[u64], limits: &Limits) -> (Vec<Fate<'a>>, Drawn) {
    let roots = tree.frames.iter().zip(totals);
    let roots = roots.filter(|(frame, _)| frame.parent.is_none());
    let whole = roots.fold(0u64, |sum, (_, total)| sum.saturating_add(*total));
    let mut chooser = Chooser {
        tree,
        totals,
        limits,
        // A percentage that is negative or no number lets everything through that weighs something.
        least: (whole as f64 * limits.min_width_percent / 100.0).max(1.0),
        fates: vec![Fate::TooNarrow; totals.len()],
        drawn: Drawn::default(),
        text: 0,
    };
    // A frame is as wide as any under it and comes before them, so this order meets parents first.
    let mut widest_first: Vec<usize> = (0..totals.len()).collect();
    widest_first.sort_by_key(|frame| std::cmp::Reverse(totals[*frame]));
    for frame in widest_first {
        chooser.decide(frame);
    }
    (chooser.fates, chooser.drawn)
}

impl<'a> Chooser<'a, '_> {
    fn decide(&mut self, frame: usize) {
        let fate = self.fate(frame);
        match &fate {
            Fate::Shown { stack, .. } => {
                self.text += stack;
                self.drawn.shown += 1;
            }
            Fate::TooNarrow => self.drawn.too_narrow += 1,
            Fate::TooDeep => self.drawn.too_deep += 1,
            Fate::NoRoom => self.drawn.no_room += 1,
        }
        self.fates[frame] = fate;
    }

    fn fate(&self, index: usize) -> Fate<'a> {
        if (self.totals[index] as f64) < self.least {
            return Fate::TooNarrow;
        }
        let frame = &self.tree.frames[index];
        let (depth, above) = match frame.parent.map(|parent| &self.fates[parent as usize]) {
            None => (1, 0),
            Some(Fate::Shown { depth, stack, .. }) => (depth + 1, *stack),
            Some(left_out) => return left_out.clone(),
        };
        if depth > self.limits.depth {
            return Fate::TooDeep;
        }
        if self.drawn.shown >= self.limits.frames {
            return Fate::NoRoom;
        }
        let label = folded_label(&frame.label);
        let stack = above + label.len() + 1;
        if self.text.saturating_add(stack) > self.limits.text {
            return Fate::NoRoom;
        }
        Fate::Shown { label, depth, stack }
    }
}

/// Builds the tree of the frames that are shown; the others' own weight goes to the nearest one above.
fn merge<'a>(tree: &FlameTree, count: Count, fates: Vec<Fate<'a>>) -> Result<ShownTree<'a>, ReportError> {
    let mut shown = ShownTree { frames: Vec::new(), drawn: Drawn::default() };
    let mut known: HashMap<(Option<u32>, Cow<'a, str>), u32> = HashMap::new();
    let mut moved_to: Vec<Option<u32>> = Vec::with_capacity(fates.len());
    for (index, (frame, fate)) in (0..).zip(tree.frames.iter().zip(fates)) {
        let above = frame.parent.and_then(|parent| moved_to[parent as usize]);
        let target = match (above, fate) {
            (above, Fate::Shown { label, .. }) => {
                Some(shown.find_or_push(&mut known, above, label, (index, frame.paint))?)
            }
            (Some(above), _) => Some(above),
            (None, _) if frame.own(count) == 0 => None,
            (None, _) => {
                let label = Cow::Borrowed(NARROW_ROOTS);
                Some(shown.find_or_push(&mut known, None, label, (index, Paint::default()))?)
            }
        };
        if let Some(target) = target {
            let target = &mut shown.frames[target as usize];
            target.own = target.own.saturating_add(frame.own(count));
            target.also = target.also.saturating_add(frame.own(count.other()));
        }
        moved_to.push(target);
    }
    shown.sum_up();
    Ok(shown)
}

impl<'a> ShownTree<'a> {
    fn find_or_push(
        &mut self,
        known: &mut HashMap<(Option<u32>, Cow<'a, str>), u32>,
        parent: Option<u32>,
        label: Cow<'a, str>,
        (first, paint): (u32, Paint),
    ) -> Result<u32, ReportError> {
        let next = u32::try_from(self.frames.len()).map_err(|_| ReportError::TooManyFrames)?;
        let index = *known.entry((parent, label.clone())).or_insert(next);
        if index == next {
            self.frames.push(ShownFrame { parent, label, own: 0, total: 0, also: 0, paint, first });
        }
        Ok(index)
    }

    fn sum_up(&mut self) {
        for index in (0..self.frames.len()).rev() {
            let frame = &mut self.frames[index];
            frame.total = frame.total.saturating_add(frame.own);
            let (total, also, parent) = (frame.total, frame.also, frame.parent);
            if let Some(parent) = parent {
                let above = &mut self.frames[parent as usize];
                above.total = above.total.saturating_add(total);
                above.also = above.also.saturating_add(also);
            }
        }
    }
}

#[cfg(test)]
mod tests;
