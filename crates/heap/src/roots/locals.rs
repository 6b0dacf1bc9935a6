//! Which local variable a word of a frame or a register belongs to, by DWARF.

use super::RootCollector;
use foldhash::HashMap;
use goheap_model::{Kind, TypeId};
use goheap_runtime::InlineFrame;
use goheap_runtime::dwarf::{Local, Piece, Place};
use goheap_runtime::stack::{Frame, StackScan};
use std::borrow::Cow;
use std::sync::Arc;

/// Locals that are read, of all functions together: where goroutines stand at each instruction of a function of many variables, each of these
/// has them all.
const MAX_READ: usize = 1 << 21;
/// Locals that are kept.
const MAX_KEPT: usize = 1 << 17;
/// Locals that are looked through for words of frames, all together.
const MAX_LOOKED: usize = 1 << 30;

/// Locals of the functions met, by the pc asked for: thousands of goroutines stand at the same few.
#[derive(Default)]
pub(super) struct LocalsCache {
    at: HashMap<u64, Vec<Local>>,
    kept: usize,
    read: usize,
    looked: usize,
}

impl LocalsCache {
    /// Those at `pc`, to be looked through once; `read` gives them if they are not there. None once there were too many.
    fn at(&mut self, pc: u64, read: impl FnOnce() -> Vec<Local>) -> Option<&[Local]> {
        if self.read > MAX_READ || self.looked > MAX_LOOKED {
            return None;
        }
        if !self.at.contains_key(&pc) {
            if self.kept > MAX_KEPT {
                self.at.clear();
                self.kept = 0;
            }
            let locals = read();
            // One without locals takes its place, too.
            self.kept += locals.len() + 1;
            self.read += locals.len() + 1;
            self.at.insert(pc, locals);
        }
        let locals = self.at.get(&pc)?;
        self.looked += locals.len();
        Some(locals)
    }
}

/// A word of a frame, named.
pub(super) struct NamedSlot {
    pub(super) name: String,
    pub(super) ty: TypeId,
    /// Bytes from the start of the variable.
    pub(super) offset: u64,
    /// Bytes from there on that lie in memory as the variable has them now.
    pub(super) run: u64,
    /// True if the variable is there at this very instruction, not only at others.
    pub(super) is_current: bool,
    /// True if the word is a pointer to the variable, which was moved to the heap or captured by reference.
    pub(super) is_moved: bool,
    /// The calls between the frame's function and the variable that were inlined, the outermost first.
    pub(super) inlined: Vec<String>,
}

/// What DWARF says of the variable that a word belongs to.
struct Declared {
    name: Box<str>,
    ty: TypeId,
    function: Arc<str>,
    inline_depth: usize,
    in_scope: bool,
    has_capacity: bool,
}

impl Declared {
    fn new(local: &Local, locals: &[Local]) -> Option<Self> {
        Some(Declared {
            name: local.name.clone(),
            ty: TypeId(local.ty?.0),
            function: local.function.clone(),
            inline_depth: local.inline_depth as usize,
            in_scope: local.in_scope,
            has_capacity: has_capacity(locals, &local.name),
        })
    }
}

/// Bytes of a word: of a variable in parts no more is known to lie together.
const WORD: u64 = 8;

/// The dictionary of a generic function, which lies in the executable.
const DICTIONARY: &str = ".dict";

impl RootCollector<'_, '_, '_> {
    /// The variables of a frame's function, as they are at its pc.
    fn locals(&mut self, frame: &Frame, index: usize) -> Option<&[Local]> {
        let dwarf = self.model.dwarf.as_ref()?;
        // The DWARF of plugins and shared objects is not read.
        let bias = (frame.func.module == 0).then_some(self.model.process.load_bias)?;
        let pc = call_pc(frame, index).wrapping_sub(bias);
        self.locals.at(pc, || dwarf.locals_of_function(pc))
    }

    /// The variable that holds the word at `at` of a frame: one that is there now, else one that is there at
    /// some other instruction. At the return from a call most variables are nowhere by DWARF while their slots still live.
    pub(super) fn name_slot(&mut self, scan: &StackScan, index: usize, at: u64) -> Option<NamedSlot> {
        let frame = scan.frames.get(index)?;
        let distance = at.wrapping_sub(frame.fp) as i64;
        let locals = self.locals(frame, index)?;
        let current = locals.iter().find_map(|local| {
            let (offset, run) = match local.place.as_ref()? {
                Place::CfaOffset(start) => {
                    let offset = within(distance, *start, local.size)?;
                    (offset, local.size - offset)
                }
                Place::Pieces(pieces) => {
                    let offset = piece_offset(pieces, |place, size| match place {
                        Place::CfaOffset(start) => within(distance, *start, size),
                        _ => None,
                    })?;
                    (offset, WORD)
                }
                _ => return None,
            };
            Some((local, offset, run, true))
        });
        let elsewhere = || {
            // Slots are shared: a variable whose block this is comes first.
            let (here, not_here): (Vec<&Local>, Vec<&Local>) = locals.iter().partition(|local| local.in_scope);
            here.into_iter().chain(not_here).find_map(|local| {
                let slot = local.slots.iter().find(|slot| within(distance, slot.cfa_offset, slot.size).is_some())?;
                let offset = within(distance, slot.cfa_offset, slot.size)?;
                Some((local, slot.variable_offset + offset, WORD, false))
            })
        };
        let (local, offset, run, is_current) =
            current.or_else(elsewhere).filter(|(local, ..)| *local.name != *DICTIONARY)?;
        let declared = Declared::new(local, locals)?;
        let slot = self.whole(&declared, call_pc(frame, index), offset, is_current);
        Some(NamedSlot { run, ..slot })
    }

    /// The types of all variables of a frame's function, each once.
    pub(super) fn local_types(&mut self, scan: &StackScan, index: usize) -> Vec<TypeId> {
        let locals = scan.frames.get(index).and_then(|frame| self.locals(frame, index)).unwrap_or_default();
        let mut types: Vec<TypeId> = locals.iter().filter_map(|local| local.ty).map(|ty| TypeId(ty.0)).collect();
        // What a channel takes or gives stands beside it.
        let elem = |&ty: &TypeId| match self.resolver.types.get(ty).kind {
            Kind::Chan(elem) => Some(elem),
            _ => None,
        };
        types.extend(types.iter().filter_map(elem).collect::<Vec<_>>());
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The variable that is in a register of the innermost frame.
    pub(super) fn name_register(&mut self, frame: &Frame, number: u16) -> Option<NamedSlot> {
        let is_in = |place: &Place| *place == Place::Register(number);
        let offset = |local: &Local| match local.place.as_ref()? {
            Place::Pieces(pieces) => piece_offset(pieces, |place, _| is_in(place).then_some(0)),
            place => is_in(place).then_some(0),
        };
        let locals = self.locals(frame, 0)?;
        let (local, offset) = locals.iter().find_map(|local| Some((local, offset(local)?)))?;
        let declared = Declared::new(local, locals)?;
        Some(self.whole(&declared, frame.pc, offset, true))
    }

    /// The variable as the source has it: those moved to the heap are `&x` in DWARF, the words of one kept in parts `x.ptr` and so on
    /// (in all releases; most of them since 1.27).
    fn whole(&self, declared: &Declared, pc: u64, offset: u64, is_current: bool) -> NamedSlot {
        let types = &self.resolver.types;
        let (name, is_moved) = match declared.name.strip_prefix('&') {
            Some(name) => (name, true),
            None => (&*declared.name, false),
        };
        let part = |suffix: &'static str| Some((name.strip_suffix(suffix)?, suffix));
        let (name, part) = [".ptr", ".data", ".itab", ".type"].into_iter().find_map(part).unwrap_or((name, ""));
        let whole = match (part, &types.get(declared.ty).kind) {
            // Bytes may be a string's, too: only a capacity beside them tells. It may be gone already.
            (".ptr", Kind::Pointer(elem)) if declared.has_capacity || &*types.get(*elem).name != "uint8" => {
                types.by_name(&format!("[]{}", types.get(*elem).name))
            }
            // Declared as `*uint8`, whatever the interface holds.
            (".data", Kind::Pointer(_)) => types.by_name("unsafe.Pointer"),
            _ => None,
        };
        let inlined = self.inlined_calls(declared, pc);
        let (name, ty) = (source_name(name).into_owned(), whole.unwrap_or(declared.ty));
        NamedSlot { name, ty, offset, run: WORD, is_current, is_moved, inlined }
    }

    /// The frames of inlined calls, the outermost first. Where the program counter is not inside the call of the function that
    /// declares the variable, only that function is known.
    fn inlined_calls(&self, declared: &Declared, pc: u64) -> Vec<String> {
        if declared.inline_depth == 0 {
            return Vec::new();
        }
        let text = |frame: &InlineFrame| format!("{} (inlined)", frame.print_name());
        let stack = if declared.in_scope { self.model.inline_stack(pc) } else { Vec::new() };
        let outermost_first = stack.iter().rev().skip(1).take(declared.inline_depth);
        let calls: Vec<&InlineFrame> = outermost_first.collect();
        match calls.last() {
            Some(last) if calls.len() == declared.inline_depth && *last.function == *declared.function => {
                calls.into_iter().map(text).collect()
            }
            _ => {
                let function = declared.function.to_string();
                vec![text(&InlineFrame { function, is_inlined: true, ..InlineFrame::default() })]
            }
        }
    }
}

/// An instruction of the call that the frame is at: the innermost frame's own, else the one before the return address.
fn call_pc(frame: &Frame, index: usize) -> u64 {
    frame.pc.wrapping_sub(u64::from(index > 0))
}

/// What stands for a name that the compiler made (cmd/compile/internal/typecheck, `~r0` and `~p0`; ssagen, `.autotmp_1`).
pub(crate) fn source_name(name: &str) -> Cow<'_, str> {
    let numbered = |prefix: &str, word: &str| {
        let number = name.strip_prefix(prefix)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Cow::Owned(format!("{word} {number}")))
    };
    match name {
        ".this" => Cow::Borrowed("receiver"),
        _ if name.starts_with(".autotmp_") => Cow::Borrowed("temporary"),
        _ => numbered("~r", "result")
            .or_else(|| numbered("~p", "parameter"))
            .or_else(|| numbered("~b", "parameter"))
            .unwrap_or(Cow::Borrowed(name)),
    }
}

/// True if `name` is the pointer of a slice whose capacity is a local of its own.
fn has_capacity(locals: &[Local], name: &str) -> bool {
    name.strip_suffix(".ptr").is_some_and(|base| {
        locals.iter().any(|local| local.name.strip_suffix(".cap").is_some_and(|other| other == base))
    })
}

fn within(distance: i64, start: i64, size: u64) -> Option<u64> {
    let inner = u64::try_from(distance.checked_sub(start)?).ok()?;
    (inner < size).then_some(inner)
}

/// The offset in a variable of what `find` sees in one of its pieces.
fn piece_offset(pieces: &[Piece], find: impl Fn(&Place, u64) -> Option<u64>) -> Option<u64> {
    let mut before = 0_u64;
    for piece in pieces {
        if let Some(inner) = piece.place.as_ref().and_then(|place| find(place, piece.size)) {
            return before.checked_add(inner);
        }
        before = before.checked_add(piece.size)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locals_are_read_once_and_not_without_end() {
        let mut cache = LocalsCache::default();
        let mut reads = 0;
        let mut read = || {
            reads += 1;
            Vec::new()
        };
        let mut ask = |pc| cache.at(pc, &mut read).is_some();
        assert!([7, 8, 7, 8].into_iter().all(&mut ask));
        let answered = (0..2 * MAX_READ as u64).filter(|&pc| ask(pc)).count();
        assert_eq!((answered, ask(7)), (MAX_READ + 1, false), "two of them were there");
        assert_eq!(reads, MAX_READ + 1);
        assert!(cache.at.len() <= MAX_KEPT + 1);
    }

    #[test]
    fn names_that_the_compiler_made_read_as_words() {
        let names = ["x", "~r0", "~p12", "~r", "~rx", ".this", ".autotmp_17", "pair.value"];
        let read = ["x", "result 0", "parameter 12", "~r", "~rx", "receiver", "temporary", "pair.value"];
        assert_eq!(names.map(source_name), read);
    }
}
