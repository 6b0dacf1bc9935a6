//! Flow of values through one function.

mod calls;
mod steps;
mod told;

use super::dictionaries::{self, Given};
use super::known::Known;
use super::state::State;
use super::value::{Pointee, Unknown, Value};
use foldhash::HashSet;
use goheap_model::{Part, TypeId};
use goheap_runtime::code::{Function, Operation};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A block is gone through so often at most, on average.
const MAX_ROUNDS: usize = 24;
/// Functions of more instructions are not read.
const MAX_INSTRUCTIONS: usize = 1 << 19;

/// Of which moments the words of frames are noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// Of none.
    Nowhere,
    /// Of calls, where they return to.
    Calls,
    /// Before the instruction at this address, with the registers.
    At(u64),
}

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
    /// Words of the frame at the moments that are noted: (address, bytes from the frame's end, what it leads to).
    pub(super) slots: Vec<(u64, i32, Pointee)>,
    /// Registers at the one moment that is noted.
    pub(super) registers: Vec<(u8, Pointee)>,
    /// Words of the frame where calls return to that have what a register had when the function was called.
    pub(super) saved: Vec<(u64, i32, u8)>,
    /// What words lead to of what its integer arguments lead to: (argument, bytes from where it leads, what that word leads to).
    pub(super) fields: Vec<(u8, u32, Pointee)>,
    /// What it passes to generic functions.
    pub(super) given: Given,
    /// The struct that closures of the function at an address are made of.
    pub(super) closures: Vec<(u64, TypeId)>,
    /// What it depends on: entries of functions that it calls and words of package variables that it reads, ascending.
    pub(super) needs: Vec<u64>,
}

/// Reads a function.
pub(super) fn read(known: &Known<'_, '_, '_>, function: &Function, noted: Noted) -> Said {
    if function.instructions.is_empty() || function.instructions.len() > MAX_INSTRUCTIONS {
        return Said::default();
    }
    let mut flow = Flow::new(known, function);
    flow.settle();
    flow.collects = true;
    flow.noted = noted;
    flow.stop = stop(function, noted);
    flow.visit_all();
    flow.said()
}

struct Block {
    first: usize,
    end: usize,
    state: Option<State>,
    is_pending: bool,
}

struct Flow<'a, 'k, 'm, 'p> {
    known: &'a Known<'k, 'm, 'p>,
    function: &'a Function,
    blocks: Vec<Block>,
    pending: BinaryHeap<Reverse<usize>>,
    /// Where a jump leads that no operand tells, any block may begin.
    is_loose: bool,
    collects: bool,
    noted: Noted,
    /// The instruction before which frame and registers are noted, with the address that was asked for.
    stop: Option<(usize, u64)>,
    /// What values are said to lead to.
    told: Vec<(Unknown, Pointee)>,
    areas: Vec<(u64, Pointee)>,
    words: Vec<(u64, Pointee)>,
    /// Values that are kept in words of package variables.
    kept: Vec<(u64, Unknown)>,
    given: Given,
    closures: Vec<(u64, TypeId)>,
    needs: Vec<u64>,
    returned: Vec<(u8, Value)>,
    slots: Vec<(u64, i32, Value)>,
    registers: Vec<(u8, Value)>,
    /// Types that interfaces are asked for: what is done where one has it holds for no other.
    asserted: HashSet<TypeId>,
}

/// The first instruction at the one address that is noted, or behind it.
fn stop(function: &Function, noted: Noted) -> Option<(usize, u64)> {
    match noted {
        Noted::At(pc) => Some((function.instructions.partition_point(|instruction| instruction.at < pc), pc)),
        Noted::Nowhere | Noted::Calls => None,
    }
}

/// The blocks of a function: what no jump leads into and none leaves but at its end.
fn blocks(function: &Function) -> Vec<Block> {
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
    firsts.iter().zip(ends).map(block).collect()
}

impl<'a, 'k, 'm, 'p> Flow<'a, 'k, 'm, 'p> {
    fn new(known: &'a Known<'k, 'm, 'p>, function: &'a Function) -> Self {
        let code = &function.instructions;
        Flow {
            known,
            function,
            blocks: blocks(function),
            pending: BinaryHeap::new(),
            is_loose: code.iter().any(|instruction| instruction.operation == Operation::JumpAnywhere),
            collects: false,
            noted: Noted::Nowhere,
            stop: None,
            told: Vec::new(),
            areas: Vec::new(),
            words: Vec::new(),
            kept: Vec::new(),
            given: Vec::new(),
            closures: Vec::new(),
            needs: Vec::new(),
            returned: Vec::new(),
            slots: Vec::new(),
            registers: Vec::new(),
            asserted: HashSet::default(),
        }
    }

    fn offset(&self, at: u64) -> u32 {
        at.wrapping_sub(self.function.entry) as u32
    }

    /// What is known where the function is called.
    fn entry_state(&self) -> State {
        let mut entry = State::unknown(0);
        let registers = self.known.facts.code.registers();
        for (index, pointee) in self.known.arguments_of(self.function.entry) {
            if let Some(&register) = registers.integers.get(usize::from(index)) {
                entry.set_register(register, Value::Pointer(pointee, 0));
            }
        }
        for (index, &register) in (0..dictionaries::ARGUMENTS).zip(registers.integers) {
            if let Some(&given) = self.known.facts.given.get(&(self.function.entry, index)) {
                entry.set_register(register, Value::Constant(given));
            }
        }
        entry.set_register(registers.stack, Value::Frame(0));
        if let Some(&ty) = self.known.facts.closures.get(&self.function.entry) {
            entry.set_register(registers.context, Value::Pointer(Pointee { part: Part::Value, ty }, 0));
        }
        entry
    }

    /// Until what is known where each block begins changes no more.
    fn settle(&mut self) {
        self.blocks[0].state = Some(self.entry_state());
        if self.is_loose {
            for index in 1..self.blocks.len() {
                let at = self.offset(self.function.instructions[self.blocks[index].first].at);
                self.blocks[index].state = Some(State::unknown(at));
            }
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
            if let Some((_, pc)) = self.stop.filter(|stop| stop.0 == at) {
                self.note_stop(&state, pc);
            }
            match instruction.operation {
                Operation::Jump(to) => return self.lead(&state, to),
                Operation::Branch(to) => self.lead(&state, to),
                Operation::Return => return self.returns(&state),
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
}
