//! What a variable's field leads to: the way of a text like `main.cache.entries[3].name`.

use crate::inspect::Places;
use crate::references::{ReferenceGraph, RootKind};
use rustc_hash::FxHashSet;

/// What a text leads to.
pub(super) enum Found {
    /// These objects, in order of address.
    Objects(Vec<u32>),
    /// The variable is there and the field is not, or holds no pointer to the heap; these are there instead.
    NoField(Vec<String>),
    /// The variable is not there, or leads to nothing; these do.
    NoVariable(Vec<String>),
}

/// Fields of one object that are told where the one sought is not there.
const TOLD: usize = 1000;
/// Objects that the way may lead through.
const MOST_VISITED: usize = 1_000_000;

struct Way<'w, 'g, 's, 'm, 'p> {
    graph: &'g ReferenceGraph<'s, 'm, 'p>,
    places: &'w Places<'s, 'm, 'p>,
    text: &'w str,
    objects: Vec<u32>,
    /// Objects and from where on in the text they were looked at.
    met: FxHashSet<(u32, usize)>,
    open: Vec<(u32, usize)>,
    roots: Vec<(u32, usize)>,
    /// Where the way ended too early, the furthest: place in the text, and the fields there.
    furthest: (usize, Vec<String>),
}

/// The objects that `text` leads to.
pub(super) fn find(graph: &ReferenceGraph<'_, '_, '_>, places: &Places<'_, '_, '_>, text: &str) -> Found {
    let mut way = Way {
        graph,
        places,
        text,
        objects: Vec::new(),
        met: FxHashSet::default(),
        open: Vec::new(),
        roots: Vec::new(),
        furthest: (0, Vec::new()),
    };
    let mut names = Vec::new();
    let mut is_there = false;
    for (node, name) in variables(graph) {
        if let Some(at) = behind(text, 0, &name) {
            is_there = true;
            way.roots.push((node, at));
        }
        names.push(name);
    }
    way.roots();
    way.objects();
    let Way { mut objects, furthest, .. } = way;
    objects.sort_unstable();
    objects.dedup();
    match is_there {
        _ if !objects.is_empty() => Found::Objects(objects),
        true => Found::NoField(furthest.1),
        false => Found::NoVariable(names),
    }
}

/// The nodes of variables, by name; local ones behind their function's.
fn variables(graph: &ReferenceGraph<'_, '_, '_>) -> Vec<(u32, String)> {
    let kind_of = |node: u32| graph.root_node(node).map(|root| root.kind);
    let name_of = |node: u32| Some(graph.text(node).split(' ').next()?.to_owned()).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    for (node, root) in graph.root_nodes() {
        let (RootKind::Frame(_), Some(parent)) = (root.kind, root.parent) else { continue };
        let name = match kind_of(parent) {
            Some(RootKind::Package(..)) => name_of(node),
            Some(RootKind::Goroutine(_)) if !super::code::is_function(&graph.text(node)) => {
                graph.start_of(parent).zip(name_of(node)).map(|(function, name)| format!("{function}.{name}"))
            }
            Some(RootKind::Frame(_)) if super::code::is_function(&graph.text(parent)) => {
                name_of(parent).zip(name_of(node)).map(|(function, name)| format!("{function}.{name}"))
            }
            _ => None,
        };
        found.extend(name.map(|name| (node, name)));
    }
    found
}

/// Where `part`, which stands at `at` of the text as a whole, ends.
fn behind(text: &str, at: usize, part: &str) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(part)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(at + part.len())
}

/// The same; the end of the text, too, where that ends at a struct that the part goes on into.
fn behind_or_within(text: &str, at: usize, part: &str) -> Option<usize> {
    let rest = text.get(at..)?;
    let is_within = part.strip_prefix(rest).is_some_and(|more| more.starts_with(['.', '[']));
    behind(text, at, part).or_else(|| is_within.then_some(text.len()))
}

impl Way<'_, '_, '_, '_, '_> {
    /// Goes on from roots, with how much of the text has led to them.
    fn roots(&mut self) {
        let first_root = self.graph.object_count();
        while let Some((node, at)) = self.roots.pop() {
            for &to in self.graph.graph().targets(node) {
                if to < first_root {
                    self.object(to, at);
                    continue;
                }
                let text = self.graph.text(to);
                let path = text.split(' ').next().unwrap_or_default();
                match behind_or_within(self.text, at, path) {
                    _ if at == self.text.len() => self.roots.push((to, at)),
                    Some(end) => self.roots.push((to, end)),
                    None => self.note(at, path),
                }
            }
        }
    }

    fn object(&mut self, object: u32, at: usize) {
        if self.met.len() < MOST_VISITED && self.met.insert((object, at)) {
            if at == self.text.len() {
                self.objects.push(object);
            } else {
                self.open.push((object, at));
            }
        }
    }

    /// Goes on from the objects that were met.
    fn objects(&mut self) {
        while let Some((object, at)) = self.open.pop() {
            let Some(slot) = self.graph.slot_of(object) else { continue };
            let mut references = Vec::new();
            self.places.for_each_reference(slot, |offset, to| references.push((offset, to.0)));
            for (offset, to) in references {
                let [numbered, any] = [true, false].map(|is_numbered| self.places.place(slot, offset, is_numbered));
                if numbered.field.is_none() || numbered.path.is_empty() || self.is_machinery(object) {
                    self.object(to, at);
                    continue;
                }
                match [&numbered.path, &any.path].iter().find_map(|path| behind_or_within(self.text, at, path)) {
                    Some(end) => self.object(to, end),
                    None => self.note(at, &any.path),
                }
            }
        }
    }

    fn is_machinery(&self, object: u32) -> bool {
        let part = self.graph.snapshot().object_types[object as usize].part();
        part.is_inside()
            && !matches!(
                part,
                crate::Part::Closure | crate::Part::MapGroups | crate::Part::MapBuckets | crate::Part::ChanBuffer
            )
    }

    /// Notes what could stand at a place of the text.
    fn note(&mut self, at: usize, path: &str) {
        if at > self.furthest.0 {
            self.furthest = (at, Vec::new());
        }
        let fields = &mut self.furthest.1;
        if at == self.furthest.0 && fields.len() < TOLD {
            let whole = format!("{}{path}", &self.text[..at]);
            if !fields.contains(&whole) {
                fields.push(whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_a_field_or_an_element_begins() {
        assert_eq!(behind("main.cache.entries", 0, "main.cache"), Some(10));
        assert_eq!(behind("main.cache[3].x", 0, "main.cache"), Some(10));
        assert_eq!(behind("main.cache", 0, "main.cache"), Some(10));
        assert_eq!(behind("main.caches", 0, "main.cache"), None);
        assert_eq!(behind("main.cache.x", 10, ".x"), Some(12));
        assert_eq!(behind("é", 1, "x"), None);
        assert_eq!(behind_or_within("main.store.latest", 10, ".latest.m.root"), Some(17));
        assert_eq!(behind_or_within("main.store.lat", 10, ".latest.m.root"), None);
    }
}
