//! The tree that all flame formats are written from.

use crate::ReportError;
use crate::flame::{Changed, Paint};
use std::fmt;

/// Which of a frame's two numbers a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Bytes.
    Bytes,
    /// Objects.
    Objects,
}

impl Count {
    /// The other one.
    pub(crate) fn other(self) -> Count {
        match self {
            Count::Bytes => Count::Objects,
            Count::Objects => Count::Bytes,
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Count::Bytes => "bytes",
            Count::Objects => "objects",
        })
    }
}

/// A node of a [`FlameTree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Index of the frame above; less than the frame's own index. None for a root.
    pub parent: Option<u32>,
    /// What the frame reads, as it is: each format escapes for itself.
    pub label: String,
    /// Bytes at the frame itself, without the frames under it.
    pub bytes: u64,
    /// Objects at the frame itself, without the frames under it.
    pub objects: u64,
    /// What its colour says in a picture.
    pub paint: Paint,
}

impl Frame {
    /// The frame's own number of what is counted.
    #[must_use]
    pub fn own(&self, count: Count) -> u64 {
        match count {
            Count::Bytes => self.bytes,
            Count::Objects => self.objects,
        }
    }
}

/// Who holds how much: frames, each after its parent; any number of roots.
///
/// Overhead: 56 bytes a frame (16 more in a difference) and its label's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlameTree {
    /// The frames, parents before children.
    pub frames: Vec<Frame>,
    /// In a difference, what each frame was and is; empty in other trees.
    pub(crate) changes: Vec<Changed>,
}

impl FlameTree {
    /// Appends a frame and returns its index.
    ///
    /// # Errors
    ///
    /// [`ReportError::TooManyFrames`] when indexes run out. The parent is checked when the tree is written.
    pub fn push(
        &mut self,
        parent: Option<u32>,
        label: impl Into<String>,
        bytes: u64,
        objects: u64,
    ) -> Result<u32, ReportError> {
        let index = u32::try_from(self.frames.len()).map_err(|_| ReportError::TooManyFrames)?;
        self.frames.push(Frame { parent, label: label.into(), bytes, objects, paint: Paint::default() });
        Ok(index)
    }

    /// Says what the colour of a frame means. No frame of that index is no error.
    pub fn paint(&mut self, frame: u32, paint: Paint) {
        if let Some(frame) = self.frames.get_mut(frame as usize) {
            frame.paint = paint;
        }
    }

    /// Says what a frame and all below it were and are: the tree is one of a difference. No frame of that index is no error.
    pub fn change(&mut self, frame: u32, change: Changed) {
        self.changes.resize(self.frames.len(), Changed::default());
        if let Some(place) = self.changes.get_mut(frame as usize) {
            *place = change;
            self.paint(frame, Paint { change: Some(change.shade()), ..Paint::default() });
        }
    }

    /// For each frame the sum over itself and all under it; sums stay at the greatest number rather than wrap.
    pub(crate) fn totals(&self, count: Count) -> Result<Vec<u64>, ReportError> {
        let mut totals: Vec<u64> = self.frames.iter().map(|frame| frame.own(count)).collect();
        for (index, frame) in self.frames.iter().enumerate().rev() {
            let Some(parent) = frame.parent else { continue };
            if parent as usize >= index {
                return Err(ReportError::ParentNotBefore { frame: index, parent });
            }
            let total = totals[index];
            let above = &mut totals[parent as usize];
            *above = above.saturating_add(total);
        }
        Ok(totals)
    }
}

/// The children of each frame, made from the parents in one pass; the first list holds the roots.
///
/// `parents` must come before their children, as [`FlameTree::totals`] checks.
pub(crate) struct ChildLists {
    starts: Vec<usize>,
    ids: Vec<u32>,
}

impl ChildLists {
    pub(crate) fn new(parents: impl DoubleEndedIterator<Item = Option<u32>> + Clone) -> Self {
        let slot = |parent: Option<u32>| parent.map_or(0, |parent| parent as usize + 1);
        let len = parents.clone().count();
        let mut starts = vec![0; len + 2];
        for parent in parents.clone() {
            starts[slot(parent)] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut ids = vec![0u32; len];
        for (child, parent) in (0..len as u32).rev().zip(parents.rev()) {
            let start = &mut starts[slot(parent)];
            *start -= 1;
            ids[*start] = child;
        }
        Self { starts, ids }
    }

    /// The children of `frame` in their own order; the roots for None.
    pub(crate) fn of(&self, frame: Option<u32>) -> &[u32] {
        let slot = frame.map_or(0, |frame| frame as usize + 1);
        &self.ids[self.starts[slot]..self.starts[slot + 1]]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn totals_are_inclusive_and_do_not_wrap() {
        let mut tree = FlameTree::default();
        let a = tree.push(None, "a", 1, 10).unwrap();
        let b = tree.push(Some(a), "b", 2, u64::MAX).unwrap();
        tree.push(Some(b), "c", 4, 0).unwrap();
        tree.push(None, "d", 8, 1).unwrap();
        assert_eq!(tree.totals(Count::Bytes).unwrap(), [7, 6, 4, 8]);
        let objects = tree.totals(Count::Objects).unwrap();
        assert_eq!(objects, [u64::MAX, u64::MAX, 0, 1]);
    }

    #[test]
    fn a_parent_that_comes_later_is_refused() {
        for parent in [0, 7] {
            let mut tree = FlameTree::default();
            tree.push(Some(parent), "a", 1, 1).unwrap();
            let error = tree.totals(Count::Bytes).unwrap_err();
            let expected = format!("frame 0 is not after its parent {parent}");
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn children_are_listed_in_order() {
        let parents = [None, Some(0), None, Some(0), Some(1)];
        let lists = ChildLists::new(parents.into_iter());
        assert_eq!(lists.of(None), [0, 2]);
        assert_eq!(lists.of(Some(0)), [1, 3]);
        assert_eq!(lists.of(Some(1)), [4]);
        assert!(lists.of(Some(4)).is_empty());
        assert!(ChildLists::new([].into_iter()).of(None).is_empty());
    }
}

/// Trees for the tests of the formats.
#[cfg(test)]
pub(crate) mod tests_support {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::text::folded_label;
    use crate::text::tests::nasty_label;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Small trees of labels that break readers; at least one byte in all.
    pub(crate) fn nasty_tree() -> impl Strategy<Value = FlameTree> {
        let frame = (any::<prop::sample::Index>(), 0u8..4, nasty_label(), 0u64..1 << 40);
        prop::collection::vec(frame, 1..12).prop_map(|frames| {
            let mut tree = FlameTree::default();
            tree.push(None, "first", 1, 1).unwrap();
            for (parent, root, label, bytes) in frames {
                let parent = parent.index(tree.frames.len()) as u32;
                let parent = (root > 0).then_some(parent);
                // Objects other than bytes, and some frames that weigh nothing.
                let bytes = if bytes % 5 == 0 { 0 } else { bytes };
                tree.push(parent, label, bytes, bytes % 7).unwrap();
            }
            tree
        })
    }

    /// Escaped labels from the root to each frame and what frames of that stack weigh themselves, in bytes; written
    /// without the code under test but for the escaping.
    pub(crate) fn stacks_of(tree: &FlameTree) -> BTreeMap<Vec<String>, u64> {
        let mut stacks = BTreeMap::new();
        for frame in &tree.frames {
            let mut stack = vec![folded_label(&frame.label).into_owned()];
            let mut above = frame.parent;
            while let Some(parent) = above {
                let parent = &tree.frames[parent as usize];
                stack.insert(0, folded_label(&parent.label).into_owned());
                above = parent.parent;
            }
            if frame.bytes > 0 {
                *stacks.entry(stack).or_default() += frame.bytes;
            }
        }
        stacks
    }
}
