//! `abi.Type` and what follows it (internal/abi/type.go; runtime/type.go up to 1.20): the types that the process itself knew.
//!
//! The first 48 bytes are the same in Go 1.17 to 1.27, and so is what follows for every kind but maps.

use super::full_name::unnamed;
use super::reflect_names::RunTimeNames;
use crate::bits;
use crate::gcprog;
use crate::module::ModuleData;
use crate::release_record::Release;
use crate::version::GoVersion;
use crate::words::read_slice;
use goheap_image::{Address, MemoryImage};
use goheap_model::BitVector;
use goheap_model::{Field, GcMask, GoType, Kind, TypeId, TypeTable};

const SIZE: u64 = 0;
const PTR_BYTES: u64 = 8;
const TFLAG: u64 = 20;
const KIND: u64 = 23;
const GCDATA: u64 = 32;
pub(super) const ELEM: u64 = 48;
pub(super) const ARRAY_LEN: u64 = 64;
const STRUCT_FIELDS: u64 = 56;
pub(super) const FIELD_BYTES: u64 = 24;
const INTERFACE_METHODS: u64 = 56;
pub(super) const MAP_ELEM: u64 = 56;

pub(super) const TFLAG_UNCOMMON: u8 = 1;
/// `TFlagGCMaskOnDemand` since 1.24: GCData points to a slot that holds the mask once somebody needed it.
/// The same bit meant `TFlagUnrolledBitmap` in 1.22 and 1.23, where GCData is plain.
const TFLAG_GC_MASK_ON_DEMAND: u8 = 0x10;
/// `KindGCProg`, up to 1.23.
const KIND_GC_PROG: u8 = 0x40;
pub(super) const KIND_MASK: u8 = 0x1f;

pub(super) const MAX_FIELDS: u64 = 1 << 16;
/// Bytes of names and fields that a table gets for each byte of the modules' types, where no name or field is said twice; and
/// those of types that are on the heap.
const TABLE_BYTES_PER_BYTE: u64 = 16;
const TABLE_BYTES: u64 = 1 << 24;
/// No type is larger than the address space of a heap.
pub(super) const MAX_TYPE_BYTES: u64 = 1 << 47;

/// Reads descriptors into a [`TypeTable`].
#[derive(Clone, Copy)]
pub struct DescriptorReader<'a> {
    pub(super) memory: &'a MemoryImage,
    pub(super) modules: &'a [ModuleData<'a>],
    pub(super) release: Release,
    pub(super) run_time_names: Option<&'a RunTimeNames>,
    /// What a table may have in bytes, before types without names and fields are added.
    room: u64,
}

impl<'a> DescriptorReader<'a> {
    /// A reader for the process of `version` with these modules.
    pub fn new(memory: &'a MemoryImage, modules: &'a [ModuleData<'a>], version: &GoVersion) -> Self {
        let types = modules.iter().map(|module| &module.types);
        let bytes: u64 =
            types.map(|types| memory.readable_len(Address(types.start), types.end.saturating_sub(types.start))).sum();
        let room = bytes.saturating_mul(TABLE_BYTES_PER_BYTE).saturating_add(TABLE_BYTES);
        DescriptorReader { memory, modules, release: version.release(), run_time_names: None, room }
    }

    /// The same reader, which also knows the names of types that reflect made.
    pub fn with_run_time_names(self, names: &'a RunTimeNames) -> Self {
        DescriptorReader { run_time_names: Some(names), ..self }
    }

    /// True if a descriptor may stand at `address`: in a module's types, or made by reflect, which puts them on the heap.
    /// Sizes are checked, so that a stale word is not taken for a type.
    pub fn is_plausible(&self, address: u64) -> bool {
        let at = Address(address);
        if address == 0 || !address.is_multiple_of(8) {
            return false;
        }
        let (Some(size), Some(pointers)) = (self.memory.read_u64(at), self.memory.read_u64(at.add(PTR_BYTES))) else {
            return false;
        };
        size <= MAX_TYPE_BYTES && pointers <= size && pointers.is_multiple_of(8)
    }

    /// True if `address` lies among a module's linked types.
    pub fn is_linked(&self, address: u64) -> bool {
        self.modules.iter().any(|module| module.types.contains(&address))
    }

    /// The type described at `address`, with everything it refers to; None where no descriptor stands there.
    pub fn load(&self, table: &mut TypeTable, address: u64) -> Option<TypeId> {
        if let Some(id) = table.by_descriptor(address) {
            return Some(id);
        }
        let id = self.placeholder(table, address)?;
        let mut work = vec![(id, address)];
        while let Some((id, address)) = work.pop() {
            let kind =
                self.has_room(table).then(|| self.kind(table, address, &mut work)).flatten().unwrap_or(Kind::Opaque);
            table.replace(id, kind);
        }
        Some(id)
    }

    /// Descriptors may share their names and fields, so that a few bytes of input ask for many of a table.
    fn has_room(&self, table: &TypeTable) -> bool {
        table.own_bytes() < self.room
    }

    fn placeholder(&self, table: &mut TypeTable, address: u64) -> Option<TypeId> {
        if !self.is_plausible(address) {
            return None;
        }
        let at = Address(address);
        let size = self.memory.read_u64(at)?;
        let name = if self.has_room(table) { self.full_name(address) } else { unnamed(address) };
        Some(table.add(GoType { name: name.into(), size, kind: Kind::Opaque, descriptor: Some(address) }))
    }

    /// The id of a type that another refers to, to be filled in later if it is new.
    fn reference(&self, table: &mut TypeTable, at: Address, work: &mut Vec<(TypeId, u64)>) -> Option<TypeId> {
        let address = self.memory.read_u64(at)?;
        if let Some(id) = table.by_descriptor(address) {
            return Some(id);
        }
        let id = self.placeholder(table, address)?;
        work.push((id, address));
        Some(id)
    }

    fn kind(&self, table: &mut TypeTable, address: u64, work: &mut Vec<(TypeId, u64)>) -> Option<Kind> {
        let at = Address(address);
        let mut elem = |table: &mut TypeTable, offset: u64| self.reference(table, at.add(offset), work);
        Some(match self.memory.read_u8(at.add(KIND))? & KIND_MASK {
            1..=16 => Kind::Scalar,
            17 => Kind::Array(elem(table, ELEM)?, self.memory.read_u64(at.add(ARRAY_LEN))?),
            18 => Kind::Chan(elem(table, ELEM)?),
            19 => Kind::Func,
            20 => Kind::Interface(read_slice(self.memory, at.add(INTERFACE_METHODS))?.len > 0),
            21 => Kind::Map(elem(table, ELEM)?, elem(table, MAP_ELEM)?),
            // What it points to never lies in the heap.
            22 if self.memory.read_u64(at.add(PTR_BYTES))? == 0 => Kind::Scalar,
            22 => Kind::Pointer(elem(table, ELEM)?),
            23 => Kind::Slice(elem(table, ELEM)?),
            24 => Kind::String,
            25 if self.lacks_fields(at) => Kind::Opaque,
            25 => Kind::Struct(self.fields(table, at, work)?),
            26 => Kind::UnsafePointer,
            // The synthetic types of 1.22 and 1.23 (unrolled GC programs) and of user arenas have no kind.
            _ => Kind::Opaque,
        })
    }

    fn fields(&self, table: &mut TypeTable, at: Address, work: &mut Vec<(TypeId, u64)>) -> Option<Box<[Field]>> {
        let slice = read_slice(self.memory, at.add(STRUCT_FIELDS)).filter(|slice| slice.len <= MAX_FIELDS)?;
        let size = self.memory.read_u64(at)?;
        (0..slice.len)
            .map(|index| {
                let field = slice.data.add(index * FIELD_BYTES);
                let name = self.name(Address(self.memory.read_u64(field)?))?;
                let ty = self.reference(table, field.add(8), work)?;
                let word = self.memory.read_u64(field.add(16))?;
                let (offset, is_embedded) = self.field_offset(word, &name);
                (offset <= size).then_some(Field { name: name.text.into(), offset, ty, is_embedded })
            })
            .collect()
    }

    /// The collector's mask of the type at `address`; None where it cannot be had.
    pub fn gc_mask(&self, table: &mut TypeTable, address: u64) -> Option<GcMask> {
        if !self.is_plausible(address) {
            return None;
        }
        let at = Address(address);
        let size = self.memory.read_u64(at.add(SIZE))?;
        let words = usize::try_from(self.memory.read_u64(at.add(PTR_BYTES))? / 8).ok()?;
        if words == 0 {
            return Some(GcMask { size, pointers: BitVector::default() });
        }
        // A plugin's descriptors are in memory that relocations wrote to, their masks in memory that nobody did: the core has the
        // one, and the other only with the plugin's file.
        let structure = |table: &mut TypeTable| {
            let id = self.load(table, address)?;
            table.structural_mask(id).filter(|mask| mask.pointers.len == words)
        };
        let gcdata = Address(self.memory.read_u64(at.add(GCDATA))?);
        if self.memory.read_u8(at.add(KIND))? & KIND_GC_PROG != 0 && self.release.has_gc_programs_in_types {
            // A program in a descriptor is preceded by its length.
            let pointers = gcprog::run(self.memory, gcdata.add(4), words);
            return pointers.map(|pointers| GcMask { size, pointers }).or_else(|| structure(table));
        }
        if self.release.has_masks_on_demand && self.memory.read_u8(at.add(TFLAG))? & TFLAG_GC_MASK_ON_DEMAND != 0 {
            // The slot is nil until the mask is built, and `inProgress` while it is.
            let built = self.memory.read_u64(gcdata).filter(|&mask| mask != 0);
            let id = self.load(table, address);
            if let Some(mask) = id.and_then(|id| table.structural_mask(id)) {
                return Some(mask);
            }
            return Some(GcMask { size, pointers: bits::read(self.memory, Address(built?), words)? });
        }
        let pointers = bits::read(self.memory, gcdata, words);
        pointers.map(|pointers| GcMask { size, pointers }).or_else(|| structure(table))
    }
}
