//! What votes are held on: places of which all words lead to one type, since the code is one, and the objects that words there lead to.

use super::engine::Inference;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::Meaning;
use crate::roots::root::{UntypedRoot, WordOwner};
use foldhash::HashMap;
use goheap_model::contents::Vote;
use goheap_model::{Evidence, ObjectId, ObjectType, ObjectTypes, Part, Slot};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Of a kind of more bytes no words are looked for.
const MAX_KIND_BYTES: u64 = 1 << 12;

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A word of a function's frame, by where the function goes on and the distance from the frame's end.
    Frame(u64, i64),
    /// A word of a kind of object that its type says nothing of, by the kind and the offset in a value.
    Field(u32, u64),
}

/// The objects that words of one place lead to, in order.
#[derive(Debug, Default)]
pub(super) struct Poll {
    /// Without a type, or with a guessed one.
    pub(super) open: Vec<Slot>,
    /// Of which the type is sure.
    pub(super) sure: Vec<ObjectType>,
}

/// The places whose words lead to several objects, of which one at least is open.
pub(super) fn polls(inference: &Inference<'_, '_, '_>, untyped: &[UntypedRoot]) -> Vec<Poll> {
    let mut words: Vec<(Place, u64)> = untyped.iter().filter_map(frame_word).collect();
    words.extend(field_words(inference));
    let at = |(place, value): (Place, u64)| {
        let slot = inference.objects.find_allocated(value)?;
        let span = inference.objects.span(slot);
        let start = inference.objects.address(slot) + inference.place(slot, span).payload;
        (value == start && !span.is_tiny_class()).then_some((place, slot))
    };
    let mut votes: Vec<(Place, Slot)> = words.into_iter().filter_map(at).collect();
    votes.sort_unstable_by_key(|&(place, slot)| (place, slot.id));
    votes.dedup_by_key(|&mut (place, slot)| (place, slot.id));
    let polls = votes.chunk_by(|one, other| one.0 == other.0).map(|votes| poll(inference, votes));
    polls.filter(|poll| !poll.open.is_empty() && poll.open.len() + poll.sure.len() > 1).collect()
}

fn poll(inference: &Inference<'_, '_, '_>, votes: &[(Place, Slot)]) -> Poll {
    let mut poll = Poll::default();
    for &(_, slot) in votes {
        let known = inference.type_of(slot.id);
        if is_open(known) {
            poll.open.push(slot);
        } else if known.evidence() >= Evidence::Derived {
            poll.sure.push(known);
        }
    }
    poll
}

/// True if a vote may say what the object is.
pub(super) fn is_open(known: ObjectType) -> bool {
    !known.is_known() || known.evidence() == Evidence::Candidate && known.part() == Part::Value
}

fn frame_word(root: &UntypedRoot) -> Option<(Place, u64)> {
    match root.owner {
        WordOwner::Frame { pc, distance, .. } => Some((Place::Frame(pc, distance), root.value)),
        WordOwner::Variable(_) => None,
    }
}

/// Where in a value of each kind that was met the words stand of which the type says nothing.
type Kinds = HashMap<u32, Box<[u64]>>;

/// What the untyped words of objects hold whose type is known.
fn field_words(inference: &Inference<'_, '_, '_>) -> Vec<(Place, u64)> {
    let spans = (0..inference.model.heap.spans.len() as u32).into_par_iter();
    let of_spans = spans.fold(<(Kinds, Vec<(Place, u64)>)>::default, |(mut kinds, mut found), span| {
        if !inference.model.heap.spans[span as usize].is_noscan() {
            field_words_of(inference, span, &mut kinds, &mut found);
        }
        (kinds, found)
    });
    of_spans.flat_map_iter(|(_, found)| found).collect()
}

fn field_words_of(inference: &Inference<'_, '_, '_>, span: u32, kinds: &mut Kinds, found: &mut Vec<(Place, u64)>) {
    // Most kinds have no such words.
    inference.states.unlike_in(inference.ids_of(span), |id, object| {
        if !object.is_known() {
            return None;
        }
        let kind = object.with_evidence(Evidence::None).to_bits();
        let offsets = kinds.entry(kind).or_insert_with(|| untyped_words(inference, object));
        if offsets.is_empty() {
            return Some(object);
        }
        words_of(inference, inference.objects.slot_in(id, span), (object, kind), offsets, found);
        None
    });
}

/// Where in a value of that kind a word stands of which the type says nothing.
fn untyped_words(inference: &Inference<'_, '_, '_>, object: ObjectType) -> Box<[u64]> {
    let size = inference.resolver.types.get(object.ty()).size;
    if !matches!(object.part(), Part::Value | Part::Elements) || size > MAX_KIND_BYTES {
        return Box::default();
    }
    let is_untyped = |&offset: &u64| match inference.resolver.meaning(object, offset) {
        Meaning::Entry(_, _, entry) => entry.word == PointerWord::Untyped,
        _ => false,
    };
    (0..size).step_by(8).filter(is_untyped).collect()
}

fn words_of(
    inference: &Inference<'_, '_, '_>,
    slot: Slot,
    (object, kind): (ObjectType, u32),
    offsets: &[u64],
    found: &mut Vec<(Place, u64)>,
) {
    let span = inference.objects.span(slot);
    let place = inference.place(slot, span);
    let start = inference.objects.address(slot) + place.payload;
    let size = inference.resolver.types.get(object.ty()).size.max(1);
    let values = if object.part() == Part::Elements { place.room() / size } else { 1 };
    for at in (0..values).map(|index| start + index * size) {
        let word = |&offset: &u64| {
            let value = inference.model.masks.word(span, at + offset).filter(|&value| value != 0)?;
            Some((Place::Field(kind, offset), value))
        };
        found.extend(offsets.iter().filter_map(word));
    }
}

/// What votes decided, by object.
///
/// # Overhead
/// 40 bytes an object that was voted on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Votes {
    by_object: HashMap<ObjectId, (ObjectType, Vote)>,
}

impl Votes {
    /// That vote says what the object is.
    pub(super) fn add(&mut self, id: ObjectId, elected: ObjectType, vote: Vote) {
        self.by_object.insert(id, (elected, vote));
    }

    /// Leaves what no evidence has changed since.
    pub(super) fn settle(&mut self, types: &ObjectTypes) {
        self.by_object.retain(|id, (elected, _)| types.get(*id) == *elected);
    }

    /// The objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.by_object.keys().copied()
    }

    /// How the type of an object was voted, if that decided.
    pub(crate) fn of(&self, id: ObjectId) -> Option<Vote> {
        self.by_object.get(&id).map(|&(_, vote)| vote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::TypeId;

    fn of(part: Part, evidence: Evidence) -> ObjectType {
        ObjectType::new(part, TypeId(3), evidence)
    }

    #[test]
    fn what_is_guessed_as_a_value_may_be_voted_on_and_nothing_surer() {
        assert!(is_open(ObjectType::UNKNOWN) && is_open(of(Part::Value, Evidence::Candidate)));
        assert!(!is_open(of(Part::Elements, Evidence::Candidate)), "a row was proved by its elements");
        assert!(!is_open(of(Part::Value, Evidence::Derived)) && !is_open(of(Part::Value, Evidence::Exact)));
    }

    #[test]
    fn a_vote_stays_where_no_evidence_changed_what_it_decided() {
        let (elected, vote) = (of(Part::Value, Evidence::Candidate), Vote { agree: 19, of: 20 });
        let mut votes = Votes::default();
        (0..3).for_each(|id| votes.add(ObjectId(id), elected, vote));
        let now = [elected, of(Part::Value, Evidence::Exact), ObjectType::UNKNOWN];
        votes.settle(&now.into_iter().collect());
        let told = [0, 1, 2].map(|id| votes.of(ObjectId(id)).is_some());
        assert_eq!((told, votes.objects().count()), ([true, false, false], 1));
    }

    #[test]
    fn only_words_of_frames_are_places_by_themselves() {
        let root = |owner| UntypedRoot { value: 0xc000, at: 0x10, owner };
        let frame = WordOwner::Frame { entry: 0x400, pc: 0x420, distance: -16 };
        assert_eq!(frame_word(&root(frame)), Some((Place::Frame(0x420, -16), 0xc000)));
        assert_eq!(frame_word(&root(WordOwner::Variable(0x10))), None, "each variable is a place of its own");
    }
}
