//! `NT_PRSTATUS`: one thread.

use crate::registers::PRSTATUS_REGISTERS;
use crate::{Address, Machine, Registers, le};

/// One thread as it stopped. The thread that died comes first in a kernel core.
#[derive(Clone, Debug)]
pub struct Thread {
    /// `pr_pid`: the thread's id.
    pub tid: u32,
    /// `pr_cursig`: the signal that stopped it, 0 for none.
    pub signal: u32,
    /// The general registers.
    pub registers: Registers,
    /// The thread pointer: fs_base of x86-64, TPIDR_EL0 (`NT_ARM_TLS`) of aarch64.
    pub fs_base: Option<Address>,
    /// The first 8 bytes of each vector register: 16 on x86-64, 32 on aarch64; empty where the core has none.
    pub vectors: Vec<u64>,
}

impl Thread {
    /// Decodes `elf_prstatus` (include/uapi/linux/elfcore.h); qemu-user writes the same layout (linux-user/elfload.c).
    ///
    /// `None` for a size that is neither: 336 bytes on x86-64, 392 on aarch64.
    pub(crate) fn parse(machine: Machine, prstatus: &[u8]) -> Option<Thread> {
        // pr_fpvalid and its padding follow the registers.
        if prstatus.len() != Registers::prstatus_size(machine) + 8 {
            return None;
        }
        let registers = Registers::parse(machine, prstatus.get(PRSTATUS_REGISTERS..)?)?;
        Some(Thread {
            tid: le::u32(prstatus, 32)?,
            signal: u32::from(le::u16(prstatus, 12)?),
            fs_base: registers.fs_base(),
            registers,
            vectors: Vec::new(),
        })
    }
}
