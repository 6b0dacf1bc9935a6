//! What goroutines wait for together, as answers tell it.

use super::{Closer, LockHolder, LockState, Suspicion, WaitGroup, WaitKind, WaitMode, WaitNames, Waits};
use crate::error::HeapError;
use crate::goroutines::LibraryFiles;
use crate::references::ReferenceGraph;
use crate::snapshot::HeapSnapshot;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::waits::{self, Awaited, Deadlock, Link, Lock, ProbableHolder, Waiting, WaitsReport};
use goheap_model::{Observer, StackCall};
use goheap_runtime::stack::ThreadIndex;
use goheap_runtime::{Goroutine, Tracer};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Ids of waiters, and holders of a lock, that are told.
const MOST_IDS: usize = 10;
const MOST_HOLDERS: usize = 3;

/// All that was found out of what goroutines wait for.
pub struct FoundWaits<'s, 'm, 'p> {
    snapshot: &'s HeapSnapshot<'m, 'p>,
    waits: Waits,
    closer: Closer,
    now: Option<u64>,
    files: LibraryFiles,
    names: WaitNames<'s, 'm, 'p>,
    stuck: IdBitSet,
    /// The suspicion of each group that is one's first.
    suspicion_of: HashMap<u32, usize>,
}

impl<'s, 'm, 'p> FoundWaits<'s, 'm, 'p> {
    /// Looks at what goroutines wait for.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn new(graph: &ReferenceGraph<'s, 'm, 'p>, observer: &dyn Observer) -> Result<Self, HeapError> {
        Self::of(graph, Waits::read(graph.snapshot()), observer)
    }

    /// Looks closer at waits that were read.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn of(graph: &ReferenceGraph<'s, 'm, 'p>, waits: Waits, observer: &dyn Observer) -> Result<Self, HeapError> {
        let closer = waits.look_closer(graph, observer)?;
        Ok(Self::with(graph.snapshot(), waits, closer))
    }

    /// What was found out of waits before.
    pub(super) fn with(snapshot: &'s HeapSnapshot<'m, 'p>, waits: Waits, closer: Closer) -> Self {
        let (now, files) = (snapshot.model.newest_time(), LibraryFiles::new(snapshot.model));
        let (names, stuck) = (snapshot.wait_names(), stuck(&closer.suspicions));
        let suspicion_of = closer.suspicions.iter().enumerate().map(|(index, one)| (one.group, index)).collect();
        FoundWaits { snapshot, waits, closer, now, files, names, stuck, suspicion_of }
    }

    /// True if a goroutine waits for what nobody seems to end.
    pub fn is_suspected(&self, goroutine: u32) -> bool {
        self.stuck.contains(goroutine)
    }

    /// Those of which that is true, by their places in the runtime's list, in order.
    pub fn suspected(&self) -> Vec<u32> {
        self.stuck.iter_ones().collect()
    }

    /// By which way the first thing is reached that a goroutine waits for.
    pub fn reached_by(&self, goroutine: u32) -> Option<String> {
        self.waits.of(goroutine).iter().find_map(|group| self.closer.held_by.get(group).cloned())
    }

    /// What concerns goroutines of which `is_wanted` says so, at most so many suspicions and locks. Locks are left out that nobody has
    /// and only leaked goroutines wait for: they can do so no more.
    pub fn report(&self, most: usize, is_wanted: &dyn Fn(u32) -> bool, is_leaked: &dyn Fn(u32) -> bool) -> WaitsReport {
        let mut suspicions: Vec<&Suspicion> =
            self.closer.suspicions.iter().filter(|one| one.stuck.iter().any(|&one| is_wanted(one))).collect();
        let locks = self.waits.locks().filter(|(number, group)| {
            let holders = self.closer.holders.get(number).into_iter().flatten().map(|holder| holder.goroutine);
            if holders.clone().next().is_none() && group.waiters.iter().all(|waiter| is_leaked(waiter.goroutine)) {
                return false;
            }
            group.waiters.iter().map(|waiter| waiter.goroutine).chain(holders).any(is_wanted)
        });
        let mut locks: Vec<(u32, &WaitGroup)> = locks.collect();
        locks.sort_by_key(|(number, group)| (Reverse(group.waiters.len()), *number));
        let suspected = stuck(suspicions.iter().copied()).count();
        // Those of locks are told with these.
        suspicions.retain(|one| !self.waits.groups[one.group as usize].kind.is_lock());
        let rings = self.closer.rings.iter().filter(|ring| ring.iter().any(|&one| is_wanted(one)));
        let model = self.snapshot.model;
        let mut places = Places { found: self, tracer: Tracer::new(model), threads: model.thread_index() };
        WaitsReport {
            suspected,
            suspicions_left_out: suspicions.len().saturating_sub(most) as u64,
            suspicions: suspicions.into_iter().take(most).map(|one| self.suspicion(one, &mut places)).collect(),
            locks_left_out: locks.len().saturating_sub(most) as u64,
            locks: locks.into_iter().take(most).map(|(number, group)| self.lock(number, group)).collect(),
            deadlocks: rings.map(|ring| self.deadlock(ring)).collect(),
        }
    }

    fn goroutine(&self, index: u32) -> Option<&Goroutine> {
        self.snapshot.model.goroutines.get(index as usize)
    }

    fn id(&self, index: u32) -> u64 {
        self.goroutine(index).map_or(0, |goroutine| goroutine.id)
    }

    /// What a group waits for.
    pub(super) fn awaited_in(&self, number: u32) -> Option<Awaited> {
        Some(self.awaited(number, self.waits.groups.get(number as usize)?))
    }

    /// What those of a group want of it of which `is_wanted` says so.
    pub(super) fn waiting_in(&self, number: u32, is_wanted: impl Fn(u32) -> bool) -> Vec<Waiting> {
        self.waits.groups.get(number as usize).map_or_else(Vec::new, |group| waiting(group, is_wanted))
    }

    fn awaited(&self, number: u32, group: &WaitGroup) -> Awaited {
        let name = self.names.of(group);
        let members = || group.waiters.iter().filter_map(|waiter| self.goroutine(waiter.goroutine));
        let since = members().map(|goroutine| goroutine.waitsince).filter(|&since| since != 0).min();
        let wait = since.zip(self.now).map(|(since, now)| now.saturating_sub(since) as f64 / 1e9);
        Awaited {
            kind: group.kind.name(),
            addr: format!("{:#x}", group.address),
            is_static: name.is_static,
            name: name.text,
            held_by: self.closer.held_by.get(&number).cloned(),
            state: self.snapshot.lock_state(group).map_or_else(String::new, state_text),
            waiting: waiting(group, |_| true),
            ids: members().take(MOST_IDS).map(|goroutine| goroutine.id).collect(),
            oldest_wait_seconds: wait,
        }
    }

    fn suspicion(&self, one: &Suspicion, places: &mut Places<'_, 'm, 'p, 's>) -> waits::SuspectedWait {
        let group = &self.waits.groups[one.group as usize];
        let (place, at_place, first) = places.most_frequent(&one.stuck);
        let creator = first.and_then(|first| self.snapshot.model.created_by(self.goroutine(first)?));
        waits::SuspectedWait {
            awaited: self.awaited(one.group, group),
            or: one.other_cases.iter().map(|&case| self.awaited(case, &self.waits.groups[case as usize])).collect(),
            goroutines: one.stuck.len() as u64,
            place,
            at_place,
            created_by: creator.as_ref().map(StackCall::from),
            why: self.why(one, group),
        }
    }

    /// The facts, a sentence each.
    fn why(&self, one: &Suspicion, group: &WaitGroup) -> Vec<String> {
        if one.is_held {
            return vec!["the goroutine that probably has it waits itself for what nobody seems to end".to_owned()];
        }
        let (nobody_waits, ends) = match group.kind {
            WaitKind::Channel => match (group.count(WaitMode::Send), group.count(WaitMode::Receive)) {
                (0, _) => ("no goroutine waits to send on it", "sends on it or closes it"),
                (_, 0) => ("no goroutine waits to receive from it", "receives from it"),
                _ => ("", "uses it otherwise"),
            },
            WaitKind::Mutex | WaitKind::RwMutex => ("", "unlocks it"),
            WaitKind::WaitGroup => ("", "calls its Done"),
            _ => ("", "signals it"),
        };
        let mut why = vec![match nobody_waits {
            "" => format!("no call on any stack that goes on is seen that {ends}"),
            nobody => format!("{nobody}, and no call on any stack that goes on is seen that {ends}"),
        }];
        if let Some(other) = one.other.and_then(|other| self.goroutine(other)) {
            let state = self.snapshot.model.state_text(other);
            let start = self.snapshot.model.function_name(other.startpc).unwrap_or_default();
            let more = one.others_at_hand - 1;
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            why.push(format!(
                "stacks that lead to it all the same: goroutine {} ({state}, began with {start}){more}",
                other.id
            ));
        } else {
            why.push("no other goroutine's stack leads to it by few references".to_owned());
        }
        why
    }

    fn lock(&self, number: u32, group: &WaitGroup) -> Lock {
        let holders = self.closer.holders.get(&number).map_or(&[][..], Vec::as_slice);
        let suspicion = self.suspicion_of.get(&number).map(|&index| &self.closer.suspicions[index]);
        let more = self.closer.more_holders.get(&number).copied().unwrap_or(0);
        Lock {
            awaited: self.awaited(number, group),
            goroutines: group.waiters.len() as u64,
            suspected: suspicion.map_or(0, |one| one.stuck.len() as u64),
            why: suspicion.map_or_else(Vec::new, |one| self.why(one, group)),
            holders: holders.iter().take(MOST_HOLDERS).map(|holder| self.holder(holder)).collect(),
            holders_left_out: holders.len().saturating_sub(MOST_HOLDERS) as u64 + more,
        }
    }

    fn holder(&self, holder: &LockHolder) -> ProbableHolder {
        let model = self.snapshot.model;
        let goroutine = self.goroutine(holder.goroutine);
        let position = model.position(holder.pc).map_or_else(String::new, |(file, _)| file);
        ProbableHolder {
            id: self.id(holder.goroutine),
            state: goroutine.map_or_else(String::new, |goroutine| model.state_text(goroutine)),
            function: holder.function.clone(),
            file: position,
            locked_line: holder.locked_line,
            line: holder.line,
            hops: holder.hops,
            exact: holder.is_exact,
            waits_for: self.lock_of(holder.goroutine).map(|(_, group)| format!("{:#x}", group.address)),
        }
    }

    /// The lock that a goroutine waits for; who does waits for nothing else.
    fn lock_of(&self, goroutine: u32) -> Option<(u32, &WaitGroup)> {
        let &[number] = self.waits.of(goroutine) else { return None };
        Some((number, &self.waits.groups[number as usize])).filter(|(_, group)| group.kind.is_lock())
    }

    fn deadlock(&self, ring: &[u32]) -> Deadlock {
        let link = |&goroutine: &u32| {
            let lock = self.lock_of(goroutine);
            let name = lock.map_or_else(String::new, |(_, group)| self.full_name(group));
            let addr = lock.map_or_else(String::new, |(_, group)| format!("{:#x}", group.address));
            Link { id: self.id(goroutine), addr, name }
        };
        Deadlock { links: ring.iter().map(link).collect() }
    }

    /// With the address where the name says less than which it is.
    fn full_name(&self, group: &WaitGroup) -> String {
        let name = self.names.of(group);
        match name.is_static {
            true => name.text,
            false => format!("{} at {:#x}", name.text, group.address),
        }
    }
}

/// The goroutines of suspicions, each once.
fn stuck<'s>(suspicions: impl IntoIterator<Item = &'s Suspicion>) -> IdBitSet {
    suspicions.into_iter().flat_map(|one| one.stuck.iter().copied()).collect()
}

/// Where goroutines stand in the program's own code.
struct Places<'f, 'm, 'p, 's> {
    found: &'f FoundWaits<'s, 'm, 'p>,
    tracer: Tracer<'m, 'p>,
    threads: ThreadIndex<'m>,
}

impl Places<'_, '_, '_, '_> {
    /// Where most of them stand, how many do, and the first of these.
    fn most_frequent(&mut self, goroutines: &[u32]) -> (Option<StackCall>, u64, Option<u32>) {
        let model = self.found.snapshot.model;
        let mut counts: BTreeMap<(String, u32), (u64, u32, StackCall)> = BTreeMap::new();
        for &index in goroutines {
            let Some(goroutine) = model.goroutines.get(index as usize) else { continue };
            let stack = model.stack(goroutine, &self.threads);
            let calls = self.tracer.calls(&model.trace_pcs(&stack.frames, stack.is_stopped));
            let shown: Vec<_> = calls.iter().filter(|call| call.is_shown).map(|call| &call.call).collect();
            let Some(call) = self.found.files.speaking_call(&shown) else { continue };
            let key = (call.function.clone(), call.line);
            counts.entry(key).or_insert_with(|| (0, index, StackCall::from(&***call))).0 += 1;
        }
        let most = counts.into_values().max_by_key(|(count, first, _)| (*count, Reverse(*first)));
        most.map_or((None, 0, None), |(count, first, frame)| (Some(frame), count, Some(first)))
    }
}

/// What is wanted of a thing, and by how many.
fn waiting(group: &WaitGroup, is_wanted: impl Fn(u32) -> bool) -> Vec<Waiting> {
    let mut waiting: Vec<(WaitMode, u64)> = Vec::new();
    for waiter in group.waiters.iter().filter(|waiter| is_wanted(waiter.goroutine)) {
        match waiting.iter_mut().find(|(mode, _)| *mode == waiter.mode) {
            Some((_, count)) => *count += 1,
            None => waiting.push((waiter.mode, 1)),
        }
    }
    waiting.sort_unstable();
    waiting.into_iter().map(|(mode, goroutines)| Waiting { mode: mode_name(mode), goroutines }).collect()
}

fn mode_name(mode: WaitMode) -> &'static str {
    match mode {
        WaitMode::Send => "send",
        WaitMode::Receive => "receive",
        WaitMode::Lock => "lock",
        WaitMode::Read => "read",
        WaitMode::Drain => "drain",
        WaitMode::Wait => "wait",
    }
}

fn state_text(state: LockState) -> String {
    match state {
        LockState::Mutex { is_locked: true } => "locked".to_owned(),
        LockState::Mutex { is_locked: false } => "unlocked, on its way to the next".to_owned(),
        LockState::RwMutex { has_writer: false, readers, .. } => format!("{readers} readers have it"),
        LockState::RwMutex { leaving: 0, readers, .. } => {
            format!("a writer has it{}", if readers == 0 { String::new() } else { format!(", {readers} readers wait") })
        }
        LockState::RwMutex { leaving, .. } => format!("a writer waits for {leaving} readers to leave"),
        LockState::WaitGroup { counter } => format!("{counter} Done to come"),
        LockState::Channel { cap: 0, .. } => "unbuffered".to_owned(),
        LockState::Channel { len, cap } => format!("{len} of {cap} in its buffer"),
    }
}
