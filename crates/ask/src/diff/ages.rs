//! How old the goroutines are that stand at one place, from one core: by their numbers, and by since when they wait.
//!
//! Numbers are given in order: a P takes the next sixteen of `sched.goidgen` and gives them one by one (proc.go `newproc1`, 1.17 to 1.27). So a
//! high number is a late goroutine, for certain; of low ones each P may have kept up to fifteen for later. `waitsince` is when the collection
//! began that first saw it wait (mgcmark.go `markroot`), and zero again as soon as it runs (proc.go `execute`).
//!
//! Those that ended are not known. So of goroutines of every age that stay it is told that they may be piling up: a pool whose members are
//! replaced every now and then may look so too, before all of the first are.

use crate::goroutines::standing_text;
use goheap_model::{GoroutineGroup, GoroutineGroups, GoroutineState};
use serde::Serialize;

/// Into so many parts the numbers given so far are cut, and the time.
const AGES: usize = 4;
/// Fewer goroutines say nothing.
const FEWEST: usize = 32;
/// Of those that pile up each part of the numbers has one in so many, and of the time; a constant rate has one in four. The numbers
/// tell a pile from what comes and goes, the time a pile from a pool.
const EACH_PART: u64 = 6;
const EACH_TIME: u64 = 10;
/// Of pairs of which one waits longer, so many of a hundred have the lower number.
const IN_ORDER: u64 = 90;

/// How many of a thing are of each age, the oldest first.
pub type ByAge = [u64; AGES];

/// How old goroutines are that stand at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GoroutineAges {
    /// What they do and where, and what made them.
    pub standing: String,
    /// How many.
    pub goroutines: u64,
    /// The lowest and the greatest number among them.
    pub numbers: (u64, u64),
    /// By numbers: those of the first quarter of all that were given so far, of the second, and so on.
    pub by_number: ByAge,
    /// Of those that collections saw wait, by since when: between the first such wait of the whole core and its newest time.
    pub by_wait: ByAge,
    /// Those that wait, and that no collection saw: they began after the last one did.
    pub waits_unseen: u64,
    /// How many collections were the first to see some of them wait.
    pub collections: u64,
    /// What that looks like.
    pub look: AgeLook,
}

/// What ages look like. Each is an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeLook {
    /// Nothing can be said.
    #[default]
    Unclear,
    /// Some of every age stay, by number and by wait, and the later ones wait since later: they may be piling up.
    EveryAge,
    /// All were made in the last quarter.
    Late,
    /// All were made in the first quarter.
    Early,
}

impl AgeLook {
    /// In words; empty where nothing can be said.
    pub fn name(self) -> &'static str {
        match self {
            AgeLook::Unclear => "",
            AgeLook::EveryAge => "of every age: may pile up",
            AgeLook::Late => "made lately",
            AgeLook::Early => "made early",
        }
    }
}

/// The program's own goroutines by where they stand, as many as say something; those that may pile up first, then the most.
pub fn goroutine_ages(groups: &GoroutineGroups) -> Vec<GoroutineAges> {
    let clocks = Clocks::of(groups);
    let own = groups.groups.iter().filter(|group| !group.is_system && group.members.len() >= FEWEST);
    let mut ages: Vec<GoroutineAges> = own.filter_map(|group| of_group(groups, group, clocks)).collect();
    ages.sort_by(|a, b| {
        let key = |ages: &GoroutineAges| (ages.look != AgeLook::EveryAge, std::cmp::Reverse(ages.goroutines));
        key(a).cmp(&key(b)).then_with(|| a.standing.cmp(&b.standing))
    });
    ages
}

/// The greatest number that any goroutine has, those that ended among them, and from when to when waits were seen.
#[derive(Clone, Copy)]
struct Clocks {
    newest: u64,
    waits: Option<(u64, u64)>,
}

impl Clocks {
    fn of(groups: &GoroutineGroups) -> Self {
        let since = groups.each.iter().map(|one| one.since).filter(|&since| since != 0);
        Clocks { newest: groups.each.iter().map(|one| one.id).max().unwrap_or(0), waits: since.min().zip(groups.now) }
    }
}

fn of_group(groups: &GoroutineGroups, group: &GoroutineGroup, clocks: Clocks) -> Option<GoroutineAges> {
    let mut members: Vec<GoroutineState> =
        group.members.iter().filter_map(|&member| groups.each.get(member as usize)).copied().collect();
    members.sort_unstable_by_key(|one| one.id);
    let numbers = (members.first()?.id, members.last()?.id);
    let mut ages = GoroutineAges {
        standing: standing_text(groups, group),
        goroutines: members.len() as u64,
        numbers,
        ..GoroutineAges::default()
    };
    let waiting: Vec<u64> = members.iter().filter(|one| one.waits).map(|one| one.since).collect();
    for one in &members {
        ages.by_number[part((1, clocks.newest), one.id)] += 1;
    }
    let mut seen: Vec<u64> = waiting.iter().copied().filter(|&since| since != 0).collect();
    ages.waits_unseen = (waiting.len() - seen.len()) as u64;
    for (&since, clock) in seen.iter().zip(std::iter::repeat(clocks.waits)) {
        clock.into_iter().for_each(|clock| ages.by_wait[part(clock, since)] += 1);
    }
    seen.sort_unstable();
    seen.dedup();
    ages.collections = seen.len() as u64;
    ages.look = look(&ages, &waiting);
    Some(ages)
}

/// In which part between two bounds, both among it, a number lies.
fn part((first, last): (u64, u64), number: u64) -> usize {
    let whole = u128::from(last.saturating_sub(first)) + 1;
    let at = u128::from(number.saturating_sub(first)) * AGES as u128 / whole;
    usize::try_from(at).unwrap_or(AGES).min(AGES - 1)
}

/// `waiting` has since when they wait, in order of their numbers.
fn look(ages: &GoroutineAges, waiting: &[u64]) -> AgeLook {
    let all = ages.goroutines;
    // Those that no collection saw are the latest.
    let mut by_wait = ages.by_wait;
    by_wait[AGES - 1] += ages.waits_unseen;
    let has_each = |parts: &ByAge, of: u64| parts.iter().all(|&part| part.saturating_mul(of) >= all);
    match () {
        () if ages.by_number[AGES - 1] == all => AgeLook::Late,
        () if ages.by_number[0] == all => AgeLook::Early,
        () if waiting.len() as u64 == all
            && has_each(&ages.by_number, EACH_PART)
            && has_each(&by_wait, EACH_TIME)
            && is_in_order(waiting) =>
        {
            AgeLook::EveryAge
        }
        () => AgeLook::Unclear,
    }
}

/// Whether the later numbers wait since later, by pairs (Kendall's tau). Zero is the latest.
fn is_in_order(waiting: &[u64]) -> bool {
    let since: Vec<u64> = waiting.iter().map(|&since| if since == 0 { u64::MAX } else { since }).collect();
    let pairs = |count: u128| count * count.saturating_sub(1) / 2;
    let mut sorted = since.clone();
    sorted.sort_unstable();
    let alike: u128 = sorted.chunk_by(|a, b| a == b).map(|run| pairs(run.len() as u128)).sum();
    let different = pairs(since.len() as u128) - alike;
    let wrong = inversions(since);
    different > 0 && wrong * 100 <= different * u128::from(100 - IN_ORDER)
}

/// Pairs of which the former is greater, found by merging.
fn inversions(mut numbers: Vec<u64>) -> u128 {
    let (mut found, mut width, mut merged) = (0, 1, Vec::with_capacity(numbers.len()));
    while width < numbers.len() {
        merged.clear();
        for run in numbers.chunks(width * 2) {
            let (mut left, mut right) = run.split_at(width.min(run.len()));
            while let Some((&next, rest)) = left.split_first() {
                match right.split_first() {
                    Some((&earlier, others)) if earlier < next => {
                        found += left.len() as u128;
                        merged.push(earlier);
                        right = others;
                    }
                    _ => {
                        merged.push(next);
                        left = rest;
                    }
                }
            }
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut numbers, &mut merged);
        width *= 2;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(members: impl Iterator<Item = (u64, u64)>) -> GoroutineGroups {
        let each: Vec<GoroutineState> =
            members.map(|(id, since)| GoroutineState { id, since, waits: true, ..GoroutineState::default() }).collect();
        let group = GoroutineGroup { members: (0..each.len() as u32).collect(), ..GoroutineGroup::default() };
        GoroutineGroups { groups: vec![group], each, now: Some(10_000), ..GoroutineGroups::default() }
    }

    /// With one that ended and had the number 4000.
    fn told(mut groups: GoroutineGroups) -> GoroutineAges {
        groups.each.push(GoroutineState { id: 4000, ..GoroutineState::default() });
        goroutine_ages(&groups).remove(0)
    }

    #[test]
    fn a_pile_has_some_of_every_age() {
        let pile = told(group((0..400).map(|n| (n * 10 + 1, if n < 380 { 1000 + n / 20 * 450 } else { 0 }))));
        assert_eq!(pile.look, AgeLook::EveryAge);
        assert_eq!((pile.numbers, pile.by_number), ((1, 3991), [100; AGES]));
        assert_eq!((pile.waits_unseen, pile.collections), (20, 19));
        assert_eq!(pile.by_wait.iter().sum::<u64>(), 380);
    }

    #[test]
    fn what_was_made_at_once_is_early_or_late() {
        assert_eq!(told(group((0..100).map(|n| (n + 1, 1000)))).look, AgeLook::Early);
        assert_eq!(told(group((0..100).map(|n| (n + 3900, 0)))).look, AgeLook::Late);
        // All numbers are the pool's own, and its waits began with the program.
        let mut pool = group((0..400).map(|n| (n + 1, 1000 + n)));
        assert_eq!(goroutine_ages(&pool)[0].look, AgeLook::Unclear);
        pool.groups[0].members.truncate(FEWEST - 1);
        assert_eq!(goroutine_ages(&pool), []);
    }

    #[test]
    fn workers_that_wake_are_in_no_order() {
        let shuffled = (0..400_u64).map(|n| (n * 10 + 1, 1000 + n * 173 % 400 * 22));
        let workers = told(group(shuffled));
        assert!(workers.by_wait.iter().all(|&part| part >= 80), "{workers:?}");
        assert_eq!(workers.look, AgeLook::Unclear);
    }

    #[test]
    fn requests_under_way_are_young_for_the_most_part() {
        // Of each tenth of all that were made, half of those of the one after it are left.
        let left = (0..4000_u64).filter(|n| n % (1 << (9 - n / 400)) == 0);
        let requests = told(group(left.map(|n| (n, 1000 + n * 2))));
        assert_eq!(requests.look, AgeLook::Unclear, "{requests:?}");
    }

    #[test]
    fn inversions_are_pairs_in_the_wrong_order() {
        assert_eq!(inversions(vec![1, 2, 2, 3]), 0);
        assert_eq!(inversions(vec![3, 2, 1, 1, 0]), 9);
        assert!(is_in_order(&[1, 1, 2, 2, 3, 0]) && !is_in_order(&[5; 8]) && !is_in_order(&[9, 1, 8, 2]));
    }

    #[test]
    fn hostile_numbers_are_counted_somewhere() {
        let mut hostile = group((0..40).map(|n| (u64::MAX - n, u64::MAX)));
        hostile.groups[0].members.push(9999);
        hostile.now = Some(0);
        assert_eq!(goroutine_ages(&hostile)[0].goroutines, 40);
    }
}
