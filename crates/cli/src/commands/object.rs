//! `goheap CORE object ADDR`: one object, its fields, who points to it and what it points to.

use crate::args::{Input, ObjectOptions};
use crate::commands::birth_calls;
use crate::commands::short_names::ShortNames;
use crate::open::{Needs, with_heap};
use crate::output::to_stdout;
use crate::say::diagnostics;
use crate::say::errors::Failure;
use crate::say::terminal::page;
use goheap_ask::{ListedObject, nearest, object};
use goheap_heap::inspect::{self, InspectOptions, Inspection, Value};
use goheap_heap::referred::ObjectWindows;
use goheap_heap::waits::ANY_LOCK;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_model::{Slot, Standing};
use goheap_report::object::{
    ObjectReport, ObjectTarget, Referred, Root, ShownField, ShownHolder, ShownHolderGroup, ShownMapRoom, ShownPointer,
    Voted,
};

/// Bytes of a string that are shown.
const TEXT_BYTES: usize = 80;

/// Runs the command.
pub(crate) fn run(input: &Input, options: &ObjectOptions) -> Result<(), Failure> {
    let snapshot = SnapshotOptions { owners: true, roots: true, ..SnapshotOptions::default() };
    with_heap(input, Needs { snapshot, ..Needs::default() }, |snapshot| {
        diagnostics::warn(snapshot, input.quiet);
        let mut report = match snapshot.objects.find_allocated(options.address) {
            Some(slot) => report(snapshot, slot, options),
            None => of_variable(snapshot, options).ok_or_else(|| no_object(snapshot, options.address))?,
        };
        if options.written.is_json() {
            return to_stdout(|out| report.write_json(out));
        }
        ShortNames(snapshot).object(&mut report);
        to_stdout(|out| report.write_text(page(input), out))
    })
}

/// What a package variable is, which is no object: where no lock or the like is known to lie, the field is told all the same.
fn of_variable(snapshot: &HeapSnapshot<'_, '_>, options: &ObjectOptions) -> Option<ObjectReport> {
    let inspect = InspectOptions { values: options.values, limit: options.limit, text_bytes: TEXT_BYTES };
    let found = snapshot.inspect_static(options.address, inspect)?;
    let place = snapshot.static_name(options.address, ANY_LOCK);
    Some(ObjectReport {
        addr: hex(found.address),
        asked_offset: options.address - found.address,
        size: found.size,
        evidence: if found.ty.is_empty() { "none" } else { "exact" },
        ty: found.ty,
        reachable: true,
        owner: found.name.clone(),
        path: vec![place.unwrap_or(found.name)],
        fields: found.fields.shown.into_iter().map(field).collect(),
        fields_left_out: found.fields.left_out,
        ..ObjectReport::default()
    })
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

fn report(snapshot: &HeapSnapshot<'_, '_>, slot: Slot, options: &ObjectOptions) -> ObjectReport {
    let ListedObject { address: start, size, ty, evidence, reachable } = object(snapshot, slot);
    let text_bytes = TEXT_BYTES;
    let found = snapshot.inspect(slot, InspectOptions { values: options.values, limit: options.limit, text_bytes });
    let Inspection { path, fields, pointers, roots, holders, holder_groups, function, windows, map } = found;
    ObjectReport {
        addr: hex(start),
        asked_offset: options.address - start,
        size,
        referred: (reachable == Some(true)).then(|| referred(windows)),
        map: map.map(|map| ShownMapRoom { entries: map.entries, slots: map.slots }),
        header_bytes: snapshot.objects.payload(slot).0 - start,
        ty,
        evidence,
        voted: snapshot.vote(slot.id).map(|vote| Voted { agree: vote.agree, of: vote.of }),
        reachable: reachable == Some(true),
        not_known_to_be_reachable: reachable.is_none(),
        born: birth_calls::born(&snapshot.birth(slot), !options.written.is_json()),
        owner: snapshot.owner(slot.id).map_or_else(String::new, |label| snapshot.label_text(label).to_owned()),
        path,
        fields: fields.shown.into_iter().map(field).collect(),
        fields_left_out: fields.left_out,
        roots: roots.shown.into_iter().map(root).collect(),
        roots_left_out: roots.left_out,
        holders: holders.shown.into_iter().map(holder).collect(),
        holders_left_out: holders.left_out,
        holder_groups: holder_groups.into_iter().map(holder_group).collect(),
        function: function.and_then(|entry| function_text(snapshot, entry)),
        pointers: pointers.shown.into_iter().map(pointer).collect(),
        pointers_left_out: pointers.left_out,
    }
}

fn referred(windows: ObjectWindows) -> Referred {
    let ObjectWindows { headers, whole, referred, capacity, before, behind } = windows;
    Referred {
        referred_bytes: referred,
        capacity_bytes: capacity,
        before_bytes: before,
        behind_bytes: behind,
        windows: headers,
        whole_pointers: whole,
    }
}

fn hex(address: u64) -> String {
    format!("{address:#x}")
}

pub(crate) fn target(target: inspect::Target) -> ObjectTarget {
    ObjectTarget { addr: hex(target.address), object: target.object.map(hex), text: target.text }
}

fn root(root: inspect::RootHolder) -> Root {
    Root { path: root.path, into: root.into, conservative: root.is_conservative, count: root.count }
}

fn holder(holder: inspect::Holder) -> ShownHolder {
    let inspect::Holder { address, ty, path, offset, into, standing } = holder;
    let (reachable, not_known) = (standing == Standing::Reachable, standing == Standing::NotKnown);
    ShownHolder { addr: hex(address), ty, path, offset, into, reachable, not_known_to_be_reachable: not_known }
}

fn holder_group(group: inspect::HolderGroup) -> ShownHolderGroup {
    let inspect::HolderGroup { ty, path, standing, count, first } = group;
    let (reachable, not_known) = (standing == Standing::Reachable, standing == Standing::NotKnown);
    ShownHolderGroup { count, ty, path, example: hex(first), reachable, not_known_to_be_reachable: not_known }
}

/// `main.open.func1 main.go:101`.
fn function_text(snapshot: &HeapSnapshot<'_, '_>, entry: u64) -> Option<String> {
    let name = snapshot.model.function_name(entry)?;
    // What the compiler made itself is in no file.
    let is_written = |(file, _): &(String, u32)| !file.starts_with('<');
    let place = snapshot.model.position(entry).filter(is_written).map(|(file, line)| {
        let file = file.rsplit('/').next().unwrap_or_default().to_owned();
        format!(" {file}:{line}")
    });
    Some(format!("{name}{}", place.unwrap_or_default()))
}

fn pointer(pointer: inspect::Pointer) -> ShownPointer {
    ShownPointer { path: pointer.path, offset: pointer.offset, target: target(pointer.target) }
}

pub(crate) fn field(field: inspect::Field) -> ShownField {
    let mut shown = ShownField { path: field.path, offset: field.offset, ty: field.ty, ..ShownField::default() };
    shown.kind = match &field.value {
        Value::Absent => "absent",
        Value::Nil => "nil",
        Value::Number(_) => "number",
        Value::Text(..) => "string",
        Value::Pointer(_) => "pointer",
        Value::Slice(..) => "slice",
        Value::Map(..) => "map",
        Value::Chan(..) => "chan",
        Value::Interface(..) => "interface",
        Value::Func(..) => "func",
        Value::Row(..) => "array",
        Value::More(_) => "more",
    };
    match field.value {
        Value::Absent | Value::Nil => {}
        Value::Number(value) => shown.value = value,
        Value::Text(len, bytes, to) => {
            shown.len = Some(len);
            shown.value = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            shown.target = to.map(target);
        }
        Value::Pointer(to) => shown.target = Some(target(to)),
        Value::Slice(len, cap, to) => (shown.len, shown.cap, shown.target) = (Some(len), Some(cap), Some(target(to))),
        Value::Map(len, to) => (shown.len, shown.target) = (len, Some(target(to))),
        Value::Chan(len, cap, to) => (shown.len, shown.cap, shown.target) = (len, cap, Some(target(to))),
        Value::Interface(dynamic, to) | Value::Func(dynamic, to) => {
            (shown.dynamic, shown.target) = (dynamic, Some(target(to)));
        }
        Value::Row(len, value) => (shown.len, shown.value) = (Some(len), value),
        Value::More(len) => shown.len = Some(len),
    }
    shown
}
