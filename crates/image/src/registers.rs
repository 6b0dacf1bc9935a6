//! The general registers of a thread, from `NT_PRSTATUS`.

use crate::elf::Machine;
use crate::{Address, le};

/// Where `pr_reg` begins in `elf_prstatus`, the same on both machines (include/uapi/linux/elfcore.h).
pub(crate) const PRSTATUS_REGISTERS: usize = 112;

/// x86-64 `user_regs_struct` index of each general register, in DWARF order:
/// rax rdx rcx rbx rsi rdi rbp rsp r8 … r15.
const X86_64_DWARF_ORDER: [usize; 16] = [10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0];

/// The general registers of one thread when it stopped.
#[derive(Clone, Debug)]
pub struct Registers {
    machine: Machine,
    /// By DWARF number: 16 on x86-64, x0–x30 on aarch64.
    general: [u64; 31],
    sp: u64,
    pc: u64,
    fs_base: u64,
}

impl Registers {
    /// Bytes of `elf_prstatus` up to the end of `pr_reg`.
    pub(crate) const fn prstatus_size(machine: Machine) -> usize {
        match machine {
            Machine::X86_64 => PRSTATUS_REGISTERS + 27 * 8,
            Machine::Aarch64 => PRSTATUS_REGISTERS + 34 * 8,
        }
    }

    /// Decodes `pr_reg` (`user_regs_struct` on x86-64, `user_pt_regs` on aarch64).
    pub(crate) fn parse(machine: Machine, pr_reg: &[u8]) -> Option<Registers> {
        let word = |index: usize| le::u64(pr_reg, index * 8);
        let mut general = [0; 31];
        let (sp, pc, fs_base);
        match machine {
            Machine::X86_64 => {
                for (slot, index) in general.iter_mut().zip(X86_64_DWARF_ORDER) {
                    *slot = word(index)?;
                }
                (sp, pc, fs_base) = (word(19)?, word(16)?, word(21)?);
            }
            Machine::Aarch64 => {
                for (index, slot) in general.iter_mut().enumerate() {
                    *slot = word(index)?;
                }
                (sp, pc, fs_base) = (word(31)?, word(32)?, 0);
            }
        }
        Some(Registers { machine, general, sp, pc, fs_base })
    }

    /// Registers given one by one: `of` tells the value of a general register by its DWARF number; those that it does not know are 0.
    pub(crate) fn new(
        machine: Machine,
        (pc, sp, fs_base): (u64, u64, u64),
        of: impl Fn(usize) -> Option<u64>,
    ) -> Registers {
        let mut general = [0; 31];
        for (number, value) in general.iter_mut().enumerate() {
            *value = of(number).unwrap_or(0);
        }
        Registers { machine, general, sp, pc, fs_base }
    }

    /// The machine these are of.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The program counter (rip, pc).
    pub fn pc(&self) -> Address {
        Address(self.pc)
    }

    /// The stack pointer (rsp, sp).
    pub fn sp(&self) -> Address {
        Address(self.sp)
    }

    /// The frame pointer (rbp, x29).
    pub fn fp(&self) -> Address {
        Address(match self.machine {
            Machine::X86_64 => self.general[6],
            Machine::Aarch64 => self.general[29],
        })
    }

    /// The link register (x30); x86-64 has none.
    pub fn lr(&self) -> Option<Address> {
        match self.machine {
            Machine::X86_64 => None,
            Machine::Aarch64 => Some(Address(self.general[30])),
        }
    }

    /// The register in which Go code keeps the current g: r14 (amd64, since Go 1.17, in ABIInternal code only) or x28.
    pub fn go_g(&self) -> Address {
        Address(match self.machine {
            Machine::X86_64 => self.general[14],
            Machine::Aarch64 => self.general[28],
        })
    }

    /// Every general register by DWARF number: rax rdx rcx rbx rsi rdi rbp rsp r8–r15, or x0–x30.
    pub fn general(&self) -> &[u64] {
        match self.machine {
            Machine::X86_64 => &self.general[..16],
            Machine::Aarch64 => &self.general,
        }
    }

    /// The register of DWARF number `number` (x86-64 psABI, AArch64 DWARF ABI); 16 is the return address column rip on
    /// x86-64, 31 is sp and 32 pc on aarch64.
    pub fn dwarf(&self, number: u16) -> Option<u64> {
        match (self.machine, number) {
            (Machine::X86_64, 16) | (Machine::Aarch64, 32) => Some(self.pc),
            (Machine::Aarch64, 31) => Some(self.sp),
            _ => self.general().get(usize::from(number)).copied(),
        }
    }

    /// fs_base of x86-64, where the C library's and Go's thread local storage hang.
    pub(crate) fn fs_base(&self) -> Option<Address> {
        (self.machine == Machine::X86_64).then_some(Address(self.fs_base))
    }
}
