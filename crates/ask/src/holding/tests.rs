#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::{Gathered, Suspect};
use goheap_graph::CsrGraph;
use goheap_model::contents::Listed;
use goheap_model::{FieldPlace, FieldType, Heap, HeapBuilder, ObjectId, RootClass, Slot, TypeId, Unobserved};

mod names;
mod ways;
mod whose;

/// Each reference of an object is a field of its own: `.f0`, `.f1` and so on, a pointer to what it leads to.
pub(super) struct Numbered<'h>(pub(super) Graph<'h>);

impl Fields for Numbered<'_> {
    fn place(&self, from: Slot, offset: u64, _: bool) -> FieldPlace {
        let target = self.0.edges().targets(from.id.0)[offset as usize / 8];
        let field = Some(FieldType::PointerTo(self.0.heap().object_types.of(ObjectId(target)).ty()));
        FieldPlace { path: format!(".f{}", offset / 8), field, is_inside: false }
    }

    fn offset_in_period(&self, _: Slot, offset: u64) -> u64 {
        offset
    }

    fn offset_between(&self, from: Slot, to: Slot) -> Option<u64> {
        let place = self.0.edges().targets(from.id.0).iter().position(|&target| target == to.id.0)?;
        Some(place as u64 * 8)
    }

    fn for_each_reference(&self, from: Slot, visit: &mut dyn FnMut(u64, ObjectId)) {
        let targets = self.0.edges().targets(from.id.0).iter();
        targets.zip(0..).for_each(|(&to, place)| visit(place * 8, ObjectId(to)));
    }

    fn dynamic_type(&self, _: Slot, _: u64, _: bool) -> Option<TypeId> {
        None
    }

    fn is_machinery(&self, _: TypeId) -> bool {
        false
    }
}

/// The registry of the program has two caches, both of which hold the large item; a goroutine holds the registry, too, and a timer of
/// the library a buffer.
fn registry() -> Heap {
    let mut heap = HeapBuilder::default();
    let registry = heap.object("main.Registry", 64);
    let [one, other] = [heap.object("main.Cache", 128), heap.object("main.Cache", 128)];
    let [shared, own] = [heap.object("main.Item", 4096), heap.object("main.Item", 512)];
    for (from, to) in [(registry, one), (registry, other), (one, shared), (other, shared), (one, own)] {
        heap.refer(from, to);
    }
    heap.variable("main.registry *main.Registry", registry);
    heap.goroutine(7, "main.serve", &[("r *main.Registry", registry)]);
    let timer = heap.object("time.Timer", 96);
    let buffer = heap.object("bytes.Buffer", 2048);
    heap.refer(timer, buffer);
    heap.variable("time.timers *time.Timer", timer);
    heap.object("main.Item", 32);
    heap.build().unwrap()
}

fn asked(check: impl Fn(&Holding<'_>, &CsrGraph)) {
    let heap = registry();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    let holding = Holding::new(graph, &fields, &Unobserved).unwrap();
    check(&holding, &holding.turned(&Unobserved).unwrap());
}

fn selected(holding: &Holding<'_>, text: &str) -> Vec<u32> {
    match select(holding.graph(), holding.fields(), text, None) {
        Selected::Objects(_, objects, _) => objects,
        other => panic!("{text}: {other:?}"),
    }
}

fn steps(walk: &Walk) -> Vec<&str> {
    walk.steps.iter().map(|step| &*step.reference).collect()
}

#[test]
fn objects_have_the_names_that_people_give_them() {
    asked(|holding, _| {
        let first = holding.graph().heap().objects.spans()[3].start;
        for (text, objects) in [
            ("main.Cache", vec![1, 2]),
            ("*main.Cache", vec![1, 2]),
            ("main.registry", vec![0]),
            ("main.registry.f1", vec![2]),
            ("main.Cache.f0", vec![3]),
            ("main.serve.r", vec![0]),
            ("goroutine 7", vec![0]),
            (&format!("{first:#x}"), vec![3]),
        ] {
            assert_eq!(selected(holding, text), objects, "{text}");
        }
        let named = |text| select(holding.graph(), holding.fields(), text, None);
        assert_eq!(named("0x10"), Selected::NoObject(0x10));
        assert_eq!(named("goroutine 8"), Selected::NoGoroutine(8));
        let Selected::NoSuchField(there) = named("main.registry.f7") else { panic!() };
        assert_eq!(there, ["main.registry.f0", "main.registry.f1"]);
    });
}

#[test]
fn the_programs_variable_comes_before_a_frame_and_what_is_excluded_is_gone_round() {
    asked(|holding, turned| {
        let by = |excluded: &str| -> Vec<Walk> {
            let matches = |text: &str| !excluded.is_empty() && text.contains(excluded);
            holding.paths_to(turned, 3, &Exclusions::new(Some(&matches))).collect()
        };
        let all = by("");
        assert_eq!(steps(&all[0]), ["main.registry *main.Registry", ".f0 *main.Cache", ".f0 *main.Item"]);
        assert_eq!(all[1].class, RootClass::Goroutines);
        let other = &by(".f0 *main.Cache")[0];
        assert_eq!(steps(other), ["main.registry *main.Registry", ".f1 *main.Cache", ".f0 *main.Item"]);
        assert!(by("main.Registry").is_empty());
    });
}

#[test]
fn one_reference_frees_what_it_alone_holds_and_two_what_they_share() {
    asked(|holding, turned| {
        let own = holding.cuts_for(turned, 4).unwrap();
        assert_eq!((&*own.nearest.holder, own.nearest.frees), ("main.Cache", 512));
        assert_eq!((&*own.most.reference, own.most.frees), (".f0 *main.Cache", 128 + 512));
        assert_eq!(holding.cuts_for(turned, 3), None, "two caches and two roots hold it");
        let together = holding.cut_together(turned, 3, None, 0, &Unobserved).unwrap().unwrap();
        let frees = |cut: &Cut| (cut.reference.clone(), cut.frees);
        let cuts: Vec<_> = together.cuts.iter().map(frees).collect();
        assert_eq!(cuts.len(), 2, "{cuts:?}");
        assert!(together.frees >= 4096, "{together:?}");
    });
}

#[test]
fn owners_are_of_the_programs_own_code_and_foreign_roots_where_there_is_none() {
    asked(|holding, _| {
        let owned = |text: &str| {
            let owners = holding.owners(&selected(holding, text), &|_| false, &Unobserved).unwrap();
            let told = |list: &[Owner]| -> Vec<(OwnerKind, String, u64)> {
                list.iter().map(|owner| (owner.kind, owner.name.clone(), owner.keeps.bytes)).collect()
            };
            (told(&owners.owned), told(&owners.shared), owners.unreached.bytes)
        };
        let object = |name: &str, bytes| (OwnerKind::Object, name.to_owned(), bytes);
        let items = owned("main.Item");
        assert_eq!(items, (vec![object("main.Registry", 4096), object("main.Cache", 512)], Vec::new(), 32));
        let foreign = (OwnerKind::Foreign, "time.timers *time.Timer".to_owned(), 2048);
        assert_eq!(owned("bytes.Buffer").0, [foreign]);
    });
}

#[test]
fn paths_to_many_are_merged_where_they_read_alike() {
    asked(|holding, _| {
        let set = selected(holding, "main.Item");
        let (merged, unreached) = holding.merged_paths(&set, &Exclusions::new(None), &Unobserved).unwrap();
        let told: Vec<(u32, &str, u64)> =
            merged.iter().map(|step| (step.depth, &*step.reference, step.through.bytes)).collect();
        assert_eq!(
            told,
            [
                (0, "main.registry *main.Registry", 4608),
                (1, ".f0 *main.Cache", 4608),
                (2, ".f0 *main.Item", 4096),
                (2, ".f1 *main.Item", 512),
            ]
        );
        assert_eq!(unreached.bytes, 32);
    });
}

#[test]
fn of_many_objects_the_usual_ways_are_told_each_with_a_typical_one() {
    asked(|holding, _| {
        let set = selected(holding, "main.Item");
        let nothing = Exclusions::new(None);
        let (ways, count) = holding.usual_ways(&set, 1, &nothing, &Unobserved).unwrap();
        assert_eq!((ways.len(), count), (1, 2), "as many as are wanted, of two");
        let (all, _) = holding.usual_ways(&set, 9, &nothing, &Unobserved).unwrap();
        let told: Vec<_> = all.iter().map(|way| (way.held.bytes, way.node, steps(&way.walk).len())).collect();
        assert_eq!(told, [(4096, 3, 3), (512, 4, 3)], "more bytes first; the one that nobody holds is on no way");
    });
}

#[test]
fn the_cut_for_a_set_frees_most_of_it_with_least_beside() {
    asked(|holding, turned| {
        let cut = |text: &str| holding.cut_for_set(turned, &selected(holding, text), &Unobserved).unwrap();
        let buffers = cut("bytes.Buffer").unwrap();
        assert_eq!((&*buffers.holder, buffers.frees_of_set), ("time.Timer", 2048));
        let items = cut("main.Item").unwrap();
        assert_eq!((&*items.holder, items.frees_of_set), ("main.Cache", 512), "the shared one hangs on both caches");
    });
}

#[test]
fn owners_may_be_skipped_and_exclusions_leave_the_rest_unreached() {
    asked(|holding, _| {
        let set = selected(holding, "main.Item");
        let skipped = holding.owners(&set, &|text| text == "main.Cache", &Unobserved).unwrap();
        let names: Vec<_> = skipped.owned.iter().map(|owner| (&*owner.name, owner.keeps.bytes)).collect();
        assert_eq!(names, [("main.Registry", 4096 + 512)]);
        assert_eq!(skipped.total.bytes, 4096 + 512 + 32);
        let matches = |text: &str| text.contains("main.Registry");
        let excluded = Exclusions::new(Some(&matches));
        let (steps, unreached) = holding.merged_paths(&set, &excluded, &Unobserved).unwrap();
        assert_eq!((steps.len(), unreached.bytes), (0, 4096 + 512 + 32), "all ways go through it");
    });
}

#[test]
fn a_type_of_two_words_is_no_variable_with_its_type() {
    let mut heap = HeapBuilder::default();
    let [first, second] = ["chan bool", "chan []shop/main.Event"].map(|name| heap.object(name, 96));
    heap.variable("chan bool at bss+0x10", first);
    heap.variable("main.queue chan []main.Event", second);
    let heap = heap.build().unwrap();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    let holding = Holding::new(graph, &fields, &Unobserved).unwrap();
    assert_eq!(selected(&holding, "chan []main.Event"), [1]);
    assert_eq!(selected(&holding, "chan bool at bss+0x10"), [0]);
}

#[test]
fn an_object_has_what_it_points_to_and_who_points_to_it() {
    asked(|holding, _| {
        let told = |list: &Listed<Neighbour>| -> Vec<(String, String)> {
            list.shown.iter().map(|one| (one.ty.clone(), one.reference.clone())).collect()
        };
        let row = |ty: &str, reference: &str| (ty.to_owned(), reference.to_owned());
        let cache = holding.references_of(ObjectId(1), 9);
        assert_eq!(told(&cache.pointers), [row("main.Item", ".f0 *main.Item"), row("main.Item", ".f1 *main.Item")]);
        assert_eq!(told(&cache.holders), [row("main.Registry", ".f0 *main.Cache")]);
        let shared = holding.references_of(ObjectId(3), 1);
        assert_eq!((shared.holders.shown.len(), shared.holders.left_out), (1, 1), "as many as are wanted");
        let registry = holding.references_of(ObjectId(0), 9);
        assert_eq!(
            registry.roots.shown,
            ["main.registry *main.Registry", "goroutine 7: main.serve → main.serve → r *main.Registry"]
        );
        assert_eq!(holding.references_of(ObjectId(7), 9), ObjectReferences::default(), "garbage that nothing holds");
    });
}

/// A label that a list, a map and three series hold, and a back reference from below it; a buffer that two goroutines hold by the node of a list.
fn label() -> Heap {
    let mut heap = HeapBuilder::default();
    let label = heap.object("main.Label", 64);
    let [order, table] = [heap.object("[]*main.Label", 128), heap.object("main.Table", 96)];
    let series: Vec<_> = (0..3).map(|_| heap.object("main.Series", 32)).collect();
    let list = heap.object("[]*main.Series", 24);
    let note = heap.object("main.Note", 16);
    for (from, to) in [(order, label), (table, label), (label, note), (note, label)] {
        heap.refer(from, to);
    }
    for &one in &series {
        heap.refer(list, one);
        heap.refer(one, label);
    }
    heap.variable("main.order []*main.Label", order);
    heap.variable("main.table *main.Table", table);
    heap.variable("main.series []*main.Series", list);
    let element = heap.object("container/list.Element", 48);
    let buffer = heap.object("[]uint8", 512);
    heap.refer(element, buffer);
    heap.goroutine(7, "main.read", &[("e *list.Element", element)]);
    heap.goroutine(8, "main.write", &[("e *list.Element", element)]);
    heap.build().unwrap()
}

#[test]
fn what_several_hold_names_all_of_them_and_what_cuts_it_frees() {
    let heap = label();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    let holding = Holding::new(graph, &fields, &Unobserved).unwrap();
    let turned = holding.turned(&Unobserved).unwrap();
    let of = |node: u32| holding.sharing(&turned, &[node], &Unobserved).unwrap();
    let told = |sharing: &Sharing| -> Vec<String> {
        let text = |one: &Sharer| format!("{} {} {} {}", one.each, one.kind.name(), one.name, one.way);
        sharing.holders.iter().map(text).collect()
    };
    let [sharing] = &of(0)[..] else { panic!() };
    assert_eq!(
        told(sharing),
        [
            "3 object main.Series .f0 *main.Label",
            "1 object main.Table .f0 *main.Label",
            "1 variable main.order []*main.Label .f0 *main.Label",
        ]
    );
    assert!(sharing.is_all);
    let cut = sharing.cut.as_ref().unwrap();
    let mut cuts: Vec<&str> = cut.cuts.iter().map(|cut| &*cut.holder).collect();
    cuts.sort_unstable();
    assert_eq!(cuts, ["main.order []*main.Label", "main.series []*main.Series", "main.table *main.Table"]);
    assert_eq!((cut.frees, cut.frees_of_set), (128 + 96 + 3 * 32 + 24 + 64 + 16, 64));
    // The node of a list keeps it alone, and that is shared.
    let [sharing] = &of(9)[..] else { panic!() };
    assert_eq!(
        told(sharing),
        ["1 function main.read: e *list.Element .f0 *[]uint8", "1 function main.write: e *list.Element .f0 *[]uint8"]
    );
    // One variable alone holds an array, and the label its note.
    assert!(of(1).is_empty() && of(7).is_empty());
    let owners = holding.owners(&[0], &|_| false, &Unobserved).unwrap();
    assert_eq!(owners.sharing, of(0));
    let suspect = Suspect {
        gathered: Some(Gathered { whole_type: "main.Label".into(), step: "main.Label".into(), ..Gathered::default() }),
        ..Suspect::default()
    };
    let held = crate::held_at_once(graph, holding.tree(), &fields, &[suspect]);
    assert_eq!(held[0].as_ref().map(|held| (told(&held.sharing), held.asked)), Some((told(&of(0)[0]), 1)));
}
