//! How objects are held: by which paths, by which one reference, and by whom in the program's own code.
//!
//! - To name objects as people do, by address, type or variable: [`HeapSnapshot::select`](crate::HeapSnapshot).
//! - For paths from roots: [`Holding::paths_to`], [`Holding::merged_paths`], [`Holding::usual_ways`].
//! - For the reference to cut: [`Holding::cuts_for`], [`Holding::cut_for_set`]; the few, where one is not enough: [`Holding::cut_together`].
//! - For the owners in the program's own code: [`Holding::owners`].

pub(crate) mod code;
mod cost;
mod cut;
mod cut_together;
mod forest;
mod grouping;
mod merged;
mod owners;
mod paths;
mod select;
mod steps;
mod types;
mod usual;
mod variable;
mod wide_rows;

pub use code::Code;
pub use cost::Exclusions;
pub use cut::{Cut, Cuts};
pub use cut_together::CutTogether;
pub use merged::MergedStep;
pub use owners::{Held, Owner, OwnerKind, Owners};
pub use select::{Selected, Subject};
pub use steps::{Step, Walk};
pub use usual::UsualWay;

use crate::error::HeapError;
use crate::inspect::Places;
use crate::meaning::containers::structs;
use crate::references::ReferenceGraph;
use code::CodeOf;
use goheap_graph::{DominatorTree, RetainedSizes};
use goheap_model::{Observer, RootKind, TypeId};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use wide_rows::WideRows;

/// The references of a heap, and what each node retains.
///
/// By which fields objects lead to each other is looked up beside the references where the graph was made with
/// [`ReferenceOptions::words`](crate::references::ReferenceOptions), and read from the core else; the answers are the same.
///
/// # Overhead
/// That of [`DominatorTree`] and [`RetainedSizes`]; 8 bytes a reference of objects with many of which much is asked; paths and cuts turn the graph round, which takes what the graph takes once
/// more.
pub struct Holding<'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    tree: DominatorTree,
    retained: RetainedSizes,
    places: Places<'s, 'm, 'p>,
    code: CodeOf,
    root_costs: Vec<u8>,
    /// By type, whether its objects lead to nothing but parts of a container.
    machinery_types: Vec<bool>,
    /// Whose code holds what nobody's type has, as far as it was asked.
    holder_codes: RefCell<FxHashMap<u32, Code>>,
    wide_rows: WideRows,
}

impl<'g, 's, 'm, 'p> Holding<'g, 's, 'm, 'p> {
    /// Works out who dominates whom in `graph`.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn new(graph: &'g ReferenceGraph<'s, 'm, 'p>, observer: &dyn Observer) -> Result<Self, HeapError> {
        let tree = graph.dominators(observer)?;
        let retained = graph.retained(&tree, observer)?;
        let code = CodeOf::new(graph);
        let places = Places::new(graph.snapshot());
        let types = &graph.snapshot().types;
        let ids = (0..types.len()).map(|index| TypeId(index as u32));
        let machinery_types = ids.map(|ty| structs::is_machinery(&types.get(ty).name)).collect();
        let mut holding = Holding {
            graph,
            tree,
            retained,
            places,
            code,
            root_costs: Vec::new(),
            machinery_types,
            holder_codes: RefCell::default(),
            wide_rows: WideRows::default(),
        };
        holding.root_costs = holding.root_costs();
        Ok(holding)
    }

    /// The graph that it was made of.
    pub fn graph(&self) -> &'g ReferenceGraph<'s, 'm, 'p> {
        self.graph
    }

    /// Who dominates whom.
    pub fn tree(&self) -> &DominatorTree {
        &self.tree
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

    /// What each node retains.
    pub fn retained(&self) -> &RetainedSizes {
        &self.retained
    }
}
