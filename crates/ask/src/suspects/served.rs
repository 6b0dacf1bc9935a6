//! Connections with the goroutines that serve them. Both lead to a connection, so neither keeps it alone, and what they both lead to (requests, responses, channels,
//! contexts) is held by several roots like it: in frames it is apart from the connection. They come and go together.

use super::{Suspect, SuspectKind, SuspectRoot};
use crate::recent::Recent;
use goheap_graph::{DominatorTree, each_retained};
use goheap_model::{DominatorFrames, Extent, Graph, Heap, ObjectId, RootKind, Slot};
use rustc_hash::{FxHashMap, FxHashSet};

/// Of a kind of goroutine that serves connections there are at most so many times more than connections, or less.
const ALIKE: u64 = 4;

/// The same suspects; those that are connections which several roots hold retain what would go with them and with the goroutines that serve them, exactly. It goes over
/// the graph once for each of these.
pub fn with_goroutines(
    graph: Graph<'_>,
    tree: &DominatorTree,
    frames: &DominatorFrames,
    mut found: Vec<Suspect>,
) -> Vec<Suspect> {
    let mut served = FxHashSet::default();
    for suspect in found.iter_mut().filter(|suspect| is_shared(suspect)) {
        let connections = connections(graph, tree, suspect);
        let groups = serving(graph, &connections);
        let mut all: Vec<u32> = connections.into_iter().chain(groups.iter().map(|group| group.node)).collect();
        all.extend(waits(graph, &all));
        let retained = graph.retained_by(&all);
        if let Some(extent) = &mut suspect.extent {
            let more = retained.bytes.saturating_sub(suspect.retained.bytes);
            extent.add(Extent::all(more));
        }
        if retained.bytes > suspect.retained.bytes {
            suspect.retained = retained;
            served.extend(groups.iter().map(|group| group.number));
        }
    }
    // They are told with what they serve.
    found.retain(|suspect| suspect.goroutine_group(frames).is_none_or(|group| !served.contains(&group)));
    found.sort_by(super::by_bytes);
    found
}

fn is_shared(suspect: &Suspect) -> bool {
    suspect.kind == SuspectKind::Connections && suspect.root == SuspectRoot::Several && suspect.gathered.is_some()
}

/// The objects of the suspect's type that no object alone keeps.
fn connections(graph: Graph<'_>, tree: &DominatorTree, suspect: &Suspect) -> Vec<u32> {
    let heap = graph.heap();
    let name = suspect.gathered.as_ref().map_or("", |gathered| gathered.whole_type.trim_start_matches(['*', '[', ']']));
    let mut recent = Recent::default();
    let mut is_one = |node: u32| {
        let is_of = |id: ObjectId| recent.of(heap, id, || is_of(heap, heap.objects.slot(id), name));
        graph.object_of(node).is_some_and(is_of)
    };
    let is_loose = |node: u32| tree.idom(node).is_some_and(|above| graph.object_of(above).is_none());
    tree.preorder().iter().copied().filter(|&node| is_one(node) && is_loose(node)).collect()
}

fn is_of(heap: &Heap, slot: Slot, name: &str) -> bool {
    heap.text_key(slot).is_some_and(|key| *heap.types.get(key.ty).name == *name)
}

/// What the runtime keeps of those who wait at channels that would go (`runtime.sudog`): its list of goroutines leads to these, too.
fn waits(graph: Graph<'_>, set: &[u32]) -> Vec<u32> {
    let heap = graph.heap();
    let mut recent = Recent::default();
    let mut found = FxHashSet::default();
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
    let of_set: FxHashSet<u32> = connections.iter().copied().collect();
    let mut led_to: FxHashMap<u32, FxHashSet<u32>> = FxHashMap::default();
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
    use goheap_graph::Weight;
    use goheap_model::{HeapBuilder, Unobserved};

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
        with_goroutines(graph, &tree, &DominatorFrames::default(), vec![suspect]).remove(0)
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

    #[test]
    fn goroutines_that_lead_to_none_of_them_are_left_alone() {
        let found = told(&heap("main.Other"), SuspectKind::Connections, SuspectRoot::Several);
        assert_eq!(found.retained, Weight { bytes: 4608, objects: 2 });
    }
}
