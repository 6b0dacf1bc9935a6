//! Where the variables of a call are, by DWARF and by the stack map.

use crate::snapshot::HeapSnapshot;
use foldhash::HashMap;
use goheap_image::Address;
use goheap_model::{Kind, TypeId};
use goheap_runtime::dwarf::{Local, Piece, Place};
use goheap_runtime::stack::{Frame, StackPlace, StackScan, StartPoint};

/// Where a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariablePlace {
    /// On the stack, at this address.
    Stack(u64),
    /// On the stack at this address at other instructions, and still alive by the stack map at this one.
    StackElsewhere(u64),
    /// In parts, of which a pointer that is alive lies on the stack at this address; the rest is nowhere, or in registers.
    Part(u64),
    /// Moved to the heap, at this address.
    Heap(u64),
    /// In a register of the stopped thread, by DWARF's number; of several, or of registers and the stack, the first.
    Register(u16),
    /// Nowhere: the compiler needs it no more.
    Nowhere,
}

/// Finds variables of the frames of one goroutine.
pub(super) struct Places<'r, 'm, 'p> {
    snapshot: &'r HeapSnapshot<'m, 'p>,
    /// Bounds of the stack.
    stack: (u64, u64),
    start: &'r StartPoint,
    /// Live pointers by where they lie.
    live: HashMap<StackPlace, u64>,
}

impl<'r, 'm, 'p> Places<'r, 'm, 'p> {
    pub(super) fn new(
        snapshot: &'r HeapSnapshot<'m, 'p>,
        stack: (u64, u64),
        scan: &StackScan,
        start: &'r StartPoint,
    ) -> Self {
        let live = scan.roots.iter().map(|root| (root.place, root.value)).collect();
        Places { snapshot, stack, start, live }
    }

    /// Where a variable is of the frame with that index.
    pub(super) fn of(&self, frame: &Frame, index: usize, local: &Local) -> VariablePlace {
        let place = match &local.place {
            Some(place) => self.told(frame, index, place),
            None => None,
        };
        match place.or_else(|| self.alive(frame, local)) {
            Some(place) if !self.is_dead(local.ty.map(|ty| TypeId(ty.0)), place) => place,
            _ => VariablePlace::Nowhere,
        }
    }

    /// What DWARF says for this very instruction.
    fn told(&self, frame: &Frame, index: usize, place: &Place) -> Option<VariablePlace> {
        match place {
            Place::CfaOffset(offset) => Some(VariablePlace::Stack(frame.fp.wrapping_add_signed(*offset))),
            Place::CfaPointer(offset) => {
                let at = frame.fp.wrapping_add_signed(*offset);
                self.snapshot.model.memory().read_u64(Address(at)).map(VariablePlace::Heap)
            }
            Place::Register(number) if index == 0 && self.register(*number).is_some() => {
                Some(VariablePlace::Register(*number))
            }
            Place::Pieces(pieces) => match in_a_row(pieces) {
                Some(offset) => Some(VariablePlace::Stack(frame.fp.wrapping_add_signed(offset))),
                None => self.bytes(frame, index, place, u64::MAX).and_then(|_| first_register(pieces)),
            },
            _ => None,
        }
    }

    /// Where it is at other instructions, if the stack map says that what is there is alive: the whole, or one pointer of it.
    fn alive(&self, frame: &Frame, local: &Local) -> Option<VariablePlace> {
        let on_stack = |offset: i64| frame.fp.wrapping_add_signed(offset);
        let whole = local.slots.iter().filter(|slot| slot.variable_offset == 0 && slot.size >= local.size);
        let mut whole = whole.map(|slot| on_stack(slot.cfa_offset));
        if let Some(at) = whole.find(|&at| self.words(at, local.size).next().is_some()) {
            return Some(VariablePlace::StackElsewhere(at));
        }
        let pieces = match &local.place {
            Some(Place::Pieces(pieces)) => &**pieces,
            _ => &[],
        };
        let of_pieces = pieces.iter().filter_map(|piece| Some((offset_of(piece)?, piece.size)));
        let of_slots = local.slots.iter().map(|slot| (slot.cfa_offset, slot.size));
        let words = |(at, size): (i64, u64)| (0..size.min(64).div_ceil(8)).map(move |word| (at, word * 8));
        let parts = of_pieces.chain(of_slots).flat_map(words).map(|(at, offset)| on_stack(at).wrapping_add(offset));
        let parts: Vec<u64> = parts.filter(|&at| self.live.contains_key(&StackPlace::Slot(at))).collect();
        // Of an interface the table of methods is no object.
        let leads_to_object = |at: &&u64| {
            let word = self.words(**at, 8).next();
            word.is_some_and(|word| self.snapshot.objects.find_allocated(word).is_some())
        };
        parts.iter().find(leads_to_object).or(parts.first()).map(|&at| VariablePlace::Part(at))
    }

    /// True if DWARF has the variable on the stack and the stack map does not: its pointer is not written yet, or needed no more.
    fn is_dead(&self, ty: Option<TypeId>, place: VariablePlace) -> bool {
        let VariablePlace::Stack(at) = place else { return false };
        let pointer = match ty.map(|ty| &self.snapshot.types.get(ty).kind) {
            Some(Kind::Scalar | Kind::Opaque | Kind::Struct(_) | Kind::Array(..)) | None => return false,
            Some(Kind::Interface(_)) => at.wrapping_add(8),
            Some(_) => at,
        };
        let word = self.snapshot.model.memory().read_u64(Address(pointer)).unwrap_or(0);
        // Pointers into the stack itself are no roots.
        let on_stack = self.stack.0 <= word && word < self.stack.1;
        word != 0 && !on_stack && !self.live.contains_key(&StackPlace::Slot(pointer))
    }

    /// Live pointers in a part of the stack.
    pub(super) fn words(&self, at: u64, size: u64) -> impl Iterator<Item = u64> + '_ {
        // A variable of a megabyte has more words than a stack has roots.
        let words = size.div_ceil(8).min(1 << 17);
        (0..words).filter_map(move |word| self.live.get(&StackPlace::Slot(at.wrapping_add(word * 8))).copied())
    }

    /// The bytes of a variable of `size` bytes that is in registers of the stopped thread, or in pieces there and on the stack; None
    /// where one is elsewhere.
    pub(super) fn bytes(&self, frame: &Frame, index: usize, place: &Place, size: u64) -> Option<Vec<u8>> {
        let whole = [Piece { size: size.min(8), place: Some(place.clone()) }];
        let pieces = match place {
            Place::Pieces(pieces) => &**pieces,
            _ => &whole,
        };
        let mut bytes = Vec::new();
        for piece in pieces {
            let len = usize::try_from(piece.size).ok().filter(|&len| len <= 8)?;
            let word = match piece.place.as_ref()? {
                Place::Register(number) if index == 0 => self.register(*number)?.to_le_bytes(),
                Place::CfaOffset(offset) => {
                    let mut word = [0; 8];
                    let at = Address(frame.fp.wrapping_add_signed(*offset));
                    self.snapshot.model.memory().read_exact(at, word.get_mut(..len)?).then_some(word)?
                }
                _ => return None,
            };
            bytes.extend_from_slice(word.get(..len)?);
        }
        Some(bytes)
    }

    pub(super) fn register(&self, number: u16) -> Option<u64> {
        let mut all = self.start.registers.iter().chain(&self.start.vectors);
        all.find(|register| register.0 == number).map(|register| register.1)
    }

    /// What pieces in registers and on the stack hold that is an object or looks like one.
    pub(super) fn piece_roots(&self, frame: &Frame, pieces: &[Piece]) -> Vec<u64> {
        let root = |piece: &Piece| match piece.place.as_ref()? {
            Place::Register(number) => self.register_root(*number),
            Place::CfaOffset(offset) => {
                self.live.get(&StackPlace::Slot(frame.fp.wrapping_add_signed(*offset))).copied()
            }
            _ => None,
        };
        pieces.iter().filter_map(root).collect()
    }

    /// What a register holds, if it is an object or looks like one.
    pub(super) fn register_root(&self, number: u16) -> Option<u64> {
        self.live.get(&StackPlace::Register(number)).copied()
    }
}

fn first_register(pieces: &[Piece]) -> Option<VariablePlace> {
    pieces.iter().find_map(|piece| match piece.place {
        Some(Place::Register(number)) => Some(VariablePlace::Register(number)),
        _ => None,
    })
}

fn offset_of(piece: &Piece) -> Option<i64> {
    match piece.place {
        Some(Place::CfaOffset(at)) => Some(at),
        _ => None,
    }
}

/// The offset of the first of pieces that lie one behind the other in the frame.
fn in_a_row(pieces: &[Piece]) -> Option<i64> {
    let mut next = None;
    for piece in pieces {
        let at = offset_of(piece)?;
        if next.is_some_and(|next| next != at) {
            return None;
        }
        next = at.checked_add_unsigned(piece.size);
    }
    offset_of(pieces.first()?)
}
