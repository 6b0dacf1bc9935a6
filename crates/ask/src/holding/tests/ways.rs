//! Which way is told first, how a long one is told, and what can be cut.

use super::*;

/// Asks a heap that was made up of its edges, and of these turned round.
fn of(heap: HeapBuilder, check: impl Fn(&Holding<'_>, &CsrGraph)) {
    let heap = heap.build().unwrap();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    let holding = Holding::new(graph, &fields, &Unobserved).unwrap();
    check(&holding, &holding.turned(&Unobserved).unwrap());
}

/// A chain of objects from one that a root leads to.
fn chain(heap: &mut HeapBuilder, ty: &str, length: usize, end: ObjectId) -> ObjectId {
    (0..length).fold(end, |below, _| {
        let above = heap.object(ty, 64);
        heap.refer(above, below);
        above
    })
}

fn first_class(length: usize, ty: &str) -> RootClass {
    let mut heap = HeapBuilder::default();
    let item = heap.object("main.Item", 128);
    let top = chain(&mut heap, ty, length, item);
    heap.variable("main.top *main.Node", top);
    heap.goroutine(7, "main.serve", &[("item *main.Item", item)]);
    let heap = heap.build().unwrap();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    let holding = Holding::new(graph, &fields, &Unobserved).unwrap();
    let turned = holding.turned(&Unobserved).unwrap();
    let nothing = Exclusions::new(None);
    let first = holding.paths_to(&turned, item.0, &nothing).next().unwrap();
    first.class
}

#[test]
fn a_variable_may_lie_two_references_further_than_a_frame() {
    let told = [0, 1, 2, 3, 4].map(|length| first_class(length, "main.Node"));
    use RootClass::{Goroutines, Variables};
    assert_eq!(told[..2], [Variables; 2]);
    assert_eq!(told[3..], [Goroutines; 2]);
}

#[test]
fn a_way_through_the_runtime_comes_last() {
    assert_eq!(first_class(1, "runtime.g"), RootClass::Goroutines);
    assert_eq!(first_class(1, "net/http.Server"), RootClass::Variables, "a library's object is one step");
}

#[test]
fn variables_without_a_name_come_after_those_that_have_one() {
    let mut heap = HeapBuilder::default();
    let item = heap.object("main.Item", 128);
    heap.goroutine(7, "main.serve", &[("[fp-48]", item), ("[fp+0] *main.Item", item), ("item *main.Item", item)]);
    of(heap, |holding, turned| {
        let nothing = Exclusions::new(None);
        let walks: Vec<Walk> = holding.paths_to(turned, 0, &nothing).collect();
        let last: Vec<&str> = walks.iter().map(|walk| *steps(walk).last().unwrap()).collect();
        assert_eq!(last, ["item *main.Item", "[fp+0] *main.Item", "[fp-48]"]);
    });
}

#[test]
fn a_list_is_one_step_of_many_times() {
    let mut heap = HeapBuilder::default();
    let item = heap.object("main.Item", 128);
    let top = chain(&mut heap, "main.Node", 50, item);
    heap.variable("main.top *main.Node", top);
    of(heap, |holding, turned| {
        let nothing = Exclusions::new(None);
        let walk = holding.paths_to(turned, 0, &nothing).next().unwrap();
        let told: Vec<(&str, u64)> = walk.steps.iter().map(|step| (&*step.reference, step.times)).collect();
        assert_eq!(told, [("main.top *main.Node", 1), (".f0 *main.Node", 49 + 1)]);
        assert_eq!(walk.steps[1].ty, "main.Item", "the last of them");
    });
}

#[test]
fn the_middle_of_a_long_way_is_counted_and_not_told() {
    let mut heap = HeapBuilder::default();
    let item = heap.object("main.Item", 128);
    let mut below = item;
    // Types in turn, so that no two steps are one.
    for at in 0..500 {
        below = chain(&mut heap, if at % 2 == 0 { "main.Even" } else { "main.Odd" }, 1, below);
    }
    heap.variable("main.top *main.Odd", below);
    of(heap, |holding, turned| {
        let nothing = Exclusions::new(None);
        let walk = holding.paths_to(turned, 0, &nothing).next().unwrap();
        let left_out: u64 = walk.steps.iter().map(|step| step.left_out).sum();
        assert_eq!((walk.steps.len(), left_out), (80, 501 - 80));
        assert_eq!(walk.steps[0].reference, "main.top *main.Odd");
        assert_eq!(walk.steps[79].ty, "main.Item");
        assert_eq!(walk.steps[40].left_out, left_out);
    });
}

#[test]
fn paths_of_goroutines_that_began_alike_read_alike() {
    let mut heap = HeapBuilder::default();
    let item = heap.object("main.Item", 128);
    for id in [7, 8] {
        heap.goroutine(id, "main.serve", &[("item *main.Item", item)]);
    }
    heap.goroutine(9, "main.other", &[("item *main.Item", item)]);
    of(heap, |holding, turned| {
        let nothing = Exclusions::new(None);
        let walks: Vec<Walk> = holding.paths_to(turned, 0, &nothing).collect();
        assert_eq!(walks.len(), 3, "one for each root");
        let of = |function: &str| walks.iter().filter(|walk| steps(walk)[0].contains(function)).collect::<Vec<_>>();
        let [one, two] = of("main.serve")[..] else { panic!("{walks:?}") };
        let [other] = of("main.other")[..] else { panic!("{walks:?}") };
        assert!(holding.read_alike(one, two) && !holding.read_alike(one, other));
    });
}

#[test]
fn of_two_references_that_free_nearly_the_same_the_one_with_a_name_is_cut() {
    let most = |variable: &str| {
        let mut heap = HeapBuilder::default();
        let item = heap.object("main.Item", 8192);
        let cache = heap.object("main.Cache", 64);
        heap.refer(cache, item);
        heap.goroutine(7, "main.serve", &[(variable, cache)]);
        let found = std::cell::RefCell::new(String::new());
        of(heap, |holding, turned| *found.borrow_mut() = holding.cuts_for(turned, 0).unwrap().most.reference);
        found.into_inner()
    };
    assert_eq!(most("cache *main.Cache"), "", "the variable");
    assert_eq!(most("[fp-48] *main.Cache"), ".f0 *main.Item", "the field frees nearly as much, and has a name");
}

#[test]
fn a_librarys_reference_is_offered_where_it_frees_far_more() {
    let cuts = |bytes: u64| {
        let mut heap = HeapBuilder::default();
        let item = heap.object("main.Item", 1024);
        let handler = heap.object("main.Handler", 64);
        let server = heap.object("net/http.Server", 64);
        let other = heap.object("bytes.Buffer", bytes);
        [(server, handler), (handler, item), (server, other)].into_iter().for_each(|(from, to)| heap.refer(from, to));
        heap.variable("net/http.DefaultServer *http.Server", server);
        let found = std::cell::RefCell::new(None);
        of(heap, |holding, turned| *found.borrow_mut() = holding.cuts_for(turned, 0));
        found.into_inner().unwrap()
    };
    let far = cuts(8192);
    assert_eq!((far.most.frees, far.own.as_ref().map(|own| own.frees)), (1024 + 64 + 64 + 8192, Some(1024)));
    assert_eq!((&*far.nearest.holder, &*far.nearest.reference), ("main.Handler", ".f0 *main.Item"));
    let near = cuts(64);
    assert_eq!((near.most.frees, near.own), (1024, None), "the program's own, if it frees half as much");
}

#[test]
fn what_the_runtime_refers_to_is_not_the_programs_to_drop() {
    let cuts = |ty: &str| {
        let mut heap = HeapBuilder::default();
        let held = heap.object(ty, 1024);
        let record = heap.object("runtime.special", 64);
        heap.refer(record, held);
        heap.variable("runtime.specials *runtime.special", record);
        let found = std::cell::RefCell::new(None);
        of(heap, |holding, turned| *found.borrow_mut() = holding.cuts_for(turned, 0));
        found.into_inner().map(|cuts| cuts.most.holder)
    };
    assert_eq!(cuts("net/http.Server"), None);
    assert_eq!(cuts("main.Item").as_deref(), Some("runtime.special"), "but for what the program gave it");
}

#[test]
fn three_references_are_cut_together_and_four_are_too_many() {
    let together = |holders: usize| {
        let mut heap = HeapBuilder::default();
        let item = heap.object("main.Item", 4096);
        for at in 0..holders {
            let cache = heap.object("main.Cache", 64);
            heap.refer(cache, item);
            heap.variable(&format!("main.cache{at} *main.Cache"), cache);
        }
        let found = std::cell::RefCell::new(None);
        of(heap, |holding, turned| {
            *found.borrow_mut() = holding.cut_together(turned, 0, None, 0, &Unobserved).unwrap();
        });
        found.into_inner().map(|cut| (cut.cuts.len(), cut.frees))
    };
    assert_eq!(together(1), None, "one is enough");
    assert_eq!(together(2).map(|cut| cut.0), Some(2));
    assert_eq!(together(3).map(|cut| cut.0), Some(3));
    assert!(together(3).is_some_and(|(_, frees)| frees >= 4096));
    assert_eq!(together(4), None);
}
