//! Goroutine stacks, as `goroutine f` → function → variable.

use super::RootCollector;
use crate::label_text::field_label;
use crate::object_type::Evidence;
use crate::root::{Root, RootClass};
use goheap_graph::{PathTrie, TrieNode};
use goheap_runtime::dwarf::{Local, Place};
use goheap_runtime::stack::{Frame, Precision, StackRoot, StackScan, ThreadIndex, UnwindEnd};
use goheap_runtime::{Goroutine, RuntimeModel, TypeId};
use rustc_hash::FxHashMap;

/// Locals of the functions met, by the pc asked for: thousands of goroutines stand at the same few.
type LocalsCache = FxHashMap<u64, Vec<Local>>;

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
        let mut cache = LocalsCache::default();
        for goroutine in model.goroutines.iter().filter(|goroutine| goroutine.status.is_live()) {
            let scan = scanner.scan(goroutine, &index.start(goroutine));
            self.count(&scan);
            self.goroutine(goroutine, &scan, &mut cache);
        }
    }

    fn count(&mut self, scan: &StackScan) {
        let counts = &mut self.set.counts;
        match scan.end {
            UnwindEnd::Top => counts.whole_stacks += 1,
            _ => counts.broken_stacks += 1,
        }
        counts.untyped_frames += scan.untyped_frames;
    }

    fn goroutine(&mut self, goroutine: &Goroutine, scan: &StackScan, cache: &mut LocalsCache) {
        let start = self.model.function_name(goroutine.startpc).unwrap_or_else(|| "?".to_owned());
        let top = self.node(PathTrie::ROOT, &format!("goroutine {start}"));
        for root in &scan.roots {
            if self.objects.find(root.value).is_none() {
                continue;
            }
            let is_conservative = root.precision == Precision::Conservative;
            let node = match root.frame.and_then(|index| scan.frames.get(index).map(|frame| (index, frame))) {
                Some((index, frame)) => self.frame_word(top, frame, index == 0, root, cache),
                None if is_conservative => self.node(top, "registers"),
                None => self.node(top, "deferred calls and context"),
            };
            self.set.roots.push(Root { value: root.value, class: RootClass::Goroutines, node, is_conservative });
        }
    }

    fn frame_word(
        &mut self,
        top: TrieNode,
        frame: &Frame,
        is_innermost: bool,
        root: &StackRoot,
        cache: &mut LocalsCache,
    ) -> TrieNode {
        let model: &'m RuntimeModel<'p> = self.model;
        let function = model.modules[frame.module].functions.name(&frame.func);
        let function = self.node(top, &function);
        let Some(at) = root.address else { return function };
        let distance = at.wrapping_sub(frame.fp) as i64;
        let Some(slot) = self.name_slot(frame, is_innermost, distance, cache) else {
            return self.node(function, &format!("[fp{distance:+}]"));
        };
        self.local_word(function, &slot, root.value, at)
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

    /// The variable that holds the word at `distance` from the frame's end: one that is there now, else one that is there at
    /// some other instruction. At the return from a call most variables are nowhere by DWARF while their slots still live.
    fn name_slot(
        &mut self,
        frame: &Frame,
        is_innermost: bool,
        distance: i64,
        cache: &mut LocalsCache,
    ) -> Option<NamedSlot> {
        let dwarf = self.model.dwarf.as_ref()?;
        // The DWARF of plugins and shared objects is not read.
        let bias = (frame.module == 0).then_some(self.model.process.load_bias)?;
        let pc = frame.pc.wrapping_sub(bias).wrapping_sub(u64::from(!is_innermost));
        let locals = cache.entry(pc).or_insert_with(|| dwarf.locals_of_function(pc));
        let current = locals.iter().find_map(|local| {
            let offset = match local.place.as_ref()? {
                Place::CfaOffset(start) => within(distance, *start, local.size)?,
                Place::Pieces(pieces) => in_pieces(pieces, distance)?,
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
        let ty = TypeId(local.ty?.0);
        Some(self.captured(local, ty, offset, is_current))
    }

    /// `&x` is a variable `x` that was moved to the heap: what it points to is the variable.
    fn captured(&self, local: &Local, ty: TypeId, offset: u64, is_current: bool) -> NamedSlot {
        let name = local.name.strip_prefix('&').unwrap_or(&local.name);
        NamedSlot { name: name.to_owned(), ty, offset, is_current }
    }
}

fn within(distance: i64, start: i64, size: u64) -> Option<u64> {
    let inner = u64::try_from(distance.checked_sub(start)?).ok()?;
    (inner < size).then_some(inner)
}

fn in_pieces(pieces: &[goheap_runtime::dwarf::Piece], distance: i64) -> Option<u64> {
    let mut before = 0;
    for piece in pieces {
        if let Some(Place::CfaOffset(start)) = piece.place
            && let Some(inner) = within(distance, start, piece.size)
        {
            return Some(before + inner);
        }
        before += piece.size;
    }
    None
}
