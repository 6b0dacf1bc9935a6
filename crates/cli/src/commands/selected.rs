//! What an argument means, in this heap.

use crate::args::Asked;
use crate::commands::goroutine;
use crate::commands::object::no_object;
use crate::say::errors::Failure;
use crate::say::nearest;
use goheap_ask::holding::{self, Selected, Subject};
use goheap_heap::references::ReferenceGraph;
use goheap_heap::waits::ANY_LOCK;
use goheap_model::Fields;
use goheap_model::contents::{Contents, InspectOptions};
use goheap_model::names::Spelling;

/// The objects that an argument means.
pub(crate) struct Meant {
    /// What kind of argument it is.
    pub(crate) means: &'static str,
    /// Nodes of the graph, in order of address.
    pub(crate) objects: Vec<u32>,
    /// Where the argument is not the very name of a type, what it is taken for.
    pub(crate) taken_for: Vec<String>,
    /// Of an address in static data, the variable there, which is a root itself.
    pub(crate) in_variable: Option<String>,
}

/// What an argument means.
pub(crate) fn select(graph: &ReferenceGraph<'_, '_, '_>, fields: &dyn Fields, asked: &Asked) -> Result<Meant, Failure> {
    let what = &*asked.text;
    let is_wanted = asked.pattern.as_ref().map(|pattern| |text: &str| pattern.is_match(text));
    let no_name = |kind, names: Vec<String>| Failure::NoSuchName {
        name: what.to_owned(),
        kind,
        nearest: nearest::told(what, names.iter().map(String::as_str)),
    };
    match holding::select(
        graph.data(),
        fields,
        what,
        is_wanted.as_ref().map(|is_wanted| is_wanted as &dyn Fn(&str) -> bool),
    ) {
        Selected::Objects(subject, objects, taken_for) => {
            Ok(Meant { means: means(&subject), objects, taken_for, in_variable: None })
        }
        Selected::NoObject(address) => in_variable(graph, fields, address),
        Selected::NoGoroutine(id) => {
            let model = graph.snapshot().model;
            Err(Failure::NoGoroutine { id, near: goroutine::near(model, id) })
        }
        Selected::NoSuchName(_) if is_function(graph, what) => {
            Err(no_name("closure on the heap, and no variable, of the function", Vec::new()))
        }
        Selected::NoSuchName(names) => Err(no_name("type or variable", names)),
        Selected::NoObjectOf(_) => Err(no_name("object of the type", Vec::new())),
        Selected::NoSuchField(names) => Err(no_name("field that leads to an object", names)),
    }
}

/// True of a function of the program, as goroutines and tracebacks print it.
fn is_function(graph: &ReferenceGraph<'_, '_, '_>, text: &str) -> bool {
    let asked = Spelling::new(text);
    let mut tables = graph.snapshot().model.modules.iter().map(|module| &module.functions);
    tables.any(|functions| functions.iter().any(|func| asked.likeness(&functions.print_name(&func)).is_some()))
}

fn means(subject: &Subject) -> &'static str {
    match subject {
        Subject::Address(_) => "address",
        Subject::Type(_) => "type",
        Subject::Variable(_) => "variable",
        Subject::Field(_) => "field",
        Subject::Goroutine(_) => "goroutine",
    }
}

/// What the package variable around an address leads to.
fn in_variable(graph: &ReferenceGraph<'_, '_, '_>, fields: &dyn Fields, address: u64) -> Result<Meant, Failure> {
    let snapshot = graph.snapshot();
    let Some(place) = snapshot.static_name(address, ANY_LOCK) else { return Err(no_object(snapshot, address)) };
    let found = snapshot.inspect_static(address, InspectOptions { values: false, limit: 0, text_bytes: 0 });
    let (objects, name) = match found {
        Some(found) => match holding::select(graph.data(), fields, &found.name, None) {
            Selected::Objects(Subject::Variable(_), objects, _) => (objects, format!("{place} {}", found.ty)),
            _ => (Vec::new(), format!("{place} {}", found.ty)),
        },
        None => (Vec::new(), place),
    };
    Ok(Meant { means: "address", objects, taken_for: Vec::new(), in_variable: Some(name.trim_end().to_owned()) })
}
