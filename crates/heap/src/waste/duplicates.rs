//! The same contents in several places.

use crate::error::HeapError;
use crate::snapshot::HeapSnapshot;
use crate::waste::WasteOptions;
use crate::waste::contents::same_contents;
use crate::waste::headers::{Header, HeaderPlace, bytes};
use crate::waste::intervals::{Run, uncovered};
use crate::waste::places::Names;
use goheap_graph::IdBitSet;
use goheap_model::{Claim, Observer};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Bytes that are told of a content.
const SHOWN: u64 = 60;

/// What there is of some sort, and how much of that is there again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Different runs of bytes: two headers that say the same are one.
    pub runs: u64,
    /// Their bytes; those of runs that overlap count in each.
    pub bytes: u64,
    /// Different contents.
    pub contents: u64,
    /// Runs beside the first of each content.
    pub copies: u64,
    /// Bytes of these in objects of which nothing else stays, those that overlap once: what one copy of each content would save at most.
    pub lost: u64,
    /// Runs of which the core lacks a byte.
    pub absent: u64,
    /// Runs that were not compared, for these overlap too much.
    pub left_out: u64,
    /// By who refers to them, those that lose most first.
    pub holders: Vec<HolderDuplicates>,
    /// Contents that are there most, by their bytes.
    pub most: Vec<Content>,
}

/// The same of those that one field, element or variable refers to. What several refer to counts under one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HolderDuplicates {
    /// A field with its struct, `main.Record.City`; an element, a map's key or value, a variable; a type of boxes.
    pub holder: String,
    /// The type of what stands there.
    pub ty: String,
    /// As in [`Duplicates`].
    pub runs: u64,
    /// As in [`Duplicates`].
    pub bytes: u64,
    /// Different contents of these.
    pub contents: u64,
    /// As in [`Duplicates`].
    pub copies: u64,
    /// As in [`Duplicates`].
    pub lost: u64,
}

/// One content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Content {
    /// The first half of its hash: what tells it from others without showing it.
    pub hash: u64,
    /// Its bytes.
    pub len: u64,
    /// Runs that hold it.
    pub runs: u64,
    /// Who refers to the first of them.
    pub holder: String,
    /// The type of what stands there.
    pub ty: String,
    /// How it begins, where contents were asked for.
    pub text: Option<String>,
}

/// A content by its bytes beside the first, length and hash; and its first run and how many.
type Ranked = (u64, u64, u64, u32, u64);

/// Of the runs that `headers` tells, in order of address.
pub(super) fn duplicates<'h, I: Iterator<Item = &'h Header>>(
    snapshot: &HeapSnapshot<'_, '_>,
    names: &Names<'_, '_, '_>,
    headers: impl Fn() -> I,
    options: WasteOptions,
    observer: &dyn Observer,
) -> Result<Duplicates, HeapError> {
    observer.claim(Claim { kept: 0, passing: (headers().count() * size_of::<&Header>()) as u64 })?;
    let mut runs: Vec<&Header> = headers().filter(|header| header.len > 0).collect();
    runs.dedup_by_key(|header| (header.address, header.len));
    let mut sums = Sums::of(names, &runs);
    let (mut gone, mut contents) = (IdBitSet::with_room_for(u32::try_from(runs.len()).unwrap_or(u32::MAX)), 0);
    let mut most = Most { contents: options.contents, ranked: BinaryHeap::new() };
    let (read, heap) = (|header: &Header| bytes(snapshot, header), snapshot.totals.reachable().bytes);
    let not_compared = same_contents(&runs, heap, read, observer, &mut |hash, same| {
        contents += 1;
        for (number, &run) in same.iter().enumerate() {
            sums.saw(runs[run as usize], contents);
            if number > 0 {
                gone.insert(run);
            }
        }
        most.add(&runs, hash, same);
    })?;
    lost(
        &runs,
        &gone,
        |address| object(snapshot, address),
        |run, bytes| {
            let sum = sums.of_run(run);
            (sum.copies, sum.lost) = (sum.copies + 1, sum.lost + bytes);
        },
    );
    let holders = sums.finish();
    Ok(Duplicates {
        runs: runs.len() as u64,
        bytes: holders.iter().map(|holder| holder.bytes).fold(0, u64::saturating_add),
        contents,
        copies: holders.iter().map(|holder| holder.copies).sum(),
        lost: holders.iter().map(|holder| holder.lost).sum(),
        absent: not_compared.absent,
        left_out: not_compared.left_out,
        most: most.finish(snapshot, names, &runs, options.values),
        holders,
    })
}

/// The contents that are there most.
struct Most {
    /// How many of them are kept.
    contents: usize,
    ranked: BinaryHeap<Reverse<Ranked>>,
}

impl Most {
    /// Runs that hold the same.
    fn add(&mut self, runs: &[&Header], hash: u64, same: &[u32]) {
        let [first, _, ..] = same else { return };
        let (len, count) = (runs[*first as usize].len, same.len() as u64);
        self.ranked.push(Reverse((len.saturating_mul(count - 1), len, hash, *first, count)));
        if self.ranked.len() > self.contents {
            self.ranked.pop();
        }
    }

    fn finish(
        self,
        snapshot: &HeapSnapshot<'_, '_>,
        names: &Names<'_, '_, '_>,
        runs: &[&Header],
        values: bool,
    ) -> Vec<Content> {
        let told = |Reverse((_, len, hash, first, count)): Reverse<Ranked>| {
            let header = runs[first as usize];
            let (holder, ty) = names.of(header.place);
            let text = values.then(|| shown(snapshot, header)).flatten();
            Content { hash, len, runs: count, holder, ty, text }
        };
        self.ranked.into_sorted_vec().into_iter().map(told).collect()
    }
}

/// Where the object ends that holds an address, and whether it is a block of the tiny allocator.
fn object(snapshot: &HeapSnapshot<'_, '_>, address: u64) -> (u64, bool) {
    match snapshot.objects.find_allocated(address) {
        Some(slot) => {
            let (payload, bytes) = snapshot.objects.payload(slot);
            (payload.saturating_add(bytes), snapshot.objects.span(slot).is_tiny_class())
        }
        None => (address, false),
    }
}

/// For each run that could go, how many of its bytes go with it: none where something of its object stays, since that keeps it whole; of
/// those that overlap each byte once. `object` tells where the object ends that holds an address, and whether it is a block of small values,
/// which take no more of it than they have.
fn lost(runs: &[&Header], gone: &IdBitSet, object: impl Fn(u64) -> (u64, bool), mut told: impl FnMut(&Header, u64)) {
    let mut first = 0;
    while let Some(run) = runs.get(first) {
        let (end, is_block) = object(run.address);
        let in_object = |run: &&&Header| run.address < end;
        let last = first + runs[first..].iter().take_while(in_object).count().max(1);
        let is_gone = |index: &usize| gone.contains(*index as u32);
        if last == first + 1 {
            if is_gone(&first) {
                told(run, run.len);
            }
        } else {
            let (going, kept): (Vec<usize>, Vec<usize>) = (first..last).partition(is_gone);
            let run = |&index: &usize| Run { start: runs[index].address, end: runs[index].end() };
            let [gone_runs, kept_runs] = [&going, &kept].map(|list| list.iter().map(run).collect::<Vec<_>>());
            let stays = !kept.is_empty() && !is_block;
            uncovered(&gone_runs, &kept_runs, |at, bytes| told(runs[going[at]], if stays { 0 } else { bytes }));
        }
        first = last;
    }
}

/// Sums by what places are called: a struct's field is one whether the struct stands alone, in a slice or in a map.
struct Sums {
    of_place: FxHashMap<HeaderPlace, u32>,
    holders: Vec<HolderDuplicates>,
    /// The content that each holder was seen with last.
    last: Vec<u64>,
}

impl Sums {
    fn of(names: &Names<'_, '_, '_>, runs: &[&Header]) -> Self {
        let (mut sums, mut named) =
            (Sums { of_place: FxHashMap::default(), holders: Vec::new(), last: Vec::new() }, FxHashMap::default());
        for run in runs {
            let Sums { of_place, holders, .. } = &mut sums;
            let holder = *of_place.entry(run.place).or_insert_with(|| {
                let (holder, ty) = names.of(run.place);
                *named.entry((holder.clone(), ty.clone())).or_insert_with(|| {
                    holders.push(HolderDuplicates { holder, ty, ..HolderDuplicates::default() });
                    holders.len() as u32 - 1
                })
            });
            let sum = &mut sums.holders[holder as usize];
            (sum.runs, sum.bytes) = (sum.runs + 1, sum.bytes.saturating_add(run.len));
        }
        sums.last = vec![0; sums.holders.len()];
        sums
    }

    /// The holder of a run that these are of.
    fn of_run(&mut self, run: &Header) -> &mut HolderDuplicates {
        &mut self.holders[self.of_place[&run.place] as usize]
    }

    /// Content number `content` is told of, and the run holds it.
    fn saw(&mut self, run: &Header, content: u64) {
        let holder = self.of_place[&run.place] as usize;
        if std::mem::replace(&mut self.last[holder], content) != content {
            self.holders[holder].contents += 1;
        }
    }

    fn finish(self) -> Vec<HolderDuplicates> {
        let mut holders = self.holders;
        holders.sort_by(|one, other| {
            let key = |holder: &HolderDuplicates| Reverse((holder.lost, holder.bytes));
            key(one).cmp(&key(other)).then_with(|| (&one.holder, &one.ty).cmp(&(&other.holder, &other.ty)))
        });
        holders
    }
}

/// How a content begins.
fn shown(snapshot: &HeapSnapshot<'_, '_>, header: &Header) -> Option<String> {
    let text = bytes(snapshot, &Header { len: header.len.min(SHOWN), ..*header })?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Some(if header.len > SHOWN { text + "…" } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waste::headers::Shape;

    fn found(is_block: bool, list: &[u32]) -> Vec<(u64, u64, u64)> {
        let place = HeaderPlace { shape: Shape::Text, is_root: false, id: 0 };
        let run = |address, len| Header { address, len, cap: len, place };
        let runs = [run(0, 10), run(0, 100), run(50, 10), run(55, 10), run(200, 8), run(300, 8)];
        let mut gone = IdBitSet::with_room_for(6);
        list.iter().for_each(|&at| {
            gone.insert(at);
        });
        let (mut found, runs) = (Vec::new(), runs.iter().collect::<Vec<_>>());
        let object = |address: u64| (address / 100 * 100 + 100, is_block);
        lost(&runs, &gone, object, |run, bytes| found.push((run.address, run.len, bytes)));
        found
    }

    #[test]
    fn what_overlaps_goes_once_and_not_where_something_keeps_its_object() {
        assert_eq!(found(false, &[0, 4]), [(0, 10, 0), (200, 8, 8)]);
        assert_eq!(found(false, &[1, 3]), [(0, 100, 0), (55, 10, 0)]);
        assert_eq!(found(false, &[0, 1, 2, 3]), [(0, 10, 10), (0, 100, 90), (50, 10, 0), (55, 10, 0)]);
    }

    #[test]
    fn of_a_block_of_small_values_each_goes_by_itself() {
        assert_eq!(found(true, &[0, 4]), [(0, 10, 0), (200, 8, 8)]);
        assert_eq!(found(true, &[1, 3]), [(0, 100, 80), (55, 10, 0)]);
    }
}
