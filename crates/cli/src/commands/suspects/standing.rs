//! What is told of suspects that are goroutines: what they wait for, and whether that can come.

use crate::say::errors::Failure;
use crate::say::watch::Watch;
use foldhash::{HashMap, HashSet};
use goheap_ask::{Suspect, standing_text};
use goheap_heap::goroutines::{leaked, read_groups};
use goheap_heap::references::ReferenceGraph;
use goheap_heap::waits::{Together, awaited_together};
use goheap_model::waits::{Awaited, Waiting};
use goheap_model::{DominatorFrames, GoroutineGroup, GoroutineGroups, Leaks};
use goheap_report::awaited_text;
use goheap_report::table::grouped;

/// Of a suspect's goroutines.
pub(super) struct Standing {
    /// What they wait for and where; empty where that is not known.
    text: String,
    /// The channel, the lock or the like for which most of them wait, and who else does.
    awaited: Option<String>,
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
        let awaited = self.awaited.clone().unwrap_or_default();
        [self.text.clone(), awaited, leaked].into_iter().filter(|text| !text.is_empty()).collect()
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
    let wanted: HashSet<u32> = groups.iter().flatten().copied().collect();
    let those = all.groups.iter().filter(|group| wanted.contains(&group.number));
    let by_number: HashMap<u32, &GoroutineGroup> = those.map(|group| (group.number, group)).collect();
    let sets: Vec<&[u32]> = groups
        .iter()
        .map(|number| number.and_then(|number| Some(&*by_number.get(&number)?.members)).unwrap_or_default())
        .collect();
    let awaited = awaited_together(graph, &sets, watch)?;
    let standing = |(number, together): (u32, Option<Together>)| {
        let group = by_number.get(&number)?;
        Some(Standing {
            awaited: together.map(|together| awaited_sentence(&together, group.members.len() as u64)),
            text: group.speaking.as_ref().map_or_else(String::new, |_| standing_text(all, group)),
            count: group.members.len() as u64,
            leaked: group.members.iter().filter(|member| leaks.contains(**member)).count() as u64,
        })
    };
    Ok(groups.into_iter().zip(awaited).map(|(group, together)| standing((group?, together))).collect())
}

/// `all wait to send on chan main.Result, held by main.hub .results (unbuffered); nobody else waits there`.
fn awaited_sentence(together: &Together, all: u64) -> String {
    let Together { awaited, these } = together;
    let sum = |waiting: &[Waiting]| waiting.iter().map(|waiting| waiting.goroutines).sum::<u64>();
    let goroutines = sum(these);
    let state = if awaited.state.is_empty() { String::new() } else { format!(" ({})", awaited.state) };
    let others = match sum(&awaited.waiting).saturating_sub(goroutines) {
        0 => "nobody else waits there".to_owned(),
        1 => "1 other waits there, too".to_owned(),
        more => format!("{} others wait there, too", grouped(more)),
    };
    let wanted = awaited_text(&Awaited { waiting: these.clone(), ..awaited.clone() });
    match goroutines {
        _ if goroutines == all => format!("all wait {wanted}{state}; {others}"),
        1 => format!("each waits for something of its own, one {wanted}{state}"),
        _ => format!("{} of them wait {wanted}{state}; {others}", grouped(goroutines)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_they_wait_for_is_told_with_who_else_does() {
        let send = |goroutines| Waiting { mode: "send", goroutines };
        let awaited = Awaited {
            kind: "chan",
            name: "chan main.Result".into(),
            held_by: Some("main.hub .results".into()),
            state: "unbuffered".into(),
            waiting: vec![send(2000), Waiting { mode: "receive", goroutines: 1 }],
            ..Awaited::default()
        };
        let told = |these, all| awaited_sentence(&Together { awaited: awaited.clone(), these }, all);
        assert_eq!(
            told(vec![send(2000)], 2000),
            "all wait to send on chan main.Result, held by main.hub .results (unbuffered); 1 other waits there, too"
        );
        assert_eq!(
            told(vec![send(1900)], 2500),
            "1,900 of them wait to send on chan main.Result, held by main.hub .results (unbuffered); 101 others wait \
             there, too"
        );
        assert_eq!(
            told(vec![send(1)], 20),
            "each waits for something of its own, one to send on chan main.Result, held by main.hub .results (unbuffered)"
        );
    }
}
