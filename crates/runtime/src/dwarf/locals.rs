//! Parameters and variables of one function, read from its entries when asked for.

use std::sync::Arc;

use gimli::{Abbreviation, constants};

use super::Dwarf;
use super::die::{Broken, Die, DieReader, LocationAttribute};
use super::functions::Function;
use super::location::{Locator, Place, StackSlot};
use super::resolve::text;
use super::types::DwarfTypeId;

/// Typedefs followed from a type parameter to its shape; Go writes one.
const MAX_TYPEDEFS: usize = 8;

/// A parameter, result or variable of a function or of a function inlined into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Name as declared. `&x` is a variable `x` that was moved to the heap, or captured by reference: the local is the
    /// pointer to it, `ty` its pointer type. `x.ptr`, `x.len`, `x.cap`, `x.itab`, `x.type` and `x.data` are words of a
    /// variable `x` that the compiler keeps apart (some in all releases, many in Go 1.27). Without a name in the
    /// source: results `~r0`, parameters `~p0` (Go 1.22 and later), dictionaries of generic functions `.dict` (Go
    /// 1.27), temporaries `.autotmp_1`.
    pub name: Box<str>,
    /// Type; in generic code the shape type (`go.shape.int`). `None` when the reference leads nowhere.
    pub ty: Option<DwarfTypeId>,
    /// Size of the type in bytes, 0 when unknown.
    pub size: u64,
    /// Place in the function's dictionary of the type that stands for `ty` in this instance (Go 1.18 and later).
    pub dict_index: Option<u64>,
    /// The function that declares it: the one asked for, or one inlined into it.
    pub function: Arc<str>,
    /// Number of inlined calls around its declaration: 0 for the function asked for. One in scope belongs to the call that stands
    /// so many places before the last of [`RuntimeModel::inline_stack`](crate::RuntimeModel::inline_stack).
    pub inline_depth: u32,
    /// Parameter or result.
    pub is_parameter: bool,
    /// Result.
    pub is_result: bool,
    /// The program counter is inside the block or the inlined call that declares it.
    pub in_scope: bool,
    /// Line of its declaration, in the file of the function that declares it; 0 where that is not told.
    pub decl_line: u32,
    /// Where it is at the program counter; `None` when it is nowhere. At a call most variables are nowhere although
    /// their slot still is live in the stack map.
    pub place: Option<Place>,
    /// Where in the frame it is at any program counter, ascending.
    pub slots: Vec<StackSlot>,
    /// Offset in the closure object of a captured variable, in bytes (Go 1.23 and later).
    pub closure_offset: Option<u64>,
}

/// Locals found, and the inlined calls that hold the program counter, outermost first.
#[derive(Default)]
pub(super) struct Body {
    pub(super) locals: Vec<Local>,
    pub(super) inlined: Vec<Arc<str>>,
}

/// What to read of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Everything,
    /// Captured variables without their places.
    Captures,
    InlinedCalls,
}

/// Reads the entries of `function`; what comes before damage is kept.
pub(super) fn read_body(dwarf: &Dwarf<'_>, function: &Function, pc: u64, want: Want) -> Body {
    let mut body = Body::default();
    let Some((unit, mut reader)) = dwarf.entries.at(function.entry) else {
        return body;
    };
    let Ok(Some(abbreviation)) = reader.next() else {
        return body;
    };
    let Ok(root) = reader.read(abbreviation) else {
        return body;
    };
    let mut walk = Walk {
        dwarf,
        locator: Locator::new(dwarf, unit, pc, &root),
        want,
        scopes: vec![Scope { function: Arc::from(&*function.name), covers: true, inline_depth: 0 }],
        body: &mut body,
    };
    if abbreviation.has_children() {
        // Damage ends the walk; what came before it stands.
        let _ = walk.children(&mut reader);
    }
    body
}

/// An entry that has children.
#[derive(Clone)]
struct Scope {
    function: Arc<str>,
    covers: bool,
    inline_depth: u32,
}

struct Walk<'a, 'b> {
    dwarf: &'a Dwarf<'a>,
    locator: Locator<'a>,
    want: Want,
    /// The function and the entries around the current one, outermost first.
    scopes: Vec<Scope>,
    body: &'b mut Body,
}

impl<'a> Walk<'a, '_> {
    fn children(&mut self, reader: &mut DieReader<'a>) -> Result<(), Broken> {
        while let Some(scope) = self.scopes.last().cloned() {
            let Some(abbreviation) = reader.next()? else {
                self.scopes.pop();
                continue;
            };
            let inner = self.entry(abbreviation, reader, &scope)?;
            if abbreviation.has_children() {
                self.scopes.push(inner.unwrap_or(scope));
            }
        }
        Ok(())
    }

    /// Reads one entry; the scope it opens, if it opens one.
    fn entry(
        &mut self,
        abbreviation: &Abbreviation,
        reader: &mut DieReader<'a>,
        scope: &Scope,
    ) -> Result<Option<Scope>, Broken> {
        let tag = abbreviation.tag();
        let is_variable = tag == constants::DW_TAG_variable || tag == constants::DW_TAG_formal_parameter;
        if is_variable && self.want != Want::InlinedCalls {
            let mut die = reader.read(abbreviation)?;
            if self.want == Want::Captures {
                if die.closure_offset.is_none() {
                    return Ok(None);
                }
                die.location = LocationAttribute::Absent;
            }
            let local = self.local(&die, tag == constants::DW_TAG_formal_parameter, scope);
            self.body.locals.push(local);
            return Ok(None);
        }
        if tag == constants::DW_TAG_lexical_block || tag == constants::DW_TAG_inlined_subroutine {
            let die = reader.read(abbreviation)?;
            let mut inner = scope.clone();
            inner.covers &= self.locator.covers(&die);
            if tag == constants::DW_TAG_inlined_subroutine {
                let origin = self.origin(&die);
                inner.function = Arc::from(text(origin.name));
                inner.inline_depth = scope.inline_depth.saturating_add(1);
                if inner.covers {
                    self.body.inlined.push(Arc::clone(&inner.function));
                }
            }
            return Ok(Some(inner));
        }
        reader.skip(abbreviation)?;
        Ok(None)
    }

    fn local(&mut self, die: &Die<'a>, is_parameter: bool, scope: &Scope) -> Local {
        let origin = self.origin(die);
        let declared = |own: usize, abstract_one: usize| if own != 0 { own } else { abstract_one };
        let (ty, dict_index) = self.type_of(declared(die.ty, origin.ty));
        let size = ty.and_then(|ty| self.dwarf.types.get(ty)).map_or(0, |ty| ty.size);
        let location = self.locator.locate(die.location, size);
        Local {
            name: text(if die.name.is_empty() { origin.name } else { die.name }),
            ty,
            size,
            dict_index,
            function: Arc::clone(&scope.function),
            inline_depth: scope.inline_depth,
            is_parameter,
            is_result: die.is_result || origin.is_result,
            in_scope: scope.covers,
            decl_line: if die.decl_line != 0 { die.decl_line } else { origin.decl_line },
            place: location.at_pc,
            slots: location.slots,
            closure_offset: die.closure_offset,
        }
    }

    fn origin(&mut self, die: &Die<'_>) -> Die<'a> {
        if die.abstract_origin == 0 {
            return Die::default();
        }
        self.dwarf.entries.die(die.abstract_origin, &mut self.locator.budget).unwrap_or_default()
    }

    /// Type and dictionary index. A type parameter is a typedef `.paramN` inside the function, which is not in the type
    /// table.
    fn type_of(&mut self, reference: usize) -> (Option<DwarfTypeId>, Option<u64>) {
        let (mut reference, mut dict_index) = (reference, None);
        for _ in 0..MAX_TYPEDEFS {
            if let Some(ty) = self.dwarf.types.by_entry(reference) {
                return (Some(ty), dict_index);
            }
            if reference == 0 {
                break;
            }
            let budget = &mut self.locator.budget;
            let typedef = self.dwarf.entries.die(reference, budget).unwrap_or_default();
            dict_index = dict_index.or(typedef.dict_index);
            reference = typedef.ty;
        }
        (None, dict_index)
    }
}
