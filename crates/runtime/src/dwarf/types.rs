//! Go types as DWARF describes them.

use foldhash::HashMap;

use super::names::NameIndex;

/// Place of a type in [`Dwarf::types`](super::Dwarf::types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DwarfTypeId(pub u32);

/// One Go type. A named type is one entry, not a name and an underlying type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DwarfType {
    /// Name with full import paths (`*net/http.Request`), as the linker writes it; the runtime's own name for the type
    /// has only the last element of the path. A type declared in a function is `main.T·1`. Types the linker makes up
    /// are there too: `map<K,V>`, `table<K,V>`, `groupReference<K,V>` (Go 1.24 and later), `hash<K,V>`, `bucket<K,V>`
    /// (before), `hchan<T>`, `waitq<T>`, `sudog<T>`.
    pub name: Box<str>,
    /// Size in bytes.
    pub size: u64,
    /// Shape.
    pub kind: DwarfKind,
    /// Where the type's descriptor lies, in bytes after the symbol `runtime.types`; `None` when the program has no
    /// descriptor for it (half of all types and more). Also `None` for `uintptr` up to Go 1.22, where the linker wrote
    /// an address: look that one up by name.
    pub runtime_offset: Option<u64>,
    /// `DW_AT_go_kind`: the value of `reflect.Kind`, 0 when not given (types the linker made up, some pointers up to Go
    /// 1.21).
    pub go_kind: u8,
}

/// Shape of a Go type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DwarfKind {
    /// `bool`.
    Bool,
    /// Integers, `uintptr` among them; their size is the type's.
    Int {
        /// Two's complement.
        signed: bool,
    },
    /// `float32`, `float64`.
    Float,
    /// `complex64`, `complex128`.
    Complex,
    /// Struct.
    Struct {
        /// Members in the order of their declaration.
        fields: Box<[Field]>,
    },
    /// Array.
    Array {
        /// Element type.
        elem: Option<DwarfTypeId>,
        /// Number of elements.
        len: u64,
    },
    /// Typed pointer.
    Pointer {
        /// What it points to; `None` when that reference leads nowhere.
        elem: Option<DwarfTypeId>,
    },
    /// Slice: data pointer, length, capacity.
    Slice {
        /// Element type.
        elem: Option<DwarfTypeId>,
    },
    /// String: data pointer, length.
    String,
    /// Interface: two words.
    Interface {
        /// Without methods: the first word is the type (`runtime.eface`), else the itab (`runtime.iface`).
        empty: bool,
    },
    /// Map: one pointer to its header.
    Map {
        /// Key type.
        key: Option<DwarfTypeId>,
        /// Value type.
        elem: Option<DwarfTypeId>,
        /// The header struct pointed to: `map<K,V>` (Swiss maps) or `hash<K,V>`.
        header: Option<DwarfTypeId>,
    },
    /// Channel: one pointer to its header.
    Chan {
        /// Element type.
        elem: Option<DwarfTypeId>,
        /// The header struct pointed to: `hchan<T>`.
        header: Option<DwarfTypeId>,
    },
    /// Function value: one pointer to a `runtime.funcval`.
    Func,
    /// `unsafe.Pointer`.
    UnsafePointer,
    /// No shape given, or one that Go does not write.
    Unspecified,
}

/// Member of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name; in a struct type without a name those not exported carry their package (`pkg.f`).
    pub name: Box<str>,
    /// Distance from the start of the struct in bytes.
    pub offset: u64,
    /// Type; `None` when the reference leads nowhere.
    pub ty: Option<DwarfTypeId>,
    /// Embedded field.
    pub embedded: bool,
}

/// A field found by path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Distance from the start of the outermost struct in bytes.
    pub offset: u64,
    /// Size of the field in bytes.
    pub size: u64,
    /// Type of the field.
    pub ty: DwarfTypeId,
}

/// All types of an executable and the ways to find one.
#[derive(Debug, Default)]
pub(super) struct TypeTable {
    pub(super) types: Vec<DwarfType>,
    /// Offsets in `.debug_info` of all type entries, ascending, and what type each stands for.
    pub(super) entry_offsets: Vec<usize>,
    pub(super) entry_types: Vec<Option<DwarfTypeId>>,
    by_runtime_offset: HashMap<u64, DwarfTypeId>,
    by_name: NameIndex,
}

impl TypeTable {
    pub(super) fn new(types: Vec<DwarfType>, entry_offsets: Vec<usize>, entry_types: Vec<Option<DwarfTypeId>>) -> Self {
        let mut by_runtime_offset = HashMap::default();
        for (id, ty) in (0..).map(DwarfTypeId).zip(&types) {
            if let Some(offset) = ty.runtime_offset {
                by_runtime_offset.entry(offset).or_insert(id);
            }
        }
        let by_name = NameIndex::new(types.iter().map(|ty| &*ty.name));
        Self { types, entry_offsets, entry_types, by_runtime_offset, by_name }
    }

    pub(super) fn get(&self, id: DwarfTypeId) -> Option<&DwarfType> {
        self.types.get(id.0 as usize)
    }

    pub(super) fn by_runtime_offset(&self, offset: u64) -> Option<DwarfTypeId> {
        self.by_runtime_offset.get(&offset).copied()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<DwarfTypeId> {
        let place = self.by_name.find(&self.types, name, |ty| &ty.name)?;
        u32::try_from(place).ok().map(DwarfTypeId)
    }

    /// Type that the entry at `offset` of `.debug_info` describes.
    pub(super) fn by_entry(&self, offset: usize) -> Option<DwarfTypeId> {
        let place = self.entry_offsets.binary_search(&offset).ok()?;
        *self.entry_types.get(place)?
    }

    pub(super) fn member(&self, struct_name: &str, path: &str) -> Option<Member> {
        let mut ty = self.by_name(struct_name)?;
        let mut offset = 0u64;
        for name in path.split('.') {
            let DwarfKind::Struct { fields } = &self.get(ty)?.kind else {
                return None;
            };
            let field = fields.iter().find(|field| &*field.name == name)?;
            offset = offset.checked_add(field.offset)?;
            ty = field.ty?;
        }
        let size = self.get(ty)?.size;
        Some(Member { offset, size, ty })
    }
}
