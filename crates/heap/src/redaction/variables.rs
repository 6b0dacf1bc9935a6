//! Package variables: pointers stay, the runtime's own, and of typed ones what is structure.

use super::keeps::Keeps;
use super::piece::Piece;
use super::places::joined;
use super::{Redaction, places};
use goheap_model::{BitVector, TypeTable};
use goheap_runtime::own_names::is_runtimes_variable;
use goheap_runtime::{RuntimeModel, VariableOwners};
use std::ops::Range;

/// A section of variables.
pub(super) struct Section<'m> {
    pub(super) range: Range<u64>,
    /// Its pointer words; None where they are not known, as of sections that hold none.
    mask: Option<&'m BitVector>,
    /// True if it holds pointers.
    is_scanned: bool,
}

/// The sections of all modules.
pub(super) fn sections<'m>(model: &'m RuntimeModel<'_>) -> Vec<Section<'m>> {
    let sections = model.modules.iter().flat_map(|module| {
        let of = |range: &Range<u64>, mask: Option<&'m BitVector>, is_scanned| Section {
            range: range.clone(),
            mask,
            is_scanned,
        };
        [
            of(&module.data, module.data_mask.as_ref(), true),
            of(&module.bss, module.bss_mask.as_ref(), true),
            of(&module.noptrdata, None, false),
            of(&module.noptrbss, None, false),
        ]
    });
    sections.filter(|section| section.range.start < section.range.end).collect()
}

/// What of the variables is known by name and type.
pub(super) struct Named {
    /// What stays.
    pub(super) kept: Vec<Range<u64>>,
    /// What has a type, so that the rest of it goes.
    pub(super) typed: Vec<Range<u64>>,
}

/// Looks at every variable. Without symbols code tells which are the runtime's.
pub(super) fn named(model: &RuntimeModel<'_>, types: &TypeTable, sections: &[Section<'_>]) -> Named {
    let mut named = Named { kept: Vec::new(), typed: Vec::new() };
    for variable in model.symbols.variables() {
        let range = variable.address..variable.address.saturating_add(variable.size);
        if is_runtimes_variable(&variable.name) {
            named.kept.push(range);
        } else if let Some(keeps) = variable.ty.and_then(|ty| Keeps::of_variable(types, ty)) {
            let start = range.start;
            keeps.each(0..variable.size, |part| named.kept.push(start + part.start..start.saturating_add(part.end)));
            named.typed.push(range);
        }
    }
    if model.symbols.variables().is_empty() {
        let owners = VariableOwners::read(model);
        sections.iter().for_each(|section| named.kept.extend(owners.of_runtime(&section.range)));
        if let Some((backlog, _)) = model.anchors.print_backlog {
            without(&mut named.kept, &(backlog.0..backlog.0.saturating_add(BACKLOG_BYTES)));
        }
    }
    named.typed = joined(named.typed);
    named
}

/// Bytes of `runtime.printBacklog`.
const BACKLOG_BYTES: u64 = 512;

fn without(ranges: &mut Vec<Range<u64>>, out: &Range<u64>) {
    let parts =
        ranges.drain(..).flat_map(|range| [range.start..range.end.min(out.start), range.start.max(out.end)..range.end]);
    *ranges = parts.filter(|range| range.start < range.end).collect();
}

impl Redaction<'_, '_, '_> {
    /// The part `range` of a section.
    pub(super) fn variables(&self, piece: &mut Piece<'_>, range: Range<u64>, index: u32) {
        let Some(section) = self.sections.get(index as usize) else { return piece.clear(range) };
        let is_pointer = |at: u64, word: u64| match section.mask {
            Some(mask) => mask.get(((at - section.range.start) / 8) as usize),
            None => section.is_scanned && self.objects.find(word).is_some(),
        };
        let is_pointer = |at: u64, word: u64| section.range.contains(&at) && is_pointer(at, word);
        let typed: Vec<Range<u64>> = places::within(&self.typed, &range).collect();
        self.untyped(piece, range.clone(), &is_pointer);
        for part in typed {
            piece.clear(part);
        }
        for at in piece.words(&range) {
            if piece.word(at).is_some_and(|word| word != 0 && is_pointer(at, word)) {
                piece.restore(at..at + 8);
            }
        }
    }
}
