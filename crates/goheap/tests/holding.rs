//! How objects are held, on every carried core of the fixture `retained`, which says what would be freed with each of its objects
//! and who dominates it.
#![allow(clippy::unwrap_used, clippy::panic)]

use goheap_ask::holding::{Cuts, Exclusions, Holding, Owner, Selected, Walk, select};
use goheap_graph::{DominatorTree, RetainedSizes};
use goheap_heap::references::ReferenceGraph;
use goheap_heap::{HeapSnapshot, SnapshotOptions};
use goheap_image::{OpenRequest, Process};
use goheap_model::{RootClass, RootKind, Unobserved};
use goheap_runtime::{ModelOptions, RuntimeModel};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The carried cores of `retained`: core, executable and truth.
fn cores() -> Vec<[PathBuf; 3]> {
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cores");
    let mut found = Vec::new();
    for folder in carried.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        found.push(["retained.core.zst", "retained.zst", "retained.truth.json"].map(|name| folder.join(name)));
    }
    found.retain(|[core, ..]| core.exists());
    found.sort();
    found
}

fn address(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// The name of the variable, or of the function, that a node without an object belongs to.
fn holder(graph: &ReferenceGraph<'_, '_, '_>, node: u32) -> Option<String> {
    let path = graph.data().root_path(node);
    let frame = path.iter().find(|node| matches!(graph.data().root_node(**node).unwrap().kind, RootKind::Frame(_)));
    match frame {
        Some(frame) => {
            let goroutine =
                path.iter().find(|node| matches!(graph.data().root_node(**node).unwrap().kind, RootKind::Goroutine(_)));
            let text = graph.data().text(*goroutine.unwrap_or(frame));
            let text = text.rsplit_once(": ").map_or(text.as_str(), |(_, function)| function);
            Some(text.split(' ').next().unwrap().to_owned())
        }
        None => None,
    }
}

fn check(row: &Value, graph: &ReferenceGraph<'_, '_, '_>, tree: &DominatorTree, retained: &RetainedSizes) {
    let objects = &graph.snapshot().objects;
    let node_at = |value: &Value| objects.find_allocated(address(value)).unwrap().id.0;
    let (case, node) = (&row["case"], node_at(&row["addr"]));
    assert_eq!(retained.of(node), row["bytes"].as_u64().unwrap(), "{case}");
    let dominator = tree.idom(node).unwrap();
    match row["holders"].as_str() {
        None => assert_eq!(dominator, node_at(&row["owner"]), "{case}: {}", graph.data().text(dominator)),
        Some(holders) if holders.contains(' ') => {
            assert!(graph.data().object_of(dominator).is_none() && holder(graph, dominator).is_none(), "{case}");
        }
        Some(variable) => assert_eq!(holder(graph, dominator).as_deref(), Some(variable), "{case}"),
    }
}

/// Shows `check` the references of each core, and what the program said.
fn each(check: impl Fn(&ReferenceGraph<'_, '_, '_>, &Value)) {
    let mut checked = 0;
    for [core, executable, truth] in cores() {
        let truth: Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
        let request = OpenRequest { core, executable: Some(executable), ..OpenRequest::default() };
        let process = Process::open(&request).unwrap();
        let model = RuntimeModel::open(&process, ModelOptions::default()).unwrap();
        let options = SnapshotOptions { roots: true, ..SnapshotOptions::default() };
        let snapshot = HeapSnapshot::take(&model, options).unwrap();
        check(&snapshot.references(&Unobserved).unwrap(), &truth);
        checked += 1;
    }
    assert!(checked >= 4, "{checked}");
}

fn each_holding(check: impl Fn(&Holding<'_>)) {
    each(|graph, _| {
        let data = graph.data();
        check(&Holding::new(data, &graph.fields(), &Unobserved).unwrap())
    });
}

fn objects(holding: &Holding<'_>, text: &str) -> Vec<u32> {
    match select(holding.graph(), holding.fields(), text, None) {
        Selected::Objects(_, objects, _) => objects,
        other => panic!("{text}: {other:?}"),
    }
}

fn references(walk: &Walk) -> Vec<&str> {
    walk.steps.iter().map(|step| step.reference.as_str()).collect()
}

#[test]
fn retained_sizes_and_dominators_are_what_the_program_says_to_the_byte() {
    each(|graph, truth| {
        let tree = graph.data().dominators(&Unobserved).unwrap();
        let retained = graph.data().retained(&tree, &Unobserved).unwrap();
        let rows = truth["retained"].as_array().unwrap();
        assert!(rows.len() > 80, "{}", rows.len());
        rows.iter().for_each(|row| check(row, graph, &tree, &retained));
    });
}

#[test]
fn paths_come_by_length_and_leave_out_what_is_excluded() {
    each_holding(|holding| {
        let turned = holding.turned(&Unobserved).unwrap();
        let cache = objects(holding, "main.Cache")[0];
        let by = |pattern: &str| -> Vec<Walk> {
            let matches = |text: &str| !pattern.is_empty() && text.contains(pattern);
            let exclusions = Exclusions::new(Some(&matches));
            holding.paths_to(&turned, cache, &exclusions).collect()
        };
        // Both owners hold it, and one path is told for each root and object that it leads to.
        let shortest = by("");
        assert_eq!(shortest.len(), 1);
        assert_eq!(shortest[0].class, RootClass::Variables);
        assert_eq!(
            references(&shortest[0]),
            ["main.registry *main.Registry", ".first *main.Owner", ".cache *main.Cache"]
        );
        let other = ["main.registry *main.Registry", ".second *main.Owner", ".cache *main.Cache"];
        assert_eq!(references(&by(".first")[0]), other);
        assert_eq!(references(&by("main.Registry.first *")[0]), other);
        for pattern in ["main.Owner", "main.registry", ".cache *"] {
            assert!(by(pattern).is_empty(), "{pattern}");
        }
        assert_eq!(by("main.Cach").len(), 0, "the last reference names the type of what is sought");
    });
}

#[test]
fn what_a_container_is_made_of_is_one_step_with_it_and_a_chain_is_one_step() {
    each_holding(|holding| {
        let turned = holding.turned(&Unobserved).unwrap();
        let nothing = Exclusions::new(None);
        let first = |node: u32| holding.paths_to(&turned, node, &nothing).next().unwrap();
        let in_map = objects(holding, "main.largeMap[value]");
        assert_eq!(in_map.len(), 1000);
        for &item in in_map.iter().step_by(100) {
            assert_eq!(references(&first(item)), ["main.largeMap map[uint64]*main.Item", "[value] *main.Item"]);
        }
        let queued = objects(holding, "main.channel[queued]");
        assert_eq!(queued.len(), 30);
        let walk = first(queued[7]);
        let element = |reference: &str| reference.starts_with('[') && reference.ends_with("] *main.Item");
        assert!(matches!(references(&walk)[..], ["main.channel chan *main.Item", at] if element(at)), "{walk:?}");
        let links = objects(holding, "main.chain.next.next.next");
        let walk = first(links[0]);
        assert_eq!(references(&walk), ["main.chain *main.Link", ".next *main.Link"]);
        assert_eq!(walk.steps[1].times, 3);
        let private = first(objects(holding, "main.holdItems.private[i]")[3]);
        assert_eq!(private.class, RootClass::Goroutines);
        assert!(matches!(references(&private)[..], [.., "private []*main.Item", at] if element(at)), "{private:?}");
    });
}

#[test]
fn paths_are_merged_and_their_sums_are_the_set() {
    each_holding(|holding| {
        let items = objects(holding, "main.Item");
        let (steps, unreached) = holding.merged_paths(&items, &Exclusions::new(None), &Unobserved).unwrap();
        assert_eq!(unreached.objects, 0);
        let total: u64 = steps.iter().map(|step| step.own.objects).sum();
        assert_eq!(total, items.len() as u64);
        let roots: u64 = steps.iter().filter(|step| step.depth == 0).map(|step| step.through.objects).sum();
        assert_eq!(roots, items.len() as u64);
        let through = |reference: &str| -> Vec<u64> {
            steps.iter().filter(|step| step.reference == reference).map(|step| step.through.objects).collect()
        };
        assert_eq!(through("main.largeMap map[uint64]*main.Item"), [1000]);
        assert_eq!(through(".cache *main.Cache"), [40], "of two owners one is on the shortest path");
        assert_eq!(through("goroutine main.holdItems"), [25]);
        // Links: the chain folds into one step, however long.
        let links = objects(holding, "main.Link");
        let (steps, _) = holding.merged_paths(&links, &Exclusions::new(None), &Unobserved).unwrap();
        let next: Vec<u64> =
            steps.iter().filter(|step| step.reference == ".next *main.Link").map(|step| step.own.objects).collect();
        assert!(next.contains(&499), "{steps:?}");
        assert!(steps.len() < 12, "{steps:?}");
    });
}

#[test]
fn cuts_are_the_references_that_dominate() {
    each_holding(|holding| {
        let turned = holding.turned(&Unobserved).unwrap();
        let of = |text: &str| holding.cuts_for(&turned, objects(holding, text)[0]);
        let Cuts { most, own, nearest } = of("main.registry.first").unwrap();
        assert_eq!(own, None);
        assert_eq!((nearest.holder.as_str(), nearest.reference.as_str()), ("main.Registry", ".first *main.Owner"));
        assert_eq!((most.holder.as_str(), most.address), ("main.registry *main.Registry", None));
        assert!(nearest.frees < most.frees);
        let cache = objects(holding, "main.Cache")[0];
        assert_eq!(
            holding.cuts_for(&turned, cache).unwrap().nearest.holder,
            "main.registry *main.Registry",
            "two hold it"
        );
        assert_eq!(of("main.firstOwner.item"), None);
        let set = |text: &str| holding.cut_for_set(&turned, &objects(holding, text), &Unobserved).unwrap().unwrap();
        let chain = set("main.Link");
        assert_eq!(chain.holder, "main.chain *main.Link");
        assert_eq!(chain.frees_of_set, 500 * 48);
        assert_eq!(set("main.Item").holder, "main.largeMap map[uint64]*main.Item");
    });
}

#[test]
fn what_two_variables_hold_goes_without_both() {
    each_holding(|holding| {
        let (graph, turned) = (holding.graph(), holding.turned(&Unobserved).unwrap());
        let item = objects(holding, "main.firstOwner.item")[0];
        let set = [item];
        let together = |node, set, frees| holding.cut_together(&turned, node, set, frees, &Unobserved).unwrap();
        let found = together(item, None, 0).unwrap();
        let mut holders: Vec<&str> = found.cuts.iter().map(|cut| &*cut.holder).collect();
        holders.sort_unstable();
        assert_eq!(holders, ["main.firstOwner *main.Handle", "main.secondOwner *main.Handle"]);
        // Both handles go with the item, and what each frees alone is less.
        let handles: u64 = found.cuts.iter().map(|cut| cut.frees).sum();
        assert_eq!(found.frees, handles + holding.dominance().retained.of(item));
        let of_set = together(item, Some(&set[..]), 0).unwrap();
        assert_eq!((of_set.frees, of_set.frees_of_set), (found.frees, graph.shallow(item)));
        assert_eq!(together(item, None, found.frees), None, "one reference frees as much");
        assert_eq!(together(objects(holding, "main.Cache")[0], None, 0), None, "one variable holds both owners");
    });
}

#[test]
fn owners_are_in_the_programs_own_code_behind_containers_of_the_library() {
    each_holding(|holding| {
        let items = objects(holding, "main.Item");
        let owners = holding.owners(&items, &|_| false, &Unobserved).unwrap();
        let keeps = |list: &[Owner], name: &str| -> Vec<[u64; 2]> {
            list.iter().filter(|owner| owner.name == name).map(|owner| [owner.owners, owner.keeps.objects]).collect()
        };
        for (name, expected) in [
            ("main.Cache", [1, 40]),
            ("main.Store", [1, 30]),
            ("main.Outer", [1, 1]),
            ("main.Handle", [10, 10]),
            ("main.largeMap map[uint64]*main.Item", [1, 1000]),
            ("main.channel chan *main.Item", [1, 30]),
            ("main.holdItems: private []*main.Item", [1, 25]),
            ("main.inside *[]uint8", [1, 1]),
        ] {
            assert_eq!(keeps(&owners.owned, name), [expected], "{name}");
        }
        // What two variables hold, or a variable and a goroutine.
        assert_eq!(keeps(&owners.shared, "main.Handle"), [[2, 2]]);
        let lists = [&owners.owned, &owners.shared].into_iter().flatten();
        assert_eq!(lists.map(|owner| owner.keeps.bytes).sum::<u64>(), owners.total.bytes);
        let of_store = owners.owned.iter().find(|owner| owner.name == "main.Store").unwrap();
        assert_eq!(of_store.held_by[0].path, "main.store *main.Store");
        assert_eq!(of_store.by.iter().map(|held| held.share.objects).sum::<u64>(), 30);
        // Skipped, the cache's items are its owner's owner's: two have the cache.
        let skipped = holding.owners(&items, &|text| text == "main.Cache", &Unobserved).unwrap();
        assert_eq!(keeps(&skipped.owned, "main.Registry"), [[1, 40]]);
    });
}

#[test]
fn every_object_of_every_type_is_owned_shared_or_unreached() {
    each_holding(|holding| {
        for text in ["[]uint8", "string", "(unknown)", "main.Link", "runtime.g"] {
            let Selected::Objects(_, set, _) = select(holding.graph(), holding.fields(), text, None) else { continue };
            let owners = holding.owners(&set, &|_| false, &Unobserved).unwrap();
            let lists = [&owners.owned, &owners.shared].into_iter().flatten();
            let sum: u64 = lists.map(|owner| owner.keeps.objects).sum();
            assert_eq!(sum + owners.unreached.objects, set.len() as u64, "{text}");
            let unreached = set.iter().filter(|&&node| !holding.dominance().tree.contains(node)).count();
            assert_eq!(owners.unreached.objects, unreached as u64, "{text}");
        }
    });
}

#[test]
fn objects_are_found_by_address_type_and_variable() {
    each(|graph, truth| {
        let (snapshot, fields) = (graph.snapshot(), graph.fields());
        let data = graph.data();
        let holding = &Holding::new(data, &fields, &Unobserved).unwrap();
        for row in truth["retained"].as_array().unwrap() {
            let text = row["addr"].as_str().unwrap();
            assert_eq!(objects(holding, text), [snapshot.objects.find_allocated(address(&row["addr"])).unwrap().id.0]);
        }
        assert_eq!(objects(holding, "[]*main.Item"), objects(holding, "[...]*main.Item"));
        assert!(objects(holding, "[40]*main.Item").len() < objects(holding, "[]*main.Item").len());
        assert_eq!(objects(holding, "main.registry.first.cache"), objects(holding, "main.Cache"));
        assert_eq!(objects(holding, "main.store.order").len(), 1);
        assert!(!objects(holding, "main.store.latest").is_empty(), "a struct within: what its fields lead to");
        assert_eq!(objects(holding, "main.sliceOfSlices[11][3]").len(), 1);
        assert_eq!(select(data, &fields, "0x10", None), Selected::NoObject(0x10));
        let Selected::NoSuchField(found) = select(data, &fields, "main.registry.third", None) else { panic!() };
        assert_eq!(found, ["main.registry.first", "main.registry.second"]);
        let Selected::NoSuchName(names) = select(data, &fields, "main.Nothing", None) else { panic!() };
        for name in ["main.registry", "main.Item", "main.holdItems.private"] {
            assert!(names.iter().any(|other| other == name), "{name}");
        }
    });
}
