//! Who owns what, and whose code is whose.

use super::*;
use goheap_model::names::Code;

/// Asks a heap that was made up.
fn of(heap: HeapBuilder, check: impl Fn(&Holding<'_>)) {
    let heap = heap.build().unwrap();
    let graph = Graph::new(&heap).unwrap();
    let fields = Numbered(graph);
    check(&Holding::new(graph, &fields, &Unobserved).unwrap());
}

fn owners(holding: &Holding<'_>, text: &str) -> Owners {
    holding.owners(&selected(holding, text), &|_| false, &Unobserved).unwrap()
}

fn row(list: &[Owner], at: usize) -> (OwnerKind, &str, u64, u64) {
    let owner = &list[at];
    (owner.kind, &owner.name, owner.owners, owner.keeps.bytes)
}

#[test]
fn a_variable_of_a_function_owns_what_nothing_else_does() {
    let mut heap = HeapBuilder::default();
    let buffer = heap.object("bytes.Buffer", 4096);
    heap.goroutine(7, "main.serve", &[("buf *bytes.Buffer", buffer)]);
    of(heap, |holding| {
        let owners = owners(holding, "bytes.Buffer");
        assert_eq!(row(&owners.owned, 0), (OwnerKind::Function, "main.serve: buf *bytes.Buffer", 1, 4096));
        assert!(owners.owned[0].held_by.is_empty(), "nothing is above a root");
    });
}

#[test]
fn a_package_variable_owns_what_it_leads_to() {
    let mut heap = HeapBuilder::default();
    let table = heap.object("bytes.Buffer", 4096);
    heap.variable("main.table bytes.Buffer", table);
    of(heap, |holding| {
        assert_eq!(
            row(&owners(holding, "bytes.Buffer").owned, 0),
            (OwnerKind::Variable, "main.table bytes.Buffer", 1, 4096)
        );
    });
}

#[test]
fn objects_of_one_type_are_one_owner_by_each_way_and_below_each_root() {
    let mut heap = HeapBuilder::default();
    let store = heap.object("main.Store", 64);
    for bytes in [1024, 2048, 4096] {
        let cache = heap.object("main.Cache", 64);
        let item = heap.object("bytes.Buffer", bytes);
        heap.refer(store, cache);
        heap.refer(cache, item);
    }
    let other = heap.object("main.Cache", 64);
    let [first, second] = [256, 512].map(|bytes| heap.object("bytes.Buffer", bytes));
    heap.refer(other, first);
    heap.refer(other, second);
    heap.variable("main.store *main.Store", store);
    heap.variable("main.other *main.Cache", other);
    of(heap, |holding| {
        let owners = owners(holding, "bytes.Buffer");
        assert_eq!(owners.owned.len(), 1);
        assert_eq!(row(&owners.owned, 0), (OwnerKind::Object, "main.Cache", 4, 1024 + 2048 + 4096 + 256 + 512));
        let told = |list: &[Held]| -> Vec<(String, u64)> {
            list.iter().map(|held| (held.path.clone(), held.share.bytes)).collect()
        };
        let by = [(".f0 *bytes.Buffer".to_owned(), 7168 + 256), (".f1 *bytes.Buffer".to_owned(), 512)];
        assert_eq!(told(&owners.owned[0].by), by);
        let roots = [("main.store *main.Store".to_owned(), 7168), ("main.other *main.Cache".to_owned(), 768)];
        assert_eq!(told(&owners.owned[0].held_by), roots);
    });
}

#[test]
fn what_has_no_type_and_what_is_the_librarys_is_on_the_way_and_no_owner() {
    let mut heap = HeapBuilder::default();
    let [own, unknown, library, item] =
        [("main.Own", 64), ("", 64), ("container/list.Element", 64), ("bytes.Buffer", 512)]
            .map(|(ty, bytes)| heap.object(ty, bytes));
    [(own, unknown), (unknown, library), (library, item)].into_iter().for_each(|(from, to)| heap.refer(from, to));
    heap.variable("main.own *main.Own", own);
    of(heap, |holding| {
        let owners = owners(holding, "bytes.Buffer");
        assert_eq!(row(&owners.owned, 0), (OwnerKind::Object, "main.Own", 1, 512));
        let path = &owners.owned[0].by[0].path;
        assert_eq!(path.matches(" → ").count(), 2, "each step of the way is told: {path}");
    });
}

#[test]
fn what_two_hold_none_owns_and_one_stands_nearest() {
    let mut heap = HeapBuilder::default();
    let [near, far, between, item] =
        [("main.Near", 64), ("main.Far", 64), ("container/list.Element", 64), ("bytes.Buffer", 512)]
            .map(|(ty, bytes)| heap.object(ty, bytes));
    [(near, item), (far, between), (between, item)].into_iter().for_each(|(from, to)| heap.refer(from, to));
    heap.variable("main.near *main.Near", near);
    heap.variable("main.far *main.Far", far);
    of(heap, |holding| {
        let owners = owners(holding, "bytes.Buffer");
        assert_eq!((owners.owned.len(), owners.unreached.bytes), (0, 0));
        assert_eq!(row(&owners.shared, 0), (OwnerKind::Object, "main.Near", 1, 512));
        assert_eq!(owners.shared.len(), 1, "each object is told once");
    });
}

#[test]
fn where_several_ways_lead_from_the_owner_two_are_told() {
    let mut heap = HeapBuilder::default();
    let [own, left, right, item] =
        [("main.Own", 64), ("container/list.Element", 64), ("container/ring.Ring", 64), ("bytes.Buffer", 512)]
            .map(|(ty, bytes)| heap.object(ty, bytes));
    [(own, left), (own, right), (left, item), (right, item)].into_iter().for_each(|(from, to)| heap.refer(from, to));
    heap.variable("main.own *main.Own", own);
    of(heap, |holding| {
        let owners = owners(holding, "bytes.Buffer");
        let ways = "(.f0 *list.Element → .f0 *bytes.Buffer; and by .f1 *ring.Ring → .f0 *bytes.Buffer)";
        assert_eq!(owners.owned[0].by[0].path, ways);
    });
}

#[test]
fn what_of_an_owners_keep_is_referred_to_is_summed() {
    let mut heap = HeapBuilder::default();
    let cache = heap.object("main.Cache", 64);
    let [part, whole] = [4096, 1024].map(|bytes| heap.object("bytes.Buffer", bytes));
    heap.refer(cache, part);
    heap.refer(cache, whole);
    heap.referred(part, 100);
    heap.variable("main.cache *main.Cache", cache);
    of(heap, |holding| {
        let owners = owners(holding, "bytes.Buffer");
        assert_eq!(owners.owned[0].referred.unwrap().referred, 100 + 1024);
        assert_eq!(owners.referred.unwrap().referred, 100 + 1024);
    });
    asked(|holding, _| assert_eq!(owners(holding, "main.Item").referred, None, "where nobody looked at it"));
}

#[test]
fn an_object_of_the_set_owns_no_other_of_it() {
    let mut heap = HeapBuilder::default();
    let list = heap.object("main.List", 64);
    let nodes: Vec<ObjectId> = (0..3).map(|_| heap.object("main.Node", 100)).collect();
    heap.refer(list, nodes[0]);
    nodes.windows(2).for_each(|pair| heap.refer(pair[0], pair[1]));
    heap.variable("main.list *main.List", list);
    of(heap, |holding| {
        let owners = owners(holding, "main.Node");
        assert_eq!(owners.owned.len(), 1, "{:?}", owners.owned);
        assert_eq!(row(&owners.owned, 0), (OwnerKind::Object, "main.List", 1, 3 * 100));
    });
}

#[test]
fn code_is_told_by_types_and_by_the_function_that_a_goroutine_began_with() {
    let mut heap = HeapBuilder::default();
    let objects = [("main.Own", 8), ("net/http.Server", 8), ("runtime.g", 8), ("[]uint8", 8), ("", 8)]
        .map(|(ty, bytes)| heap.object(ty, bytes));
    heap.variable("main.own *main.Own", objects[0]);
    heap.variable("runtime.allgs []*runtime.g", objects[2]);
    heap.goroutine(7, "net/http.(*conn).serve", &[("c *http.conn", objects[1])]);
    of(heap, |holding| {
        let graph = holding.graph();
        let whose = |id: ObjectId| holding.code.node(graph, id.0);
        assert_eq!(objects.map(whose), [Code::Own, Code::Library, Code::Runtime, Code::Nobody, Code::Nobody]);
        let roots: Vec<(String, Code)> = (graph.object_count()..graph.edges().node_count())
            .filter(|&node| holding.is_variable(node))
            .map(|node| (graph.text(node), holding.code.node(graph, node)))
            .collect();
        let told = |text: &str| roots.iter().find(|(name, _)| name == text).map(|(_, code)| *code);
        assert_eq!(told("main.own *main.Own"), Some(Code::Own));
        assert_eq!(told("runtime.allgs []*runtime.g"), Some(Code::Runtime));
        assert_eq!(told("c *http.conn"), Some(Code::Library), "a frame's variable is of its function");
    });
}
