//! What cleanups are called with (runtime/mcleanup.go, since Go 1.26).

use super::RootCollector;
use crate::infer::Proposal;
use goheap_image::Address;
use goheap_model::{Evidence, Kind, Part, TypeId};
use goheap_runtime::dwarf::Local;

/// Where a closure has what it captured first.
const CAPTURED: u64 = 8;
/// Words of a dictionary that are looked at: that of `callCleanup` has three types in Go 1.26 and 1.27.
const DICTIONARY_WORDS: u64 = 8;

impl RootCollector<'_, '_, '_> {
    /// The argument is a copy of what the function takes (mcleanup.go `AddCleanup`, since 1.26). Those without pointers of less than
    /// 16 bytes are kept in a box of 16, lest they share a tiny block. `call` is the closure that calls the function with it.
    pub(super) fn cleanup_argument(&mut self, call: u64, func: u64, argument: u64) {
        let is_boxed = self.objects.find(argument).is_none_or(|slot| self.objects.span(slot).is_tiny_class());
        let parameter = if is_boxed { None } else { self.called_with(call).or_else(|| self.parameter(func)) };
        let proposal = |ty, evidence| Proposal::new(argument, Part::Value, ty, evidence);
        self.set.proposals.extend(parameter.map(|ty| proposal(ty, Evidence::Derived)));
        let ty = self.resolver.types.by_name("[2]uintptr").filter(|_| argument != 0);
        self.set.proposals.extend(ty.map(|ty| proposal(ty, Evidence::Candidate)));
    }

    /// The type of the first parameter of the function that a func value calls, as DWARF tells it.
    fn parameter(&self, func: u64) -> Option<TypeId> {
        let entry = self.model.memory().read_u64(Address(func))?;
        self.model.modules.first().filter(|module| module.text.contains(&entry))?;
        let dwarf = self.model.dwarf.as_ref()?;
        let locals = dwarf.locals_of_function(entry.wrapping_sub(self.model.process.load_bias));
        let is_declared = |local: &&Local| {
            local.is_parameter && !local.is_result && local.inline_depth == 0 && !local.name.starts_with('.')
        };
        locals.iter().find(is_declared)?.ty.map(|ty| TypeId(ty.0))
    }

    /// The type of the argument as the closure tells that calls a cleanup with it: it captures the dictionary of `callCleanup[S]`
    /// (mcleanup.go), where the compiler lists the types that this generic function uses, `func(S)` and `*S` among them.
    fn called_with(&mut self, call: u64) -> Option<TypeId> {
        let (memory, descriptors) = (self.model.memory(), self.model.descriptors());
        let dictionary = Address(memory.read_u64(Address(call).add(CAPTURED))?);
        let words =
            (0..DICTIONARY_WORDS).map_while(|word| memory.read_u64(dictionary.add(word * 8)).filter(|&at| at != 0));
        let described: Vec<u64> = words.collect();
        let types: Vec<TypeId> = described.into_iter().filter_map(|at| self.resolver.descriptor(at)).collect();
        let table = &self.resolver.types;
        let func = types.iter().map(|&ty| table.get(ty)).find(|ty| matches!(ty.kind, Kind::Func))?.descriptor?;
        let [parameter] = descriptors.func_types(Address(func))?.params[..] else { return None };
        let parameter = self.resolver.descriptor(parameter)?;
        let leads_to_it =
            |&ty: &TypeId| matches!(self.resolver.types.get(ty).kind, Kind::Pointer(elem) if elem == parameter);
        types.iter().any(leads_to_it).then_some(parameter)
    }
}
