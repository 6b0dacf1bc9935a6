//! From type entries to Go types: follows references between units, and makes a named type one type.

use gimli::constants;

use super::DwarfDiagnostics;
use super::scan::{RawField, RawType, UnitScan};
use super::types::{DwarfKind, DwarfType, DwarfTypeId, Field, TypeTable};

/// No type is larger, and no field further in: sizes and offsets can be added.
const MAX_TYPE_BYTES: u64 = 1 << 47;

/// Typedefs of typedefs followed. Go writes two at most (a named interface: name, interface, `runtime.iface`).
const MAX_TYPEDEFS: usize = 8;
/// Fields that typedefs of another name than their struct's copy from it. Go writes none; each of many could copy one large struct's.
const MAX_COPIED: usize = 1 << 16;

// reflect.Kind
const KIND_CHAN: u8 = 18;
const KIND_INTERFACE: u8 = 20;
const KIND_MAP: u8 = 21;
const KIND_SLICE: u8 = 23;
const KIND_STRING: u8 = 24;
const KIND_UNSAFE_POINTER: u8 = 26;

/// Type entries of all units. Their places are those of `entry_offsets`.
struct Resolver<'s, 'a> {
    /// Unit scan of each entry, for its fields, and the entry.
    entries: Vec<(&'s UnitScan<'a>, &'s RawType<'a>)>,
    entry_offsets: Vec<usize>,
    ids: Vec<Option<DwarfTypeId>>,
    copied: usize,
    dangling: u64,
    broken: u64,
}

/// Builds the type table; ids follow the order of entries in `.debug_info`.
pub(super) fn resolve(scans: &[UnitScan<'_>], diagnostics: &mut DwarfDiagnostics) -> TypeTable {
    let entries: Vec<_> = scans.iter().flat_map(|scan| scan.types.iter().map(move |raw| (scan, raw))).collect();
    let entry_offsets = entries.iter().map(|(_, raw)| raw.offset).collect();
    let mut resolver =
        Resolver { ids: vec![None; entries.len()], entries, entry_offsets, copied: 0, dangling: 0, broken: 0 };
    let kept = resolver.assign_ids();
    let types = kept.into_iter().map(|place| resolver.build(place)).collect();
    diagnostics.dangling_references += resolver.dangling;
    diagnostics.broken_entries += resolver.broken;
    TypeTable::new(types, resolver.entry_offsets, resolver.ids)
}

impl<'s, 'a> Resolver<'s, 'a> {
    fn raw(&self, place: usize) -> &'s RawType<'a> {
        self.entries[place].1
    }

    fn place(&self, reference: usize) -> Option<usize> {
        self.entry_offsets.binary_search(&reference).ok()
    }

    /// Gives an id to every entry that is a type of its own, then to the names of those; the places of the former.
    fn assign_ids(&mut self) -> Vec<usize> {
        let meant: Vec<usize> = (0..self.entries.len()).map(|place| self.meant_by(place)).collect();
        let mut kept = Vec::new();
        for (place, meant) in meant.iter().enumerate() {
            if place == *meant {
                self.ids[place] = u32::try_from(kept.len()).ok().map(DwarfTypeId);
                kept.push(place);
            }
        }
        for (place, meant) in meant.iter().enumerate() {
            self.ids[place] = self.ids[*meant];
        }
        kept
    }

    /// The entry that a typedef of the same name stands for, which carries kind and descriptor; else the entry itself.
    fn meant_by(&self, start: usize) -> usize {
        let mut place = start;
        for _ in 0..MAX_TYPEDEFS {
            let raw = self.raw(place);
            if !is_plain_typedef(raw) {
                return place;
            }
            match self.place(raw.ty) {
                Some(target) if self.raw(target).name == raw.name => place = target,
                _ => return place,
            }
        }
        start
    }

    /// Follows typedefs of any name to something that has a shape.
    fn shape_of(&self, start: usize) -> Option<usize> {
        let mut place = start;
        for _ in 0..MAX_TYPEDEFS {
            if !is_plain_typedef(self.raw(place)) {
                return Some(place);
            }
            place = self.place(self.raw(place).ty)?;
        }
        None
    }

    fn build(&mut self, place: usize) -> DwarfType {
        let named = self.raw(place);
        let (kind, size, go_kind) = match self.affordable_shape(place) {
            Some(shape) => {
                let raw = self.raw(shape);
                let kind = self.kind(shape);
                let size = raw.byte_size.unwrap_or_else(|| self.default_size(raw, &kind));
                (kind, size, raw.go_kind)
            }
            None => {
                self.dangling += 1;
                (DwarfKind::Unspecified, 0, 0)
            }
        };
        let (kind, size) = self.bounded(kind, size);
        DwarfType { name: text(named.name), size, kind, runtime_offset: named.runtime_offset, go_kind }
    }

    /// What has the shape of a type: nothing once typedefs have copied too many fields, which is counted.
    fn affordable_shape(&mut self, place: usize) -> Option<usize> {
        let shape = self.shape_of(place)?;
        if shape != place {
            self.copied = self.copied.saturating_add(self.raw(shape).fields.len());
        }
        (shape == place || self.copied <= MAX_COPIED).then_some(shape)
    }

    /// The same unless it reaches beyond what a type can.
    fn bounded(&mut self, kind: DwarfKind, size: u64) -> (DwarfKind, u64) {
        let is_far = match &kind {
            DwarfKind::Struct { fields } => fields.iter().any(|field| field.offset > MAX_TYPE_BYTES),
            _ => false,
        };
        if is_far || size > MAX_TYPE_BYTES {
            self.broken += 1;
            return (DwarfKind::Unspecified, 0);
        }
        (kind, size)
    }

    fn kind(&mut self, place: usize) -> DwarfKind {
        let (scan, raw) = self.entries[place];
        match raw.tag {
            constants::DW_TAG_base_type => base_kind(raw.encoding),
            constants::DW_TAG_structure_type => match raw.go_kind {
                KIND_SLICE => DwarfKind::Slice { elem: self.reference(raw.elem) },
                KIND_STRING => DwarfKind::String,
                _ => DwarfKind::Struct { fields: self.fields(scan.fields.get(raw.fields.clone()).unwrap_or_default()) },
            },
            constants::DW_TAG_array_type => {
                DwarfKind::Array { elem: self.reference(raw.ty), len: raw.count.unwrap_or(0) }
            }
            // unsafe.Pointer and types made of it have no DW_AT_type, and in most releases no go_kind either.
            constants::DW_TAG_pointer_type if raw.ty == 0 || raw.go_kind == KIND_UNSAFE_POINTER => {
                DwarfKind::UnsafePointer
            }
            constants::DW_TAG_pointer_type => DwarfKind::Pointer { elem: self.reference(raw.ty) },
            constants::DW_TAG_subroutine_type => DwarfKind::Func,
            constants::DW_TAG_typedef => self.built_in(raw),
            _ => DwarfKind::Unspecified,
        }
    }

    /// Maps, channels and interfaces: typedefs of what implements them.
    fn built_in(&mut self, raw: &RawType<'_>) -> DwarfKind {
        match raw.go_kind {
            KIND_MAP => DwarfKind::Map {
                key: self.reference(raw.key),
                elem: self.reference(raw.elem),
                header: self.header(raw.ty),
            },
            KIND_CHAN => DwarfKind::Chan { elem: self.reference(raw.elem), header: self.header(raw.ty) },
            KIND_INTERFACE => DwarfKind::Interface {
                empty: self.place(raw.ty).is_some_and(|place| self.raw(place).name == b"runtime.eface"),
            },
            _ => DwarfKind::Unspecified,
        }
    }

    fn header(&mut self, pointer: usize) -> Option<DwarfTypeId> {
        let place = self.place(pointer)?;
        self.reference(self.raw(place).ty)
    }

    fn fields(&mut self, raw: &[RawField<'_>]) -> Box<[Field]> {
        raw.iter()
            .map(|field| Field {
                name: text(field.name),
                offset: field.offset,
                ty: self.reference(field.ty),
                embedded: field.embedded,
            })
            .collect()
    }

    fn reference(&mut self, reference: usize) -> Option<DwarfTypeId> {
        let id = self.place(reference).and_then(|place| self.ids[place]);
        self.dangling += u64::from(id.is_none());
        id
    }

    /// Size of what is written without `DW_AT_byte_size`: pointers, maps, channels, interfaces.
    fn default_size(&self, raw: &RawType<'_>, kind: &DwarfKind) -> u64 {
        let word = u64::from(raw.pointer_size);
        match kind {
            DwarfKind::Pointer { .. }
            | DwarfKind::UnsafePointer
            | DwarfKind::Map { .. }
            | DwarfKind::Chan { .. }
            | DwarfKind::Func => word,
            DwarfKind::String | DwarfKind::Interface { .. } => 2 * word,
            DwarfKind::Slice { .. } => 3 * word,
            _ => 0,
        }
    }
}

fn is_plain_typedef(raw: &RawType<'_>) -> bool {
    raw.tag == constants::DW_TAG_typedef && raw.go_kind == 0
}

fn base_kind(encoding: u8) -> DwarfKind {
    match gimli::DwAte(encoding) {
        constants::DW_ATE_boolean => DwarfKind::Bool,
        constants::DW_ATE_signed => DwarfKind::Int { signed: true },
        constants::DW_ATE_unsigned => DwarfKind::Int { signed: false },
        constants::DW_ATE_float => DwarfKind::Float,
        constants::DW_ATE_complex_float => DwarfKind::Complex,
        _ => DwarfKind::Unspecified,
    }
}

/// Names are UTF-8 in Go; whatever is not is replaced.
pub(super) fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}
