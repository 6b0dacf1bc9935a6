//! Captured variables by DWARF's attribute, on the carried processes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{RELEASES, model, process};
use goheap_runtime::RuntimeModel;

/// `name@offset type` of what the closure of a function holds, `&` before what is captured by reference.
fn captures(model: &RuntimeModel<'_>, function: &str) -> Option<Vec<String>> {
    let dwarf = model.dwarf.as_ref().unwrap();
    let entry = dwarf.functions().iter().find(|known| &*known.name == function).unwrap().low;
    let captures = dwarf.captures(entry)?.into_iter().map(|capture| {
        let ampersand = if capture.by_reference { "&" } else { "" };
        let ty = &dwarf.type_by_id(capture.ty).unwrap().name;
        format!("{ampersand}{}@{} {ty}", capture.name, capture.offset)
    });
    Some(captures.collect())
}

#[test]
fn closures_since_1_23_say_what_they_hold() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, false);
        let by_value = captures(&model, "main.inClosure.func1");
        let by_reference = captures(&model, "main.functions.func2.1");
        if model.version.minor < 23 {
            assert_eq!((by_value, by_reference), (None, None), "{release}");
        } else {
            assert_eq!(by_value.unwrap(), ["private@8 []*main.Session"], "{release}");
            assert_eq!(by_reference.unwrap(), ["&kept@8 *[]*main.Session"], "{release}");
            assert_eq!(captures(&model, "main.main").unwrap(), [""; 0], "{release}");
        }
    }
}

#[test]
fn method_values_hold_their_receiver_in_every_release() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, false);
        let receiver = |function: &str| captures(&model, function).unwrap();
        assert_eq!(receiver("main.(*Session).Area-fm"), ["receiver@8 *main.Session"], "{release}");
        assert_eq!(receiver("main.square.Area-fm"), ["receiver@8 main.square"], "{release}");
        assert_eq!(receiver("main.Shape.Area-fm"), ["receiver@8 main.Shape"], "{release}");
    }
}

#[test]
fn captures_do_not_overlap() {
    for release in RELEASES {
        let process = process(release);
        let model = model(&process, false);
        let dwarf = model.dwarf.as_ref().unwrap();
        for function in dwarf.functions() {
            let mut end = 8;
            for capture in dwarf.captures(function.low).unwrap_or_default() {
                assert!(capture.offset >= end, "{release}: {} {capture:?}", function.name);
                end = capture.offset + dwarf.type_by_id(capture.ty).unwrap().size;
            }
        }
    }
}
