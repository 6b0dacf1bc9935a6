//! What a call on a stack has still before it.

use super::code::{CodeBook, Function, Site};
use super::deeds::Deeds;
use super::interfaces::Itab;
use std::rc::Rc;

/// Longest call instruction that goes to a fixed address (amd64; arm64 has 4).
const CALL_BYTES: u64 = 5;
/// Callees of callees that are looked at for what a call will do, and functions in all.
const MOST_DEPTH: u32 = 2;
const MOST_CALLEES: usize = 256;

/// What a function does through one interface.
#[derive(Clone, Debug, Default)]
pub(super) struct Through {
    sites: Vec<Site>,
    deferred: Vec<Site>,
}

impl Through {
    pub(super) fn read(book: &mut CodeBook<'_, '_>, pending: &Pending, itab: &Itab) -> Self {
        let (sites, mut deferred) = book.through(pending.entry, itab);
        for &entry in &pending.deferred {
            // What a recorded defer does it does whenever the function returns.
            let (sites, _) = book.through(entry, itab);
            deferred.extend(sites.into_iter().map(|site| Site { line: 0, ..site }));
        }
        Through { sites, deferred }
    }
}

/// A call that waits for the one above it to return.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) entry: u64,
    pub(super) function: Rc<Function>,
    /// Where it goes on.
    pub(super) pc: u64,
    /// Its line.
    pub(super) line: u32,
    /// Functions that it has deferred, as far as they are recorded, each once: those that it calls itself when it returns are none.
    deferred: Vec<u64>,
    /// What these do.
    deferred_deeds: Deeds,
    /// The first instruction that it may come to again.
    back: Option<u64>,
}

impl Pending {
    pub(super) fn new(book: &mut CodeBook<'_, '_>, entry: u64, pc: u64, deferred: Vec<u64>) -> Self {
        // The call is before the return address; a function that was stopped at its entry has none.
        let line = book.line(if pc > entry { pc - 1 } else { pc });
        let function = book.function(entry);
        let deferred_deeds = Deeds::all(deferred.iter().map(|&entry| book.function(entry).deeds));
        let back = function.code.first_again(pc);
        Pending { entry, function, pc, line, deferred, deferred_deeds, back }
    }

    /// True of the call that it stands in.
    fn is_current(&self, at: u64) -> bool {
        at < self.pc && self.pc - at <= CALL_BYTES
    }

    /// True if it stands in a call that takes such a lock itself.
    pub(super) fn is_taking(&self, take: Deeds, through: &Through) -> bool {
        self.function.sites.iter().chain(&through.sites).any(|site| site.deeds.has(take) && self.is_current(site.at))
    }

    /// True if what stands at `at` may still come.
    fn is_ahead(&self, at: u64, line: u32) -> bool {
        !self.is_current(at)
            && (line > self.line || (line == self.line && at > self.pc) || self.back.is_some_and(|back| back <= at))
    }

    /// What it may do yet itself. What a closure has at hand its function has, too, or a variable that both refer to.
    pub(super) fn own_deeds(&self) -> Deeds {
        let ahead = self.function.sites.iter().filter(|site| self.is_ahead(site.at, site.line));
        Deeds::all(ahead.chain(&self.function.deferred).map(|site| site.deeds))
    }

    /// The functions of its package that will run when it goes on, as far as is looked: what it has deferred and, with `callees`, what
    /// it will call; and what these call.
    pub(super) fn will_run(&self, book: &mut CodeBook<'_, '_>, callees: bool) -> Vec<u64> {
        let mut first = self.deferred.clone();
        if callees {
            let ahead = self.function.code.calls.iter().filter(|(at, _)| self.is_ahead(*at, book.line(*at)));
            first.extend(ahead.map(|(_, callee)| *callee));
        }
        let (mut met, mut found) = (foldhash::HashSet::default(), Vec::new());
        // Callees of one function after those of the other, of which none is told before it is reached.
        let mut open: Vec<Rc<[u64]>> = vec![first.into()];
        for _ in 0..MOST_DEPTH {
            let mut next = Vec::new();
            for &entry in open.iter().flat_map(|callees| callees.iter()) {
                if met.len() >= MOST_CALLEES {
                    return found;
                }
                if met.insert(entry) {
                    let function = book.function(entry);
                    if function.is_of_package(&self.function) {
                        found.push(entry);
                        next.push(Rc::clone(&function.callees));
                    }
                }
            }
            open = next;
        }
        found
    }

    /// The line where it has locked something of the kind whose deeds these are, and not unlocked it: what comes next by lines gives it
    /// back, or something deferred does. None where it does not look so.
    pub(super) fn has_locked(&self, (take, give): (Deeds, Deeds), through: &Through) -> Option<u32> {
        let all = || self.function.sites.iter().chain(&through.sites);
        let sites = || all().filter(|site| !self.is_current(site.at) && site.line != 0);
        let taken = sites().filter(|site| site.deeds.has(take) && site.line < self.line).map(|site| site.line).max()?;
        let gives = |site: &Site| site.deeds.has(give);
        let is_deferred =
            self.function.deferred.iter().chain(&through.deferred).any(|site| gives(site) && site.line <= self.line);
        if is_deferred || self.deferred_deeds.has(give) {
            return Some(taken);
        }
        let is_after = |site: &&Site| site.line > self.line || (site.line == self.line && site.at > self.pc);
        let next = sites().filter(is_after).filter(|site| site.deeds.has(take) || site.deeds.has(give));
        let next = next.min_by_key(|site| (site.line, site.at))?;
        next.deeds.has(give).then_some(taken)
    }
}
