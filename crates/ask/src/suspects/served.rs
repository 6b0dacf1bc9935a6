//! Connections with the goroutines that serve them. Both lead to a connection, so neither keeps it alone, and what they both lead to (requests, responses, channels,
//! contexts) is held by several roots like it: in frames it is apart from the connection. They come and go together.

use super::{Beside, Suspect, SuspectKind, SuspectRoot, suspects};
use crate::recent::Recent;
use foldhash::{HashMap, HashSet};
use goheap_graph::{DominatorTree, IdBitSet, Weight, each_retained};
use goheap_model::{DominatorFrames, Extent, Graph, Heap, ObjectId, RootKind, Slot};
use rayon::prelude::*;
use std::cmp::Reverse;

/// Objects that one thread looks at at a time.
const BLOCK: u32 = 1 << 16;
/// Of a kind of goroutine that serves connections there are at most so many times more than connections, or less.
const ALIKE: u64 = 4;
/// Things of which no more than one in so many does not go with others are parts of these.
const NEARLY: u64 = 10;

/// What one that is connections retains with all that comes and goes with them is at most so many times more than its largest part.
const PARTS: u64 = 8;

/// Those that retain at least so many bytes, of a graph that knows who leads to connections: these, if several roots hold them, retain what would go
/// with them and with the goroutines that serve them, exactly. What is a part of that is no suspect of its own. It goes over the graph once or twice
/// for each of these.
pub fn joined_suspects(graph: Graph<'_>, tree: &DominatorTree, frames: &DominatorFrames, least: u64) -> Vec<Suspect> {
    let heap = graph.heap();
    let found = suspects(heap, frames, least);
    let is_known = |one: &Suspect| found.iter().any(|other| other.holder == one.holder);
    let small = suspects(heap, frames, least / PARTS).into_iter().filter(|one| is_shared(one) && !is_known(one));
    let small: Vec<Suspect> = small.collect();
    with_goroutines(graph, tree, frames, (found, small), least)
}

/// The same of suspects that were found before, and of connections that are none by themselves.
fn with_goroutines(
    graph: Graph<'_>,
    tree: &DominatorTree,
    frames: &DominatorFrames,
    (mut found, small): (Vec<Suspect>, Vec<Suspect>),
    least: u64,
) -> Vec<Suspect> {
    let large = found.len();
    found.extend(small);
    let mut served = HashSet::default();
    let mut order: Vec<usize> = (0..found.len()).filter(|&index| is_shared(&found[index])).collect();
    order.sort_by_key(|&index| Reverse(found[index].retained.bytes));
    let mut taken: HashSet<usize> = HashSet::default();
    // Both ends of a connection may be in one process: what is counted with one is not with the other.
    let mut counted = IdBitSet::with_room_for(graph.edges().node_count());
    for index in order {
        if taken.contains(&index) {
            continue;
        }
        let going = Going::new(graph, tree, &found[index], &mut counted);
        let is_small = index >= large;
        if is_small && going.retained.bytes < least {
            taken.insert(index);
            continue;
        }
        if !going.count_with(graph, &mut found[index], is_small) {
            continue;
        }
        served.extend(going.groups.iter().map(|group| group.number));
        for other in (0..found.len()).filter(|&other| other != index && !taken.contains(&other)).collect::<Vec<_>>() {
            if let Some(part) = part_of(graph, tree, &found[other], &going.nodes) {
                taken.insert(other);
                found[index].with.push(part);
            }
        }
    }
    // They are told with what they serve.
    let mut number = 0..;
    found.retain(|suspect| {
        let is_taken = number.next().is_some_and(|number| taken.contains(&number));
        !is_taken && suspect.goroutine_group(frames).is_none_or(|group| !served.contains(&group))
    });
    found.sort_by(super::by_bytes);
    found
}

/// What goes when the connections of a suspect and the goroutines that serve them do.
struct Going {
    groups: Vec<Serving>,
    nodes: IdBitSet,
    /// Of these what was not counted with another suspect.
    retained: Weight,
}

impl Going {
    fn new(graph: Graph<'_>, tree: &DominatorTree, suspect: &Suspect, counted: &mut IdBitSet) -> Self {
        let connections = loose(graph, tree, suspect);
        let groups = serving(graph, &connections);
        let mut all: Vec<u32> = connections.into_iter().chain(groups.iter().map(|group| group.node)).collect();
        all.extend(waits(graph, &all));
        let (mut nodes, mut retained) = (IdBitSet::with_room_for(graph.edges().node_count()), Weight::default());
        each_retained(graph.edges(), &[graph.root()], &all, |node| {
            nodes.insert(node);
            if counted.insert(node) {
                retained.add(graph.weight(node));
            }
        });
        Going { groups, nodes, retained }
    }

    /// Counts it with the suspect; false where that is no more than it retains by itself.
    fn count_with(&self, graph: Graph<'_>, suspect: &mut Suspect, is_small: bool) -> bool {
        let retained = self.retained;
        if is_small && retained.bytes < suspect.retained.bytes {
            // Of what is counted elsewhere it is not known how much is referred to.
            suspect.extent = None;
        }
        if let Some(extent) = &mut suspect.extent {
            let more = retained.bytes.saturating_sub(suspect.retained.bytes);
            extent.add(Extent::all(more));
        }
        if retained.bytes <= suspect.retained.bytes && !is_small {
            return false;
        }
        suspect.retained = retained;
        suspect.with = self.groups.iter().map(|group| part_of_group(graph, group)).collect();
        true
    }
}

fn part_of_group(graph: Graph<'_>, group: &Serving) -> Beside {
    let values = graph.heap().stacks.first_and_count(group.number).map_or(0, |(_, goroutines)| u64::from(goroutines));
    Beside { values, bytes: 0, ty: format!("goroutine {}", graph.start_of(group.node).unwrap_or_default()) }
}

/// A suspect of which nearly all goes with others: buffers of connections, say.
fn part_of(graph: Graph<'_>, tree: &DominatorTree, suspect: &Suspect, going: &IdBitSet) -> Option<Beside> {
    let gathered = suspect.gathered.as_ref().filter(|_| suspect.root == SuspectRoot::Several)?;
    let things = loose(graph, tree, suspect);
    let gone = things.iter().filter(|&&node| going.contains(node)).count() as u64;
    let is_part = gone > 0 && gone >= things.len() as u64 - things.len() as u64 / NEARLY;
    is_part.then(|| Beside { values: gathered.values, bytes: suspect.retained.bytes, ty: gathered.ty.clone() })
}

fn is_shared(suspect: &Suspect) -> bool {
    suspect.kind == SuspectKind::Connections && suspect.root == SuspectRoot::Several && suspect.gathered.is_some()
}

/// The objects of the suspect's type that no object alone keeps.
pub(super) fn loose(graph: Graph<'_>, tree: &DominatorTree, suspect: &Suspect) -> Vec<u32> {
    let is_loose = |node: u32| tree.idom(node).is_some_and(|above| graph.object_of(above).is_none());
    of_type(graph, tree, suspect, || is_loose)
}

/// The reached objects of the type of a suspect's things that are wanted, in order; `is_wanted` is made for each who looks.
pub(super) fn of_type<F: FnMut(u32) -> bool>(
    graph: Graph<'_>,
    tree: &DominatorTree,
    suspect: &Suspect,
    is_wanted: impl Fn() -> F + Sync,
) -> Vec<u32> {
    let heap = graph.heap();
    let name = suspect.gathered.as_ref().map_or("", |gathered| gathered.whole_type.trim_start_matches(['*', '[', ']']));
    let of_block = |block: u32| {
        let objects = block * BLOCK..graph.object_count().min((block + 1).saturating_mul(BLOCK));
        let (mut recent, mut is_wanted) = (Recent::default(), is_wanted());
        let mut is_one = |id: ObjectId| recent.of(heap, id, || is_of(heap, heap.objects.slot(id), name));
        let wanted = |&node: &u32| is_one(ObjectId(node)) && tree.contains(node) && is_wanted(node);
        objects.filter(wanted).collect::<Vec<u32>>()
    };
    (0..graph.object_count().div_ceil(BLOCK)).into_par_iter().flat_map_iter(of_block).collect()
}

fn is_of(heap: &Heap, slot: Slot, name: &str) -> bool {
    heap.text_key(slot).is_some_and(|key| *heap.types.get(key.ty).name == *name)
}

/// What the runtime keeps of those who wait at channels that would go (`runtime.sudog`): its list of goroutines leads to these, too.
fn waits(graph: Graph<'_>, set: &[u32]) -> Vec<u32> {
    let heap = graph.heap();
    let mut recent = Recent::default();
    let mut found = HashSet::default();
    each_retained(graph.edges(), &[graph.root()], set, |node| {
        for &to in graph.edges().targets(node) {
            let Some(id) = graph.object_of(to) else { continue };
            if recent.of(heap, id, || is_of(heap, heap.objects.slot(id), "runtime.sudog")) {
                found.insert(to);
            }
        }
    });
    let mut found: Vec<u32> = found.into_iter().collect();
    found.sort_unstable();
    found
}

/// A group of goroutines: its number, and its node.
struct Serving {
    number: u32,
    node: u32,
}

/// Those of which there are about as many as connections, and that lead to most of them.
fn serving(graph: Graph<'_>, connections: &[u32]) -> Vec<Serving> {
    let of_set: HashSet<u32> = connections.iter().copied().collect();
    let mut led_to: HashMap<u32, HashSet<u32>> = HashMap::default();
    for (node, _) in graph.references().roots().iter() {
        let targets = graph.edges().targets(node).iter().filter(|to| of_set.contains(to));
        for &to in targets {
            let path = graph.root_path(node);
            let is_group = |node: &u32| {
                graph.root_node(*node).is_some_and(|root| matches!(root.kind, RootKind::GoroutineGroup(_)))
            };
            if let Some(group) = path.into_iter().find(is_group) {
                led_to.entry(group).or_default().insert(to);
            }
        }
    }
    let count = connections.len() as u64;
    let mut found: Vec<Serving> = led_to
        .into_iter()
        .filter(|(_, to)| to.len() as u64 * 2 >= count)
        .filter_map(|(node, _)| match graph.root_node(node)?.kind {
            RootKind::GoroutineGroup(number) => {
                let (_, goroutines) = graph.heap().stacks.first_and_count(number)?;
                let goroutines = u64::from(goroutines);
                let are_alike = goroutines <= count.saturating_mul(ALIKE) && count <= goroutines.saturating_mul(ALIKE);
                are_alike.then_some(Serving { number, node })
            }
            _ => None,
        })
        .collect();
    found.sort_unstable_by_key(|group| group.node);
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Gathered;
    use goheap_graph::PathTrie;
    use goheap_model::{FrameFacts, HeapBuilder, RootFrame, Unobserved};

    /// A connection that a reader and a writer lead to, with a buffer; a request that both lead to; what the reader alone has; and what is none of theirs.
    fn heap(connection: &str) -> Heap {
        let mut heap = HeapBuilder::default();
        let [one, buffer, request, local] =
            [(connection, 512), ("[]uint8", 4096), ("http.Request", 256), ("http.bodyEOFSignal", 64)]
                .map(|(ty, bytes)| heap.object(ty, bytes));
        let transport = heap.object("http.Transport", 128);
        heap.refer(one, buffer);
        heap.refer(one, transport);
        heap.variable("http.DefaultTransport *http.Transport", transport);
        heap.goroutine(7, "http.(*persistConn).readLoop", &[("pc", one), ("rc", request), ("body", local)]);
        heap.goroutine(8, "http.(*persistConn).writeLoop", &[("pc", one), ("wr", request)]);
        // Who waits at a channel of the connection is known to the runtime, too.
        let [channel, waiting] = [("chan bool", 96), ("runtime.sudog", 112)].map(|(ty, bytes)| heap.object(ty, bytes));
        heap.refer(one, channel);
        heap.refer(channel, waiting);
        heap.variable("runtime.allgs []*runtime.g", waiting);
        let other = heap.object("main.Job", 1024);
        heap.goroutine(9, "main.work", &[("job", other)]);
        heap.build().unwrap()
    }

    fn told(heap: &Heap, kind: SuspectKind, root: SuspectRoot) -> Suspect {
        let graph = Graph::new(heap).unwrap();
        let tree = graph.dominators(&Unobserved).unwrap();
        let gathered = Gathered { whole_type: "http.persistConn".into(), values: 1, ..Gathered::default() };
        let suspect = Suspect {
            kind,
            root,
            retained: Weight { bytes: 4608, objects: 2 },
            gathered: Some(gathered),
            extent: Some(Extent { referred: 100, capacity: 100 }),
            ..Suspect::default()
        };
        with_goroutines(graph, &tree, &DominatorFrames::default(), (vec![suspect], Vec::new()), 0).remove(0)
    }

    #[test]
    fn a_connection_goes_with_what_serves_it() {
        let heap = heap("http.persistConn");
        let found = told(&heap, SuspectKind::Connections, SuspectRoot::Several);
        assert_eq!(found.retained, Weight { bytes: 512 + 4096 + 256 + 64 + 96 + 112, objects: 6 });
        assert_eq!(found.extent.unwrap().referred, 100 + 320 + 96 + 112);
        // Of other kinds, and of what one root holds, the frames tell it all.
        let as_is = Weight { bytes: 4608, objects: 2 };
        assert_eq!(told(&heap, SuspectKind::Shared, SuspectRoot::Several).retained, as_is);
        assert_eq!(told(&heap, SuspectKind::Connections, SuspectRoot::Variable).retained, as_is);
    }

    /// Each part is less than what a suspect is: the connections, and what of them hangs on goroutines.
    #[test]
    fn connections_in_small_parts_are_one_suspect() {
        let heap = heap("http.persistConn");
        let graph = Graph::new(&heap).unwrap();
        let tree = graph.dominators(&Unobserved).unwrap();
        let mut frames = DominatorFrames { trie: PathTrie::new(), ..DominatorFrames::default() };
        frames.roots.insert(PathTrie::ROOT, RootFrame { kind: RootKind::All, goroutines: 0 });
        frames.texts.push("http.persistConn".into());
        let node = frames.trie.child(PathTrie::ROOT, 0);
        frames.trie.add(node, 4608, 1000);
        let rests = vec![Extent::default(); 2];
        frames.facts = Some(FrameFacts { rests, values: vec![0, 1000], ..FrameFacts::default() });
        assert!(suspects(&heap, &frames, 5000).is_empty());
        let found = joined_suspects(graph, &tree, &frames, 5000);
        let told: Vec<(&str, u64)> = found.iter().map(|one| (&*one.holder, one.retained.bytes)).collect();
        assert_eq!(told, [("http.persistConn", 512 + 4096 + 256 + 64 + 96 + 112)]);
        assert!(joined_suspects(graph, &tree, &frames, 6000).is_empty());
    }

    #[test]
    fn what_comes_and_goes_with_connections_is_a_part_of_them() {
        let heap = heap("http.persistConn");
        let graph = Graph::new(&heap).unwrap();
        let tree = graph.dominators(&Unobserved).unwrap();
        let suspect = |kind, ty: &str, values, bytes| Suspect {
            kind,
            root: SuspectRoot::Several,
            holder: ty.to_owned(),
            retained: Weight { bytes, objects: values },
            gathered: Some(Gathered { whole_type: ty.into(), ty: ty.into(), values, bytes, ..Gathered::default() }),
            ..Suspect::default()
        };
        let all = vec![
            suspect(SuspectKind::Connections, "http.persistConn", 1, 4608),
            suspect(SuspectKind::Shared, "http.bodyEOFSignal", 1, 64),
            suspect(SuspectKind::Shared, "main.Job", 1, 1024),
        ];
        let found = with_goroutines(graph, &tree, &DominatorFrames::default(), (all, Vec::new()), 0);
        let holders: Vec<&str> = found.iter().map(|suspect| &*suspect.holder).collect();
        assert_eq!(holders, ["http.persistConn", "main.Job"]);
        let with: Vec<(u64, &str)> = found[0].with.iter().map(|part| (part.values, &*part.ty)).collect();
        assert_eq!(
            with,
            [
                (1, "goroutine http.(*persistConn).readLoop"),
                (1, "goroutine http.(*persistConn).writeLoop"),
                (1, "http.bodyEOFSignal")
            ]
        );
    }

    #[test]
    fn goroutines_that_lead_to_none_of_them_are_left_alone() {
        let found = told(&heap("main.Other"), SuspectKind::Connections, SuspectRoot::Several);
        assert_eq!(found.retained, Weight { bytes: 4608, objects: 2 });
    }
}
