//! Whose variables are whose where no symbols tell: by the functions whose code names them.

use super::{Decoder, MAX_FUNCTION_BYTES};
use crate::model::RuntimeModel;
use crate::module::AddressRange;
use crate::own_names::is_runtimes;
use goheap_image::Address;
use std::ops::Range;

/// The addresses in data, bss and both sections without pointers that code names, and whether code of the runtime does.
///
/// # Overhead
/// 16 bytes each.
#[derive(Debug, Default)]
pub struct VariableOwners {
    /// Ascending, each once.
    named: Vec<(u64, bool)>,
}

/// A variable that code names by its first byte alone goes on no further than this. Larger ones of the runtime are known otherwise.
const MOST_BYTES: u64 = 1 << 16;

impl VariableOwners {
    /// Reads the code of every function once.
    pub fn read(model: &RuntimeModel<'_>) -> Self {
        let decoder = Decoder::of(model.machine());
        let mut named: Vec<(u64, bool)> = Vec::new();
        for module in &model.modules {
            let sections: [&AddressRange; 4] = [&module.data, &module.bss, &module.noptrdata, &module.noptrbss];
            let mut all = module.functions.iter().peekable();
            while let Some(func) = all.next() {
                let end = all.peek().map_or(module.text.end, |next| next.entry);
                let len = end.saturating_sub(func.entry).min(MAX_FUNCTION_BYTES);
                let code = usize::try_from(len).ok().and_then(|len| model.memory().bytes(Address(func.entry), len));
                let Some(code) = code else { continue };
                let is_own = is_runtimes(&module.functions.name(&func));
                (decoder.operands)(&code, func.entry, &mut |operand| {
                    if sections.iter().any(|section| section.contains(&operand.target)) {
                        named.push((operand.target, is_own));
                    }
                });
            }
        }
        named.sort_unstable();
        // Of those that both name the runtime's stands last.
        named.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 |= is_same && next.1;
            is_same
        });
        VariableOwners { named }
    }

    /// The parts of `section` that are the runtime's: from an address that its code names to the next that any code names.
    pub fn of_runtime(&self, section: &Range<u64>) -> Vec<Range<u64>> {
        let first = self.named.partition_point(|&(at, _)| at < section.start);
        let rest = self.named.get(first..).unwrap_or_default();
        let ends = rest.iter().skip(1).map(|&(at, _)| at).chain([section.end]);
        let parts =
            rest.iter().zip(ends).take_while(|((at, _), _)| *at < section.end).filter(|((_, is_own), _)| *is_own);
        parts.map(|(&(at, _), end)| at..end.min(section.end).min(at.saturating_add(MOST_BYTES))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_ends_where_the_next_begins() {
        let owners =
            VariableOwners { named: vec![(0x10, true), (0x20, false), (0x40, true), (0x48, true), (0x100, true)] };
        assert_eq!(owners.of_runtime(&(0..0x80)), [0x10..0x20, 0x40..0x48, 0x48..0x80]);
        assert_eq!(owners.of_runtime(&(0x18..0x30)), []);
    }
}
