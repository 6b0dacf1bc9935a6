//! Decodes where a variable lives: expressions and location lists (DWARF 4 and 5).

use gimli::{Expression, LocationListsOffset, Operation, RangeListsOffset, Reader, constants};

use super::Dwarf;
use super::budget::Budget;
use super::die::{Die, LocationAttribute};
use super::sections::{ListSections, Slice};
use super::units::{Entries, Unit};

/// Where a variable, or a piece of one, is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In the frame, at this distance in bytes from the canonical frame address (on amd64 and arm64 the caller's stack
    /// pointer at the call).
    CfaOffset(i64),
    /// Behind a pointer in the frame at this distance from the canonical frame address. Results moved to the heap are
    /// described so since Go 1.25; before, and still for other variables, the pointer is a local of its own, called
    /// `&x`.
    CfaPointer(i64),
    /// In the register of this DWARF number.
    Register(u16),
    /// At a fixed address, as linked.
    Address(u64),
    /// In pieces, in the order of the variable's bytes.
    Pieces(Box<[Piece]>),
}

/// Part of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the variable that it covers.
    pub size: u64,
    /// Where they are; `None` when the compiler dropped them.
    pub place: Option<Place>,
}

/// Part of a frame that holds a variable, or some bytes of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackSlot {
    /// Distance from the canonical frame address in bytes.
    pub cfa_offset: i64,
    /// First byte of the variable that is there.
    pub variable_offset: u64,
    /// Number of bytes.
    pub size: u64,
}

/// Decodes locations for one function at one program counter.
pub(super) struct Locator<'a> {
    pub(super) entries: &'a Entries<'a>,
    lists: &'a ListSections<'a>,
    pub(super) unit: &'a Unit,
    pub(super) pc: u64,
    /// `DW_OP_fbreg` counts from the canonical frame address; Go writes nothing else.
    pub(super) frame_base_is_cfa: bool,
    /// Pays for lists and for entries referred to.
    pub(super) budget: Budget,
}

/// What is known of where a variable lives.
#[derive(Debug, Default)]
pub(super) struct Location {
    pub(super) at_pc: Option<Place>,
    /// Stack slots at any program counter, ascending.
    pub(super) slots: Vec<StackSlot>,
}

/// The function of Go 1.26's compiler that needs most (`ssagen.simdIntrinsics`) needs 0.2 MB.
const BYTES_PER_FUNCTION: usize = 1 << 22;

/// Go 1.25 to 1.27 write this offset (amd64; -8 on arm64) for a variable moved to the heap whose pointer got no slot in
/// the frame, as if that were slot 0: there the saved frame pointer is. On arm64 it may be a slot, then its name is
/// lost.
const SAVED_FRAME_POINTER: i64 = -16;

/// A piece is a word or two. With this limit the sizes of as many pieces as there may be can be added up without
/// overflow.
const MAX_PIECE: u64 = 1 << 32;

/// About the bytes of a list entry besides its expression.
const LIST_ENTRY: usize = 16;

impl<'a> Locator<'a> {
    /// `function` is the root entry of the function.
    pub(super) fn new(dwarf: &'a Dwarf<'_>, unit: &'a Unit, pc: u64, function: &Die<'_>) -> Self {
        let frame_base_is_cfa = match function.frame_base {
            LocationAttribute::Expression(Expression(bytes)) => bytes.slice() == [constants::DW_OP_call_frame_cfa.0],
            _ => false,
        };
        let (entries, lists) = (&dwarf.entries, &dwarf.lists);
        Self { entries, lists, unit, pc, frame_base_is_cfa, budget: Budget::new(BYTES_PER_FUNCTION) }
    }

    /// Whether the ranges of an inlined call or a block hold the program counter.
    pub(super) fn covers(&mut self, die: &Die<'_>) -> bool {
        match die.ranges {
            Some(offset) => self.list_covers(offset).unwrap_or(false),
            None => self.entries.pc_range(self.unit, die).is_some_and(|(low, high)| (low..high).contains(&self.pc)),
        }
    }

    fn list_covers(&mut self, offset: usize) -> Option<bool> {
        let mut ranges = self
            .lists
            .range_lists()
            .ranges(
                RangeListsOffset(offset),
                self.unit.encoding,
                self.unit.low_pc,
                &self.entries.sections.addresses(),
                gimli::DebugAddrBase(self.unit.addr_base),
            )
            .ok()?;
        while let Some(range) = ranges.next().ok()? {
            self.budget.spend(LIST_ENTRY)?;
            if (range.begin..range.end).contains(&self.pc) {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Places of a variable of `size` bytes.
    pub(super) fn locate(&mut self, attribute: LocationAttribute<'a>, size: u64) -> Location {
        let mut location = Location::default();
        match attribute {
            LocationAttribute::Absent => {}
            LocationAttribute::Expression(expression) => {
                location.at_pc = self.place(expression);
                add_slots(&mut location.slots, location.at_pc.as_ref(), size);
            }
            LocationAttribute::List(offset) => {
                // Damage ends the list; what came before it stands.
                let _ = self.locate_in_list(offset, size, &mut location);
            }
        }
        location.slots.sort_unstable();
        location.slots.dedup();
        location
    }

    fn locate_in_list(&mut self, offset: usize, size: u64, location: &mut Location) -> Option<()> {
        let mut list = self
            .lists
            .location_lists()
            .locations(
                LocationListsOffset(offset),
                self.unit.encoding,
                self.unit.low_pc,
                &self.entries.sections.addresses(),
                gimli::DebugAddrBase(self.unit.addr_base),
            )
            .ok()?;
        while let Some(entry) = list.next().ok()? {
            self.budget.spend(entry.data.0.len().saturating_add(LIST_ENTRY))?;
            let place = self.place(entry.data);
            add_slots(&mut location.slots, place.as_ref(), size);
            if (entry.range.begin..entry.range.end).contains(&self.pc) {
                location.at_pc = place;
            }
        }
        Some(())
    }

    fn place(&self, expression: Expression<Slice<'_>>) -> Option<Place> {
        let mut operations = expression.operations(self.unit.encoding);
        let mut pieces = Vec::new();
        let mut place = None;
        // A computed value (stack arithmetic, constants) is not a place.
        let mut computed = false;
        while let Some(operation) = operations.next().ok()? {
            match operation {
                Operation::Piece { size_in_bits, bit_offset: None } => {
                    let size = Some(size_in_bits / 8).filter(|size| *size <= MAX_PIECE)?;
                    let known = place.take().filter(|_| !computed);
                    computed = false;
                    pieces.push(Piece { size, place: known });
                }
                Operation::Deref { space: false, .. } => {
                    place = match place {
                        Some(Place::CfaOffset(offset)) if offset < SAVED_FRAME_POINTER => {
                            Some(Place::CfaPointer(offset))
                        }
                        _ => None,
                    };
                    computed |= place.is_none();
                }
                other => {
                    computed |= place.is_some();
                    place = self.simple_place(&other);
                    computed |= place.is_none();
                }
            }
        }
        if pieces.is_empty() {
            return place.filter(|_| !computed);
        }
        Some(Place::Pieces(pieces.into()))
    }

    fn simple_place(&self, operation: &Operation<Slice<'_>>) -> Option<Place> {
        match operation {
            Operation::FrameOffset { offset } if self.frame_base_is_cfa => Some(Place::CfaOffset(*offset)),
            // Instead of DW_OP_fbreg 0.
            Operation::CallFrameCFA => Some(Place::CfaOffset(0)),
            Operation::Register { register } => Some(Place::Register(register.0)),
            Operation::Address { address } => Some(Place::Address(*address)),
            Operation::AddressIndex { index } => self.entries.address(self.unit, index.0).map(Place::Address),
            _ => None,
        }
    }
}

/// Adds the parts of the frame that `place` takes for a variable of `size` bytes. A pointer to it is no part of it.
fn add_slots(slots: &mut Vec<StackSlot>, place: Option<&Place>, size: u64) {
    match place {
        Some(Place::CfaOffset(cfa_offset)) => {
            slots.push(StackSlot { cfa_offset: *cfa_offset, variable_offset: 0, size })
        }
        Some(Place::Pieces(pieces)) => {
            let mut variable_offset = 0;
            for piece in pieces {
                if let Some(Place::CfaOffset(cfa_offset)) = piece.place {
                    slots.push(StackSlot { cfa_offset, variable_offset, size: piece.size });
                }
                variable_offset += piece.size;
            }
        }
        _ => {}
    }
}
