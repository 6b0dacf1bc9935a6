//! What is told of suspects that are goroutines: what they wait for, and whether that can come.

use crate::say::errors::Failure;
use crate::say::watch::Watch;
use goheap_ask::{Suspect, standing_text};
use goheap_heap::goroutines::{leaked, read_groups};
use goheap_heap::references::ReferenceGraph;
use goheap_model::{DominatorFrames, GoroutineGroup, GoroutineGroups, Leaks};
use goheap_report::table::grouped;
use rustc_hash::{FxHashMap, FxHashSet};

/// Of a suspect's goroutines.
pub(super) struct Standing {
    /// What they wait for and where; empty where that is not known.
    text: String,
    /// How many there are.
    count: u64,
    /// How many of them provably never go on.
    pub(super) leaked: u64,
}

impl Standing {
    /// In sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let leaked = match self.leaked {
            0 => "none is provably blocked for ever: what they wait for may still come".to_owned(),
            leaked if leaked == self.count => {
                "they are blocked for ever: nothing that can still run wakes them".to_owned()
            }
            leaked => {
                format!("{} of them are blocked for ever: nothing that can still run wakes them", grouped(leaked))
            }
        };
        [self.text.clone(), leaked].into_iter().filter(|text| !text.is_empty()).collect()
    }
}

/// Of each suspect that is goroutines.
pub(super) fn of_suspects(
    graph: &ReferenceGraph<'_, '_, '_>,
    frames: &DominatorFrames,
    (found, known): (&[Suspect], Option<(&GoroutineGroups, &Leaks)>),
    watch: &Watch,
) -> Result<Vec<Option<Standing>>, Failure> {
    let groups: Vec<Option<u32>> = found.iter().map(|suspect| suspect.goroutine_group(frames)).collect();
    if groups.iter().all(Option::is_none) {
        return Ok(groups.into_iter().map(|_| None).collect());
    }
    let read = match known {
        Some(_) => None,
        None => Some((read_groups(graph.snapshot().model, watch)?, leaked(graph, watch)?)),
    };
    let Some((all, leaks)) = known.or(read.as_ref().map(|(groups, leaks)| (groups, leaks))) else {
        return Ok(Vec::new());
    };
    let wanted: FxHashSet<u32> = groups.iter().flatten().copied().collect();
    let those = all.groups.iter().filter(|group| wanted.contains(&group.number));
    let by_number: FxHashMap<u32, &GoroutineGroup> = those.map(|group| (group.number, group)).collect();
    let standing = |number: u32| {
        let group = by_number.get(&number)?;
        Some(Standing {
            text: group.speaking.as_ref().map_or_else(String::new, |_| standing_text(all, group)),
            count: group.members.len() as u64,
            leaked: group.members.iter().filter(|member| leaks.contains(**member)).count() as u64,
        })
    };
    Ok(groups.into_iter().map(|group| standing(group?)).collect())
}
