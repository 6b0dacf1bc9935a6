//! How objects are held: by which paths, by which one reference, and by whom in the program's own code.
//!
//! - To name objects as people do, by address, type or variable: [`select`](select()).
//! - For paths from roots: [`Holding::paths_to`], [`Holding::merged_paths`], [`Holding::usual_ways`].
//! - For the reference to cut: [`Holding::cuts_for`], [`Holding::cut_for_set`]; the few, where one is not enough: [`Holding::cut_together`].
//! - For the owners in the program's own code: [`Holding::owners`]; where nobody owns alone, for all who hold it: [`Holding::sharing`].
//! - For who points to one object, and what it points to: [`Holding::references_of`].

mod code_of;
mod cost;
mod cut;
mod cut_together;
mod forest;
mod grouping;
mod hops;
mod merged;
mod neighbours;
mod owners;
mod paths;
mod select;
mod sharing;
mod steps;
mod types;
mod usual;
mod variable;
mod ways;

pub use cost::Exclusions;
pub use cut::{Cut, Cuts};
pub use cut_together::CutTogether;
pub use merged::MergedStep;
pub use neighbours::{Neighbour, ObjectReferences};
pub use owners::{Held, Owner, OwnerKind, Owners};
pub use select::{Selected, Subject, select};
pub use sharing::{Sharer, Sharing};
pub use steps::{Step, Walk};
pub use usual::UsualWay;

use crate::AskError;
use code_of::CodeOf;
use foldhash::HashMap;
use goheap_graph::DominatorTree;
use goheap_model::names::Code;
use goheap_model::{Dominance, Graph};
use goheap_model::{Fields, Observer, RootKind};
use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

/// The references of a heap, what each node retains, and who knows by which fields objects lead to each other.
///
/// # Overhead
/// That of [`Dominance`]; paths and cuts turn the graph round, which takes what the graph takes once more.
pub struct Holding<'h> {
    graph: Graph<'h>,
    fields: &'h dyn Fields,
    dominance: Known<'h>,
    code: CodeOf,
    root_costs: Vec<u8>,
    /// By type, whether its objects lead to nothing but parts of a container.
    machinery_types: Vec<bool>,
    /// Whose code holds what nobody's type has, as far as it was asked.
    holder_codes: RefCell<HashMap<u32, Code>>,
}

/// Who dominates whom.
enum Known<'h> {
    /// And what each node retains.
    Whole(Arc<Dominance>),
    /// A tree that is mapped and costs nothing twice: what is retained is worked out when it is first asked.
    Mapped(DominatorTree, OnceCell<Arc<Dominance>>),
    /// The same of somebody else's.
    Lent(&'h DominatorTree, OnceCell<Arc<Dominance>>),
}

impl<'h> Holding<'h> {
    /// Works out who dominates whom in `graph`.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn new(graph: Graph<'h>, fields: &'h dyn Fields, observer: &dyn Observer) -> Result<Self, AskError> {
        if graph.references().kept().is_none() {
            return Ok(Holding::with(graph, fields, Arc::new(graph.dominance(observer)?)));
        }
        Ok(Holding::of(graph, fields, Known::Mapped(graph.dominators(observer)?, OnceCell::new())))
    }

    /// Of a graph of which it is known who dominates whom.
    pub fn with(graph: Graph<'h>, fields: &'h dyn Fields, dominance: Arc<Dominance>) -> Self {
        Holding::of(graph, fields, Known::Whole(dominance))
    }

    /// Of a graph of which it is known who dominates whom; what is retained is worked out when it is first asked.
    pub fn of_tree(graph: Graph<'h>, fields: &'h dyn Fields, tree: &'h DominatorTree) -> Self {
        Holding::of(graph, fields, Known::Lent(tree, OnceCell::new()))
    }

    fn of(graph: Graph<'h>, fields: &'h dyn Fields, dominance: Known<'h>) -> Self {
        let code = CodeOf::new(graph);
        let machinery_types = graph.heap().types.ids().map(|ty| fields.is_machinery(ty)).collect();
        let holder_codes = RefCell::default();
        let mut holding =
            Holding { graph, fields, dominance, code, root_costs: Vec::new(), machinery_types, holder_codes };
        holding.root_costs = holding.root_costs();
        holding
    }

    /// The graph that it was made of.
    pub fn graph(&self) -> Graph<'h> {
        self.graph
    }

    /// Who knows by which fields objects lead to each other.
    pub fn fields(&self) -> &'h dyn Fields {
        self.fields
    }

    /// Who dominates whom, and what each node retains.
    pub fn dominance(&self) -> &Dominance {
        match &self.dominance {
            Known::Whole(dominance) => dominance,
            Known::Mapped(tree, dominance) => dominance.get_or_init(|| self.worked_out(tree)),
            Known::Lent(tree, dominance) => dominance.get_or_init(|| self.worked_out(tree)),
        }
    }

    /// Who dominates whom.
    pub fn tree(&self) -> &DominatorTree {
        match &self.dominance {
            Known::Whole(dominance) => &dominance.tree,
            Known::Mapped(tree, _) => tree,
            Known::Lent(tree, _) => tree,
        }
    }

    fn worked_out(&self, tree: &DominatorTree) -> Arc<Dominance> {
        Arc::new(Dominance { retained: self.graph.retained_sizes(tree), tree: tree.clone() })
    }

    /// What a node is: the type of an object, the name of a root with its frames, or of what groups roots.
    pub fn name(&self, node: u32) -> String {
        let frames = self.root_steps(node).into_iter().map(|step| step.reference).collect::<Vec<_>>();
        match self.graph.root_node(node).map(|root| root.kind) {
            Some(_) if !frames.is_empty() => frames.join(" → "),
            Some(RootKind::Package(..)) => format!("package {}", self.graph.text(node)),
            _ => self.graph.text(node),
        }
    }
}

#[cfg(test)]
mod tests;
