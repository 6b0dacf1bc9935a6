//! Roots that are neither variables nor stacks: specials, queues, and the tiny blocks being filled.

use super::RootCollector;
use crate::infer::{Proposal, payload_offset};
use crate::meaning::plan::PointerWord;
use crate::meaning::rules::WEAK_HANDLE;
use crate::names::label_text::function_of;
use crate::roots::root::Finalized;
use crate::roots::runtime_records::runtime_records;
use foldhash::HashSet;
use goheap_graph::PathTrie;
use goheap_image::Address;
use goheap_model::names::{FrameName, FrameRole};
use goheap_model::{Evidence, Kind, Part, RootClass, TypeId};
use goheap_runtime::RuntimeModel;
use goheap_runtime::special::{SpecialDetail, read_cleanup_queue, read_finalizer_queue, read_specials};

impl<'m, 'p> RootCollector<'_, 'm, 'p> {
    /// The block that each P cuts its next small pointer-free objects from (`gcMarkTinyAllocs`).
    pub(super) fn tiny_blocks(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        let memory = model.memory();
        for processor in &model.processors {
            let cache = memory.read_u64(processor.add(model.layout.p.mcache)).unwrap_or(0);
            let tiny = memory.read_u64(Address(cache).add(model.layout.mcache.tiny)).unwrap_or(0);
            if cache != 0 && tiny != 0 {
                let node = self.plain(PathTrie::ROOT, "allocator: tiny block", FrameRole::TinyBlock);
                self.root(tiny, RootClass::Other, node);
            }
        }
    }

    /// What the runtime's lists say of its own objects.
    pub(super) fn runtime_objects(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        // The first word of an m is the goroutine of its scheduler, which no list has.
        let schedulers = model.machine_threads.keys().filter_map(|&thread| model.memory().read_u64(Address(thread)));
        let schedulers = schedulers.map(|goroutine| ("runtime.g", goroutine));
        let objects: Vec<(&str, u64)> = runtime_records(model).chain(schedulers).collect();
        for (name, address) in objects {
            if let Some(ty) = self.resolver.types.by_name(name) {
                self.set.proposals.push(Proposal::new(address, Part::Value, ty, Evidence::Exact));
            }
        }
    }

    /// The types of weak handles, by the releases' names for them.
    fn weak_handle(&mut self, handle: u64) {
        let node = self.plain(PathTrie::ROOT, "weak handle", FrameRole::WeakHandle);
        self.root(handle, RootClass::Other, node);
        let known = WEAK_HANDLE.iter().find_map(|name| self.resolver.types.by_name(name));
        if let Some(ty) = known {
            self.set.proposals.push(Proposal::new(handle, Part::Value, ty, Evidence::Exact));
        }
    }

    pub(super) fn specials(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        let mut seen = HashSet::default();
        for span in model.heap.spans.iter().filter(|span| !span.specials.is_null()) {
            let specials = read_specials(model.memory(), &model.layout, &model.version, span, &mut seen);
            self.set.absent.add_records(specials.absent);
            for special in specials.entries {
                match special.detail {
                    SpecialDetail::Finalizer { func, object_type } => self.finalizer(special.object, func, object_type),
                    SpecialDetail::WeakHandle(handle) => self.weak_handle(handle),
                    SpecialDetail::Profile(_) => {}
                    SpecialDetail::Cleanup(words) => {
                        // Up to 1.25 the closure to call, since then how to call it, the closure, and its argument.
                        let func = if words[1] == 0 { words[0] } else { words[1] };
                        let function = function_of(model, func);
                        let function = function.unwrap_or_default();
                        let text = format!("cleanup {function}");
                        let name = || FrameName::at(FrameRole::Cleanup, &function);
                        let node = self.node(PathTrie::ROOT, text.trim_end(), name);
                        words.iter().for_each(|&word| self.root(word, RootClass::Other, node));
                        words.iter().take(2).for_each(|&func| self.called(func));
                        self.cleanup_argument(words[0], func, words[2]);
                    }
                }
            }
        }
    }

    /// What reflect tells the runtime of the types that it makes: their names, each a row of bytes (`abi.NewName`), and descriptors.
    pub(super) fn made_types(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        let byte = self.resolver.types.by_name("uint8").map(|byte| (Part::Elements, byte));
        let names = ["internal/abi.Type", "reflect.rtype"];
        let descriptor = names.iter().find_map(|name| self.resolver.types.by_name(name)).map(|ty| (Part::Value, ty));
        for address in model.run_time_names.addresses() {
            let Some(slot) = self.objects.find_allocated(address) else { continue };
            let said = if self.objects.span(slot).is_noscan() { byte } else { descriptor };
            let evidence = Evidence::Derived;
            self.set.proposals.extend(said.map(|(part, ty)| Proposal::new(address, part, ty, evidence)));
        }
    }

    /// What the object holds is kept for the finalizer to use; the object itself is not.
    fn finalizer(&mut self, object: u64, func: u64, object_type: u64) {
        let ty = self.pointee(object_type);
        let name = ty.map_or_else(|| "?".to_owned(), |ty| self.resolver.types.get(ty).name.to_string());
        let frame = || FrameName { declared: ty, ..FrameName::of(FrameRole::Finalizer) };
        let node = self.node(PathTrie::ROOT, &format!("finalizer of {name}"), frame);
        self.root(func, RootClass::Other, node);
        self.called(func);
        if let Some(ty) = ty {
            self.set.proposals.push(Proposal::new(object, Part::Value, ty, Evidence::Exact));
        }
        let Some(slot) = self.objects.find(object) else { return };
        let span = self.objects.span(slot);
        let start = self.objects.address(slot);
        self.set.absent.add_records(self.model.masks.absent_words(span, slot.slot));
        let mut words = Vec::new();
        self.model.masks.for_each_offset(span, slot.slot, |offset| words.push(offset));
        let first = self.set.roots.len();
        for offset in words {
            let Some(value) = self.model.masks.word(span, start + offset).filter(|&value| value != 0) else { continue };
            let inner = offset.saturating_sub(payload_offset(self.model, span));
            let field = ty.and_then(|ty| self.resolver.entry(ty, inner)).map(|entry| (entry.path.clone(), entry.field));
            let (text, name) = match field {
                Some((path, field)) => (
                    format!("{path} {}", self.resolver.types.get(field).name),
                    FrameName { owner: ty, ..FrameName::declared(FrameRole::Field, &path, field) },
                ),
                None => {
                    let text = format!("+{inner:#x}");
                    let name = FrameName::at(FrameRole::Place, &text);
                    (text, name)
                }
            };
            let node = self.node(node, &text, || name);
            self.root(value, RootClass::Other, node);
        }
        self.set.finalized.push(Finalized { object: slot.id, roots: first..self.set.roots.len() });
    }

    /// Notes that a func value is there.
    fn called(&mut self, func: u64) {
        if self.objects.find(func).is_some() {
            self.declared(func, PointerWord::Func, TypeId(0), 0, Evidence::Exact);
        }
    }

    /// The type that the pointer type described at `descriptor` points to.
    fn pointee(&mut self, descriptor: u64) -> Option<TypeId> {
        let pointer = self.resolver.descriptor(descriptor)?;
        match self.resolver.types.get(pointer).kind {
            Kind::Pointer(elem) => Some(elem),
            _ => None,
        }
    }

    /// Finalizers and cleanups that wait to be run.
    pub(super) fn queues(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        for &list in &model.anchors.finalizer_blocks {
            let node = self.plain(PathTrie::ROOT, "finalizer queue", FrameRole::FinalizerQueue);
            let queue = read_finalizer_queue(model.memory(), list);
            self.set.absent.add_records(queue.absent);
            for word in queue.entries {
                let ty = word.pointer_type.and_then(|ty| self.pointee(ty));
                let text = match ty {
                    Some(ty) => format!("*{}", self.resolver.types.get(ty).name),
                    None => "func".to_owned(),
                };
                if let Some(ty) = ty {
                    self.set.proposals.push(Proposal::new(word.value, Part::Value, ty, Evidence::Exact));
                }
                let name = || FrameName { declared: ty, ..FrameName::of(FrameRole::Objects) };
                let node = self.node(node, &text, name);
                self.root(word.value, RootClass::Other, node);
                if word.pointer_type.is_none() {
                    self.called(word.value);
                }
            }
        }
        for &list in &model.anchors.cleanup_blocks {
            let node = self.plain(PathTrie::ROOT, "cleanup queue", FrameRole::CleanupQueue);
            let queue = read_cleanup_queue(model.memory(), &model.version, list);
            self.set.absent.add_records(queue.absent);
            for call in queue.entries {
                call.words().for_each(|word| self.root(word, RootClass::Other, node));
                call.call.into_iter().chain([call.func]).for_each(|func| self.called(func));
                let how = call.call.unwrap_or(0);
                call.argument.into_iter().for_each(|argument| self.cleanup_argument(how, call.func, argument));
            }
        }
    }
}
