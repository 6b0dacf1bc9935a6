//! Pictures of a few things and who holds them: GraphViz' dot ([`write_dot`]) and GraphML ([`write_graphml`], graphml.graphdrawing.org).

mod dot;
mod graphml;

pub use dot::write_dot;
pub use graphml::write_graphml;

/// A thing: an object, a root, or a frame that stands for several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub text: String,
    /// Its address, of one object.
    pub address: Option<u64>,
    /// Objects that it stands for.
    pub objects: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// What would be freed if it went.
    pub retained: u64,
}

/// That one holds another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// Index of who holds.
    pub from: usize,
    /// Index of what is held.
    pub to: usize,
    /// By what; empty where the node says it.
    pub text: String,
}

/// Things and who holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// What it shows.
    pub title: String,
    /// The things.
    pub nodes: Vec<Node>,
    /// Who holds whom; one that leads to no node is left out.
    pub edges: Vec<Edge>,
}

impl Graph {
    fn whole_edges(&self) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(|edge| edge.from < self.nodes.len() && edge.to < self.nodes.len())
    }
}

/// `1.2 MiB`.
fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut shown = None;
    for unit in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        shown = Some(unit);
    }
    shown.map_or_else(|| format!("{bytes} B"), |unit| format!("{value:.1} {unit}"))
}

#[cfg(test)]
pub(super) fn hostile() -> Graph {
    let names = ["a\0\n\"b\\", "<b>&amp;]]>", "x -> y; }", "\u{202e}\u{fffe}\u{85}", "\u{d7ff}é", ""];
    let node =
        |name: &&str| Node { text: (*name).to_owned(), bytes: u64::MAX, retained: 1536, objects: 1, address: Some(16) };
    let mut nodes: Vec<Node> = names.iter().map(node).collect();
    nodes.push(Node { text: "n".repeat(100_000), ..Node::default() });
    let edge = |to| Edge { from: 0, to, text: names[to % names.len()].to_owned() };
    Graph { title: names.concat(), nodes, edges: vec![edge(1), edge(2), edge(99)] }
}
