//! What the carried programs' code tells, read as if they were stripped, against their source and symbols.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{RELEASES, model, process};
use goheap_runtime::{AllocatedAs, CodeReferences, RuntimeModel};

/// Variables of `fixtures/programs/structures`, their types, and the one function that uses each, by `go tool objdump`.
/// A variable set to what another function returns does not show its type.
const VARIABLES: [(&str, &str, &str); 5] = [
    ("main.bufferedPointers", "chan *main.Session", "main.channels.func1"),
    ("main.globalCache", "main.Cache", "main.maps.func1"),
    ("main.largeMap", "map[uint64]*main.Session", "main.maps.func3"),
    ("main.smallMap", "", "main.maps.func2"),
    ("main.record", "", "main.basic.func2"),
];

/// The descriptors of `model` by name, and what its code refers to.
fn read(model: &RuntimeModel<'_>) -> (Vec<u64>, CodeReferences) {
    let linked = model.descriptors().linked();
    let code = CodeReferences::read(model, &linked);
    (linked, code)
}

#[test]
fn variables_are_used_where_the_source_uses_them_with_the_types_it_allocates() {
    for release in RELEASES {
        let process = process(release);
        let symbols = model(&process, false).symbols;
        let model = model(&process, true);
        let (_, code) = read(&model);
        for (variable, ty, function) in VARIABLES {
            let start = symbols.address(variable).unwrap().0;
            let size = symbols.variable_at(start).unwrap().size;
            let functions = code.functions_using(start, start + size);
            let names: Vec<_> = functions.iter().map(|&entry| model.function_name(entry).unwrap()).collect();
            assert_eq!(names, [function], "{release}: {variable}");
            let types: Vec<_> =
                code.types_of(functions[0]).iter().map(|&at| model.descriptors().full_name(at)).collect();
            assert!(ty.is_empty() || types.iter().any(|name| name == ty), "{release}: {variable}: {types:?}");
            assert!(types.len() < 10, "{release}: {variable}: {types:?}");
        }
    }
}

#[test]
fn descriptors_are_used_as_the_source_allocates_them() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, true);
        let (linked, code) = read(&model);
        let of = |name: &str| {
            let at = linked.iter().find(|&&at| model.descriptors().full_name(at) == name);
            code.allocated_as(*at.unwrap_or_else(|| panic!("{release}: {name}")))
        };
        let nothing = AllocatedAs::default();
        assert!(of("chan *main.Session").chan, "{release}");
        assert!(of("map[string]*main.Session").map, "{release}");
        let session = of("main.Session");
        assert!(session.value && session.elements && !session.map && !session.chan, "{release}: {session:?}");
        assert_eq!(of("main.Cache"), AllocatedAs { value: true, ..nothing }, "{release}");
    }
}

#[test]
fn nothing_is_known_of_other_addresses() {
    let process = process("1.27");
    let model = model(&process, true);
    let (linked, code) = read(&model);
    assert_eq!(code.types_of(0), []);
    assert_eq!(code.types_of(model.modules[0].text.start + 1), []);
    assert_eq!(code.functions_using(0, model.modules[0].data.start.min(model.modules[0].bss.start)), []);
    assert_eq!(code.functions_using(u64::MAX, 0), []);
    assert_eq!(code.allocated_as(linked[0] + 1), AllocatedAs::default());
    // Without descriptors there are still variables.
    let bare = CodeReferences::read(&model, &[]);
    assert!(bare.uses().is_empty());
    assert_eq!(bare.functions_using(0, u64::MAX), code.functions_using(0, u64::MAX));
}
