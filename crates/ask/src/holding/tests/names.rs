//! What people mean by the names that they give.

use super::*;

/// Asks a heap of these types, an object each, which variables of their numbers hold.
fn of_types(types: &[(&str, u64)], check: impl Fn(&Holding<'_>)) {
    let mut heap = HeapBuilder::default();
    for (at, &(ty, bytes)) in types.iter().enumerate() {
        let object = heap.object(ty, bytes);
        heap.variable(&format!("main.v{at} unsafe.Pointer"), object);
    }
    of(heap, check);
}

fn of(heap: HeapBuilder, check: impl Fn(&Holding<'_>)) {
    let heap = heap.build().unwrap();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    check(&Holding::new(graph, &fields, &Unobserved).unwrap());
}

fn taken_for(holding: &Holding<'_>, text: &str) -> Vec<String> {
    match select(holding.graph(), holding.fields(), text, None) {
        Selected::Objects(_, _, taken_for) => taken_for,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_very_name_wins_over_those_that_end_so() {
    let types = [("session.Session", 64), ("example.com/app/session.Session", 64), ("example.com/other.Session", 64)];
    of_types(&types, |holding| {
        assert_eq!(selected(holding, "session.Session"), [0]);
        assert_eq!(taken_for(holding, "session.Session"), Vec::<String>::new());
        assert_eq!(selected(holding, "app/session.Session"), [1]);
        assert_eq!(taken_for(holding, "app/session.Session"), ["example.com/app/session.Session"]);
    });
}

#[test]
fn a_generic_name_means_all_its_instances() {
    let types = [("metrics.Gauge[float64]", 64), ("metrics.Gauge[int]", 64), ("metrics.Counter", 64)];
    of_types(&types, |holding| {
        assert_eq!(selected(holding, "metrics.Gauge"), [0, 1]);
        assert_eq!(selected(holding, "metrics.Gauge[int]"), [1]);
        assert_eq!(taken_for(holding, "metrics.Gauge").len(), 2);
    });
}

#[test]
fn arrays_are_asked_for_by_any_length_or_by_one() {
    let mut heap = HeapBuilder::default();
    let one = heap.object("main.Item", 32);
    let arrays = [64, 128]
        .map(|bytes| heap.part("main.Item", bytes, goheap_model::Part::Elements, goheap_model::Evidence::Exact));
    [one].into_iter().chain(arrays).for_each(|object| heap.variable("main.v unsafe.Pointer", object));
    of(heap, |holding| {
        assert_eq!(selected(holding, "[]main.Item"), [1, 2]);
        assert_eq!(selected(holding, "[4]main.Item"), [2]);
        assert_eq!(selected(holding, "[...]main.Item"), [1, 2]);
        assert_eq!(selected(holding, "main.Item"), [0, 1, 2], "the type means the arrays of it, too");
    });
}

#[test]
fn objects_without_a_type_have_a_name_too() {
    of_types(&[("", 64), ("main.T", 64), ("", 32)], |holding| {
        assert_eq!(selected(holding, "(unknown)"), [0, 2]);
    });
    of_types(&[("main.T", 64)], |holding| {
        let found = select(holding.graph(), holding.fields(), "(unknown)", None);
        assert!(matches!(found, Selected::NoSuchName(_)), "{found:?}");
    });
}

#[test]
fn an_expression_is_tried_where_no_name_fits() {
    of_types(&[("main.Cache", 64), ("main.CacheEntry", 64), ("main.Other", 64)], |holding| {
        let by = |text: &str, start: &str| {
            let is_wanted = |name: &str| name.starts_with(start);
            match select(holding.graph(), holding.fields(), text, Some(&is_wanted)) {
                Selected::Objects(_, objects, _) => objects,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(by("Cache(Entry)?$", "main.Cache"), [0, 1]);
        assert_eq!(by("main.Cache", "main.Other"), [0], "a name that fits is taken first");
    });
}

#[test]
fn who_asks_for_nothing_known_is_told_what_there_is() {
    of_types(&[("main.Cache", 64)], |holding| {
        let Selected::NoSuchName(names) = select(holding.graph(), holding.fields(), "main.Cash", None) else {
            panic!("there is none")
        };
        assert_eq!(names, ["main.Cache", "main.v0"], "types and variables, in order");
    });
}

#[test]
fn a_function_means_what_its_variables_lead_to() {
    let mut heap = HeapBuilder::default();
    let [one, two, other] = ["main.A", "main.B", "main.C"].map(|ty| heap.object(ty, 64));
    heap.goroutine(7, "main.serve", &[("a *main.A", one), ("b *main.B", two)]);
    heap.goroutine(8, "main.serve", &[("a *main.A", other)]);
    of(heap, |holding| {
        assert_eq!(selected(holding, "main.serve"), [0, 1, 2], "of all goroutines that began there");
        assert_eq!(selected(holding, "main.serve.a"), [0, 2]);
        assert_eq!(selected(holding, "goroutine 8"), [2]);
    });
}

#[test]
fn variables_are_known_without_the_beginning_of_their_path() {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("shop/store.Cache", 64);
    let item = heap.object("shop/store.Item", 32);
    heap.refer(cache, item);
    heap.variable("example.com/shop/store.Default *store.Cache", cache);
    of(heap, |holding| {
        for text in ["example.com/shop/store.Default", "shop/store.Default", "store.Default"] {
            assert_eq!(selected(holding, text), [0], "{text}");
        }
        assert_eq!(selected(holding, "store.Default.f0"), [1]);
        let found = select(holding.graph(), holding.fields(), "tore.Default", None);
        assert!(matches!(found, Selected::NoSuchName(_)), "a package ends at a slash: {found:?}");
    });
}

#[test]
fn a_type_without_objects_is_no_unknown_name() {
    of_types(&[("main.Cache", 64)], |holding| {
        for text in ["[7]main.Cache", "[]main.Cache"] {
            let found = select(holding.graph(), holding.fields(), text, None);
            assert_eq!(found, Selected::NoObjectOf(text.to_owned()));
        }
        let found = select(holding.graph(), holding.fields(), "[7]main.Cash", None);
        assert!(matches!(found, Selected::NoSuchName(_)), "{found:?}");
    });
}
