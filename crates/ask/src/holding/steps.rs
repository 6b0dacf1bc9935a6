//! A path in words: by which field each object leads to the next.

use super::Holding;
use super::hops::is_machinery_alone;
use goheap_model::names::{captured_path, elided};
use goheap_model::{Evidence, Kind, Part, RootClass, RootKind, Slot};
use goheap_model::{FieldPlace, FieldType};
use serde::Serialize;

/// Steps of a path that are told at its start and at its end, where it has more.
const STEPS_AT_ENDS: usize = 40;

/// One step of a path: a root, or an object and by which reference it is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The node in the graph.
    pub node: u32,
    /// The name of the root, or the field that leads here with its type, `.entries map[string]*main.Session`, and what it
    /// holds where its type does not tell, ` = main.Item`.
    pub reference: String,
    /// First byte of the object; None of a root.
    pub address: Option<u64>,
    /// The object's type; empty where it is not known, and of a root.
    pub ty: String,
    /// Bytes that would be freed with it.
    pub retained: u64,
    /// How many times in a row the same field leads on; the object is the last of them.
    pub times: u64,
    /// How many steps between the one before and this one are not told.
    pub left_out: u64,
}

/// A path from a root to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Walk {
    /// What kind of root it begins at.
    pub class: RootClass,
    /// The root's frames first, the object last. What maps and channels are made of is passed over.
    pub steps: Vec<Step>,
}

/// By which word an object leads to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) place: FieldPlace,
    /// The object with the word, and where in its slot that is.
    from: Slot,
    offset: u64,
    /// True if it is a container's own pointer to one of its parts.
    pub(super) is_machinery: bool,
}

impl Holding<'_> {
    /// The steps of a path of nodes, the first of which is a root and all others objects.
    pub(super) fn walk(&self, nodes: &[u32]) -> Walk {
        let (root, objects) = nodes.split_first().map_or((self.graph.root(), nodes), |(root, rest)| (*root, rest));
        let mut steps = self.root_steps(root);
        let (mut from, mut last_key, mut dropped) = (None, None, 0);
        for (index, &node) in objects.iter().enumerate() {
            let is_last = index + 1 == objects.len();
            let Some(to) = self.graph.slot_of(node) else { continue };
            let offset = from.and_then(|from| self.offset_between(from, to));
            let key = from.zip(offset).map(|(from, offset)| self.hops().key(from, offset));
            let is_new = key.is_none() || key != last_key;
            match from.zip(offset).map(|(from, offset)| (from, offset, self.is_machinery(from, offset))) {
                Some((_, _, true)) if !is_last => {}
                Some((from, offset, _)) if is_new => steps.push(self.step(node, &self.hop(from, offset, true), to)),
                Some(_) => {
                    if let Some(step) = steps.last_mut() {
                        *step = Step {
                            times: step.times + 1,
                            node,
                            reference: std::mem::take(&mut step.reference),
                            ..self.object_step(node, to)
                        };
                    }
                }
                // What a root leads to at once is told by the root.
                None => match steps.last_mut().filter(|_| !is_last || index == 0) {
                    Some(step) if index == 0 => step.become_object(&self.object_step(node, to)),
                    _ => steps.push(self.object_step(node, to)),
                },
            }
            (from, last_key) = (Some(to), key);
            dropped += without_middle(&mut steps);
        }
        Walk { class: self.class_of(root), steps: shortened(steps, dropped) }
    }

    /// The frames of a root, without what it is grouped by.
    pub(super) fn root_steps(&self, root: u32) -> Vec<Step> {
        let is_told = |node: &u32| {
            let kind = self.graph.root_node(*node).map(|root| root.kind);
            matches!(kind, Some(RootKind::Goroutine(_) | RootKind::Frame(_)))
        };
        let step = |node: u32| Step {
            node,
            reference: self.graph.text(node),
            address: None,
            ty: String::new(),
            retained: self.dominance().retained.of(node),
            times: 1,
            left_out: 0,
        };
        self.graph.root_path(root).into_iter().filter(is_told).map(step).collect()
    }

    pub(super) fn class_of(&self, root: u32) -> RootClass {
        let kinds = self.graph.root_path(root).into_iter().filter_map(|node| self.graph.root_node(node));
        let mut classes = kinds.filter_map(|root| match root.kind {
            RootKind::Class(class) => Some(class),
            _ => None,
        });
        classes.next().unwrap_or(RootClass::Other)
    }

    fn object_step(&self, node: u32, slot: Slot) -> Step {
        let heap = self.graph.heap();
        Step {
            node,
            reference: String::new(),
            address: Some(heap.objects.address(slot)),
            ty: heap.type_text(slot),
            retained: self.dominance().retained.of(node),
            times: 1,
            left_out: 0,
        }
    }

    fn step(&self, node: u32, hop: &Hop, to: Slot) -> Step {
        Step { reference: self.reference(hop, to), ..self.object_step(node, to) }
    }

    /// The field of a hop, its type, and what it turned out to hold.
    pub(super) fn reference(&self, hop: &Hop, to: Slot) -> String {
        let heap = self.graph.heap();
        let (field, tells_all) = match hop.place.field {
            Some(FieldType::Of(ty, tells_more)) => (elided(&heap.types.get(ty).name).into_owned(), !tells_more),
            Some(FieldType::PointerTo(ty)) => (format!("*{}", elided(&heap.types.get(ty).name)), true),
            None => (String::new(), false),
        };
        let text = format!("{} {}", hop.place.path, heap.short_name(&field));
        let text = text.trim().to_owned();
        let kind = heap.object_types.of(to.id);
        let guess = if kind.evidence() == Evidence::Candidate { " ?" } else { "" };
        if tells_all || !kind.is_known() {
            return text + guess;
        }
        // Of a function in an interface, too, it says which.
        let is_closure = kind.part() == Part::Closure;
        let held = self.dynamic_type(hop).filter(|_| !is_closure).unwrap_or_else(|| heap.family_text(to));
        format!("{text} = {}{guess}", heap.short_name(&held)).trim().to_owned()
    }

    /// The type that the interface holds by whose data word a hop leads on, as labels of the tree have it: a pointer's with its star.
    fn dynamic_type(&self, hop: &Hop) -> Option<String> {
        let (heap, Some(FieldType::Of(ty, _))) = (self.graph.heap(), hop.place.field) else { return None };
        let Kind::Interface(has_methods) = heap.types.get(ty).kind else { return None };
        let ty = self.fields.dynamic_type(hop.from, hop.offset, has_methods)?;
        Some(elided(&heap.types.get(ty).name).into_owned())
    }

    /// Where the first word of `from` is that leads into `to`.
    pub(super) fn offset_between(&self, from: Slot, to: Slot) -> Option<u64> {
        self.fields.offset_between(from, to)
    }

    /// By which field the word at `offset` leads on.
    pub(super) fn hop(&self, from: Slot, offset: u64, is_numbered: bool) -> Hop {
        let mut place = self.fields.place(from, offset, is_numbered);
        let kind = self.graph.heap().object_types.of(from.id);
        if kind.part() == Part::Closure && place.field.is_some() {
            place.path = captured_path(&place.path);
        }
        Hop { is_machinery: self.is_machinery(from, offset), place, from, offset }
    }

    /// True of what leads from one part of a container to another.
    pub(super) fn is_machinery(&self, from: Slot, offset: u64) -> bool {
        let kind = self.graph.heap().object_types.of(from.id);
        match kind.part() {
            _ if !kind.is_known() => false,
            Part::MapBuckets | Part::MapGroups | Part::ChanBuffer => {
                let place = self.fields.place(from, offset, false);
                place.is_inside || place.field.is_none()
            }
            Part::Value => self.fields.place(from, offset, false).is_inside,
            part => is_machinery_alone(part),
        }
    }
}

impl Step {
    /// The root's step tells of the object that it leads to.
    fn become_object(&mut self, object: &Step) {
        let reference = std::mem::take(&mut self.reference);
        *self = Step { reference, ..object.clone() };
    }
}

/// Takes what nobody will see out of a path that is being made, from time to time; how many steps that were. A path may be as long as a list
/// of all objects.
fn without_middle(steps: &mut Vec<Step>) -> usize {
    if steps.len() < 8 * STEPS_AT_ENDS {
        return 0;
    }
    steps.drain(STEPS_AT_ENDS..steps.len() - STEPS_AT_ENDS).count()
}

/// The steps at both ends, where `dropped` of those between are gone already.
fn shortened(mut steps: Vec<Step>, dropped: usize) -> Vec<Step> {
    if steps.len() <= 2 * STEPS_AT_ENDS && dropped == 0 {
        return steps;
    }
    let rest = steps.split_off(STEPS_AT_ENDS);
    let end = rest.len() - STEPS_AT_ENDS;
    steps.extend(rest.into_iter().skip(end));
    steps[STEPS_AT_ENDS].left_out = (dropped + end) as u64;
    steps
}
