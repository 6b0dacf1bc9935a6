//! One object, looked at closely: what the heap as data tells of it, and what the core tells where it is there.

use crate::objects::object;
use goheap_model::contents::{
    Contents, Field, Holder, HolderGroup, InspectOptions, Inspection, ObjectWindows, Pointer, RootHolder, StaticValue,
    Vote, hexadecimal,
};
use goheap_model::{Heap, MapRoom, Slot};
use serde::Serialize;

/// Everything told of one object, or of a package variable. As data addresses are texts like `"0xc000012340"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ObjectDetail {
    /// The first byte of its slot.
    #[serde(rename = "addr", serialize_with = "hexadecimal")]
    pub address: u64,
    /// Bytes from there to the address that was asked for.
    pub asked_offset: u64,
    /// Bytes of the slot.
    pub size: u64,
    /// Bytes of the runtime's header before the object itself: 8 or 0.
    pub header_bytes: u64,
    /// What of it is referred to, where a root leads to it and the core is there.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub referred: Option<ObjectWindows>,
    /// Entries and room, where it is the header of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapRoom>,
    /// Its type; empty where it is not known.
    #[serde(rename = "type")]
    pub ty: String,
    /// How the type is known.
    pub evidence: &'static str,
    /// Of a type that was voted: how many of the objects that words of the same place lead to can be of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voted: Option<Vote>,
    /// Of a closure, the function that it calls, and where that begins: `main.open.func1 main.go:101`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The calls that allocated it, where it was sampled, the one that allocates first: `main.fill /src/main.go:10`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub born: Vec<String>,
    /// Whether a root leads to it.
    pub reachable: bool,
    /// True if none does that is in the core, and perhaps a pointer that is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_known_to_be_reachable: bool,
    /// The root under which the tree puts it; empty where there is none.
    pub owner: String,
    /// The frames of the tree from that root to the one that counts the object.
    pub path: Vec<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// How many more there are.
    pub fields_left_out: u64,
    /// Roots that point to it.
    pub roots: Vec<RootHolder>,
    /// How many more there are.
    pub roots_left_out: u64,
    /// Objects that point to it.
    pub holders: Vec<Holder>,
    /// How many more there are.
    pub holders_left_out: u64,
    /// All of them by type and field, those that roots lead to first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holder_groups: Vec<HolderGroup>,
    /// Its pointers.
    pub pointers: Vec<Pointer>,
    /// How many more there are.
    pub pointers_left_out: u64,
}

/// Tells of the object in an allocated slot; of its contents, and who leads to it, where `contents` is there.
pub fn object_detail(
    heap: &Heap,
    slot: Slot,
    contents: Option<&dyn Contents>,
    options: InspectOptions,
) -> ObjectDetail {
    let listed = object(heap, slot);
    let found = contents.map(|contents| contents.inspect(slot, options));
    let reachable = listed.reachable == Some(true);
    let referred = found.as_ref().map(|found| found.windows).filter(|_| reachable);
    let Inspection { path, vote, fields, pointers, roots, holders, holder_groups, function, map, .. } =
        found.unwrap_or_default();
    ObjectDetail {
        address: listed.address,
        size: listed.size,
        header_bytes: heap.objects.payload(slot).0 - listed.address,
        referred,
        map,
        ty: listed.ty,
        evidence: listed.evidence,
        voted: vote,
        function,
        reachable,
        not_known_to_be_reachable: listed.reachable.is_none(),
        owner: path.first().cloned().unwrap_or_default(),
        path,
        fields: fields.shown,
        fields_left_out: fields.left_out,
        roots: roots.shown,
        roots_left_out: roots.left_out,
        holders: holders.shown,
        holders_left_out: holders.left_out,
        holder_groups,
        pointers: pointers.shown,
        pointers_left_out: pointers.left_out,
        ..ObjectDetail::default()
    }
}

/// Tells of the package variable that holds an address, which is no object; None where none is named there.
pub fn variable_detail(contents: &dyn Contents, address: u64, options: InspectOptions) -> Option<ObjectDetail> {
    let StaticValue { address: start, size, name, ty, place, fields } = contents.inspect_static(address, options)?;
    Some(ObjectDetail {
        address: start,
        asked_offset: address.saturating_sub(start),
        size,
        evidence: if ty.is_empty() { "none" } else { "exact" },
        ty,
        reachable: true,
        owner: name,
        path: vec![place],
        fields: fields.shown,
        fields_left_out: fields.left_out,
        ..ObjectDetail::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::HeapBuilder;
    use goheap_model::contents::{Listed, Target, Value};

    /// A core in which every object has one field, and every address is in one variable.
    struct Told;

    impl Contents for Told {
        fn inspect(&self, _: Slot, options: InspectOptions) -> Inspection {
            let target =
                Target { address: 0xc000_0001_0000, object: Some(0xc000_0001_0000), text: "main.T".to_owned() };
            let mut fields = Listed::default();
            for offset in [0, 8, 16] {
                let value = Value::Slice(3, 4, target.clone());
                fields.push(options.limit, || Field {
                    path: ".a".to_owned(),
                    offset,
                    ty: "[]main.T".to_owned(),
                    value,
                });
            }
            let windows = ObjectWindows { referred: 8, ..ObjectWindows::default() };
            Inspection { path: vec!["main.v *main.T".to_owned()], fields, windows, ..Inspection::default() }
        }

        fn inspect_static(&self, address: u64, _: InspectOptions) -> Option<StaticValue> {
            let (name, place) = ("main.state".to_owned(), "main.state.lock".to_owned());
            let fields = Listed::default();
            Some(StaticValue { address: address & !0xff, size: 256, name, ty: String::new(), place, fields })
        }

        fn place_text(&self, _: u64) -> String {
            String::new()
        }
    }

    const OPTIONS: InspectOptions = InspectOptions { values: false, limit: 2, text_bytes: 0 };

    #[test]
    fn what_the_heap_knows_is_told_without_the_core() {
        let mut heap = HeapBuilder::default();
        let held = heap.object("main.T", 48);
        let lost = heap.object("main.T", 48);
        heap.variable("main.v *main.T", held);
        let heap = heap.build().unwrap();
        let (held, lost) = (heap.objects.slot(held), heap.objects.slot(lost));
        let alone = object_detail(&heap, held, None, OPTIONS);
        assert_eq!((&*alone.ty, alone.size, alone.reachable, alone.referred), ("main.T", 48, true, None));
        assert!(alone.fields.is_empty() && alone.fields_left_out == 0 && alone.owner.is_empty());
        let told = object_detail(&heap, held, Some(&Told), OPTIONS);
        assert_eq!((told.fields.len(), told.fields_left_out), (2, 1));
        assert_eq!((&*told.owner, told.referred.unwrap().referred), ("main.v *main.T", 8));
        let lost = object_detail(&heap, lost, Some(&Told), OPTIONS);
        assert_eq!((lost.reachable, lost.referred), (false, None), "of garbage nothing is referred to");
    }

    #[test]
    fn a_variable_is_told_like_an_object() {
        let told = variable_detail(&Told, 0x1_2308, OPTIONS).unwrap();
        assert_eq!((told.address, told.asked_offset, told.size, told.evidence), (0x1_2300, 8, 256, "none"));
        assert_eq!((&*told.owner, told.path), ("main.state", vec!["main.state.lock".to_owned()]));
    }
}
