//! Groups of goroutines, chosen, weighed and put in order.

use super::retained::RetainedByGoroutines;
use super::told::{GoroutineList, LabelShare, ListedGoroutines, StateShare};
use goheap_graph::IdBitSet;
use goheap_model::waits::WaitsReport;
use goheap_model::{GoroutineGroup, GoroutineGroups, LabelFacts, Leaks, StackCall};
use std::cmp::Reverse;

/// Ids and values of a label that are told of a group.
const MOST_IDS: usize = 10;
const MOST_VALUES: usize = 10;
/// Groups that are leaked in part, for each of which the whole graph is walked.
const EXACT_SETS: usize = 16;

/// By what groups are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GoroutineSort {
    /// How many they are.
    #[default]
    Count,
    /// What they alone keep.
    Retained,
    /// Their stacks.
    Stack,
    /// How long the one waits that waits longest.
    Wait,
}

/// Which goroutines are wanted, and what is told of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoroutinesWanted {
    /// Whether the runtime's own are.
    pub system: bool,
    /// Whether those alone are that are leaked.
    pub leaked_alone: bool,
    /// Whether the values of profiler labels are told: they are contents of the dead process's memory.
    pub values: bool,
}

/// The groups that are wanted, each in two parts where some of it is leaked and some is not.
pub struct GoroutineListing<'g> {
    groups: &'g GoroutineGroups,
    leaks: Option<&'g Leaks>,
    wanted: GoroutinesWanted,
    rows: Vec<Part>,
    /// All goroutines of the rows.
    members: IdBitSet,
}

/// One line: a group, or that part of it which is leaked or is not.
struct Part {
    group: usize,
    members: Vec<u32>,
    is_leaked: bool,
    retained: Option<u64>,
    is_least: bool,
}

impl<'g> GoroutineListing<'g> {
    /// Of all groups of which `is_wanted` says so. Without `leaks` nothing is known to be leaked.
    pub fn new(
        groups: &'g GoroutineGroups,
        leaks: Option<&'g Leaks>,
        wanted: GoroutinesWanted,
        is_wanted: impl Fn(&GoroutineGroup) -> bool,
    ) -> Self {
        let (mut rows, mut all) = (Vec::new(), IdBitSet::default());
        for (index, group) in groups.groups.iter().enumerate() {
            if (group.is_system && !wanted.system) || !is_wanted(group) {
                continue;
            }
            let is_leaked = |member: &u32| leaks.is_some_and(|leaks| leaks.contains(*member));
            let (leaked, alive): (Vec<u32>, Vec<u32>) = group.members.iter().copied().partition(is_leaked);
            for (members, is_leaked) in [(leaked, true), (alive, false)] {
                if !members.is_empty() && (is_leaked || !wanted.leaked_alone) {
                    all.extend(members.iter().copied());
                    rows.push(Part { group: index, members, is_leaked, retained: None, is_least: false });
                }
            }
        }
        GoroutineListing { groups, leaks, wanted, rows, members: all }
    }

    /// Finds out what each part alone keeps; of the first parts of groups exactly, of the rest the least.
    pub fn weigh(&mut self, retained: &RetainedByGoroutines<'_>) {
        let mut sets = 0;
        for row in &mut self.rows {
            let group = &self.groups.groups[row.group];
            row.retained = Some(if row.members.len() == group.members.len() {
                retained.of_group(group.number)
            } else if let [only] = &*row.members {
                retained.of_goroutine(*only)
            } else if sets < EXACT_SETS {
                sets += 1;
                retained.of_set(&row.members)
            } else {
                row.is_least = true;
                retained.at_least(&row.members)
            });
        }
    }

    /// Most of what is asked for first; then more goroutines first, of as many those that keep more.
    pub fn sort(&mut self, by: GoroutineSort) {
        let groups = self.groups;
        let first = |row: &Part| row.members.iter().filter_map(|member| groups.id(*member)).min();
        let asked = |row: &Part| match by {
            GoroutineSort::Count => Some(row.members.len() as u64),
            GoroutineSort::Retained => row.retained,
            GoroutineSort::Stack => Some(groups.facts(&row.members).stack_bytes),
            // The longest wait began first.
            GoroutineSort::Wait => groups.facts(&row.members).oldest_wait.map(|since| u64::MAX - since),
        };
        self.rows.sort_by_cached_key(|row| {
            (Reverse(asked(row)), Reverse(row.members.len()), Reverse(row.retained), first(row))
        });
    }

    /// The goroutines that are wanted, by their places in the runtime's list, in order.
    pub fn members(&self) -> Vec<u32> {
        self.members.iter_ones().collect()
    }

    /// True if a goroutine is wanted.
    pub fn contains(&self, goroutine: u32) -> bool {
        self.members.contains(goroutine)
    }

    /// The list with at most so many groups. `is_suspected` says of which goroutines nobody seems to end the wait, and `waits` what all of
    /// them wait for together.
    pub fn told(&self, most: usize, waits: Option<WaitsReport>, is_suspected: &dyn Fn(u32) -> bool) -> GoroutineList {
        let (shown, hidden) = self.rows.split_at(most.min(self.rows.len()));
        let count = |rows: &[Part]| rows.iter().map(|row| row.members.len() as u64).sum();
        let stack = |member: &u32| self.groups.each.get(*member as usize).map_or(0, |one| one.stack_bytes());
        let members = self.rows.iter().flat_map(|row| &row.members);
        let leaks = self.leaks;
        GoroutineList {
            goroutines: self.alive(|_| true),
            system: self.alive(|group| group.is_system),
            leaked: leaks.map(|leaks| leaks.goroutines.len() as u64),
            leaked_not_known: leaks.map(|leaks| leaks.not_known.len() as u64),
            unknown_blocks: leaks.map(|leaks| leaks.unknown),
            broken: Some(self.groups.broken),
            selected: count(&self.rows),
            stack_bytes: members.map(stack).fold(0, u64::saturating_add),
            groups_left_out: hidden.len() as u64,
            goroutines_left_out: count(hidden),
            waits: waits.filter(|waits| !waits.is_empty()),
            groups: shown.iter().map(|row| self.row(row, is_suspected)).collect(),
        }
    }

    fn alive(&self, is_counted: impl Fn(&GoroutineGroup) -> bool) -> u64 {
        self.groups.groups.iter().filter(|group| is_counted(group)).map(|group| group.members.len() as u64).sum()
    }

    fn row(&self, row: &Part, is_suspected: &dyn Fn(u32) -> bool) -> ListedGoroutines {
        let group = &self.groups.groups[row.group];
        let facts = self.groups.facts(&row.members);
        let wait = facts.oldest_wait.zip(self.groups.now);
        let count = row.members.len() as u64;
        ListedGoroutines {
            count,
            leaked: self.leaks.map(|_| if row.is_leaked { count } else { 0 }),
            suspected: row.members.iter().filter(|one| is_suspected(**one)).count() as u64,
            states: facts.states.into_iter().map(|(state, goroutines)| StateShare { state, goroutines }).collect(),
            oldest_wait_seconds: wait.map(|(since, now)| now.saturating_sub(since) as f64 / 1e9),
            unknown_waits: facts.unknown_waits,
            stack_bytes: facts.stack_bytes,
            retained_bytes: row.retained,
            retained_at_least: row.is_least,
            system: group.is_system,
            locked_to_thread: facts.locked,
            ids: row.members.iter().take(MOST_IDS).filter_map(|member| self.groups.id(*member)).collect(),
            place: group.speaking,
            frames: group.calls.iter().map(|call| StackCall::from(&**call)).collect(),
            created_by: group.creator.as_ref().map(StackCall::from),
            labels: facts.labels.into_iter().map(|label| self.label(label)).collect(),
        }
    }

    fn label(&self, (key, label): (String, LabelFacts)) -> LabelShare {
        LabelShare {
            key,
            goroutines: label.goroutines,
            different: label.values.len() as u64,
            values: self.wanted.values.then(|| label.values.into_iter().take(MOST_VALUES).collect()),
        }
    }
}
