//! arm64 to [`Operation`]s (Arm Architecture Reference Manual, C4.1): what Go's compiler writes to move words, branches, and for
//! the rest the registers that it may change.

use super::instruction::{Instruction, Operation, Place, Register, Written};

/// As a base SP, elsewhere zero.
const SP: u8 = 31;

/// Every operation of the code of the function at `entry`, in order.
pub(super) fn decode(code: &[u8], entry: u64) -> Vec<Instruction> {
    let mut found = Vec::with_capacity(code.len() / 4);
    for (index, bytes) in code.as_chunks::<4>().0.iter().enumerate() {
        let at = entry.wrapping_add(index as u64 * 4);
        operations(u32::from_le_bytes(*bytes), at, &mut |operation| {
            found.push(Instruction { at, next: at.wrapping_add(4), operation });
        });
    }
    found
}

/// A field of the instruction, signed.
fn signed(word: u32, low: u32, bits: u32) -> i64 {
    i64::from((word << (32 - low - bits)) as i32 >> (32 - bits))
}

fn register(word: u32, low: u32) -> Register {
    (word >> low & 31) as u8
}

fn operations(word: u32, at: u64, push: &mut dyn FnMut(Operation)) {
    let target = |low, bits| at.wrapping_add_signed(signed(word, low, bits) * 4);
    let operation = match word {
        _ if word >> 26 == 0b000101 => Operation::Jump(target(0, 26)),
        _ if word >> 26 == 0b100101 => Operation::Call(Some(target(0, 26))),
        // B.cond, CBZ, CBNZ; TBZ, TBNZ.
        _ if word >> 24 == 0x54 || word & 0x7e00_0000 == 0x3400_0000 => Operation::Branch(target(5, 19)),
        _ if word & 0x7e00_0000 == 0x3600_0000 => Operation::Branch(target(5, 14)),
        _ if word & 0xffff_fc1f == 0xd65f_0000 => Operation::Return,
        _ if word & 0xffff_fc1f == 0xd63f_0000 => Operation::Call(None),
        _ if word & 0xffff_fc1f == 0xd61f_0000 => Operation::JumpAnywhere,
        // BRK, UDF.
        _ if word & 0xffe0_0000 == 0xd420_0000 || word >> 16 == 0 => Operation::Stop,
        _ => return moves(word, at, push),
    };
    push(operation);
}

fn moves(word: u32, at: u64, push: &mut dyn FnMut(Operation)) {
    let (to, base) = (register(word, 0), register(word, 5));
    match word {
        // ADRP.
        _ if word & 0x9f00_0000 == 0x9000_0000 => {
            let pages = signed(word, 5, 19) << 2 | i64::from(word >> 29 & 3);
            push(Operation::Constant(to, (at & !0xfff).wrapping_add_signed(pages << 12)));
        }
        // ADD and SUB of a number, 64 bits.
        _ if word & 0xbf80_0000 == 0x9100_0000 => {
            let number = i64::from(word >> 10 & 0xfff) << if word & 1 << 22 != 0 { 12 } else { 0 };
            push(Operation::Add(to, base, if word & 1 << 30 != 0 { -number } else { number }));
        }
        // ADD of registers, one of them perhaps shifted.
        _ if word & 0xff20_0000 == 0x8b00_0000 => push(Operation::Sum(to, base, register(word, 16), 0)),
        // MOV between registers (ORR with zero), of zero; MOVZ, and ORR of a number, which is no address.
        _ if word & 0xffe0_ffe0 == 0xaa00_03e0 => match register(word, 16) {
            SP => push(Operation::Constant(to, 0)),
            from => push(Operation::Add(to, from, 0)),
        },
        _ if word & 0x7f80_0000 == 0x5280_0000 => {
            let shift = word >> 21 & 3;
            push(Operation::Constant(to, u64::from(word >> 5 & 0xffff) << (shift * 16)));
        }
        // LDR and STR, LDUR and STUR of 64 bits.
        _ if word & 0xffc0_0000 == 0xf940_0000 => {
            push(Operation::Load(to, based(base, i64::from(word >> 10 & 0xfff) * 8)))
        }
        _ if word & 0xffc0_0000 == 0xf900_0000 => store(base, i64::from(word >> 10 & 0xfff) * 8, to, push),
        _ if word & 0xffe0_0c00 == 0xf840_0000 => push(Operation::Load(to, based(base, signed(word, 12, 9)))),
        _ if word & 0xffe0_0c00 == 0xf800_0000 => store(base, signed(word, 12, 9), to, push),
        // LDP and STP of 64 bits with an offset.
        _ if word & 0xffc0_0000 == 0xa940_0000 => {
            let (offset, second) = (signed(word, 15, 7) * 8, register(word, 10));
            if to == base {
                push(Operation::Change(1 << to | 1 << second));
                return;
            }
            push(Operation::Load(to, based(base, offset)));
            push(Operation::Load(second, based(base, offset + 8)));
        }
        _ if word & 0xffc0_0000 == 0xa900_0000 => {
            let offset = signed(word, 15, 7) * 8;
            store(base, offset, to, push);
            store(base, offset + 8, register(word, 10), push);
        }
        // LDR and STR of 64 bits with an index, perhaps shifted.
        _ if word & 0xffe0_0c00 == 0xf860_0800 => {
            push(Operation::Load(to, Place::Indexed(base, register(word, 16), 0)));
        }
        _ if word & 0xffe0_0c00 == 0xf820_0800 => {
            let from = if to == SP { Written::Constant(0) } else { Written::Register(to) };
            push(Operation::Store(Place::Indexed(base, register(word, 16), 0), from, 8));
        }
        // Any other load or store; those of the prologue write below SP and change it.
        _ if word & 0x0a00_0000 == 0x0800_0000 => memory(word, push),
        // CMP of 64 bits, not shifted.
        _ if word & 0xffe0_fc1f == 0xeb00_001f => push(Operation::Compare(base, register(word, 16))),
        // CMP, CMN, TST: no result. All else has one.
        _ if to == SP && word & 0x1f00_0000 != 0x1100_0000 => {}
        _ => push(Operation::Change(1 << to)),
    }
}

fn based(base: Register, offset: i64) -> Place {
    Place::Based(base, offset)
}

fn store(base: Register, offset: i64, from: Register, push: &mut dyn FnMut(Operation)) {
    let from = if from == SP { Written::Constant(0) } else { Written::Register(from) };
    push(Operation::Store(based(base, offset), from, 8));
}

/// Loads and stores of other sizes, in pairs, with changed bases, exclusive ones: whatever they may change.
fn memory(word: u32, push: &mut dyn FnMut(Operation)) {
    let (to, base, second) = (register(word, 0), register(word, 5), register(word, 10));
    let is_vector = word & 1 << 26 != 0;
    if word & 1 << 22 == 0 {
        return write(word, base, is_vector, push);
    }
    let is_unsigned_offset = word & 0x3b00_0000 == 0x3900_0000;
    let mut changed = if base == SP || is_unsigned_offset { 0_u32 } else { 1 << base };
    if !is_vector {
        changed |= 1 << to | 1 << second;
    }
    push(Operation::Change(changed & !(1 << SP)));
}

fn write(word: u32, base: Register, is_vector: bool, push: &mut dyn FnMut(Operation)) {
    let scale = match word >> 30 {
        size if is_vector && word & 0x3a00_0000 == 0x2800_0000 => size + 2,
        _ if is_vector && word >> 23 & 1 == 1 => 4,
        size => size,
    };
    let place = match word {
        // With an unsigned offset; two registers; unscaled, or with a changed base.
        _ if word & 0x3b00_0000 == 0x3900_0000 => Some((i64::from(word >> 10 & 0xfff) << scale, 1 << scale)),
        _ if word & 0x3b80_0000 == 0x2900_0000 => {
            let scale = if is_vector { scale } else { 2 + (word >> 31) };
            Some((signed(word, 15, 7) << scale, 2 << scale))
        }
        _ if word & 0x3b20_0c00 == 0x3800_0000 => Some((signed(word, 12, 9), 1 << scale)),
        _ => None,
    };
    match place {
        Some((offset, bytes)) => push(Operation::Store(based(base, offset), Written::Something, bytes)),
        None if base == SP => push(Operation::Anything),
        // With a changed base, or exclusive: a status register beside.
        None => push(Operation::Change((1 << base | 1 << register(word, 16)) & !(1_u32 << SP))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_allocation_is_made_of_is_read() {
        // What Go 1.27.3 makes of `root = &N{}` for arm64, at 0x87f2c: ADRP, ADD, ORR of a number, CALL.
        let code: Vec<u8> = [0x9000_04e1_u32, 0x911c_c021, 0xb240_03e2, 0x97fe_7f0e]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let found: Vec<Operation> = decode(&code, 0x8_7f2c).iter().map(|one| one.operation).collect();
        let expected = [
            Operation::Constant(1, 0x12_3000),
            Operation::Add(1, 1, 1840),
            Operation::Change(1 << 2),
            Operation::Call(Some(0x2_7b70)),
        ];
        assert_eq!(found, expected);
    }
}
