//! Goroutines by where they stand.

use goheap_ask::RetainedByGoroutines;
use goheap_heap::references::ReferenceGraph;
use goheap_model::{Dominance, GoroutineGroups, Leaks};
use goheap_report::answer::{Cell, Column, Kind, Section};
use goheap_report::table::grouped;
use std::cmp::Reverse;

/// Groups that are told.
const GROUPS: usize = 100;

/// Goroutines that were made alike and stand at the same place.
struct Group {
    count: u64,
    leaked: u64,
    retained: u64,
    stack_bytes: u64,
    state: String,
    place: String,
    created_by: String,
    id: u64,
}

/// What is told of goroutines.
pub(super) struct Facts {
    groups: Vec<Group>,
    /// All that are alive, without the runtime's own.
    pub(super) count: u64,
    /// The runtime's own.
    pub(super) system: u64,
    /// Those that are blocked for ever.
    pub(super) leaked: u64,
    /// Bytes of their stacks.
    pub(super) stack_bytes: u64,
}

impl Facts {
    /// Of the program's own goroutines, those that alone keep most first.
    pub(super) fn read(
        graph: &ReferenceGraph<'_, '_, '_>,
        dominance: &Dominance,
        groups: &GoroutineGroups,
        leaks: &Leaks,
    ) -> Self {
        let retained = RetainedByGoroutines::new(graph.data(), dominance);
        let own = groups.groups.iter().filter(|group| !group.is_system);
        let system = groups.groups.iter().filter(|group| group.is_system);
        let mut found: Vec<Group> = own
            .map(|group| {
                let facts = groups.facts(&group.members);
                let place = group.speaking_call();
                let first = group.members.first().and_then(|member| groups.id(*member));
                Group {
                    count: group.members.len() as u64,
                    leaked: group.members.iter().filter(|member| leaks.contains(**member)).count() as u64,
                    retained: retained.of_group(group.number),
                    stack_bytes: facts.stack_bytes,
                    state: facts.states.first().map(|(state, _)| state.clone()).unwrap_or_default(),
                    place: place.map(|call| call.print_name()).unwrap_or_default(),
                    created_by: group.creator.as_ref().map(|call| call.print_name()).unwrap_or_default(),
                    id: first.unwrap_or(0),
                }
            })
            .collect();
        found.sort_by_key(|group| (Reverse(group.retained), Reverse(group.count), group.id));
        Facts {
            system: system.map(|group| group.members.len() as u64).sum(),
            count: found.iter().map(|group| group.count).sum(),
            leaked: found.iter().map(|group| group.leaked).sum(),
            stack_bytes: found.iter().map(|group| group.stack_bytes).fold(0, u64::saturating_add),
            groups: found,
        }
    }

    /// The group of which there are most, with their number and where they stand.
    pub(super) fn largest(&self) -> Option<(u64, &str)> {
        let largest = self.groups.iter().max_by_key(|group| group.count)?;
        Some((largest.count, &largest.place))
    }

    /// A row a group.
    pub(super) fn section(&self) -> Section {
        let columns = [
            Column::count("goroutines"),
            Column::count("leaked"),
            Column::bytes("retained"),
            Column::bytes("stack_bytes").headed("stacks").spare(),
            Column::new("state", Kind::Word),
            Column::name("place").headed("at"),
            Column::name("created_by").spare(),
            Column::command("first"),
        ];
        let mut section = Section::new("goroutines", columns);
        section.title = "Goroutines".to_owned();
        section.text = vec![format!(
            "By where they stand; retained is what they alone keep, leaked are those that provably never go on. The runtime's own ({}) are left out.",
            grouped(self.system)
        )];
        for group in &self.groups {
            let cells: [Cell; 8] = [
                group.count.into(),
                group.leaked.into(),
                group.retained.into(),
                group.stack_bytes.into(),
                group.state.clone().into(),
                group.place.clone().into(),
                group.created_by.clone().into(),
                format!("goroutine {}", group.id).into(),
            ];
            section.row(cells);
        }
        section.limit(GROUPS);
        section
    }
}
