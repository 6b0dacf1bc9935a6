//! What machine code tells of types: which functions name which type descriptors and which variables, and to which allocators
//! they pass a descriptor. A stripped program keeps all of it, since its code still runs.
//!
//! Read is what Go's compiler writes: on amd64 operands relative to the next instruction (`LEAQ type:T(SB), AX`,
//! `MOVQ AX, main.x(SB)`), on arm64 ADRP with the ADD, load or store that follows (cmd/internal/obj/x86/asm6.go,
//! cmd/internal/obj/arm64/asm7.go, Go 1.17 to 1.27). Not read are plugins' references through a GOT, calls through a PLT, and
//! code outside pclntab, as that of C.
//!
//! Code is not decoded from its start: amd64's operands are told by their opcode and by where they point. Bytes in the middle of
//! another instruction may look the same, but then seldom point to a descriptor's first byte or a variable. Loads and stores of less
//! than a word are left out there: they hold no pointer.

mod allocators;
mod amd64;
mod arm64;
mod callee;
mod decode_amd64;
mod decode_arm64;
mod function;
mod functions;
mod instruction;
mod program;
mod variables;

pub use callee::{Callee, Use as TypeUse};
pub use function::FunctionCode;
pub use instruction::{Instruction, MOST_FILLED, Operation, Place, Register, Registers, Written};
pub use program::{Function, ProgramCode, RegisterUse};
pub use variables::VariableOwners;

use crate::model::RuntimeModel;
use crate::module::AddressRange;
use allocators::{Allocators, Use};
use functions::Functions;
use goheap_image::{Address, Machine, MemoryImage};

/// Code of one function that is searched: more than any compiler writes.
const MAX_FUNCTION_BYTES: u64 = 1 << 26;

/// What one instruction, or on arm64 a pair, refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operand {
    /// The address.
    target: u64,
    /// The register that the address itself is put in; None where memory there is read or written.
    loaded: Option<u8>,
    /// Offset from the function's entry of the next instruction.
    end: usize,
}

/// Where code goes on elsewhere, by offsets from the function's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// A jump, with or without a condition, and its target.
    Jump(usize, i64),
    /// A return.
    Return(usize),
}

/// The target of the first call soon after the offset `from`, if `register` is not loaded anew before it.
type NextCall =
    fn(code: &[u8], entry: u64, from: usize, register: u8, is_function: &dyn Fn(u64) -> bool) -> Option<u64>;

/// Shows the offset and the target of every call of a fixed address in the code of the function that begins at the entry.
type EachCall = fn(code: &[u8], entry: u64, visit: &mut dyn FnMut(usize, u64));

/// One architecture's instructions.
struct Decoder {
    /// Every operand of the code of the function that begins at the entry, in order.
    operands: fn(code: &[u8], entry: u64, visit: &mut dyn FnMut(Operand)),
    next_call: NextCall,
    /// Every call of a function at a fixed address: the offset of the instruction and the target.
    calls: EachCall,
    /// Jumps at fixed distances, and returns of functions that have a frame.
    flow: fn(code: &[u8], visit: &mut dyn FnMut(Flow)),
    /// Registers of the first integer arguments in ABIInternal (cmd/compile/abi-internal.md).
    arguments: [u8; 9],
}

impl Decoder {
    fn of(machine: Machine) -> Self {
        match machine {
            Machine::X86_64 => Decoder {
                operands: amd64::operands,
                next_call: amd64::next_call,
                calls: amd64::calls,
                flow: amd64::flow,
                arguments: amd64::ARGUMENTS,
            },
            Machine::Aarch64 => Decoder {
                operands: arm64::operands,
                next_call: arm64::next_call,
                calls: arm64::calls,
                flow: arm64::flow,
                arguments: arm64::ARGUMENTS,
            },
        }
    }
}

/// What code does with a type descriptor, over the whole program. Evidence, not proof: calls are sought in the instructions that
/// follow the descriptor's address, whatever jumps lie between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocatedAs {
    /// Passed to `newobject`, to the `mallocgc` that stands for it since Go 1.26, or to `convT`: one value is allocated.
    pub value: bool,
    /// Passed to `convT`, which clears nothing: behind the value lies what was in the slot before.
    pub boxed: bool,
    /// Passed as element type to `makeslice`, `growslice` and their kin: arrays of any length are allocated.
    pub elements: bool,
    /// Passed to `makemap` or `mapassign`: a map of this type.
    pub map: bool,
    /// Passed to `makechan`: a channel of this type.
    pub chan: bool,
    /// Named otherwise: compared, converted, passed to other functions, kept across calls.
    pub other: bool,
}

impl AllocatedAs {
    fn note(&mut self, used: Option<Use>) {
        match used {
            Some(Use::Value) => self.value = true,
            Some(Use::Boxed) => (self.value, self.boxed) = (true, true),
            Some(Use::Elements) => self.elements = true,
            Some(Use::Map) => self.map = true,
            Some(Use::Chan) => self.chan = true,
            None => self.other = true,
        }
    }
}

/// Which functions refer to which descriptors and variables.
///
/// Each pair of a function and a descriptor costs 8 bytes, each pair of a function and an address in a variable 16, each function
/// that names a descriptor 12, each descriptor named 16.
#[derive(Debug, Default)]
pub struct CodeReferences {
    /// Entries of the functions that name descriptors, ascending.
    functions: Vec<u64>,
    /// For each of them where its descriptors begin in `types`, and the end of the last.
    first_type: Vec<u32>,
    /// Descriptors, function by function, ascending in each.
    types: Vec<u64>,
    /// (address in a variable, entry of a function), ascending, each once.
    variables: Vec<(u64, u64)>,
    /// What is done with each descriptor that code names, by its address.
    uses: Vec<(u64, AllocatedAs)>,
}

impl CodeReferences {
    /// Reads the text of every module once. `descriptors` are the linked ones, ascending: [`crate::DescriptorReader::linked`].
    ///
    /// Functions whose code is absent from the core and the executable are left out.
    pub fn read(model: &RuntimeModel<'_>, descriptors: &[u64]) -> Self {
        let functions = Functions::of(&model.modules);
        let scan = Scan {
            memory: model.memory(),
            decoder: Decoder::of(model.machine()),
            allocators: Allocators::of(&model.modules, model.version.release()),
            variables: model.modules.iter().flat_map(|module| [module.data.clone(), module.bss.clone()]).collect(),
            functions: &functions,
            descriptors,
        };
        scan.run()
    }

    /// The descriptors that the code of the function that begins at `entry` names, ascending, each once.
    pub fn types_of(&self, entry: u64) -> &[u64] {
        let Ok(index) = self.functions.binary_search(&entry) else { return &[] };
        let bound = |index: usize| self.first_type.get(index).map_or(0, |&at| at as usize);
        self.types.get(bound(index)..bound(index + 1)).unwrap_or_default()
    }

    /// Entries of the functions whose code refers to an address in `[start, end)` of data or bss, ascending, each once.
    pub fn functions_using(&self, start: u64, end: u64) -> Vec<u64> {
        let bound = |address: u64| self.variables.partition_point(|&(target, _)| target < address);
        let found = self.variables.get(bound(start)..bound(end)).unwrap_or_default();
        let mut entries: Vec<u64> = found.iter().map(|&(_, entry)| entry).collect();
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    /// What code does with the descriptor at this address; nothing where no code names it.
    pub fn allocated_as(&self, descriptor: u64) -> AllocatedAs {
        let index = self.uses.binary_search_by_key(&descriptor, |&(address, _)| address);
        index.ok().and_then(|index| self.uses.get(index)).map_or_else(AllocatedAs::default, |&(_, uses)| uses)
    }

    /// Every descriptor that code names with what is done with it, ascending.
    pub fn uses(&self) -> &[(u64, AllocatedAs)] {
        &self.uses
    }
}

struct Scan<'a> {
    memory: &'a MemoryImage,
    decoder: Decoder,
    allocators: Allocators,
    /// Data and bss of every module.
    variables: Vec<AddressRange>,
    functions: &'a Functions,
    descriptors: &'a [u64],
}

impl Scan<'_> {
    fn run(&self) -> CodeReferences {
        let mut found = CodeReferences::default();
        let mut uses = vec![AllocatedAs::default(); self.descriptors.len()];
        for &(entry, end) in &self.functions.0 {
            let len = end.saturating_sub(entry).min(MAX_FUNCTION_BYTES);
            let code = usize::try_from(len).ok().and_then(|len| self.memory.bytes(Address(entry), len));
            if let Some(code) = code {
                self.function(&code, entry, &mut found, &mut uses);
            }
        }
        found.first_type.push(u32::try_from(found.types.len()).unwrap_or(u32::MAX));
        found.variables.sort_unstable();
        found.variables.dedup();
        let named =
            |(&address, &uses): (&u64, &AllocatedAs)| (uses != AllocatedAs::default()).then_some((address, uses));
        found.uses = self.descriptors.iter().zip(&uses).filter_map(named).collect();
        found
    }

    fn function(&self, code: &[u8], entry: u64, found: &mut CodeReferences, uses: &mut [AllocatedAs]) {
        let mut types = Vec::new();
        let variables = &mut found.variables;
        (self.decoder.operands)(code, entry, &mut |operand| {
            if self.variables.iter().any(|range| range.contains(&operand.target)) {
                variables.push((operand.target, entry));
            } else if let Some((register, index)) = operand.loaded.zip(self.descriptor(operand.target)) {
                types.push(operand.target);
                uses[index].note(self.use_of(code, entry, operand.end, register));
            }
        });
        if types.is_empty() {
            return;
        }
        types.sort_unstable();
        types.dedup();
        found.functions.push(entry);
        found.first_type.push(u32::try_from(found.types.len()).unwrap_or(u32::MAX));
        found.types.extend(types);
    }

    fn descriptor(&self, target: u64) -> Option<usize> {
        let (first, last) = (self.descriptors.first()?, self.descriptors.last()?);
        if !(*first..=*last).contains(&target) || !target.is_multiple_of(8) {
            return None;
        }
        self.descriptors.binary_search(&target).ok()
    }

    /// What the call after `from` makes of the descriptor in `register`.
    fn use_of(&self, code: &[u8], entry: u64, from: usize, register: u8) -> Option<Use> {
        let is_function = |address: u64| self.functions.begins_at(address);
        let callee = (self.decoder.next_call)(code, entry, from, register, &is_function)?;
        let (argument, used) = self.allocators.get(callee)?;
        (self.decoder.arguments.get(argument) == Some(&register)).then_some(used)
    }
}
