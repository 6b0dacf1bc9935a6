//! What is known of the registers and the frame's words at one instruction.

use super::value::{Symbol, Value};

/// Registers of either architecture.
pub(super) const REGISTERS: usize = 32;
/// Words of a frame that are followed.
const MAX_SLOTS: usize = 512;

/// Registers by number; words of the frame by their distance from its end, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    registers: [Value; REGISTERS],
    slots: Vec<(i32, Value)>,
}

/// Where a value is, as a number of its own.
fn slot_location(slot: i32) -> i32 {
    if slot < 0 { slot } else { slot + REGISTERS as i32 }
}

impl State {
    /// Nothing is known, at that distance from the function's entry.
    pub(super) fn unknown(at: u32) -> Self {
        let symbol = |location| Value::Symbol(Symbol { at, location, meets: true });
        State { registers: std::array::from_fn(|register| symbol(register as i32)), slots: Vec::new() }
    }

    pub(super) fn register(&self, register: u8) -> Value {
        self.registers[usize::from(register) % REGISTERS]
    }

    pub(super) fn set_register(&mut self, register: u8, value: Value) {
        self.registers[usize::from(register) % REGISTERS] = value;
    }

    /// The register has a value of which nothing is known.
    pub(super) fn forget_register(&mut self, register: u8, at: u32) {
        let symbol = Symbol { at, location: i32::from(register), meets: false };
        self.set_register(register, Value::Symbol(symbol));
    }

    pub(super) fn slot(&self, slot: i32) -> Option<Value> {
        self.slots.binary_search_by_key(&slot, |&(slot, _)| slot).ok().map(|index| self.slots[index].1)
    }

    pub(super) fn slots(&self) -> &[(i32, Value)] {
        &self.slots
    }

    pub(super) fn set_slot(&mut self, slot: i32, value: Value) {
        match self.slots.binary_search_by_key(&slot, |&(slot, _)| slot) {
            Ok(index) => self.slots[index].1 = value,
            Err(index) if self.slots.len() < MAX_SLOTS => self.slots.insert(index, (slot, value)),
            Err(_) => {}
        }
    }

    /// The word gets a value of which nothing is known when it is first read.
    pub(super) fn read_unknown(&mut self, slot: i32, at: u32) -> Value {
        let value = Value::Symbol(Symbol { at, location: slot_location(slot), meets: false });
        self.set_slot(slot, value);
        value
    }

    /// Nothing is known any more of the words that begin in that range.
    pub(super) fn forget_slots(&mut self, from: i32, to: i32) {
        self.slots.retain(|&(slot, _)| slot < from || slot >= to);
    }

    /// Adds what another way leads to, at a block that far from the function's entry; true if less is known than before.
    pub(super) fn meet(&mut self, other: &State, at: u32) -> bool {
        let mut has_changed = false;
        let mut one = |mine: &mut Value, other: Value, location: i32| {
            // Mostly both ways say the same.
            if *mine == other {
                return;
            }
            let met = Value::Symbol(Symbol { at, location, meets: true });
            let new = if *mine == met { met } else { mine.meet(other).unwrap_or(met) };
            has_changed |= new != *mine;
            *mine = new;
        };
        for (register, (mine, &other)) in self.registers.iter_mut().zip(&other.registers).enumerate() {
            one(mine, other, register as i32);
        }
        for (slot, mine) in &mut self.slots {
            if let Some(other) = other.slot(*slot) {
                one(mine, other, slot_location(*slot));
            }
        }
        let before = self.slots.len();
        self.slots.retain(|&(slot, _)| other.slot(slot).is_some());
        has_changed || self.slots.len() != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ways_do_not_agree_on_is_a_value_of_its_own() {
        let mut one = State::unknown(0);
        one.set_register(0, Value::Constant(5));
        one.set_register(3, Value::Constant(0));
        one.set_slot(-8, Value::Word(64));
        one.set_slot(-16, Value::Word(64));
        let mut other = one.clone();
        other.set_register(0, Value::Constant(6));
        other.set_register(3, Value::Word(72));
        other.set_slot(-8, Value::Word(80));
        other.forget_slots(-16, -15);
        assert!(one.meet(&other, 4));
        let met = |location| Value::Symbol(Symbol { at: 4, location, meets: true });
        assert_eq!((one.register(0), one.register(3)), (met(0), Value::Word(72)), "nil is of any type");
        assert_eq!((one.slot(-8), one.slot(-16)), (Some(met(-8)), None));
        // Once more changes nothing.
        assert!(!one.meet(&other, 4));
    }
}
