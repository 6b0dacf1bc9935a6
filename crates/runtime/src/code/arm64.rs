//! arm64: ADRP with what follows it, and BL (Arm Architecture Reference Manual, C4.1).

use super::{Flow, Operand};

/// R0 to R8.
pub(super) const ARGUMENTS: [u8; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/// Instructions after ADRP in which its other half is sought; Go's assembler puts it next.
const PAIR_WITHIN: usize = 4;
/// Instructions after an address is loaded in which its call is sought.
const CALL_WITHIN: usize = 12;

/// The instructions of `code`, each with its address.
fn instructions(code: &[u8], entry: u64) -> impl Iterator<Item = (usize, u64, u32)> + '_ {
    let words = code.as_chunks::<4>().0.iter().enumerate();
    words.map(move |(index, bytes)| (index, entry.wrapping_add(index as u64 * 4), u32::from_le_bytes(*bytes)))
}

/// The page and the register of `ADRP page, register` at `pc`.
fn page(word: u32, pc: u64) -> Option<(u64, u8)> {
    if word & 0x9f00_0000 != 0x9000_0000 {
        return None;
    }
    // 21 bits, signed: pages from here.
    let pages = (word >> 5 & 0x7_ffff) << 2 | word >> 29 & 3;
    let distance = i64::from((pages << 11) as i32 >> 11) << 12;
    Some(((pc & !0xfff).wrapping_add_signed(distance), (word & 31) as u8))
}

/// The base register and the offset of ADD (64 bits, no shift), or of a load or store of any size with an unsigned offset.
fn offset(word: u32) -> Option<(u8, u64)> {
    let (base, immediate) = ((word >> 5 & 31) as u8, u64::from(word >> 10 & 0xfff));
    if word & 0xffc0_0000 == 0x9100_0000 {
        return Some((base, immediate));
    }
    if word & 0x3b00_0000 != 0x3900_0000 {
        return None;
    }
    // 16 bytes of a vector register have size 0 and the upper bit of opc.
    let is_vector_pair = word & 0xc480_0000 == 0x0480_0000;
    Some((base, immediate << if is_vector_pair { 4 } else { word >> 30 }))
}

/// Every pair of ADRP and ADD, load or store on its register.
pub(super) fn operands(code: &[u8], entry: u64, visit: &mut dyn FnMut(Operand)) {
    let mut pending = None;
    for (index, pc, word) in instructions(code, entry) {
        if let Some((page, register)) = page(word, pc) {
            pending = Some((page, register, index));
            continue;
        }
        let Some((page, register, at)) = pending else { continue };
        if index - at > PAIR_WITHIN {
            pending = None;
            continue;
        }
        let Some((base, offset)) = offset(word).filter(|&(base, _)| base == register) else { continue };
        let is_add = word & 0xffc0_0000 == 0x9100_0000;
        let loaded = is_add.then_some((word & 31) as u8);
        visit(Operand { target: page.wrapping_add(offset), loaded, end: index * 4 + 4 });
        if loaded == Some(base) {
            pending = None;
        }
    }
}

/// The target of the first BL after `from` that hits a function's entry; None if ADRP begins to load `register` anew before it.
pub(super) fn next_call(
    code: &[u8],
    entry: u64,
    from: usize,
    register: u8,
    is_function: &dyn Fn(u64) -> bool,
) -> Option<u64> {
    let rest = code.get(from..)?;
    for (_, pc, word) in instructions(rest, entry.wrapping_add(from as u64)).take(CALL_WITHIN) {
        if page(word, pc).is_some_and(|(_, loaded)| loaded == register) {
            return None;
        }
        if let Some(target) = branched_to(word, pc) {
            return Some(target).filter(|&target| is_function(target));
        }
    }
    None
}

/// The target of BL.
fn branched_to(word: u32, pc: u64) -> Option<u64> {
    let distance = i64::from((word << 6) as i32 >> 6) * 4;
    (word & 0xfc00_0000 == 0x9400_0000).then(|| pc.wrapping_add_signed(distance))
}

/// Every BL.
pub(super) fn calls(code: &[u8], entry: u64, visit: &mut dyn FnMut(usize, u64)) {
    for (index, pc, word) in instructions(code, entry) {
        if let Some(target) = branched_to(word, pc) {
            visit(index * 4, target);
        }
    }
}

/// B, B.cond, CBZ, CBNZ, TBZ, TBNZ and RET.
pub(super) fn flow(code: &[u8], visit: &mut dyn FnMut(Flow)) {
    for (index, _, word) in instructions(code, 0) {
        let at = index * 4;
        // The distance in instructions from its highest bit down.
        let jump =
            |distance: u32, bits: u32| at as i64 + (i64::from((distance << (32 - bits)) as i32) >> (32 - bits)) * 4;
        if word == 0xd65f_03c0 {
            visit(Flow::Return(at));
        } else if word & 0xfc00_0000 == 0x1400_0000 {
            visit(Flow::Jump(at, jump(word, 26)));
        } else if word & 0xff00_0010 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
            visit(Flow::Jump(at, jump(word >> 5, 19)));
        } else if word & 0x7e00_0000 == 0x3600_0000 {
            visit(Flow::Jump(at, jump(word >> 5, 14)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From what Go 1.27.3 makes of `root = &N{}`, `list = make(...)` for arm64, at 0x87f2c.
    const CODE: [u32; 10] = [
        0x9000_04e1, // ADRP 0x123000, R1
        0x911c_c021, // ADD $1840, R1, R1
        0xb240_03e2, // ORR $1, ZR, R2
        0x97fe_7f0e, // CALL runtime.mallocgcSmallScanNoHeaderSC2
        0xd000_06bb, // ADRP 0x15d000, R27
        0xb94f_a363, // MOVWU 4000(R27), R3: runtime.writeBarrier
        0x3400_00a3, // CBZW R3, 5(PC)
        0x9000_059b, // ADRP 0x137000, R27
        0xf942_4361, // MOVD 1152(R27), R1
        0x97ff_f7d8, // CALL runtime.gcWriteBarrier2
    ];

    fn all(words: &[u32], entry: u64) -> Vec<Operand> {
        let code = words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let mut found = Vec::new();
        operands(&code, entry, &mut |operand| found.push(operand));
        found
    }

    #[test]
    fn a_page_and_its_offset_make_an_address() {
        let expected = [
            Operand { target: 0x12_3730, loaded: Some(1), end: 8 },
            Operand { target: 0x15_dfa0, loaded: None, end: 24 },
            Operand { target: 0x13_7480, loaded: None, end: 36 },
        ];
        assert_eq!(all(&CODE, 0x8_7f2c), expected);
        // ADRP one page back; FMOVQ 32(R27), F0 counts in 16 bytes; MOVB 3(R27), R0 in one.
        let back = all(&[0xf0ff_fffb, 0x3dc0_0b60, 0x3940_0f60], 0x8_7000);
        assert_eq!(back.iter().map(|operand| operand.target).collect::<Vec<_>>(), [0x8_6020, 0x8_6003]);
        // Another base, and an ADRP too far away.
        assert_eq!(all(&[0x9000_04e1, 0x911c_c042], 0), []);
        assert_eq!(all(&[0x9000_04e1, 0, 0, 0, 0, 0x911c_c021], 0), []);
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        let code = CODE.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let mut found = Vec::new();
        calls(&code, 0x8_7f2c, &mut |at, target| found.push((at, target)));
        assert_eq!(found, [(12, 0x2_7b70), (36, 0x8_5eb0)]);
    }

    #[test]
    fn the_call_after_a_load_is_found() {
        let code = CODE.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        assert_eq!(next_call(&code, 0x8_7f2c, 8, 1, &|_| true), Some(0x2_7b70));
        assert_eq!(next_call(&code, 0x8_7f2c, 8, 1, &|_| false), None);
        // R27 is loaded anew before the next call.
        assert_eq!(next_call(&code, 0x8_7f2c, 24, 27, &|_| true), None);
        assert_eq!(next_call(&code, 0x8_7f2c, 99, 1, &|_| true), None);
    }
}
