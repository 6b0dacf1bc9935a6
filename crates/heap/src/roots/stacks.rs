//! Goroutine stacks, as `goroutine f` → function → inlined functions → variable. The variables of f itself stand at once under
//! `goroutine f`.

use super::RootCollector;
use super::locals::NamedSlot;
use crate::absent::AbsentHolder;
use crate::goroutines::merge_alike;
use crate::meaning::plan::{PlanEntry, PointerWord};
use crate::names::label_text::{field_label, function_of, shown};
use crate::referred::Window;
use crate::roots::root::{Naming, Root, UntypedRoot, WordOwner};
use crate::samples::{Sample, keep};
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::names::{Dynamic, FrameName, FrameRole};
use goheap_model::{Evidence, Meter, RootClass, TypeId};
use goheap_runtime::stack::{Precision, StackPlace, StackPointer, StackRoot, StackScan, ThreadIndex, UnwindEnd};
use goheap_runtime::{Goroutine, RuntimeModel};
use std::borrow::Cow;

/// The frame of a deferred call's record.
const DEFER_RECORD: &str = "defer record";
/// How the frame of a deferred function begins.
const DEFERRED: &str = "defer";

impl<'m, 'p> RootCollector<'_, 'm, 'p> {
    pub(super) fn stacks(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        let threads = model.process.core.threads();
        let index = ThreadIndex::new(model.memory(), model.machine(), threads, &model.machine_threads);
        let scanner = model.stack_scanner();
        let live = model.goroutines.iter().filter(|goroutine| goroutine.status.is_live());
        let meter = Meter::new(self.observer, live.count() as u64);
        for (number, goroutine) in (0..).zip(&model.goroutines).filter(|(_, goroutine)| goroutine.status.is_live()) {
            let start = index.start(goroutine);
            let scan = scanner.scan(goroutine, &start);
            self.count(number, &scan);
            let pcs = model.trace_pcs(&scan.frames, !start.registers.is_empty());
            self.set.stacks.add(number as usize, pcs.into_iter());
            self.goroutine((number, goroutine), &scan);
            meter.add(1);
        }
        merge_alike(&mut self.set.stacks, model);
        // A stale register of one goroutine must not take what a variable of another holds.
        self.set.roots.append(&mut self.conservative);
    }

    fn count(&mut self, goroutine: u32, scan: &StackScan) {
        if scan.absent_words > 0 {
            self.set.absent.add_root(AbsentHolder::Goroutine(goroutine), RootClass::Goroutines, scan.absent_words);
        }
        let (counts, samples) = (&mut self.set.counts, &mut self.set.samples);
        if scan.end != UnwindEnd::Top {
            keep(&mut samples.broken_stacks, || Sample::Goroutine(goroutine));
        }
        if scan.untyped_frames > 0 {
            keep(&mut samples.untyped_frames, || Sample::Goroutine(goroutine));
        }
        match scan.end {
            UnwindEnd::Top => counts.whole_stacks += 1,
            _ => counts.broken_stacks += 1,
        }
        counts.untyped_frames += scan.untyped_frames;
    }

    fn goroutine(&mut self, (number, goroutine): (u32, &Goroutine), scan: &StackScan) {
        let start = self.model.function_name(goroutine.startpc).unwrap_or_else(|| "?".to_owned());
        let name = || FrameName::at(FrameRole::Goroutine, &start);
        let top = self.node(PathTrie::ROOT, &format!("goroutine {start}"), name);
        // The outermost frame first: a caller owns what it hands down. What only looks like a pointer comes last.
        let order = |root: &&StackRoot| {
            let is_conservative = root.precision == Precision::Conservative;
            (is_conservative, std::cmp::Reverse(root.frame), root.place)
        };
        let mut roots: Vec<&StackRoot> =
            scan.roots.iter().filter(|root| self.objects.find(root.value).is_some()).collect();
        roots.sort_by_key(order);
        let is_register = |root: &&&StackRoot| matches!(root.place, StackPlace::Register(_));
        let registers: Vec<u64> = roots.iter().filter(is_register).map(|root| root.value).collect();
        for root in roots {
            let node = match root.frame.filter(|&index| index < scan.frames.len()) {
                Some(index) => {
                    let function = self.function(top, &start, scan, index);
                    self.frame_word(function, scan, index, root)
                }
                None => self.place(top, root),
            };
            let is_conservative = root.precision == Precision::Conservative;
            if !is_conservative {
                self.note_window(node.window);
            }
            let list = if is_conservative { &mut self.conservative } else { &mut self.set.roots };
            let (class, has_type) = (RootClass::Goroutines, node.has_type);
            // A word that no stack map has is a variable's only where that is in it at this very instruction, or where a copy of
            // it is in a register: arguments are spilled and go on there.
            let is_sure = !is_conservative || node.is_current || registers.contains(&root.value);
            let naming = if is_sure { node.naming } else { Naming::Register };
            list.push(Root {
                value: root.value,
                class,
                node: node.node,
                naming,
                is_conservative,
                has_type,
                goroutine: number,
            });
        }
    }

    /// The frame of a function; the goroutine's own for the one that it began with.
    fn function(&mut self, top: TrieNode, start: &str, scan: &StackScan, index: usize) -> TrieNode {
        let frame = &scan.frames[index];
        let function = self.model.modules[frame.func.module].functions.print_name(&frame.func);
        let name = || FrameName::at(FrameRole::Function, &function);
        if function == start { top } else { self.node(top, &function, name) }
    }

    /// The frame of a root that lies in no slot.
    fn place(&mut self, parent: TrieNode, root: &StackRoot) -> NamedNode {
        let has_type = matches!(root.place, StackPlace::Panic | StackPlace::DeferRecord | StackPlace::Deferred);
        let naming = match root.place {
            StackPlace::Register(_) | StackPlace::VectorRegister => Naming::Register,
            StackPlace::Slot(_) => Naming::Nameless,
            _ => Naming::Named,
        };
        let (text, name) = place_label(self.model, root);
        NamedNode { naming, has_type, ..NamedNode::nameless(self.node(parent, &text, || name)) }
    }

    fn frame_word(&mut self, function: TrieNode, scan: &StackScan, index: usize, root: &StackRoot) -> NamedNode {
        let frame = &scan.frames[index];
        let at = match root.place {
            StackPlace::Slot(at) => at,
            StackPlace::Register(number) => return self.register_word(function, scan, number, root),
            _ => return self.place(function, root),
        };
        if let Some(slot) = self.name_slot(scan, index, at) {
            return self.local_word(function, &slot, root.value, at);
        }
        if let Some(node) = root.via.and_then(|via| self.pointed_word(function, scan, via, root.value, at)) {
            return node;
        }
        let distance = at.wrapping_sub(frame.fp) as i64;
        if let Some(pointee) = self.told_slot(scan, index, distance) {
            return self.told_place(function, &format!("[fp{distance:+}]"), root.value, at, pointee);
        }
        self.guess(scan, index, root.value, at);
        let text = format!("[fp{distance:+}]");
        NamedNode::nameless(self.node(function, &text, || FrameName::at(FrameRole::Place, &text)))
    }

    /// A word that no variable holds has most likely the type of one of its function's variables all the same; or it is the second
    /// word of an interface.
    fn guess(&mut self, scan: &StackScan, index: usize, value: u64, at: u64) {
        if let Some(has_methods) = self.resolver.interface_before(at) {
            self.declared(value, PointerWord::InterfaceData(has_methods), TypeId(0), at, Evidence::Derived);
            return;
        }
        let frame = &scan.frames[index];
        let distance = at.wrapping_sub(frame.fp) as i64;
        let owner = WordOwner::Frame { entry: frame.func.entry, pc: frame.pc, distance };
        self.set.untyped.push(UntypedRoot { value, at, owner });
        for ty in self.local_types(scan, index) {
            let words = (0..3).filter_map(|word| self.resolver.entry(ty, word * 8).map(Cow::into_owned)).next();
            if let Some(PlanEntry { word: word @ (PointerWord::Pointer(_) | PointerWord::Slice(_)), field, .. }) = words
            {
                self.declared(value, word, field, at, Evidence::Candidate);
            }
        }
    }

    /// A register of the innermost frame, by the variable that is in it.
    fn register_word(&mut self, function: TrieNode, scan: &StackScan, number: u16, root: &StackRoot) -> NamedNode {
        let found = self.name_register(&scan.frames[0], number);
        let Some(slot) = found else {
            let told = self.told_register(scan, number);
            return match told {
                Some(pointee) => self.told_place(function, "registers", root.value, 0, pointee),
                None => self.place(function, root),
            };
        };
        let function = self.inlined(function, &slot);
        let Some(entry) = self.resolver.entry(slot.ty, slot.offset).map(Cow::into_owned) else {
            let node = self.node(function, &slot.name, || FrameName::at(FrameRole::Local, &slot.name));
            return NamedNode { naming: Naming::NamedRegister, is_current: true, ..NamedNode::nameless(node) };
        };
        // The word is in no memory, so an interface's type beside it cannot be read; the slot is no place to look either.
        let entry = variable_entry(&slot, entry);
        let ty = shown(&self.resolver.types, entry.field);
        let text = format!("{}{} {}", slot.name, entry.path, self.labels.packages.shorten(&ty));
        if !matches!(entry.word, PointerWord::InterfaceData(_)) {
            self.declared(root.value, entry.word, entry.field, 0, Evidence::Derived);
        }
        NamedNode {
            node: self.node(function, &text, || local_name(&slot, &entry, Dynamic::Nothing)),
            naming: Naming::NamedRegister,
            is_current: true,
            has_type: says_type(&entry),
            window: Window::Whole,
        }
    }

    fn local_word(&mut self, function: TrieNode, slot: &NamedSlot, value: u64, at: u64) -> NamedNode {
        let function = self.inlined(function, slot);
        let Some(entry) = self.resolver.entry(slot.ty, slot.offset).map(Cow::into_owned) else {
            let node = self.node(function, &slot.name, || FrameName::at(FrameRole::Local, &slot.name));
            return NamedNode::of_variable(node, slot, false, Window::Whole);
        };
        let evidence = if slot.is_current { Evidence::Exact } else { Evidence::Derived };
        self.declared(value, entry.word, entry.field, at, evidence);
        let window = if holds_header(slot, entry.word) { self.window(entry.word, at, evidence) } else { Window::Whole };
        let entry = variable_entry(slot, entry);
        let (text, dynamic) =
            field_label(self.resolver, self.model, &self.labels.packages, &slot.name, &entry, (at, value), true);
        let node = self.node(function, &text, || local_name(slot, &entry, dynamic));
        NamedNode::of_variable(node, slot, says_type(&entry), window)
    }

    /// The innermost of the inlined calls that the variable is in.
    fn inlined(&mut self, function: TrieNode, slot: &NamedSlot) -> TrieNode {
        let name = |call: &String| FrameName::at(FrameRole::Function, call.trim_end_matches(" (inlined)"));
        slot.inlined.iter().fold(function, |node, call| self.node(node, call, || name(call)))
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
    ) -> Option<NamedNode> {
        let StackPlace::Slot(pointer) = via.place else { return None };
        let slot = self.name_slot(scan, via.frame?, pointer)?;
        let (ty, name) = match self.resolver.entry(slot.ty, slot.offset)?.word {
            PointerWord::Pointer(elem) => (elem, slot.name.clone()),
            PointerWord::Slice(elem) => (elem, format!("{}[i]", slot.name)),
            _ => return None,
        };
        let offset = at.checked_sub(via.value)?.checked_rem(self.resolver.types.get(ty).size)?;
        self.resolver.entry(ty, offset)?;
        let inner = NamedSlot { name, ty, offset, is_moved: false, ..slot };
        Some(self.local_word(function, &inner, value, at))
    }
}

/// A frame, how well it names its root, whether the variable is there now, and whether it says the type of what it leads to.
pub(super) struct NamedNode {
    pub(super) node: TrieNode,
    pub(super) naming: Naming,
    pub(super) is_current: bool,
    pub(super) has_type: bool,
    pub(super) window: Window,
}

impl NamedNode {
    fn of_variable(node: TrieNode, slot: &NamedSlot, has_type: bool, window: Window) -> Self {
        NamedNode { node, naming: Naming::Named, is_current: slot.is_current, has_type, window }
    }

    pub(super) fn nameless(node: TrieNode) -> Self {
        let (naming, window) = (Naming::Nameless, Window::Whole);
        NamedNode { node, naming, is_current: false, has_type: false, window }
    }
}

/// True if the length, and the capacity, of a string or slice lie beside its pointer as they are now.
fn holds_header(slot: &NamedSlot, word: PointerWord) -> bool {
    let bytes = match word {
        PointerWord::String => 16,
        PointerWord::Slice(_) => 24,
        _ => 8,
    };
    slot.is_current && slot.run >= bytes && !slot.is_moved
}

/// What the source declares: of a variable that the word points to the variable's type.
fn variable_entry(slot: &NamedSlot, entry: PlanEntry) -> PlanEntry {
    match entry.word {
        PointerWord::Pointer(elem) if slot.is_moved => PlanEntry { field: elem, ..entry },
        _ => entry,
    }
}

fn says_type(entry: &PlanEntry) -> bool {
    entry.word != PointerWord::Untyped
}

/// What a root is that lies in no slot of a frame.
fn place_label(model: &RuntimeModel<'_>, root: &StackRoot) -> (String, FrameName) {
    let (text, role) = match root.place {
        StackPlace::Slot(_) => ("stack", FrameRole::Place),
        StackPlace::Register(_) | StackPlace::VectorRegister => ("registers", FrameRole::Registers),
        StackPlace::Context => ("closure", FrameRole::Context),
        StackPlace::Panic => ("panic", FrameRole::Panic),
        StackPlace::DeferRecord => (DEFER_RECORD, FrameRole::DeferRecord),
        StackPlace::Deferred => match function_of(model, root.value) {
            Some(function) => {
                return (format!("{DEFERRED} {function}"), FrameName::at(FrameRole::Deferred, &function));
            }
            None => (DEFERRED, FrameRole::Deferred),
        },
    };
    (text.to_owned(), FrameName::of(role))
}

/// A word of a variable of a function.
fn local_name(slot: &NamedSlot, entry: &PlanEntry, dynamic: Dynamic) -> FrameName {
    let path = format!("{}{}", slot.name, entry.path);
    FrameName { dynamic, ..FrameName::declared(FrameRole::Local, &path, entry.field) }
}
