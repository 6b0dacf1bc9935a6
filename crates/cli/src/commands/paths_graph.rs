//! Paths as a graph: `paths --format dot`.

use goheap_export::graph::{Edge, Graph, Node};
use goheap_report::paths::{Merged, PathsAnswer, PathsReport, ShownPath};
use std::collections::{HashMap, HashSet};

/// The paths of all answers: an object that several go through is one node.
pub(super) fn graph(report: &PathsReport) -> Graph {
    let asked: Vec<&str> = report.asked.iter().map(|answer| &*answer.asked).collect();
    let mut drawn = Drawn::default();
    drawn.graph.title = format!("who holds {}", asked.join(", "));
    report.asked.iter().for_each(|answer| drawn.answer(answer));
    drawn.graph
}

#[derive(Default)]
struct Drawn {
    graph: Graph,
    /// Nodes by address, or by what they are where they have none.
    index_of: HashMap<String, usize>,
    /// The edges that several paths may have.
    met: HashSet<(usize, usize, String)>,
}

impl Drawn {
    fn answer(&mut self, answer: &PathsAnswer) {
        for target in &answer.targets {
            let own = Node { bytes: target.size, ..node(&target.ty, Some(&target.addr), target.retained) };
            self.node(&target.addr, own);
            target.paths.iter().for_each(|path| self.path(path));
        }
        if let Some(merged) = &answer.merged {
            self.merged(merged);
        }
    }

    fn path(&mut self, path: &ShownPath) {
        let mut from = self.node(path.root, Node { text: path.root.to_owned(), ..Node::default() });
        for step in &path.steps {
            let left_out = step.left_out > 0 || step.in_library > 0;
            let text = if left_out { format!("… {}", step.reference) } else { step.reference.clone() };
            let key = step.addr.clone().unwrap_or_else(|| format!("{} {}", path.root, step.reference));
            let to = self.node(&key, node(&step.ty, step.addr.as_deref(), step.retained));
            self.edge(Edge { from, to, text });
            from = to;
        }
    }

    /// Steps that paths have in common: a tree. What is retained by many together is not known; their own bytes are those of what is asked
    /// for that they lead to.
    fn merged(&mut self, merged: &Merged) {
        let mut above: Vec<usize> = Vec::new();
        for step in &merged.steps {
            let to = self.graph.nodes.len();
            let (objects, bytes) = (step.objects, step.bytes);
            self.graph.nodes.push(Node {
                text: step.reference.clone(),
                objects,
                bytes,
                retained: bytes,
                address: None,
            });
            above.truncate(step.depth as usize);
            let from = above.last().copied();
            self.graph.edges.extend(from.map(|from| Edge { from, to, text: String::new() }));
            above.push(to);
        }
    }

    fn node(&mut self, key: &str, node: Node) -> usize {
        *self.index_of.entry(key.to_owned()).or_insert_with(|| {
            self.graph.nodes.push(node);
            self.graph.nodes.len() - 1
        })
    }

    fn edge(&mut self, edge: Edge) {
        if self.met.insert((edge.from, edge.to, edge.text.clone())) {
            self.graph.edges.push(edge);
        }
    }
}

fn node(ty: &str, address: Option<&str>, retained: u64) -> Node {
    let address = address.and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
    let text = if ty.is_empty() { "type not known" } else { ty };
    Node { text: text.to_owned(), address, retained, objects: u64::from(address.is_some()), bytes: 0 }
}
