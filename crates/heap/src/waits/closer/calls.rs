//! What each call on a stack has at hand, and what it, or those that it will make, does to it.

use super::Search;
use crate::waits::ahead::{Pending, Through};
use crate::waits::at_hand::Near;
use crate::waits::code::{Deeds, Function};
use crate::waits::holders::LockHolder;
use crate::waits::target::WaitKind;
use crate::waits::waiters::WaitGroup;
use goheap_image::Address;
use goheap_runtime::stack::Frame;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// References from a call's variables to what it may end: `a.ix.results` of a variable `a`.
const MOST_HOPS: u32 = 2;
/// The same where the functions that the call will call count, too.
const HOPS_WITH_CALLEES: u32 = 1;
/// Goroutines that have one thing at hand that are counted.
const MOST_NEAR: usize = 1 << 17;
/// Where a function's register arguments are spilled above its frame: nine words and the link.
const ARGUMENT_BYTES: u64 = 80;
/// Bytes of a frame that are looked through for itabs.
const MOST_FRAME: u64 = 1 << 14;

impl Search<'_, '_, '_, '_, '_> {
    pub(super) fn call(
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
        self.add_interfaces(frame, &pointers, &mut near);
        near.sort_unstable();
        near.dedup_by_key(|near| (near.group, near.itab));
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
        for &one in by_code.iter() {
            if !near.iter().any(|near| (near.group, near.itab) == (one.group, one.itab)) {
                self.holds(goroutine, &pending, one, false);
            }
        }
        self.by_variables(goroutine, &pending);
    }

    /// Of what the frame's variables point to: whether an interface does, as its itab is in the frame, too.
    fn add_interfaces(&mut self, frame: &Frame, pointers: &[u64], near: &mut Vec<Near>) {
        let locks = |near: &&Near| near.hops == 0 && self.waits.groups[near.group as usize].kind.is_lock();
        let direct: Vec<u32> = near.iter().filter(locks).map(|near| near.group).collect();
        if direct.is_empty() {
            return;
        }
        let memory = self.graph.snapshot().model.memory();
        let words = frame.fp.saturating_add(ARGUMENT_BYTES).saturating_sub(frame.sp).min(MOST_FRAME) / 8;
        let words = (0..words).filter_map(|word| memory.read_u64(Address(frame.sp.checked_add(word * 8)?)));
        let mut words: Vec<u64> = words.collect();
        words.sort_unstable();
        words.dedup();
        for itab in words {
            if self.book.itab(itab).is_some() {
                let by_one = |group: &&u32| pointers.iter().any(|&at| self.at_hand.is_held(**group, itab, at));
                near.extend(direct.iter().filter(by_one).map(|&group| Near { group, hops: 0, itab }));
            }
        }
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
        near.dedup_by_key(|near| (near.group, near.itab));
        let near: Rc<[Near]> = near.into();
        self.of_function.insert(entry, Rc::clone(&near));
        near
    }

    /// A call that has a thing at hand by its variables.
    fn at_hand_in(&mut self, goroutine: u32, pending: &Pending, near: Near, seen: &mut FxHashSet<u32>) {
        let Near { group, hops, .. } = near;
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

    /// True if the goroutine waits on a condition with this lock, which it gave back for so long (cond.go: `L`, the lock, comes first).
    fn has_given_back(&self, goroutine: u32, lock: u64) -> bool {
        const LOCKER_DATA: u64 = 8;
        let memory = self.graph.snapshot().model.memory();
        let mut waited = self.waits.of(goroutine).iter().map(|&group| &self.waits.groups[group as usize]);
        waited.any(|group| {
            let locker = group.address.checked_add(LOCKER_DATA).filter(|_| group.kind == WaitKind::Cond);
            locker.and_then(|at| memory.read_u64(Address(at))) == Some(lock)
        })
    }

    /// Notes a call that has locked such a lock and has this one at hand.
    fn holds(&mut self, goroutine: u32, pending: &Pending, near: Near, is_exact: bool) {
        let Near { group, hops, itab } = near;
        let WaitGroup { kind, address, .. } = self.waits.groups[group as usize];
        if !kind.is_lock() || self.has_given_back(goroutine, address) {
            return;
        }
        let (take, give) = Deeds::of_lock(kind);
        let through = match itab {
            0 => Through::default(),
            itab => match self.book.itab(itab) {
                Some(itab) => Through::read(&mut self.book, pending, &itab),
                None => return,
            },
        };
        // Where it locks one and waits for another, nothing tells that it has the other, too.
        if self.waits.of(goroutine).contains(&group) && pending.is_taking(take, &through) {
            return;
        }
        let is_exact = is_exact || pending.function.refers_to(address, address.saturating_add(1));
        let Some(locked_line) = pending.has_locked(&mut self.book, (take, give), &through) else { return };
        let function = pending.function.name.clone();
        let holder =
            LockHolder { goroutine, function, locked_line, line: pending.line, hops, is_exact, pc: pending.pc };
        self.holders.entry(group).or_default().push(holder);
    }
}
