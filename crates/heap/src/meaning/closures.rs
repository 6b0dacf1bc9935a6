//! Closures (cmd/compile/internal/walk/closure.go): a struct of the function's address and what it captured, one type for each
//! function.

use foldhash::HashMap;
use goheap_model::{Field, GoType, Kind, TypeId, TypeTable};
use goheap_runtime::RuntimeModel;
use serde::{Deserialize, Serialize};

/// Types of closures by the entry of the function that they call.
#[derive(Clone)]
pub(crate) struct Closures<'m> {
    functions: &'m dyn FunctionSource,
    met: MetClosures,
    /// The functions that were asked for, one after the other.
    loaded: Vec<u64>,
    /// Types that were made.
    made: usize,
}

/// The closures that were met.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MetClosures {
    by_entry: HashMap<u64, Option<TypeId>>,
    /// The opaque type beside each that is a struct.
    bare: HashMap<TypeId, TypeId>,
    /// By the entry of the function, the compiler's struct that code makes its closures of.
    told: HashMap<u64, TypeId>,
}

impl MetClosures {
    /// Every type among them.
    pub(crate) fn types(&self) -> impl Iterator<Item = TypeId> + '_ {
        let pairs = self.bare.iter().flat_map(|(&ty, &bare)| [ty, bare]);
        self.by_entry.values().flatten().copied().chain(pairs).chain(self.told.values().copied())
    }
}

/// True for the structs that the compiler makes for closures: their first field is `F` (`.F` up to 1.20).
pub(crate) fn is_closure_struct(types: &TypeTable, ty: TypeId) -> bool {
    match &types.get(ty).kind {
        Kind::Struct(fields) => {
            let name = &types.get(ty).name;
            ["struct { F uintptr; ", "struct { .F uintptr; "].iter().any(|start| name.starts_with(start))
                && fields.len() > 1
        }
        _ => false,
    }
}

/// A captured variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    pub(crate) name: String,
    pub(crate) offset: u64,
    pub(crate) ty: TypeId,
}

/// What is known of functions.
pub(crate) trait FunctionSource: Sync {
    /// The name of the function that begins exactly at `entry`.
    fn function_at(&self, entry: u64) -> Option<String>;
    /// What the function at `entry` captures; None where nothing tells.
    fn captures(&self, entry: u64) -> Option<Vec<Captured>>;
}

impl FunctionSource for RuntimeModel<'_> {
    fn function_at(&self, entry: u64) -> Option<String> {
        let (module, func) = self.unwinder().find_func(entry)?;
        (func.entry == entry).then(|| self.modules[module].functions.print_name(&func))
    }

    fn captures(&self, entry: u64) -> Option<Vec<Captured>> {
        // The DWARF of plugins and shared objects is not read.
        self.modules.first().filter(|module| module.text.contains(&entry))?;
        let captures = self.dwarf.as_ref()?.captures(entry.wrapping_sub(self.process.load_bias))?;
        let captured = |capture: goheap_runtime::dwarf::Capture| Captured {
            name: capture.name.into(),
            offset: capture.offset,
            ty: TypeId(capture.ty.0),
        };
        Some(captures.into_iter().map(captured).collect())
    }
}

impl<'m> Closures<'m> {
    pub(crate) fn new(functions: &'m dyn FunctionSource) -> Self {
        Self::having(functions, MetClosures::default())
    }

    /// With those that were met before.
    pub(crate) fn having(functions: &'m dyn FunctionSource, met: MetClosures) -> Self {
        Closures { functions, met, loaded: Vec::new(), made: 0 }
    }

    /// The functions that were asked for, one after the other.
    pub(crate) fn loaded(&self) -> &[u64] {
        &self.loaded
    }

    /// How many types that made.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// Those that were met.
    pub(crate) fn met(&self) -> &MetClosures {
        &self.met
    }

    /// The type of closures that call the function at `entry`: None if it was not loaded, Some(None) if none begins there.
    pub(crate) fn get(&self, entry: u64) -> Option<Option<TypeId>> {
        self.met.by_entry.get(&entry).copied()
    }

    /// The type to use where the captures that DWARF tells are not what is there.
    pub(crate) fn bare(&self, ty: TypeId) -> Option<TypeId> {
        self.met.bare.get(&ty).copied()
    }

    /// Notes what code makes closures of, where no debug information tells.
    pub(crate) fn tell(&mut self, told: HashMap<u64, TypeId>) {
        self.met.told = told;
    }

    /// Makes the type for the function at `entry`.
    pub(crate) fn load(&mut self, types: &mut TypeTable, entry: u64) {
        let before = types.len();
        let closure = self.functions.function_at(entry).map(|name| {
            if let Some(ty) = of_reflect(types, &name) {
                return ty;
            }
            let name = format!("func {name}");
            let bare = types.add(GoType { name: name.as_str().into(), size: 8, kind: Kind::Opaque, descriptor: None });
            let captures = self.functions.captures(entry).or_else(|| captured(types, *self.met.told.get(&entry)?));
            let Some(captured) = captures else { return bare };
            let closure = closure_struct(types, &name, &captured);
            let ty = types.add(closure);
            self.met.bare.insert(ty, bare);
            ty
        });
        self.met.by_entry.insert(entry, closure);
        self.loaded.push(entry);
        self.made += types.len() - before;
    }
}

/// What reflect makes in place of a closure (reflect/makefunc.go): its first word is a function's, the rest a struct of its own.
fn of_reflect(types: &TypeTable, function: &str) -> Option<TypeId> {
    types.by_name(match function {
        "reflect.makeFuncStub" => "reflect.makeFuncImpl",
        "reflect.methodValueCall" => "reflect.methodValue",
        _ => return None,
    })
}

/// What a compiler's struct holds beside the function.
fn captured(types: &TypeTable, ty: TypeId) -> Option<Vec<Captured>> {
    let Kind::Struct(fields) = &types.get(ty).kind else { return None };
    let captured = |field: &Field| Captured { name: field.name.to_string(), offset: field.offset, ty: field.ty };
    Some(fields.iter().skip(1).map(captured).collect())
}

fn closure_struct(types: &TypeTable, name: &str, captured: &[Captured]) -> GoType {
    let field = |captured: &Captured| Field {
        name: captured.name.as_str().into(),
        offset: captured.offset,
        ty: captured.ty,
        is_embedded: false,
    };
    let end = |field: &Field| field.offset.saturating_add(types.get(field.ty).size);
    let fields: Box<[Field]> = captured.iter().map(field).collect();
    let size = fields.iter().map(end).max().unwrap_or(0).max(8).next_multiple_of(8);
    GoType { name: name.into(), size, kind: Kind::Struct(fields), descriptor: None }
}
