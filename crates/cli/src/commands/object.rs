//! `goheap CORE object ADDR`: one object, its fields, who points to it and what it points to.

use crate::args::{Input, ObjectOptions};
use crate::commands::birth_calls;
use crate::commands::short_names::ShortNames;
use crate::open::{Needs, with_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::{ListedObject, ObjectDetail, nearest, object, object_detail, variable_detail};
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::Slot;
use goheap_model::contents::{Contents, InspectOptions};
use goheap_report::object::{write_json, write_text};

/// Bytes of a string that are shown.
const TEXT_BYTES: usize = 80;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ObjectOptions) -> Result<(), Failure> {
    let snapshot = SnapshotOptions { owners: true, roots: true, ..SnapshotOptions::default() };
    with_heap(input, Needs { snapshot, ..Needs::default() }, |snapshot| {
        diagnostics::warn(snapshot, input.quiet);
        let mut detail = detail(snapshot, options)?;
        if options.written.is_json() {
            return to_stdout(|out| write_json(&detail, out));
        }
        ShortNames(snapshot).object(&mut detail);
        to_stdout(|out| write_text(&detail, page(input), out))
    })
}

fn detail(snapshot: &HeapSnapshot<'_, '_>, options: &ObjectOptions) -> Result<ObjectDetail, Failure> {
    let address = options.address;
    let inspect = InspectOptions { values: options.values, limit: options.limit, text_bytes: TEXT_BYTES };
    let Some(slot) = snapshot.objects.find_allocated(address) else {
        return variable_detail(snapshot, address, inspect).ok_or_else(|| no_object(snapshot, address));
    };
    let detail = object_detail(snapshot, slot, Some(snapshot), inspect);
    let born = birth_calls::born(&snapshot.birth(slot), !options.written.is_json());
    Ok(ObjectDetail { asked_offset: address - detail.address, born, ..detail })
}

/// That no object holds an address.
pub(crate) fn no_object(snapshot: &HeapSnapshot<'_, '_>, address: u64) -> Failure {
    let (below, above) = nearest(snapshot, address);
    let told = |slot: Slot| {
        let ListedObject { address, size, ty, .. } = object(snapshot, slot);
        let ty = if ty.is_empty() { "of unknown type" } else { &ty };
        format!("{address:#x} ({size} bytes, {ty})")
    };
    let near: Vec<String> = [("below", below), ("above", above)]
        .into_iter()
        .filter_map(|(side, slot)| Some(format!("the nearest {side} is {}", told(slot?))))
        .collect();
    let near = if near.is_empty() { "the heap has none".to_owned() } else { near.join(", ") };
    Failure::NoObject { address, place: snapshot.place_text(address), near }
}
