//! Room of slices and strings that nothing is in: behind a slice's length, and of its object before and behind all that refers to it.

use crate::snapshot::HeapSnapshot;
use crate::waste::headers::{Header, HeaderPlace, Shape};
use crate::waste::intervals::{Run, split, uncovered};
use crate::waste::places::Names;
use foldhash::HashMap;
use goheap_model::{Kind, ObjectType, Part, Slot};
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// All slices and strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slack {
    /// The sum.
    pub all: SlackSum,
    /// By who refers to them, those with most room first.
    pub holders: Vec<SlackSum>,
}

/// Those of one holder. What several refer to counts under one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SlackSum {
    /// As in [`HolderDuplicates`](super::HolderDuplicates).
    pub holder: String,
    /// The type of what stands there.
    pub ty: String,
    /// Different slices and strings.
    pub runs: u64,
    /// Of these, slices with a capacity and nothing in it.
    pub empty: u64,
    /// Bytes of their lengths.
    pub bytes: u64,
    /// Bytes between length and capacity that no slice or string has in its length.
    pub slack: u64,
    /// Bytes of their objects before the first slice or string: what was taken from the front of a queue, what a string was cut out of.
    pub before: u64,
    /// Bytes between capacities: of a document of which several strings are cut out.
    pub between: u64,
    /// Bytes behind the last capacity: what the size class rounds up, what was cut off.
    pub behind: u64,
}

impl SlackSum {
    /// All of it.
    pub fn lost(&self) -> u64 {
        self.slack + self.before + self.between + self.behind
    }

    fn add(&mut self, more: &SlackSum) {
        self.runs += more.runs;
        self.empty += more.empty;
        // Runs that overlap may have more bytes together than there is memory.
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.slack += more.slack;
        self.before += more.before;
        self.between += more.between;
        self.behind += more.behind;
    }
}

/// Headers that a thread reads at a time.
const CHUNK: usize = 1 << 15;

/// Of headers in order of address.
pub(super) fn slack(snapshot: &HeapSnapshot<'_, '_>, names: &Names<'_, '_, '_>, headers: &[Header]) -> Slack {
    let end = |header: &Header| {
        let slot = snapshot.objects.find_allocated(header.address)?;
        let (payload, bytes) = snapshot.objects.payload(slot);
        Some(payload.saturating_add(bytes))
    };
    let ends_object = |at: usize| end(&headers[at - 1]).is_none_or(|end| headers[at].address >= end);
    let chunks = split(headers.len(), CHUNK, ends_object).into_par_iter();
    let sums = chunks.map(|range| of_objects(snapshot, &headers[range])).reduce(HashMap::default, |mut sums, more| {
        more.into_iter().for_each(|(place, sum)| sums.entry(place).or_default().add(&sum));
        sums
    });
    by_name(names, sums)
}

/// The sums of headers that refer to all of their objects' runs.
fn of_objects(snapshot: &HeapSnapshot<'_, '_>, headers: &[Header]) -> HashMap<HeaderPlace, SlackSum> {
    let mut sums: HashMap<HeaderPlace, SlackSum> = HashMap::default();
    let mut of_object: Vec<&Header> = Vec::new();
    let mut rest = headers;
    while let Some(first) = rest.first() {
        let Some(slot) = snapshot.objects.find_allocated(first.address) else {
            rest = &rest[1..];
            continue;
        };
        let (payload, bytes) = snapshot.objects.payload(slot);
        let end = payload.saturating_add(bytes);
        let count = rest.iter().take_while(|header| header.address < end).count().max(1);
        let is_whole = rest[..count].iter().any(|header| header.place.shape == Shape::Whole);
        of_object.clear();
        of_object.extend(rest[..count].iter().filter(|header| header.place.shape.is_run()));
        of_headers(&of_object, is_whole, &mut sums);
        if let Some((before, behind)) = outside(snapshot, slot, &of_object).filter(|_| !is_whole) {
            add_outside(&of_object, (payload, end), (before, behind), &mut sums);
        }
        rest = &rest[count..];
    }
    sums
}

/// Lengths, and room between length and capacity, in one object. Where something may need all of it, none of it is lost.
fn of_headers(headers: &[&Header], is_whole: bool, sums: &mut HashMap<HeaderPlace, SlackSum>) {
    for header in headers {
        let sum = sums.entry(header.place).or_default();
        (sum.runs, sum.bytes) = (sum.runs + 1, sum.bytes.saturating_add(header.len));
        sum.empty += u64::from(header.len == 0);
    }
    let has_room = |header: &&&Header| header.place.shape.is_slice() && header.cap > header.len;
    let mut with_room: Vec<&Header> = headers.iter().filter(has_room).copied().collect();
    if with_room.is_empty() || is_whole {
        return;
    }
    with_room.sort_by_key(|header| (header.end(), header.cap));
    let room = |header: &&Header| Run { start: header.end(), end: header.address.saturating_add(header.cap) };
    let lengths: Vec<Run> = headers.iter().map(|header| Run { start: header.address, end: header.end() }).collect();
    let rooms: Vec<Run> = with_room.iter().map(room).collect();
    uncovered(&rooms, &lengths, |at, bytes| {
        if let Some(sum) = sums.get_mut(&with_room[at].place) {
            sum.slack += bytes;
        }
    });
}

/// Whether what lies before or between, and what lies behind, all slices and strings of an object is lost: where the object is what they were made of,
/// not a struct that a slice leads into. Pointers to elements, which are no slices, are what structs in a row are usually held by once a
/// slice went on: what lies before is not lost then.
fn outside(snapshot: &HeapSnapshot<'_, '_>, slot: Slot, headers: &[&Header]) -> Option<(bool, bool)> {
    let object: ObjectType = snapshot.object_types.of(slot.id);
    if headers.is_empty() || snapshot.objects.span(slot).is_tiny_class() || !object.is_known() {
        return None;
    }
    match object.part() {
        Part::StringData => Some((true, true)),
        Part::Elements => {
            let kind = &snapshot.types.get(object.ty()).kind;
            Some((!matches!(kind, Kind::Struct(_) | Kind::Array(..) | Kind::Opaque), true))
        }
        _ => None,
    }
}

fn add_outside(
    headers: &[&Header],
    (start, end): (u64, u64),
    (before, behind): (bool, bool),
    sums: &mut HashMap<HeaderPlace, SlackSum>,
) {
    let last = |header: &&&Header| header.address.saturating_add(header.cap);
    if let (Some(first), true) = (headers.first(), before)
        && let Some(sum) = sums.get_mut(&first.place)
    {
        sum.before += first.address.saturating_sub(start);
    }
    let mut end_before = headers.first().map_or(0, |first| last(&first));
    for header in headers {
        let gap = header.address.saturating_sub(end_before);
        if let Some(sum) = sums.get_mut(&header.place).filter(|_| before && gap > 0) {
            sum.between += gap;
        }
        end_before = end_before.max(last(&header));
    }
    if let (Some(header), true) = (headers.iter().max_by_key(last), behind)
        && let Some(sum) = sums.get_mut(&header.place)
    {
        sum.behind += end.saturating_sub(last(&header));
    }
}

fn by_name(names: &Names<'_, '_, '_>, sums: HashMap<HeaderPlace, SlackSum>) -> Slack {
    let (mut named, mut slack): (BTreeMap<(String, String), SlackSum>, Slack) = Default::default();
    for (place, sum) in sums {
        slack.all.add(&sum);
        named.entry(names.of(place)).or_default().add(&sum);
    }
    slack.holders = named.into_iter().map(|((holder, ty), sum)| SlackSum { holder, ty, ..sum }).collect();
    slack.holders.sort_by_key(|holder| Reverse((holder.lost(), holder.bytes)));
    slack
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(address: u64, len: u64, cap: u64, id: u32) -> Header {
        Header { address, len, cap, place: HeaderPlace { shape: Shape::Bytes, is_root: false, id } }
    }

    fn sums(headers: &[Header], object: (u64, u64)) -> Vec<(u32, SlackSum)> {
        let (headers, mut sums): (Vec<&Header>, _) = (headers.iter().collect(), HashMap::default());
        of_headers(&headers, false, &mut sums);
        add_outside(&headers, object, (true, true), &mut sums);
        let mut sums: Vec<_> = sums.into_iter().map(|(place, sum)| (place.id, sum)).collect();
        sums.sort_by_key(|sum| sum.0);
        sums
    }

    #[test]
    fn room_that_another_slice_uses_is_none() {
        let found = sums(&[header(100, 10, 100, 1), header(100, 50, 100, 2), header(180, 10, 20, 3)], (96, 208));
        // From 150 to 180 and from 190 to 200 nothing is in a length; from 110 to 150 something is.
        let told = |sum: &SlackSum| (sum.bytes, sum.slack, sum.before, sum.behind);
        assert_eq!(told(&found[0].1), (10, 40, 4, 0));
        assert_eq!([told(&found[1].1), told(&found[2].1)], [(50, 0, 0, 0), (10, 0, 0, 8)]);
    }

    #[test]
    fn what_lies_between_strings_of_a_document_is_told_once() {
        let found = sums(&[header(110, 10, 10, 1), header(110, 20, 20, 1), header(180, 10, 10, 1)], (100, 200));
        let sum = &found[0].1;
        assert_eq!((sum.before, sum.between, sum.behind, sum.lost()), (10, 50, 10, 70));
    }

    #[test]
    fn what_a_pointer_may_need_is_not_lost() {
        let (header, mut sums) = (header(100, 10, 100, 1), HashMap::default());
        of_headers(&[&header], true, &mut sums);
        assert_eq!((sums[&header.place].bytes, sums[&header.place].slack), (10, 0));
    }

    #[test]
    fn a_queue_that_was_taken_from_has_room_before_it() {
        let found = sums(&[header(1000, 80, 160, 7)], (200, 1200));
        assert_eq!((found[0].1.before, found[0].1.slack, found[0].1.behind, found[0].1.empty), (800, 80, 40, 0));
        assert_eq!(sums(&[header(1000, 0, 160, 7)], (1000, 1160))[0].1.empty, 1);
    }
}
