//! Frame labels, each text once: what a flame graph's frame says.

use crate::meaning::containers::Role;
use crate::names::label_text::Beyond;
use foldhash::HashMap;
use goheap_model::TypeId;
use goheap_model::names::{FrameName, FrameRole, PackageNames};

/// What an edge's label depends on; equal keys have equal labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EdgeKey {
    pub(crate) role: Role,
    /// The type that the path starts in.
    pub(crate) owner: TypeId,
    /// Bytes from its start.
    pub(crate) offset: u64,
    /// What is known beyond the declared type: an interface's dynamic type, a func value's code; else 0.
    pub(crate) dynamic: u64,
    /// What the target's own type tells.
    pub(crate) beyond: Beyond,
}

/// Labels by number.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    texts: Vec<Box<str>>,
    names: Vec<FrameName>,
    by_text: HashMap<(TypeId, Box<str>), u32>,
    by_edge: HashMap<EdgeKey, u32>,
    /// How types read in labels.
    pub(crate) packages: PackageNames,
}

/// The owner of labels that belong to no type.
const NO_OWNER: TypeId = TypeId(u32::MAX);

impl Labels {
    /// No labels yet, for a program of these packages.
    pub(crate) fn new(packages: PackageNames) -> Self {
        Labels { packages, ..Labels::default() }
    }

    /// The number of a label that begins in no type, called so where it is new.
    pub(crate) fn text(&mut self, text: &str, name: impl FnOnce() -> FrameName) -> u32 {
        self.numbered(NO_OWNER, text, name)
    }

    /// That of one whose text alone tells what it is.
    pub(crate) fn plain(&mut self, text: &str, role: FrameRole) -> u32 {
        self.text(text, || FrameName::of(role))
    }

    /// The number of the label `text` of a field, element or key of `owner`. Equal texts of different owners are different
    /// labels: only a field met again is a recursion.
    pub(crate) fn owned(&mut self, owner: TypeId, text: &str, name: impl FnOnce() -> FrameName) -> u32 {
        self.numbered(owner, text, || FrameName { owner: Some(owner), ..name() })
    }

    fn numbered(&mut self, owner: TypeId, text: &str, name: impl FnOnce() -> FrameName) -> u32 {
        if let Some(&label) = self.by_text.get(&(owner, text.into())) {
            return label;
        }
        let label = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.names.push(name());
        self.by_text.insert((owner, text.into()), label);
        label
    }

    /// The label of an edge that has one already.
    pub(crate) fn known_edge(&self, key: EdgeKey) -> Option<u32> {
        self.by_edge.get(&key).copied()
    }

    /// The label of an edge, its text and name made by `make` the first time.
    pub(crate) fn edge(&mut self, key: EdgeKey, make: impl FnOnce(&PackageNames) -> (String, FrameName)) -> u32 {
        if let Some(&label) = self.by_edge.get(&key) {
            return label;
        }
        let (text, name) = make(&self.packages);
        let label = self.owned(key.owner, &text, || name);
        self.by_edge.insert(key, label);
        label
    }

    /// The texts and names by number, and how types read in them.
    pub(crate) fn into_parts(self) -> (Vec<Box<str>>, Vec<FrameName>, PackageNames) {
        (self.texts, self.names, self.packages)
    }

    /// What a label that this gave out is called, as data.
    pub(crate) fn name(&self, label: u32) -> FrameName {
        self.names.get(label as usize).cloned().unwrap_or_default()
    }

    /// The text of a label that this gave out.
    pub(crate) fn get(&self, label: u32) -> &str {
        self.texts.get(label as usize).map_or("", |text| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_for_each_owner() {
        let mut labels = Labels::default();
        let variable = || FrameName::at(FrameRole::Variable, "main.cache");
        let (plain, again) = (labels.text("main.cache", variable), labels.plain("main.cache", FrameRole::Other));
        let field = || FrameName::at(FrameRole::Field, ".next");
        let [one, other] = [TypeId(1), TypeId(2)].map(|owner| labels.owned(owner, ".next *main.Node", field));
        assert_eq!(plain, again);
        assert_ne!(one, other, "fields of two types that read alike are no recursion");
        assert_eq!(labels.owned(TypeId(1), ".next *main.Node", || unreachable!("it has one")), one);
        assert_eq!((labels.get(one), labels.get(other)), (".next *main.Node", ".next *main.Node"));
        assert_eq!(labels.get(99), "", "a number that was never given out");
        let (texts, names, _) = labels.into_parts();
        assert_eq!(
            texts.iter().map(|text| &**text).collect::<Vec<_>>(),
            ["main.cache", ".next *main.Node", ".next *main.Node"]
        );
        let of = |owner| FrameName { owner: Some(TypeId(owner)), ..field() };
        assert_eq!(names, [variable(), of(1), of(2)], "a text is named when it is new");
    }

    #[test]
    fn the_text_of_an_edge_is_made_once() {
        let mut labels = Labels::default();
        let key = |offset| EdgeKey { role: Role::Own, owner: TypeId(1), offset, dynamic: 0, beyond: Beyond::Nothing };
        assert_eq!(labels.known_edge(key(8)), None);
        let made = || (".a *main.T".to_owned(), FrameName::at(FrameRole::Field, ".a"));
        let first = labels.edge(key(8), |_| made());
        let again = labels.edge(key(8), |_| unreachable!("it has one"));
        assert_eq!((again, labels.known_edge(key(8))), (first, Some(first)));
        assert_eq!(labels.edge(key(16), |_| made()), first, "two words that read alike are one");
    }
}
