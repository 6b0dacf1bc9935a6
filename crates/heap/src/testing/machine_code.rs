//! Functions of a few instructions, as Go's compiler writes them for amd64.

use super::GoProcess;
use super::module::STRIDE;

/// Registers by number; the first integer arguments are passed in AX, BX and CX.
pub(crate) const AX: u8 = 0;
pub(crate) const CX: u8 = 1;
/// What closures are called with.
pub(crate) const DX: u8 = 2;
pub(crate) const BX: u8 = 3;
pub(crate) const SP: u8 = 4;

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code<'a> {
    /// The register gets that address.
    Address(u8, u64),
    /// The register gets that number.
    Number(u8, u32),
    /// The first register gets what the second has.
    Move(u8, u8),
    /// The register gets the word at that address.
    Load(u8, u64),
    /// The word at that address gets what the register has.
    Store(u64, u8),
    /// The first register gets the word so many bytes behind where the second leads.
    Read(u8, u8, i32),
    /// The word so many bytes behind where the first register leads gets what the second has.
    Write(u8, i32, u8),
    /// The register leads so many bytes further.
    Further(u8, i32),
    /// Two registers are compared.
    Compare(u8, u8),
    /// A function is called.
    Call(&'a str),
    /// It goes on at the instruction of that number, in any case or in some.
    Jump(usize),
    Branch(usize),
    Return,
}

const LEA: u8 = 0x8d;
const LOAD: u8 = 0x8b;
const STORE: u8 = 0x89;
/// Nothing goes on behind it.
const TRAP: u8 = 0xcc;

/// A prefix for 64 bits, the operation, and its two registers.
fn both(operation: u8, mode: u8, register: u8, other: u8) -> Vec<u8> {
    let wide = 0x48 | register >> 3 << 2 | other >> 3;
    vec![wide, operation, mode << 6 | (register & 7) << 3 | other & 7]
}

/// The same with memory so many bytes behind where a register leads.
fn based(operation: u8, register: u8, base: u8, offset: i32) -> Vec<u8> {
    let mut bytes = both(operation, 2, register, base);
    if base & 7 == SP {
        bytes.push(0x24);
    }
    bytes.extend(offset.to_le_bytes());
    bytes
}

/// An operation on what lies at an address; it ends with the distance from its end.
fn at(mut bytes: Vec<u8>, start: u64, address: u64) -> Vec<u8> {
    let end = start + bytes.len() as u64 + 4;
    bytes.extend((address.wrapping_sub(end) as u32).to_le_bytes());
    bytes
}

/// Where the register would be, memory at an address is meant.
const STATIC: u8 = 5;

impl GoProcess {
    /// Writes the function's code.
    pub(crate) fn machine_code(&mut self, name: &str, code: &[Code<'_>]) {
        let entry = self.function(name);
        let mut starts = vec![entry];
        for instruction in code {
            let start = starts[starts.len() - 1];
            starts.push(start + self.encoded(instruction, start, &|_| 0).len() as u64);
        }
        let mut bytes = Vec::new();
        for (instruction, start) in code.iter().zip(&starts) {
            bytes.extend(self.encoded(instruction, *start, &|number| starts[number]));
        }
        assert!(bytes.len() < STRIDE as usize, "{name} is too long");
        bytes.resize(STRIDE as usize, TRAP);
        self.put(entry, &bytes);
    }

    /// Where the call of that number returns to, in code that was written.
    pub(crate) fn returns_to(&mut self, name: &str, code: &[Code<'_>], call: usize) -> u64 {
        let mut at = self.function(name);
        for instruction in &code[..=call] {
            at += self.encoded(instruction, at, &|_| 0).len() as u64;
        }
        at
    }

    fn encoded(&mut self, instruction: &Code<'_>, start: u64, place: &dyn Fn(usize) -> u64) -> Vec<u8> {
        match *instruction {
            Code::Address(to, address) => at(both(LEA, 0, to, STATIC), start, address),
            Code::Load(to, address) => at(both(LOAD, 0, to, STATIC), start, address),
            Code::Store(address, from) => at(both(STORE, 0, from, STATIC), start, address),
            Code::Number(to, value) => [vec![0xb8 | to], value.to_le_bytes().to_vec()].concat(),
            Code::Move(to, from) => both(STORE, 3, from, to),
            Code::Read(to, base, offset) => based(LOAD, to, base, offset),
            Code::Write(base, offset, from) => based(STORE, from, base, offset),
            Code::Further(to, by) => [both(0x81, 3, 0, to), by.to_le_bytes().to_vec()].concat(),
            Code::Compare(one, other) => both(0x39, 3, other, one),
            Code::Call(callee) => at(vec![0xe8], start, self.function(callee)),
            Code::Jump(to) => at(vec![0xe9], start, place(to)),
            Code::Branch(to) => at(vec![0x0f, 0x84], start, place(to)),
            Code::Return => vec![0xc3],
        }
    }
}
