//! What the calls on all stacks have at hand. Calls that are alike are judged once: that stand at the same place, have the same at hand,
//! and are of goroutines that wait for the same.

use super::calls::{Ahead, OfFunction};
use super::classes::Classes;
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use crate::waits::ahead::Pending;
use crate::waits::at_hand::{AtHand, claim_more};
use crate::waits::code::CodeBook;
use crate::waits::deeds::Deeds;
use crate::waits::holders::Likeliest;
use crate::waits::interfaces;
use crate::waits::nearby::Near;
use crate::waits::ranges::Ranges;
use crate::waits::waiters::Waits;
use foldhash::{HashMap, HashSet};
use goheap_image::Address;
use goheap_model::Observer;
use goheap_runtime::stack::{Frame, StackPlace, StackScan};
use std::rc::Rc;

/// References from a call's variables to a lock that it has: `b.accounts[i].mu` of a variable `b`.
const LOCK_HOPS: u32 = 3;
/// Where a function's register arguments are spilled above its frame: nine words and the link.
const ARGUMENT_BYTES: u64 = 80;
/// Bytes of a frame that are looked through for itabs, and itabs of locks in it.
const MOST_FRAME: u64 = 1 << 14;
const MOST_ITABS: usize = 64;
/// Bytes that calls that are unlike all others take, about.
const CALLS_BYTES: u64 = 256;

/// Calls that are alike.
pub(super) struct Calls {
    pub(super) class: u32,
    pub(super) ahead: Rc<Ahead>,
    /// The groups at hand, ascending, that its goroutines do not wait for.
    pub(super) at_hand: Vec<u32>,
    /// Whose they are, where they may have a lock.
    pub(super) goroutines: Vec<u32>,
    pub(super) may_have_locks: bool,
}

/// By what calls are alike.
#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    class: u32,
    /// The number of what is ahead.
    ahead: u32,
    /// Lists of what is at hand, equal ones once.
    lists: Vec<*const Near>,
    /// Pointers that are the address of a thing itself.
    exact: Vec<u64>,
    by_interfaces: Vec<Near>,
}

/// What is at hand in one frame.
#[derive(Default)]
pub(super) struct InFrame {
    pub(super) lists: Vec<Rc<[Near]>>,
    pub(super) exact: Vec<u64>,
    pub(super) by_interfaces: Vec<Near>,
    pointers: Vec<u64>,
    deferred: Vec<u64>,
}

/// Where a call stands: its function's entry, where it goes on, and what it has deferred.
type Place = (u64, u64, Vec<u64>);

pub(super) struct Search<'a, 'g, 's, 'm, 'p> {
    pub(super) waits: &'a Waits,
    pub(super) graph: &'g ReferenceGraph<'s, 'm, 'p>,
    pub(super) wanted: Vec<u32>,
    pub(super) classes: Classes,
    /// What ends the waits of each group.
    pub(super) ending: HashMap<u32, Deeds>,
    pub(super) at_hand: AtHand<'g, 's, 'm, 'p>,
    pub(super) book: CodeBook<'m, 'p>,
    /// What package variables have at hand.
    pub(super) variables: Ranges<Rc<[Near]>>,
    pub(super) functions: HashMap<u64, Rc<OfFunction>>,
    is_runtimes: HashMap<u64, bool>,
    ahead: HashMap<Place, (u32, Rc<Ahead>)>,
    numbers: HashMap<Likeness, u32>,
    pub(super) calls: Vec<Calls>,
    /// By the calls on a stack that have something at hand: how many goroutines have such, and the first.
    pub(super) stacks: HashMap<Vec<u32>, (u64, u32)>,
    /// Which classes may end the waits of each group.
    pub(super) ends: HashMap<u32, HashSet<u32>>,
    pub(super) likeliest: HashMap<u32, Likeliest>,
    /// Numbers that were noted, for the memory that they take.
    pub(super) noted: u64,
}

impl<'a, 'g, 's, 'm, 'p> Search<'a, 'g, 's, 'm, 'p> {
    pub(super) fn new(
        waits: &'a Waits,
        graph: &'g ReferenceGraph<'s, 'm, 'p>,
        wanted: &[u32],
        observer: &dyn Observer,
    ) -> Result<Self, HeapError> {
        let group = |&number: &u32| {
            let group = &waits.groups[number as usize];
            (number, group.address, group.kind.size())
        };
        let ending = |&number: &u32| {
            let group = &waits.groups[number as usize];
            (number, Deeds::ending(group.kind, group.waiters.iter().map(|waiter| waiter.mode)))
        };
        let mut at_hand = AtHand::new(graph, wanted.iter().map(group), LOCK_HOPS);
        let variables = at_hand.of_variables(observer)?;
        Ok(Search {
            waits,
            graph,
            wanted: wanted.to_vec(),
            classes: Classes::new(waits, graph.snapshot(), wanted),
            ending: wanted.iter().map(ending).collect(),
            at_hand,
            book: CodeBook::new(graph.snapshot().model),
            variables,
            functions: HashMap::default(),
            is_runtimes: HashMap::default(),
            ahead: HashMap::default(),
            numbers: HashMap::default(),
            calls: Vec::new(),
            stacks: HashMap::default(),
            ends: HashMap::default(),
            likeliest: HashMap::default(),
            noted: 0,
        })
    }

    /// Looks at the stacks of all goroutines.
    pub(super) fn stacks(&mut self, observer: &dyn Observer) -> Result<(), HeapError> {
        let model = self.graph.snapshot().model;
        let (threads, scanner) = (model.thread_index(), model.stack_scanner());
        let mut claimed = 0;
        for (index, goroutine) in (0..).zip(&model.goroutines).filter(|(_, one)| one.status.is_live()) {
            let scan = scanner.scan(goroutine, &threads.start(goroutine));
            self.stack(index, &scan);
            let taken = self.at_hand.bytes() + self.calls.len() as u64 * CALLS_BYTES + self.noted * 4;
            claim_more(taken, &mut claimed, observer)?;
        }
        Ok(())
    }

    fn stack(&mut self, goroutine: u32, scan: &StackScan) {
        let mut in_frames: HashMap<usize, InFrame> = HashMap::default();
        for root in &scan.roots {
            let Some(frame) = root.frame else { continue };
            if root.place == StackPlace::Deferred {
                let entry = self.book.entry_of_closure(root.value);
                in_frames.entry(frame).or_default().deferred.extend(entry);
            }
            let near = self.at_hand.of_pointer(root.value);
            if !near.is_empty() {
                let in_frame = in_frames.entry(frame).or_default();
                in_frame.lists.extend(near);
                in_frame.pointers.push(root.value);
            }
        }
        let class = self.classes.of(goroutine);
        let mut with_things = Vec::new();
        for (index, frame) in scan.frames.iter().enumerate() {
            let in_frame = in_frames.remove(&index).unwrap_or_default();
            let Some(number) = self.call(class, frame, in_frame) else { continue };
            let calls = &mut self.calls[number as usize];
            if !calls.at_hand.is_empty() {
                with_things.push(number);
            }
            if calls.may_have_locks && calls.goroutines.last() != Some(&goroutine) {
                calls.goroutines.push(goroutine);
                self.noted += 1;
            }
        }
        with_things.sort_unstable();
        with_things.dedup();
        if !with_things.is_empty() {
            let noted = with_things.len() as u64 + 16;
            let (count, _) = self.stacks.entry(with_things).or_insert_with(|| {
                self.noted += noted;
                (0, goroutine)
            });
            *count += 1;
        }
    }

    /// The number of the calls that are like this one; None where nothing follows from it.
    fn call(&mut self, class: u32, frame: &Frame, mut in_frame: InFrame) -> Option<u32> {
        let entry = frame.func.entry;
        let functions = &self.graph.snapshot().model.modules[frame.func.module].functions;
        let is_runtimes = || functions.name(&frame.func).starts_with("runtime.");
        let nothing_follows = in_frame.lists.is_empty() && self.variables.is_empty();
        if *self.is_runtimes.entry(entry).or_insert_with(is_runtimes) || nothing_follows {
            return None;
        }
        in_frame.pointers.sort_unstable();
        in_frame.pointers.dedup();
        in_frame.lists.sort_unstable_by_key(|list| list.as_ptr());
        in_frame.lists.dedup_by_key(|list| list.as_ptr());
        in_frame.exact = in_frame.pointers.iter().copied().filter(|&at| self.at_hand.is_address(at)).collect();
        in_frame.by_interfaces = self.by_interfaces(frame, &in_frame);
        let (number, ahead) = self.ahead(frame, std::mem::take(&mut in_frame.deferred));
        let likeness = Likeness {
            class,
            ahead: number,
            lists: in_frame.lists.iter().map(|list| list.as_ptr()).collect(),
            exact: in_frame.exact.clone(),
            by_interfaces: in_frame.by_interfaces.clone(),
        };
        if let Some(&known) = self.numbers.get(&likeness) {
            return Some(known);
        }
        let number = u32::try_from(self.calls.len()).ok()?;
        let calls = self.judge(number, class, ahead, &in_frame);
        self.noted += (likeness.lists.len() * 2 + likeness.exact.len() * 2 + calls.at_hand.len()) as u64;
        self.calls.push(calls);
        self.numbers.insert(likeness, number);
        Some(number)
    }

    fn ahead(&mut self, frame: &Frame, mut deferred: Vec<u64>) -> (u32, Rc<Ahead>) {
        deferred.sort_unstable();
        deferred.dedup();
        let key = (frame.func.entry, frame.pc, deferred);
        if let Some((number, ahead)) = self.ahead.get(&key) {
            return (*number, Rc::clone(ahead));
        }
        let pending = Pending::new(&mut self.book, key.0, key.1, key.2.clone());
        let new = (self.ahead.len() as u32, Rc::new(Ahead::new(pending)));
        self.ahead.insert(key, (new.0, Rc::clone(&new.1)));
        new
    }

    /// Of what the frame's variables point to: whether an interface does, as its itab is in the frame, too.
    fn by_interfaces(&mut self, frame: &Frame, in_frame: &InFrame) -> Vec<Near> {
        let direct = in_frame.lists.iter().flat_map(|list| list.iter().take_while(|near| near.hops == 0));
        let direct = direct.map(|near| near.group).filter(|&group| self.waits.groups[group as usize].kind.is_lock());
        let mut direct: Vec<(u32, u64)> =
            direct.filter_map(|group| Some((group, self.at_hand.address(group)?))).collect();
        direct.sort_unstable();
        direct.dedup();
        if direct.is_empty() {
            return Vec::new();
        }
        let model = self.graph.snapshot().model;
        let words = frame.fp.saturating_add(ARGUMENT_BYTES).saturating_sub(frame.sp).min(MOST_FRAME) / 8;
        let words = (0..words).filter_map(|word| model.memory().read_u64(Address(frame.sp.checked_add(word * 8)?)));
        let mut words: Vec<u64> = words.collect();
        words.sort_unstable();
        words.dedup();
        let mut found = Vec::new();
        for itab in words.into_iter().filter(|&itab| self.book.itab(itab).is_some()).take(MOST_ITABS) {
            let bytes = interfaces::value_bytes(model, itab);
            // The value that begins last before a thing holds it if any does.
            let is_held = |address: u64| {
                let before = in_frame.pointers.partition_point(|&pointer| pointer <= address);
                before.checked_sub(1).is_some_and(|at| address - in_frame.pointers[at] < bytes)
            };
            let held = direct.iter().filter(|&&(_, address)| is_held(address));
            found.extend(held.map(|&(group, _)| Near { group, hops: 0, itab }));
        }
        found
    }
}
