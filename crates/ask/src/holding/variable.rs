//! What a variable's field leads to: the way of a text like `main.cache.entries[3].name`.

use foldhash::HashSet;
use goheap_model::Graph;
use goheap_model::names::{Spelling, name_in_text};
use goheap_model::{Fields, Kind, ObjectId, RootKind, TypeId, TypeTable};

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

struct Way<'w> {
    /// Names of fields that the text may leave out, or have where the path does not.
    embedded: &'w HashSet<&'w str>,
    graph: Graph<'w>,
    fields: &'w dyn Fields,
    text: &'w str,
    objects: Vec<u32>,
    /// Objects and from where on in the text they were looked at.
    met: HashSet<(u32, usize)>,
    open: Vec<(u32, usize)>,
    roots: Vec<(u32, usize)>,
    /// Where the way ended too early, the furthest: place in the text, and the fields there.
    furthest: (usize, Vec<String>),
}

/// The objects that `text` leads to: by the fields as they are printed, else with the names of embedded ones or without, as Go
/// promotes them.
pub(super) fn find(graph: Graph<'_>, fields: &dyn Fields, text: &str) -> Found {
    let variables = variables(graph);
    match find_by(graph, fields, text, &variables, &HashSet::default()) {
        Found::NoField(there) => {
            let embedded = embedded_names(&graph.heap().types);
            match find_by(graph, fields, text, &variables, &embedded) {
                Found::Objects(objects) => Found::Objects(objects),
                _ => Found::NoField(there),
            }
        }
        found => found,
    }
}

/// What `objects` lead to by the fields that the text has from `at` on.
pub(super) fn fields_of(graph: Graph<'_>, fields: &dyn Fields, (text, at): (&str, usize), objects: &[u32]) -> Found {
    let by = |embedded: &HashSet<&str>| {
        let mut way = Way::new(graph, fields, text, embedded);
        objects.iter().for_each(|&object| way.object(object, at));
        way.objects();
        way.found()
    };
    match by(&HashSet::default()) {
        Found::NoField(fields) => match by(&embedded_names(&graph.heap().types)) {
            Found::NoField(_) => Found::NoField(fields),
            found => found,
        },
        found => found,
    }
}

/// The objects that nodes of roots lead to, those below them too.
pub(super) fn below(graph: Graph<'_>, mut nodes: Vec<u32>) -> Vec<u32> {
    let mut objects = Vec::new();
    while let Some(node) = nodes.pop() {
        for &to in graph.edges().targets(node) {
            if to < graph.object_count() { objects.push(to) } else { nodes.push(to) }
        }
    }
    objects
}

/// The names of all fields that are embedded somewhere.
fn embedded_names(types: &TypeTable) -> HashSet<&str> {
    let fields = |index: usize| match &types.get(TypeId(index as u32)).kind {
        Kind::Struct(fields) => &fields[..],
        _ => &[],
    };
    let embedded = (0..types.len()).flat_map(fields).filter(|field| field.is_embedded);
    embedded.map(|field| field.name.rsplit('.').next().unwrap_or_default()).collect()
}

fn find_by(
    graph: Graph<'_>,
    fields: &dyn Fields,
    text: &str,
    variables: &[(u32, String)],
    embedded: &HashSet<&str>,
) -> Found {
    let mut way = Way::new(graph, fields, text, embedded);
    let mut is_there = false;
    for (node, name) in variables {
        if let Some(at) = behind_name(text, name) {
            is_there = true;
            way.roots.push((*node, at));
        }
    }
    for node in if is_there { Vec::new() } else { functions(graph, text) } {
        is_there = true;
        way.roots.push((node, text.len()));
    }
    way.roots();
    way.objects();
    match way.found() {
        Found::NoField(fields) if is_there => Found::NoField(fields),
        Found::Objects(objects) => Found::Objects(objects),
        _ => Found::NoVariable(variables.iter().map(|(_, name)| name.clone()).collect()),
    }
}

/// The nodes of variables, by name; local ones behind their function's.
fn variables(graph: Graph<'_>) -> Vec<(u32, String)> {
    let kind_of = |node: u32| graph.root_node(node).map(|root| root.kind);
    let name_of = |node: u32| Some(name_in_text(&graph.text(node)).to_owned()).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    for (node, root) in graph.references().roots().iter() {
        let (RootKind::Frame(_), Some(parent)) = (root.kind, root.parent) else { continue };
        let name = match kind_of(parent) {
            Some(RootKind::Package(..)) => name_of(node),
            // Finalizers, cleanups and queues: all of their text is their name.
            Some(RootKind::Class(_)) => Some(graph.text(node)),
            Some(RootKind::Goroutine(_)) if graph.function(node).is_none() => {
                graph.start_of(parent).zip(name_of(node)).map(|(function, name)| format!("{function}.{name}"))
            }
            _ => graph.function(parent).zip(name_of(node)).map(|(function, name)| format!("{function}.{name}")),
        };
        found.extend(name.map(|name| (node, name)));
    }
    found
}

/// The nodes of goroutines that began in a function of that name, and of its calls.
fn functions(graph: Graph<'_>, text: &str) -> Vec<u32> {
    let asked = Spelling::new(text);
    let is_it = |node: u32, kind: RootKind| match kind {
        RootKind::Goroutine(_) => graph.start_of(node).is_some_and(|start| asked.likeness(&start).is_some()),
        RootKind::Frame(_) => graph.function(node).is_some_and(|name| asked.likeness(name).is_some()),
        _ => false,
    };
    graph.references().roots().iter().filter(|(node, root)| is_it(*node, root.kind)).map(|(node, _)| node).collect()
}

/// Where the name of a variable ends, which the text begins with; import paths may lack their beginnings.
fn behind_name(text: &str, name: &str) -> Option<usize> {
    // Of `finalizer of a/b.File` the words before the type belong to the name.
    let words = name.rfind(' ').map_or(0, |space| space + 1);
    if text.get(..words) != Some(&name[..words]) {
        return None;
    }
    let base = |text: &str| text[..text.find(['(', '[']).unwrap_or(text.len())].rfind('/').map_or(0, |slash| slash + 1);
    let (asked, named) = (base(text), base(name));
    let (path, whole) = (&text[..asked], &name[..named]);
    let is_end = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|first| first.is_empty() || first.ends_with('/'))
    };
    let is_same = is_end(whole, path) || is_end(path, whole);
    behind(text, asked, &name[named..]).filter(|_| is_same)
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

/// The first field or element of a path: `.next` of `.next[3].name`.
fn first_part(path: &str) -> &str {
    let end =
        path.char_indices().skip(1).find(|(_, letter)| matches!(letter, '.' | '[')).map_or(path.len(), |(at, _)| at);
    &path[..end]
}

/// The end of the text's part that is `path` but for fields whose names are in `embedded`.
fn behind_promoted(text: &str, at: usize, path: &str, embedded: &HashSet<&str>) -> Option<usize> {
    let rest = text.get(at..)?;
    let (asked, part) = (first_part(rest), first_part(path));
    let is_embedded = |part: &str| part.strip_prefix('.').is_some_and(|name| embedded.contains(name));
    if path.is_empty() || rest.is_empty() {
        return Some(at);
    }
    if asked == part {
        return behind_promoted(text, at + part.len(), &path[part.len()..], embedded);
    }
    let without = is_embedded(part).then(|| behind_promoted(text, at, &path[part.len()..], embedded)).flatten();
    without.or_else(|| is_embedded(asked).then(|| behind_promoted(text, at + asked.len(), path, embedded)).flatten())
}

impl<'w> Way<'w> {
    fn new(graph: Graph<'w>, fields: &'w dyn Fields, text: &'w str, embedded: &'w HashSet<&'w str>) -> Self {
        Way {
            embedded,
            graph,
            fields,
            text,
            objects: Vec::new(),
            met: HashSet::default(),
            open: Vec::new(),
            roots: Vec::new(),
            furthest: (0, Vec::new()),
        }
    }

    /// Where it has led; without any object, the fields where it ended.
    fn found(self) -> Found {
        let Way { mut objects, furthest, .. } = self;
        objects.sort_unstable();
        objects.dedup();
        if objects.is_empty() { Found::NoField(furthest.1) } else { Found::Objects(objects) }
    }
}

impl Way<'_> {
    /// Where the text goes on behind `path`.
    fn behind(&self, at: usize, path: &str) -> Option<usize> {
        let strict = behind_or_within(self.text, at, path);
        strict.or_else(|| {
            if self.embedded.is_empty() { None } else { behind_promoted(self.text, at, path, self.embedded) }
        })
    }

    /// Goes on from roots, with how much of the text has led to them.
    fn roots(&mut self) {
        let first_root = self.graph.object_count();
        while let Some((node, at)) = self.roots.pop() {
            for &to in self.graph.edges().targets(node) {
                if to < first_root {
                    self.object(to, at);
                    continue;
                }
                let text = self.graph.text(to);
                let path = text.split(' ').next().unwrap_or_default();
                match self.behind(at, path) {
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
            let mut note = |offset, to: ObjectId| references.push((offset, to.0));
            self.fields.for_each_reference(slot, &mut note);
            for (offset, to) in references {
                let [numbered, any] = [true, false].map(|is_numbered| self.fields.place(slot, offset, is_numbered));
                if numbered.field.is_none() || numbered.path.is_empty() || self.is_machinery(object) {
                    self.object(to, at);
                    continue;
                }
                match [&numbered.path, &any.path].iter().find_map(|path| self.behind(at, path)) {
                    Some(end) => self.object(to, end),
                    None => self.note(at, &any.path),
                }
            }
        }
    }

    fn is_machinery(&self, object: u32) -> bool {
        let part = self.graph.heap().object_types.of(ObjectId(object)).part();
        part.is_inside()
            && !matches!(
                part,
                goheap_model::Part::Closure
                    | goheap_model::Part::MapGroups
                    | goheap_model::Part::MapBuckets
                    | goheap_model::Part::ChanBuffer
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
    fn names_do_without_the_beginnings_of_import_paths() {
        assert_eq!(behind_name("metrics.Default.all", "example.com/metrics.Default"), Some(15));
        assert_eq!(behind_name("example.com/metrics.Default", "metrics.Default"), Some(27));
        assert_eq!(behind_name("app/metrics.Default", "a.com/app/metrics.Default"), Some(19));
        assert_eq!(behind_name("a/metrics.Default", "b/metrics.Default"), None);
        assert_eq!(behind_name("trics.Default", "example.com/metrics.Default"), None);
    }

    #[test]
    fn fields_of_embedded_structs_have_two_ways() {
        let embedded: HashSet<&str> = ["Base", "Session"].into_iter().collect();
        let end = |text: &str, path: &str| behind_promoted(text, 0, path, &embedded);
        assert_eq!(end(".Label", ".Base.Label"), Some(6));
        assert_eq!(end(".Base.Label", ".Label"), Some(11));
        assert_eq!(end(".Base.Label", ".Base.Label"), Some(11));
        assert_eq!(end(".Extra[3].Label.x", ".Extra[3].Base.Label"), Some(15));
        // An embedded pointer: what it leads to has the field.
        assert_eq!(end(".Payload", ".Session"), Some(0));
        assert_eq!(end(".Label", ".Other.Label"), None);
    }

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
