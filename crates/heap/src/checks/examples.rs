//! Some of what a count counts, with the command that shows it.

use crate::absent::{AbsentHolder, AbsentOf};
use crate::samples::Sample;
use crate::snapshot::HeapSnapshot;
use goheap_model::contents::Contents;
use goheap_model::{Example, ObjectId};

/// Of samples.
pub(super) fn examples(snapshot: &HeapSnapshot<'_, '_>, samples: &[Sample]) -> Vec<Example> {
    samples.iter().map(|sample| example(snapshot, sample)).collect()
}

/// Those who hold words that are absent from the core, with how many.
pub(super) fn holders<'a>(
    snapshot: &HeapSnapshot<'_, '_>,
    most: impl IntoIterator<Item = &'a AbsentOf>,
) -> Vec<Example> {
    let holder = |one: &AbsentOf| {
        let example = match &one.holder {
            AbsentHolder::Object(id) => object(snapshot, *id),
            AbsentHolder::Goroutine(index) => goroutine(snapshot, *index),
            AbsentHolder::Variable(at, name) => {
                Example { addr: Some(hex(*at)), what: name.clone(), ..Example::default() }
            }
        };
        Example { words: Some(one.words), ..example }
    };
    most.into_iter().map(holder).collect()
}

fn example(snapshot: &HeapSnapshot<'_, '_>, sample: &Sample) -> Example {
    match sample {
        Sample::Object(id) => object(snapshot, *id),
        Sample::Goroutine(index) => goroutine(snapshot, *index),
        Sample::Word(at) => word(snapshot, *at),
        Sample::Root(value, name) => {
            Example { addr: Some(hex(*value)), what: format!("held by {name}"), ..Example::default() }
        }
        Sample::Record(at, what) => Example { addr: Some(hex(*at)), what: (*what).to_owned(), ..Example::default() },
    }
}

fn object(snapshot: &HeapSnapshot<'_, '_>, id: ObjectId) -> Example {
    let slot = snapshot.objects.slot(id);
    let (at, ty) = (hex(snapshot.objects.address(slot)), snapshot.type_text(slot));
    let what = match &*ty {
        "" => format!("{} bytes of unknown type", snapshot.objects.span(slot).elem_size),
        ty => ty.to_owned(),
    };
    // What is free no command shows.
    let command = snapshot.objects.is_allocated(slot).then(|| format!("object {at}"));
    Example { addr: Some(at), what, command, ..Example::default() }
}

fn word(snapshot: &HeapSnapshot<'_, '_>, at: u64) -> Example {
    let Some(slot) = snapshot.objects.find_allocated(at) else {
        return Example { addr: Some(hex(at)), what: snapshot.place_text(at), ..Example::default() };
    };
    let (offset, object) = (at - snapshot.objects.address(slot), object(snapshot, slot.id));
    let command = Some(format!("object {}", hex(at)));
    Example { addr: Some(hex(at)), what: format!("{offset:#x} bytes into {}", object.what), command, words: None }
}

fn goroutine(snapshot: &HeapSnapshot<'_, '_>, index: u32) -> Example {
    let model = snapshot.model;
    let Some(goroutine) = model.goroutines.get(index as usize) else { return Example::default() };
    let start = model.function_name(goroutine.startpc).map_or_else(String::new, |name| format!(" {name}"));
    Example {
        addr: Some(hex(goroutine.address.0)),
        what: format!("goroutine {}{start}", goroutine.id),
        command: Some(format!("goroutine {}", goroutine.id)),
        words: None,
    }
}

fn hex(address: u64) -> String {
    format!("{address:#x}")
}
