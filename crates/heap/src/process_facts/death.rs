//! When a process died, and why.

mod place;
mod signals;
mod why;

use super::captured;
use goheap_image::Process;
use goheap_model::process::{Death, HexAddress, NativeCode, Panicking};
use goheap_model::words::{human_bytes, utc};
use goheap_runtime::{Goroutine, RuntimeModel};
use signals::{reason, signal_name, writes_core};

/// When and why the process died.
pub(super) fn death(model: &RuntimeModel<'_>) -> Death {
    let process = model.process;
    let mut death = of_core(process);
    if death.signal.is_some() {
        why::tell(model, &mut death);
    }
    death
}

/// Goroutines that are told to panic.
const MOST_PANICKING: usize = 16;

/// The goroutines that panic and run deferred functions at that, less the one that died of it.
pub(super) fn panicking(model: &RuntimeModel<'_>, died: &Death) -> Vec<Panicking> {
    let dead = died.goroutine.as_ref().filter(|_| !died.panics.is_empty()).map(|dead| dead.id);
    let all = model.panicking(MOST_PANICKING).into_iter();
    let told = all.filter_map(|(index, panics)| {
        let id = model.goroutines.get(index)?.id;
        Some(Panicking { id, panics: panics.iter().map(why::panic).collect() })
    });
    told.filter(|one| Some(one.id) != dead).collect()
}

/// Why it died, in one line; None where nothing tells, as of a core that was dumped while the process lived.
pub fn why_it_died(model: &RuntimeModel<'_>) -> Option<String> {
    death(model).why
}

/// How the goroutine died, if it is the one that did, and the frames of code that is not Go's in which it stands.
pub fn death_of_goroutine(model: &RuntimeModel<'_>, goroutine: &Goroutine) -> (Option<String>, Vec<NativeCode>) {
    let death = death(model);
    if death.goroutine.as_ref().is_some_and(|dead| dead.id == goroutine.id) {
        return (death.why, death.native);
    }
    let thread = model.machine_threads.get(&goroutine.m.0).filter(|thread| thread.curg == goroutine.address);
    let mut threads = model.process.core.threads().iter();
    let registers = thread.and_then(|one| threads.find(|thread| u64::from(thread.tid) == one.procid));
    let native = registers.map_or_else(Vec::new, |thread| {
        let general: Vec<(u16, u64)> = (0..).zip(thread.registers.general().iter().copied()).collect();
        why::native(model, thread.registers.pc().0, &general)
    });
    (None, native)
}

/// What the core says of its end: `NT_SIGINFO`, else the signal of the first thread.
fn of_core(process: &Process) -> Death {
    let core = &process.core;
    let first = core.threads().first().map_or(0, |thread| thread.signal);
    let number = core.signal().map_or(first, |signal| signal.number);
    let mut death = Death {
        when: core.modified().and_then(utc),
        time_source: core.modified().map(|_| "when the core file was last written".to_owned()),
        ..Death::default()
    };
    if writes_core(number) {
        let pid = core.process().map(|process| process.pid);
        death.signal = i32::try_from(number).ok();
        death.name = signal_name(number).map(str::to_owned);
        death.code = core.signal().and_then(|signal| reason(signal, pid));
        death.address = core.signal().and_then(|signal| signal.address).map(|address| HexAddress(address.0));
    } else if core.threads().is_empty() && core.signal().is_none() && core.provenance().is_none() {
        // Who was killed has a signal in a note, as who was stopped has threads: here is neither.
        death.code = Some("not known: the core has no notes of threads or of a signal".to_owned());
    } else {
        death.code = Some(match captured::words(core, &human_bytes) {
            Some(words) if words.is_empty() => "not killed: dumped by goheap while it lived".to_owned(),
            Some(words) => format!("not killed: dumped by goheap while it lived, {words}"),
            None => "not killed: dumped while it lived, as gcore does".to_owned(),
        });
        if let Some(when) = captured::when(core) {
            (death.when, death.time_source) = (Some(when), Some("when goheap stopped it".to_owned()));
        }
    }
    death
}
