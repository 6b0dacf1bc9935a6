//! What is computed once of each type: its plan, its pointer mask, its layout as a map.

use crate::meaning::containers::{Containers, MapLayout};
use crate::meaning::plan::{self, Plan, PlanEntry};
use goheap_model::{GcMask, TypeId, TypeTable};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Words that a slot without a malloc header has at most since Go 1.22: their pointer bits fit one word.
pub(crate) const SMALL_WORDS: u64 = 64;

/// One type, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    plan: Plan,
    /// The pointer bits of a value of at most [`SMALL_WORDS`] words.
    pub(crate) small_mask: Option<u64>,
    mask: OnceLock<Option<GcMask>>,
    map: Option<MapLayout>,
}

/// Types by number, each compiled when it is first asked for; threads may ask together.
///
/// # Overhead
/// 16 bytes a type of the table; about 100, and 48 a pointer word, for one that was asked for.
#[derive(Debug, Default)]
pub(crate) struct CompiledTypes {
    types: Vec<OnceLock<Box<Compiled>>>,
}

impl CompiledTypes {
    /// Makes room for the types that were added to the table.
    pub(crate) fn grow(&mut self, types: &TypeTable) {
        self.types.resize_with(types.len(), OnceLock::new);
    }

    fn get(&self, types: &TypeTable, containers: &Containers<'_>, ty: TypeId) -> &Compiled {
        self.types[ty.0 as usize].get_or_init(|| {
            let plan = plan::compile(types, ty);
            let small_mask = small_mask(types, ty);
            Box::new(Compiled { plan, small_mask, mask: OnceLock::new(), map: MapLayout::of(types, ty, containers) })
        })
    }

    /// The entry for the word at `offset` of a value of `ty`; None where the type has no pointer there.
    pub(crate) fn entry(
        &self,
        types: &TypeTable,
        containers: &Containers<'_>,
        ty: TypeId,
        offset: u64,
    ) -> Option<Cow<'_, PlanEntry>> {
        self.get(types, containers, ty).plan.entry(types, ty, offset)
    }

    /// The layout of the map type `ty`.
    pub(crate) fn map_layout(&self, types: &TypeTable, containers: &Containers<'_>, ty: TypeId) -> Option<&MapLayout> {
        self.get(types, containers, ty).map.as_ref()
    }

    /// The pointer bits of a value of at most [`SMALL_WORDS`] words.
    pub(crate) fn small_mask(&self, types: &TypeTable, containers: &Containers<'_>, ty: TypeId) -> Option<u64> {
        self.get(types, containers, ty).small_mask
    }

    /// The pointer mask of any type but opaque ones.
    pub(crate) fn mask(&self, types: &TypeTable, containers: &Containers<'_>, ty: TypeId) -> Option<&GcMask> {
        self.get(types, containers, ty).mask.get_or_init(|| types.structural_mask(ty)).as_ref()
    }
}

/// None for opaque types too: nothing is known of their pointers.
fn small_mask(types: &TypeTable, ty: TypeId) -> Option<u64> {
    if types.get(ty).size > SMALL_WORDS * 8 {
        return None;
    }
    Some(types.structural_mask(ty)?.pointers.ones().fold(0, |bits, word| bits | 1 << (word as u64 % SMALL_WORDS)))
}
