//! The notes of a core: threads, process, signal, auxiliary vector, mapped files.

mod auxv;
mod delve;
mod file;
mod process;
mod provenance;
mod redacted;
mod thread;
mod walk;

pub use auxv::AuxVector;
pub use file::MappedFile;
pub(crate) use file::path_from_bytes;
pub use process::{ProcessInfo, SignalInfo};
pub use provenance::{PROVENANCE_KIND, PROVENANCE_OWNER, Provenance};
pub use redacted::redacted_notes;
pub use thread::Thread;
pub(crate) use walk::{Note, notes};

use goblin::elf::note as nt;

use crate::Machine;
use crate::diagnostic::{Diagnostics, keep_first};

/// What the notes of one core say.
#[derive(Default)]
pub(crate) struct CoreNotes {
    pub(crate) threads: Vec<Thread>,
    pub(crate) process: Option<ProcessInfo>,
    pub(crate) signal: Option<SignalInfo>,
    pub(crate) aux_vector: AuxVector,
    pub(crate) mapped_files: Vec<MappedFile>,
    /// Where it comes from, where goheap took it.
    pub(crate) provenance: Option<Provenance>,
    /// What delve says of the process, where delve wrote the core.
    delve: delve::Header,
}

impl CoreNotes {
    /// Reads one `PT_NOTE` segment. A note that makes no sense is counted and passed over.
    pub(crate) fn read(&mut self, machine: Machine, bytes: &[u8], alignment: u64, diagnostics: &mut Diagnostics) {
        let (notes, damaged) = notes(bytes, alignment);
        diagnostics.damaged_notes += u64::from(damaged);
        for note in notes {
            self.one(machine, &note, diagnostics);
        }
    }

    fn one(&mut self, machine: Machine, note: &Note<'_>, diagnostics: &mut Diagnostics) {
        let understood = match (owner(note), note.kind) {
            // The name is CORE of the kernel, gcore and qemu alike; NT_ARM_TLS alone has LINUX.
            (b"CORE", nt::NT_PRSTATUS) => self.prstatus(machine, note),
            (b"CORE", nt::NT_PRPSINFO) => ProcessInfo::parse(note.contents).map(|info| {
                self.process.get_or_insert(info);
            }),
            (_, delve::NT_DELVE_HEADER) => delve::Header::parse(note.contents).map(|header| self.delve = header),
            (_, delve::NT_DELVE_THREAD) => {
                delve::thread(machine, note.contents).map(|thread| self.threads.push(thread))
            }
            (b"CORE", NT_SIGINFO) => SignalInfo::parse(note.contents).map(|info| {
                self.signal.get_or_insert(info);
            }),
            (b"CORE", NT_AUXV) => {
                if self.aux_vector.pairs().is_empty() {
                    self.aux_vector = AuxVector::parse(note.contents);
                }
                Some(())
            }
            (b"CORE", NT_FILE) => file::parse(note.contents).map(|files| {
                if self.mapped_files.is_empty() {
                    self.mapped_files = files;
                }
            }),
            (PROVENANCE_OWNER, PROVENANCE_KIND) => Provenance::parse(note.contents).map(|provenance| {
                self.provenance.get_or_insert(provenance);
            }),
            (b"LINUX", NT_ARM_TLS) => self.arm_tls(note),
            (b"CORE", NT_FPREGSET) => self.vectors(machine, note),
            _ => Some(()),
        };
        if understood.is_none() {
            diagnostics.unknown_notes += 1;
            keep_first(&mut diagnostics.firsts.unknown_notes, (note.kind, note.contents.len() as u64));
        }
    }

    /// To be called when every note was read: takes from delve's header what no other note says.
    pub(crate) fn finish(&mut self) {
        if let Some(pid) = self.delve.pid {
            self.process.get_or_insert_with(|| ProcessInfo { pid, name: String::new(), arguments: String::new() });
        }
        if let Some(entry) = self.delve.entry.filter(|_| self.aux_vector.pairs().is_empty()) {
            self.aux_vector = AuxVector::with_entry(entry);
        }
    }

    fn prstatus(&mut self, machine: Machine, note: &Note<'_>) -> Option<()> {
        self.threads.push(Thread::parse(machine, note.contents)?);
        Some(())
    }

    /// Follows the `NT_PRSTATUS` of the thread that it belongs to. Read are `user_fpregs_struct` of x86-64, which is what FXSAVE writes, and
    /// `user_fpsimd_state` of aarch64 (asm/user.h, uapi/asm/ptrace.h).
    fn vectors(&mut self, machine: Machine, note: &Note<'_>) -> Option<()> {
        let (start, count) = match machine {
            Machine::X86_64 => (FXSAVE_VECTORS as usize, 16),
            Machine::Aarch64 => (0, 32),
        };
        let vectors: Option<Vec<u64>> =
            (0..count).map(|index| crate::le::u64(note.contents, start + index * 16)).collect();
        self.threads.last_mut()?.vectors = vectors?;
        Some(())
    }

    /// Follows the `NT_PRSTATUS` of the thread that it belongs to.
    fn arm_tls(&mut self, note: &Note<'_>) -> Option<()> {
        let base = crate::le::u64(note.contents, 0)?;
        self.threads.last_mut()?.fs_base = Some(crate::Address(base));
        Some(())
    }
}

/// Delve's `dump` names no owner for what it calls by the kernel's numbers (pkg/proc/native/dump_linux_amd64.go).
fn owner<'a>(note: &Note<'a>) -> &'a [u8] {
    match note.name {
        b"" => b"CORE",
        name => name,
    }
}

/// `siginfo_t` of the signal that killed it ("SIGI").
const NT_SIGINFO: u32 = 0x5349_4749;
/// The auxiliary vector.
const NT_AUXV: u32 = 6;
/// Floating point and vector registers.
const NT_FPREGSET: u32 = 2;
/// Mapped files ("FILE").
const NT_FILE: u32 = 0x4649_4c45;
/// Bytes from the start of what FXSAVE writes to the vector registers, 16 bytes each (Intel SDM volume 1, 10.5.1).
pub const FXSAVE_VECTORS: u64 = 160;
/// TPIDR_EL0 of aarch64.
const NT_ARM_TLS: u32 = 0x401;
