//! What a pointer word of a typed object means: the one question that inference and the tree both ask.

use crate::containers::{Containers, Position, Role};
use crate::object_type::{ObjectType, Part};
use crate::plan::{PlanEntry, Plans, PointerWord};
use goheap_image::{Address, MemoryImage};
use goheap_runtime::{DescriptorReader, RuntimeModel, TypeId, TypeTable};

/// The meaning of a pointer word.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning<'a> {
    /// A field, element, key or value of the object's owner type.
    Entry(Role, TypeId, &'a PlanEntry),
    /// A pointer to a key or value of this type.
    Indirect(Role, TypeId),
    /// A pointer among a container's own parts.
    Machinery,
    /// The object's type has no pointer here.
    Unexplained,
    /// The object has no type.
    Untyped,
}

/// Types, plans and container rules together.
pub(crate) struct Resolver<'m> {
    pub(crate) types: TypeTable,
    pub(crate) containers: Containers<'m>,
    plans: Plans,
    memory: &'m MemoryImage,
    descriptors: DescriptorReader<'m>,
}

impl<'m> Resolver<'m> {
    pub(crate) fn new<'p>(model: &'m RuntimeModel<'p>, types: TypeTable) -> Self
    where
        'p: 'm,
    {
        let containers = Containers {
            memory: model.memory(),
            layout: &model.layout,
            swiss: model.version.uses_swiss_maps(),
            split_groups: model.version.has_experiment("mapsplitgroup"),
        };
        Resolver {
            types,
            containers,
            plans: Plans::default(),
            memory: model.memory(),
            descriptors: model.descriptors(),
        }
    }

    /// What stands at `offset` of the payload of an object of type `object`.
    pub(crate) fn meaning(&mut self, object: ObjectType, offset: u64) -> Meaning<'_> {
        if !object.is_known() {
            return Meaning::Untyped;
        }
        match self.containers.position(&self.types, object.part(), object.ty(), offset) {
            Position::Item(role, ty, inner) => match self.plans.entry(&self.types, ty, inner) {
                Some(entry) => Meaning::Entry(role, ty, entry),
                None => Meaning::Unexplained,
            },
            Position::Indirect(role, ty) => Meaning::Indirect(role, ty),
            Position::Machinery => Meaning::Machinery,
        }
    }

    /// What stands at `offset` of a value of `ty`.
    pub(crate) fn entry(&mut self, ty: TypeId, offset: u64) -> Option<&PlanEntry> {
        self.plans.entry(&self.types, ty, offset)
    }

    /// The type described at `address`, if a descriptor may stand there.
    pub(crate) fn descriptor(&mut self, address: u64) -> Option<TypeId> {
        if let Some(id) = self.types.by_descriptor(address) {
            return Some(id);
        }
        self.descriptors.is_linked(address).then(|| self.descriptors.load(&mut self.types, address)).flatten()
    }

    /// The type described at `address`, which the collector itself trusts to be a descriptor (reflect makes them on the heap).
    pub(crate) fn trusted_descriptor(&mut self, address: u64) -> Option<TypeId> {
        self.descriptors.load(&mut self.types, address)
    }

    /// The dynamic type of the interface whose data word lies at `at`; with methods, its first word is an itab.
    pub(crate) fn dynamic_type(&mut self, at: u64, has_methods: bool) -> Option<TypeId> {
        let first = self.memory.read_u64(Address(at.wrapping_sub(8)))?;
        let descriptor = if has_methods { self.memory.read_u64(Address(first).add(8))? } else { first };
        self.descriptor(descriptor)
    }

    /// What the target of a pointer word that holds `word` and lies at `at` is: a part and its type; None where the word
    /// does not tell. True if the runtime recorded it beside the pointer, as interfaces do.
    pub(crate) fn target(&mut self, word: PointerWord, field: TypeId, at: u64) -> Option<(Part, TypeId, bool)> {
        match word {
            PointerWord::Pointer(elem) => Some((Part::Value, elem, false)),
            PointerWord::Slice(elem) => Some((Part::Elements, elem, false)),
            PointerWord::String => Some((Part::StringData, field, false)),
            PointerWord::Map(map) => Some((Part::MapHeader, map, false)),
            PointerWord::Chan(chan) => Some((Part::ChanHeader, chan, false)),
            PointerWord::Func => Some((Part::Closure, field, false)),
            PointerWord::Untyped => None,
            PointerWord::InterfaceData(has_methods) => {
                let dynamic = self.dynamic_type(at, has_methods)?;
                if !self.types.is_direct_interface(dynamic) {
                    return Some((Part::Value, dynamic, true));
                }
                let (word, field) = self.entry(dynamic, 0).map(|entry| (entry.word, entry.field))?;
                // A direct interface holds no further interface: this cannot go deeper.
                match word {
                    PointerWord::InterfaceData(_) => None,
                    _ => self.target(word, field, at).map(|(part, ty, _)| (part, ty, true)),
                }
            }
        }
    }
}
