//! Type descriptors and itabs of the carried processes against their DWARF.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{RELEASES, model, process};
use goheap_image::Address;
use goheap_runtime::RuntimeModel;
use goheap_runtime::dwarf::Dwarf;
use goheap_runtime::words::read_words;
use std::collections::{BTreeMap, BTreeSet};

/// The descriptors that DWARF names, with their names.
fn named_by_dwarf<'m>(model: &RuntimeModel<'_>, dwarf: &'m Dwarf<'_>) -> BTreeMap<u64, &'m str> {
    let start = model.modules[0].types.start;
    let types = dwarf
        .types()
        .iter()
        .filter_map(|ty| Some((start + ty.runtime_offset.filter(|&offset| offset != 0)?, &*ty.name)));
    types.collect()
}

#[test]
fn every_descriptor_that_dwarf_names_is_found() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, false);
        let linked = model.descriptors().linked();
        let named = named_by_dwarf(&model, model.dwarf.as_ref().unwrap());
        let missed: Vec<_> = named.iter().filter(|(address, _)| linked.binary_search(address).is_err()).collect();
        assert!(named.len() > 500, "{release}: {}", named.len());
        assert_eq!(missed, [], "{release}");
        let module = &model.modules[0];
        let links = module.typelinks.iter().map(|&offset| module.types.start + u64::from(offset));
        assert_eq!(links.filter(|address| linked.binary_search(address).is_err()).count(), 0, "{release}");
    }
}

/// Two descriptors of one name are two types declared in functions, or something that is no descriptor.
#[test]
fn nothing_else_is_taken_for_a_descriptor() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, true);
        let mut seen = BTreeMap::new();
        for address in model.descriptors().linked() {
            let name = model.descriptors().full_name(address);
            assert!(!name.starts_with("type@"), "{release}: {name}");
            *seen.entry(name).or_insert(0) += 1;
        }
        let doubled: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
        assert_eq!(doubled, [], "{release}");
    }
}

#[test]
fn a_descriptor_has_the_name_that_dwarf_gives() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, false);
        let named = named_by_dwarf(&model, model.dwarf.as_ref().unwrap());
        for (address, name) in named {
            // What no descriptor tells: see `full_name.rs`.
            let name = name.strip_prefix("noalg.").unwrap_or(name);
            let name = name.split_once('·').map_or(name, |(name, _)| name);
            assert_eq!(model.descriptors().full_name(address), name, "{release}");
        }
    }
}

#[test]
fn itabs_are_told_from_everything_beside_them() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, false);
        let (memory, reader) = (model.memory(), model.descriptors());
        let table = Address(memory.read_u64(model.symbols.address("runtime.itabTable").unwrap()).unwrap());
        let size = usize::try_from(memory.read_u64(table).unwrap()).unwrap();
        let entries = read_words(memory, table.add(16), size).unwrap();
        let itabs: BTreeSet<u64> = entries.into_iter().filter(|&itab| itab != 0).collect();
        // "Does not implement" is remembered too, with a nil method.
        let (itabs, refused): (BTreeSet<u64>, BTreeSet<u64>) =
            itabs.into_iter().partition(|&itab| memory.read_u64(Address(itab).add(24)) != Some(0));
        assert!(refused.iter().all(|&itab| reader.itab_type(itab).is_none()), "{release}");
        assert!(itabs.len() > 10, "{release}");
        for &itab in &itabs {
            let expected = memory.read_u64(Address(itab).add(8));
            assert_eq!(reader.itab_type(itab), expected, "{release}: {itab:#x}");
        }
        let types = model.modules[0].types.clone();
        let found = types.step_by(8).filter(|&address| reader.itab_type(address).is_some());
        assert_eq!(found.filter(|address| !itabs.contains(address)).count(), 0, "{release}");
    }
}
