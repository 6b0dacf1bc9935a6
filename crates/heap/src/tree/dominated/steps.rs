//! Steps from frame to frame that are known, and what is counted at their ends.

use crate::names::label_text::Beyond;
use crate::tree::scan::Candidate;
use crate::tree::walk_plan::WordCode;
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode, Weight};

/// A step down the tree: from a frame by a code that is not detailed, and by what the target tells beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    from: TrieNode,
    code: WordCode,
    beyond: Beyond,
}

impl Step {
    #[inline]
    pub(super) fn of(candidate: &Candidate) -> Self {
        Step { from: candidate.node, code: candidate.code, beyond: candidate.beyond }
    }

    #[inline]
    fn spread(&self) -> usize {
        let spread =
            self.from.index().wrapping_mul(0x9e37_79b1) ^ self.beyond.number().wrapping_mul(0x85eb_ca6b) as usize;
        spread ^ self.code.number() as usize
    }
}

/// The steps that were made, which those who read ask for.
pub(super) type Known = HashMap<Step, TrieNode>;

/// What lies at a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub(super) frame: TrieNode,
    pub(super) weight: Weight,
    pub(super) values: u64,
}

const NOTHING: Sum = Sum { frame: PathTrie::ROOT, weight: Weight { bytes: 0, objects: 0 }, values: 0 };

/// Steps that one thread took last, with what it counted at their ends.
pub(super) struct Taken {
    places: Box<[(Option<Step>, Sum)]>,
}

/// Steps that a thread remembers.
const STEPS: usize = 1 << 9;

impl Default for Taken {
    fn default() -> Self {
        Taken { places: vec![(None, NOTHING); STEPS].into() }
    }
}

impl Taken {
    /// Where to count what `step` leads to; None if it is not known. What was counted in that place before goes to `sums`.
    #[inline]
    pub(super) fn sum(&mut self, step: Step, known: &Known, sums: &mut Vec<Sum>) -> Option<&mut Sum> {
        let place = &mut self.places[step.spread() % STEPS];
        if place.0 != Some(step) {
            let frame = *known.get(&step)?;
            if place.1.weight.objects > 0 {
                sums.push(place.1);
            }
            *place = (Some(step), Sum { frame, ..NOTHING });
        }
        Some(&mut place.1)
    }

    /// All that was counted and given to nobody.
    pub(super) fn into_sums(self) -> impl Iterator<Item = Sum> {
        self.places.into_iter().map(|(_, sum)| sum).filter(|sum| sum.weight.objects > 0)
    }
}
