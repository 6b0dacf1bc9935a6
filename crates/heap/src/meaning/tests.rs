//! What single words mean, and where keys and values lie in maps.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::containers::{Containers, MapLayout, Position, Role};
use super::plan::PointerWord;
use super::resolve::{Need, Resolver, Target, Told};
use crate::testing::GoProcess;
use goheap_model::{GoType, Kind, Part, TypeId, TypeTable};
use std::sync::Arc;

fn resolved<R>(go: &GoProcess, ask: impl FnOnce(&mut Resolver<'_>) -> R) -> R {
    go.open(|model| ask(&mut Resolver::new(model, TypeTable::extending(Arc::clone(&model.types)))))
}

/// What stands at some offsets of a bucket or group, in words, and its length.
fn layout(release: &str, splits: bool, map: &str, offsets: &[u64]) -> (u64, Vec<String>) {
    let mut go = GoProcess::of_release(release);
    go.know(map);
    go.open(|model| {
        let resolver = Resolver::new(model, TypeTable::extending(Arc::clone(&model.types)));
        let Containers { memory, layout, swiss, red_zones, .. } = resolver.containers;
        let containers = Containers { memory, layout, swiss, split_groups: splits, red_zones };
        let layout = MapLayout::of(&resolver.types, resolver.types.by_name(map).unwrap(), &containers).unwrap();
        let text = |offset: &u64| match layout.position(*offset) {
            Position::Item(role, _, inner) => format!("{}+{inner}", role.prefix()),
            Position::Indirect(role, _) => format!("*{}", role.prefix()),
            Position::Machinery => String::new(),
        };
        (layout.stride, offsets.iter().map(text).collect())
    })
}

#[test]
fn entries_lie_as_the_compiler_lays_them_out() {
    const OLD: &str = "go1.23.4";
    const SWISS: &str = "go1.26.1";
    let at = |release, splits, map: &str, offsets: &[u64], stride, expected: &[&str]| {
        let told = layout(release, splits, map, offsets);
        assert_eq!(told, (stride, expected.iter().map(|&text| text.to_owned()).collect()), "{release} {map}");
    };
    // tophash, eight keys, eight values, the overflow pointer
    at(
        OLD,
        false,
        "map[int]string",
        &[0, 8, 64, 72, 80, 200],
        208,
        &["", "[key]+0", "[key]+0", "[value]+0", "[value]+8", ""],
    );
    // control word, eight pairs
    at(
        SWISS,
        false,
        "map[int]string",
        &[0, 8, 16, 24, 32, 200],
        200,
        &["", "[key]+0", "[value]+0", "[value]+8", "[key]+0", ""],
    );
    at(SWISS, true, "map[int]string", &[0, 8, 64, 72, 80], 200, &["", "[key]+0", "[key]+0", "[value]+0", "[value]+8"]);
    // What is aligned leaves gaps.
    at(SWISS, false, "map[uint8]uint64", &[8, 9, 15, 16, 24], 136, &["[key]+0", "", "", "[value]+0", "[key]+0"]);
    at(SWISS, false, "map[uint64]uint8", &[8, 16, 17, 24], 136, &["[key]+0", "[value]+0", "", "[key]+0"]);
    at(SWISS, false, "map[uint8]uint8", &[8, 9, 10, 23], 24, &["[key]+0", "[value]+0", "[key]+0", "[value]+0"]);
    // A value of no size takes a byte, lest a pointer to it lead behind the group.
    at(SWISS, false, "map[int]struct {}", &[8, 16, 24], 136, &["[key]+0", "", "[key]+0"]);
    at(OLD, false, "map[int]struct {}", &[8, 64, 72], 80, &["[key]+0", "[key]+0", ""]);
    // What is larger than 128 bytes lies elsewhere.
    at(SWISS, false, "map[[129]uint8]int", &[8, 16, 24], 136, &["*[key]", "[value]+0", "*[key]"]);
    at(OLD, false, "map[int][129]uint8", &[8, 72, 80], 144, &["[key]+0", "*[value]", "*[value]"]);
    at(
        SWISS,
        false,
        "map[[128]uint8]int",
        &[8, 135, 136, 144],
        1096,
        &["[key]+0", "[key]+127", "[value]+0", "[key]+0"],
    );
}

/// What an interface's word of a type leads to.
fn held(define: impl FnOnce(&mut GoProcess) -> [u64; 2], has_methods: bool) -> (String, Option<Told>) {
    let mut go = GoProcess::new();
    let words = define(&mut go);
    let at = go.variable("main.any", "interface {}", &words) + 8;
    resolved(&go, |resolver| {
        let any = TypeId(0);
        match resolver.target_loaded(PointerWord::InterfaceData(has_methods), any, at, words[1]) {
            Target::Known(part, ty, told) => (format!("{part:?} {}", resolver.types.get(ty).name), Some(told)),
            _ => (String::new(), None),
        }
    })
}

#[test]
fn an_interface_tells_what_its_second_word_leads_to() {
    let boxed = held(|go| [go.descriptor("int"), go.data(&[1; 8])], false);
    assert_eq!(boxed, ("Value int".to_owned(), Some(Told::Box)));
    let pointer = held(|go| [go.descriptor("*int"), go.data(&[1; 8])], false);
    assert_eq!(pointer, ("Value int".to_owned(), Some(Told::Beside)), "a pointer is the word itself");
    let map = held(|go| [go.descriptor("map[int]int"), go.map("map[int]int", &[])], false);
    assert_eq!(map, ("MapHeader map[int]int".to_owned(), Some(Told::Beside)));
    let named = |go: &mut GoProcess| {
        go.know("[]int");
        go.define_as("main.Numbers", "[]int");
        [go.descriptor("main.Numbers"), go.row("[]int", 1)]
    };
    assert_eq!(held(named, false).0, "Value []int", "a slice of a type of its own lies in a box for any");
    let by_itab = |go: &mut GoProcess| {
        go.define_interface("main.Shape");
        go.define("main.Circle", &[("r", "int"), ("p", "*int")]);
        [go.itab("main.Shape", "main.Circle"), go.object("main.Circle")]
    };
    assert_eq!(held(by_itab, true), ("Value main.Circle".to_owned(), Some(Told::Box)));
    assert_eq!(held(|go| [0x1234, go.data(&[1; 8])], false), (String::new(), None), "no type is there");
}

#[test]
fn a_reflected_value_is_the_word_or_lies_where_it_leads() {
    let mut go = GoProcess::new();
    let (pointer, boxed) = (go.descriptor("*int"), go.data(&[1; 8]));
    let direct = go.variable("main.direct", "[3]uintptr", &[pointer, boxed, 22]);
    let flagged = go.variable("main.flagged", "[3]uintptr", &[pointer, boxed, 22 | 1 << 7]);
    resolved(&go, |resolver| {
        let mut told = |at: u64| match resolver.target_loaded(PointerWord::Reflected, TypeId(0), at + 8, boxed) {
            Target::Known(Part::Value, ty, Told::Beside) => resolver.types.get(ty).name.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!((told(direct), told(flagged)), ("int".to_owned(), "*int".to_owned()));
    });
}

#[test]
fn a_closure_is_of_the_function_that_begins_where_it_leads() {
    let mut go = GoProcess::new();
    go.define("reflect.makeFuncImpl", &[("code", "uintptr"), ("ftyp", "unsafe.Pointer")]);
    go.know("reflect.makeFuncImpl");
    let own = go.closure("main.work.func1", &[5], &[]);
    let reflected = go.closure("reflect.makeFuncStub", &[0], &[1]);
    let code = go.function("main.work.func1");
    let none = go.data(&(code + 1).to_le_bytes());
    resolved(&go, |resolver| {
        assert_eq!(resolver.closure(own), Target::Needs(Need::Closure(code)), "it is made when it is asked for");
        let mut told = |at: u64| match resolver.target_loaded(PointerWord::Func, TypeId(0), at, at) {
            Target::Known(Part::Closure, ty, Told::ByType) => {
                let ty = resolver.types.get(ty);
                (ty.name.to_string(), matches!(ty.kind, Kind::Opaque))
            }
            _ => Default::default(),
        };
        assert_eq!(told(own), ("func main.work.func1".to_owned(), true), "nothing says what it captures");
        assert_eq!(told(reflected), ("reflect.makeFuncImpl".to_owned(), false));
        assert_eq!(told(none), Default::default(), "nothing begins there");
    });
}

#[test]
fn what_code_makes_a_closure_of_says_what_it_captures() {
    let mut go = GoProcess::new();
    let made = "struct { F uintptr; count int; next *int }";
    go.define(made, &[("F", "uintptr"), ("count", "int"), ("next", "*int")]);
    go.know(made);
    let closure = go.closure("main.work.func1", &[5, 0], &[2]);
    let code = go.function("main.work.func1");
    resolved(&go, |resolver| {
        let ty = resolver.types.by_name(made).unwrap();
        resolver.closures.tell([(code, ty)].into_iter().collect());
        let Target::Known(Part::Closure, ty, _) =
            resolver.target_loaded(PointerWord::Func, TypeId(0), closure, closure)
        else {
            panic!("it is none");
        };
        let fields = match &resolver.types.get(ty).kind {
            Kind::Struct(fields) => fields.iter().map(|field| (field.name.to_string(), field.offset)).collect(),
            _ => Vec::new(),
        };
        assert_eq!(fields, [("count".to_owned(), 8), ("next".to_owned(), 16)]);
        assert_eq!(resolver.types.get(ty).size, 24);
        let bare = resolver.closures.bare(ty).unwrap();
        assert!(resolver.is_opaque(bare) && !resolver.is_opaque(ty), "to fall back on");
    });
}

#[test]
fn a_channel_type_is_the_programs_or_made_once() {
    let mut go = GoProcess::new();
    for ty in ["chan int", "uint8"] {
        go.know(ty);
    }
    resolved(&go, |resolver| {
        let [int, byte] = ["int", "uint8"].map(|name| resolver.types.by_name(name).unwrap());
        let before = resolver.types.len();
        let known = resolver.chan_of(int);
        assert_eq!((Some(known), resolver.types.len()), (resolver.types.by_name("chan int"), before));
        let made = resolver.chan_of(byte);
        assert_eq!((&*resolver.types.get(made).name, resolver.types.len()), ("chan uint8", before + 1));
        assert_eq!((resolver.chan_of(byte), resolver.types.len()), (made, before + 1));
    });
}

#[test]
fn the_word_before_is_a_type_an_itab_or_neither() {
    let mut go = GoProcess::new();
    go.define_interface("main.Shape");
    go.define("main.Circle", &[("r", "int")]);
    let (ty, itab) = (go.descriptor("main.Circle"), go.itab("main.Shape", "main.Circle"));
    let at = go.variable("main.words", "[6]uintptr", &[ty, 0, itab, 0, 77, 0]);
    resolved(&go, |resolver| {
        let before = [8, 24, 40].map(|offset| resolver.interface_before(at + offset));
        assert_eq!(before, [Some(false), Some(true), None]);
        let interface = resolver.itab_interface(itab).unwrap();
        assert_eq!(&*resolver.types.get(interface).name, "main.Shape");
        assert_eq!(resolver.itab_interface(ty), None);
    });
}

#[test]
fn a_type_that_is_added_has_a_mask() {
    let go = GoProcess::new();
    resolved(&go, |resolver| {
        let word = resolver.add_type(GoType {
            name: "unsafe.Pointer".into(),
            size: 8,
            kind: Kind::UnsafePointer,
            descriptor: None,
        });
        let row =
            resolver.add_type(GoType { name: "[3]".into(), size: 24, kind: Kind::Array(word, 3), descriptor: None });
        assert_eq!(resolver.small_mask(row), Some(0b111));
        assert_eq!(Role::Own.prefix(), "", "and no path of its own");
    });
}
