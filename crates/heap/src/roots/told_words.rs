//! Words of frames and registers that code tells of, where no debug information does.

use super::RootCollector;
use super::stacks::NamedNode;
use super::variables::pointee_name;
use crate::code::{FrameWords, Pointee, as_word};
use crate::roots::root::Naming;
use goheap_graph::TrieNode;
use goheap_model::Evidence;
use goheap_model::names::{FrameName, FrameRole};
use goheap_runtime::stack::{Frame, StackScan};

impl RootCollector<'_, '_, '_> {
    /// What code says of a word of a frame.
    pub(super) fn told_slot(&mut self, scan: &StackScan, index: usize, distance: i64) -> Option<Pointee> {
        let frame = &scan.frames[index];
        match scan.stopped {
            // Of the runtime's function that saved the registers.
            Some(stopped) if stopped == index + 1 => {
                let register = self.words_at_calls(frame)?.saved(frame.pc, distance)?;
                self.words_at(&scan.frames[stopped])?.register(register)
            }
            Some(stopped) if stopped == index => self.words_at(frame)?.slot(frame.pc, distance),
            _ => self.words_at_calls(frame)?.slot(frame.pc, distance),
        }
    }

    /// What code says of a register of the thread that was stopped.
    pub(super) fn told_register(&mut self, scan: &StackScan, number: u16) -> Option<Pointee> {
        let register = self.facts.as_ref()?.register_by_dwarf(number)?;
        self.words_at(scan.frames.first()?)?.register(register)
    }

    fn words_at_calls(&mut self, frame: &Frame) -> Option<&FrameWords> {
        let facts = self.facts.as_ref()?;
        let entry = frame.func.entry;
        let words = self.frame_words.entry((entry, None));
        Some(words.or_insert_with(|| facts.words_at_calls(self.resolver, entry)))
    }

    fn words_at(&mut self, frame: &Frame) -> Option<&FrameWords> {
        let facts = self.facts.as_ref()?;
        let (entry, pc) = (frame.func.entry, frame.pc);
        let words = self.frame_words.entry((entry, Some(pc)));
        Some(words.or_insert_with(|| facts.words_at(self.resolver, entry, pc)))
    }

    /// A word that leads to what code says.
    pub(super) fn told_place(
        &mut self,
        function: TrieNode,
        place: &str,
        value: u64,
        at: u64,
        pointee: Pointee,
    ) -> NamedNode {
        let evidence = self.facts.as_ref().map_or(Evidence::Derived, |facts| facts.evidence(pointee));
        self.declared(value, as_word(pointee), pointee.ty, at, evidence);
        let text = self.told_text(pointee, evidence);
        let name = || pointee_name(FrameName::at(FrameRole::Place, place), pointee, evidence);
        let node = self.node(function, &format!("{place} {text}"), name);
        NamedNode { naming: Naming::Named, has_type: true, ..NamedNode::nameless(node) }
    }
}
