//! What frames say: `main.cache *main.Cache`, `.entries map[string]*main.Session`, `[value] *main.Session`.

use crate::meaning::containers::{Role, structs};
use crate::meaning::plan::{PlanEntry, PointerWord};
use crate::meaning::resolve::{Resolver, Target};
use goheap_image::Address;
use goheap_model::names::{Dynamic, FoundType, FrameName, FrameRole, PackageNames, elided};
use goheap_model::{Evidence, Kind, ObjectType, Part, TypeId, TypeTable};
use goheap_runtime::RuntimeModel;
use std::borrow::Cow;

/// Captured variables named after a func value; more are `…`.
const CAPTURED_SHOWN: usize = 4;

/// Where an edge enters its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Entered {
    /// At its first byte.
    #[default]
    Start,
    /// Behind that.
    Inside,
    /// At one of several values in one block, behind the one that the block goes by.
    Among,
}

/// What the type of the object that an edge leads to tells beyond the edge's declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Beyond {
    /// Nothing: the declared type says it all, or the object has no type.
    Nothing,
    /// That it is a guess: ` ?`.
    Guessed,
    /// What it is, where the declaration does not say: ` = main.Item`.
    Is(ObjectType),
    /// What the declared type is a part of: ` in main.Item`.
    In(ObjectType),
}

impl Beyond {
    /// `declared` is what the edge says of its target, of which that was found.
    pub(crate) fn new(declared: Target, object: ObjectType, entered: Entered) -> Self {
        let is_guessed = object.evidence() == Evidence::Candidate;
        // Otherwise the kind of evidence changes nothing in the text: equal keys have equal labels, and few keys.
        let plain = object.with_evidence(if is_guessed { Evidence::Candidate } else { Evidence::Exact });
        match declared {
            _ if !object.is_known() => Beyond::Nothing,
            Target::Known(part, ty, _) => {
                let is_row = |part| matches!(part, Part::Value | Part::Elements);
                let is_same = ty == object.ty() && (part == object.part() || is_row(part) && is_row(object.part()));
                let is_element = entered == Entered::Inside && part == Part::Value && object.part() == Part::Elements;
                match (is_same && !is_element, is_guessed) {
                    (true, true) => Beyond::Guessed,
                    (true, false) => Beyond::Nothing,
                    (false, _) if entered == Entered::Among => Beyond::Nothing,
                    (false, true) => Beyond::In(plain),
                    (false, false) if part == Part::Value => Beyond::In(plain),
                    (false, false) => Beyond::Nothing,
                }
            }
            Target::Needs(_) | Target::Unknown if entered == Entered::Among => Beyond::Nothing,
            Target::Needs(_) | Target::Unknown => Beyond::Is(plain),
        }
    }

    /// A number that mostly tells two apart.
    pub(crate) fn number(self) -> u32 {
        match self {
            Beyond::Nothing => 0,
            Beyond::Guessed => 1,
            Beyond::Is(object) => object.to_bits(),
            Beyond::In(object) => !object.to_bits(),
        }
    }

    /// A name with what this tells.
    pub(crate) fn named(self, name: FrameName) -> FrameName {
        let found = match self {
            Beyond::Nothing | Beyond::Guessed => FoundType::Declared,
            Beyond::Is(object) => FoundType::Is(object.part(), object.ty()),
            Beyond::In(object) => FoundType::In(object.part(), object.ty()),
        };
        let is_guess = match self {
            Beyond::Nothing => false,
            Beyond::Guessed => true,
            Beyond::Is(object) | Beyond::In(object) => object.evidence() == Evidence::Candidate,
        };
        FrameName { found, is_guess, ..name }
    }

    /// The end of a label.
    pub(crate) fn text(self, types: &TypeTable, packages: &PackageNames) -> String {
        let mark = |object: ObjectType| if object.evidence() == Evidence::Candidate { " ?" } else { "" };
        match self {
            Beyond::Nothing => String::new(),
            Beyond::Guessed => " ?".to_owned(),
            Beyond::Is(object) => {
                let whole = structs::whole_of(&types.get(object.ty()).name).filter(|_| object.part() == Part::Value);
                let label = whole.unwrap_or_else(|| object_label(types, object));
                format!(" = {}{}", packages.shorten(&label), mark(object))
            }
            Beyond::In(object) => format!(" in {}{}", packages.shorten(&object_label(types, object)), mark(object)),
        }
    }
}

/// What an object is, without regard to who holds it.
pub(crate) fn object_label(types: &TypeTable, object: ObjectType) -> String {
    let name = shown(types, object.ty());
    match object.part() {
        Part::Value | Part::BoxedValue | Part::MapHeader | Part::ChanHeader | Part::Closure => name.into_owned(),
        Part::Elements => format!("[]{name}"),
        Part::StringData => "string".to_owned(),
        _ => format!("{name} internals"),
    }
}

/// A type's name, short of what no frame has room for: the fields and methods of types without a name.
pub(crate) fn shown(types: &TypeTable, ty: TypeId) -> Cow<'_, str> {
    elided(&types.get(ty).name)
}

/// A variable and its type.
pub(crate) fn variable_label(types: &TypeTable, name: &str, ty: TypeId) -> String {
    format!("{name} {}", shown(types, ty))
}

/// A field as text and as data: its path after `prefix`, its type, and what an interface or a func value turned out to hold. The field's word lies
/// at `at` and holds `value`; if that is a closure, `is_closure`, an interface that holds a func value says of which function.
pub(crate) fn field_label(
    resolver: &mut Resolver<'_>,
    model: &RuntimeModel<'_>,
    packages: &PackageNames,
    prefix: &str,
    entry: &PlanEntry,
    (at, value): (u64, u64),
    is_closure: bool,
) -> (String, Dynamic) {
    let declared = format!("{prefix}{} {}", entry.path, packages.shorten(&shown(&resolver.types, entry.field)));
    let dynamic = match entry.word {
        PointerWord::InterfaceData(has_methods) => match resolver.dynamic_type(at, has_methods) {
            Some(dynamic) if is_closure && matches!(resolver.types.get(dynamic).kind, Kind::Func) => {
                let name = || packages.shorten(&shown(&resolver.types, dynamic)).into_owned();
                let function = function_of(model, value).unwrap_or_else(name);
                Dynamic::Function(function.into(), captured(resolver, value))
            }
            dynamic => dynamic.map_or(Dynamic::Nothing, Dynamic::Type),
        },
        PointerWord::Func => match function_of(model, value) {
            Some(function) => Dynamic::Function(function.into(), captured(resolver, value)),
            None => Dynamic::Nothing,
        },
        _ => Dynamic::Nothing,
    };
    let text = format!("{}{}", declared.trim_start(), dynamic_text(&resolver.types, packages, &dynamic));
    (text, dynamic)
}

/// What of a label tells what a word turned out to hold.
pub(crate) fn dynamic_text(types: &TypeTable, packages: &PackageNames, dynamic: &Dynamic) -> String {
    match dynamic {
        Dynamic::Nothing => String::new(),
        Dynamic::Type(ty) => format!(" = {}", packages.shorten(&shown(types, *ty))),
        Dynamic::Function(name, captured) if captured.is_empty() => format!(" = {}", packages.shorten(name)),
        Dynamic::Function(name, captured) => {
            let name = packages.shorten(name);
            let (shown, more) = captured.split_at(captured.len().min(CAPTURED_SHOWN));
            format!(" = {name}{{{}{}}}", shown.join(", "), if more.is_empty() { "" } else { ", …" })
        }
    }
}

/// The variables that a func value's closure holds, one more than are shown where there are more; none where they are not known.
fn captured(resolver: &mut Resolver<'_>, closure: u64) -> Box<[Box<str>]> {
    let Target::Known(_, ty, _) = resolver.target_loaded(PointerWord::Func, TypeId(0), 0, closure) else {
        return Box::default();
    };
    let Kind::Struct(fields) = &resolver.types.get(ty).kind else { return Box::default() };
    let names = fields.iter().map(|field| &field.name).filter(|name| &***name != ".dict");
    names.take(CAPTURED_SHOWN + 1).cloned().collect()
}

/// Objects that are called by what they are.
pub(crate) fn objects_name(role: FrameRole, object: ObjectType) -> FrameName {
    let what = if object.is_known() { Beyond::Is(object) } else { Beyond::Nothing };
    what.named(FrameName::of(role))
}

/// What a container's value is to the object that holds it.
pub(crate) fn frame_role(role: Role) -> FrameRole {
    match role {
        Role::Own => FrameRole::Field,
        Role::Element => FrameRole::Element,
        Role::Key => FrameRole::Key,
        Role::Value => FrameRole::Value,
        Role::Queued => FrameRole::Queued,
    }
}

/// The function that a func value calls: the first word of its closure is the code's address.
pub(crate) fn function_of(model: &RuntimeModel<'_>, closure: u64) -> Option<String> {
    model.function_name(model.memory().read_u64(Address(closure))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::resolve::Told;

    #[test]
    fn the_target_is_told_where_the_declaration_does_not() {
        let (item, other) = (TypeId(3), TypeId(4));
        let object = |part, evidence| ObjectType::new(part, item, evidence);
        let derived = object(Part::Value, Evidence::Derived);
        let guess = object(Part::Value, Evidence::Candidate);
        let exact = object(Part::Value, Evidence::Exact);
        let says = |part, ty| Target::Known(part, ty, Told::ByType);
        let beyond = Beyond::new;
        assert_eq!(beyond(says(Part::Value, item), derived, Entered::Start), Beyond::Nothing);
        assert_eq!(beyond(says(Part::Value, item), guess, Entered::Start), Beyond::Guessed);
        assert_eq!(beyond(Target::Unknown, derived, Entered::Start), Beyond::Is(exact));
        assert_eq!(
            beyond(Target::Unknown, exact, Entered::Start),
            beyond(Target::Unknown, derived, Entered::Start),
            "one label, one key"
        );
        assert_eq!(beyond(Target::Unknown, guess, Entered::Start), Beyond::Is(guess));
        assert_eq!(beyond(Target::Unknown, ObjectType::UNKNOWN, Entered::Start), Beyond::Nothing);
        assert_eq!(beyond(says(Part::Value, other), derived, Entered::Inside), Beyond::In(exact));
        let row = object(Part::Elements, Evidence::Exact);
        assert_eq!(beyond(says(Part::Value, item), row, Entered::Start), Beyond::Nothing);
        assert_eq!(
            beyond(says(Part::Value, item), row, Entered::Inside),
            Beyond::In(row),
            "one element holds them all"
        );
        assert_eq!(
            beyond(says(Part::Value, item), derived, Entered::Among),
            Beyond::Nothing,
            "a block of tiny objects"
        );
        assert_eq!(beyond(says(Part::Value, item), guess, Entered::Among), Beyond::Guessed);
        assert_eq!(beyond(says(Part::Value, other), derived, Entered::Among), Beyond::Nothing, "another value's type");
        assert_eq!(beyond(Target::Unknown, derived, Entered::Among), Beyond::Nothing);
        assert_eq!(beyond(says(Part::Elements, item), row, Entered::Inside), Beyond::Nothing, "a slice of the middle");
        assert_eq!(beyond(says(Part::StringData, other), derived, Entered::Start), Beyond::Nothing);
    }

    fn named() -> (TypeTable, TypeId) {
        let mut types = TypeTable::default();
        let ty = goheap_model::GoType { name: "main.Item".into(), size: 8, kind: Kind::Scalar, descriptor: None };
        let item = types.add(ty);
        (types, item)
    }

    #[test]
    fn an_object_is_labelled_by_its_type_and_what_of_it_it_is() {
        let (types, item) = named();
        let label = |part| object_label(&types, ObjectType::new(part, item, Evidence::Exact));
        assert_eq!(label(Part::Value), "main.Item");
        assert_eq!(label(Part::Elements), "[]main.Item");
        assert_eq!(label(Part::StringData), "string");
        assert_eq!(label(Part::MapHeader), "main.Item", "a map is its header");
        assert_eq!(label(Part::MapGroups), "main.Item internals");
        assert_eq!(variable_label(&types, "main.cache", item), "main.cache main.Item");
    }

    #[test]
    fn the_end_of_a_label_says_what_was_found_and_how_sure_it_is() {
        let (types, item) = named();
        let packages = PackageNames::default();
        let text = |beyond: Beyond| beyond.text(&types, &packages);
        let of = |evidence| ObjectType::new(Part::Value, item, evidence);
        assert_eq!(text(Beyond::Nothing), "");
        assert_eq!(text(Beyond::Guessed), " ?");
        assert_eq!(text(Beyond::Is(of(Evidence::Exact))), " = main.Item");
        assert_eq!(text(Beyond::Is(of(Evidence::Candidate))), " = main.Item ?");
        assert_eq!(text(Beyond::In(of(Evidence::Exact))), " in main.Item");
        let row = ObjectType::new(Part::Elements, item, Evidence::Exact);
        assert_eq!(text(Beyond::In(row)), " in []main.Item");
    }

    #[test]
    fn what_ends_otherwise_has_another_number() {
        let of = |part, evidence| ObjectType::new(part, TypeId(3), evidence);
        let (value, row) = (of(Part::Value, Evidence::Exact), of(Part::Elements, Evidence::Exact));
        let guess = of(Part::Value, Evidence::Candidate);
        let all = [
            Beyond::Nothing,
            Beyond::Guessed,
            Beyond::Is(value),
            Beyond::Is(row),
            Beyond::Is(guess),
            Beyond::In(value),
            Beyond::In(row),
        ];
        let mut numbers = all.map(Beyond::number);
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "{numbers:?}");
    }
}
