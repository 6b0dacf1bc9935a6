//! Stacks of code that is not Go's, by the unwind tables of the files it is in (`.eh_frame`, LSB core specification 10.6).

use crate::model::RuntimeModel;
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, FrameDescriptionEntry, LittleEndian, Register,
    RegisterRule, UnwindContext, UnwindSection, UnwindTableRow,
};
use goheap_image::{Address, Executable, Machine};
use std::borrow::Cow;

/// Registers by DWARF's numbers, the stack pointer among them.
type Registers = [Option<u64>; 32];
type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The unwind tables of one file.
struct Tables<'p> {
    frame: Cow<'p, [u8]>,
    header: Option<Cow<'p, [u8]>>,
    bases: BaseAddresses,
}

impl RuntimeModel<'_> {
    /// The program counters of the frames from `pc` on outwards, where they are not Go's: that of the instruction first, then return
    /// addresses; at most `limit`. It ends where a file was not found or tells nothing.
    pub fn native_stack(&self, pc: u64, general: &[(u16, u64)], limit: usize) -> Vec<u64> {
        let mut registers: Registers = [None; 32];
        for &(number, value) in general {
            if let Some(register) = registers.get_mut(usize::from(number)) {
                *register = Some(value);
            }
        }
        let (mut found, mut pc) = (Vec::new(), pc);
        while found.len() < limit && (pc != 0 || found.is_empty()) && !self.is_go_code(pc) {
            let sp = self.sp(&registers);
            let is_first = found.is_empty();
            let before = if is_first { pc } else { pc - 1 };
            found.push(pc);
            let caller = self.caller(before, &mut registers);
            let caller = caller.or_else(|| if is_first { self.wild_caller(pc, &mut registers) } else { None });
            let Some(caller) = caller else { break };
            // Stacks grow downwards: what does not lead upwards leads round.
            if self.sp(&registers) < sp || (!is_first && self.sp(&registers) == sp) {
                break;
            }
            pc = caller;
        }
        found
    }

    fn sp(&self, registers: &Registers) -> Option<u64> {
        let number = match self.machine() {
            Machine::X86_64 => 7,
            Machine::Aarch64 => 31,
        };
        registers[number]
    }

    /// The return address of the frame at `pc`; `registers` become its caller's.
    fn caller(&self, pc: u64, registers: &mut Registers) -> Option<u64> {
        let (tables, linked) = self.tables(pc)?;
        let frame = EhFrame::new(&tables.frame, LittleEndian);
        let description = tables.description(&frame, linked)?;
        let mut context = UnwindContext::new();
        let row = description.unwind_info_for_address(&frame, &tables.bases, &mut context, linked).ok()?;
        let caller = self.step(row, registers)?;
        let column = usize::from(description.cie().return_address_register().0);
        let pc = *caller.get(column)?;
        *registers = caller;
        pc
    }

    /// The same where no code is: a call through a wild pointer has done no more than leave its return address.
    fn wild_caller(&self, pc: u64, registers: &mut Registers) -> Option<u64> {
        if self.tables(pc).is_some() || self.process.native_place(Address(pc)).is_some() {
            return None;
        }
        let sp = self.sp(registers)?;
        let caller = match self.machine() {
            Machine::X86_64 => {
                registers[7] = Some(sp.wrapping_add(8));
                self.memory().read_u64(Address(sp))?
            }
            Machine::Aarch64 => registers[30]?,
        };
        (self.is_go_code(caller) || self.tables(caller).is_some()).then_some(caller)
    }

    fn step(&self, row: &UnwindTableRow<usize>, registers: &Registers) -> Option<Registers> {
        let value = |register: Register| registers.get(usize::from(register.0)).copied().flatten();
        // Expressions stand in the procedure linkage table alone.
        let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else { return None };
        let cfa = value(*register)?.wrapping_add_signed(*offset);
        let mut caller = *registers;
        let sp = if self.machine() == Machine::X86_64 { 7 } else { 31 };
        caller[sp] = Some(cfa);
        for (register, rule) in row.registers() {
            let Some(slot) = caller.get_mut(usize::from(register.0)) else { continue };
            *slot = match rule {
                RegisterRule::SameValue => value(*register),
                RegisterRule::Offset(offset) => self.memory().read_u64(Address(cfa.wrapping_add_signed(*offset))),
                RegisterRule::ValOffset(offset) => Some(cfa.wrapping_add_signed(*offset)),
                RegisterRule::Register(other) => value(*other),
                _ => None,
            };
        }
        Some(caller)
    }

    /// The tables of the file that holds `pc`, and its address as linked.
    fn tables(&self, pc: u64) -> Option<(Tables<'_>, u64)> {
        let process = self.process;
        let own = std::iter::once((&process.executable, process.load_bias));
        let others = process.shared_objects.iter().map(|object| (&object.executable, object.load_bias));
        own.chain(others).find_map(|(file, bias)| {
            let linked = pc.wrapping_sub(bias);
            let mut segments = file.load_segments();
            segments.find(|segment| linked.wrapping_sub(segment.address.0) < segment.memory_size)?;
            Some((Tables::of(file)?, linked))
        })
    }
}

impl<'p> Tables<'p> {
    fn of(file: &'p Executable) -> Option<Self> {
        let at = |name: &str| file.section(name).map(|section| section.address.0);
        let mut bases = BaseAddresses::default().set_eh_frame(at(".eh_frame")?);
        if let Some(header) = at(".eh_frame_hdr") {
            bases = bases.set_eh_frame_hdr(header);
        }
        if let Some(text) = at(".text") {
            bases = bases.set_text(text);
        }
        let frame = file.section_data(".eh_frame")?;
        Some(Tables { frame, header: file.section_data(".eh_frame_hdr"), bases })
    }

    fn description<'a>(
        &'a self,
        frame: &EhFrame<Slice<'a>>,
        linked: u64,
    ) -> Option<FrameDescriptionEntry<Slice<'a>, usize>> {
        let by_header = || {
            let header = EhFrameHdr::new(self.header.as_deref()?, LittleEndian).parse(&self.bases, 8).ok()?;
            let table = header.table()?;
            table.fde_for_address(frame, &self.bases, linked, EhFrame::cie_from_offset).ok()
        };
        by_header().or_else(|| frame.fde_for_address(&self.bases, linked, EhFrame::cie_from_offset).ok())
    }
}
