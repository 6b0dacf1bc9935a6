//! Go's debug information: types, package variables, constants, functions and their locals.
//!
//! Knows DWARF 4 (Go up to 1.24) and 5 (Go 1.25 and later), also both in one file, and no ELF: sections come through
//! [`Sections`]. Units of other languages are passed over. All addresses are as linked, without load bias.
//!
//! Tour, in the order of a run of [`Dwarf::parse`]:
//!
//! - `sections` owns the bytes; `units` finds the Go units; `die` reads one entry;
//! - `scan` goes once over each unit and notes what is in it; function bodies are stepped over;
//! - `resolve` makes [`DwarfType`]s of type entries, `globals` and `functions` sort theirs;
//! - `locals` and `location` read one function's body, each time they are asked.
//!
//! Source for all that is Go's own: `cmd/internal/dwarf/dwarf.go`, `cmd/link/internal/ld/dwarf.go`,
//! `cmd/compile/internal/ssa/debug.go`, Go 1.19 to 1.27.

mod budget;
mod captures;
mod die;
mod error;
mod functions;
mod globals;
mod locals;
mod location;
mod names;
mod resolve;
mod scan;
mod sections;
#[cfg(test)]
mod tests;
mod types;
mod units;

use std::sync::Arc;

use foldhash::HashMap;

pub use captures::Capture;
pub use error::DwarfError;
pub use functions::Function;
pub use globals::Global;
pub use locals::Local;
pub use location::{Piece, Place, StackSlot};
pub use sections::Sections;
pub use types::{DwarfKind, DwarfType, DwarfTypeId, Field, Member};

use globals::GlobalTable;
use locals::{Body, Want};
use rayon::prelude::*;
use scan::UnitScan;
use sections::{EntrySections, ListSections};
use types::TypeTable;
use units::Entries;

/// Debug information of one executable.
///
/// Owns those of the sections it reads that are compressed, unpacked (a quarter to a third of a Go executable; of one that was
/// linked with `-compressdwarf=false` nothing), and a few hundred bytes a type.
#[derive(Debug)]
pub struct Dwarf<'d> {
    entries: Entries<'d>,
    lists: ListSections<'d>,
    types: TypeTable,
    globals: GlobalTable,
    constants: HashMap<Box<str>, i64>,
    functions: Vec<Function>,
    diagnostics: DwarfDiagnostics,
}

/// What was passed over when the debug information was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DwarfDiagnostics {
    /// Units of other languages: normal in programs with cgo.
    pub foreign_units: u64,
    /// Units that could not be read, or not to their end.
    pub broken_units: u64,
    /// Entries without what makes them useful, such as a variable without address.
    pub broken_entries: u64,
    /// References from types that lead to no type.
    pub dangling_references: u64,
}

impl<'d> Dwarf<'d> {
    /// Reads everything but function bodies; `None` when there is no `.debug_info` (linked with `-w`, or stripped).
    ///
    /// # Errors
    ///
    /// When a section is missing without which nothing can be read. Damage within sections is counted in
    /// [`diagnostics`](Self::diagnostics) instead.
    pub fn parse(sections: &dyn Sections<'d>) -> Result<Option<Self>, DwarfError> {
        // Unpacking the lists takes as long as all the rest.
        let (parsed, lists) = rayon::join(|| Self::parse_entries(sections), || ListSections::load(sections));
        Ok(parsed?.map(|parsed| Self { lists, ..parsed }))
    }

    fn parse_entries(sections: &dyn Sections<'d>) -> Result<Option<Self>, DwarfError> {
        let Some(bytes) = EntrySections::load(sections)? else {
            return Ok(None);
        };
        let mut diagnostics = DwarfDiagnostics::default();
        let entries = Entries::new(bytes, &mut diagnostics);
        let scans: Vec<UnitScan<'_>> = entries.units.par_iter().map(|unit| scan::scan_unit(&entries, unit)).collect();
        for scan in &scans {
            diagnostics.broken_units += u64::from(scan.cut_short);
            diagnostics.broken_entries += scan.broken_entries;
        }
        let types = resolve::resolve(&scans, &mut diagnostics);
        let globals = GlobalTable::new(&scans, &types);
        let functions = functions::collect(&scans, &entries);
        let constants = constants(&scans);
        drop(scans);
        Ok(Some(Self { entries, lists: ListSections::default(), types, globals, constants, functions, diagnostics }))
    }

    /// The Go release that compiled the first unit that says it, such as `go1.22.10`; experiments are not told.
    pub fn go_release(&self) -> Option<&str> {
        self.entries.units.iter().find_map(|unit| unit.release.as_deref())
    }

    /// All types; a [`DwarfTypeId`] is the place in it.
    pub fn types(&self) -> &[DwarfType] {
        &self.types.types
    }

    /// The type of an id from this executable.
    pub fn type_by_id(&self, id: DwarfTypeId) -> Option<&DwarfType> {
        self.types.get(id)
    }

    /// The type whose descriptor lies `offset` bytes after the symbol `runtime.types`. No load bias is involved.
    pub fn type_by_runtime_offset(&self, offset: u64) -> Option<DwarfTypeId> {
        self.types.by_runtime_offset(offset)
    }

    /// The first type of this name (`runtime.mspan`); see [`DwarfType::name`].
    pub fn type_by_name(&self, name: &str) -> Option<DwarfTypeId> {
        self.types.by_name(name)
    }

    /// A field of a struct, by its name or through nested structs (`pages.chunks`). Embedded fields are named, too.
    pub fn struct_member(&self, struct_name: &str, path: &str) -> Option<Member> {
        self.types.member(struct_name, path)
    }

    /// Size in bytes of the type of this name.
    pub fn struct_size(&self, name: &str) -> Option<u64> {
        let id = self.types.by_name(name)?;
        self.types.get(id).map(|ty| ty.size)
    }

    /// All package variables, by ascending address, then name.
    pub fn globals(&self) -> &[Global] {
        &self.globals.globals
    }

    /// A package variable by its name (`runtime.mheap_`).
    pub fn global(&self, name: &str) -> Option<&Global> {
        self.globals.by_name(name)
    }

    /// Value of a package constant (`runtime._Gidle`). The compiler only writes integer constants that the package
    /// itself uses.
    pub fn constant(&self, name: &str) -> Option<i64> {
        self.constants.get(name).copied()
    }

    /// All functions that have code, by ascending address.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The function whose code holds `pc`.
    pub fn function_at(&self, pc: u64) -> Option<&Function> {
        functions::at(&self.functions, pc)
    }

    /// The variables in scope at `pc`, of the function there and of those inlined around `pc`, in declaration order,
    /// inlined ones last.
    ///
    /// For a frame that has made a call pass the return address minus one, as for stack maps: the return address itself
    /// may belong to the next block.
    pub fn locals_at(&self, pc: u64) -> Vec<Local> {
        let mut locals = self.locals_of_function(pc);
        locals.retain(|local| local.in_scope);
        locals
    }

    /// All variables of the function that holds `pc`, also those out of scope there; places are those at `pc`.
    ///
    /// [`Local::slots`] names a frame slot even where DWARF has the variable nowhere.
    pub fn locals_of_function(&self, pc: u64) -> Vec<Local> {
        self.body(pc, Want::Everything).locals
    }

    /// Names of the functions inlined around `pc`, innermost first; the function that holds the code is not among them.
    pub fn inlined_at(&self, pc: u64) -> Vec<Arc<str>> {
        let mut chain = self.body(pc, Want::InlinedCalls).inlined;
        chain.reverse();
        chain
    }

    /// What was passed over.
    pub fn diagnostics(&self) -> DwarfDiagnostics {
        self.diagnostics
    }

    fn body(&self, pc: u64, want: Want) -> Body {
        self.function_at(pc).map_or_else(Body::default, |function| locals::read_body(self, function, pc, want))
    }
}

/// Of constants of one name the first counts.
fn constants(scans: &[UnitScan<'_>]) -> HashMap<Box<str>, i64> {
    let mut constants = HashMap::default();
    for (name, value) in scans.iter().flat_map(|scan| &scan.constants) {
        constants.entry(resolve::text(name)).or_insert(*value);
    }
    constants
}
