//! What single instructions make of values.

use super::Flow;
use crate::code::state::State;
use crate::code::value::{Pointee, Value};
use crate::meaning::closures::is_closure_struct;
use goheap_model::{Kind, Part, TypeId};
use goheap_runtime::code::{Instruction, MOST_FILLED, Operation, Place, Written};

/// Structs do not nest deeper.
const MAX_DEPTH: u32 = 64;

impl Flow<'_, '_, '_, '_> {
    pub(super) fn step(&mut self, state: &mut State, instruction: Instruction) {
        let at = self.offset(instruction.at);
        let (to, value) = match instruction.operation {
            Operation::Constant(to, value) => (to, Some(Value::Constant(value))),
            Operation::Add(to, from, by) => (to, self.add(state, instruction.at, from, by)),
            Operation::Sum(to, one, other, by) => {
                (to, self.in_row(state, one, other, by).map(|row| Value::Pointer(row, 0)))
            }
            Operation::Load(to, place) => (to, self.load(state, instruction, place)),
            Operation::Store(place, written, bytes) => {
                return self.store(state, instruction, place, written, bytes);
            }
            Operation::Change(registers) => {
                return (0..32)
                    .filter(|register| registers >> register & 1 == 1)
                    .for_each(|register| state.forget_register(register, at));
            }
            Operation::Compare(one, other) => return self.compare(state.register(one), state.register(other)),
            Operation::Fill(registers, words) => return self.fill(state, at, registers, words),
            Operation::Anything => {
                (0..32).for_each(|register| state.forget_register(register, at));
                return state.forget_slots(i32::MIN, i32::MAX);
            }
            _ => return,
        };
        match value {
            Some(value) => state.set_register(to, value),
            None => state.forget_register(to, at),
        }
    }

    /// Bytes from SP to the frame's end.
    fn depth(&self, at: u64) -> i64 {
        let depths = &self.function.depths;
        let next = depths.partition_point(|&(from, _)| from <= at);
        next.checked_sub(1).map_or(0, |index| depths[index].1)
    }

    fn add(&self, state: &State, at: u64, from: u8, by: i64) -> Option<Value> {
        if from == self.known.facts.code.registers().stack {
            return Some(Value::Frame(by - self.depth(at)));
        }
        Some(match state.register(from) {
            value if by == 0 => value,
            Value::Constant(value) => Value::Constant(value.wrapping_add_signed(by)),
            Value::Frame(offset) => Value::Frame(offset.checked_add(by)?),
            Value::Pointer(pointee, 0) if pointee.part == Part::Elements => {
                Value::Pointer(self.further(pointee, by)?, 0)
            }
            Value::Pointer(pointee, offset) => {
                let offset = i64::from(offset).checked_add(by)?;
                let inner = self.inner(pointee, u64::try_from(offset).ok()?)?;
                Value::Pointer(inner, 0)
            }
            value => {
                let (index, offset) = self.within_argument(value, by)?;
                Value::Argument(index, offset)
            }
        })
    }

    /// What lies further on in a slice or a string, some elements and so many bytes behind where one of two registers leads: the other
    /// holds a multiple of the elements' size.
    fn in_row(&self, state: &State, one: u8, other: u8, by: i64) -> Option<Pointee> {
        let row = |register: u8| match state.register(register) {
            Value::Pointer(pointee, 0) if matches!(pointee.part, Part::Elements | Part::StringData) => Some(pointee),
            _ => None,
        };
        self.further(row(one).or_else(|| row(other))?, by)
    }

    /// So many bytes on in a row: the rest of it, or what is in an element.
    fn further(&self, row: Pointee, by: i64) -> Option<Pointee> {
        let size = i64::try_from(self.known.resolver.types.get(row.ty).size).ok()?;
        match by.checked_rem_euclid(size) {
            _ if row.part == Part::StringData => Some(row),
            Some(0) => Some(row),
            Some(offset) => self.inner(Pointee { part: Part::Value, ty: row.ty }, offset as u64),
            None => None,
        }
    }

    /// Words of the frame may be written, behind where the registers lead.
    fn fill(&self, state: &mut State, at: u32, registers: u32, words: Option<u8>) {
        let bytes = match words.map(|register| state.register(register)) {
            None => i64::from(MOST_FILLED),
            Some(Value::Constant(words)) => i64::try_from(words).unwrap_or(i64::MAX).saturating_mul(8),
            Some(_) => i64::MAX,
        };
        let set = |registers: u32| (0..32_u8).filter(move |register| registers >> register & 1 == 1);
        for register in set(registers) {
            match state.register(register) {
                Value::Frame(start) => {
                    let bound = |at: i64| i32::try_from(at).unwrap_or(if at < 0 { i32::MIN } else { i32::MAX });
                    state.forget_slots(bound(start.saturating_sub(7)), bound(start.saturating_add(bytes)));
                }
                Value::Symbol(_) => state.forget_slots(i32::MIN, i32::MAX),
                _ => {}
            }
        }
        let all = self.known.facts.code.registers();
        set(registers | all.scratch).for_each(|register| state.forget_register(register, at));
    }

    /// The argument of which nothing is known that a value comes from, and how far behind where it leads the value leads, and so
    /// many bytes further.
    pub(super) fn within_argument(&self, value: Value, further: i64) -> Option<(u8, u32)> {
        let integers = self.known.facts.code.registers().integers;
        let (index, offset) = match value {
            Value::Symbol(symbol) => {
                let register = symbol.argument()?;
                (integers.iter().position(|&integer| integer == register)? as u8, 0)
            }
            Value::Argument(index, offset) => (index, offset),
            _ => return None,
        };
        Some((index, u32::try_from(i64::from(offset).checked_add(further)?).ok()?))
    }

    /// The struct or array that begins at `offset` of what is led to: no more is told of other parts.
    fn inner(&self, pointee: Pointee, offset: u64) -> Option<Pointee> {
        let types = &self.known.resolver.types;
        let mut rest = if pointee.part == Part::Value { offset } else { return None };
        let mut ty = pointee.ty;
        for _ in 0..MAX_DEPTH {
            if rest == 0 {
                return Some(Pointee { part: Part::Value, ty });
            }
            let Kind::Struct(fields) = &types.get(ty).kind else { return None };
            let holds = |at: u64, size: u64| rest.checked_sub(at).is_some_and(|inner| inner < size);
            let field = fields.iter().find(|field| holds(field.offset, types.get(field.ty).size))?;
            (ty, rest) = (field.ty, rest - field.offset);
        }
        None
    }

    /// The word of the frame that a place is, from the frame's end, unless its address is taken.
    fn slot(&self, state: &State, at: u64, place: Place) -> Option<i32> {
        let Place::Based(base, offset) = place else { return None };
        let from_end = if base == self.known.facts.code.registers().stack {
            offset.checked_sub(self.depth(at))?
        } else if let Value::Frame(start) = state.register(base) {
            start.checked_add(offset)?
        } else {
            return None;
        };
        let is_taken = self.function.objects.iter().any(|object| object.contains(&from_end));
        i32::try_from(from_end).ok().filter(|_| !is_taken)
    }

    /// The address in the program that a place is.
    fn address(&self, state: &State, place: Place) -> Option<u64> {
        match place {
            Place::Static(at) => Some(at),
            Place::Based(base, offset) => {
                let start = self.known.start(state.register(base))?;
                Some(start.wrapping_add_signed(offset))
            }
            Place::Indexed(..) | Place::Elsewhere => None,
        }
    }

    fn load(&mut self, state: &mut State, instruction: Instruction, place: Place) -> Option<Value> {
        if let Some(slot) = self.slot(state, instruction.at, place) {
            let at = self.offset(instruction.at);
            return Some(state.slot(slot).unwrap_or_else(|| state.read_unknown(slot, at)));
        }
        if let Some(at) = self.address(state, place) {
            if let Some(constant) = self.known.constant_at(at) {
                return Some(constant);
            }
            if self.collects {
                self.needs.push(at);
            }
            return Some(self.known.word(at).map_or(Value::Word(at), |pointee| Value::Pointer(pointee, 0)));
        }
        if let Some((index, offset)) = self.argument_word(state, place) {
            return Some(Value::Inside(index, offset));
        }
        let found = self.field(state, place)?;
        Some(Value::Pointer(found, 0))
    }

    /// The word that a place is of what an argument of which nothing is known leads to.
    fn argument_word(&self, state: &State, place: Place) -> Option<(u8, u32)> {
        let Place::Based(base, offset) = place else { return None };
        self.within_argument(state.register(base), offset)
    }

    /// What the word at a place in what a register leads to leads to.
    fn field(&self, state: &State, place: Place) -> Option<Pointee> {
        let (base, offset) = match place {
            Place::Based(base, offset) => (base, offset),
            Place::Indexed(one, other, by) => return self.field_of(self.in_row(state, one, other, by)?, 0),
            _ => return None,
        };
        let pointee = match state.register(base) {
            Value::Pointer(pointee, _) => pointee,
            Value::Word(at) => self.known.word(at)?,
            _ => return None,
        };
        self.field_of(pointee, u64::try_from(offset).ok()?)
    }

    /// What the word so many bytes behind the start of that leads to.
    fn field_of(&self, pointee: Pointee, offset: u64) -> Option<Pointee> {
        let size = self.known.resolver.types.get(pointee.ty).size;
        match pointee.part {
            Part::Value => self.known.pointee_at(pointee.ty, offset),
            Part::Elements if size > 0 => self.known.pointee_at(pointee.ty, offset % size),
            _ => None,
        }
    }

    pub(super) fn store(
        &mut self,
        state: &mut State,
        instruction: Instruction,
        place: Place,
        written: Written,
        bytes: u32,
    ) {
        let value = match written {
            Written::Register(register) => Some(state.register(register)),
            Written::Constant(value) => Some(Value::Constant(value)),
            Written::Something => None,
        };
        if let Some(slot) = self.slot(state, instruction.at, place) {
            state.forget_slots(slot.saturating_sub(7), slot.saturating_add(bytes as i32));
            if let Some(value) = value {
                (0..bytes as i32 / 8).for_each(|word| state.set_slot(slot + word * 8, value));
            }
            return;
        }
        if let (true, Some(value), 8) = (self.collects, value, bytes) {
            self.store_word(state, place, value);
        }
    }

    /// A word is written elsewhere than in the frame.
    fn store_word(&mut self, state: &State, place: Place, value: Value) {
        if let Some(at) = self.address(state, place) {
            match value {
                Value::Pointer(pointee, 0) => {
                    self.words.extend(self.known.as_said(pointee).map(|pointee| (at, pointee)));
                }
                _ => self.kept.extend(value.unknown().map(|unknown| (at, unknown))),
            }
        } else if let Some(closure) = self.closure(state, place, value) {
            self.closures.push(closure);
        } else if let Some((index, offset)) = self.argument_word(state, place) {
            if let Value::Pointer(pointee, 0) = value {
                self.tell(Value::Inside(index, offset), pointee);
            }
        } else if let Some(pointee) = self.field(state, place) {
            self.tell(value, pointee);
        }
    }

    /// The function whose address is put first into the compiler's struct for a closure, and the struct.
    fn closure(&self, state: &State, place: Place, value: Value) -> Option<(u64, TypeId)> {
        let (Place::Based(base, 0), Value::Constant(entry)) = (place, value) else { return None };
        let Value::Pointer(Pointee { part: Part::Value, ty }, 0) = state.register(base) else { return None };
        let is_made = is_closure_struct(&self.known.resolver.types, ty) && self.known.facts.code.begins_at(entry);
        is_made.then_some((entry, ty))
    }
}
