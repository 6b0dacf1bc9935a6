//! amd64: operands relative to RIP, and CALL (Intel 64 manual, volume 2, chapter 2 and appendix A).

use super::{Flow, Operand};

/// AX, BX, CX, DI, SI, R8 to R11 by their numbers in instructions.
pub(super) const ARGUMENTS: [u8; 9] = [0, 3, 1, 7, 6, 8, 9, 10, 11];

/// Bytes after an address is loaded in which its call is sought.
const CALL_WITHIN: usize = 48;
const CALL: u8 = 0xe8;
const LEA: u8 = 0x8d;
const REX_W: u8 = 0x48;
const REX_R: u8 = 4;

/// Bytes of immediate that follow the displacement, by opcode; None for opcodes that do not move, compare or add words.
const IMMEDIATE_BYTES: [Option<u8>; 256] = {
    let mut table = [None; 256];
    // ADD, SUB, XOR, CMP, MOVSXD, TEST, XCHG, MOV, LEA, INC and DEC.
    let plain = [0x01, 0x03, 0x29, 0x2b, 0x31, 0x33, 0x39, 0x3b, 0x63, 0x85, 0x87, 0x89, 0x8b, LEA, 0xff];
    let mut index = 0;
    while index < plain.len() {
        table[plain[index] as usize] = Some(0);
        index += 1;
    }
    // Arithmetic with a byte, with four; MOV with four.
    table[0x83] = Some(1);
    table[0x81] = Some(4);
    table[0xc7] = Some(4);
    table
};

/// True if the bytes before ModRM are `0F 10`, `0F 11` (MOVUPS: words in pairs) or `0F B1`, `0F C1` (CMPXCHG, XADD).
fn is_two_byte_opcode(before: u8, opcode: u8) -> bool {
    before == 0x0f && matches!(opcode, 0x10 | 0x11 | 0xb1 | 0xc1)
}

/// Every operand of a word or a pair of words: ModRM with mod 0 and r/m 5, REX.W and a known opcode before, a displacement of four
/// bytes after.
pub(super) fn operands(code: &[u8], entry: u64, visit: &mut dyn FnMut(Operand)) {
    for (start, window) in code.windows(7).enumerate() {
        let &[rex, opcode, modrm, d0, d1, d2, d3] = window else { continue };
        if modrm & 0xc7 != 5 {
            continue;
        }
        let immediate = match IMMEDIATE_BYTES[usize::from(opcode)] {
            Some(bytes) if rex & !REX_R == REX_W => usize::from(bytes),
            _ if is_two_byte_opcode(rex, opcode) => 0,
            _ => continue,
        };
        let end = start + 7 + immediate;
        let displacement = i64::from(i32::from_le_bytes([d0, d1, d2, d3]));
        let register = modrm >> 3 & 7 | (rex & REX_R) << 1;
        visit(Operand {
            target: entry.wrapping_add(end as u64).wrapping_add_signed(displacement),
            loaded: (opcode == LEA).then_some(register),
            end,
        });
    }
}

/// The target of the first CALL after `from` that hits a function's entry; None if `register` is loaded by another LEA before it.
pub(super) fn next_call(
    code: &[u8],
    entry: u64,
    from: usize,
    register: u8,
    is_function: &dyn Fn(u64) -> bool,
) -> Option<u64> {
    let window = code.get(from..code.len().min(from + CALL_WITHIN))?;
    let loads = [REX_W | (register & 8) >> 1, LEA, (register & 7) << 3 | 5];
    for at in 0..window.len() {
        let rest = &window[at..];
        if rest.starts_with(&loads) {
            return None;
        }
        let &[CALL, d0, d1, d2, d3, ..] = rest else { continue };
        let next = entry.wrapping_add((from + at + 5) as u64);
        let target = next.wrapping_add_signed(i64::from(i32::from_le_bytes([d0, d1, d2, d3])));
        if is_function(target) {
            return Some(target);
        }
    }
    None
}

/// Every CALL of a fixed address, whether a function begins there or not.
pub(super) fn calls(code: &[u8], entry: u64, visit: &mut dyn FnMut(usize, u64)) {
    for (at, window) in code.windows(5).enumerate() {
        let &[CALL, d0, d1, d2, d3] = window else { continue };
        let next = entry.wrapping_add((at + 5) as u64);
        visit(at, next.wrapping_add_signed(i64::from(i32::from_le_bytes([d0, d1, d2, d3]))));
    }
}

/// JMP and Jcc, short and near, and POPQ BP with the RET behind it, wherever their bytes stand: some are in the middle of others.
pub(super) fn flow(code: &[u8], visit: &mut dyn FnMut(Flow)) {
    for at in 0..code.len() {
        let near = |from: usize, bytes: &[u8; 4]| (from as i64 + 4).saturating_add(i32::from_le_bytes(*bytes).into());
        match code[at..] {
            [0x5d, 0xc3, ..] => visit(Flow::Return(at + 1)),
            [0xe9, d0, d1, d2, d3, ..] => visit(Flow::Jump(at, near(at + 1, &[d0, d1, d2, d3]))),
            [0x0f, 0x80..=0x8f, d0, d1, d2, d3, ..] => visit(Flow::Jump(at, near(at + 2, &[d0, d1, d2, d3]))),
            [0xeb | 0x70..=0x7f, distance, ..] => {
                visit(Flow::Jump(at, at as i64 + 2 + i64::from(distance.cast_signed())));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(code: &[u8], entry: u64) -> Vec<Operand> {
        let mut found = Vec::new();
        operands(code, entry, &mut |operand| found.push(operand));
        found
    }

    /// `main.channels.func1` of the carried 1.27 program, from 0x4ada6e; gaps as they are.
    const CODE: [u8; 24] = [
        0x48, 0x8d, 0x05, 0xb3, 0x58, 0x0c, 0x00, // LEAQ 0x573328, AX
        0xbb, 0x32, 0x00, 0x00, 0x00, // MOVL $50, BX
        0xe8, 0x61, 0x61, 0xf6, 0xff, // CALL runtime.makechan, 0x413be0
        0x48, 0x8b, 0x0d, 0x91, 0x92, 0x0e, 0x00, // MOVQ x, CX
    ];

    #[test]
    fn operands_count_from_the_next_instruction() {
        let found = all(&CODE, 0x4a_da6e);
        let lea = Operand { target: 0x57_3328, loaded: Some(0), end: 7 };
        let load = Operand { target: 0x4a_da6e + 24 + 0xe_9291, loaded: None, end: 24 };
        assert_eq!(found, [lea, load]);
        // MOVQ $0, x(SB); CMPQ x(SB), $0; LEAQ x(SB), R9; MOVUPS X15, x(SB): immediates count, register extensions too.
        let zero = [0x48, 0xc7, 0x05, 0, 1, 0, 0, 0, 0, 0, 0];
        assert_eq!(all(&zero, 0)[0], Operand { target: 0x10b, loaded: None, end: 11 });
        let compare = [0x48, 0x83, 0x3d, 0, 1, 0, 0, 0];
        assert_eq!(all(&compare, 0)[0], Operand { target: 0x108, loaded: None, end: 8 });
        let r9 = [0x4c, 0x8d, 0x0d, 0, 1, 0, 0];
        assert_eq!(all(&r9, 0)[0], Operand { target: 0x107, loaded: Some(9), end: 7 });
        let pair = [0x44, 0x0f, 0x11, 0x3d, 0, 1, 0, 0];
        assert_eq!(all(&pair, 0), [Operand { target: 0x108, loaded: None, end: 8 }]);
        // Without REX.W it is a half word; cut off, it is nothing.
        assert_eq!(all(&[0x90, 0x8b, 0x05, 0, 1, 0, 0], 0), []);
        assert_eq!(all(&r9[..6], 0), []);
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        let mut found = Vec::new();
        calls(&CODE, 0x4a_da6e, &mut |at, target| found.push((at, target)));
        assert_eq!(found, [(12, 0x41_3be0)]);
    }

    #[test]
    fn the_call_after_a_load_is_found() {
        let call = |register, is_function: &dyn Fn(u64) -> bool| next_call(&CODE, 0x4a_da6e, 7, register, is_function);
        assert_eq!(call(0, &|address| address == 0x41_3be0), Some(0x41_3be0));
        assert_eq!(call(0, &|_| false), None);
        // Another LEA into the same register.
        let twice = [&CODE[..7], &CODE[..17]].concat();
        assert_eq!(next_call(&twice, 0, 7, 0, &|_| true), None);
        assert!(next_call(&twice, 0, 7, 3, &|_| true).is_some());
        assert_eq!(next_call(&CODE, 0, 100, 0, &|_| true), None);
    }
}
