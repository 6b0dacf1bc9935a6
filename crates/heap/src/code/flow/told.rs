//! What a function says of values, and what follows when all of it is read.

use super::{Flow, Said};
use crate::code::claims::{agreed, context_of};
use crate::code::state::{REGISTERS, State};
use crate::code::value::{Pointee, Symbol, Unknown, Value};
use foldhash::HashMap;
use goheap_model::{Kind, Part};

/// Of so many words of what arguments lead to a function tells.
const MAX_FIELDS: usize = 64;
/// Words of frames noted of one function: calls are many where it is large, and each has all of them.
const MAX_NOTED: usize = 1 << 20;

impl Flow<'_, '_, '_, '_> {
    /// The value leads to that.
    pub(super) fn tell(&mut self, value: Value, pointee: Pointee) {
        let Some(pointee) = self.known.as_said(pointee).filter(|_| self.collects) else { return };
        match value {
            Value::Constant(at) if at != 0 && pointee.part == Part::Value => self.areas.push((at, pointee)),
            Value::Word(at) => self.words.push((at, pointee)),
            _ => self.told.extend(value.unknown().map(|unknown| (unknown, pointee))),
        }
    }

    /// A type word is compared with a descriptor or an itab.
    pub(super) fn compare(&mut self, one: Value, other: Value) {
        let address = match (one, other) {
            (Value::Constant(address), _) | (_, Value::Constant(address)) if self.collects && address != 0 => address,
            _ => return,
        };
        let resolver = self.known.resolver;
        let ty = resolver.types.by_descriptor(address).or_else(|| self.known.itab_type(address));
        let Some(ty) = ty else { return };
        self.asserted.insert(ty);
        if let Kind::Pointer(elem) = resolver.types.get(ty).kind {
            self.asserted.insert(elem);
        }
    }

    /// What is in the frame at that address.
    pub(super) fn note_slots(&mut self, state: &State, at: u64) {
        let room = MAX_NOTED.saturating_sub(self.slots.len());
        self.slots.extend(state.slots().iter().map(|&(slot, value)| (at, slot, value)).take(room));
    }

    /// What is in the frame and in registers before the instruction at that address.
    pub(super) fn note_stop(&mut self, state: &State, at: u64) {
        self.note_slots(state, at);
        self.registers.extend((0..REGISTERS as u8).map(|register| (register, state.register(register))));
    }

    /// What registers hold where the function returns.
    pub(super) fn returns(&mut self, state: &State) {
        if self.collects {
            let integers = self.known.facts.code.registers().integers;
            self.returned.extend((0..).zip(integers).map(|(index, &register)| (index, state.register(register))));
        }
    }

    pub(super) fn said(mut self) -> Said {
        let told = agreed(self.known.resolver, std::mem::take(&mut self.told));
        let resolve = |value: Value| match value {
            Value::Pointer(pointee, 0) => self.known.as_said(pointee),
            Value::Word(at) => self.known.word(at),
            value => {
                let told = told.get(&value.unknown()?).copied();
                told.filter(|pointee| !self.asserted.contains(&pointee.ty))
            }
        };
        let mut said = Said::default();
        let integers = self.known.facts.code.registers().integers;
        for (index, &register) in (0..).zip(integers) {
            let argument = Value::Symbol(Symbol::of_argument(register));
            said.arguments.extend(resolve(argument).map(|pointee| (index, pointee)));
            let all = self.returned.iter().filter(|(of, value)| *of == index && *value != Value::Constant(0));
            let mut all = all.map(|&(_, value)| resolve(value));
            if let Some(Some(first)) = all.next() {
                said.results.extend(all.all(|other| other == Some(first)).then_some((index, first)));
            }
        }
        let slot = |&(at, slot, value): &(u64, i32, Value)| Some((at, slot, resolve(value)?));
        said.slots = self.slots.iter().filter_map(slot).collect();
        said.registers =
            self.registers.iter().filter_map(|&(register, value)| Some((register, resolve(value)?))).collect();
        said.saved = self.saved();
        let kept = self.kept.iter().filter_map(|&(at, unknown)| Some((at, resolve(unknown.value())?)));
        said.words = kept.chain(self.words.iter().copied()).collect();
        said.fields = self.fields(&told);
        (said.areas, said.given, said.closures, said.needs) = (self.areas, self.given, self.closures, self.needs);
        said.needs.push(context_of(self.function.entry));
        said.needs.sort_unstable();
        said.needs.dedup();
        said
    }

    /// Words of the frame that have what a register had in the caller.
    fn saved(&self) -> Vec<(u64, i32, u8)> {
        let register = |value: Value| match value {
            Value::Symbol(symbol) => symbol.argument().filter(|&register| usize::from(register) < REGISTERS),
            _ => None,
        };
        self.slots.iter().filter_map(|&(at, slot, value)| Some((at, slot, register(value)?))).collect()
    }

    /// What is told of words that arguments lead to; nothing where interfaces are asked for their types, since what is done then holds for
    /// no other.
    fn fields(&self, told: &HashMap<Unknown, Pointee>) -> Vec<(u8, u32, Pointee)> {
        if !self.asserted.is_empty() {
            return Vec::new();
        }
        let field = |(unknown, pointee): (&Unknown, &Pointee)| match *unknown {
            Unknown::Inside(index, offset) => Some((index, offset, *pointee)),
            Unknown::Symbol(_) => None,
        };
        let mut fields: Vec<_> = told.iter().filter_map(field).collect();
        fields.sort_unstable();
        fields.truncate(MAX_FIELDS);
        fields
    }
}
