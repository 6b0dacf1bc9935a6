//! Who, in the program's own code, keeps a set of objects.

use super::grouping::{self, OwnCode};
use super::{Exclusions, Holding, Sharing};
use crate::AskError;
use goheap_graph::{IdBitSet, Weight};
use goheap_model::names::Code;
use goheap_model::{Claim, Extent, Extents, Observer, RootClass, RootKind};
use serde::Serialize;

/// Who holds at once is told where what several hold is one part in so many: for that the graph is turned round.
const WORTH_A_LOOK: u64 = 1000;

/// Owners of a set of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Owners {
    /// The set.
    pub total: Weight,
    /// How much of it is referred to, where the graph knows; all of what no root reaches.
    pub referred: Option<Extent>,
    /// What of it no root reaches.
    pub unreached: Weight,
    /// Those that own alone: every path to the objects goes through them. More bytes first.
    pub owned: Vec<Owner>,
    /// Of what several hold and none owns: who, on a shortest path, stands nearest to it.
    pub shared: Vec<Owner>,
    /// The same by all who hold it: it goes only when all of them let go.
    pub sharing: Vec<Sharing>,
}

/// Objects of a type, variables or functions that keep some of the set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// What they are.
    pub kind: OwnerKind,
    /// The type, the variable with its type, or the function.
    pub name: String,
    /// How many of them there are.
    pub owners: u64,
    /// What of the set they keep.
    pub keeps: Weight,
    /// How much of that is referred to, where the graph knows.
    pub referred: Option<Extent>,
    /// By which fields they do; more bytes first.
    pub by: Vec<Held>,
    /// The roots that the owners are below themselves, with what of the set is; more bytes first. None of what is a root.
    pub held_by: Vec<Held>,
}

/// Some of what an owner keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The fields from the owner to the objects, or the root above the owner.
    pub path: String,
    /// What of the set is kept so.
    pub share: Weight,
}

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum OwnerKind {
    /// Objects of a type, or closures of a function.
    Object,
    /// A package variable.
    Variable,
    /// A function in whose frame it is, or a goroutine.
    Function,
    /// A root of a library or of the runtime: nobody in the program's own code.
    Foreign,
}

impl OwnerKind {
    /// A word for people.
    pub fn name(self) -> &'static str {
        match self {
            OwnerKind::Object => "object",
            OwnerKind::Variable => "variable",
            OwnerKind::Function => "function",
            OwnerKind::Foreign => "foreign",
        }
    }
}

impl Holding<'_> {
    /// Who keeps the objects of `set`: of each, the nearest dominator that is of the program's own code, neither of the set
    /// itself nor of a type of which `is_skipped` says so. What none owns is told by the nearest of these on a shortest path.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn owners(
        &self,
        set: &[u32],
        is_skipped: &dyn Fn(&str) -> bool,
        observer: &dyn Observer,
    ) -> Result<Owners, AskError> {
        observer.begin("owners");
        let nodes = u64::from(self.tree().node_count());
        observer.claim(Claim { kept: 0, passing: nodes / 4 + set.len() as u64 * 40 })?;
        let mut members = IdBitSet::with_room_for(self.tree().node_count());
        let mut owners = Owners::default();
        for &node in set {
            if members.insert(node) {
                owners.total.add(self.graph.weight(node));
            }
        }
        let extents = self.graph.references().extents();
        let parts = || extents.into_iter().flat_map(Extents::iter).filter(|(id, _)| members.contains(id.0));
        owners.referred = extents.map(|_| self.graph.extent_with(owners.total.bytes, parts()));
        let partly: IdBitSet = parts().map(|(id, _)| id.0).collect();
        let own = OwnCode::new(self, (&members, &partly), is_skipped);
        let forest = self.dominating(set);
        let weigh = |index: u32| {
            let node = forest.nodes[index as usize];
            if members.contains(node) { self.graph.weight(node) } else { Weight::default() }
        };
        let (owned, rest) = grouping::group(&own, &forest, weigh, false);
        drop(forest);
        let (forest, weights, unreached) = self.shortest(&rest, &Exclusions::new(None), observer)?;
        (owners.owned, owners.unreached) = (owned, unreached);
        for &node in set.iter().filter(|node| !self.tree().contains(**node)) {
            owners.unreached.add(self.graph.weight(node));
        }
        owners.shared = grouping::group(&own, &forest, |index| weights[index as usize], true).0;
        let shared: u64 = owners.shared.iter().map(|owner| owner.keeps.bytes).sum();
        if shared > 0 && shared.saturating_mul(WORTH_A_LOOK) >= owners.total.bytes {
            let turned = self.turned(observer)?;
            owners.sharing = self.sharing_by(&own, &turned, &rest, observer)?;
        }
        Ok(owners)
    }

    /// What an owner is.
    pub(super) fn owner_kind(&self, node: u32) -> OwnerKind {
        if self.graph.object_of(node).is_some() {
            return OwnerKind::Object;
        }
        if self.code.node(self.graph, node) != Code::Own {
            return OwnerKind::Foreign;
        }
        let mut path = self.graph.root_path(node).into_iter().filter_map(|node| self.graph.root_node(node));
        let is_on_stack = path.any(|root| matches!(root.kind, RootKind::Goroutine(_) | RootKind::GoroutineGroup(_)));
        if is_on_stack { OwnerKind::Function } else { OwnerKind::Variable }
    }

    /// What an owner goes by: the type of an object, or its function; the variable or function of a root.
    pub(super) fn owner_name(&self, node: u32) -> String {
        match self.graph.slot_of(node) {
            Some(slot) => self.graph.heap().family_text(slot),
            None => self.root_name(node).unwrap_or_else(|| self.graph.text(node)),
        }
    }

    /// True of a root and what stands below it, unlike what roots are grouped by.
    pub(super) fn is_frame(&self, node: u32) -> bool {
        self.graph.root_node(node).is_some_and(|root| matches!(root.kind, RootKind::Frame(_)))
    }

    /// True of a package variable or one of a function, unlike the function itself.
    pub(super) fn is_variable(&self, node: u32) -> bool {
        let class = self.class_of(node);
        self.is_frame(node)
            && match class {
                RootClass::Variables => true,
                RootClass::Goroutines => self.graph.function(node).is_none(),
                _ => false,
            }
    }

    /// The variable, or the function and its variable, of a root; None of what stands above many.
    pub(super) fn root_name(&self, node: u32) -> Option<String> {
        let path = self.graph.root_path(node);
        let kind_of = |node: &u32| self.graph.root_node(*node).map(|root| root.kind);
        let is_frame = |node: &u32| matches!(kind_of(node), Some(RootKind::Frame(_)));
        let frames: Vec<u32> = path.iter().copied().filter(is_frame).collect();
        let goroutine = path.iter().find(|node| matches!(kind_of(node), Some(RootKind::Goroutine(_))));
        let group = path.iter().find(|node| matches!(kind_of(node), Some(RootKind::GoroutineGroup(_))));
        match goroutine {
            None if group.is_some() => group.map(|&group| self.graph.text(group)),
            Some(&goroutine) if frames.is_empty() => Some(format!("several calls of {}", self.graph.text(goroutine))),
            None => frames.first().map(|&node| self.graph.text(node)),
            Some(&goroutine) => {
                let start = self.graph.start_of(goroutine).unwrap_or_default();
                let function = frames.iter().rev().find_map(|&node| self.graph.function(node));
                let function = function.map_or(start, str::to_owned);
                let variable = frames.last().filter(|&&node| self.graph.function(node).is_none());
                Some(match variable {
                    Some(&variable) => format!("{function}: {}", self.graph.text(variable)),
                    None => function,
                })
            }
        }
    }
}
