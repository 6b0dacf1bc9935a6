//! Flow of values through one function.

use super::claims::context_of;
use super::known::Known;
use super::state::State;
use super::value::{Pointee, Symbol, Value};
use crate::closures::is_closure_struct;
use crate::object_type::Part;
use goheap_runtime::code::{Callee, Function, Instruction, Operation, Place, TypeUse, Written};
use goheap_runtime::{Kind, TypeId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A block is gone through so often at most, on average.
const MAX_ROUNDS: usize = 24;
/// Structs do not nest deeper.
const MAX_DEPTH: u32 = 64;
/// Functions of more instructions are not read.
const MAX_INSTRUCTIONS: usize = 1 << 19;

/// What one function says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What stands at an address of the program.
    pub(super) areas: Vec<(u64, Pointee)>,
    /// What a word of a package variable leads to.
    pub(super) words: Vec<(u64, Pointee)>,
    /// What its integer arguments and results lead to.
    pub(super) arguments: Vec<(u8, Pointee)>,
    pub(super) results: Vec<(u8, Pointee)>,
    /// Words of the frame where calls return to: (address, bytes from the frame's end, what it leads to).
    pub(super) slots: Vec<(u64, i32, Pointee)>,
    /// The struct that closures of the function at an address are made of.
    pub(super) closures: Vec<(u64, TypeId)>,
    /// What it depends on: entries of functions that it calls and words of package variables that it reads, ascending.
    pub(super) needs: Vec<u64>,
}

/// Reads a function.
pub(super) fn read(known: &Known<'_, '_, '_>, function: &Function, with_slots: bool) -> Said {
    if function.instructions.is_empty() || function.instructions.len() > MAX_INSTRUCTIONS {
        return Said::default();
    }
    let mut flow = Flow::new(known, function);
    flow.settle();
    flow.collects = true;
    flow.with_slots = with_slots;
    flow.visit_all();
    flow.said()
}

struct Block {
    first: usize,
    end: usize,
    state: Option<State>,
    is_pending: bool,
}

/// What the values of a kind are said to lead to.
type Tellings<K> = FxHashMap<K, Option<Pointee>>;

struct Flow<'a, 'k, 'm, 'p> {
    known: &'a Known<'k, 'm, 'p>,
    function: &'a Function,
    blocks: Vec<Block>,
    pending: BinaryHeap<Reverse<usize>>,
    /// Where a jump leads that no operand tells, any block may begin.
    is_loose: bool,
    collects: bool,
    with_slots: bool,
    symbols: Tellings<Symbol>,
    areas: Vec<(u64, Pointee)>,
    words: Vec<(u64, Pointee)>,
    /// Values that are kept in words of package variables.
    kept: Vec<(u64, Symbol)>,
    closures: Vec<(u64, TypeId)>,
    needs: Vec<u64>,
    returned: Vec<(u8, Value)>,
    slots: Vec<(u64, i32, Value)>,
    /// Types that interfaces are asked for: what is done where one has it holds for no other.
    asserted: FxHashSet<TypeId>,
}

impl<'a, 'k, 'm, 'p> Flow<'a, 'k, 'm, 'p> {
    fn new(known: &'a Known<'k, 'm, 'p>, function: &'a Function) -> Self {
        let code = &function.instructions;
        let mut starts = vec![code[0].at];
        for instruction in code {
            match instruction.operation {
                Operation::Jump(to) | Operation::Branch(to) => starts.extend([to, instruction.next]),
                Operation::Stop | Operation::Return | Operation::JumpAnywhere => starts.push(instruction.next),
                _ => {}
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let firsts = starts.iter().map(|&at| code.partition_point(|instruction| instruction.at < at));
        let mut firsts: Vec<usize> = firsts.filter(|&first| first < code.len()).collect();
        firsts.dedup();
        let ends = firsts.iter().skip(1).copied().chain([code.len()]);
        let block = |(&first, end)| Block { first, end, state: None, is_pending: false };
        let blocks = firsts.iter().zip(ends).map(block).collect();
        let is_loose = code.iter().any(|instruction| instruction.operation == Operation::JumpAnywhere);
        Flow {
            known,
            function,
            blocks,
            pending: BinaryHeap::new(),
            is_loose,
            collects: false,
            with_slots: false,
            symbols: FxHashMap::default(),
            areas: Vec::new(),
            words: Vec::new(),
            kept: Vec::new(),
            closures: Vec::new(),
            needs: Vec::new(),
            returned: Vec::new(),
            slots: Vec::new(),
            asserted: FxHashSet::default(),
        }
    }

    fn offset(&self, at: u64) -> u32 {
        at.wrapping_sub(self.function.entry) as u32
    }

    /// Until what is known where each block begins changes no more.
    fn settle(&mut self) {
        let mut entry = State::unknown(0);
        let integers = self.known.facts.code.registers().integers;
        for (index, pointee) in self.known.arguments_of(self.function.entry) {
            if let Some(&register) = integers.get(usize::from(index)) {
                entry.set_register(register, Value::Pointer(pointee, 0));
            }
        }
        let registers = self.known.facts.code.registers();
        entry.set_register(registers.stack, Value::Frame(0));
        if let Some(&ty) = self.known.facts.closures.get(&self.function.entry) {
            entry.set_register(registers.context, Value::Pointer(Pointee { part: Part::Value, ty }, 0));
        }
        if self.is_loose {
            for index in 1..self.blocks.len() {
                let at = self.offset(self.function.instructions[self.blocks[index].first].at);
                self.blocks[index].state = Some(State::unknown(at));
            }
        }
        self.blocks[0].state = Some(entry);
        if self.is_loose {
            return;
        }
        self.blocks[0].is_pending = true;
        self.pending.push(Reverse(0));
        for _ in 0..self.blocks.len().saturating_mul(MAX_ROUNDS) {
            let Some(Reverse(next)) = self.pending.pop() else { return };
            self.blocks[next].is_pending = false;
            self.visit(next);
        }
        // It does not settle: nothing is said of it.
        self.blocks.iter_mut().for_each(|block| block.state = None);
    }

    fn visit_all(&mut self) {
        (0..self.blocks.len()).for_each(|block| self.visit(block));
    }

    fn visit(&mut self, index: usize) {
        let Some(mut state) = self.blocks[index].state.clone() else { return };
        for at in self.blocks[index].first..self.blocks[index].end {
            let instruction = self.function.instructions[at];
            match instruction.operation {
                Operation::Jump(to) => return self.lead(&state, to),
                Operation::Branch(to) => self.lead(&state, to),
                Operation::Return => {
                    if self.collects {
                        let integers = self.known.facts.code.registers().integers;
                        let values = (0..).zip(integers).map(|(index, &register)| (index, state.register(register)));
                        self.returned.extend(values);
                    }
                    return;
                }
                Operation::Stop | Operation::JumpAnywhere => return,
                Operation::Call(to) => {
                    if !self.call(&mut state, instruction, to) {
                        return;
                    }
                }
                _ => self.step(&mut state, instruction),
            }
        }
        if let Some(next) = self.blocks.get(index + 1) {
            let to = self.function.instructions[next.first].at;
            self.lead(&state, to);
        }
    }

    /// Execution may go on at `to` in that state.
    fn lead(&mut self, state: &State, to: u64) {
        if self.collects || self.is_loose {
            return;
        }
        let code = &self.function.instructions;
        // What an instruction does that is jumped to may be nothing.
        let first = code.partition_point(|instruction| instruction.at < to);
        let Ok(index) = self.blocks.binary_search_by_key(&first, |block| block.first) else { return };
        let at = self.offset(code[first].at);
        let block = &mut self.blocks[index];
        match &mut block.state {
            Some(known) => {
                if !known.meet(state, at) {
                    return;
                }
            }
            none => *none = Some(state.clone()),
        }
        if !std::mem::replace(&mut block.is_pending, true) {
            self.pending.push(Reverse(index));
        }
    }

    fn step(&mut self, state: &mut State, instruction: Instruction) {
        let at = self.offset(instruction.at);
        match instruction.operation {
            Operation::Constant(to, value) => state.set_register(to, Value::Constant(value)),
            Operation::Add(to, from, by) => match self.add(state, instruction.at, from, by) {
                Some(value) => state.set_register(to, value),
                None => state.forget_register(to, at),
            },
            Operation::Sum(to, one, other) => {
                // Of a slice or a string what lies further on.
                let parts = [state.register(one), state.register(other)];
                let is_row = |value: &Value| {
                    matches!(value, Value::Pointer(Pointee { part: Part::Elements | Part::StringData, .. }, 0))
                };
                match parts.into_iter().find(is_row) {
                    Some(row) => state.set_register(to, row),
                    None => state.forget_register(to, at),
                }
            }
            Operation::Load(to, place) => match self.load(state, instruction, place) {
                Some(value) => state.set_register(to, value),
                None => state.forget_register(to, at),
            },
            Operation::Store(place, written, bytes) => self.store(state, instruction, place, written, bytes),
            Operation::Change(registers) => {
                (0..32)
                    .filter(|register| registers >> register & 1 == 1)
                    .for_each(|register| state.forget_register(register, at));
            }
            Operation::Compare(one, other) => self.compare(state.register(one), state.register(other)),
            Operation::Anything => {
                (0..32).for_each(|register| state.forget_register(register, at));
                state.forget_slots(i32::MIN, i32::MAX);
            }
            _ => {}
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
            Value::Pointer(pointee, offset) => {
                // A part of it, unless it is the rest of a slice.
                let offset = i64::from(offset).checked_add(by)?;
                let inner = self.inner(pointee, u64::try_from(offset).ok()?)?;
                Value::Pointer(inner, 0)
            }
            _ => return None,
        })
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
            Place::Based(base, offset) => match state.register(base) {
                Value::Constant(at) if at != 0 => Some(at.wrapping_add_signed(offset)),
                _ => None,
            },
            Place::Elsewhere => None,
        }
    }

    fn load(&mut self, state: &mut State, instruction: Instruction, place: Place) -> Option<Value> {
        if let Some(slot) = self.slot(state, instruction.at, place) {
            let at = self.offset(instruction.at);
            return Some(state.slot(slot).unwrap_or_else(|| state.read_unknown(slot, at)));
        }
        if let Some(at) = self.address(state, place) {
            if self.collects {
                self.needs.push(at);
            }
            return Some(self.known.word(at).map_or(Value::Word(at), |pointee| Value::Pointer(pointee, 0)));
        }
        let found = self.field(state, place)?;
        Some(Value::Pointer(found, 0))
    }

    /// What the word at a place in what a register leads to leads to.
    fn field(&self, state: &State, place: Place) -> Option<Pointee> {
        let Place::Based(base, offset) = place else { return None };
        let pointee = match state.register(base) {
            Value::Pointer(pointee, _) => pointee,
            Value::Word(at) => self.known.word(at)?,
            _ => return None,
        };
        let offset = u64::try_from(offset).ok()?;
        let size = self.known.resolver.types.get(pointee.ty).size;
        match pointee.part {
            Part::Value => self.known.pointee_at(pointee.ty, offset),
            Part::Elements if size > 0 => self.known.pointee_at(pointee.ty, offset % size),
            _ => None,
        }
    }

    fn store(&mut self, state: &mut State, instruction: Instruction, place: Place, written: Written, bytes: u32) {
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
        let (true, Some(value), 8) = (self.collects, value, bytes) else { return };
        if let Some(at) = self.address(state, place) {
            match value {
                Value::Pointer(pointee, 0) => {
                    self.words.extend(self.known.as_said(pointee).map(|pointee| (at, pointee)))
                }
                Value::Symbol(symbol) => self.kept.push((at, symbol)),
                _ => {}
            }
        } else if let Some(closure) = self.closure(state, place, value) {
            self.closures.push(closure);
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

    /// The value leads to that.
    fn tell(&mut self, value: Value, pointee: Pointee) {
        let Some(pointee) = self.known.as_said(pointee).filter(|_| self.collects) else { return };
        match value {
            Value::Symbol(symbol) => {
                let known = self.symbols.entry(symbol).or_insert(Some(pointee));
                if *known != Some(pointee) {
                    *known = None;
                }
            }
            Value::Constant(at) if at != 0 && pointee.part == Part::Value => self.areas.push((at, pointee)),
            Value::Word(at) => self.words.push((at, pointee)),
            _ => {}
        }
    }

    /// A type word is compared with a descriptor or an itab.
    fn compare(&mut self, one: Value, other: Value) {
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

    /// Goes through a call; false if it does not return.
    fn call(&mut self, state: &mut State, instruction: Instruction, to: Option<u64>) -> bool {
        let at = self.offset(instruction.at);
        let callee = to.and_then(|to| self.known.facts.code.callee(to));
        match callee {
            Some(Callee::Ends) => return false,
            Some(Callee::Keeps(registers)) => {
                self.step(state, Instruction { operation: Operation::Change(registers), ..instruction });
                return true;
            }
            Some(Callee::Writes) => {
                self.step(state, Instruction { operation: Operation::Anything, ..instruction });
                return true;
            }
            _ => {}
        }
        let integers = self.known.facts.code.registers().integers;
        if let Some(Callee::Stores(place, value)) = callee
            && let (Some(&place), Some(&value)) = (integers.get(place), integers.get(value))
        {
            self.store(state, instruction, Place::Based(place, 0), Written::Register(value), 8);
        }
        let results = match (callee, to) {
            (Some(callee), _) => self.typed_call(state, callee).map(|pointee| (0, pointee)).into_iter().collect(),
            (None, Some(to)) => {
                if self.collects {
                    self.needs.push(to);
                }
                for (index, pointee) in self.known.arguments_of(to) {
                    if let Some(&register) = integers.get(usize::from(index)) {
                        self.tell(state.register(register), pointee);
                    }
                }
                self.known.results_of(to)
            }
            (None, None) => Vec::new(),
        };
        if self.collects && self.with_slots {
            self.slots.extend(state.slots().iter().map(|&(slot, value)| (instruction.next, slot, value)));
        }
        let stack = self.known.facts.code.registers().stack;
        (0..32).filter(|&register| register != stack).for_each(|register| state.forget_register(register, at));
        for (index, pointee) in results {
            if let Some(&register) = integers.get(usize::from(index)) {
                state.set_register(register, Value::Pointer(pointee, 0));
            }
        }
        true
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
        let types = &self.known.resolver.types;
        let ty = types.by_descriptor(address)?;
        let pointee = |used: TypeUse| {
            let kind = &types.get(ty).kind;
            let (part, ty) = match (used, kind) {
                (TypeUse::Value, _) => (Part::Value, ty),
                (TypeUse::Elements, _) => (Part::Elements, ty),
                (TypeUse::Map, Kind::Map(..)) => (Part::MapHeader, ty),
                (TypeUse::Chan, Kind::Chan(_)) => (Part::ChanHeader, ty),
                (TypeUse::MapElement, Kind::Map(_, elem)) => (Part::Value, *elem),
                _ => return None,
            };
            Some(Pointee { part, ty })
        };
        for &(index, used) in arguments {
            if let Some((argument, pointee)) = value(index).zip(pointee(used)) {
                self.tell(argument, pointee);
            }
        }
        let is_one = !is_sized || value(0) == Some(Value::Constant(types.get(ty).size));
        result.filter(|_| is_one).and_then(pointee)
    }

    fn resolve(&self, value: Value) -> Option<Pointee> {
        match value {
            Value::Pointer(pointee, 0) => self.known.as_said(pointee),
            Value::Symbol(symbol) => {
                let told = self.symbols.get(&symbol).copied().flatten();
                told.filter(|pointee| !self.asserted.contains(&pointee.ty))
            }
            Value::Word(at) => self.known.word(at),
            _ => None,
        }
    }

    fn said(self) -> Said {
        let mut said = Said::default();
        let integers = self.known.facts.code.registers().integers;
        for (index, &register) in (0..).zip(integers) {
            let argument = Symbol { at: 0, location: i32::from(register), meets: true };
            said.arguments.extend(self.resolve(Value::Symbol(argument)).map(|pointee| (index, pointee)));
        }
        for index in 0..integers.len() as u8 {
            let all = self.returned.iter().filter(|(of, value)| *of == index && *value != Value::Constant(0));
            let mut all = all.map(|&(_, value)| self.resolve(value));
            if let Some(Some(first)) = all.next() {
                said.results.extend(all.all(|other| other == Some(first)).then_some((index, first)));
            }
        }
        let slot = |&(at, slot, value): &(u64, i32, Value)| Some((at, slot, self.resolve(value)?));
        said.slots = self.slots.iter().filter_map(slot).collect();
        let kept = self.kept.iter().filter_map(|&(at, symbol)| Some((at, self.resolve(Value::Symbol(symbol))?)));
        said.words = kept.collect();
        said.words.extend(&self.words);
        (said.areas, said.closures, said.needs) = (self.areas, self.closures, self.needs);
        said.needs.push(context_of(self.function.entry));
        said.needs.sort_unstable();
        said.needs.dedup();
        said
    }
}
