//! What a pointer word of a typed object means: the one question that inference and the tree both ask.

use crate::meaning::address_cache::AddressCache;
use crate::meaning::closures::Closures;
use crate::meaning::compiled::CompiledTypes;
use crate::meaning::containers::hash_trie;
use crate::meaning::containers::{Containers, MapLayout, Position, Role};
use crate::meaning::plan::{PlanEntry, PointerWord};
use foldhash::{HashMap, HashSet};
use goheap_image::{Address, MemoryImage};
use goheap_model::{GcMask, GoType, Kind, ObjectType, Part, TypeId, TypeTable};
use goheap_runtime::{DescriptorReader, RuntimeModel};
use std::borrow::Cow;

/// The meaning of a pointer word.
#[derive(Clone, Debug)]
pub(crate) enum Meaning<'a> {
    /// A field, element, key or value of the object's owner type.
    Entry(Role, TypeId, Cow<'a, PlanEntry>),
    /// A pointer to a key or value of this type.
    Indirect(Role, TypeId),
    /// A pointer among a container's own parts.
    Machinery,
    /// The object's type has no pointer here.
    Unexplained,
    /// The object has no type.
    Untyped,
}

/// What has to be loaded before a word can be understood. Loading changes the table of types, which threads share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Need {
    /// The type descriptor at this address.
    Descriptor(u64),
    /// The closure of the function that begins at this address.
    Closure(u64),
}

/// How it is known what a pointer word leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// By the type of the word.
    ByType,
    /// The runtime recorded it beside the pointer, as interfaces do.
    Beside,
    /// That too, and the pointer leads to a box that was allocated for the value.
    Box,
}

/// What a pointer word leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A part of a type.
    Known(Part, TypeId, Told),
    /// To be asked again when that is loaded.
    Needs(Need),
    /// The word does not tell.
    Unknown,
}

/// `flagIndir` of `reflect.Value`: the word is a pointer to the value (reflect/value.go).
const REFLECT_FLAG_INDIR: u64 = 1 << 7;

/// Where `abi.MapType` has the type of its groups or buckets, in every release.
const MAP_TYPE_PART: u64 = 64;

/// Types, plans and container rules together.
pub(crate) struct Resolver<'m> {
    pub(crate) types: TypeTable,
    pub(crate) containers: Containers<'m>,
    pub(crate) closures: Closures<'m>,
    compiled: CompiledTypes,
    memory: &'m MemoryImage,
    descriptors: DescriptorReader<'m>,
    /// Addresses where no descriptor stands although a word said so.
    no_descriptors: HashSet<u64>,
    linked: Vec<u64>,
    /// Itabs that were met: one is judged by much of the memory around it.
    itabs: AddressCache,
    /// Channel types by their elements, as far as they were asked for.
    channels: HashMap<TypeId, TypeId>,
}

impl<'m> Resolver<'m> {
    pub(crate) fn new<'p>(model: &'m RuntimeModel<'p>, types: TypeTable) -> Self
    where
        'p: 'm,
    {
        let containers = Containers {
            memory: model.memory(),
            layout: &model.layout,
            swiss: model.version.release().has_swiss_maps,
            split_groups: model.version.has_experiment("mapsplitgroup"),
            red_zones: model.red_zones,
        };
        let mut resolver = Resolver {
            types,
            containers,
            closures: Closures::new(model),
            compiled: CompiledTypes::default(),
            memory: model.memory(),
            descriptors: model.descriptors(),
            no_descriptors: HashSet::default(),
            linked: Vec::new(),
            itabs: AddressCache::default(),
            channels: HashMap::default(),
        };
        resolver.load_linked();
        resolver
    }

    /// The type of the groups or buckets of a map type that has a descriptor.
    pub(crate) fn map_part_type(&self, map: TypeId) -> Option<TypeId> {
        let at = Address(self.types.get(map).descriptor?).add(MAP_TYPE_PART);
        self.types.by_descriptor(self.memory.read_u64(at)?)
    }

    /// The addresses of the program's type descriptors, ascending.
    pub(crate) fn linked(&self) -> &[u64] {
        &self.linked
    }

    /// Loads every type that the program has a descriptor of: what no pointer explains is told by what the program could have
    /// allocated.
    fn load_linked(&mut self) {
        self.linked = self.descriptors.linked();
        for &address in &self.linked {
            self.descriptors.load(&mut self.types, address);
        }
        self.types.name_shapes();
        self.compiled.grow(&self.types);
    }

    /// What stands at `offset` of the payload of an object of type `object`.
    pub(crate) fn meaning(&self, object: ObjectType, offset: u64) -> Meaning<'_> {
        if !object.is_known() {
            return Meaning::Untyped;
        }
        let layout = || self.map_layout(object.ty());
        match self.containers.position(&self.types, layout, object.part(), object.ty(), offset) {
            Position::Item(role, ty, inner) => match self.entry(ty, inner) {
                Some(entry) => Meaning::Entry(role, ty, entry),
                None if object.part() == Part::Closure => Meaning::Machinery,
                None => Meaning::Unexplained,
            },
            Position::Indirect(role, ty) => Meaning::Indirect(role, ty),
            Position::Machinery => Meaning::Machinery,
        }
    }

    /// What stands at `offset` of a value of `ty`.
    pub(crate) fn entry(&self, ty: TypeId, offset: u64) -> Option<Cow<'_, PlanEntry>> {
        self.compiled.entry(&self.types, &self.containers, ty, offset)
    }

    /// The layout of the map type `ty`.
    pub(crate) fn map_layout(&self, ty: TypeId) -> Option<&MapLayout> {
        self.compiled.map_layout(&self.types, &self.containers, ty)
    }

    /// The pointer bits of a value of at most 64 words.
    pub(crate) fn small_mask(&self, ty: TypeId) -> Option<u64> {
        self.compiled.small_mask(&self.types, &self.containers, ty)
    }

    /// The pointer mask of a type that is not opaque.
    pub(crate) fn mask(&self, ty: TypeId) -> Option<&GcMask> {
        self.compiled.mask(&self.types, &self.containers, ty)
    }

    /// Loads what a word needed.
    pub(crate) fn load(&mut self, need: Need) {
        match need {
            Need::Descriptor(address) => {
                if self.descriptors.load(&mut self.types, address).is_none() {
                    self.no_descriptors.insert(address);
                }
            }
            Need::Closure(entry) => self.closures.load(&mut self.types, entry),
        }
        self.compiled.grow(&self.types);
    }

    /// The type described at `address`, if a descriptor may stand there.
    pub(crate) fn descriptor(&mut self, address: u64) -> Option<TypeId> {
        if let Some(id) = self.types.by_descriptor(address) {
            return Some(id);
        }
        self.descriptors.is_plausible(address).then(|| self.trusted_descriptor(address)).flatten()
    }

    /// The type described at `address`, which the collector itself trusts to be a descriptor (reflect makes them on the heap).
    pub(crate) fn trusted_descriptor(&mut self, address: u64) -> Option<TypeId> {
        let id = self.descriptors.load(&mut self.types, address);
        self.compiled.grow(&self.types);
        id
    }

    /// The address of the descriptor that the interface's first word, just before `at`, leads to.
    fn dynamic_descriptor(&self, at: u64, has_methods: bool) -> Option<u64> {
        let first = self.memory.read_u64(Address(at.wrapping_sub(8)))?;
        if has_methods { self.memory.read_u64(Address(first).add(8)) } else { Some(first) }
    }

    /// The dynamic type of the interface whose data word lies at `at`; with methods, its first word is an itab.
    pub(crate) fn dynamic_type(&mut self, at: u64, has_methods: bool) -> Option<TypeId> {
        let descriptor = self.dynamic_descriptor(at, has_methods)?;
        self.descriptor(descriptor)
    }

    /// What the target of a pointer word that holds `value` and lies at `at` is: a part and its type. The value leads into
    /// the heap.
    pub(crate) fn target(&self, word: PointerWord, field: TypeId, at: u64, value: u64) -> Target {
        let known = |part, ty| Target::Known(part, ty, Told::ByType);
        match word {
            PointerWord::Pointer(elem) => known(Part::Value, elem),
            PointerWord::Slice(elem) | PointerWord::Row(elem) => known(Part::Elements, elem),
            PointerWord::String => known(Part::StringData, field),
            PointerWord::Map(map) => known(Part::MapHeader, map),
            PointerWord::Chan(chan) => known(Part::ChanHeader, chan),
            PointerWord::Func => self.closure(value),
            PointerWord::BoxedValue(value) => known(Part::BoxedValue, value),
            PointerWord::TrieNode { branch, entry } => hash_trie::target(self.memory, value, branch, entry),
            PointerWord::Untyped => Target::Unknown,
            PointerWord::InterfaceData(has_methods) => match self.dynamic_descriptor(at, has_methods) {
                Some(descriptor) => self.held(descriptor, true, at, value),
                None => Target::Unknown,
            },
            PointerWord::Reflected => {
                let descriptor = self.memory.read_u64(Address(at.wrapping_sub(8)));
                let flags = self.memory.read_u64(Address(at).add(8));
                match (descriptor, flags) {
                    (Some(descriptor), Some(flags)) => {
                        self.held(descriptor, flags & REFLECT_FLAG_INDIR == 0, at, value)
                    }
                    _ => Target::Unknown,
                }
            }
        }
    }

    /// What the word is that an interface or a `reflect.Value` of this dynamic type holds: where the type is a pointer and the
    /// word its value, what that leads to.
    fn held(&self, descriptor: u64, as_interface: bool, at: u64, value: u64) -> Target {
        let Some(dynamic) = self.types.by_descriptor(descriptor) else {
            let may_load = !self.no_descriptors.contains(&descriptor) && self.descriptors.is_plausible(descriptor);
            return if may_load { Target::Needs(Need::Descriptor(descriptor)) } else { Target::Unknown };
        };
        if !as_interface || !self.types.is_direct_interface(dynamic) {
            let told = if as_interface { Told::Box } else { Told::Beside };
            return Target::Known(Part::Value, self.boxed(dynamic), told);
        }
        let Some(entry) = self.entry(dynamic, 0) else { return Target::Unknown };
        match entry.word {
            // A direct interface holds no further interface: this cannot go deeper.
            PointerWord::InterfaceData(_) | PointerWord::Reflected => Target::Unknown,
            word => match self.target(word, entry.field, at, value) {
                Target::Known(part, ty, _) => Target::Known(part, ty, Told::Beside),
                other => other,
            },
        }
    }

    /// What a value was allocated as that an interface holds: slices and strings of a type of their own lie in a box for any slice
    /// or string (runtime/iface.go `convTslice`, `convTstring`). The name stands in the interface.
    fn boxed(&self, dynamic: TypeId) -> TypeId {
        let plain = match self.types.get(dynamic).kind {
            Kind::Slice(elem) => self.types.by_name(&format!("[]{}", self.types.get(elem).name)),
            Kind::String => self.types.by_name("string"),
            _ => None,
        };
        plain.unwrap_or(dynamic)
    }

    /// True if an itab is in the word before `at`, false if a type; None if neither is.
    pub(crate) fn interface_before(&self, at: u64) -> Option<bool> {
        let first = self.memory.read_u64(Address(at.wrapping_sub(8)))?;
        if self.types.by_descriptor(first).is_some() || self.descriptors.is_descriptor(first) {
            return Some(false);
        }
        self.itab_interface(first).map(|_| true)
    }

    /// The interface type of the itab at `address`; None where none stands.
    pub(crate) fn itab_interface(&self, address: u64) -> Option<TypeId> {
        let is_itab = self.itabs.ask(address, || self.descriptors.itab_type(address).is_some());
        is_itab.then_some(())?;
        self.types.by_descriptor(self.memory.read_u64(Address(address))?)
    }

    /// The channel type of these elements: one of the program's, or made up where all of its pointers are of another.
    pub(crate) fn chan_of(&mut self, elem: TypeId) -> TypeId {
        if let Some(&chan) = self.channels.get(&elem) {
            return chan;
        }
        let name = format!("chan {}", self.types.get(elem).name);
        let chan = self.types.by_name(&name).filter(|&chan| matches!(self.types.get(chan).kind, Kind::Chan(_)));
        let chan = chan.unwrap_or_else(|| {
            self.add_type(GoType { name: name.into(), size: 8, kind: Kind::Chan(elem), descriptor: None })
        });
        self.channels.insert(elem, chan);
        chan
    }

    /// Adds a type that the program has no description of.
    pub(crate) fn add_type(&mut self, ty: GoType) -> TypeId {
        let id = self.types.add(ty);
        self.compiled.grow(&self.types);
        id
    }

    /// The map types by the descriptors of their groups or buckets (`abi.MapType`: the word after key and element).
    pub(crate) fn map_parts(&self) -> impl Iterator<Item = (u64, Part, TypeId)> + '_ {
        let part = if self.containers.swiss { Part::MapGroups } else { Part::MapBuckets };
        let ids = (0..self.types.len()).map(|index| TypeId(index as u32));
        let maps = ids.filter(|&id| matches!(self.types.get(id).kind, Kind::Map(..)));
        maps.filter_map(move |id| {
            let at = Address(self.types.get(id).descriptor?).add(MAP_TYPE_PART);
            Some((self.memory.read_u64(at)?, part, id))
        })
    }

    /// The closure at `value`, by the function that its first word calls.
    pub(crate) fn closure(&self, value: u64) -> Target {
        let Some(entry) = self.memory.read_u64(Address(value)) else { return Target::Unknown };
        match self.closures.get(entry) {
            Some(Some(ty)) => Target::Known(Part::Closure, ty, Told::ByType),
            Some(None) => Target::Unknown,
            None => Target::Needs(Need::Closure(entry)),
        }
    }

    /// [`Resolver::target`], with everything loaded that it needs.
    pub(crate) fn target_loaded(&mut self, word: PointerWord, field: TypeId, at: u64, value: u64) -> Target {
        loop {
            match self.target(word, field, at, value) {
                Target::Needs(need) => self.load(need),
                answer => return answer,
            }
        }
    }

    /// True if an object of that type holds nothing but what its function captured.
    pub(crate) fn is_opaque(&self, ty: TypeId) -> bool {
        matches!(self.types.get(ty).kind, Kind::Opaque)
    }
}
