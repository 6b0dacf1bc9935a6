//! Objects without a type as values in a row: the collector's pointer bits repeat, and each type of the program that has such bits
//! is held against all of them.

use super::candidates::{LEAD, Said, is_idle, used};
use super::confirm::{SlotWords, confirm};
use super::engine::Inference;
use super::fit::fits;
use super::shapes::{Inner, contains};
use crate::meaning::compiled::SMALL_WORDS;
use goheap_image::Address;
use goheap_model::{Kind, Part, Slot, TypeId};

/// In a long row the best must be ahead of the second by one in so many words.
const LEAD_PART: u32 = 16;

/// Bits that repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// Bytes of one value.
    size: u64,
    /// Its pointer bits.
    bits: u64,
    /// Values.
    count: u64,
}

/// What an object can be if it is a row, the best first, with the words that are in favour of each.
pub(super) type Ranked = Vec<(u32, TypeId)>;

/// What the object can be if it is a row: where no one value has the look of the slot, or something like a slice of so many leads to
/// it. None where one value is as likely, `most` being what is in favour of the best.
pub(super) fn likely(
    inference: &Inference<'_, '_, '_>,
    words: &SlotWords,
    said: &Said,
    most: Option<u32>,
    tried: usize,
) -> Option<Ranked> {
    if most.is_some() && said.capacities.is_empty() {
        return None;
    }
    let mut found = rows(inference, words.slot);
    let is_sliced = |row: &Row| said.capacities.contains(&row.count);
    if found.iter().any(is_sliced) {
        found.retain(is_sliced);
    } else if most.is_some() {
        return None;
    }
    let ranked = rank(inference, words, &found, &said.hints, tried);
    let best = ranked.first().map_or(0, |&(score, _)| score);
    most.is_none_or(|most| most < best + LEAD).then_some(ranked)
}

/// The rows that an object can be, by its pointer bits and its size.
fn rows(inference: &Inference<'_, '_, '_>, slot: Slot) -> Vec<Row> {
    let span = inference.objects.span(slot);
    let place = inference.place(slot, span);
    if span.is_noscan() || span.is_tiny_class() || place.red_zones.is_on() {
        return Vec::new();
    }
    let mut words = Vec::new();
    place.for_each_offset(|offset| words.push((offset - place.payload) / 8));
    let mut found = repeats(&words, place.room() / 8);
    found.retain(|row| place.is_smallest_for(row.size * row.count));
    found
}

/// The ways in which pointers at these words, in order, are those of two or more values in at most `room` words.
fn repeats(words: &[u64], room: u64) -> Vec<Row> {
    let one = |period: u64| {
        let per_value = words.partition_point(|&word| word < period);
        let is_whole = per_value > 0 && words.len().is_multiple_of(per_value) && words.len() > per_value;
        let count = is_whole.then(|| (words.len() / per_value) as u64)?;
        let (first, rest) = words.split_at(per_value);
        let repeats = || {
            (1..)
                .zip(rest.chunks_exact(per_value))
                .all(|(index, value)| value.iter().zip(first).all(|(&word, &first)| word == first + index * period))
        };
        let fits = count.checked_mul(period)? <= room;
        (fits && repeats()).then(|| {
            let bits = first.iter().fold(0, |bits, word| bits | 1_u64 << word);
            Row { size: period * 8, bits, count }
        })
    };
    (1..=SMALL_WORDS.min(room / 2)).filter_map(one).collect()
}

/// The types that values of these rows can be.
fn rank(inference: &Inference<'_, '_, '_>, words: &SlotWords, rows: &[Row], hints: &[Inner], tried: usize) -> Ranked {
    let types = &inference.resolver.types;
    let of_row = |row: &Row| {
        let size = row.size;
        inference.shapes.with_bits(size, row.bits).iter().copied().filter(move |&ty| types.get(ty).size == size)
    };
    // Of nothing but pointers nothing is told before it is known what they lead to.
    let is_dense = rows.iter().any(|row| row.size == 8);
    let fitting: Vec<TypeId> = rows.iter().filter(|_| !is_dense).flat_map(of_row).collect();
    if fitting.len() > tried {
        return Vec::new();
    }
    let is_value = |ty: &TypeId| !matches!(types.get(*ty).kind, Kind::Array(..));
    let holds = |ty: TypeId| hints.iter().all(|&inner| is_idle(inference, inner) || is_within(inference, ty, inner));
    let allowed = fitting.into_iter().filter(is_value).filter(|&ty| holds(ty));
    let mut ranked: Ranked =
        allowed.filter_map(|ty| Some((confirm(inference, words, Part::Elements, ty)?, ty))).collect();
    ranked.sort_unstable_by(|one, other| other.cmp(one));
    ranked.dedup_by(|one, other| types.get(one.1).name == types.get(other.1).name);
    ranked
}

/// True if one of several values in a row has that where a pointer leads.
fn is_within(inference: &Inference<'_, '_, '_>, ty: TypeId, inner: Inner) -> bool {
    let types = &inference.resolver.types;
    let Some(offset) = inner.offset.checked_rem(types.get(ty).size) else { return false };
    let is_one = offset == 0 && matches!(inner.part, Part::Value | Part::Elements);
    is_one && types.get(ty).name == types.get(inner.ty).name || contains(types, ty, Inner { offset, ..inner })
}

/// What the row in the slot is: of these the one that is ahead of all others, or of the best the only one of which code makes slices,
/// or the only one that no declaration names; else what its pointers lead to.
pub(super) fn best(inference: &Inference<'_, '_, '_>, slot: Slot, ranked: &Ranked) -> Option<(Part, TypeId)> {
    stands_out(inference, ranked).or_else(|| of_known(inference, slot))
}

fn stands_out(inference: &Inference<'_, '_, '_>, ranked: &[(u32, TypeId)]) -> Option<(Part, TypeId)> {
    let types = &inference.resolver.types;
    let top = ranked.first().map(|&(score, _)| score).filter(|&score| score >= LEAD)?;
    let lead = LEAD.max(top / LEAD_PART);
    let best: Vec<TypeId> = ranked.iter().take_while(|(score, _)| score + lead > top).map(|&(_, ty)| ty).collect();
    let only = |is_one: &dyn Fn(TypeId) -> bool| {
        let mut found = best.iter().copied().filter(|&ty| is_one(ty));
        found.next().filter(|_| found.next().is_none())
    };
    let is_bare = |ty: TypeId| !matches!(types.get(ty).kind, Kind::Struct(_)) && !types.get(ty).name.contains('.');
    let ty = only(&|_| true).or_else(|| only(&|ty| used(inference, ty).elements)).or_else(|| only(&is_bare))?;
    let (part, ty) = inference.shapes.whole(types, ty);
    Some((if part == Part::Value { Part::Elements } else { part }, ty))
}

/// A row of pointers to one type, or of interfaces of one type, where no type of the program is like the slot.
fn of_known(inference: &Inference<'_, '_, '_>, slot: Slot) -> Option<(Part, TypeId)> {
    let (model, objects, resolver) = (inference.model, inference.objects, &*inference.resolver);
    let span = objects.span(slot);
    let start = objects.address(slot);
    let (mut found, mut is_row) = (None, true);
    inference.place(slot, span).for_each_offset(|offset| {
        let at = start + offset;
        let Some(value) = model.masks.word(span, at).filter(|&value| value != 0) else { return };
        let elem = element(inference, at, value);
        is_row &= elem.is_some() && (found.is_none() || found == elem);
        found = elem;
    });
    let elem = found.filter(|_| is_row)?;
    fits(resolver, inference.place(slot, span), Part::Elements, elem).then_some((Part::Elements, elem))
}

/// The type of the pointer or interface at `at`, by what it leads to.
fn element(inference: &Inference<'_, '_, '_>, at: u64, value: u64) -> Option<TypeId> {
    let (objects, resolver) = (inference.objects, &*inference.resolver);
    let before = inference.model.memory().read_u64(Address(at.wrapping_sub(8)))?;
    if let Some(interface) = resolver.itab_interface(before) {
        return Some(interface);
    }
    if resolver.types.by_descriptor(before).is_some() {
        return resolver.types.by_name("interface {}");
    }
    let target = objects.find_allocated(value)?;
    let known = inference.type_of(target.id);
    let is_start = value == objects.address(target) + inference.place(target, objects.span(target)).payload;
    let is_value = known.part() == Part::Value && known.is_known() && is_start;
    is_value.then(|| resolver.types.by_name(&format!("*{}", resolver.types.get(known.ty()).name))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_repeat_by_value() {
        // struct{ p *T; n int }, or twice or three times as much.
        let words = [0, 2, 4, 6, 8, 10];
        let found: Vec<_> = repeats(&words, 12).iter().map(|row| (row.size, row.bits, row.count)).collect();
        assert_eq!(found, [(16, 0b1, 6), (32, 0b101, 3), (48, 0b1_0101, 2)]);
        assert_eq!(repeats(&words, 11), [], "the last value does not lie in it whole");
        assert_eq!(repeats(&[0, 1, 3], 8), []);
        assert_eq!(repeats(&[0], 8), [], "one value is no row");
    }
}
