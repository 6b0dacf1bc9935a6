//! What code tells of the words of a function's frames and of its registers.

use super::claims::agreed;
use super::flow::{Noted, read};
use super::known::{Facts, Known};
use super::value::Pointee;
use crate::meaning::resolve::Resolver;
use foldhash::HashMap;

/// What words of the frames of one function lead to.
///
/// # Overhead
/// 24 bytes a word and call.
#[derive(Debug, Default)]
pub(crate) struct FrameWords {
    /// By the address at which the function goes on and the distance from the frame's end.
    slots: HashMap<(u64, i32), Pointee>,
    registers: HashMap<u8, Pointee>,
    saved: HashMap<(u64, i32), u8>,
}

impl FrameWords {
    /// What the word at that distance from the frame's end leads to where the function goes on at `pc`.
    pub(crate) fn slot(&self, pc: u64, distance: i64) -> Option<Pointee> {
        self.slots.get(&(pc, i32::try_from(distance).ok()?)).copied()
    }

    /// What a register leads to where the function was stopped.
    pub(crate) fn register(&self, register: u8) -> Option<Pointee> {
        self.registers.get(&register).copied()
    }

    /// The register of the caller that the word at that distance from the frame's end has.
    pub(crate) fn saved(&self, pc: u64, distance: i64) -> Option<u8> {
        self.saved.get(&(pc, i32::try_from(distance).ok()?)).copied()
    }
}

impl<'m> Facts<'m, '_> {
    /// Of the function at `entry`, where its calls return to.
    pub(crate) fn words_at_calls(&self, resolver: &Resolver<'m>, entry: u64) -> FrameWords {
        self.frame_words(resolver, entry, Noted::Calls)
    }

    /// Of the function at `entry`, where it was stopped before the instruction at `pc`.
    pub(crate) fn words_at(&self, resolver: &Resolver<'m>, entry: u64, pc: u64) -> FrameWords {
        self.frame_words(resolver, entry, Noted::At(pc))
    }

    fn frame_words(&self, resolver: &Resolver<'m>, entry: u64, noted: Noted) -> FrameWords {
        let known = Known { facts: self, resolver };
        let Some(function) = self.code.function(entry) else { return FrameWords::default() };
        let said = read(&known, &function, noted);
        FrameWords {
            slots: agreed(resolver, said.slots.into_iter().map(|(pc, slot, pointee)| ((pc, slot), pointee)).collect()),
            registers: agreed(resolver, said.registers),
            saved: said.saved.into_iter().map(|(pc, slot, register)| ((pc, slot), register)).collect(),
        }
    }

    /// The general register that has this number in DWARF.
    pub(crate) fn register_by_dwarf(&self, number: u16) -> Option<u8> {
        self.code.register_by_dwarf(number)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use goheap_image::{OpenRequest, Process};
    use goheap_runtime::{ModelOptions, RuntimeModel};
    use std::path::Path;

    /// Gives `check` what code says of the program of the core that is carried of that release.
    fn with_facts(release: &str, check: impl Fn(&RuntimeModel<'_>, &Facts<'_, '_>, &Resolver<'_>)) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores").join(release);
        let (core, executable) = (folder.join("structures.core.zst"), Some(folder.join("structures.zst")));
        let process = Process::open(&OpenRequest { core, executable, ..OpenRequest::default() }).unwrap();
        let options = ModelOptions { no_dwarf: true, ..ModelOptions::default() };
        let model = RuntimeModel::open(&process, options).unwrap();
        let resolver = Resolver::new(&model, goheap_model::TypeTable::extending(std::sync::Arc::clone(&model.types)));
        check(&model, &Facts::read(&model, &resolver).unwrap(), &resolver);
    }

    fn entry(model: &RuntimeModel<'_>, name: &str) -> u64 {
        let of_module = |module: &goheap_runtime::ModuleData<'_>| {
            module.functions.iter().find(|func| *module.functions.name(func) == *name).map(|func| func.entry)
        };
        model.modules.iter().find_map(of_module).unwrap()
    }

    #[test]
    fn what_is_in_a_frame_where_it_is_stopped_is_what_calls_left_there() {
        for release in ["1.19", "1.27"] {
            with_facts(release, |model, facts, resolver| {
                let entry = entry(model, "os.(*File).Write");
                let at_calls = facts.words_at_calls(resolver, entry);
                let at_stop = |&(pc, slot): &(u64, i32)| facts.words_at(resolver, entry, pc).slot(pc, slot.into());
                let found: Vec<_> =
                    at_calls.slots.iter().filter_map(|(place, &told)| Some((told, at_stop(place)?))).collect();
                assert!(found.iter().all(|(told, stopped)| told == stopped), "{release} {found:?}");
                // Other ways may lead to where a call returns to.
                assert!(found.len() * 2 > at_calls.slots.len(), "{release} {found:?}");
                // Before the first instruction nothing is in the frame, and the receiver in a register.
                let stopped = facts.words_at(resolver, entry, entry);
                let receiver = stopped.register(0).map(|pointee| &*resolver.types.get(pointee.ty).name);
                assert_eq!((stopped.slots.len(), receiver), (0, Some("os.File")), "{release}");
            });
        }
    }

    #[test]
    fn where_registers_are_saved_is_read_from_code() {
        for release in ["1.19", "1.22", "1.27"] {
            with_facts(release, |model, facts, resolver| {
                let words = facts.words_at_calls(resolver, entry(model, "runtime.asyncPreempt"));
                let mut saved: Vec<u8> = words.saved.values().copied().collect();
                saved.sort_unstable();
                saved.dedup();
                // All of amd64 but SP and BP.
                let expected = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
                assert_eq!(saved, expected, "{release}");
            });
        }
    }
}
