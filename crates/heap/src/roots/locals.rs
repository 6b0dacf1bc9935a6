//! Which local variable a word of a frame or a register belongs to, by DWARF.

use super::RootCollector;
use goheap_runtime::dwarf::{Local, Piece, Place};
use goheap_runtime::stack::{Frame, StackScan};
use goheap_runtime::{Kind, TypeId};
use rustc_hash::FxHashMap;

/// Locals of the functions met, by the pc asked for: thousands of goroutines stand at the same few.
pub(super) type LocalsCache = FxHashMap<u64, Vec<Local>>;

/// A word of a frame, named.
pub(super) struct NamedSlot {
    pub(super) name: String,
    pub(super) ty: TypeId,
    /// Bytes from the start of the variable.
    pub(super) offset: u64,
    /// True if the variable is there at this very instruction, not only at others.
    pub(super) is_current: bool,
}

impl RootCollector<'_, '_, '_> {
    /// The variables of a frame's function, as they are at its pc.
    fn locals(&mut self, frame: &Frame, index: usize) -> Option<&[Local]> {
        let dwarf = self.model.dwarf.as_ref()?;
        // The DWARF of plugins and shared objects is not read.
        let bias = (frame.module == 0).then_some(self.model.process.load_bias)?;
        let pc = frame.pc.wrapping_sub(bias).wrapping_sub(u64::from(index > 0));
        Some(self.locals.entry(pc).or_insert_with(|| dwarf.locals_of_function(pc)))
    }

    /// The variable that holds the word at `at` of a frame: one that is there now, else one that is there at
    /// some other instruction. At the return from a call most variables are nowhere by DWARF while their slots still live.
    pub(super) fn name_slot(&mut self, scan: &StackScan, index: usize, at: u64) -> Option<NamedSlot> {
        let frame = scan.frames.get(index)?;
        let distance = at.wrapping_sub(frame.fp) as i64;
        let locals = self.locals(frame, index)?;
        let current = locals.iter().find_map(|local| {
            let offset = match local.place.as_ref()? {
                Place::CfaOffset(start) => within(distance, *start, local.size)?,
                Place::Pieces(pieces) => piece_offset(pieces, |place, size| match place {
                    Place::CfaOffset(start) => within(distance, *start, size),
                    _ => None,
                })?,
                _ => return None,
            };
            Some((local, offset, true))
        });
        let elsewhere = || {
            locals.iter().find_map(|local| {
                let slot = local.slots.iter().find(|slot| within(distance, slot.cfa_offset, slot.size).is_some())?;
                let offset = within(distance, slot.cfa_offset, slot.size)?;
                Some((local, slot.variable_offset + offset, false))
            })
        };
        let (local, offset, is_current) = current.or_else(elsewhere)?;
        let (name, ty) = (local.name.clone(), TypeId(local.ty?.0));
        let is_slice = has_capacity(locals, &name);
        Some(self.whole(NamedSlot { name: name.into(), ty, offset, is_current }, is_slice))
    }

    /// The types of all variables of a frame's function, each once.
    pub(super) fn local_types(&mut self, scan: &StackScan, index: usize) -> Vec<TypeId> {
        let locals = scan.frames.get(index).and_then(|frame| self.locals(frame, index)).unwrap_or_default();
        let mut types: Vec<TypeId> = locals.iter().filter_map(|local| local.ty).map(|ty| TypeId(ty.0)).collect();
        // What a channel takes or gives stands beside it.
        let elem = |&ty: &TypeId| match self.resolver.types.get(ty).kind {
            Kind::Chan(elem) => Some(elem),
            _ => None,
        };
        types.extend(types.iter().filter_map(elem).collect::<Vec<_>>());
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The variable that is in a register of the innermost frame.
    pub(super) fn name_register(&mut self, frame: &Frame, number: u16) -> Option<NamedSlot> {
        let is_in = |place: &Place| *place == Place::Register(number);
        let offset = |local: &Local| match local.place.as_ref()? {
            Place::Pieces(pieces) => piece_offset(pieces, |place, _| is_in(place).then_some(0)),
            place => is_in(place).then_some(0),
        };
        let locals = self.locals(frame, 0)?;
        let (local, offset) = locals.iter().find_map(|local| Some((local, offset(local)?)))?;
        let (name, ty) = (local.name.clone(), TypeId(local.ty?.0));
        let is_slice = has_capacity(locals, &name);
        Some(self.whole(NamedSlot { name: name.into(), ty, offset, is_current: true }, is_slice))
    }

    /// The declared variable: those moved to the heap are `&x`, the words of one kept in parts `x.ptr` and so on (in all releases;
    /// most of them since 1.27). A slice's pointer says so by the capacity beside it.
    fn whole(&self, slot: NamedSlot, is_slice: bool) -> NamedSlot {
        let types = &self.resolver.types;
        let slice = match types.get(slot.ty).kind {
            Kind::Pointer(elem) if is_slice => types.by_name(&format!("[]{}", types.get(elem).name)),
            _ => None,
        };
        let name = slot.name.strip_prefix('&').unwrap_or(&slot.name);
        let part = |suffix: &&str| name.strip_suffix(*suffix);
        let name = [".ptr", ".data", ".itab", ".type"].iter().find_map(part).unwrap_or(name).to_owned();
        NamedSlot { name, ty: slice.unwrap_or(slot.ty), ..slot }
    }
}

/// True if `name` is the pointer of a slice whose capacity is a local of its own.
fn has_capacity(locals: &[Local], name: &str) -> bool {
    name.strip_suffix(".ptr").is_some_and(|base| {
        locals.iter().any(|local| local.name.strip_suffix(".cap").is_some_and(|other| other == base))
    })
}

fn within(distance: i64, start: i64, size: u64) -> Option<u64> {
    let inner = u64::try_from(distance.checked_sub(start)?).ok()?;
    (inner < size).then_some(inner)
}

/// The offset in a variable of what `find` sees in one of its pieces.
fn piece_offset(pieces: &[Piece], find: impl Fn(&Place, u64) -> Option<u64>) -> Option<u64> {
    let mut before = 0_u64;
    for piece in pieces {
        if let Some(inner) = piece.place.as_ref().and_then(|place| find(place, piece.size)) {
            return before.checked_add(inner);
        }
        before = before.checked_add(piece.size)?;
    }
    None
}
