//! What small functions tell of variables, arguments and frames.
#![allow(clippy::unwrap_used)]

use super::{Facts, Pointee};
use crate::meaning::resolve::Resolver;
use crate::testing::GoProcess;
use crate::testing::machine_code::Code::*;
use crate::testing::machine_code::{AX, BX, CX, Code, DX, SP};
use goheap_model::{Evidence, Part, TypeTable};
use std::sync::Arc;

fn process() -> GoProcess {
    let mut go = GoProcess::new();
    go.define("main.Node", &[("next", "*main.Node"), ("name", "string")]);
    go.define("main.User", &[("id", "int"), ("friends", "[]*main.Node"), ("node", "*main.Node")]);
    for ty in ["*main.Node", "*main.User", "map[int]main.Node", "chan int", "uint8"] {
        go.know(ty);
    }
    go
}

/// A pointer that a variable holds.
fn pointer(go: &mut GoProcess, name: &str) -> u64 {
    go.variable(name, "unsafe.Pointer", &[0])
}

fn facts<R>(go: &GoProcess, ask: impl FnOnce(&Facts<'_, '_>, &Resolver<'_>) -> R) -> R {
    go.open(|model| {
        let resolver = Resolver::new(model, TypeTable::extending(Arc::clone(&model.types)));
        ask(&Facts::read(model, &resolver).unwrap(), &resolver)
    })
}

fn text(resolver: &Resolver<'_>, pointee: Option<Pointee>) -> String {
    pointee.map_or_else(String::new, |told| format!("{:?} {}", told.part, resolver.types.get(told.ty).name))
}

/// What the words of variables lead to.
fn words<const N: usize>(go: &GoProcess, at: [u64; N]) -> [String; N] {
    facts(go, |facts, resolver| at.map(|at| text(resolver, facts.word(at))))
}

/// Makes a value of the type at the descriptor and keeps it in a variable.
fn keeps(descriptor: u64, variable: u64) -> [Code<'static>; 4] {
    [Address(AX, descriptor), Call("runtime.newobject"), Store(variable, AX), Return]
}

#[test]
fn what_an_allocator_gives_is_of_the_type_that_it_is_given() {
    for (allocator, ty, told) in [
        ("runtime.newobject", "main.User", "Value main.User"),
        ("runtime.makeslice", "main.User", "Elements main.User"),
        ("runtime.makemap", "map[int]main.Node", "MapHeader map[int]main.Node"),
        ("runtime.makechan", "chan int", "ChanHeader chan int"),
        ("runtime.mapaccess1_fast64", "map[int]main.Node", "Value main.Node"),
        ("runtime.makemap", "main.User", ""),
        ("runtime.other", "main.User", ""),
        ("runtime.concatstring2", "main.User", "StringData string"),
        ("runtime.stringtoslicebyte", "main.User", "Elements uint8"),
    ] {
        let mut go = process();
        let (kept, descriptor) = (pointer(&mut go, "main.kept"), go.descriptor(ty));
        go.machine_code("main.make", &[Address(AX, descriptor), Call(allocator), Store(kept, AX), Return]);
        assert_eq!(words(&go, [kept]), [told], "{allocator} {ty}");
    }
}

#[test]
fn a_size_that_is_not_the_types_is_of_several_values() {
    let mut go = process();
    let (one, many) = (pointer(&mut go, "main.one"), pointer(&mut go, "main.many"));
    let (descriptor, size) = (go.descriptor("main.User"), go.ty_size("main.User") as u32);
    let make = |size, variable| {
        [Number(AX, size), Address(BX, descriptor), Call("runtime.mallocgc"), Store(variable, AX), Return]
    };
    go.machine_code("main.one", &make(size, one));
    go.machine_code("main.many", &make(2 * size, many));
    assert_eq!(words(&go, [one, many]), ["Value main.User", ""]);
}

#[test]
fn all_have_to_agree_on_what_a_variable_holds() {
    let mut go = process();
    let (disputed, nested) = (pointer(&mut go, "main.disputed"), pointer(&mut go, "main.nested"));
    go.define("main.Outer", &[("inner", "main.Node"), ("n", "int")]);
    let [node, user, outer] = ["main.Node", "main.User", "main.Outer"].map(|ty| go.descriptor(ty));
    go.machine_code("main.one", &keeps(node, disputed));
    go.machine_code("main.two", &keeps(user, disputed));
    go.machine_code("main.three", &keeps(node, nested));
    go.machine_code("main.four", &keeps(outer, nested));
    assert_eq!(words(&go, [disputed, nested]), ["", "Value main.Outer"], "what begins it agrees with it");
}

#[test]
fn a_word_that_is_no_pointer_leads_nowhere() {
    let mut go = process();
    let (number, descriptor) = (go.variable("main.number", "uintptr", &[0]), go.descriptor("main.User"));
    go.machine_code("main.make", &keeps(descriptor, number));
    assert_eq!(words(&go, [number]), [""]);
}

#[test]
fn a_methods_receiver_is_of_its_type() {
    let mut go = process();
    let kept = pointer(&mut go, "main.kept");
    let area = go.variable("main.area", "main.User", &[]);
    let other = go.variable("main.other", "[6]uint64", &[]);
    go.machine_code("main.a", &[Load(AX, kept), Call("main.(*Node).Print"), Return]);
    go.machine_code("main.b", &[Address(AX, area), Call("main.(*User).Print"), Return]);
    go.machine_code("main.c", &[Address(AX, other), Call("main.(*User).Print"), Return]);
    facts(&go, |facts, resolver| {
        assert_eq!(text(resolver, facts.word(kept)), "Value main.Node");
        let areas: Vec<_> = facts.areas().iter().map(|(at, ty)| (*at, &*resolver.types.get(*ty).name)).collect();
        assert_eq!(areas, [(area, "main.User")], "the other has its pointers elsewhere");
    });
}

#[test]
fn where_ways_meet_nil_is_of_the_others_type() {
    let mut go = process();
    let (kept, disputed) = (pointer(&mut go, "main.kept"), pointer(&mut go, "main.disputed"));
    let (node, user) = (go.descriptor("main.Node"), go.descriptor("main.User"));
    // 0 to 2 one way, 3 the other, 4 behind both.
    let nil =
        [Branch(4), Address(AX, node), Call("runtime.newobject"), Jump(5), Number(AX, 0), Store(kept, AX), Return];
    go.machine_code("main.nil", &nil);
    let other_way = pointer(&mut go, "main.otherWay");
    let nil_first =
        [Branch(3), Number(AX, 0), Jump(5), Address(AX, node), Call("runtime.newobject"), Store(other_way, AX), Return];
    go.machine_code("main.nilFirst", &nil_first);
    let two = [
        Branch(4),
        Address(AX, node),
        Call("runtime.newobject"),
        Jump(6),
        Address(AX, user),
        Call("runtime.newobject"),
        Store(disputed, AX),
        Return,
    ];
    go.machine_code("main.two", &two);
    assert_eq!(words(&go, [kept, other_way, disputed]), ["Value main.Node", "Value main.Node", ""]);
}

#[test]
fn around_a_loop_a_value_stays_what_it_is() {
    let mut go = process();
    let (kept, node) = (pointer(&mut go, "main.kept"), go.descriptor("main.Node"));
    // A list is built: each node leads to the one before.
    let code = [
        Number(CX, 0),
        Write(SP, 8, CX),
        Address(AX, node),
        Call("runtime.newobject"),
        Read(CX, SP, 8),
        Write(AX, 0, CX),
        Write(SP, 8, AX),
        Branch(2),
        Read(AX, SP, 8),
        Store(kept, AX),
        Return,
    ];
    go.frame("main.list", 3, &[1]);
    go.machine_code("main.list", &code);
    assert_eq!(words(&go, [kept]), ["Value main.Node"]);
}

#[test]
fn what_a_call_is_given_and_gives_goes_from_function_to_function() {
    let mut go = process();
    let (made, passed) = (pointer(&mut go, "main.made"), pointer(&mut go, "main.passed"));
    let user = go.descriptor("main.User");
    go.machine_code("main.a", &[Call("main.b"), Store(made, AX), Return]);
    go.machine_code("main.b", &[Call("main.c"), Return]);
    go.machine_code("main.c", &[Address(AX, user), Call("runtime.newobject"), Return]);
    go.machine_code("main.d", &[Load(AX, passed), Call("main.e"), Return]);
    go.machine_code("main.e", &[Call("main.f"), Return]);
    go.machine_code("main.f", &[Call("main.(*User).Print"), Return]);
    assert_eq!(words(&go, [made, passed]), ["Value main.User", "Value main.User"]);
}

#[test]
fn who_asks_for_a_type_tells_it_of_no_other() {
    let mut go = process();
    let passed = pointer(&mut go, "main.passed");
    let user = go.descriptor("*main.User");
    // A function that takes an interface, of which the second word leads to a user if the first is its type.
    let code =
        [Address(CX, user), Compare(AX, CX), Branch(4), Return, Move(AX, BX), Call("main.(*User).Print"), Return];
    go.machine_code("main.take", &code);
    go.machine_code("main.give", &[Address(AX, user), Load(BX, passed), Call("main.take"), Return]);
    assert_eq!(words(&go, [passed]), [""]);
}

#[test]
fn behind_a_call_that_does_not_return_there_is_nothing() {
    let mut go = process();
    let (kept, user) = (pointer(&mut go, "main.kept"), go.descriptor("main.User"));
    let code = [Address(AX, user), Call("runtime.newobject"), Call("runtime.gopanic"), Store(kept, AX), Return];
    go.machine_code("main.make", &code);
    assert_eq!(words(&go, [kept]), [""]);
    let code = [Address(AX, user), Call("runtime.newobject"), Call("runtime.gcWriteBarrier1"), Store(kept, AX), Return];
    go.machine_code("main.make", &code);
    assert_eq!(words(&go, [kept]), ["Value main.User"], "a write barrier leaves registers as they were");
    let code = [Address(AX, user), Call("runtime.newobject"), Call("main.other"), Store(kept, AX), Return];
    go.machine_code("main.make", &code);
    assert_eq!(words(&go, [kept]), [""], "other calls do not");
}

#[test]
fn fields_are_told_by_the_struct_that_they_are_in() {
    let mut go = process();
    let [node, friends, inner, number] =
        ["main.node", "main.friends", "main.inner", "main.number"].map(|name| pointer(&mut go, name));
    let user = go.descriptor("main.User");
    // The registers are lost in calls, but here are none.
    let code = [
        Address(AX, user),
        Call("runtime.newobject"),
        Read(CX, AX, 32),
        Store(node, CX),
        Read(CX, AX, 8),
        Store(friends, CX),
        Read(CX, AX, 0),
        Store(number, CX),
        Read(CX, AX, 8),
        Read(CX, CX, 16),
        Store(inner, CX),
        Return,
    ];
    go.machine_code("main.read", &code);
    let told = words(&go, [node, friends, inner, number]);
    assert_eq!(told, ["Value main.Node", "Elements *main.Node", "Value main.Node", ""]);
}

#[test]
fn what_is_put_into_a_field_is_of_its_type() {
    let mut go = process();
    let (kept, user) = (pointer(&mut go, "main.kept"), go.descriptor("main.User"));
    let code = [Address(AX, user), Call("runtime.newobject"), Load(CX, kept), Write(AX, 32, CX), Return];
    go.machine_code("main.write", &code);
    assert_eq!(words(&go, [kept]), ["Value main.Node"]);
}

#[test]
fn what_a_function_does_with_the_words_of_its_argument_tells_of_a_variable() {
    let mut go = process();
    let area = go.variable("main.area", "[3]unsafe.Pointer", &[]);
    go.machine_code("main.take", &[Read(AX, AX, 16), Call("main.(*Node).Print"), Return]);
    go.machine_code("main.give", &[Address(AX, area), Call("main.take"), Return]);
    assert_eq!(words(&go, [area, area + 16]), ["", "Value main.Node"]);
}

#[test]
fn frames_hold_what_was_put_there() {
    let mut go = process();
    let node = go.descriptor("main.Node");
    let code = [
        Address(AX, node),
        Call("runtime.newobject"),
        Write(SP, 8, AX),
        Call("main.other"),
        Number(CX, 7),
        Write(SP, 8, CX),
        Call("main.other"),
        Return,
    ];
    go.frame("main.work", 3, &[1]);
    go.machine_code("main.work", &code);
    let (first, second) = (go.returns_to("main.work", &code, 3), go.returns_to("main.work", &code, 6));
    let entry = go.function("main.work");
    facts(&go, |facts, resolver| {
        let words = facts.words_at_calls(resolver, entry);
        // Three words of locals, the caller's frame pointer and the return address.
        let slot = -(3 * 8 + 16) + 8;
        assert_eq!(text(resolver, words.slot(first, slot)), "Value main.Node");
        assert_eq!(text(resolver, words.slot(second, slot)), "", "it has been written over");
        assert_eq!(text(resolver, words.slot(first, slot + 8)), "");
        let stopped = facts.words_at(resolver, entry, first);
        assert_eq!(text(resolver, stopped.slot(first, slot)), "Value main.Node");
        assert_eq!(text(resolver, stopped.register(AX)), "", "the call has changed it");
    });
}

#[test]
fn a_word_of_a_frame_that_is_written_in_part_is_not_known_any_more() {
    let mut go = process();
    let node = go.descriptor("main.Node");
    go.frame("main.work", 4, &[1]);
    let slot = -(4 * 8 + 16) + 8;
    for (offset, told) in [(12, ""), (4, ""), (16, "Value main.Node"), (0, "Value main.Node")] {
        let code = [
            Address(AX, node),
            Call("runtime.newobject"),
            Write(SP, 8, AX),
            Write(SP, offset, CX),
            Call("main.other"),
            Return,
        ];
        go.machine_code("main.work", &code);
        let (entry, behind) = (go.function("main.work"), go.returns_to("main.work", &code, 4));
        facts(&go, |facts, resolver| {
            let words = facts.words_at_calls(resolver, entry);
            assert_eq!(text(resolver, words.slot(behind, slot)), told, "{offset}");
        });
    }
}

#[test]
fn a_closure_is_told_by_the_struct_that_its_address_is_put_into() {
    let mut go = process();
    let captured = "struct { F uintptr; node *main.Node }";
    go.define(captured, &[("F", "uintptr"), ("node", "*main.Node")]);
    let (made, seen, kept) = (go.descriptor(captured), pointer(&mut go, "main.seen"), pointer(&mut go, "main.kept"));
    let code = go.function("main.work.func1");
    go.machine_code(
        "main.work",
        &[Address(AX, made), Call("runtime.newobject"), Address(CX, code), Write(AX, 0, CX), Store(kept, AX), Return],
    );
    go.machine_code("main.work.func1", &[Read(CX, DX, 8), Store(seen, CX), Return]);
    facts(&go, |facts, resolver| {
        let closures: Vec<_> = facts.closures().iter().map(|(at, ty)| (*at, &*resolver.types.get(*ty).name)).collect();
        assert_eq!(closures, [(code, captured)]);
        assert_eq!(text(resolver, facts.word(seen)), "Value main.Node", "and so the function knows what it holds");
        assert_eq!(facts.word(kept).map(|told| told.part), Some(Part::Closure), "of whatever function it is");
    });
    let alone = go.open(|model| {
        let resolver = Resolver::new(model, TypeTable::extending(Arc::clone(&model.types)));
        Facts::closures_alone(model, &resolver).len()
    });
    assert_eq!(alone, 1);
}

#[test]
fn a_dictionary_that_all_calls_pass_is_known_in_generic_code() {
    let told = |second: bool| {
        let mut go = process();
        let (kept, node) = (pointer(&mut go, "main.kept"), go.descriptor("main.Node"));
        // Between types and variables nothing is written.
        let (dictionary, other) = (node + 0x2_0000, node + 0x2_0100);
        go.set(dictionary, &[node]);
        go.set(other, &[node]);
        let generic = [Read(AX, AX, 0), Call("runtime.newobject"), Store(kept, AX), Return];
        go.machine_code("main.Map[...]", &generic);
        go.machine_code("main.a", &[Address(AX, dictionary), Call("main.Map[...]"), Return]);
        if second {
            go.machine_code("main.b", &[Address(AX, other), Call("main.Map[...]"), Return]);
        }
        words(&go, [kept])
    };
    assert_eq!(told(false), ["Value main.Node"]);
    assert_eq!(told(true), [""], "another call passes another one");
}

#[test]
fn a_type_that_begins_another_of_the_same_looks_is_a_guess() {
    let mut go = process();
    go.define("main.Base", &[("node", "*main.Node")]);
    go.define("main.Derived", &[("", "main.Base")]);
    go.know("main.Derived");
    facts(&go, |facts, resolver| {
        let of = |name: &str, part| Pointee { part, ty: resolver.types.by_name(name).unwrap() };
        let value = Part::Value;
        let evidence = |name| facts.evidence(of(name, value));
        assert_eq!(evidence("main.Base"), Evidence::Candidate, "it may be a main.Derived");
        assert_eq!(evidence("main.Derived"), Evidence::Derived);
        assert_eq!(evidence("main.Node"), Evidence::Derived);
    });
}

#[test]
fn of_a_stripped_program_objects_are_typed_by_its_code() {
    let mut go = process();
    let (kept, descriptor) = (pointer(&mut go, "main.kept"), go.descriptor("main.Node"));
    go.machine_code("main.make", &keeps(descriptor, kept));
    let (head, tail) = (go.object("main.Node"), go.object("main.Node"));
    go.set(head, &[tail]);
    go.set(kept, &[head]);
    go.take(|snapshot| assert_eq!([head, tail].map(|at| snapshot.type_at(at)), ["main.Node", "main.Node"]));
}

#[test]
fn further_on_lies_a_part_of_it_or_the_rest_of_the_row() {
    let told = |maker: &'static str, ty: &str, by: i32, offset: i32| {
        let mut go = process();
        go.define("main.Big", &[("n", "int"), ("user", "main.User")]);
        let (kept, descriptor) = (pointer(&mut go, "main.kept"), go.descriptor(ty));
        let code =
            [Address(AX, descriptor), Call(maker), Further(AX, by), Read(CX, AX, offset), Store(kept, CX), Return];
        go.machine_code("main.make", &code);
        words(&go, [kept])
    };
    let (one, row) = ("runtime.newobject", "runtime.makeslice");
    assert_eq!(told(one, "main.Big", 8, 32), ["Value main.Node"], "the user in it");
    assert_eq!(told(one, "main.Big", 4, 32), [""], "nothing begins there");
    assert_eq!(told(row, "main.User", 40, 32), ["Value main.Node"], "the next element");
    assert_eq!(told(row, "main.Big", 48 + 8, 32), ["Value main.Node"], "the user in that");
    assert_eq!(told(one, "main.User", 40, 32), [""], "behind one value nothing is known");
}
