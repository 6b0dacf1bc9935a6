//! What the words of each kind of object mean to the tree, compiled to one number a word before the walk begins: threads read it
//! without asking for types.

use crate::meaning::containers::Role;
use crate::meaning::containers::structs::Inside;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Meaning, Resolver, Target, Told};
use crate::names::label_text::{Beyond, Entered};
use crate::names::labels::EdgeKey;
use crate::objects::page_table::Slots;
use crate::objects::table::{ObjectTable, Place};
use crate::scan::kind_plans::{Defaults, KindPlan, KindPlans, kinds};
use goheap_model::{ObjectType, ObjectTypes, Part, TypeId};
use goheap_runtime::GoHeap;

/// What a word means: one of the constants, or an [`Edge`] by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct WordCode(u32);

impl WordCode {
    /// The object has no type.
    pub(super) const UNTYPED: WordCode = WordCode(0);
    /// The object's type has no pointer here.
    pub(super) const UNEXPLAINED: WordCode = WordCode(1);
    /// What it leads to is drawn in the object's own frame.
    pub(super) const STAY: WordCode = WordCode(2);
    /// Captured by a closure, of which nothing more is known.
    pub(super) const CAPTURED: WordCode = WordCode(3);
    /// No plan was made for such an object: to be asked for word by word.
    pub(super) const UNPLANNED: WordCode = WordCode(4 | Self::DETAILED);
    const FIRST_EDGE: u32 = 5;
    /// Set where the label depends on more than the word's place and the target's type.
    const DETAILED: u32 = 1 << 31;

    fn of_edge(index: usize, is_dynamic: bool) -> Self {
        WordCode((Self::FIRST_EDGE + index as u32) | if is_dynamic { Self::DETAILED } else { 0 })
    }

    /// The number of the edge, if it is one.
    pub(super) fn edge(self) -> Option<usize> {
        (self.0 & !Self::DETAILED).checked_sub(Self::FIRST_EDGE).map(|index| index as usize)
    }

    /// True if the label depends on what the word holds, or has to be asked for.
    pub(super) fn is_detailed(self) -> bool {
        self.0 & Self::DETAILED != 0
    }

    /// A number to tell codes apart by.
    pub(super) fn number(self) -> u32 {
        self.0
    }
}

/// What the word of an edge leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// What the declared type says of every such word.
    Declared(Target),
    /// A key or value of this type, which has an object of its own.
    Apart(TypeId),
    /// What only the word's contents tell; it is in a field of this type.
    Held(PointerWord, TypeId),
}

impl Leads {
    fn new(resolver: &Resolver<'_>, word: PointerWord, field: TypeId) -> Self {
        match word {
            word if word.is_told_by_contents() => Leads::Held(word, field),
            // The others have the same target wherever the word is and whatever it holds.
            _ => Leads::Declared(resolver.target(word, field, 0, 0)),
        }
    }
}

/// A field, element, key or value that has a frame of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// An object with such a word, and where it is in the payload.
    pub(super) object: ObjectType,
    pub(super) offset: u64,
    pub(super) leads: Leads,
    /// The type that the frame's path starts in, what it is to its container, and where in it the word is.
    owner: TypeId,
    role: Role,
    inner: u64,
}

impl Edge {
    /// What the label depends on, where the word tells `dynamic` and the target `beyond`.
    pub(super) fn key(&self, dynamic: u64, beyond: Beyond) -> EdgeKey {
        EdgeKey { role: self.role, owner: self.owner, offset: self.inner, dynamic, beyond }
    }
}

pub(super) type WalkPlan = KindPlan<WordCode>;

/// The plans of every kind of object that is there, and the edges that their codes stand for.
#[derive(Debug)]
pub(super) struct WalkPlans {
    kinds: KindPlans<WordCode>,
    pub(super) edges: Vec<Edge>,
    /// Bytes of a value of each type; of larger ones so many.
    sizes: Vec<u8>,
}

impl WalkPlans {
    /// Plans for the kinds among `types`.
    pub(super) fn new(
        heap: &GoHeap<'_>,
        objects: &ObjectTable<'_, '_>,
        types: &ObjectTypes,
        resolver: &Resolver<'_>,
    ) -> Self {
        let mut plans = KindPlans::new(Defaults {
            untyped: WordCode::UNTYPED,
            unplanned: WordCode::UNPLANNED,
            beyond: WordCode::STAY,
            captured: WordCode::CAPTURED,
        });
        let mut edges = Vec::new();
        for object in kinds(heap, objects, types) {
            plans.compile(resolver, object, |offset| code_of(resolver, object, offset, &mut edges));
        }
        let sizes = resolver.types.ids().map(|id| resolver.types.get(id).size.min(u64::from(u8::MAX)) as u8).collect();
        WalkPlans { kinds: plans, edges, sizes }
    }

    /// The plan of objects of that type.
    #[inline]
    pub(super) fn of(&self, object: ObjectType) -> WalkPlan {
        self.kinds.of(object)
    }

    /// What the word with that number of the payload means.
    #[inline]
    pub(super) fn code(&self, plan: WalkPlan, word: u32) -> WordCode {
        self.kinds.code(plan, word)
    }

    /// Where a word enters its target at `place`, which was found to be `found`.
    #[inline]
    pub(super) fn entered(&self, place: &Place, found: ObjectType) -> Entered {
        match place.offset {
            0 => Entered::Start,
            offset if place.slots == Slots::Tiny && !self.reaches(found, offset) => Entered::Among,
            _ => Entered::Inside,
        }
    }

    /// True if a value that begins at a block's first byte or behind it reaches beyond `offset`.
    fn reaches(&self, found: ObjectType, offset: u64) -> bool {
        let size = self.sizes.get(found.ty().0 as usize).copied().unwrap_or(0);
        found.part() == Part::Value && u64::from(size) > offset
    }

    /// What the target of a word with that code, found to be `found`, tells beyond the code; nothing where the code is detailed.
    #[inline]
    pub(super) fn beyond(&self, code: WordCode, found: ObjectType, entered: Entered) -> Beyond {
        let Some(edge) = code.edge() else {
            return match code {
                WordCode::STAY | WordCode::UNPLANNED => Beyond::Nothing,
                _ => Beyond::new(Target::Unknown, found, entered),
            };
        };
        match self.edges[edge].leads {
            Leads::Declared(target) => Beyond::new(target, found, entered),
            Leads::Apart(ty) => Beyond::new(Target::Known(Part::Value, ty, Told::ByType), found, entered),
            Leads::Held(..) => Beyond::Nothing,
        }
    }
}

/// The code of the word at `offset` of objects of a kind; new edges go to `edges`.
fn code_of(resolver: &Resolver<'_>, object: ObjectType, offset: u64, edges: &mut Vec<Edge>) -> WordCode {
    let (leads, owner, role, inner) = match resolver.meaning(object, offset) {
        Meaning::Machinery if object.part() == Part::Closure => return WordCode::CAPTURED,
        Meaning::Machinery => return WordCode::STAY,
        Meaning::Unexplained => return WordCode::UNEXPLAINED,
        Meaning::Untyped => return WordCode::UNTYPED,
        Meaning::Entry(_, _, entry) if entry.inside == Inside::Part => return WordCode::STAY,
        // The object is the very pointer, slice or string that its frame names already.
        Meaning::Entry(Role::Own, _, entry) if entry.path.is_empty() && !entry.is_dynamic() => {
            return WordCode::STAY;
        }
        Meaning::Entry(role, owner, entry) => {
            (Leads::new(resolver, entry.word, entry.field), owner, role, entry.offset)
        }
        Meaning::Indirect(role, owner) => (Leads::Apart(owner), owner, role, 0),
    };
    edges.push(Edge { object, offset, leads, owner, role, inner });
    WordCode::of_edge(edges.len() - 1, matches!(leads, Leads::Held(..)))
}
