//! Locks that are taken through interfaces: `sync.Locker`, or any interface with `Lock` and `Unlock`. Calls through interfaces go where the
//! itab says, so what such a call does is known where it is known which itab it has.

use super::code::{CodeBook, Site};
use super::deeds::Deeds;
use goheap_image::Address;
use goheap_runtime::RuntimeModel;
use goheap_runtime::code::{Instruction, Operation, Place, ProgramCode, RegisterUse, Registers};
use std::rc::Rc;

/// `itab.Fun` (internal/abi/iface.go).
const METHODS: u64 = 24;
/// Methods of an interface that are looked at.
const MOST_METHODS: u64 = 64;
/// Operations before a call among which that is which loads where it goes.
const MOST_BEFORE: usize = 16;

/// A call that may be through an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MethodCall {
    at: u64,
    line: u32,
    /// Of which methods it may be, by their numbers in the itab.
    methods: Vec<u16>,
}

/// What the methods of an itab do.
pub(super) type Itab = Rc<[Deeds]>;

/// The itab at `address`, by its methods; None where none stands there.
pub(super) fn methods(model: &RuntimeModel<'_>, address: u64) -> Option<Vec<u64>> {
    let word = |offset: u64| model.memory().read_u64(Address(address.checked_add(offset)?));
    let is_type = |at: u64| model.modules.iter().any(|module| module.types.contains(&at));
    if !address.is_multiple_of(8) || !is_type(word(8)?) || !is_type(word(0)?) {
        return None;
    }
    let begins = |at: &u64| model.begins_function(*at);
    let all = (0..MOST_METHODS).map_while(|index| word(METHODS + index * 8).filter(begins));
    Some(all.collect::<Vec<u64>>()).filter(|methods| !methods.is_empty())
}

/// True if the value that an interface with this itab has at `pointer` is or holds what lies at `address`: `sync.Mutex` the lock alone, a
/// struct all that it embeds.
pub(super) fn holds(model: &RuntimeModel<'_>, itab: u64, pointer: u64, address: u64) -> bool {
    address.checked_sub(pointer).is_some_and(|inner| inner < value_bytes(model, itab))
}

/// Bytes of the value that an interface with this itab points to; 1 where its type does not tell.
pub(super) fn value_bytes(model: &RuntimeModel<'_>, itab: u64) -> u64 {
    // abi.Type of a pointer is followed by its element; a type begins with its size.
    const ITAB_TYPE: u64 = 8;
    const ELEMENT: u64 = 48;
    let word = |at: Option<u64>| model.memory().read_u64(Address(at?));
    let ty = word(itab.checked_add(ITAB_TYPE));
    let element = ty.and_then(|ty| word(ty.checked_add(ELEMENT)));
    let is_type = |at: &u64| model.modules.iter().any(|module| module.types.contains(at));
    element.filter(is_type).and_then(|element| word(Some(element))).unwrap_or(1)
}

/// The deeds of a method as a whole: one that locks and unlocks does neither to its caller.
pub(super) fn deeds_of_method(book: &mut CodeBook<'_, '_>, entry: u64) -> Deeds {
    let function = book.function(entry);
    let called = function.sites.iter().map(|site| site.deeds);
    // What embeds a lock first has methods that jump to the lock's.
    let all = called.fold(Deeds::of(&function.name), Deeds::and).and(book.deeds_of_jumps(entry));
    // `Lock` itself calls what stands for it, but never both.
    if all.is_both() { Deeds::default() } else { all }
}

/// The calls of the function at `entry` that may be through interfaces, with their lines.
pub(super) fn method_calls(program: &ProgramCode<'_, '_>, entry: u64, line: impl Fn(u64) -> u32) -> Vec<MethodCall> {
    let Some(function) = program.function(entry) else { return Vec::new() };
    let is_call = |(_, instruction): &(usize, &Instruction)| instruction.operation == Operation::Call(None);
    let calls = function.instructions.iter().enumerate().filter(is_call);
    let found = calls.filter_map(|(index, instruction)| {
        let methods = methods_before(&function.instructions[..index], program.registers());
        let at = instruction.at;
        (!methods.is_empty()).then(|| MethodCall { at, line: line(at), methods })
    });
    found.collect()
}

/// The methods that the words are of which registers hold that were loaded before a call: one of them is called, not the receiver, which
/// is the first argument.
fn methods_before(before: &[Instruction], registers: RegisterUse) -> Vec<u16> {
    let mut overwritten: Registers = registers.integers.first().map_or(0, |receiver| 1 << receiver);
    let mut methods = Vec::new();
    let operations = before.iter().rev().take(MOST_BEFORE).map(|instruction| instruction.operation);
    let is_near =
        |operation: &Operation| !matches!(operation, Operation::Call(_) | Operation::Jump(_) | Operation::Return);
    for operation in operations.take_while(is_near) {
        let written = match operation {
            Operation::Constant(to, _) | Operation::Add(to, ..) | Operation::Sum(to, ..) | Operation::Load(to, _) => {
                1 << to
            }
            Operation::Change(all) => all,
            _ => 0,
        };
        if let Operation::Load(to, Place::Based(base, offset)) = operation
            && overwritten & 1 << to == 0
            && base != registers.stack
        {
            let offset = u64::try_from(offset).ok().and_then(|offset| offset.checked_sub(METHODS));
            let offset = offset.filter(|offset| offset.is_multiple_of(8) && offset / 8 < MOST_METHODS);
            methods.extend(offset.map(|offset| (offset / 8) as u16));
        }
        overwritten |= written;
    }
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// The places where something is done through the itab.
pub(super) fn sites<'a>(calls: &'a [MethodCall], itab: &'a Itab) -> impl Iterator<Item = Site> + 'a {
    calls.iter().filter_map(|call| {
        let deeds = Deeds::all(call.methods.iter().filter_map(|&method| itab.get(usize::from(method)).copied()));
        // Which of two methods it is cannot be told.
        let is_told = deeds != Deeds::default() && !deeds.is_both();
        is_told.then_some(Site { at: call.at, line: call.line, deeds })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_is_called_is_one_of_those_loaded_last() {
        let operations = [
            Operation::Load(1, Place::Based(0, 32)),
            Operation::Call(Some(7)),
            Operation::Load(1, Place::Based(0, 24)),
            Operation::Load(3, Place::Based(4, 32)),
            Operation::Load(6, Place::Based(7, 28)),
            Operation::Load(7, Place::Based(3, 40)),
            Operation::Load(7, Place::Static(24)),
            Operation::Load(0, Place::Based(3, 48)),
        ];
        let instruction = |(at, &operation)| Instruction { at, next: at + 1, operation };
        let before: Vec<Instruction> = (0..).zip(&operations).map(instruction).collect();
        let registers =
            RegisterUse { integers: &[0], floats: 0, stack: 4, context: 2, filled: 0, scratch: 0, pushed: 8 };
        let methods = |count: usize| methods_before(&before[..count], registers);
        assert_eq!(methods(before.len()), [0]);
        assert_eq!(methods(1), [1]);
        assert!(methods(2).is_empty(), "a call comes between");
    }

    #[test]
    fn what_a_call_does_is_what_its_itab_says() {
        let call = |at, methods: &[u16]| MethodCall { at, line: at as u32, methods: methods.to_vec() };
        let calls = [call(1, &[0]), call(2, &[1]), call(3, &[0, 1]), call(4, &[5])];
        let (lock, unlock) = Deeds::of_lock(super::super::target::WaitKind::Mutex);
        let itab: Itab = [lock, unlock].into();
        let found: Vec<(u64, bool)> = sites(&calls, &itab).map(|site| (site.at, site.deeds.has(lock))).collect();
        assert_eq!(found, [(1, true), (2, false)]);
    }
}
