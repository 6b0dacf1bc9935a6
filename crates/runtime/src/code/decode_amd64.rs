//! amd64 to [`Operation`]s, by iced-x86.

use super::instruction::{Instruction, Operation, Place, Registers, Written};
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Mnemonic, OpKind, Register};

const ALL: Registers = 0xffff & !(1 << 4);

/// Every operation of the code of the function at `entry`, in order.
pub(super) fn decode(code: &[u8], entry: u64) -> Vec<Instruction> {
    let mut decoder = Decoder::with_ip(64, code, entry, DecoderOptions::NONE);
    let mut found = Vec::with_capacity(code.len() / 4);
    let mut instruction = iced_x86::Instruction::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        let (at, next) = (instruction.ip(), instruction.next_ip());
        operations(&instruction, &mut |operation| found.push(Instruction { at, next, operation }));
    }
    found
}

/// The number of a general register of any width.
fn number(register: Register) -> Option<u8> {
    register.is_gpr().then(|| register.full_register().number() as u8)
}

fn place(instruction: &iced_x86::Instruction) -> Place {
    if instruction.is_ip_rel_memory_operand() {
        return Place::Static(instruction.ip_rel_memory_address());
    }
    let by = instruction.memory_displacement64() as i64;
    let index = (instruction.memory_index() != Register::None).then(|| number(instruction.memory_index()));
    match (number(instruction.memory_base()), index) {
        _ if instruction.segment_prefix() != Register::None => Place::Elsewhere,
        (Some(base), None) => Place::Based(base, by),
        (Some(base), Some(Some(index))) => Place::Indexed(base, index, by),
        _ => Place::Elsewhere,
    }
}

fn operations(instruction: &iced_x86::Instruction, push: &mut dyn FnMut(Operation)) {
    match instruction.flow_control() {
        FlowControl::Next => {}
        FlowControl::UnconditionalBranch => return push(Operation::Jump(instruction.near_branch_target())),
        FlowControl::ConditionalBranch => return push(Operation::Branch(instruction.near_branch_target())),
        FlowControl::Call => return push(Operation::Call(Some(instruction.near_branch_target()))),
        FlowControl::IndirectCall => return push(Operation::Call(None)),
        FlowControl::IndirectBranch => return push(Operation::JumpAnywhere),
        FlowControl::Return => return push(Operation::Return),
        FlowControl::Exception | FlowControl::Interrupt => return push(Operation::Stop),
        _ => return push(Operation::Anything),
    }
    let (kinds, to) = ((instruction.op0_kind(), instruction.op1_kind()), number(instruction.op0_register()));
    match (instruction.code(), kinds) {
        (Code::Lea_r64_m, _) => match (to, place(instruction)) {
            (Some(to), Place::Static(address)) => push(Operation::Constant(to, address)),
            (Some(to), Place::Based(base, by)) => push(Operation::Add(to, base, by)),
            (Some(to), Place::Indexed(base, index, by)) => push(Operation::Sum(to, base, index, by)),
            _ => change(instruction, push),
        },
        (Code::Mov_r64_rm64 | Code::Mov_rm64_r64, (OpKind::Register, OpKind::Register)) => {
            match to.zip(number(instruction.op1_register())) {
                Some((to, from)) => push(Operation::Add(to, from, 0)),
                None => change(instruction, push),
            }
        }
        (Code::Add_r64_rm64 | Code::Add_rm64_r64, (OpKind::Register, OpKind::Register)) => {
            match to.zip(number(instruction.op1_register())) {
                Some((to, more)) => push(Operation::Sum(to, to, more, 0)),
                None => change(instruction, push),
            }
        }
        (Code::Add_rm64_imm8 | Code::Add_rm64_imm32 | Code::Add_RAX_imm32, (OpKind::Register, _)) => match to {
            Some(to) => push(Operation::Add(to, to, instruction.immediate(1) as i64)),
            None => change(instruction, push),
        },
        (Code::Mov_r64_rm64, (_, OpKind::Memory)) => match to {
            Some(to) => push(Operation::Load(to, place(instruction))),
            None => change(instruction, push),
        },
        (Code::Mov_rm64_r64, (OpKind::Memory, _)) => {
            let from = number(instruction.op1_register()).map_or(Written::Something, Written::Register);
            push(Operation::Store(place(instruction), from, 8));
        }
        (Code::Mov_rm64_imm32, (OpKind::Memory, _)) => {
            push(Operation::Store(place(instruction), Written::Constant(instruction.immediate32to64() as u64), 8));
        }
        (Code::Mov_r32_imm32 | Code::Mov_r64_imm64 | Code::Mov_rm64_imm32, (OpKind::Register, _)) => match to {
            Some(to) => push(Operation::Constant(to, instruction.immediate(1))),
            None => change(instruction, push),
        },
        (Code::Xor_r32_rm32 | Code::Xor_rm32_r32 | Code::Xor_r64_rm64 | Code::Xor_rm64_r64, _)
            if kinds == (OpKind::Register, OpKind::Register)
                && instruction.op0_register() == instruction.op1_register() =>
        {
            push(to.map_or(Operation::Anything, |to| Operation::Constant(to, 0)));
        }
        _ => other(instruction, push),
    }
}

/// What is no plain move.
fn other(instruction: &iced_x86::Instruction, push: &mut dyn FnMut(Operation)) {
    match instruction.mnemonic() {
        Mnemonic::Cmp if instruction.op0_kind() == OpKind::Register && instruction.op1_kind() == OpKind::Register => {
            let registers = number(instruction.op0_register()).zip(number(instruction.op1_register()));
            registers.into_iter().for_each(|(one, other)| push(Operation::Compare(one, other)));
        }
        Mnemonic::Nop | Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Ucomisd | Mnemonic::Ucomiss => {}
        // The frame's size is told by pcsp; BP is kept.
        Mnemonic::Push => {}
        Mnemonic::Pop => change(instruction, push),
        // Go zeroes with X15, words in pairs.
        Mnemonic::Movups if instruction.op0_kind() == OpKind::Memory => {
            let is_zero = instruction.op1_register() == Register::XMM15;
            push(Operation::Store(
                place(instruction),
                if is_zero { Written::Constant(0) } else { Written::Something },
                16,
            ));
        }
        Mnemonic::Xchg => {
            let registers = [instruction.op0_register(), instruction.op1_register()];
            let changed = registers.into_iter().filter_map(number).fold(0, |set, register| set | 1 << register);
            push(Operation::Change(changed));
            store(instruction, push);
        }
        Mnemonic::Mul
        | Mnemonic::Div
        | Mnemonic::Idiv
        | Mnemonic::Cqo
        | Mnemonic::Cdq
        | Mnemonic::Cpuid
        | Mnemonic::Cmpxchg
        | Mnemonic::Rdtsc
        | Mnemonic::Mulx => {
            push(Operation::Change(ALL));
            store(instruction, push);
        }
        _ if is_string(instruction) => push(filled(instruction)),
        _ => change(instruction, push),
    }
}

const CX: u8 = 1;
const DI: u8 = 7;

/// What DI leads to is written, for `MOVSQ` from what SI leads to, CX times.
fn filled(instruction: &iced_x86::Instruction) -> Operation {
    match instruction.mnemonic() {
        Mnemonic::Movsq | Mnemonic::Stosq if instruction.has_rep_prefix() => Operation::Fill(1 << DI, Some(CX)),
        _ => Operation::Anything,
    }
}

fn is_string(instruction: &iced_x86::Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Movsb | Mnemonic::Movsq | Mnemonic::Stosb | Mnemonic::Stosq)
}

/// The first operand gets what is not told; what has a second result is listed above.
fn change(instruction: &iced_x86::Instruction, push: &mut dyn FnMut(Operation)) {
    match instruction.op0_kind() {
        OpKind::Register => {
            if let Some(to) = number(instruction.op0_register()) {
                push(Operation::Change(1 << to));
            }
        }
        _ => store(instruction, push),
    }
}

fn store(instruction: &iced_x86::Instruction, push: &mut dyn FnMut(Operation)) {
    if instruction.op0_kind() == OpKind::Memory {
        let bytes = instruction.memory_size().size().max(1) as u32;
        push(Operation::Store(place(instruction), Written::Something, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_allocation_is_made_of_is_read() {
        // `main.channels.func1` of the carried 1.27 program, from 0x4ada6e; gaps as they are.
        let code = [
            0x48, 0x8d, 0x05, 0xb3, 0x58, 0x0c, 0x00, // LEAQ 0x573328, AX
            0xbb, 0x32, 0x00, 0x00, 0x00, // MOVL $50, BX
            0xe8, 0x61, 0x61, 0xf6, 0xff, // CALL runtime.makechan, 0x413be0
            0x48, 0x8b, 0x0d, 0x91, 0x92, 0x0e, 0x00, // MOVQ x, CX
        ];
        let found: Vec<Operation> = decode(&code, 0x4a_da6e).iter().map(|one| one.operation).collect();
        let expected = [
            Operation::Constant(0, 0x57_3328),
            Operation::Constant(3, 50),
            Operation::Call(Some(0x41_3be0)),
            Operation::Load(1, Place::Static(0x4a_da6e + 24 + 0xe_9291)),
        ];
        assert_eq!(found, expected);
    }
}
