//! The functions of a program as operations, with what is known of those that they call.

use super::callee::{Callee, callees};
use super::functions::Functions;
use super::instruction::{Instruction, Register, Registers};
use super::{MAX_FUNCTION_BYTES, decode_amd64, decode_arm64};
use crate::model::RuntimeModel;
use crate::pclntab::{FUNCDATA_STACK_OBJECTS, Func};
use foldhash::HashMap;
use goheap_image::{Address, Machine};
use std::ops::Range;

/// Address-taken variables of one function that are read.
const MAX_STACK_OBJECTS: u64 = 1 << 12;

/// Registers by what the compiler uses them for (cmd/compile/abi-internal.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterUse {
    /// Of the integer arguments and results, in order.
    pub integers: &'static [Register],
    /// How many arguments are passed in floating-point registers.
    pub floats: usize,
    /// The stack pointer.
    pub stack: Register,
    /// The closure that is called.
    pub context: Register,
    /// What `duffzero` and `duffcopy` write to.
    pub filled: Registers,
    /// What they, and instructions that copy memory, change beside.
    pub scratch: Registers,
    /// Bytes from the stack pointer of a function's first instruction to its frame's end.
    pub pushed: i64,
}

/// A function of the program.
#[derive(Clone, Debug)]
pub struct Function {
    /// First instruction.
    pub entry: u64,
    /// Its name.
    pub name: String,
    /// What it does, in order of address.
    pub instructions: Vec<Instruction>,
    /// Bytes from SP to the frame's end before instructions from that address on.
    pub depths: Vec<(u64, i64)>,
    /// Variables whose address is taken, from the frame's end.
    pub objects: Vec<Range<i64>>,
}

/// Reads functions.
///
/// # Overhead
/// 16 bytes a function.
pub struct ProgramCode<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    functions: Functions,
    callees: HashMap<u64, Callee>,
}

/// Registers of amd64 in the order of their DWARF numbers (System V ABI, AMD64 supplement, figure 3.36).
const AMD64_BY_DWARF: [Register; 16] = [0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];

impl<'m, 'p> ProgramCode<'m, 'p> {
    /// None where the release passes arguments on the stack: arm64 before Go 1.18.
    pub fn new(model: &'m RuntimeModel<'p>) -> Option<Self> {
        if model.machine() == Machine::Aarch64 && !model.version.release().has_arm64_register_arguments {
            return None;
        }
        Some(ProgramCode { model, functions: Functions::of(&model.modules), callees: callees(model) })
    }

    /// What the registers are used for.
    pub fn registers(&self) -> RegisterUse {
        match self.model.machine() {
            Machine::X86_64 => {
                let integers = &[0, 3, 1, 7, 6, 8, 9, 10, 11];
                let scratch = 1 << 1 | 1 << 6 | 1 << 12 | 1 << 13;
                RegisterUse { integers, floats: 15, stack: 4, context: 2, filled: 1 << 7, scratch, pushed: 8 }
            }
            Machine::Aarch64 => RegisterUse {
                integers: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
                floats: 16,
                stack: 31,
                context: 26,
                filled: 1 << 20 | 1 << 21,
                scratch: 1 << 16 | 1 << 17 | 1 << 26 | 1 << 27 | 1 << 30,
                pushed: 0,
            },
        }
    }

    /// The general register that has this number in DWARF.
    pub fn register_by_dwarf(&self, number: u16) -> Option<Register> {
        match self.model.machine() {
            Machine::X86_64 => AMD64_BY_DWARF.get(usize::from(number)).copied(),
            Machine::Aarch64 => Register::try_from(number).ok().filter(|&register| register < 31),
        }
    }

    /// Every function's entry, ascending.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.functions.0.iter().map(|&(entry, _)| entry)
    }

    /// True if a function begins at the address.
    pub fn begins_at(&self, address: u64) -> bool {
        self.functions.begins_at(address)
    }

    /// What is known of calls of the function at `entry`, or of calls into its midst.
    pub fn callee(&self, address: u64) -> Option<Callee> {
        if let Some(&known) = self.callees.get(&address) {
            return Some(known);
        }
        // `duffzero` is called in its midst.
        let within = self.functions.0.partition_point(|&(entry, _)| entry <= address).checked_sub(1)?;
        self.callees.get(&self.functions.0.get(within)?.0).copied().filter(|callee| *callee == Callee::Writes)
    }

    /// The function that begins at `entry`; None where its code is absent.
    pub fn function(&self, entry: u64) -> Option<Function> {
        let index = self.functions.0.binary_search_by_key(&entry, |&(entry, _)| entry).ok()?;
        let len = self.functions.0.get(index)?.1.saturating_sub(entry).min(MAX_FUNCTION_BYTES);
        let code = self.model.memory().bytes(Address(entry), usize::try_from(len).ok()?)?;
        let instructions = match self.model.machine() {
            Machine::X86_64 => decode_amd64::decode(&code, entry),
            Machine::Aarch64 => decode_arm64::decode(&code, entry),
        };
        let module = self.model.modules.iter().find(|module| module.text.contains(&entry))?;
        let func = module.functions.find(entry)?;
        let pushed = self.registers().pushed;
        let depths = module.functions.sp_steps(&func).into_iter().map(|(at, depth)| (at, i64::from(depth) + pushed));
        let depths: Vec<(u64, i64)> = depths.collect();
        let deepest = depths.iter().map(|&(_, depth)| depth).max().unwrap_or(0);
        let objects = self.stack_objects(module, &func, deepest);
        Some(Function { entry, name: module.functions.name(&func).into_owned(), instructions, depths, objects })
    }

    /// Where the function's stack objects lie from its frame's end ([`crate::stack`] reads what is in them).
    fn stack_objects(&self, module: &crate::ModuleData<'_>, func: &Func, deepest: i64) -> Vec<Range<i64>> {
        let memory = self.model.memory();
        let layout = &self.model.layout.stack_object_record;
        let Some(table) = module.functions.funcdata(func, FUNCDATA_STACK_OBJECTS) else { return Vec::new() };
        let pushed = self.registers().pushed;
        // Below the return address lies the caller's frame pointer, where there is a frame.
        let locals_end = -pushed - if deepest > pushed { 8 } else { 0 };
        let arguments = if self.model.machine() == Machine::Aarch64 { 8 } else { 0 };
        let count = memory.read_u64(table).unwrap_or(0).min(MAX_STACK_OBJECTS);
        let object = |index: u64| {
            let record = table.add(8 + index * layout.size);
            let offset = i64::from(memory.read_u32(record.add(layout.off))? as i32);
            let size = i64::from(memory.read_u32(record.add(layout.object_size))?);
            let start = offset + if offset < 0 { locals_end } else { arguments };
            Some(start..start + size)
        };
        (0..count).filter_map(object).collect()
    }
}
