//! What a call on a stack, or those that it will make, does to what it has at hand.

use super::search::{Calls, InFrame, Search};
use crate::waits::ahead::{Pending, Through};
use crate::waits::deeds::Deeds;
use crate::waits::holders::Nearness;
use crate::waits::nearby::{Near, put_in_order};
use crate::waits::target::WaitKind;
use crate::waits::waiters::WaitGroup;
use foldhash::{HashMap, HashSet};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// References from a call's variables to what it may end: `a.ix.results` of a variable `a`.
const MOST_HOPS: u32 = 2;
/// The same where the functions that the call will call count, too.
const HOPS_WITH_CALLEES: u32 = 1;

/// What follows from what a function's code refers to.
pub(super) struct OfFunction {
    /// The groups that are near enough to be ended.
    groups: Vec<u32>,
    /// Those of which it ends the waits.
    ended: Vec<u32>,
    locks: Vec<Near>,
}

/// What follows from where a call stands, worked out where it is asked.
pub(super) struct Ahead {
    pub(super) pending: Pending,
    /// What it may do yet; then what it may do with all that it will call.
    deeds: OnceCell<[Deeds; 2]>,
    ended_by_variables: OnceCell<Rc<[u32]>>,
    /// By kind of lock, and the itab by which it is held.
    locking: RefCell<HashMap<(WaitKind, u64), Locking>>,
}

/// What a call does with locks of a kind.
#[derive(Clone, Copy, Default)]
struct Locking {
    is_taking: bool,
    /// The line where it has locked one.
    locked: Option<u32>,
}

impl Ahead {
    pub(super) fn new(pending: Pending) -> Self {
        Ahead { pending, deeds: OnceCell::new(), ended_by_variables: OnceCell::new(), locking: RefCell::default() }
    }
}

impl Search<'_, '_, '_, '_, '_> {
    /// Judges calls that are unlike all before.
    pub(super) fn judge(&mut self, number: u32, class: u32, ahead: Rc<Ahead>, in_frame: &InFrame) -> Calls {
        let mut near: Vec<Near> = in_frame.lists.iter().flat_map(|list| list.iter()).copied().collect();
        near.extend(&in_frame.by_interfaces);
        put_in_order(&mut near);
        let mut calls = Calls { class, ahead, at_hand: Vec::new(), goroutines: Vec::new(), may_have_locks: false };
        for &one in &near {
            let address = self.waits.groups[one.group as usize].address;
            self.holds(number, &mut calls, one, in_frame.exact.binary_search(&address).is_ok());
            self.at_hand_in(&mut calls, one);
        }
        calls.at_hand.sort_unstable();
        calls.at_hand.dedup();
        let of_function = self.of_function(calls.ahead.pending.entry);
        let known: HashSet<(u32, u64)> = near.iter().map(|near| (near.group, near.itab)).collect();
        for &one in of_function.locks.iter().filter(|near| !known.contains(&(near.group, near.itab))) {
            self.holds(number, &mut calls, one, false);
        }
        let ended = self.ended_by_variables(&calls.ahead);
        for &group in ended.iter() {
            if !self.classes.class(class).waits_for(group) {
                self.ends(group, class);
            }
        }
        calls
    }

    /// What a function's code refers to.
    fn of_function(&mut self, entry: u64) -> Rc<OfFunction> {
        if let Some(known) = self.functions.get(&entry) {
            return Rc::clone(known);
        }
        let function = self.book.function(entry);
        let mut met = HashSet::default();
        let lists = function.code.variables.iter().flat_map(|&at| self.variables.at(at));
        let lists = lists.filter(|list| met.insert(list.as_ptr()));
        let mut near: Vec<Near> = lists.flat_map(|list| list.iter().copied()).collect();
        put_in_order(&mut near);
        let mut groups: Vec<u32> = near.iter().filter(|near| near.hops <= MOST_HOPS).map(|near| near.group).collect();
        groups.sort_unstable();
        groups.dedup();
        let ended = groups.iter().copied().filter(|group| self.ending(*group).has(function.deeds)).collect();
        near.retain(|near| self.waits.groups[near.group as usize].kind.is_lock());
        let of_function = Rc::new(OfFunction { groups, ended, locks: near });
        self.functions.insert(entry, Rc::clone(&of_function));
        of_function
    }

    fn ending(&self, group: u32) -> Deeds {
        self.ending.get(&group).copied().unwrap_or_default()
    }

    /// A call that has a thing at hand by its variables.
    fn at_hand_in(&mut self, calls: &mut Calls, near: Near) {
        let Near { group, hops, .. } = near;
        if hops > MOST_HOPS || self.classes.class(calls.class).waits_for(group) {
            return;
        }
        calls.at_hand.push(group);
        let [own, with_callees] = self.deeds(&calls.ahead);
        let deeds = if hops <= HOPS_WITH_CALLEES { with_callees } else { own };
        if deeds.has(self.ending(group)) {
            self.ends(group, calls.class);
        }
    }

    fn ends(&mut self, group: u32, class: u32) {
        let is_new = self.ends.entry(group).or_default().insert(class);
        self.noted += if is_new { 2 } else { 0 };
    }

    fn deeds(&mut self, ahead: &Ahead) -> [Deeds; 2] {
        let (book, pending) = (&mut self.book, &ahead.pending);
        *ahead.deeds.get_or_init(|| {
            [false, true].map(|callees| {
                let run = pending.will_run(book, callees);
                Deeds::all(run.into_iter().map(|entry| book.function(entry).deeds)).and(pending.own_deeds())
            })
        })
    }

    /// Of which things that package variables lead to a call ends the waits, or one that it will make, as their code refers to these.
    fn ended_by_variables(&mut self, ahead: &Ahead) -> Rc<[u32]> {
        if let Some(known) = ahead.ended_by_variables.get() {
            return Rc::clone(known);
        }
        let mut ended = Vec::new();
        if !self.variables.is_empty() {
            let (own, deeds) = (self.of_function(ahead.pending.entry), ahead.pending.own_deeds());
            ended.extend(own.groups.iter().filter(|group| self.ending(**group).has(deeds)));
            for entry in ahead.pending.will_run(&mut self.book, true) {
                ended.extend(&self.of_function(entry).ended);
            }
            ended.sort_unstable();
            ended.dedup();
        }
        let ended: Rc<[u32]> = ended.into();
        Rc::clone(ahead.ended_by_variables.get_or_init(|| ended))
    }

    /// Notes calls that have locked such a lock and have this one at hand.
    fn holds(&mut self, number: u32, calls: &mut Calls, near: Near, is_exact: bool) {
        let Near { group, hops, itab } = near;
        let WaitGroup { kind, address, .. } = self.waits.groups[group as usize];
        if !kind.is_lock() || self.classes.class(calls.class).has_given_back(address) {
            return;
        }
        let locking = self.locking(&calls.ahead, kind, itab);
        let waits_itself = self.classes.class(calls.class).waits_for(group);
        // Where it locks one and waits for another, nothing tells that it has the other, too.
        if waits_itself && locking.is_taking {
            return;
        }
        let Some(locked) = locking.locked else { return };
        let is_exact = is_exact || calls.ahead.pending.function.refers_to(address, address.saturating_add(1));
        calls.may_have_locks = true;
        let nearness = Nearness { hops, is_inexact: !is_exact, waits_itself };
        let is_noted = self.likeliest.entry(group).or_default().add(number, locked, nearness);
        self.noted += if is_noted { 2 } else { 0 };
    }

    fn locking(&mut self, ahead: &Ahead, kind: WaitKind, itab: u64) -> Locking {
        if let Some(&known) = ahead.locking.borrow().get(&(kind, itab)) {
            return known;
        }
        let through = match itab {
            0 => Some(Through::default()),
            itab => self.book.itab(itab).map(|itab| Through::read(&mut self.book, &ahead.pending, &itab)),
        };
        let (take, give) = Deeds::of_lock(kind);
        let locking = through.map(|through| Locking {
            is_taking: ahead.pending.is_taking(take, &through),
            locked: ahead.pending.has_locked((take, give), &through),
        });
        let locking = locking.unwrap_or_default();
        ahead.locking.borrow_mut().insert((kind, itab), locking);
        locking
    }
}
