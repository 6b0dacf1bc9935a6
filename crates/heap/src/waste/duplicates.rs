//! The same contents in several places.

use crate::error::HeapError;
use crate::snapshot::HeapSnapshot;
use crate::waste::WasteOptions;
use crate::waste::contents::{Compare, Compared, Same};
use crate::waste::headers::{Header, bytes};
use crate::waste::intervals::{Run, split, uncovered};
use crate::waste::places::Names;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{Claim, Observer};
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Reverse;
use std::ops::Range;

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

/// Of the runs that `headers` tells, in order of address, of which there are no more than `count`.
pub(super) fn duplicates<'h>(
    snapshot: &HeapSnapshot<'_, '_>,
    names: &Names<'_, '_, '_>,
    (headers, count): (impl Iterator<Item = &'h Header>, usize),
    options: WasteOptions,
    observer: &dyn Observer,
) -> Result<Duplicates, HeapError> {
    observer.claim(Claim { kept: 0, passing: (count * (size_of::<&Header>() + size_of::<u32>())) as u64 })?;
    let mut runs: Vec<&Header> = Vec::with_capacity(count);
    runs.extend(headers.filter(|header| header.len > 0));
    runs.dedup_by_key(|header| (header.address, header.len));
    let (mut holders, of_run) = by_holder(names, &runs);
    let (read, heap) = (|header: &Header| bytes(snapshot, header), snapshot.totals.reachable().bytes);
    let compare = Compare { runs: &runs, holders: &of_run, read, heap, most: options.contents };
    let Compared { contents, of_holder, again, most, absent, left_out } = compare.compare(observer)?;
    holders.iter_mut().zip(of_holder).for_each(|(holder, contents)| holder.contents = contents);
    let object = |address: u64| object(snapshot, address);
    let add = |sums: &mut HashMap<u32, (u64, u64)>, run: usize, bytes: u64| {
        let (copies, lost) = sums.entry(of_run[run]).or_default();
        (*copies, *lost) = (*copies + 1, *lost + bytes);
    };
    for (holder, (copies, lost)) in all_lost(&runs, &again, object, add).into_iter().flatten() {
        let sum = &mut holders[holder as usize];
        (sum.copies, sum.lost) = (sum.copies + copies, sum.lost + lost);
    }
    holders.sort_by(|one, other| {
        let key = |holder: &HolderDuplicates| Reverse((holder.lost, holder.bytes));
        key(one).cmp(&key(other)).then_with(|| (&one.holder, &one.ty).cmp(&(&other.holder, &other.ty)))
    });
    Ok(Duplicates {
        runs: runs.len() as u64,
        bytes: holders.iter().map(|holder| holder.bytes).fold(0, u64::saturating_add),
        contents,
        copies: holders.iter().map(|holder| holder.copies).sum(),
        lost: holders.iter().map(|holder| holder.lost).sum(),
        absent,
        left_out,
        most: most.into_iter().map(|same| content(snapshot, names, (&runs, same), options.values)).collect(),
        holders,
    })
}

fn content(
    snapshot: &HeapSnapshot<'_, '_>,
    names: &Names<'_, '_, '_>,
    (runs, same): (&[&Header], Same),
    values: bool,
) -> Content {
    let header = runs[same.first as usize];
    let (holder, ty) = names.of(header.place);
    let text = values.then(|| shown(snapshot, header)).flatten();
    Content { hash: same.hash, len: same.len, runs: same.runs, holder, ty, text }
}

/// Those who refer to runs by what places are called, with their runs and bytes, and which of them each run has: a struct's field is one
/// whether the struct stands alone, in a slice or in a map.
fn by_holder(names: &Names<'_, '_, '_>, runs: &[&Header]) -> (Vec<HolderDuplicates>, Vec<u32>) {
    let (mut holders, mut of_run) = (Vec::<HolderDuplicates>::new(), Vec::with_capacity(runs.len()));
    let (mut of_place, mut named) = (HashMap::default(), HashMap::default());
    let mut last = None;
    for run in runs {
        let holder = match last {
            Some((place, holder)) if place == run.place => holder,
            _ => *of_place.entry(run.place).or_insert_with(|| {
                let (holder, ty) = names.of(run.place);
                *named.entry((holder.clone(), ty.clone())).or_insert_with(|| {
                    holders.push(HolderDuplicates { holder, ty, ..HolderDuplicates::default() });
                    holders.len() as u32 - 1
                })
            }),
        };
        last = Some((run.place, holder));
        let sum = &mut holders[holder as usize];
        (sum.runs, sum.bytes) = (sum.runs + 1, sum.bytes.saturating_add(run.len));
        of_run.push(holder);
    }
    (holders, of_run)
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

/// Runs of which a thread sees what goes with them.
const CHUNK: usize = 1 << 15;

/// What `add` makes of what [`lost`] tells of the runs of each chunk, in order.
fn all_lost<T: Default + Send>(
    runs: &[&Header],
    gone: &IdBitSet,
    object: impl Fn(u64) -> (u64, bool) + Sync,
    add: impl Fn(&mut T, usize, u64) + Sync,
) -> Vec<T> {
    let ends_object = |at: usize| runs[at].address >= object(runs[at - 1].address).0;
    let of_chunk = |range: Range<usize>| {
        let mut sum = T::default();
        lost((runs, range), gone, &object, |run, bytes| add(&mut sum, run, bytes));
        sum
    };
    split(runs.len(), CHUNK, ends_object).into_par_iter().map(of_chunk).collect()
}

/// For each run that could go, how many of its bytes go with it: none where something of its object stays, since that keeps it whole; of
/// those that overlap each byte once. `object` tells where the object ends that holds an address, and whether it is a block of small values,
/// which take no more of it than they have.
fn lost(
    (runs, range): (&[&Header], Range<usize>),
    gone: &IdBitSet,
    object: impl Fn(u64) -> (u64, bool),
    mut told: impl FnMut(usize, u64),
) {
    let mut first = range.start;
    while let Some(run) = runs[..range.end].get(first) {
        let (end, is_block) = object(run.address);
        let in_object = |run: &&&Header| run.address < end;
        let last = first + runs[first..range.end].iter().take_while(in_object).count().max(1);
        let is_gone = |index: &usize| gone.contains(*index as u32);
        if last == first + 1 {
            if is_gone(&first) {
                told(first, run.len);
            }
        } else if (first..last).any(|index| is_gone(&index)) {
            let (going, kept): (Vec<usize>, Vec<usize>) = (first..last).partition(is_gone);
            let run = |&index: &usize| Run { start: runs[index].address, end: runs[index].end() };
            let [gone_runs, kept_runs] = [&going, &kept].map(|list| list.iter().map(run).collect::<Vec<_>>());
            let stays = !kept.is_empty() && !is_block;
            uncovered(&gone_runs, &kept_runs, |at, bytes| told(going[at], if stays { 0 } else { bytes }));
        }
        first = last;
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
    use crate::waste::headers::{HeaderPlace, Shape};

    fn found(is_block: bool, list: &[u32]) -> Vec<(u64, u64, u64)> {
        let place = HeaderPlace { shape: Shape::Text, is_root: false, id: 0 };
        let run = |address, len| Header { address, len, cap: len, place };
        let runs = [run(0, 10), run(0, 100), run(50, 10), run(55, 10), run(200, 8), run(300, 8)];
        let mut gone = IdBitSet::with_room_for(6);
        list.iter().for_each(|&at| {
            gone.insert(at);
        });
        let runs: Vec<&Header> = runs.iter().collect();
        let object = |address: u64| (address / 100 * 100 + 100, is_block);
        let add =
            |found: &mut Vec<(u64, u64, u64)>, run: usize, bytes| found.push((runs[run].address, runs[run].len, bytes));
        all_lost(&runs, &gone, object, add).concat()
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
