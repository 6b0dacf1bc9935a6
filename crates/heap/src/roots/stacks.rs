//! Goroutine stacks, as `goroutine f` → function → variable.

use super::RootCollector;
use crate::label_text::{field_label, function_of};
use crate::object_type::Evidence;
use crate::plan::PointerWord;
use crate::root::{Root, RootClass};
use goheap_graph::{PathTrie, TrieNode};
use goheap_runtime::dwarf::{Local, Piece, Place};
use goheap_runtime::stack::{Frame, Precision, StackPlace, StackPointer, StackRoot, StackScan, ThreadIndex, UnwindEnd};
use goheap_runtime::{Goroutine, RuntimeModel, TypeId};
use rustc_hash::FxHashMap;

/// Locals of the functions met, by the pc asked for: thousands of goroutines stand at the same few.
pub(super) type LocalsCache = FxHashMap<u64, Vec<Local>>;

/// A word of a frame, named.
struct NamedSlot {
    name: String,
    ty: TypeId,
    /// Bytes from the start of the variable.
    offset: u64,
    /// True if the variable is there at this very instruction, not only at others.
    is_current: bool,
}

impl<'m, 'p> RootCollector<'_, 'm, 'p> {
    pub(super) fn stacks(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        let threads = model.process.core.threads();
        let index = ThreadIndex::new(model.memory(), model.machine(), threads, &model.machine_threads);
        let scanner = model.stack_scanner();
        for goroutine in model.goroutines.iter().filter(|goroutine| goroutine.status.is_live()) {
            let scan = scanner.scan(goroutine, &index.start(goroutine));
            self.count(&scan);
            self.goroutine(goroutine, &scan);
        }
        // A stale register of one goroutine must not take what a variable of another holds.
        self.set.roots.append(&mut self.conservative);
    }

    fn count(&mut self, scan: &StackScan) {
        let counts = &mut self.set.counts;
        match scan.end {
            UnwindEnd::Top => counts.whole_stacks += 1,
            _ => counts.broken_stacks += 1,
        }
        counts.untyped_frames += scan.untyped_frames;
    }

    fn goroutine(&mut self, goroutine: &Goroutine, scan: &StackScan) {
        let start = self.model.function_name(goroutine.startpc).unwrap_or_else(|| "?".to_owned());
        let top = self.node(PathTrie::ROOT, &format!("goroutine {start}"));
        // The outermost frame first: a caller owns what it hands down. What only looks like a pointer comes last.
        let order = |root: &&StackRoot| {
            let is_conservative = root.precision == Precision::Conservative;
            (is_conservative, std::cmp::Reverse(root.frame), root.place)
        };
        let mut roots: Vec<&StackRoot> =
            scan.roots.iter().filter(|root| self.objects.find(root.value).is_some()).collect();
        roots.sort_by_key(order);
        for root in roots {
            let node = match root.frame.filter(|&index| index < scan.frames.len()) {
                Some(index) => self.frame_word(top, scan, index, root),
                None => self.node(top, &place_label(self.model, root)),
            };
            let is_conservative = root.precision == Precision::Conservative;
            let list = if is_conservative { &mut self.conservative } else { &mut self.set.roots };
            list.push(Root { value: root.value, class: RootClass::Goroutines, node, is_conservative });
        }
    }

    fn frame_word(&mut self, top: TrieNode, scan: &StackScan, index: usize, root: &StackRoot) -> TrieNode {
        let model: &'m RuntimeModel<'p> = self.model;
        let frame = &scan.frames[index];
        let function = model.modules[frame.module].functions.print_name(&frame.func);
        let function = self.node(top, &function);
        let at = match root.place {
            StackPlace::Slot(at) => at,
            StackPlace::Register(number) => return self.register_word(function, scan, number, root),
            _ => return self.node(function, &place_label(self.model, root)),
        };
        if let Some(slot) = self.name_slot(scan, index, at) {
            return self.local_word(function, &slot, root.value, at);
        }
        if let Some(node) = root.via.and_then(|via| self.pointed_word(function, scan, via, root.value, at)) {
            return node;
        }
        self.node(function, &format!("[fp{:+}]", at.wrapping_sub(frame.fp) as i64))
    }

    /// A register of the innermost frame, by the variable that is in it.
    fn register_word(&mut self, function: TrieNode, scan: &StackScan, number: u16, root: &StackRoot) -> TrieNode {
        let in_register = |local: &Local| match local.place.as_ref()? {
            Place::Register(register) if *register == number => Some(0),
            Place::Pieces(pieces) => piece_offset(pieces, |place, _| (*place == Place::Register(number)).then_some(0)),
            _ => None,
        };
        let found = self.locals(&scan.frames[0], 0).and_then(|locals| {
            locals.iter().find_map(|local| Some((local.name.clone(), TypeId(local.ty?.0), in_register(local)?)))
        });
        let Some((name, ty, offset)) = found else { return self.node(function, &place_label(self.model, root)) };
        let Some(entry) = self.resolver.entry(ty, offset).cloned() else { return self.node(function, &name) };
        // The word is in no memory, so an interface's type beside it cannot be read; the slot is no place to look either.
        let text = format!("{}{} {}", variable_name(&name), entry.path, self.resolver.types.get(entry.field).name);
        if !matches!(entry.word, PointerWord::InterfaceData(_)) {
            self.declared(root.value, entry.word, entry.field, 0, Evidence::Derived);
        }
        self.node(function, &text)
    }

    fn local_word(&mut self, function: TrieNode, slot: &NamedSlot, value: u64, at: u64) -> TrieNode {
        let Some(entry) = self.resolver.entry(slot.ty, slot.offset).cloned() else {
            return self.node(function, &slot.name);
        };
        let evidence = if slot.is_current { Evidence::Exact } else { Evidence::Derived };
        self.declared(value, entry.word, entry.field, at, evidence);
        let text = field_label(self.resolver, self.model, &slot.name, &entry, at, value);
        self.node(function, &text)
    }

    /// A word of what a variable points to on the stack itself: the array behind a slice, a struct behind a pointer. DWARF
    /// names neither.
    fn pointed_word(
        &mut self,
        function: TrieNode,
        scan: &StackScan,
        via: StackPointer,
        value: u64,
        at: u64,
    ) -> Option<TrieNode> {
        let StackPlace::Slot(pointer) = via.place else { return None };
        let slot = self.name_slot(scan, via.frame?, pointer)?;
        let (ty, name) = match self.resolver.entry(slot.ty, slot.offset)?.word {
            PointerWord::Pointer(elem) => (elem, slot.name),
            PointerWord::Slice(elem) => (elem, format!("{}[i]", slot.name)),
            _ => return None,
        };
        let offset = at.checked_sub(via.value)?.checked_rem(self.resolver.types.get(ty).size)?;
        self.resolver.entry(ty, offset)?;
        Some(self.local_word(function, &NamedSlot { name, ty, offset, is_current: slot.is_current }, value, at))
    }

    /// The variables of a frame's function, as they are at its pc.
    fn locals(&mut self, frame: &Frame, index: usize) -> Option<&[Local]> {
        let dwarf = self.model.dwarf.as_ref()?;
        // The DWARF of plugins and shared objects is not read.
        let bias = (frame.module == 0).then_some(self.model.process.load_bias)?;
        let pc = frame.pc.wrapping_sub(bias).wrapping_sub(u64::from(index > 0));
        Some(self.locals.entry(pc).or_insert_with(|| dwarf.locals_of_function(pc)))
    }

    /// The variable that holds the word at `at` of a frame: one that is there now, else one that is there at
    /// some other instruction. At the return from a call most variables are nowhere by DWARF while their slots still live.
    fn name_slot(&mut self, scan: &StackScan, index: usize, at: u64) -> Option<NamedSlot> {
        let frame = scan.frames.get(index)?;
        let distance = at.wrapping_sub(frame.fp) as i64;
        let locals = self.locals(frame, index)?;
        let current = locals.iter().find_map(|local| {
            let offset = match local.place.as_ref()? {
                Place::CfaOffset(start) => within(distance, *start, local.size)?,
                Place::Pieces(pieces) => piece_offset(pieces, |place, size| match place {
                    Place::CfaOffset(start) => within(distance, *start, size),
                    _ => None,
                })?,
                _ => return None,
            };
            Some((local, offset, true))
        });
        let elsewhere = || {
            locals.iter().find_map(|local| {
                let slot = local.slots.iter().find(|slot| within(distance, slot.cfa_offset, slot.size).is_some())?;
                let offset = within(distance, slot.cfa_offset, slot.size)?;
                Some((local, slot.variable_offset + offset, false))
            })
        };
        let (local, offset, is_current) = current.or_else(elsewhere)?;
        let name = variable_name(&local.name).to_owned();
        Some(NamedSlot { name, ty: TypeId(local.ty?.0), offset, is_current })
    }
}

/// The declared name of a local: variables moved to the heap are `&x`, the words of a variable kept in parts `x.ptr` and so on
/// (all releases, and most variables since 1.27).
fn variable_name(name: &str) -> &str {
    let name = name.strip_prefix('&').unwrap_or(name);
    let part = |suffix: &&str| name.strip_suffix(*suffix);
    [".ptr", ".data", ".itab", ".type"].iter().find_map(part).unwrap_or(name)
}

/// What a root is that lies in no slot of a frame.
fn place_label(model: &RuntimeModel<'_>, root: &StackRoot) -> String {
    match root.place {
        StackPlace::Slot(_) => "stack".to_owned(),
        StackPlace::Register(_) | StackPlace::VectorRegister => "registers".to_owned(),
        StackPlace::Context => "closure".to_owned(),
        StackPlace::Panic => "panic".to_owned(),
        StackPlace::DeferRecord => "defer record".to_owned(),
        StackPlace::Deferred => match function_of(model, root.value) {
            Some(function) => format!("defer {function}"),
            None => "defer".to_owned(),
        },
    }
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
