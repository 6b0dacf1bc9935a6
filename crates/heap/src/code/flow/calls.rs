//! What calls make of values, and what they tell of them.

use super::{Flow, Noted};
use crate::code::dictionaries;
use crate::code::state::State;
use crate::code::value::{Pointee, Value};
use goheap_model::{Kind, Part, TypeId};
use goheap_runtime::code::{Callee, Instruction, Operation, Place, TypeUse, Written};

impl Flow<'_, '_, '_, '_> {
    /// Goes through a call; false if it does not return.
    pub(super) fn call(&mut self, state: &mut State, instruction: Instruction, to: Option<u64>) -> bool {
        let callee = to.and_then(|to| self.known.facts.code.callee(to));
        let as_step = match callee {
            Some(Callee::Ends) => return false,
            Some(Callee::Keeps(registers)) => Some(Operation::Change(registers)),
            Some(Callee::Writes) => Some(Operation::Fill(self.known.facts.code.registers().filled, None)),
            _ => None,
        };
        if let Some(operation) = as_step {
            self.step(state, Instruction { operation, ..instruction });
            return true;
        }
        let integers = self.known.facts.code.registers().integers;
        if let Some(Callee::Stores(place, value)) = callee
            && let (Some(&place), Some(&value)) = (integers.get(place), integers.get(value))
        {
            self.store(state, instruction, Place::Based(place, 0), Written::Register(value), 8);
        }
        let results = match (callee, to) {
            (Some(callee), _) => self.typed_call(state, callee).map(|pointee| (0, pointee)).into_iter().collect(),
            (None, Some(to)) => self.plain_call(state, to),
            (None, None) => Vec::new(),
        };
        if self.collects && self.noted == Noted::Calls {
            self.note_slots(state, instruction.next);
        }
        let (at, stack) = (self.offset(instruction.at), self.known.facts.code.registers().stack);
        (0..32).filter(|&register| register != stack).for_each(|register| state.forget_register(register, at));
        for (index, pointee) in results {
            if let Some(&register) = integers.get(usize::from(index)) {
                state.set_register(register, Value::Pointer(pointee, 0));
            }
        }
        true
    }

    /// What the call of a function of the program tells by what is known of it; what its results lead to.
    fn plain_call(&mut self, state: &State, to: u64) -> Vec<(u8, Pointee)> {
        if self.collects {
            self.needs.push(to);
            let integers = self.known.facts.code.registers().integers;
            let value = |index: u8| integers.get(usize::from(index)).map(|&register| state.register(register));
            for (index, pointee) in self.known.arguments_of(to) {
                if let Some(value) = value(index) {
                    self.tell(value, pointee);
                }
            }
            for &(index, offset, pointee) in self.known.fields_of(to) {
                if let Some(value) = value(index) {
                    self.tell_field(value, offset, pointee);
                }
            }
            if self.known.facts.generic.contains(&to) {
                let given = |index| Some(((to, index), self.known.as_given(value(index)?)));
                self.given.extend((0..dictionaries::ARGUMENTS).filter_map(given));
            }
        }
        self.known.results_of(to)
    }

    /// The word so many bytes behind where a value leads leads to that.
    fn tell_field(&mut self, value: Value, offset: u32, pointee: Pointee) {
        if let Some(start) = self.known.start(value) {
            self.words.push((start.wrapping_add(u64::from(offset)), pointee));
        } else if let Some((index, offset)) = self.within_argument(value, i64::from(offset)) {
            self.tell(Value::Inside(index, offset), pointee);
        }
    }

    /// What a call tells whose argument is a type descriptor; what its result leads to.
    fn typed_call(&mut self, state: &State, callee: Callee) -> Option<Pointee> {
        let named = |part, name: &str| Some(Pointee { part, ty: self.known.resolver.types.by_name(name)? });
        let (descriptor, arguments, result, is_sized) = match callee {
            Callee::Typed { descriptor, arguments, result, is_sized } => (descriptor, arguments, result, is_sized),
            Callee::Text => return named(Part::StringData, "string"),
            Callee::Bytes => return named(Part::Elements, "uint8"),
            _ => return None,
        };
        let integers = self.known.facts.code.registers().integers;
        let value = |index: usize| integers.get(index).map(|&register| state.register(register));
        let Some(Value::Constant(address)) = value(descriptor) else { return None };
        let ty = self.known.resolver.types.by_descriptor(address)?;
        for &(index, used) in arguments {
            if let Some((argument, pointee)) = value(index).zip(self.used(ty, used)) {
                self.tell(argument, pointee);
            }
        }
        let is_one = !is_sized || value(0) == Some(Value::Constant(self.known.resolver.types.get(ty).size));
        result.filter(|_| is_one).and_then(|used| self.used(ty, used))
    }

    /// What a pointer leads to that goes with a type in that way.
    fn used(&self, ty: TypeId, used: TypeUse) -> Option<Pointee> {
        let (part, ty) = match (used, &self.known.resolver.types.get(ty).kind) {
            (TypeUse::Value, _) => (Part::Value, ty),
            (TypeUse::Elements, _) => (Part::Elements, ty),
            (TypeUse::Map, Kind::Map(..)) => (Part::MapHeader, ty),
            (TypeUse::Chan, Kind::Chan(_)) => (Part::ChanHeader, ty),
            (TypeUse::MapElement, Kind::Map(_, elem)) => (Part::Value, *elem),
            _ => return None,
        };
        Some(Pointee { part, ty })
    }
}
