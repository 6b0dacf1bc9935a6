//! Why a process died: what its Go runtime knew of it, where, and in which code.

use super::place::place;
use super::signals::{reason, signal_name};
use crate::goroutines::LibraryFiles;
use goheap_image::{Address, SignalInfo};
use goheap_model::process::{Caught, Death, DiedAt, HexAddress, NativeCode, ShownFault, ShownPanic, ShownWaiting};
use goheap_model::words::shortened;
use goheap_runtime::{Crash, Goroutine, RuntimeModel, Stack, Tracer};

/// Characters of the line that says why.
const LINE: usize = 240;
/// The signal by which Go's runtime leaves a core.
const SIGABRT: i32 = 6;
/// The file of what cgo makes (cmd/cgo).
const CGO_FILE: &str = "_cgo_gotypes.go";
/// The vDSO has no more.
const VDSO_BYTES: u64 = 16 << 10;
/// The stack pointer of x86-64 by DWARF's number.
const RSP: u16 = 7;
/// Frames of code that is not Go's.
const NATIVE_FRAMES: usize = 16;
/// Frames of the main goroutine of a deadlock.
const FRAMES: usize = 256;

/// Completes `death` by what the runtime knew.
pub(super) fn tell(model: &RuntimeModel<'_>, death: &mut Death) {
    let teller = Teller::new(model);
    match model.crash() {
        Some(crash) => teller.of_crash(&crash, death),
        None => teller.of_signal(death),
    }
    death.why = teller.line(death);
}

/// The frames of code that is not Go's from `pc` on outwards, with the registers there.
pub(super) fn native(model: &RuntimeModel<'_>, pc: u64, general: &[(u16, u64)]) -> Vec<NativeCode> {
    Teller::new(model).native(pc, general)
}

struct Teller<'m, 'p> {
    model: &'m RuntimeModel<'p>,
    files: LibraryFiles,
}

impl<'m, 'p> Teller<'m, 'p> {
    fn new(model: &'m RuntimeModel<'p>) -> Self {
        Teller { model, files: LibraryFiles::new(model) }
    }
}

impl Teller<'_, '_> {
    fn of_crash(&self, crash: &Crash, death: &mut Death) {
        let model = self.model;
        let caught = crash.signal.as_ref().and_then(|caught| i32::try_from(caught.info.number).ok());
        if death.signal == Some(SIGABRT) {
            death.code = Some("raised by Go's runtime to leave a core".to_owned());
        } else if death.signal == caught {
            // The handler found no thread of Go's, and raised the signal again to let it kill (signal_unix.go `raisebadsignal`).
            death.code = Some("raised again by Go's runtime".to_owned());
        }
        // Of a signal from outside they are not the cause.
        if crash.is_panic || crash.fatal.is_some() {
            death.panics = crash.panics.iter().filter(|panic| !panic.goexit).map(panic).collect();
        }
        if let Some(fatal) = &crash.fatal {
            let unknown = || "(its text is not in the core)".to_owned();
            death.fatal_error = Some(fatal.text.clone().unwrap_or_else(unknown));
            death.printed_before.clone_from(&fatal.before);
        }
        let goroutine = crash.goroutine.and_then(|index| model.goroutines.get(index));
        // A thread that C made has a goroutine in reserve, which runs nothing.
        let traced = goroutine.filter(|goroutine| goroutine.status.is_live()).zip(crash.stack.as_ref());
        death.goroutine = traced.map(|(goroutine, stack)| self.died_at(goroutine, stack));
        if let Some(fault) = &crash.fault {
            death.fault = Some(self.fault(fault.signal, fault.code, fault.address, fault.pc, fault.sp));
            let general: Vec<(u16, u64)> = fault.sp.map(|sp| (RSP, sp)).into_iter().collect();
            death.native = self.native(fault.pc, &general);
        }
        if let Some(caught) = &crash.signal {
            death.caught = Some(self.caught(&caught.info));
            if let Some(address) = caught.info.address {
                let code = u64::from(caught.info.code.unsigned_abs());
                death.fault = Some(self.fault(caught.info.number, code, address.0, caught.pc, Some(caught.sp)));
                death.caught = None;
            }
            death.native = self.native(caught.pc, &caught.general);
        }
        if death.goroutine.is_none() && crash.fatal.is_some() {
            death.waiting = self.main_goroutine();
        }
    }

    /// Go's handler was not there, or did not see the signal.
    fn of_signal(&self, death: &mut Death) {
        let core = &self.model.process.core;
        let (Some(thread), Some(signal)) = (core.threads().first(), core.signal()) else { return };
        let (pc, sp) = (thread.registers.pc().0, thread.registers.sp().0);
        let first = self.model.first_goroutine();
        let first = first.as_ref().and_then(|(index, stack)| Some((self.model.goroutines.get(*index)?, stack)));
        let living = first.filter(|(goroutine, _)| goroutine.status.is_live());
        death.goroutine = living.map(|(goroutine, stack)| self.died_at(goroutine, stack));
        if let Some(address) = signal.address {
            let code = u64::from(signal.code.unsigned_abs());
            death.fault = Some(self.fault(signal.number, code, address.0, pc, Some(sp)));
        }
        let general: Vec<(u16, u64)> = (0..).zip(thread.registers.general().iter().copied()).collect();
        death.native = self.native(pc, &general);
    }

    fn caught(&self, info: &SignalInfo) -> Caught {
        Caught {
            signal: info.number,
            name: signal_name(info.number).map(str::to_owned),
            code: reason(info, self.own_pid()),
            sender: info.pid.filter(|&pid| pid != 0),
        }
    }

    fn own_pid(&self) -> Option<u32> {
        self.model.process.core.process().map(|process| process.pid)
    }

    fn fault(&self, signal: u32, code: u64, address: u64, pc: u64, sp: Option<u64>) -> ShownFault {
        const SI_KERNEL: u64 = 0x80;
        let info = SignalInfo {
            number: signal,
            code: i32::try_from(code).unwrap_or(i32::MAX),
            address: Some(Address(address)),
            pid: None,
        };
        // Of arithmetic and of instructions the address is that of the instruction.
        let is_access = matches!(signal_name(signal), Some("SIGSEGV" | "SIGBUS"));
        let is_told = is_access && code != SI_KERNEL;
        ShownFault {
            signal,
            name: signal_name(signal).map(str::to_owned),
            code: reason(&info, None),
            address: is_told.then_some(HexAddress(address)),
            place: is_told.then(|| place(self.model, address, sp)),
            pc: HexAddress(pc),
            code_place: self.code_place(pc),
        }
    }

    /// `main.f, a.go:3`, of Go code.
    fn code_place(&self, pc: u64) -> Option<String> {
        let call = self.model.inline_stack(pc).into_iter().next()?;
        Some(format!("{}, {}:{}", call.print_name(), call.file, call.line))
    }

    fn native(&self, pc: u64, general: &[(u16, u64)]) -> Vec<NativeCode> {
        let stack = self.model.native_stack(pc, general, NATIVE_FRAMES);
        // A return address may stand behind the end of the function that made the call.
        let inside = |(index, pc): (usize, &u64)| pc.wrapping_sub(u64::from(index > 0));
        let insides: Vec<u64> = stack.iter().enumerate().map(inside).collect();
        let lines = self.model.native_lines(&insides);
        stack.into_iter().zip(insides).zip(lines).map(|((pc, at), line)| self.native_code(pc, at, line)).collect()
    }

    /// The code at `pc`, which is told by `at`: where the instruction is or begins, or that of the call which returns to it.
    fn native_code(&self, pc: u64, at: u64, line: Option<(String, u64)>) -> NativeCode {
        let process = self.model.process;
        let (back, at) = (pc.wrapping_sub(at), Address(at));
        let place = process.native_place(at);
        let vdso = process.core.aux_vector().vdso().filter(|vdso| at.0.wrapping_sub(vdso.0) < VDSO_BYTES);
        let symbol = process.native_symbol(at).map(|(name, into)| format!("{name}+{:#x}", into.wrapping_add(back)));
        let (source, line) = line.unzip();
        NativeCode {
            source,
            line: line.filter(|&line| line != 0),
            file: place.as_ref().map(|place| place.file.clone()).or(vdso.map(|_| "the kernel's vDSO".to_owned())),
            file_offset: place.as_ref().map(|place| HexAddress(place.file_offset.wrapping_add(back))),
            symbol,
            pc: HexAddress(pc),
        }
    }

    fn died_at(&self, goroutine: &Goroutine, stack: &Stack) -> DiedAt {
        let model = self.model;
        let pcs = model.trace_pcs(&stack.frames, stack.is_stopped);
        let calls = Tracer::new(model).calls(&pcs);
        let mut died = DiedAt { id: goroutine.id, ..DiedAt::default() };
        let inlined: Vec<_> = calls.iter().map(|call| &call.call).collect();
        // What cgo makes around a call of C is the program's, but nobody wrote it.
        let written = |from: usize| self.files.place(inlined.get(from..)?).map(|index| from + index);
        let mut own = written(0);
        while let Some(index) =
            own.filter(|&index| inlined.get(index).is_some_and(|call| call.file.ends_with(CGO_FILE)))
        {
            own = written(index + 1);
        }
        let own = own.or_else(|| calls.iter().position(|call| call.is_shown));
        if let Some(call) = own.and_then(|index| inlined.get(index)) {
            died.function = Some(call.print_name());
            died.file = Some(call.file.clone()).filter(|file| !file.is_empty());
            died.line = died.file.as_ref().map(|_| call.line);
        }
        // The library's function that the program called, such as the mutex's.
        let within = own.and_then(|index| calls.get(..index)?.iter().rev().find(|call| call.is_shown));
        let is_told = |name: &String| !matches!(name.rsplit('.').next(), Some("gopanic" | "fatal" | "throw"));
        died.within = within.map(|call| call.call.print_name()).filter(is_told);
        died
    }

    /// Where goroutine 1 waits, of which a deadlock is told.
    fn main_goroutine(&self) -> Option<ShownWaiting> {
        let model = self.model;
        let main = model.goroutines.iter().find(|goroutine| goroutine.id == 1 && goroutine.status.is_live())?;
        let stack = model.innermost_frames(main, &model.thread_index(), FRAMES);
        Some(ShownWaiting { at: self.died_at(main, &stack), state: model.state_text(main) })
    }

    fn line(&self, death: &Death) -> Option<String> {
        let what = what(death)?;
        let at = death.goroutine.as_ref().map_or_else(String::new, |died| match &died.function {
            Some(function) => format!(" (goroutine {} at {function})", died.id),
            None => format!(" (goroutine {})", died.id),
        });
        let room = LINE.saturating_sub(at.chars().count());
        Some(format!("{}{at}", shortened(&what, room)))
    }
}

/// What ended the process, in one line.
fn what(death: &Death) -> Option<String> {
    if let Some(text) = &death.fatal_error {
        return Some(format!("fatal error: {text}"));
    }
    if let Some(panic) = death.panics.last() {
        let unknown = || panic.type_name.as_ref().map(|name| format!("a value of type {name}"));
        return Some(format!("panic: {}", panic.text.clone().or_else(unknown)?));
    }
    // Many functions of the C library have no symbol: the next caller that has one says more.
    let named = death.native.iter().find(|code| code.symbol.is_some()).or(death.native.first());
    let code = named.map_or_else(String::new, |code| {
        let file = code.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        format!(" in {}{file}", code.symbol.as_deref().unwrap_or("code that is not Go's"))
    });
    let (name, why) = match (&death.fault, &death.caught) {
        (Some(fault), _) => (&fault.name, &fault.code),
        (None, Some(caught)) => (&caught.name, &caught.code),
        (None, None) if !death.native.is_empty() || death.goroutine.is_some() => (&death.name, &death.code),
        (None, None) => return None,
    };
    let name = name.as_deref().unwrap_or("a signal");
    let why = why.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
    Some(format!("{name}{code}{why}"))
}

/// A panic as the report has it.
pub(super) fn panic(panic: &goheap_runtime::Panic) -> ShownPanic {
    let value = &panic.value;
    let cut = if value.cut > 0 { format!("… ({} bytes more)", value.cut) } else { String::new() };
    ShownPanic {
        text: value.text.as_ref().map(|text| format!("{text}{cut}")),
        type_name: value.type_name.clone(),
        fields: value.fields.clone(),
        recovered: panic.recovered,
        repanicked: panic.repanicked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(symbol: Option<&str>, file: &str) -> NativeCode {
        NativeCode { symbol: symbol.map(str::to_owned), file: Some(file.to_owned()), ..NativeCode::default() }
    }

    fn fault() -> Option<ShownFault> {
        let (name, code) = (Some("SIGSEGV".to_owned()), Some("nothing mapped".to_owned()));
        Some(ShownFault { signal: 11, name, code, ..ShownFault::default() })
    }

    #[test]
    fn what_the_runtime_gave_up_for_goes_before_the_panic_and_this_before_the_signal() {
        let panic = ShownPanic { text: Some("boom".to_owned()), ..ShownPanic::default() };
        let mut death = Death { fault: fault(), panics: vec![panic], ..Death::default() };
        death.fatal_error = Some("all goroutines are asleep - deadlock!".to_owned());
        assert_eq!(what(&death).as_deref(), Some("fatal error: all goroutines are asleep - deadlock!"));
        death.fatal_error = None;
        assert_eq!(what(&death).as_deref(), Some("panic: boom"));
        death.panics.clear();
        assert_eq!(what(&death).as_deref(), Some("SIGSEGV, nothing mapped"));
    }

    #[test]
    fn of_several_panics_the_last_is_told_by_its_text_or_its_type() {
        let of = |text: Option<&str>, ty: Option<&str>| ShownPanic {
            text: text.map(str::to_owned),
            type_name: ty.map(str::to_owned),
            ..ShownPanic::default()
        };
        let told = |panics: Vec<ShownPanic>| what(&Death { panics, ..Death::default() });
        let first = of(Some("first"), None);
        assert_eq!(
            told(vec![first.clone(), of(None, Some("main.failure"))]).as_deref(),
            Some("panic: a value of type main.failure")
        );
        assert_eq!(told(vec![first, of(None, None)]), None, "the core lacks it");
    }

    #[test]
    fn code_that_has_a_name_says_more_than_the_innermost() {
        let libc = "/lib/libc.so.6";
        let death = |native| Death { fault: fault(), native, ..Death::default() };
        let named = death(vec![native(None, libc), native(Some("raise+0x1"), libc), native(Some("main+0x2"), "/a")]);
        assert_eq!(what(&named).as_deref(), Some("SIGSEGV in raise+0x1 of /lib/libc.so.6, nothing mapped"));
        let nameless = death(vec![native(None, libc)]);
        assert_eq!(
            what(&nameless).as_deref(),
            Some("SIGSEGV in code that is not Go's of /lib/libc.so.6, nothing mapped")
        );
    }

    #[test]
    fn a_signal_alone_says_why_only_where_somebody_died_of_it() {
        let mut death = Death { name: Some("SIGABRT".to_owned()), ..Death::default() };
        assert_eq!(what(&death), None);
        death.goroutine = Some(DiedAt { id: 7, ..DiedAt::default() });
        death.code = Some("raised by the process itself".to_owned());
        assert_eq!(what(&death).as_deref(), Some("SIGABRT, raised by the process itself"));
        death.caught = Some(Caught { signal: 6, ..Caught::default() });
        assert_eq!(what(&death).as_deref(), Some("a signal"), "the one that Go's handler caught, which has no name");
    }
}
