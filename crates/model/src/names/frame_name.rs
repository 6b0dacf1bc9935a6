//! What a frame is called, as data; its text says the same to people.

use crate::{Part, RootClass, TypeId, TypeTable};
use serde::{Deserialize, Serialize};

/// What a frame stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FrameRole {
    /// Nothing that is told: a frame of trees that were put together.
    #[default]
    Other,
    /// A package variable; `path` is its name.
    Variable,
    /// A word that no variable or field explains; `path` says where it lies, `.data+0x18`, `[fp-8]`, or nothing.
    Place,
    /// A field of a value; `path` leads there from `owner`.
    Field,
    /// What one of the values in a row of `owner` leads to.
    Element,
    /// What a map's key leads to.
    Key,
    /// What a map's value leads to.
    Value,
    /// What a value in a channel's buffer leads to.
    Queued,
    /// A variable that a closure holds and of which nothing tells which.
    Captured,
    /// A variable of a function, or what is in it; `path` begins with its name.
    Local,
    /// A goroutine; `path` is the function that it began with.
    Goroutine,
    /// A call on a stack, inlined ones too; `path` is the function.
    Function,
    /// A register that no variable is in.
    Registers,
    /// The closure that a goroutine is about to call.
    Context,
    /// A panic on its way.
    Panic,
    /// The record of a deferred call.
    DeferRecord,
    /// A deferred function.
    Deferred,
    /// The block that small values are cut from.
    TinyBlock,
    /// A weak pointer's handle.
    WeakHandle,
    /// What a finalizer of `declared` needs.
    Finalizer,
    /// Finalizers that wait to be run.
    FinalizerQueue,
    /// What a cleanup needs.
    Cleanup,
    /// Cleanups that wait to be run.
    CleanupQueue,
    /// All roots of a class.
    Class(RootClass),
    /// The variables of a package; `path` is its own.
    Package,
    /// What several of the roots above hold together.
    Several,
    /// Objects by what they are, which the frame above keeps and none of its references alone.
    Shared,
    /// Objects by what they are.
    Objects,
    /// The top of what no root reaches.
    Unreachable,
    /// The top of what only absent words may have led to.
    NotKnown,
}

/// What a word turned out to hold that its declared type does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dynamic {
    /// Nothing of the kind, or not known.
    #[default]
    Nothing,
    /// An interface's dynamic type.
    Type(TypeId),
    /// A func value's function, and the names of the variables that its closure holds, as far as they are known: the first five.
    Function(Box<str>, Box<[Box<str>]>),
}

/// What the objects of a frame are, as far as the rest of its name does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FoundType {
    /// What is declared, or not known.
    #[default]
    Declared,
    /// This.
    Is(Part, TypeId),
    /// What is declared is a part of this.
    In(Part, TypeId),
}

/// What a frame is called.
///
/// # Overhead
/// 80 bytes and its texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameName {
    /// What it stands for.
    pub role: FrameRole,
    /// The type that `path` begins in, of fields and of what containers hold.
    pub owner: Option<TypeId>,
    /// A name or a path of fields (`.head.next`), by `role`; types are in none.
    pub path: Box<str>,
    /// The type that is declared.
    pub declared: Option<TypeId>,
    /// What it turned out to hold.
    pub dynamic: Dynamic,
    /// What the objects are.
    pub found: FoundType,
    /// True if what the objects are is a guess.
    pub is_guess: bool,
}

impl FrameName {
    /// What is called by its role alone.
    pub fn of(role: FrameRole) -> Self {
        FrameName { role, ..FrameName::default() }
    }

    /// What has a name or a place and no type.
    pub fn at(role: FrameRole, path: &str) -> Self {
        FrameName { path: path.into(), ..FrameName::of(role) }
    }

    /// What has a name and a declared type.
    pub fn declared(role: FrameRole, path: &str, ty: TypeId) -> Self {
        FrameName { declared: Some(ty), ..FrameName::at(role, path) }
    }

    /// True if each label has a name, of types that `types` has.
    pub fn are_of(names: &[FrameName], labels: &[Box<str>], types: &TypeTable) -> bool {
        names.len() == labels.len() && names.iter().all(|name| name.is_of(types))
    }

    /// The types that it names.
    pub fn types(&self) -> impl Iterator<Item = TypeId> + '_ {
        let dynamic = match self.dynamic {
            Dynamic::Type(ty) => Some(ty),
            _ => None,
        };
        let found = match self.found {
            FoundType::Declared => None,
            FoundType::Is(_, ty) | FoundType::In(_, ty) => Some(ty),
        };
        [self.owner, self.declared, dynamic, found].into_iter().flatten()
    }

    /// The same with the types alone that `types` has.
    pub fn within(mut self, types: &TypeTable) -> Self {
        let is_known = |ty: TypeId| (ty.0 as usize) < types.len();
        self.owner = self.owner.filter(|&ty| is_known(ty));
        self.declared = self.declared.filter(|&ty| is_known(ty));
        if matches!(self.dynamic, Dynamic::Type(ty) if !is_known(ty)) {
            self.dynamic = Dynamic::Nothing;
        }
        if matches!(self.found, FoundType::Is(_, ty) | FoundType::In(_, ty) if !is_known(ty)) {
            self.found = FoundType::Declared;
        }
        self
    }

    /// True if every type that it names is one of `types`.
    pub fn is_of(&self, types: &TypeTable) -> bool {
        self.types().all(|ty| (ty.0 as usize) < types.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GoType, Kind};

    #[test]
    fn a_name_of_types_that_a_table_lacks_is_not_of_it() {
        let mut types = TypeTable::default();
        let known = types.add(GoType { name: "main.T".into(), size: 8, kind: Kind::Scalar, descriptor: None });
        let lacking = TypeId(known.0 + 1);
        let name = || FrameName::declared(FrameRole::Field, ".next", known);
        assert_eq!(name().within(&types), name());
        assert!(name().is_of(&types) && FrameName::of(FrameRole::Panic).is_of(&types));
        for strange in [
            FrameName { owner: Some(lacking), ..name() },
            FrameName { declared: Some(lacking), ..name() },
            FrameName { dynamic: Dynamic::Type(lacking), ..name() },
            FrameName { found: FoundType::Is(Part::Value, lacking), ..name() },
            FrameName { found: FoundType::In(Part::Elements, lacking), ..name() },
        ] {
            assert!(!strange.is_of(&types), "{strange:?}");
            assert!(strange.within(&types).is_of(&types));
        }
    }
}
