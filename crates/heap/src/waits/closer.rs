//! A closer look at who could end a wait: with the references, and the code of the calls on all stacks.

mod calls;
mod verdict;

use super::at_hand::{AtHand, Near};
use super::code::CodeBook;
use super::held_by::Ways;
use super::holders::LockHolder;
use super::suspects::{Suspicion, is_large};
use super::target::WaitKind;
use super::waiters::{WaitGroup, Waiter, Waits};
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use goheap_model::{Claim, Observer};
use goheap_runtime::Goroutine;
use goheap_runtime::stack::{StackPlace, StackScan};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// The same to a lock that it has: `b.accounts[i].mu` of a variable `b`.
const LOCK_HOPS: u32 = 3;
/// Goroutines made one after the other have ids that are so many times as far apart as they are many: processors take them by 16.
const IN_A_ROW: u64 = 2;
const ID_BATCH: u64 = 16;
/// Things that are looked closer at: those with the most waiters.
const MOST_GROUPS: usize = 1000;

/// What was found out of locks and of waits that nobody seems to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closer {
    /// Who probably has each lock that is waited for, by the number of the group.
    pub holders: FxHashMap<u32, Vec<LockHolder>>,
    /// Goroutines that wait for each other, each for the next, the last for the first.
    pub rings: Vec<Vec<u32>>,
    /// Waits that nobody seems to end, most waiters first.
    pub suspicions: Vec<Suspicion>,
    /// How each thing is held that is a lock or suspect: `main.app .ix .results`.
    pub held_by: FxHashMap<u32, String>,
}

impl Waits {
    /// True if there is something to look closer at: a lock that is waited for, or so many waiters that they may be suspect.
    pub fn needs_closer(&self, snapshot: &crate::HeapSnapshot<'_, '_>) -> bool {
        self.groups.iter().any(|group| group.kind.is_lock() || self.is_candidate(snapshot, group))
    }

    fn is_candidate(&self, snapshot: &crate::HeapSnapshot<'_, '_>, group: &WaitGroup) -> bool {
        is_large(group, || {
            let goroutine = |index: u32| snapshot.model.goroutines.get(index as usize);
            let made: Vec<&Goroutine> = group.waiters.iter().filter_map(|waiter| goroutine(waiter.goroutine)).collect();
            let ids = || made.iter().map(|goroutine| goroutine.id);
            let span = ids().max().unwrap_or(0).saturating_sub(ids().min().unwrap_or(0));
            let is_close = span <= made.len() as u64 * IN_A_ROW + ID_BATCH * snapshot.model.processors.len() as u64;
            is_close
                && made.windows(2).all(|pair| (pair[0].parent_id, pair[0].gopc) == (pair[1].parent_id, pair[1].gopc))
        })
    }

    /// Adds what is waited for only by those that wait for one of `wanted` in the same select.
    fn add_other_cases(&self, wanted: &mut Vec<u32>) {
        let large: FxHashSet<u32> = wanted.iter().copied().collect();
        let is_other_case = |number: u32, group: &WaitGroup| {
            let waits_for_large = |waiter: &Waiter| self.of(waiter.goroutine).iter().any(|group| large.contains(group));
            !large.contains(&number) && group.kind == WaitKind::Channel && group.waiters.iter().all(waits_for_large)
        };
        let others = (0..).zip(&self.groups).filter(|(number, group)| is_other_case(*number, group));
        wanted.extend(others.map(|(number, _)| number));
    }

    /// Looks at the stacks of all goroutines.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn look_closer(
        &self,
        graph: &ReferenceGraph<'_, '_, '_>,
        observer: &dyn Observer,
    ) -> Result<Closer, HeapError> {
        let snapshot = graph.snapshot();
        let is_wanted = |group: &WaitGroup| group.kind.is_lock() || self.is_candidate(snapshot, group);
        let mut wanted: Vec<u32> =
            (0..).zip(&self.groups).filter(|(_, group)| is_wanted(group)).map(|(number, _)| number).collect();
        self.add_other_cases(&mut wanted);
        wanted.sort_by_key(|&number| std::cmp::Reverse(self.groups[number as usize].waiters.len()));
        wanted.truncate(MOST_GROUPS);
        if wanted.is_empty() {
            return Ok(Closer::default());
        }
        observer.begin("waits");
        observer
            .claim(Claim { kept: wanted.len() as u64 * 64, passing: snapshot.model.goroutines.len() as u64 * 16 })?;
        let mut search = Search::new(self, graph, &wanted);
        search.stacks();
        let mut closer = search.finish();
        let ways = Ways::new(graph, |goroutine| !self.of(goroutine).is_empty(), observer)?;
        for &number in &wanted {
            let object = snapshot.objects.find_allocated(self.groups[number as usize].address);
            let told = object.and_then(|slot| ways.text(slot.id.0));
            if let Some(text) = told {
                closer.held_by.insert(number, text);
            }
        }
        Ok(closer)
    }
}

/// A program counter, a group, and whether it is near enough for what the callees do.
type Key = (u64, u32, bool);

struct Search<'a, 'g, 's, 'm, 'p> {
    waits: &'a Waits,
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    wanted: FxHashSet<u32>,
    at_hand: AtHand<'g, 's, 'm, 'p>,
    book: CodeBook<'m, 'p>,
    /// Parts of variables: first byte, last byte, what code that refers to them has at hand.
    variables: Vec<(u64, u64, Near)>,
    of_function: FxHashMap<u64, Rc<[Near]>>,
    may_end: FxHashMap<Key, bool>,
    /// By program counter, what calls there end that package variables lead to.
    by_pc: FxHashMap<u64, Rc<[u32]>>,
    ends: FxHashMap<u32, Vec<u32>>,
    near: FxHashMap<u32, Vec<u32>>,
    holders: FxHashMap<u32, Vec<LockHolder>>,
}

impl<'a, 'g, 's, 'm, 'p> Search<'a, 'g, 's, 'm, 'p> {
    fn new(waits: &'a Waits, graph: &'g ReferenceGraph<'s, 'm, 'p>, wanted: &[u32]) -> Self {
        let group = |&number: &u32| {
            let group = &waits.groups[number as usize];
            (number, group.address, group.kind.size())
        };
        let mut at_hand = AtHand::new(graph, wanted.iter().map(group), LOCK_HOPS);
        let variables = at_hand.of_variables();
        Search {
            waits,
            graph,
            wanted: wanted.iter().copied().collect(),
            at_hand,
            book: CodeBook::new(graph.snapshot().model),
            variables,
            of_function: FxHashMap::default(),
            may_end: FxHashMap::default(),
            by_pc: FxHashMap::default(),
            ends: FxHashMap::default(),
            near: FxHashMap::default(),
            holders: FxHashMap::default(),
        }
    }

    fn stacks(&mut self) {
        let model = self.graph.snapshot().model;
        let (threads, scanner) = (model.thread_index(), model.stack_scanner());
        for (index, goroutine) in (0..).zip(&model.goroutines).filter(|(_, one)| one.status.is_live()) {
            let scan = scanner.scan(goroutine, &threads.start(goroutine));
            self.stack(index, &scan);
        }
    }

    fn stack(&mut self, goroutine: u32, scan: &StackScan) {
        let mut at_hand: FxHashMap<usize, (Vec<Near>, Vec<u64>)> = FxHashMap::default();
        let mut deferred: FxHashMap<usize, Vec<u64>> = FxHashMap::default();
        for root in &scan.roots {
            let Some(frame) = root.frame else { continue };
            if root.place == StackPlace::Deferred {
                deferred.entry(frame).or_default().extend(self.book.entry_of_closure(root.value));
            }
            let near = self.at_hand.of_pointer(root.value);
            if !near.is_empty() {
                let of_frame = at_hand.entry(frame).or_default();
                of_frame.0.extend(near);
                of_frame.1.push(root.value);
            }
        }
        let mut seen = FxHashSet::default();
        for (index, frame) in scan.frames.iter().enumerate() {
            let near = at_hand.remove(&index).unwrap_or_default();
            self.call(goroutine, frame, near, deferred.remove(&index).unwrap_or_default(), &mut seen);
        }
    }
}
