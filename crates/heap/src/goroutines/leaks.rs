//! Goroutines that can never go on: the fixpoint of the collector that finds leaks (mgc.go `findGoroutineLeaks`, 1.26), for every
//! release.
//!
//! Marking begins without the stacks of goroutines that are blocked on channels or on `package sync`. One whose channel or mutex is
//! marked may be woken: its stack is marked too, and so on until nothing changes. The rest are leaked: whoever could wake them
//! would have to reach what only they hold.
//!
//! Where a word is absent from the core that the marking would have read, it may have led to what one of the rest waits for: none of
//! them is known to be leaked then.

use super::awaited::{Awaited, AwaitedObjects};
use crate::error::HeapError;
use crate::references::ReferenceGraph;
use foldhash::HashMap;
use goheap_graph::IdBitSet;
use goheap_model::{Claim, Graph, Leaks, Observer, RootKind};
use goheap_runtime::Goroutine;

/// The goroutine of `main` that waits in `select {}` is a way to write a server, and no leak (`findGoroutineLeaks`); what it holds
/// is not alive for that.
fn is_resting_main(goroutine: &Goroutine) -> bool {
    goroutine.id == 1 && goroutine.wait_reason == Some("select (no cases)")
}

/// Which goroutines of the process are leaked.
///
/// # Errors
/// The observer's refusal.
pub fn leaked(graph: &ReferenceGraph<'_, '_, '_>, observer: &dyn Observer) -> Result<Leaks, HeapError> {
    observer.begin("leaks");
    let (data, goroutines) = (graph.data(), &graph.snapshot().model.goroutines);
    let nodes = u64::from(data.edges().node_count());
    let count = goroutines.len() as u64;
    // Marks, the nodes that wait, and for each goroutine what it waits for and who watches that.
    observer.claim(Claim { kept: count * 4, passing: nodes / 8 + nodes * 4 + count * 160 })?;
    let awaited = AwaitedObjects::read(graph.snapshot());
    let mut leaks = Leaks { unknown: awaited.unknown, ..Leaks::default() };
    let mut marking = Marking::new(data, goroutines.len(), &awaited);
    leaks.candidates = marking.state.iter().filter(|state| **state == State::Blocked).count() as u64;
    if leaks.candidates == 0 {
        return Ok(leaks);
    }
    marking.mark(data.root());
    marking.run();
    let blocked = |&(_, state): &(u32, &State)| *state == State::Blocked;
    let all = (0..).zip(&marking.state).filter(blocked).map(|(goroutine, _)| goroutine);
    let stuck = all.filter(|&goroutine| !is_resting_main(&goroutines[goroutine as usize])).collect();
    let counts = |goroutine: u32| marking.state.get(goroutine as usize).is_none_or(|state| *state != State::Blocked);
    let is_proven = !graph.snapshot().absent.is_met(|object| marking.marked.contains(object), counts);
    *(if is_proven { &mut leaks.goroutines } else { &mut leaks.not_known }) = stuck;
    Ok(leaks)
}

/// Whether a goroutine's stack counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// From the start.
    Free,
    /// Not yet.
    Blocked,
    /// Since something that it waits for was marked.
    Woken,
}

struct Marking<'g> {
    graph: Graph<'g>,
    marked: IdBitSet,
    open: Vec<u32>,
    /// By goroutine.
    state: Vec<State>,
    /// The node of each goroutine that has one.
    nodes: HashMap<u32, u32>,
    /// Who waits for an object.
    watchers: HashMap<u32, Vec<u32>>,
}

impl<'g> Marking<'g> {
    fn new(graph: Graph<'g>, goroutines: usize, awaited: &AwaitedObjects) -> Self {
        let mut state = vec![State::Free; goroutines];
        let mut watchers: HashMap<u32, Vec<u32>> = HashMap::default();
        for (goroutine, awaited) in awaited.iter() {
            let Awaited::Objects(objects) = awaited else { continue };
            state[goroutine as usize] = State::Blocked;
            for object in objects {
                watchers.entry(object.0).or_default().push(goroutine);
            }
        }
        let node = |(node, root): (u32, goheap_model::RootNode)| match root.kind {
            RootKind::Goroutine(goroutine) => Some((goroutine, node)),
            _ => None,
        };
        let nodes = graph.references().roots().iter().filter_map(node).collect();
        let marked = IdBitSet::with_room_for(graph.edges().node_count());
        Marking { graph, marked, open: Vec::new(), state, nodes, watchers }
    }

    /// Marks a node, unless it is a goroutine whose stack does not count yet.
    fn mark(&mut self, node: u32) {
        if node >= self.graph.object_count()
            && let Some(RootKind::Goroutine(goroutine)) = self.graph.root_node(node).map(|root| root.kind)
            && self.state[goroutine as usize] == State::Blocked
        {
            return;
        }
        if self.marked.insert(node) {
            self.open.push(node);
        }
    }

    fn run(&mut self) {
        let graph = self.graph;
        while let Some(node) = self.open.pop() {
            for woken in self.watchers.remove(&node).unwrap_or_default() {
                self.state[woken as usize] = State::Woken;
                if let Some(&node) = self.nodes.get(&woken) {
                    self.mark(node);
                }
            }
            graph.edges().targets(node).iter().for_each(|&to| self.mark(to));
        }
    }
}
