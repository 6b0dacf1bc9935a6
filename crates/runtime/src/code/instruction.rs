//! What a machine instruction does to registers and words of memory, as far as Go's compiler moves pointers by it: one form for both
//! architectures. What is not understood says so, by the registers that it changes.

/// A general register by its number in instructions; on amd64 4 is SP, on arm64 31.
pub type Register = u8;

/// A set of registers, one bit each.
pub type Registers = u32;

/// A word of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this address.
    Static(u64),
    /// So far from what the register holds.
    Based(Register, i64),
    /// So far from the sum of what the registers hold, one perhaps times something.
    Indexed(Register, Register, i64),
    /// Not told.
    Elsewhere,
}

/// What is written to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// What the register holds.
    Register(Register),
    /// A number.
    Constant(u64),
    /// Not told.
    Something,
}

/// What one instruction, or a part of one, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A register gets a number or an address that the instruction tells.
    Constant(Register, u64),
    /// The first register gets what the second holds, and so much more.
    Add(Register, Register, i64),
    /// The first register gets the sum of what the others hold, one perhaps times something, and so much more.
    Sum(Register, Register, Register, i64),
    /// A register gets a word of memory.
    Load(Register, Place),
    /// So many bytes of memory, a word or two of them alike, are written.
    Store(Place, Written, u32),
    /// Two registers are compared.
    Compare(Register, Register),
    /// These registers get what is not told.
    Change(Registers),
    /// Memory is written behind where these registers lead, and they change: so many words as the register holds, or at most
    /// [`MOST_FILLED`] bytes.
    Fill(Registers, Option<Register>),
    /// A call of the function at this address, or of one that is not told.
    Call(Option<u64>),
    /// Execution goes on there and nowhere else.
    Jump(u64),
    /// Execution may go on there.
    Branch(u64),
    /// Execution goes on where no operand tells.
    JumpAnywhere,
    /// The end of the function or of all.
    Stop,
    /// The end of the function: its results are in registers.
    Return,
    /// Memory of unknown extent is written, and all registers but SP.
    Anything,
}

/// Bytes that `duffzero` or `duffcopy` writes at most (runtime/mkduff.go).
pub const MOST_FILLED: u32 = 1024;

/// One operation with where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Address of the instruction.
    pub at: u64,
    /// Address of the one behind it.
    pub next: u64,
    /// What it does.
    pub operation: Operation,
}
