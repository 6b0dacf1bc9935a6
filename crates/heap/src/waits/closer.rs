//! A closer look at who could end a wait: with the references, and the code of the calls on all stacks.

use super::ahead::Pending;
use super::at_hand::{AtHand, Near};
use super::code::{CodeBook, Deeds, Function};
use super::cycles::rings;
use super::held_by::Ways;
use super::holders::{LockHolder, likeliest, pending_writer};
use super::locks::LockState;
use super::suspects::{Suspicion, is_large, stuck, unattended};
use super::target::{WaitKind, WaitMode};
use super::waiters::{WaitGroup, Waiter, Waits};
use crate::error::HeapError;
use crate::label_text::function_of;
use crate::references::ReferenceGraph;
use goheap_runtime::stack::{Frame, StackPlace, StackScan};
use goheap_runtime::{Claim, Goroutine, Observer};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// References from a call's variables to what it may end: `a.ix.results` of a variable `a`.
const MOST_HOPS: u32 = 2;
/// The same where the functions that the call will call count, too.
const HOPS_WITH_CALLEES: u32 = 1;
/// The same to a lock that it has: `b.accounts[i].mu` of a variable `b`.
const LOCK_HOPS: u32 = 3;
/// Goroutines made one after the other have ids that are so many times as far apart as they are many: processors take them by 16.
const IN_A_ROW: u64 = 2;
const ID_BATCH: u64 = 16;
/// Things that are looked closer at: those with the most waiters.
const MOST_GROUPS: usize = 1000;
/// Goroutines that have one thing at hand that are counted.
const MOST_NEAR: usize = 1 << 17;
/// Packages of which an object that holds a channel says that something ends the wait: a timer, a context that may be cancelled.
const ENDED_ELSEWHERE: [&str; 3] = ["time.", "context.", "runtime.timer"];

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

    fn call(
        &mut self,
        goroutine: u32,
        frame: &Frame,
        (mut near, pointers): (Vec<Near>, Vec<u64>),
        deferred: Vec<u64>,
        seen: &mut FxHashSet<u32>,
    ) {
        let functions = &self.graph.snapshot().model.modules[frame.module].functions;
        if functions.name(&frame.func).starts_with("runtime.") {
            return;
        }
        let entry = frame.func.entry;
        near.sort_unstable();
        near.dedup_by_key(|near| near.group);
        let by_code = self.of_function(entry);
        if near.is_empty() && by_code.is_empty() && self.variables.is_empty() {
            return;
        }
        let pending = Pending::new(&mut self.book, entry, frame.pc, deferred);
        for &one in &near {
            let address = self.waits.groups[one.group as usize].address;
            self.holds(goroutine, &pending, one, pointers.contains(&address));
            self.at_hand_in(goroutine, &pending, one, seen);
        }
        for &Near { group, hops } in by_code.iter() {
            if !near.iter().any(|near| near.group == group) {
                self.holds(goroutine, &pending, Near { group, hops }, false);
            }
        }
        self.by_variables(goroutine, &pending);
    }

    /// What a function's code refers to.
    fn of_function(&mut self, entry: u64) -> Rc<[Near]> {
        if let Some(known) = self.of_function.get(&entry) {
            return Rc::clone(known);
        }
        let function = self.book.function(entry);
        let refers = |(start, end, _): &&(u64, u64, Near)| function.refers_to(*start, *end);
        let mut near: Vec<Near> = self.variables.iter().filter(refers).map(|(.., near)| *near).collect();
        near.sort_unstable();
        near.dedup_by_key(|near| near.group);
        let near: Rc<[Near]> = near.into();
        self.of_function.insert(entry, Rc::clone(&near));
        near
    }

    /// A call that has a thing at hand by its variables.
    fn at_hand_in(&mut self, goroutine: u32, pending: &Pending, near: Near, seen: &mut FxHashSet<u32>) {
        let Near { group, hops } = near;
        if hops > MOST_HOPS || self.waits.of(goroutine).contains(&group) {
            return;
        }
        if seen.insert(group) {
            let near = self.near.entry(group).or_default();
            if near.len() < MOST_NEAR {
                near.push(goroutine);
            }
        }
        let with_callees = hops <= HOPS_WITH_CALLEES;
        let deeds = self.ending(group);
        let key = (pending.pc, group, with_callees);
        let known = self.may_end.get(&key).copied().filter(|_| pending.deferred.is_empty());
        let ends = match known {
            Some(known) => known,
            None => pending.may_do(&mut self.book, deeds, with_callees, &|_: &Function| true),
        };
        self.may_end.insert(key, ends);
        if ends {
            self.ends(goroutine, group);
        }
    }

    /// What a call, or one that it will make, does to what a package variable leads to.
    fn by_variables(&mut self, goroutine: u32, pending: &Pending) {
        let known = self.by_pc.get(&pending.pc).filter(|_| pending.deferred.is_empty()).map(Rc::clone);
        let groups = known.unwrap_or_else(|| self.ended_by_variables(pending));
        if pending.deferred.is_empty() {
            self.by_pc.insert(pending.pc, Rc::clone(&groups));
        }
        for &group in groups.iter().filter(|group| !self.waits.of(goroutine).contains(group)) {
            self.ends(goroutine, group);
        }
    }

    fn ended_by_variables(&mut self, pending: &Pending) -> Rc<[u32]> {
        let is_near = |near: &Near| near.hops <= MOST_HOPS;
        let mut groups: Vec<u32> =
            self.variables.iter().map(|(.., near)| near).filter(|near| is_near(near)).map(|near| near.group).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut ended = Vec::new();
        for group in groups {
            let deeds = self.ending(group);
            let refers = |function: &Function| {
                let of_group = |(start, end, near): &(u64, u64, Near)| {
                    near.group == group && is_near(near) && function.refers_to(*start, *end)
                };
                self.variables.iter().any(of_group)
            };
            if pending.may_do(&mut self.book, deeds, true, &refers) {
                ended.push(group);
            }
        }
        ended.into()
    }

    fn ending(&self, group: u32) -> Deeds {
        let group = &self.waits.groups[group as usize];
        Deeds::ending(group.kind, group.waiters.iter().map(|waiter| waiter.mode))
    }

    fn ends(&mut self, goroutine: u32, group: u32) {
        let ends = self.ends.entry(group).or_default();
        if ends.last() != Some(&goroutine) {
            ends.push(goroutine);
        }
    }

    /// Notes a call that has locked such a lock and has this one at hand.
    fn holds(&mut self, goroutine: u32, pending: &Pending, Near { group, hops }: Near, is_exact: bool) {
        let WaitGroup { kind, address, .. } = self.waits.groups[group as usize];
        let (take, give) = Deeds::of_lock(kind);
        // Where it locks one and waits for another, nothing tells that it has the other, too.
        if !kind.is_lock() || (self.waits.of(goroutine).contains(&group) && pending.is_taking(take)) {
            return;
        }
        let is_exact = is_exact || pending.function.refers_to(address, address.saturating_add(1));
        let Some(locked_line) = pending.has_locked(&mut self.book, (take, give)) else { return };
        let function = pending.function.name.clone();
        let holder =
            LockHolder { goroutine, function, locked_line, line: pending.line, hops, is_exact, pc: pending.pc };
        self.holders.entry(group).or_default().push(holder);
    }

    fn finish(mut self) -> Closer {
        let snapshot = self.graph.snapshot();
        let waits = self.waits;
        let mut closer = Closer::default();
        let elsewhere = self.ended_elsewhere();
        let mut candidates = self.wanted.clone();
        candidates.retain(|group| !elsewhere.contains(group));
        for (number, group) in waits.locks() {
            let found = likeliest(group, self.holders.remove(&number).unwrap_or_default());
            let is_locked = !matches!(snapshot.lock_state(group), Some(LockState::Mutex { is_locked: false }) | None);
            if !is_locked {
                // On its way from one goroutine to the next.
                candidates.remove(&number);
                continue;
            }
            if !found.is_empty() {
                // Those that have it end the waits, and nobody else.
                self.ends.insert(number, found.iter().map(|holder| holder.goroutine).collect());
                closer.holders.insert(number, found);
            }
        }
        closer.rings = rings(&next(waits, &closer.holders));
        let left = unattended(waits, &candidates, &self.ends);
        let mut suspected: Vec<u32> = left.iter().copied().collect();
        suspected.sort_unstable();
        let mut by_stuck: FxHashMap<Vec<u32>, usize> = FxHashMap::default();
        for number in suspected {
            let group = &waits.groups[number as usize];
            let stuck = stuck(waits, group, &left);
            let is_stuck = |waiter: &Waiter| stuck.binary_search(&waiter.goroutine).is_ok();
            let waiters = group.waiters.iter().copied().filter(is_stuck).collect();
            if !waits.is_candidate(snapshot, &WaitGroup { waiters, ..group.clone() }) && !is_other_case(waits, &stuck) {
                continue;
            }
            // Of those that have it at hand, those that are not stuck themselves.
            let goes_on = |one: &&u32| !waits.of(**one).iter().any(|group| left.contains(group));
            let others: Vec<u32> = self.near.get(&number).into_iter().flatten().filter(goes_on).copied().collect();
            let (others_at_hand, other) = (others.len() as u64, others.first().copied());
            let is_held = closer.holders.contains_key(&number);
            match by_stuck.get(&stuck) {
                // Another case of the same select.
                Some(&at) => closer.suspicions[at].other_cases.push(number),
                None => {
                    by_stuck.insert(stuck.clone(), closer.suspicions.len());
                    let one =
                        Suspicion { group: number, other_cases: Vec::new(), stuck, others_at_hand, other, is_held };
                    closer.suspicions.push(one);
                }
            }
        }
        closer.suspicions.retain(|one| {
            let mut groups = std::iter::once(one.group).chain(one.other_cases.iter().copied());
            groups.any(|number| waits.is_candidate(snapshot, &waits.groups[number as usize]))
        });
        closer.suspicions.sort_by_key(|one| (std::cmp::Reverse(one.stuck.len()), one.group));
        closer
    }

    /// Channels that a timer or a context ends.
    fn ended_elsewhere(&self) -> FxHashSet<u32> {
        let snapshot = self.graph.snapshot();
        let (mut found, mut channels) = (FxHashSet::default(), FxHashMap::<u32, u32>::default());
        for &number in &self.wanted {
            let group = &self.waits.groups[number as usize];
            if group.kind != WaitKind::Channel {
                continue;
            }
            if snapshot.model.channel(group.address).is_some_and(|channel| channel.has_timer) {
                found.insert(number);
            }
            if let Some(slot) = snapshot.objects.find_allocated(group.address) {
                channels.insert(slot.id.0, number);
            }
        }
        if channels.is_empty() {
            return found;
        }
        for (from, to) in self.graph.graph().edges() {
            let Some(&number) = channels.get(&to) else { continue };
            let Some(slot) = self.graph.slot_of(from) else { continue };
            let ty = snapshot.type_text(slot);
            if ENDED_ELSEWHERE.iter().any(|start| ty.starts_with(start)) || is_timer(snapshot, slot) {
                found.insert(number);
            }
        }
        found
    }
}

/// True of a `time.Timer` or `time.Ticker` up to 1.22, of which the runtime has the inner `runtimeTimer` alone, so that its type may
/// be unknown: behind the channel come `pp`, `when` and `period`, then the function (sleep.go).
fn is_timer(snapshot: &crate::HeapSnapshot<'_, '_>, slot: crate::Slot) -> bool {
    const FUNCTION: u64 = 8 + 24;
    let at = goheap_image::Address(snapshot.objects.address(slot)).add(FUNCTION);
    let function = snapshot.model.memory().read_u64(at).and_then(|closure| function_of(snapshot.model, closure));
    function.is_some_and(|name| name == "time.sendTime")
}

/// True of goroutines that wait for several things at once.
fn is_other_case(waits: &Waits, stuck: &[u32]) -> bool {
    !stuck.is_empty() && stuck.iter().all(|&goroutine| waits.of(goroutine).len() > 1)
}

/// For whom each goroutine waits that waits for a lock, where that is one.
fn next(waits: &Waits, holders: &FxHashMap<u32, Vec<LockHolder>>) -> FxHashMap<u32, u32> {
    let mut next = FxHashMap::default();
    for (number, group) in waits.locks() {
        let writer = pending_writer(group);
        for waiter in &group.waiters {
            let of_writer = writer.filter(|&writer| waiter.mode != WaitMode::Drain && writer != waiter.goroutine);
            let held = || match holders.get(&number).map(Vec::as_slice) {
                Some([only]) => Some(only.goroutine),
                _ => None,
            };
            if let Some(other) = of_writer.or_else(held) {
                next.insert(waiter.goroutine, other);
            }
        }
    }
    next
}
