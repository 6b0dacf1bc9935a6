//! How a suspect is told: what gathers, by which names, of which root.

use super::*;

#[test]
fn where_still_more_hang_on_each_it_is_these_that_gather() {
    let mut tree = Tree::new();
    let rooms = tree.variable("main.rooms map[string]*main.Room");
    let room = tree.frame(rooms, "[value] *main.Room", 40, MB);
    tree.frame(room, ".sessions []*main.Session", 80_000, 90 * MB);
    let found = tree.suspects();
    let gathered = found[0].gathered.as_ref().unwrap();
    assert_eq!((gathered.values, &*gathered.step), (80_000, ".sessions []*main.Session"));
    assert_eq!(found[0].holder, "main.rooms[value]", "two thousand on each of forty, not forty on one");
}

#[test]
fn types_have_their_whole_names_for_scripts() {
    let mut tree = Tree::new();
    let cache = tree.variable("main.cache *main.Cache");
    tree.frame(cache, "[value] *cart.Item", 5000, 50 * MB);
    let mut heap = Heap::default();
    heap.types.add(ty("example.com/shop/cart.Item", Kind::Opaque));
    heap.packages = goheap_model::names::PackageNames::new(&heap.types);
    let found = tree.suspects_of(&heap);
    let gathered = found[0].gathered.as_ref().unwrap();
    assert_eq!((&*gathered.ty, &*gathered.whole_type), ("*cart.Item", "*example.com/shop/cart.Item"));
}

#[test]
fn a_suspect_knows_the_group_that_it_is_and_what_of_it_was_sampled() {
    let mut tree = Tree::new();
    let class = tree.group(PathTrie::ROOT, "goroutines", RootKind::Class(RootClass::Goroutines), 0);
    let group = tree.group(class, "800 × goroutine net/http.(*persistConn).readLoop", RootKind::GoroutineGroup(3), 800);
    let local = tree.group(group, "net/http.(*persistConn).readLoop", RootKind::Frame(group), 0);
    let buffers = tree.frame(local, "buf []uint8", 800, 80 * MB);
    let other = tree.variable("main.small *main.Small");
    let small = tree.frame(other, "*main.Small", 1, 64);
    let mut frames = tree.frames.clone();
    frames.sampled = vec![(ObjectId(4), buffers), (ObjectId(9), small)];
    let found = tree.suspects();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].goroutine_group(&frames)), (SuspectKind::Connections, Some(3)));
    assert_eq!(found[0].sampled(&frames), [ObjectId(4)]);
    let none = Suspect { parts: vec![small], ..found[0].clone() };
    assert_eq!(none.goroutine_group(&frames), None);
}

#[test]
fn what_retains_too_little_is_no_suspect() {
    let least = |bytes| {
        let mut tree = Tree::new();
        let cache = tree.variable("main.cache *main.Cache");
        tree.frame(cache, "[value] *main.Item", 5000, 50 * MB);
        suspects(&Heap::default(), &tree.frames, bytes).len()
    };
    assert_eq!((least(50 * MB), least(50 * MB + 1), least(0)), (1, 0, 1));
}

#[test]
fn roots_are_told_by_the_class_above_them() {
    let mut tree = Tree::new();
    let variable = tree.variable("main.app *main.App");
    let runtime = tree.group(PathTrie::ROOT, "runtime variables", RootKind::Class(RootClass::Runtime), 0);
    let timers = tree.group(runtime, "runtime.timers", RootKind::Frame(runtime), 0);
    let emptied = tree.group(PathTrie::ROOT, "lists that collections empty", RootKind::Class(RootClass::Emptied), 0);
    let pools = tree.group(emptied, "sync.allPools", RootKind::Frame(emptied), 0);
    let shared = tree.frame(PathTrie::ROOT, "held by several roots", 0, 0);
    let object = tree.frame(shared, "*main.App", 1, 64);
    let told = [variable, timers, pools, object].map(|node| root(&tree.frames, &way(&tree.frames, node)));
    assert_eq!(told, [SuspectRoot::Variable, SuspectRoot::Variable, SuspectRoot::Other, SuspectRoot::Several]);
    assert_eq!(root(&tree.frames, &[]), SuspectRoot::Several);
    assert!(way(&tree.frames, shared).is_empty(), "what several hold together is nothing itself");
}

#[test]
fn the_holder_is_named_from_the_programs_first_own_type_on() {
    let mut tree = Tree::new();
    let server = tree.variable("bufio.server *bufio.Server");
    let handler = tree.frame(server, ".Handler io.Handler = *main.Shop", 1, 64);
    let carts = tree.frame(handler, ".carts map[string]*main.Cart", 1, 64);
    let package = tree.frames.trie.parent(server).unwrap();
    let foreign = tree.group(package, "bufio.pool *bufio.Server", RootKind::Frame(package), 0);
    let library = tree.frame(foreign, ".conns []*bufio.Conn", 1, 64);
    let own = tree.frame(library, ".user interface {} = *main.User", 1, 64);
    let mut heap = Heap::default();
    for name in ["bufio.Server", "bufio.Conn", "io.Handler", "main.Shop", "main.Cart", "main.User"] {
        heap.types.add(ty(name, Kind::Opaque));
    }
    heap.packages = goheap_model::names::PackageNames::new(&heap.types);
    let text = |node| holder_text(&heap, &tree.frames, &way(&tree.frames, node));
    assert_eq!(text(carts), "main.Shop.carts", "not by the library's server, which has the handler");
    assert_eq!(text(own), "main.User");
    assert_eq!(text(library), "bufio.pool.conns", "without own code it is the library's way");
}
