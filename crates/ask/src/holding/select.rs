//! Objects by what people call them: an address, a type, a variable's field.

use super::types::Named;
use super::variable::{self, Found};
use goheap_model::RootKind;
use goheap_model::names::{is_of_the_compiler, name_in_text};
use goheap_model::{Fields, Graph};
use serde::Serialize;

/// What was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Subject {
    /// The object that holds an address.
    Address(u64),
    /// All objects of a type.
    Type(String),
    /// What a variable, or a field that is reached from it, leads to.
    Variable(String),
    /// What a field of all objects of a type leads to.
    Field(String),
    /// What the stack of a goroutine leads to.
    Goroutine(u64),
}

/// What of that there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Selected {
    /// These objects, in order of address; where the text is not the very name, the names that it was taken for.
    Objects(Subject, Vec<u32>, Vec<String>),
    /// No object holds the address.
    NoObject(u64),
    /// No goroutine that is alive has the id.
    NoGoroutine(u64),
    /// There is no such type or variable; these are all that there are.
    NoSuchName(Vec<String>),
    /// There is such a type, and no object is of it.
    NoObjectOf(String),
    /// There is no such field; these are at the place where it should be.
    NoSuchField(Vec<String>),
}

/// An address has at least so many digits where it is written without 0x: shorter ones are names.
const BARE_DIGITS: usize = 9;
/// Fields behind a type's name: the heap is looked through once for each beginning of the text that may be the name.
const MOST_FIELDS: usize = 8;

/// The objects that `text` means: a hexadecimal address in one of them; a type as histograms or frames name it, arrays of it among
/// them, `[]T` being rows of any length and `[N]T` those of one; a package variable, or a function and its variable, and fields behind it, as
/// `main.cache.entries`; a type and a field, as `main.Cache.entries`; a goroutine, as `goroutine 17`; a function, with what its variables
/// lead to; a finalizer, cleanup or queue of the runtime, as `finalizer of main.File`. `*T` means the objects of `T`, if there are any.
///
/// A name that fits exactly wins, then one that fits but for the beginnings of import paths or type arguments, then types of
/// which `is_wanted`, what the text means as an expression, says so.
pub fn select(graph: Graph<'_>, fields: &dyn Fields, text: &str, is_wanted: Option<&dyn Fn(&str) -> bool>) -> Selected {
    let (heap, named) = (graph.heap(), Named(graph.heap()));
    if let Some(address) = address(text) {
        return match heap.objects.find_allocated(address) {
            Some(slot) => Selected::Objects(Subject::Address(address), vec![slot.id.0], Vec::new()),
            None => Selected::NoObject(address),
        };
    }
    if let Some(id) = goroutine_id(text) {
        return goroutine(graph, id);
    }
    let of_type =
        |found: super::types::OfType| Selected::Objects(Subject::Type(text.to_owned()), found.objects, found.taken_for);
    // Who asks for pointers wants what they point to; slots that hold such pointers are no answer.
    if let Some(pointed) = text.strip_prefix('*').and_then(|_| named.objects_of_named_type(text)) {
        return of_type(pointed);
    }
    let (exact, alike) = named.objects_of_type(text);
    if let Some(exact) = exact {
        return of_type(exact);
    }
    // `chan T` of a stripped program is no variable `chan` with its type.
    let found = if alike.is_some() { variable::find(graph, fields, text) } else { variable(graph, fields, text) };
    match found {
        Found::NoVariable(mut names) => {
            let other = alike.or_else(|| named.objects_of_named_type(text));
            if let Some(of_field) = if other.is_none() { field_of_type(graph, fields, text) } else { None } {
                return of_field;
            }
            if let Some(other) = other.or_else(|| named.objects_of_wanted(is_wanted?)) {
                return of_type(other);
            }
            if named.is_known(text) {
                return Selected::NoObjectOf(text.to_owned());
            }
            names.extend(named.type_names());
            names.retain(|name| !is_of_the_compiler(name));
            names.sort();
            names.dedup();
            Selected::NoSuchName(names)
        }
        Found::NoField(fields) => Selected::NoSuchField(fields),
        Found::Objects(objects) => Selected::Objects(Subject::Variable(text.to_owned()), objects, Vec::new()),
    }
}

/// What a field of all objects of a type leads to, as in `main.Cache.entries`.
fn field_of_type(graph: Graph<'_>, fields: &dyn Fields, text: &str) -> Option<Selected> {
    let named = Named(graph.heap());
    let ends = text.char_indices().rev().filter(|(_, letter)| matches!(letter, '.' | '['));
    // A type has a package before it; without one the text is no more than that.
    let ends = ends.map(|(end, _)| end).filter(|&end| text[..end].contains('.')).take(MOST_FIELDS);
    let (at, of_type) = ends.into_iter().find_map(|end| {
        let (exact, alike) = named.objects_of_type(&text[..end]);
        Some((end, exact.or(alike)?))
    })?;
    Some(match variable::fields_of(graph, fields, (text, at), &of_type.objects) {
        Found::Objects(objects) => Selected::Objects(Subject::Field(text.to_owned()), objects, of_type.taken_for),
        Found::NoField(fields) => Selected::NoSuchField(fields),
        Found::NoVariable(names) => Selected::NoSuchName(names),
    })
}

/// What a variable leads to: as it is written, or as frames print it, with its type or how many alike there are.
fn variable(graph: Graph<'_>, fields: &dyn Fields, text: &str) -> Found {
    let found = variable::find(graph, fields, text);
    let name = printed_name(text);
    match found {
        Found::NoVariable(_) if name != text => match of_function(text) {
            Some(local) => variable::find(graph, fields, &local),
            None => variable::find(graph, fields, name),
        },
        found => found,
    }
}

fn goroutine(graph: Graph<'_>, id: u64) -> Selected {
    let Some(index) = graph.heap().living_goroutine(id) else { return Selected::NoGoroutine(id) };
    let node = graph.references().roots().node_of(RootKind::Goroutine(index));
    let mut objects = node.map_or_else(Vec::new, |node| variable::below(graph, vec![node]));
    objects.sort_unstable();
    objects.dedup();
    Selected::Objects(Subject::Goroutine(id), objects, Vec::new())
}

/// The number of `goroutine 17`, whatever follows a colon or bracket as in a frame or a traceback.
fn goroutine_id(text: &str) -> Option<u64> {
    let rest = text.trim().strip_prefix("goroutine ")?.trim_start();
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (number, behind) = rest.split_at(digits);
    (behind.is_empty() || behind.starts_with([':', ' '])).then(|| number.parse().ok()).flatten()
}

/// The name in a frame's text: `main.cache` of `3 × main.cache *main.Cache`, `main.work` of `20 × goroutine main.work`.
fn printed_name(text: &str) -> &str {
    let alone = match text.split_once(" × ") {
        Some((count, rest)) if count.bytes().all(|byte| byte.is_ascii_digit() || byte == b',') => rest,
        _ => text,
    };
    let alone = alone.strip_prefix("goroutine ").unwrap_or(alone);
    name_in_text(alone)
}

/// `main.work.buffer` of `main.work: buffer []uint8`, as owners are printed, and of `goroutine main.run → main.work → buffer`, as suspects are.
fn of_function(text: &str) -> Option<String> {
    let (function, variable) = match text.rsplit_once(" → ") {
        Some((way, variable)) => (printed_name(way.rsplit(" → ").next()?), variable),
        None => text.split_once(": ")?,
    };
    Some(format!("{function}.{}", printed_name(variable)))
}

fn address(text: &str) -> Option<u64> {
    let (digits, is_marked) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || !(is_marked || digits.len() >= BARE_DIGITS) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_names() {
        assert_eq!(address("0xc000012340"), Some(0xc0_0001_2340));
        assert_eq!(address("c000012340"), Some(0xc0_0001_2340));
        assert_eq!(address("0x10"), Some(0x10));
        for name in ["main.x", "face", "0x", "", "0xg", "11111111111111111111"] {
            assert_eq!(address(name), None, "{name}");
        }
    }

    #[test]
    fn what_frames_print_is_read_again() {
        for (text, name) in [
            ("main.cache", "main.cache"),
            ("main.cache *main.Cache", "main.cache"),
            ("1,000 × main.cache map[string]int", "main.cache"),
            ("20 × goroutine main.work", "main.work"),
            ("goroutine main.work", "main.work"),
            ("sync.Pool at bss+0x6e00", "sync.Pool at bss+0x6e00"),
        ] {
            assert_eq!(printed_name(text), name);
        }
        assert_eq!(of_function("main.work: buffer []uint8").as_deref(), Some("main.work.buffer"));
        assert_eq!(of_function("main.main → p.latest").as_deref(), Some("main.main.p.latest"));
        assert_eq!(of_function("goroutine main.run → main.work → buffer []uint8").as_deref(), Some("main.work.buffer"));
        for text in ["goroutine 17", "goroutine 17: main.work", "goroutine 17 [chan receive]:"] {
            assert_eq!(goroutine_id(text), Some(17), "{text}");
        }
        for text in ["goroutine main.work", "goroutine", "17", "goroutine 1x", "goroutine 99999999999999999999"] {
            assert_eq!(goroutine_id(text), None, "{text}");
        }
    }
}
