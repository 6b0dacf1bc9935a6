//! Goroutines: which of them stand at the same place, what they wait for, and what they alone keep alive.

mod listing;
mod retained;
mod told;

pub use listing::{GoroutineListing, GoroutineSort, GoroutinesWanted};
pub use retained::RetainedByGoroutines;
pub use told::{GoroutineList, LabelShare, ListedGoroutines, StateShare};

use crate::diff::NamedCount;
use foldhash::HashMap;
use goheap_model::{GoroutineGroup, GoroutineGroups, Share};

/// What the goroutines of a group do and where, and what made them: by it they are one with those of another core.
pub fn standing_text(groups: &GoroutineGroups, group: &GoroutineGroup) -> String {
    let state = groups.facts(&group.members).states.into_iter().next().map_or(String::new(), |(state, _)| state);
    let place = group.speaking_call().map(|call| format!(" at {}", call.print_name()));
    let creator = group.creator.as_ref().map(|call| format!(", created by {}", call.print_name()));
    format!("{state}{}{}", place.unwrap_or_default(), creator.unwrap_or_default())
}

/// The program's own goroutines by where they stand, each an object of no bytes; by name.
pub fn goroutine_counts(groups: &GoroutineGroups) -> Vec<NamedCount> {
    let mut counts: HashMap<String, Share> = HashMap::default();
    for group in groups.groups.iter().filter(|group| !group.is_system) {
        let share = Share { bytes: 0, objects: group.members.len() as u64 };
        counts.entry(standing_text(groups, group)).or_default().add(share);
    }
    let mut named: Vec<NamedCount> = counts.into_iter().map(|(name, share)| NamedCount { name, share }).collect();
    named.sort_by(|a, b| a.name.cmp(&b.name));
    named
}

#[cfg(test)]
mod tests;
