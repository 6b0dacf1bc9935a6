#![allow(clippy::unwrap_used)]
use super::*;
use goheap_model::GoType;

fn add(table: &mut TypeTable, name: &str, size: u64, kind: Kind) -> TypeId {
    table.add(GoType { name: name.into(), size, kind, descriptor: None })
}

#[test]
fn plans_and_walks_agree() {
    let mut table = TypeTable::default();
    let string = add(&mut table, "string", 16, Kind::String);
    let any = add(&mut table, "any", 16, Kind::Interface(false));
    let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
    let pair = Kind::Struct(Box::new([field("s", 0, string), field("x", 16, any)]));
    let pair = add(&mut table, "pair", 32, pair);
    let small = add(&mut table, "[2]pair", 64, Kind::Array(pair, 2));
    let large = add(&mut table, "[5000]pair", 160_000, Kind::Array(pair, 5000));
    let both = Kind::Struct(Box::new([field("many", 0, large), field("few", 160_000, small)]));
    let both = add(&mut table, "both", 160_064, both);
    for ty in [small, large, both] {
        let plan = compile(&table, ty);
        assert_eq!(plan.is_cut, ty == both);
        for offset in (0..64).step_by(8) {
            let planned = plan.entry(&table, ty, offset).map(Cow::into_owned);
            assert_eq!(planned, resolve(&table, ty, offset), "{} at {offset}", table.get(ty).name);
        }
        assert!(ty == both || plan.entries.len() == 2, "an array is planned as its element");
        assert_eq!(plan.entry(&table, ty, 8), None);
        assert_eq!(plan.entry(&table, ty, table.get(ty).size), None);
    }
    let entry = compile(&table, small).entry(&table, small, 56).unwrap().into_owned();
    assert_eq!((&*entry.path, entry.word, entry.offset), ("[i].x", PointerWord::InterfaceData(false), 24));
    assert_eq!(resolve(&table, both, 159_992).unwrap().offset, 159_992);
    assert_eq!(&*resolve(&table, both, 160_056).unwrap().path, ".few[i].x");
}

/// `sync.Map` of Go 1.24 and the parts of its trie.
fn trie(table: &mut TypeTable) -> [TypeId; 4] {
    let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
    let of = |kind: &str| format!("internal/sync.{kind}[interface {{}},interface {{}}]");
    let any = add(table, "interface {}", 16, Kind::Interface(false));
    let bool = add(table, "bool", 1, Kind::Scalar);
    let raw = add(table, "unsafe.Pointer", 8, Kind::UnsafePointer);
    let node = add(table, &of("node"), 1, Kind::Struct(Box::new([field("isEntry", 0, bool)])));
    let atomic = |table: &mut TypeTable, elem: TypeId| {
        let name = table.get(elem).name.to_string();
        let pointer = add(table, &format!("*{name}"), 8, Kind::Pointer(elem));
        let none = add(table, &format!("[0]*{name}"), 0, Kind::Array(pointer, 0));
        let fields = Kind::Struct(Box::new([field("_", 0, none), field("v", 0, raw)]));
        add(table, &format!("sync/atomic.Pointer[{name}]"), 8, fields)
    };
    let child = atomic(table, node);
    let children = add(table, "[16]child", 128, Kind::Array(child, 16));
    let branch = Kind::Struct(Box::new([field("node", 0, node), field("children", 32, children)]));
    let branch = add(table, &of("indirect"), 160, branch);
    let entry = [field("node", 0, node), field("key", 16, any), field("value", 32, any)];
    let entry = add(table, &of("entry"), 48, Kind::Struct(Box::new(entry)));
    let root = atomic(table, branch);
    let whole = add(table, &of("HashTrieMap"), 40, Kind::Struct(Box::new([field("root", 16, root)])));
    let map = add(table, "sync.Map", 40, Kind::Struct(Box::new([field("m", 0, whole)])));
    [map, branch, entry, node]
}

#[test]
fn a_hash_trie_reads_as_a_map() {
    let mut table = TypeTable::default();
    let [map, branch, entry, _] = trie(&mut table);
    let root = compile(&table, map).entries;
    assert_eq!((&*root[0].path, root[0].field, root[0].inside), ("", map, Inside::Whole));
    let children = compile(&table, branch).entries;
    let node = PointerWord::TrieNode { branch, entry };
    assert!(children.iter().all(|child| child.word == node && child.inside == Inside::Part));
    assert_eq!(children.len(), 16);
    let items: Vec<_> =
        compile(&table, entry).entries.iter().map(|item| (item.path.to_string(), item.inside)).collect();
    assert_eq!(items, [("[key]".to_owned(), Inside::No), ("[value]".to_owned(), Inside::No)]);
    let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
    let shard = add(&mut table, "shard", 48, Kind::Struct(Box::new([field("items", 8, map)])));
    let small = add(&mut table, "[2]shard", 96, Kind::Array(shard, 2));
    let planned = &compile(&table, small).entries[0];
    assert_eq!((&*planned.path, planned.field, planned.inside), ("[i].items", map, Inside::Whole));
    assert_eq!(resolve(&table, small, planned.offset).as_ref(), Some(planned));
    assert_eq!(resolve(&table, entry, 40).unwrap().path, compile(&table, entry).entries[1].path);
    assert_eq!(resolve(&table, branch, 40).unwrap().word, node);
}

#[test]
fn an_old_sync_map_reads_as_a_map() {
    let mut table = TypeTable::default();
    let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
    let any = add(&mut table, "interface {}", 16, Kind::Interface(false));
    let raw = add(&mut table, "unsafe.Pointer", 8, Kind::UnsafePointer);
    let entry = add(&mut table, "sync.entry", 8, Kind::Struct(Box::new([field("p", 0, raw)])));
    let pointer = add(&mut table, "*sync.entry", 8, Kind::Pointer(entry));
    let inner = add(&mut table, "map[interface {}]*sync.entry", 8, Kind::Map(any, pointer));
    let read = add(&mut table, "sync.readOnly", 16, Kind::Struct(Box::new([field("m", 0, inner)])));
    let value = add(&mut table, "sync/atomic.Value", 16, Kind::Struct(Box::new([field("v", 0, any)])));
    let map = Kind::Struct(Box::new([field("read", 8, value), field("dirty", 24, inner)]));
    let map = add(&mut table, "sync.Map", 40, map);
    let whole: Vec<_> =
        compile(&table, map).entries.iter().map(|entry| (entry.word, entry.field, entry.inside)).collect();
    let expected = [PointerWord::Pointer(read), PointerWord::Map(inner)].map(|word| (word, map, Inside::Whole));
    assert_eq!(whole, expected);
    for (offset, entry) in [(16, 0), (24, 1)] {
        assert_eq!(resolve(&table, map, offset).as_ref(), compile(&table, map).entries.get(entry));
    }
    assert_eq!(compile(&table, read).entries[0].inside, Inside::Part);
    assert_eq!(compile(&table, pointer).entries[0].inside, Inside::Part);
    assert_eq!(compile(&table, entry).entries[0].word, PointerWord::BoxedValue(any));
    assert_eq!(resolve(&table, entry, 0).unwrap().word, PointerWord::BoxedValue(any));
}

#[test]
fn types_that_double_at_each_level_are_cut() {
    let mut table = TypeTable::default();
    let field = |name: &str, offset, ty| Field { name: name.into(), offset, ty, is_embedded: false };
    for leaf in [Kind::Scalar, Kind::UnsafePointer] {
        let is_pointer = leaf == Kind::UnsafePointer;
        let mut ty = add(&mut table, "leaf", 8, leaf);
        for level in 0..40_u32 {
            let half = 8 << level;
            let fields = Kind::Struct(Box::new([field("a", 0, ty), field("b", half, ty)]));
            ty = add(&mut table, &format!("doubled{level}"), 2 * half, fields);
        }
        assert!(compile(&table, ty).is_cut);
        assert_eq!(resolve(&table, ty, 8 << 20).is_some(), is_pointer);
    }
}

#[test]
fn a_struct_of_many_fields_is_resolved_by_their_order() {
    let mut table = TypeTable::default();
    let raw = add(&mut table, "unsafe.Pointer", 8, Kind::UnsafePointer);
    let none = add(&mut table, "struct {}", 0, Kind::Struct(Box::default()));
    let field = |at: u64| {
        let (name, ty) = if at.is_multiple_of(2) { ("p", raw) } else { ("none", none) };
        Field { name: name.into(), offset: at.div_ceil(2) * 8, ty, is_embedded: false }
    };
    let wide = Kind::Struct((0..60_000).map(field).collect());
    let wide = add(&mut table, "wide", 240_000, wide);
    let plan = compile(&table, wide);
    let found = (0..30_000).filter(|word| plan.entry(&table, wide, word * 8).is_some());
    assert_eq!((plan.is_cut, found.count()), (true, 30_000));
}
