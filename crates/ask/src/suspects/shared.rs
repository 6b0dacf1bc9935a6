//! Who holds what no one thing holds: of suspects whose things are held by several at once, these.

use super::element::type_of;
use super::served::{loose, of_type};
use super::{Suspect, SuspectKind};
use crate::holding::{Holding, Sharing};
use foldhash::HashMap;
use goheap_graph::{DominatorTree, IdBitSet};
use goheap_model::{Fields, Graph, SHARED};

/// Objects of a suspect that are asked.
const ASKED: usize = 32;
/// How far up they are asked: from an element by its array, or the parts of a map, to who holds that.
const LEVELS: usize = 6;
/// References to one object that are looked at.
const MOST: usize = 4_096;
/// References that are noted of as many nodes as a thread looks at in a row.
const NOTED: usize = 1 << 14;

/// Who holds the things of a suspect at once, and of how many of those that were asked that is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAtOnce {
    /// The holders of most of those that were asked.
    pub sharing: Sharing,
    /// How many were asked.
    pub asked: u64,
}

/// Of each suspect, who holds its things at once, as far as some of them tell; None of what one thing holds. It goes over the references
/// as often as there are steps to the holders, at most six times.
pub fn held_at_once(
    graph: Graph<'_>,
    tree: &DominatorTree,
    fields: &dyn Fields,
    found: &[Suspect],
) -> Vec<Option<HeldAtOnce>> {
    let asked: Vec<Vec<u32>> = found.iter().map(|suspect| some_of(graph, tree, suspect)).collect();
    let all: Vec<u32> = asked.iter().flatten().copied().collect();
    if all.is_empty() {
        return found.iter().map(|_| None).collect();
    }
    let (above, is_all) = above(graph, &all);
    let holding = Holding::of_tree(graph, fields, tree);
    let told = |asked: Vec<u32>| {
        let mut sharing =
            holding.shared_above(&above, &asked).into_iter().max_by_key(|sharing| sharing.held.objects)?;
        sharing.is_all &= is_all;
        Some(HeldAtOnce { sharing, asked: asked.len() as u64 })
    };
    asked.into_iter().map(told).collect()
}

/// Some of the things that no object alone keeps.
fn some_of(graph: Graph<'_>, tree: &DominatorTree, suspect: &Suspect) -> Vec<u32> {
    let Some(gathered) = suspect.gathered.as_ref() else { return Vec::new() };
    let all = match gathered.step.starts_with(SHARED) {
        true => held_by_parts(graph, tree, suspect),
        // A field or an element leads there, and it alone; who serves connections is told with these.
        false if gathered.step.starts_with(['.', '[']) || suspect.kind == SuspectKind::Connections => Vec::new(),
        false => loose(graph, tree, suspect),
    };
    let step = all.len().div_ceil(ASKED).max(1);
    all.into_iter().step_by(step).collect()
}

/// The things that several parts of the holder hold together, which alone keeps them but leads to none of them itself.
fn held_by_parts(graph: Graph<'_>, tree: &DominatorTree, suspect: &Suspect) -> Vec<u32> {
    let (heap, holder) = (graph.heap(), suspect.path.last().map(|text| type_of(text)));
    let Some(holder) = holder.map(|ty| ty.trim_start_matches('*')) else { return Vec::new() };
    let is_holder = |node: u32| {
        let name = graph.slot_of(node).map(|slot| heap.family_text(slot));
        name.is_some_and(|name| heap.short_name(&name) == holder)
    };
    of_type(graph, tree, suspect, || {
        let mut known: HashMap<u32, bool> = HashMap::default();
        move |node: u32| {
            let Some(above) = tree.idom(node).filter(|&above| graph.object_of(above).is_some()) else { return false };
            *known.entry(above).or_insert_with(|| is_holder(above)) && !graph.edges().targets(above).contains(&node)
        }
    })
}

/// What leads to each of these, to that, and so on up to roots or as many levels as there may be; and whether that is all.
fn above(graph: Graph<'_>, asked: &[u32]) -> (HashMap<u32, Vec<u32>>, bool) {
    let edges = graph.edges();
    let mut above: HashMap<u32, Vec<u32>> = HashMap::default();
    let (mut wanted, mut is_all) = (asked.to_vec(), true);
    for level in 1..=LEVELS {
        let sought: IdBitSet = wanted.iter().copied().collect();
        let met = edges.edges_to(&sought, NOTED);
        wanted.iter().for_each(|&node| _ = above.entry(node).or_default());
        is_all &= met.iter().all(|met| met.len() < NOTED);
        for (from, to) in met.into_iter().flatten() {
            let list = above.entry(to).or_default();
            if list.len() < MOST {
                list.push(from);
            }
            is_all &= list.len() < MOST;
        }
        let next = |node: &u32| above.get(node).into_iter().flatten().copied();
        let mut more: Vec<u32> = wanted.iter().flat_map(next).collect();
        more.retain(|node| graph.object_of(*node).is_some() && !above.contains_key(node));
        more.sort_unstable();
        more.dedup();
        // So many are held from everywhere.
        if more.is_empty() || more.len() > MOST {
            is_all &= more.is_empty();
            break;
        }
        is_all &= level < LEVELS;
        wanted = more;
    }
    (above, is_all)
}
