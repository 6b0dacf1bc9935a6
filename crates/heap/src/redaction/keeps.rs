//! Which bytes of a value of a type are structure: lengths, types of interfaces, pointers, and what the runtime's own structs hold.

use crate::meaning::containers::{Containers, MapLayout, Position};
use goheap_model::{Evidence, Kind, ObjectType, Part, TypeId, TypeTable};
use goheap_runtime::own_names::is_runtimes;
use std::ops::Range;

/// What stays of objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keeps {
    /// By distance from the first byte of the payload, or of each element; ascending.
    pub(super) ranges: Vec<Range<u64>>,
    /// After how many bytes they begin anew; None where they stand once.
    pub(super) period: Option<u64>,
    /// True if the type tells of each byte of an object what it is. Else words are judged by what they hold, too.
    pub(super) is_whole: bool,
    /// Where it has pointers to names of types and their parts, in the order of `ranges`.
    pub(super) names: Vec<u64>,
}

/// What holds nothing but a pointer to the name of a type or of a part of one (internal/abi/type.go; reflect/type.go and runtime/type.go
/// up to 1.20).
const NAMES: [&str; 3] = ["internal/abi.Name", "reflect.name", "runtime.name"];

/// Ranges of one type: more than any has that is not an array of thousands.
const MOST_RANGES: usize = 1 << 14;
const MAX_DEPTH: u32 = 64;
/// Parts that are looked at, those of which nothing stays among them.
const MOST_PARTS: u32 = 1 << 16;
/// Control bytes of a bucket or group.
const CONTROL_BYTES: u64 = 8;

impl Keeps {
    /// What stays of an object.
    pub(super) fn of(types: &TypeTable, containers: &Containers<'_>, object: ObjectType) -> Keeps {
        let (part, ty) = (object.part(), object.ty());
        if !object.is_known() {
            return Keeps::default();
        }
        let is_sure = object.evidence() >= Evidence::Derived;
        let mut found = Found::new(types);
        let Some(period) = found.part(containers, part, ty) else { return Keeps::default() };
        found.finish(Some(period).filter(|&period| period > 0), is_sure)
    }

    /// What stays of a variable; None where that cannot be told.
    pub(super) fn of_variable(types: &TypeTable, ty: TypeId) -> Option<Keeps> {
        let mut found = Found::new(types);
        found.value(ty, 0, false, MAX_DEPTH);
        Some(found.finish(None, true)).filter(|keeps| keeps.is_whole)
    }

    /// The parts of `wanted`, by distance from the first byte of the payload, that stay.
    pub(super) fn each(&self, wanted: Range<u64>, mut visit: impl FnMut(Range<u64>)) {
        let mut one = |start: u64| {
            for range in &self.ranges {
                let part = range.start.saturating_add(start).max(wanted.start)
                    ..range.end.saturating_add(start).min(wanted.end);
                if part.start < part.end {
                    visit(part);
                }
            }
        };
        match self.period {
            None => one(0),
            Some(period) if !self.ranges.is_empty() => {
                let mut start = wanted.start / period * period;
                while start < wanted.end {
                    one(start);
                    start += period;
                }
            }
            Some(_) => {}
        }
    }
}

/// Ranges as they are found.
struct Found<'t> {
    types: &'t TypeTable,
    ranges: Vec<Range<u64>>,
    is_whole: bool,
    names: Vec<u64>,
    parts: u32,
}

impl<'t> Found<'t> {
    fn new(types: &'t TypeTable) -> Self {
        Found { types, ranges: Vec::new(), is_whole: true, names: Vec::new(), parts: 0 }
    }

    fn keep(&mut self, start: u64, len: u64) {
        if self.ranges.len() >= MOST_RANGES {
            self.is_whole = false;
            return;
        }
        let end = start.saturating_add(len);
        match self.ranges.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => self.ranges.push(start..end),
        }
    }

    /// A part of a type: after how many bytes it begins anew, 0 where it stands once; None where it cannot be told.
    fn part(&mut self, containers: &Containers<'_>, part: Part, ty: TypeId) -> Option<u64> {
        let types = self.types;
        match part {
            Part::Value | Part::BoxedValue => self.value(ty, 0, false, MAX_DEPTH),
            Part::Elements => {
                self.value(ty, 0, false, MAX_DEPTH);
                return Some(types.get(ty).size);
            }
            Part::StringData => {}
            Part::MapHeader | Part::MapExtra | Part::MapDirectory | Part::MapTable | Part::Machinery => {
                self.keep(0, u64::MAX);
            }
            Part::ChanHeader => self.keep(0, containers.layout.hchan.size),
            Part::ChanBuffer => {
                let Kind::Chan(elem) = types.get(ty).kind else { return None };
                self.value(elem, 0, false, MAX_DEPTH);
                return Some(types.get(elem).size);
            }
            Part::MapBuckets | Part::MapGroups => {
                let layout = MapLayout::of(types, ty, containers)?;
                self.entries(&layout);
                return Some(layout.stride);
            }
            Part::Closure => {
                self.keep(0, 8);
                match types.get(ty).kind {
                    Kind::Struct(_) => self.value(ty, 0, false, MAX_DEPTH),
                    _ => self.is_whole = false,
                }
            }
        }
        Some(0)
    }

    /// A value of `ty` at `at`; `is_own` if it is part of a struct of the runtime's.
    fn value(&mut self, ty: TypeId, at: u64, is_own: bool, depth: u32) {
        self.parts += 1;
        let Some(depth) = depth.checked_sub(1).filter(|_| self.parts <= MOST_PARTS) else {
            self.is_whole = false;
            return;
        };
        let ty = self.types.get(ty);
        match &ty.kind {
            Kind::Scalar if is_own => self.keep(at, ty.size),
            Kind::Scalar => {}
            Kind::Opaque if is_own || is_runtimes(&ty.name) => self.keep(at, ty.size),
            Kind::Opaque => self.is_whole &= ty.size == 0,
            Kind::String | Kind::Interface(_) => self.keep(at, 16),
            Kind::Slice(_) => self.keep(at, 24),
            Kind::UnsafePointer | Kind::Pointer(_) | Kind::Func | Kind::Map(..) | Kind::Chan(_) => self.keep(at, 8),
            Kind::Array(elem, count) => self.array((*elem, *count), at, is_own, depth),
            Kind::Struct(fields) => {
                let is_own = is_own || is_runtimes(&ty.name);
                if NAMES.contains(&&*ty.name) {
                    self.names.push(at);
                }
                let is_generic = ty.name.contains('[');
                for field in fields {
                    // What a generic container of the library holds is the program's.
                    let is_content = is_generic && matches!(&*field.name, "key" | "value" | "v" | "x" | "result");
                    self.value(field.ty, at.saturating_add(field.offset), is_own && !is_content, depth);
                }
            }
        }
    }

    fn array(&mut self, (elem, count): (TypeId, u64), at: u64, is_own: bool, depth: u32) {
        let (size, before) = (self.types.get(elem).size, self.ranges.len());
        if size == 0 {
            return;
        }
        if is_own && matches!(self.types.get(elem).kind, Kind::Scalar) {
            return self.keep(at, size.saturating_mul(count));
        }
        for index in 0..count {
            self.value(elem, at.saturating_add(index.saturating_mul(size)), is_own, depth);
            if index == 0 && self.ranges.len() == before && !is_own || !self.is_whole {
                // Of one nothing stays, and so of none.
                break;
            }
        }
    }

    /// Keys and values of one bucket or group, and what tells which of its places are taken.
    fn entries(&mut self, layout: &MapLayout) {
        self.keep(0, CONTROL_BYTES);
        let mut at = CONTROL_BYTES;
        while at < layout.stride {
            at += match layout.position(at) {
                Position::Item(_, ty, 0) => {
                    self.value(ty, at, false, MAX_DEPTH);
                    self.types.get(ty).size.max(1)
                }
                Position::Indirect(..) => {
                    self.keep(at, 8);
                    8
                }
                _ => 1,
            };
        }
        self.ranges.sort_by_key(|range| range.start);
    }

    fn finish(self, period: Option<u64>, is_sure: bool) -> Keeps {
        Keeps { ranges: self.ranges, period, is_whole: self.is_whole && is_sure, names: self.names }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    #![allow(clippy::single_range_in_vec_init, reason = "one range is meant")]
    use super::*;
    use goheap_model::{Field, GoType};

    struct Table(TypeTable);

    impl Table {
        fn add(&mut self, name: &str, size: u64, kind: Kind) -> TypeId {
            self.0.add(GoType { name: name.into(), size, kind, descriptor: None })
        }

        fn structure(&mut self, name: &str, size: u64, fields: &[(&str, u64, TypeId)]) -> TypeId {
            let field =
                |&(name, offset, ty): &(&str, u64, TypeId)| Field { name: name.into(), offset, ty, is_embedded: false };
            self.add(name, size, Kind::Struct(fields.iter().map(field).collect()))
        }

        fn kept(&self, ty: TypeId) -> Vec<Range<u64>> {
            Keeps::of_variable(&self.0, ty).unwrap().ranges
        }
    }

    #[test]
    fn pointers_and_lengths_stay_and_numbers_go() {
        let mut table = Table(TypeTable::default());
        let number = table.add("int", 8, Kind::Scalar);
        let (string, pointer) = (table.add("string", 16, Kind::String), table.add("*int", 8, Kind::Pointer(number)));
        let slice = table.add("[]int", 24, Kind::Slice(number));
        let fields = [("n", 0, number), ("s", 8, string), ("m", 24, number), ("p", 32, pointer), ("l", 40, slice)];
        let user = table.structure("main.User", 64, &fields);
        assert_eq!(table.kept(user), [8..24, 32..64]);
        assert_eq!(table.kept(number), [], "a number is a content");
        let row = table.add("[3]main.User", 192, Kind::Array(user, 3));
        assert_eq!(table.kept(row), [8..24, 32..64, 72..88, 96..128, 136..152, 160..192]);
    }

    #[test]
    fn what_stays_of_many_elements_is_told_piece_by_piece() {
        let keeps = Keeps { ranges: vec![8..16], period: Some(24), is_whole: true, names: Vec::new() };
        let each = |keeps: &Keeps, wanted| {
            let mut parts = Vec::new();
            keeps.each(wanted, |part| parts.push(part));
            parts
        };
        assert_eq!(each(&keeps, 0..72), [8..16, 32..40, 56..64]);
        assert_eq!(each(&keeps, 12..36), [12..16, 32..36], "no more than is asked for");
        assert_eq!(each(&keeps, 16..32), []);
        let once = Keeps { period: None, ..keeps };
        assert_eq!(each(&once, 0..72), [8..16]);
        let nothing = Keeps { ranges: Vec::new(), period: Some(24), ..Keeps::default() };
        assert_eq!(each(&nothing, 0..u64::MAX), [], "at once, however long it is");
    }

    #[test]
    fn of_a_type_that_leads_into_itself_nothing_is_sure() {
        let mut table = Table(TypeTable::default());
        let number = table.add("int", 8, Kind::Scalar);
        let pointer = table.add("*int", 8, Kind::Pointer(number));
        let pair = table.structure("main.Pair", 16, &[("n", 0, number), ("p", 8, pointer)]);
        let huge = table.add("[1048576]main.Pair", 16 << 20, Kind::Array(pair, 1 << 20));
        assert_eq!(Keeps::of_variable(&table.0, huge), None, "more ranges than are kept");
        let bytes = table.add("[1048576]int", 8 << 20, Kind::Array(number, 1 << 20));
        assert_eq!(table.kept(bytes), [], "but of a row of numbers nothing stays, however long it is");
    }
}
