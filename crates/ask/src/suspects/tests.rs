#![allow(clippy::unwrap_used)]
use super::*;
use goheap_graph::PathTrie;
use goheap_model::{Field, FrameFacts, GoType, Kind, RootClass, RootFrame, Share};

mod told;

const MB: u64 = 1 << 20;

/// A dominator tree, frame by frame.
#[derive(Default)]
struct Tree {
    frames: DominatorFrames,
    values: Vec<u64>,
}

impl Tree {
    fn new() -> Self {
        let mut tree = Tree::default();
        tree.frames.trie = PathTrie::new();
        tree.values.push(0);
        tree.root(PathTrie::ROOT, RootKind::All, 0);
        tree
    }

    fn root(&mut self, node: TrieNode, kind: RootKind, goroutines: u64) {
        self.frames.roots.insert(node, RootFrame { kind, goroutines });
    }

    /// A frame of so many values and bytes of its own.
    fn frame(&mut self, above: TrieNode, text: &str, values: u64, bytes: u64) -> TrieNode {
        let label = self.frames.texts.len() as u32;
        self.frames.texts.push(text.into());
        let node = self.frames.trie.child(above, label);
        self.frames.trie.add(node, bytes, values);
        self.frames.reached.bytes += bytes;
        self.values.push(values);
        node
    }

    fn group(&mut self, above: TrieNode, text: &str, kind: RootKind, goroutines: u64) -> TrieNode {
        let node = self.frame(above, text, 0, 0);
        self.root(node, kind, goroutines);
        node
    }

    fn variable(&mut self, text: &str) -> TrieNode {
        let class = self.group(PathTrie::ROOT, "package variables", RootKind::Class(RootClass::Variables), 0);
        let package = self.group(class, "main", RootKind::Package(RootClass::Variables, 0), 0);
        self.group(package, text, RootKind::Frame(package), 0)
    }

    fn suspects(self) -> Vec<Suspect> {
        self.suspects_of(&Heap::default())
    }

    fn suspects_of(mut self, heap: &Heap) -> Vec<Suspect> {
        let rests = vec![Extent::default(); self.frames.trie.len()];
        self.frames.facts = Some(FrameFacts { rests, values: self.values, ..FrameFacts::default() });
        let least = self.frames.reached.bytes / 20;
        suspects(heap, &self.frames, least)
    }
}

#[test]
fn a_map_with_many_entries_is_named_by_its_fields() {
    let mut tree = Tree::new();
    let variable = tree.variable("main.app *main.App");
    let app = tree.frame(variable, "*main.App", 1, 64);
    let map = tree.frame(app, ".sessions map[string]*main.Session", 1, MB);
    let session = tree.frame(map, "[value] *main.Session", 5000, MB);
    tree.frame(session, ".buf []uint8", 5000, 98 * MB);
    let small = tree.frame(app, ".names map[string]string", 1, MB / 2);
    tree.frame(small, "[key] string", 9000, MB);
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].holder, "main.app → *main.App.sessions");
    assert_eq!(found[0].retained.bytes, 100 * MB);
    let gathered = found[0].gathered.as_ref().unwrap();
    assert_eq!((gathered.values, gathered.bytes, &*gathered.ty), (5000, 99 * MB, "*main.Session"));
    assert_eq!(found[0].keywords, ["main.Session", "main.App", "main.app"]);
    assert_eq!(found[0].root, SuspectRoot::Variable);
}

/// Strings that three fields of an application lead to, and what two of these have besides.
#[test]
fn what_parts_share_hides_none_of_them() {
    let mut tree = Tree::new();
    let app = tree.variable("main.app *main.App");
    tree.frame(app, "[shared] string", 2000, 60 * MB);
    let registry = tree.frame(app, ".series map[string]*main.Counter", 1, MB);
    tree.frame(registry, "[value] *main.Counter", 40_000, 23 * MB);
    let places = tree.frame(app, ".geo *main.Places", 1, 64);
    tree.frame(places, ".ranges []main.Range", 1, 16 * MB);
    tree.frame(app, ".seen *main.Seen", 1, MB / 4);
    let found = tree.suspects();
    let told: Vec<(&str, u64)> = found.iter().map(|one| (&*one.holder, one.retained.bytes)).collect();
    assert_eq!(told, [("main.app", 60 * MB), ("main.app.series", 24 * MB), ("main.app.geo.ranges", 16 * MB)]);
}

#[test]
fn a_pile_of_goroutines_is_a_suspect_itself() {
    let mut tree = Tree::new();
    let class = tree.group(PathTrie::ROOT, "goroutines", RootKind::Class(RootClass::Goroutines), 0);
    let group = tree.group(class, "800 × goroutine main.handle", RootKind::GoroutineGroup(3), 800);
    let local = tree.group(group, "main.handle", RootKind::Frame(group), 0);
    tree.frame(local, "buf []uint8", 800, 80 * MB);
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    let suspect = &found[0];
    assert_eq!((&*suspect.holder, suspect.holders), ("800 × goroutine main.handle", 800));
    assert_eq!((suspect.root, suspect.retained.bytes), (SuspectRoot::Goroutines, 80 * MB));
}

#[test]
fn parts_with_the_same_things_are_one_suspect() {
    let mut tree = Tree::new();
    let pool = tree.variable("main.pool sync.Pool");
    for part in [".local unsafe.Pointer", ".victim unsafe.Pointer"] {
        let ring = tree.frame(pool, part, 2, 1024);
        tree.frame(ring, "[i].val unsafe.Pointer = []main.Point", 20_000, 40 * MB);
    }
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].holder, "main.pool");
    let gathered = found[0].gathered.as_ref().unwrap();
    assert_eq!((gathered.values, &*gathered.ty), (40_000, "[]main.Point"));
    assert!(found[0].retained.bytes > 80 * MB);
}

#[test]
fn what_is_too_small_of_parts_is_theirs() {
    let mut tree = Tree::new();
    let pool = tree.variable("main.pool sync.Pool");
    let local = tree.frame(pool, ".local unsafe.Pointer", 1, 1024);
    for (part, values, bytes) in
        [("[shared] sync.poolChainElt", 200, 80 * MB), (".shared.head", 64, 20 * MB), (".shared.tail", 8, 2 * MB)]
    {
        let ring = tree.frame(local, part, 1, 1024);
        tree.frame(ring, "[i].val unsafe.Pointer = *[]uint8", values, bytes);
    }
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].kind, found[0].retained.bytes), (SuspectKind::Pool, 102 * MB + 4096));
}

#[test]
fn what_finalizers_keep_is_named_by_them() {
    let mut tree = Tree::new();
    let class = tree.group(PathTrie::ROOT, "finalizers", RootKind::Class(RootClass::Other), 0);
    let queue = tree.group(class, "finalizer queue", RootKind::Frame(class), 0);
    let of_type = tree.group(queue, "*main.File", RootKind::Frame(queue), 0);
    let files = tree.frame(of_type, "*main.File", 5000, MB);
    tree.frame(files, ".data []uint8", 5000, 20 * MB);
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].kind, &*found[0].holder), (SuspectKind::Finalizers, "finalizer queue → *main.File"));
}

#[test]
fn timers_of_all_processors_are_one_suspect() {
    for (heap, step) in [
        (".timers.heap []runtime.timerWhen", "[i].timer *runtime.timer in runtime.timeTimer"),
        (".timers []*runtime.timer", "[i] *runtime.timer"),
    ] {
        let mut tree = Tree::new();
        let class = tree.group(PathTrie::ROOT, "runtime variables", RootKind::Class(RootClass::Runtime), 0);
        let shared = tree.frame(class, "held by several variables", 0, 0);
        for (values, bytes) in [(2000, 8 * MB), (2900, 12 * MB), (100, MB / 2)] {
            let all = tree.frame(shared, &format!("runtime.p of {values}"), 1, 0);
            let timers = tree.frame(all, heap, 1, 0);
            tree.frame(timers, step, values, bytes);
        }
        let found = tree.suspects();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].kind, found[0].retained.bytes), (SuspectKind::Timers, 20 * MB + MB / 2));
        assert_eq!(found[0].gathered.as_ref().unwrap().values, 5000);
    }
}

#[test]
fn functions_that_timers_call_are_told_by_name_each_with_its_own_count() {
    let mut tree = Tree::new();
    let class = tree.group(PathTrie::ROOT, "runtime variables", RootKind::Class(RootClass::Runtime), 0);
    for number in 0..2 {
        let processor = tree.frame(class, &format!("runtime.p {number}"), 1, 0);
        let timers = tree.frame(processor, ".timers.heap []runtime.timerWhen", 1, 0);
        // A heap without types knows packages of the library by their folders.
        let timer = tree.frame(timers, "[i].timer *internal/time.Timer", 2000, MB);
        let watch = tree.frame(timer, ".arg interface {} = main.watch.func1{j}", 1000, MB);
        tree.frame(watch, "[captured j] *main.Job", 1000, 10 * MB);
        tree.frame(timer, ".arg interface {} = main.expire.func1{r}", 900, MB / 2);
        tree.frame(timer, ".arg interface {} = main.rare.func1{r}", 90, MB);
    }
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    let gathered = found[0].gathered.as_ref().unwrap();
    assert_eq!((gathered.values, gathered.bytes, &*gathered.ty), (2000, 22 * MB, "main.watch.func1{j}"));
    assert_eq!(gathered.others, [Beside { values: 1800, bytes: MB, ty: "main.expire.func1{r}".into() }]);
    assert_eq!(gathered.keeps.as_deref(), Some("*main.Job"));
}

#[test]
fn wrapped_values_and_one_large_thing_are_named() {
    let mut tree = Tree::new();
    let cache = tree.variable("main.cache *main.Cache");
    let list = tree.frame(cache, ".order *container/list.List", 1, 64);
    let element = tree.frame(list, ".next *container/list.Element", 30_000, MB);
    tree.frame(element, ".Value interface {} = *main.entry", 30_000, 60 * MB);
    let package = tree.frames.trie.parent(cache).unwrap();
    let table = tree.group(package, "main.table []uint8", RootKind::Frame(package), 0);
    tree.frame(table, "[]uint8", 1, 30 * MB);
    let found = tree.suspects();
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0].gathered.as_ref().unwrap().ty, "*main.entry");
    assert_eq!(found[0].holder, "main.cache.order");
    assert_eq!((&*found[1].holder, &found[1].gathered), ("main.table → []uint8", &None));
}

/// A stack that leads to connections and to their readers keeps neither from being a suspect, and the two are one.
#[test]
fn what_leads_to_each_other_is_one_suspect() {
    let mut tree = Tree::new();
    let class = tree.group(PathTrie::ROOT, "goroutines", RootKind::Class(RootClass::Goroutines), 0);
    tree.frame(class, "main.conn", 1000, 30 * MB);
    tree.frame(class, "main.reader", 2000, 20 * MB);
    tree.frame(class, "main.other", 1000, 10 * MB);
    let mut heap = Heap::default();
    let reader = heap.types.add(ty("main.reader", Kind::Opaque));
    let pointer = heap.types.add(ty("*main.reader", Kind::Pointer(reader)));
    heap.types.add(ty("main.other", Kind::Opaque));
    let field = Field { name: "r".into(), offset: 0, ty: pointer, is_embedded: false };
    heap.types.add(ty("main.conn", Kind::Struct([field].into())));
    let found = tree.suspects_of(&heap);
    let told: Vec<_> = found.iter().map(|one| (&*one.holder, one.retained.bytes / MB)).collect();
    assert_eq!(told, [("main.conn", 50), ("main.other", 10)]);
}

fn ty(name: &str, kind: Kind) -> GoType {
    GoType { name: name.into(), size: 8, kind, descriptor: None }
}

/// A queue that leaks and an archive that does not, of the same messages: the one is the suspect.
#[test]
fn the_same_things_in_two_fields_are_told_apart_where_one_has_most() {
    let mut tree = Tree::new();
    let server = tree.variable("main.server *http.Server");
    let variable = tree.frame(server, ".Handler http.Handler = *main.Mailer", 1, 64);
    let queue = tree.frame(variable, ".retries chan *main.Message", 1, MB);
    tree.frame(queue, "[i] *main.Message", 18_000, 200 * MB);
    let archive = tree.frame(variable, ".sent []*main.Message", 1, MB);
    tree.frame(archive, "[i] *main.Message", 5000, 40 * MB);
    let found = tree.suspects();
    let told: Vec<_> = found.iter().map(|one| (&*one.holder, one.kind, one.retained.bytes / MB)).collect();
    let expected = [
        ("main.server.Handler.retries", SuspectKind::Channel, 201),
        ("main.server.Handler.sent", SuspectKind::Slice, 41),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_spread_and_what_nothing_holds_is_no_suspect() {
    let mut tree = Tree::new();
    let variable = tree.variable("main.app *main.App");
    for part in 0..40 {
        tree.frame(variable, &format!(".part{part} *main.Part"), 1, MB);
    }
    let garbage = tree.frame(PathTrie::ROOT, "unreachable", 1, 0);
    tree.frame(garbage, "main.T", 90_000, 500 * MB);
    tree.frames.unreached.push(garbage);
    tree.frames.reached = Share { bytes: 40 * MB, objects: 41 };
    let found = tree.suspects();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&*found[0].holder, found[0].retained.bytes), ("main.app", 40 * MB));
}
