//! What a closure holds: the variables that its function captured (cmd/compile/internal/typecheck/func.go, `ClosureStructIter`).
//!
//! A closure is `struct { F uintptr; … }`: the function's entry, then each captured variable in the order of the compiler's list,
//! aligned. Since Go 1.23 each variable that the function uses says where (`DW_AT_go_closure_offset`); one that the compiler
//! found unneeded has no entry, but still its place. Before, no attribute tells, and the place of a variable is nowhere in DWARF.
//! Wrappers of `go` and `defer` (`gowrap1`, `deferwrap1`) have no variables in any release.

use super::Dwarf;
use super::functions::Function;
use super::locals::{self, Want};
use super::types::{DwarfKind, DwarfTypeId};

/// Suffix of the function that a method value (`x.Method` without a call) is made of.
const METHOD_VALUE: &str = "-fm";
/// Where the receiver lies in the closure of a method value: `struct { F uintptr; R T }`.
const RECEIVER_OFFSET: u64 = 8;

/// A word or more of a closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The variable's name; `receiver` for that of a method value, `.dict` for a generic function's dictionary.
    pub name: Box<str>,
    /// Bytes from the start of the closure, of which the function's entry is the first word.
    pub offset: u64,
    /// Type of what stands there: of a variable captured by reference the pointer's.
    pub ty: DwarfTypeId,
    /// True if the closure holds a pointer to the variable.
    pub by_reference: bool,
}

impl Dwarf<'_> {
    /// What a closure holds whose function begins at `entry`, in order of offset; address as linked, without load bias.
    ///
    /// `None` where no function begins there, and where DWARF does not tell: Go before 1.23, except for method values; receivers
    /// whose type has no entry of its own.
    pub fn captures(&self, entry: u64) -> Option<Vec<Capture>> {
        let function = self.function_at(entry).filter(|function| function.low == entry)?;
        if let Some(method) = function.name.strip_suffix(METHOD_VALUE) {
            return Some(vec![self.receiver(method)?]);
        }
        let (unit, _) = self.entries.at(function.entry)?;
        if unit.has_closure_offsets { Some(self.captured(function)) } else { None }
    }

    fn captured(&self, function: &Function) -> Vec<Capture> {
        let body = locals::read_body(self, function, function.low, Want::Captures);
        let own = body.locals.into_iter().filter(|local| *local.function == *function.name);
        let captured = own.filter_map(|local| {
            let (offset, ty) = (local.closure_offset?, local.ty?);
            let (name, by_reference) = match local.name.strip_prefix('&') {
                Some(name) => (name.into(), true),
                None => (local.name, false),
            };
            Some(Capture { name, offset, ty, by_reference })
        });
        let mut captures: Vec<Capture> = captured.collect();
        captures.sort_by_key(|capture| capture.offset);
        captures.dedup_by_key(|capture| capture.offset);
        captures
    }

    /// The receiver of `main.(*T).Method` or `main.T.Method`.
    fn receiver(&self, method: &str) -> Option<Capture> {
        let (receiver, _) = method.rsplit_once('.')?;
        let name = match receiver.split_once(".(*") {
            Some((package, rest)) => format!("*{package}.{}", rest.strip_suffix(')')?),
            None => receiver.to_owned(),
        };
        let ty = self.type_by_name(&name)?;
        let is_type = !matches!(self.type_by_id(ty)?.kind, DwarfKind::Unspecified);
        is_type.then_some(Capture { name: "receiver".into(), offset: RECEIVER_OFFSET, ty, by_reference: false })
    }
}
