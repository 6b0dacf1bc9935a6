//! The one reference whose cutting frees most, of those that somebody can cut.

use super::Holding;
use crate::AskError;
use goheap_graph::{CsrGraph, DominatorLink, RetainedSizes};
use goheap_model::names::Code;
use goheap_model::{Claim, Observer, Part};
use serde::Serialize;
use std::collections::BinaryHeap;

/// Nodes of the dominator tree that are looked at for the reference that frees most of a set.
const MOST_TRIED: usize = 100_000;
/// A library's reference, or several together, are offered before one of the program's own only if they free more than so many times as
/// much: then the object is one of several that the program left there.
pub(super) const FAR_MORE: u64 = 2;
/// Of references that free the same but for one part in so many, one with a name is offered: a variable or a field, which a program
/// can set, before an element or what a closure captured.
const NEARLY: u64 = 64;
/// How frames of roots begin that no variable names.
const NAMELESS: [&str; 5] = ["bss+", "data+", "0x", "[fp", "registers"];

/// A reference, and what goes without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The type of the object that has it, or the name of the root.
    pub holder: String,
    /// The object's first byte; None of a root.
    pub address: Option<u64>,
    /// The field with its type; empty of a root.
    pub reference: String,
    /// The type of the object that it leads to; empty where it is a variable that leads to several.
    pub ty: String,
    /// Bytes that go.
    pub frees: u64,
    /// Of these, the ones asked for.
    pub frees_of_set: u64,
}

/// The references without which an object goes that are worth telling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cuts {
    /// The one to cut: of the program's own code where there is one, else of a library.
    pub most: Cut,
    /// The one of the program's own code, where a library's frees far more.
    pub own: Option<Cut>,
    /// The nearest to the object.
    pub nearest: Cut,
}

impl Holding<'_> {
    /// The references without which `node` goes, as far as they can be cut. None if there is none.
    pub fn cuts_for(&self, turned: &CsrGraph, node: u32) -> Option<Cuts> {
        let links = self.tree().links(turned, &self.dominance().retained, node).filter(|link| link.is_one_edge);
        let mut nearest = None;
        let (mut own, mut library): (Vec<DominatorLink>, Vec<DominatorLink>) = Default::default();
        for link in links {
            let Some(cutter) = self.cutter(link.dominator, link.node) else { continue };
            nearest = nearest.or(Some(link));
            if cutter == Code::Own { own.push(link) } else { library.push(link) }
        }
        let own = self.best_of(&own, |link| self.has_name(link));
        let library = self.best_of(&library, |link| self.can_be_set(link));
        let is_far_more =
            |(own, library): (DominatorLink, DominatorLink)| library.retained > own.retained.saturating_mul(FAR_MORE);
        let (most, beside) = match own.zip(library).filter(|&both| is_far_more(both)) {
            Some((own, library)) => (library, Some(own)),
            None => (own.or(library)?, None),
        };
        let size = self.graph.shallow(node);
        let cut = |link: DominatorLink| self.cut(&link, size);
        Some(Cuts { most: cut(most), own: beside.map(cut), nearest: cut(nearest?) })
    }

    /// True if one reference alone keeps `node`, or what does.
    pub fn hangs_on_one(&self, turned: &CsrGraph, node: u32) -> bool {
        let is_shown = |link: &DominatorLink| link.is_one_edge && self.graph.object_of(link.node).is_some();
        self.tree().links(turned, &self.dominance().retained, node).any(|link| is_shown(&link))
    }

    /// Of references of one kind of code, from the nearest to the furthest: the one that frees most, but one that `is_better` where
    /// that frees nearly as much.
    fn best_of(&self, links: &[DominatorLink], is_better: impl Fn(&DominatorLink) -> bool) -> Option<DominatorLink> {
        let best = |one: DominatorLink, other: DominatorLink| if other.retained > one.retained { other } else { one };
        let most = links.iter().copied().reduce(best)?;
        let enough = most.retained - most.retained / NEARLY;
        let better = links.iter().copied().filter(|link| link.retained >= enough && is_better(link));
        Some(better.reduce(best).unwrap_or(most))
    }

    /// True if the reference of a library is one that its users can set: a variable, or fields with capital letters.
    fn can_be_set(&self, link: &DominatorLink) -> bool {
        let is_exported = |name: &str| name.chars().next().is_some_and(char::is_uppercase);
        match self.graph.object_of(link.dominator) {
            None => self.has_name(link),
            Some(_) => {
                let reference = self.cut(link, 0).reference;
                let path = reference.split(' ').next().unwrap_or_default();
                path.strip_prefix('.').is_some_and(|fields| fields.split('.').all(is_exported))
            }
        }
    }

    /// True if the reference is a variable or a field, and its name is known.
    fn has_name(&self, link: &DominatorLink) -> bool {
        let Some(object) = self.graph.object_of(link.dominator) else {
            let root = if self.graph.object_of(link.node).is_none() { link.node } else { link.dominator };
            let text = self.graph.text(root);
            return !NAMELESS.iter().any(|start| text.starts_with(start));
        };
        let kind = self.graph.heap().object_types.of(object);
        kind.is_known() && kind.part() == Part::Value
    }

    /// The reference without which most bytes of `set` go, of several the one that frees the least else; of the program's own code
    /// unless a library's frees far more. None where each object is held by several references.
    ///
    /// # Errors
    /// The observer's refusal.
    pub fn cut_for_set(
        &self,
        turned: &CsrGraph,
        set: &[u32],
        observer: &dyn Observer,
    ) -> Result<Option<Cut>, AskError> {
        observer.claim(Claim { kept: 0, passing: u64::from(self.tree().node_count()) * 9 })?;
        let mut members = goheap_graph::IdBitSet::with_room_for(self.tree().node_count());
        set.iter().for_each(|&node| {
            members.insert(node);
        });
        let graph = self.graph;
        let weigh = |node| if members.contains(node) { graph.shallow(node) } else { 0 };
        let of_set = RetainedSizes::new(self.tree(), weigh);
        let mut open = BinaryHeap::from([(of_set.of(self.graph.root()), std::cmp::Reverse(0), self.graph.root())]);
        let (mut own, mut library): (Option<(u64, DominatorLink)>, _) = (None, None);
        for _ in 0..MOST_TRIED {
            let Some((bytes, _, node)) = open.pop() else { break };
            let is_less = |best: &Option<(u64, DominatorLink)>, part: u64| {
                best.as_ref().is_some_and(|(most, _)| bytes.saturating_mul(part) < *most)
            };
            if is_less(&own, 1) || is_less(&library, FAR_MORE) {
                break;
            }
            if let Some((cutter, link)) = self.single_link(turned, node) {
                let best = if cutter == Code::Own { &mut own } else { &mut library };
                let is_better =
                    |(most, other): &(u64, DominatorLink)| bytes == *most && link.retained <= other.retained;
                if best.as_ref().is_none_or(is_better) {
                    *best = Some((bytes, link));
                }
            }
            let children =
                self.tree().children(node).map(|child| (of_set.of(child), child)).filter(|(bytes, _)| *bytes > 0);
            open.extend(
                children.map(|(bytes, child)| (bytes, std::cmp::Reverse(self.dominance().retained.of(child)), child)),
            );
        }
        let is_far_more =
            |library: &(u64, DominatorLink)| own.as_ref().is_none_or(|own| library.0 > own.0.saturating_mul(FAR_MORE));
        let best = match library.filter(is_far_more) {
            Some((bytes, link)) => Some((bytes, self.settable_above(turned, link))),
            None => own,
        };
        Ok(best.map(|(bytes, link)| self.cut(&link, bytes)))
    }

    /// A library's reference above `link` that its users can set, where that frees hardly more.
    fn settable_above(&self, turned: &CsrGraph, link: DominatorLink) -> DominatorLink {
        let most = link.retained + link.retained / NEARLY;
        let links = self.tree().links(turned, &self.dominance().retained, link.node);
        let mut links = links.take_while(|link| link.retained <= most).filter(|link| link.is_one_edge);
        let is_settable = |link: &DominatorLink| {
            self.cutter(link.dominator, link.node).is_some_and(|cutter| cutter != Code::Own) && self.can_be_set(link)
        };
        links.find(is_settable).unwrap_or(link)
    }

    /// The link from the immediate dominator of `node`, if it is one reference that may be cut, and whose code can.
    fn single_link(&self, turned: &CsrGraph, node: u32) -> Option<(Code, DominatorLink)> {
        let link =
            self.tree().links(turned, &self.dominance().retained, node).next().filter(|link| link.is_one_edge)?;
        Some((self.cutter(link.dominator, link.node)?, link))
    }

    /// Whose code can cut the reference: the program's own or a library's; None of what nobody can. What groups roots is no
    /// reference, and what the runtime refers to is not the program's to drop, but for what the program gave it: the function of a
    /// timer goes when the timer is stopped. A variable with all that it refers to is one reference.
    pub(super) fn cutter(&self, from: u32, to: u32) -> Option<Code> {
        let target = self.graph.object_of(to);
        let is_container = self.graph.object_of(from).is_some_and(|object| self.is_all_machinery(object.0));
        if is_container || target.is_none() && !self.is_variable(to) {
            return None;
        }
        match self.holder_code(from) {
            Code::Own => Some(Code::Own),
            Code::Library | Code::Nobody => Some(Code::Library),
            Code::Runtime => {
                let target = target?;
                (self.code.object(self.graph.heap(), target.0) == Code::Own).then_some(Code::Library)
            }
        }
    }

    /// Whose a node is; of what types are composed of, and of what has no type, that of the nearest above it that is somebody's.
    fn holder_code(&self, node: u32) -> Code {
        let mut climbed = Vec::new();
        let mut code = Code::Nobody;
        let mut above = Some(node);
        while let Some(node) = above {
            if let Some(&known) = self.holder_codes.borrow().get(&node) {
                code = known;
                break;
            }
            code = self.code.node(self.graph, node);
            if code != Code::Nobody {
                break;
            }
            climbed.push(node);
            above = self.tree().idom(node);
        }
        let mut known = self.holder_codes.borrow_mut();
        climbed.into_iter().for_each(|node| _ = known.insert(node, code));
        if code == Code::Nobody { self.code_of_parts(node) } else { code }
    }

    /// Whose the types are that the object's type is composed of.
    fn code_of_parts(&self, node: u32) -> Code {
        let text = self.graph.slot_of(node).map_or_else(String::new, |slot| self.graph.heap().family_text(slot));
        goheap_model::names::code_of_parts(&text)
    }

    pub(super) fn cut(&self, link: &DominatorLink, frees_of_set: u64) -> Cut {
        let heap = self.graph.heap();
        let (from, to) = (self.graph.slot_of(link.dominator), self.graph.slot_of(link.node));
        let reference = from.zip(to).and_then(|(from, to)| {
            let offset = self.offset_between(from, to)?;
            Some(self.reference(&self.hop(from, offset, true), to))
        });
        // A variable with all that it refers to is the link's end.
        let root = if to.is_none() { link.node } else { link.dominator };
        let frames = || self.root_steps(root).into_iter().map(|step| step.reference);
        Cut {
            holder: match from {
                Some(from) => heap.type_text(from),
                None => frames().collect::<Vec<_>>().join(" → "),
            },
            address: from.map(|from| heap.objects.address(from)),
            reference: reference.unwrap_or_default(),
            ty: to.map_or_else(String::new, |to| heap.type_text(to)),
            frees: link.retained,
            frees_of_set,
        }
    }
}
