//! What lies at an address that could not be accessed, in words.

use goheap_image::{Address, Segment};
use goheap_runtime::{Goroutine, RuntimeModel};

/// The kernel maps nothing below (`vm.mmap_min_addr`).
const NIL_BYTES: u64 = 64 << 10;
/// User space of x86-64 and aarch64 with four levels of page tables ends here; what follows up to the kernel's half is no address.
const USER_END: u64 = 1 << 47;
/// A stack that grew too far is missed by no more.
const NEAR_STACK: u64 = 1 << 20;

/// What lies at `address`; `sp` is the stack pointer of the code that accessed it.
pub(super) fn place(model: &RuntimeModel<'_>, address: u64, sp: Option<u64>) -> String {
    of_nil(address)
        .or_else(|| of_heap(model, address))
        .or_else(|| of_program(model, address))
        .or_else(|| of_mapping(model, address))
        .unwrap_or_else(|| nowhere(model, address, sp))
}

fn of_nil(address: u64) -> Option<String> {
    match address {
        0 => Some("nil".to_owned()),
        1..4096 => Some(format!("nil and {address} bytes: a field or an element of what nil points to")),
        4096..NIL_BYTES => Some(format!("nil and {address} bytes, where nothing is ever mapped")),
        _ if address >= u64::MAX - 4095 => Some(format!("{} bytes before nil", address.wrapping_neg())),
        _ => None,
    }
}

fn of_heap(model: &RuntimeModel<'_>, address: u64) -> Option<String> {
    if let Some(index) = model.heap.span_index(address) {
        let span = &model.heap.spans[index];
        let Some(slot) = span.slot_of(address) else {
            return Some("the heap, behind the last slot of a span".to_owned());
        };
        let state = if span.allocated.get(slot as usize) { "allocated" } else { "free" };
        let start = span.slot_address(slot);
        return Some(format!(
            "the heap, {} bytes into the {state} slot of {} bytes at {start:#x}",
            address - start,
            span.elem_size
        ));
    }
    let owner = model.goroutines.iter().find(|goroutine| goroutine.status.is_live() && goroutine.on_stack(address));
    if let Some(Goroutine { id, .. }) = owner {
        return Some(format!("the stack of goroutine {id}"));
    }
    let is_manual = model.heap.is_manual(address);
    is_manual.then(|| "memory that the runtime manages by hand: a stack, or a work buffer".to_owned())
}

fn of_program(model: &RuntimeModel<'_>, address: u64) -> Option<String> {
    let module = model.modules.iter().find(|module| module.text.contains(&address) || module.holds_variable(address));
    if let Some(module) = module {
        if module.text.contains(&address) {
            let function = model.function_name(address);
            return Some(function.map_or_else(|| "code".to_owned(), |name| format!("the code of {name}")));
        }
        let variable = model.symbols.variable_at(address);
        return Some(match variable {
            Some(variable) if variable.address == address => format!("the variable {}", variable.name),
            Some(variable) => format!("the variable {}, {} bytes in", variable.name, address - variable.address),
            None => "variables of the program".to_owned(),
        });
    }
    let bias = model.process.load_bias;
    let linked = address.wrapping_sub(bias);
    let mut segments = model.process.executable.load_segments();
    let segment = segments.find(|segment| linked.wrapping_sub(segment.address.0) < segment.memory_size)?;
    Some(if segment.flags.writable() {
        "variables of the program".to_owned()
    } else {
        "constants of the program: strings, types and tables, which cannot be written".to_owned()
    })
}

fn of_mapping(model: &RuntimeModel<'_>, address: u64) -> Option<String> {
    let core = &model.process.core;
    let at = Address(address);
    if let Some(mapped) = core.mapped_files().iter().find(|mapped| mapped.contains(at)) {
        let offset = mapped.file_offset.wrapping_add(address - mapped.start.0);
        return Some(format!("byte {offset} of the mapped file {}", mapped.path_lossy()));
    }
    let segment = core.segments().iter().find(|segment| (segment.address..segment.end()).contains(&at))?;
    Some(format!("mapped memory that {}", rights(segment)))
}

fn rights(segment: &Segment) -> &'static str {
    let flags = segment.flags;
    match (flags.readable(), flags.writable()) {
        (_, true) => "can be written",
        (true, false) => "can only be read",
        (false, false) => "cannot be accessed",
    }
}

fn nowhere(model: &RuntimeModel<'_>, address: u64, sp: Option<u64>) -> String {
    if address >= USER_END {
        return "no address of a process".to_owned();
    }
    let is_near = |sp: &u64| address.abs_diff(*sp) < NEAR_STACK;
    if sp.filter(is_near).is_some() {
        return "next to the stack pointer, where the stack has no more room".to_owned();
    }
    let ends = model.process.core.segments().iter().map(Segment::end);
    match ends.filter(|end| end.0 <= address).map(|end| address - end.0).min() {
        Some(behind) if behind < NEAR_STACK => format!("nothing is mapped: {behind} bytes behind the end of a mapping"),
        _ => "nothing is mapped".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Doing, GoProcess};
    use goheap_synth::{R, RW};

    fn at(go: &GoProcess, address: u64, sp: Option<u64>) -> String {
        go.open(|model| place(model, address, sp))
    }

    #[test]
    fn in_the_heap_it_is_a_slot() {
        let mut go = GoProcess::new();
        go.define("main.Node", &[("next", "*main.Node"), ("n", "int")]);
        let (node, freed) = (go.object("main.Node"), go.object("main.Node"));
        go.free(freed);
        let slot =
            |state: &str, start: u64| format!("the heap, 3 bytes into the {state} slot of 16 bytes at {start:#x}");
        assert_eq!(at(&go, node + 3, None), slot("allocated", node));
        assert_eq!(at(&go, freed + 3, None), slot("free", freed));
        assert_eq!(at(&go, node + 8192 - 8, None), "the heap, behind the last slot of a span");
    }

    #[test]
    fn on_a_stack_it_is_the_goroutines_while_that_lives() {
        let mut go = GoProcess::new();
        go.goroutine(Doing::Runnable, &[("main.work", &[])]);
        go.goroutine(Doing::Dead, &[("main.work", &[])]);
        let stacks = go.open(|model| [model.goroutines[0].stack, model.goroutines[1].stack]);
        assert_eq!(at(&go, stacks[0].0 + 5, None), "the stack of goroutine 1");
        assert_eq!(
            at(&go, stacks[1].0 + 5, None),
            "memory that the runtime manages by hand: a stack, or a work buffer",
            "nobody stands on a dead one's"
        );
    }

    #[test]
    fn in_the_program_it_is_code_a_variable_or_a_constant() {
        let mut go = GoProcess::new();
        go.define("main.Config", &[("name", "string"), ("size", "int")]);
        let (entry, config) = (go.function("main.work"), go.variable("main.config", "main.Config", &[0, 0, 5]));
        assert_eq!(at(&go, entry + 9, None), "the code of main.work");
        assert_eq!(at(&go, config, None), "the variable main.config");
        assert_eq!(at(&go, config + 16, None), "the variable main.config, 16 bytes in");
        assert_eq!(at(&go, config + 24, None), "variables of the program", "no symbol is there");
        let header = go.open(|model| model.process.executable.load_segments().next().map(|one| one.address.0));
        assert_eq!(
            at(&go, header.unwrap_or_default() + 5, None),
            "constants of the program: strings, types and tables, which cannot be written"
        );
    }

    #[test]
    fn elsewhere_it_is_told_what_may_be_done_there_or_what_is_near() {
        let mut go = GoProcess::new();
        let (ours, read_only) = (0x7e00_0000_0000, 0x7e10_0000_0000);
        go.mapping(ours, 0x2000, RW);
        go.mapping(read_only, 0x2000, R);
        go.mapping(0x7e20_0000_0000, 0x2000, 0);
        let told = |address| at(&go, address, None);
        assert_eq!(told(ours + 4), "mapped memory that can be written");
        assert_eq!(told(read_only + 4), "mapped memory that can only be read");
        assert_eq!(told(0x7e20_0000_0004), "mapped memory that cannot be accessed");
        assert_eq!(told(ours + 0x2010), "nothing is mapped: 16 bytes behind the end of a mapping");
        assert_eq!(told(ours + 0x2000), "nothing is mapped: 0 bytes behind the end of a mapping");
        assert_eq!(told(ours + 0x2000 + NEAR_STACK), "nothing is mapped");
        assert_eq!(told(ours - 1), "nothing is mapped");
        assert_eq!(told(USER_END), "no address of a process");
        let sp = ours - 0x1000;
        assert_eq!(at(&go, sp - 64, Some(sp)), "next to the stack pointer, where the stack has no more room");
        assert_eq!(at(&go, sp - NEAR_STACK, Some(sp)), "nothing is mapped", "too far from it");
    }

    #[test]
    fn addresses_near_nil_are_told_by_their_distance() {
        assert_eq!(of_nil(0).as_deref(), Some("nil"));
        assert_eq!(of_nil(8).as_deref(), Some("nil and 8 bytes: a field or an element of what nil points to"));
        assert_eq!(of_nil(0x5000).as_deref(), Some("nil and 20480 bytes, where nothing is ever mapped"));
        assert_eq!(of_nil(u64::MAX - 7).as_deref(), Some("8 bytes before nil"));
        assert_eq!(of_nil(0x1_0000), None);
    }
}
