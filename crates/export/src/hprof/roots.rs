//! Roots: variables as static fields, one class a package; goroutines as threads, and what their variables lead to.

use foldhash::HashMap;
use goheap_model::{Graph, RootClass, RootKind};

/// Static fields of one class: their number has 16 bits, and VisualVM's library takes half as many.
const MOST_STATICS: usize = 30_000;

/// Variables that are static fields of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) name: String,
    /// The name of each, and the node of the graph that it leads to.
    pub(super) statics: Vec<(String, u32)>,
}

/// One goroutine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) goroutine: u32,
    /// The function of each frame with roots.
    pub(super) functions: Vec<String>,
    /// Nodes of the graph that its variables lead to, and the place of the function in `functions`; None of what hangs on the goroutine
    /// itself.
    pub(super) locals: Vec<(u32, Option<usize>)>,
}

/// All roots of a heap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roots {
    pub(super) holders: Vec<Holder>,
    pub(super) threads: Vec<Thread>,
}

impl Roots {
    /// Of a graph: goroutines in order of index, those without roots too.
    pub(super) fn of(graph: Graph<'_>) -> Self {
        let mut finder = Finder { graph, roots: Roots::default(), holders: HashMap::default() };
        let mut threads: HashMap<u32, Thread> = HashMap::default();
        let stacks = &graph.heap().stacks;
        let living = (0..stacks.of_goroutine.len() as u32).filter(|&goroutine| stacks.of(goroutine).is_some());
        threads.extend(living.map(|goroutine| (goroutine, Thread { goroutine, ..Thread::default() })));
        for (node, _) in graph.references().roots().iter() {
            let objects = graph.edges().targets(node).iter().filter(|&&to| to < graph.root());
            for (&to, place) in objects.zip(1..) {
                finder.add(node, (to, place), &mut threads);
            }
        }
        let mut roots = finder.roots;
        roots.threads = threads.into_values().collect();
        roots.threads.sort_by_key(|thread| thread.goroutine);
        roots
    }
}

struct Finder<'h> {
    graph: Graph<'h>,
    roots: Roots,
    /// Where the last class of a holder stands, and how many it has become.
    holders: HashMap<String, (usize, usize)>,
}

impl Finder<'_> {
    /// What a node leads to, and the how manieth of it that is.
    fn add(&mut self, node: u32, (to, place): (u32, u32), threads: &mut HashMap<u32, Thread>) {
        let path = self.graph.root_path(node);
        let kinds: Vec<RootKind> = path.iter().filter_map(|&node| Some(self.graph.root_node(node)?.kind)).collect();
        let goroutine = kinds.iter().find_map(|kind| match kind {
            RootKind::Goroutine(goroutine) => Some(*goroutine),
            _ => None,
        });
        let frames = path.iter().zip(&kinds).filter(|(_, kind)| matches!(kind, RootKind::Frame(_)));
        let mut frames = frames.map(|(_, &kind)| self.graph.root_text(kind));
        let Some(goroutine) = goroutine else {
            let text: Vec<String> = frames.collect();
            let text = text.join(" → ");
            return self.add_static(&kinds, if place > 1 { format!("{text} #{place}") } else { text }, to);
        };
        let thread = threads.entry(goroutine).or_insert_with(|| Thread { goroutine, ..Thread::default() });
        let in_function = frames.next().map(|function| {
            let known = thread.functions.iter().rposition(|known| *known == function);
            known.unwrap_or_else(|| {
                thread.functions.push(function);
                thread.functions.len() - 1
            })
        });
        thread.locals.push((to, in_function));
    }

    fn add_static(&mut self, kinds: &[RootKind], name: String, to: u32) {
        let holder = self.holder_name(kinds);
        let name = if name.is_empty() { "?".to_owned() } else { name };
        let known = self.holders.get(&holder).copied();
        let at = match known {
            Some((at, _)) if self.roots.holders[at].statics.len() < MOST_STATICS => at,
            _ => {
                let (at, parts) = (self.roots.holders.len(), known.map_or(1, |(_, parts)| parts + 1));
                let name = if parts > 1 { format!("{holder} ({parts})") } else { holder.clone() };
                self.roots.holders.push(Holder { name, statics: Vec::new() });
                self.holders.insert(holder, (at, parts));
                at
            }
        };
        self.roots.holders[at].statics.push((name, to));
    }

    fn holder_name(&self, kinds: &[RootKind]) -> String {
        let package = kinds.iter().find_map(|kind| match *kind {
            RootKind::Package(class, package) => Some((class, self.graph.references().roots().package(package))),
            _ => None,
        });
        let class = kinds.iter().find_map(|kind| match kind {
            RootKind::Class(class) => Some(class.name()),
            _ => None,
        });
        match package {
            Some((RootClass::Variables, package)) => format!("package {package}"),
            Some((class, package)) => format!("{} of package {package}", class.name()),
            None => class.unwrap_or("other roots").to_owned(),
        }
    }
}
