//! Several finds that are one suspect.

use super::element::Element;
use super::finder::Found;
use foldhash::HashMap;
use goheap_graph::{TrieNode, Weight};
use goheap_model::{Heap, Kind, TypeId};

/// Of things that belong together there are at most so many times more of one kind than of the other.
const ALIKE: u64 = 4;

/// The same kind of thing in several frames below one, as in the parts of a pool: they are one suspect, which is held by what is above
/// them all.
pub(super) fn merge(node: TrieNode, found: &mut Vec<Found>, may: impl Fn(&[&Found]) -> bool) {
    let ty = |found: &Found| found.gathered.as_ref().map(|gathered| gathered.ty.clone());
    let mut at = 0;
    while at < found.len() {
        let same = ty(&found[at]);
        let is_same = |other: &Found| same.is_some() && ty(other) == same;
        let alike: Vec<&Found> = found.iter().filter(|other| is_same(other)).collect();
        if alike.len() > 1 && may(&alike) {
            let (alike, others): (Vec<Found>, Vec<Found>) = std::mem::take(found).into_iter().partition(is_same);
            *found = others;
            found.insert(at.min(found.len()), merged(node, alike));
        }
        at += 1;
    }
}

/// Whether one of several finds is most of them: then it is the suspect, and the others are beside it.
pub(super) fn has_main(alike: &[&Found]) -> bool {
    let sum: u64 = alike.iter().map(|found| found.retained.bytes).sum();
    alike.iter().any(|found| found.retained.bytes / 2 >= (sum - found.retained.bytes).max(1))
}

/// The types that several finds have.
pub(super) fn repeated(found: &[Found]) -> Vec<String> {
    let types: Vec<&String> = found.iter().filter_map(|found| Some(&found.gathered.as_ref()?.ty)).collect();
    let is_repeated = |ty: &&&String| types.iter().filter(|other| other == ty).count() > 1;
    types.iter().filter(is_repeated).map(|ty| (*ty).clone()).collect()
}

/// Things that no one thing holds, of which one kind has a field that leads to the other: connections and their readers. A stack that leads to both
/// keeps the one from being the other's, but they come and go together.
pub(super) fn join(heap: &Heap, found: &mut Vec<Found>) {
    let names =
        found.iter().filter(|found| found.is_loose).filter_map(|found| Some(bare(&found.gathered.as_ref()?.ty)));
    let types = types_of(heap, names.map(str::to_owned).collect());
    let mut at = 0;
    while at < found.len() {
        let below = (0..found.len()).find(|&other| other != at && is_part_of(heap, &types, &found[at], &found[other]));
        match below {
            Some(other) => {
                let part = found.remove(other);
                at -= usize::from(other < at);
                let whole = &mut found[at];
                whole.retained.add(part.retained);
                whole.parts.extend(part.parts);
            }
            None => at += 1,
        }
    }
}

/// Whether things of the second kind are parts of those of the first.
fn is_part_of(heap: &Heap, types: &HashMap<String, TypeId>, whole: &Found, part: &Found) -> bool {
    let (Some(one), Some(other)) = (&whole.gathered, &part.gathered) else { return false };
    let are_loose = whole.is_loose && part.is_loose;
    let are_alike =
        one.values <= other.values.saturating_mul(ALIKE) && other.values <= one.values.saturating_mul(ALIKE);
    let (Some(&one), Some(&other)) = (types.get(bare(&one.ty)), types.get(bare(&other.ty))) else { return false };
    let leads = |ty: TypeId| ty == other || matches!(heap.types.get(ty).kind, Kind::Pointer(to) if to == other);
    let has_field = match &heap.types.get(one).kind {
        Kind::Struct(fields) => fields.iter().any(|field| leads(field.ty)),
        _ => false,
    };
    are_loose && are_alike && one != other && has_field
}

/// Types by their names in frames.
fn types_of(heap: &Heap, mut names: Vec<String>) -> HashMap<String, TypeId> {
    names.sort_unstable();
    names.dedup();
    let mut types = HashMap::default();
    if names.len() < 2 {
        return types;
    }
    for id in (0..heap.types.len()).map(|index| TypeId(index as u32)) {
        let name = heap.short_name(&heap.types.get(id).name);
        if let Ok(at) = names.binary_search_by(|one| one.as_str().cmp(&name)) {
            types.entry(names[at].clone()).or_insert(id);
        }
    }
    types
}

/// A type without what leads to it.
fn bare(ty: &str) -> &str {
    ty.trim_start_matches(['*', '[', ']'])
}

fn merged(frame: TrieNode, alike: Vec<Found>) -> Found {
    let is_loose = alike.iter().all(|found| found.is_loose);
    // What nothing holds alone stays where it is, and has no holder in what roots are grouped by.
    let frame = alike.first().filter(|_| is_loose).map_or(frame, |first| first.frame);
    let mut retained = Weight::default();
    let mut gathered: Option<Element> = None;
    let mut parts = Vec::new();
    for found in alike {
        retained.add(found.retained);
        parts.extend(found.parts);
        match (&mut gathered, found.gathered) {
            (Some(sum), Some(more)) => {
                sum.values += more.values;
                sum.bytes += more.bytes;
            }
            (none, more) => *none = more,
        }
    }
    Found { frame, retained, parts, gathered, is_loose }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_graph::PathTrie;
    use goheap_model::{Field, GoType};

    fn found(ty: &str, values: u64, bytes: u64) -> Found {
        let frame = PathTrie::ROOT;
        let element =
            Element { frame, way: Vec::new(), values, bytes, ty: ty.to_owned(), others: Vec::new(), keeps: None };
        let retained = Weight { bytes, objects: values };
        Found { frame, retained, parts: vec![frame], gathered: Some(element), is_loose: true }
    }

    fn told(found: &[Found]) -> Vec<(&str, u64, u64, usize)> {
        let told = |one: &Found| one.gathered.as_ref().map(|of| (of.values, of.bytes)).unwrap_or_default();
        let ty =
            |one: &Found| one.gathered.as_ref().map_or("", |of| if of.ty == "*main.Conn" { "conn" } else { "other" });
        found.iter().map(|one| (ty(one), told(one).0, told(one).1, one.parts.len())).collect()
    }

    #[test]
    fn things_of_one_kind_are_one_suspect_where_they_may_be() {
        let all = || vec![found("*main.Conn", 2, 100), found("*main.Job", 1, 10), found("*main.Conn", 3, 50)];
        let mut one = all();
        merge(PathTrie::ROOT, &mut one, |_| true);
        assert_eq!(told(&one), [("conn", 5, 150, 2), ("other", 1, 10, 1)]);
        let mut apart = all();
        merge(PathTrie::ROOT, &mut apart, |alike| !has_main(alike));
        assert_eq!(told(&apart).len(), 3, "one is most of them: the other stays beside it");
        assert_eq!(repeated(&all()), ["*main.Conn", "*main.Conn"]);
    }

    #[test]
    fn what_is_not_known_is_never_merged() {
        let nameless = || Found { gathered: None, ..found("", 0, 10) };
        let mut all = vec![nameless(), nameless()];
        merge(PathTrie::ROOT, &mut all, |_| true);
        assert_eq!(all.len(), 2);
        assert!(repeated(&all).is_empty());
    }

    #[test]
    fn one_is_the_main_if_all_others_are_no_more_than_half_of_it() {
        let is_main = |bytes: &[u64]| {
            let all: Vec<Found> = bytes.iter().map(|&bytes| found("*main.Conn", 1, bytes)).collect();
            has_main(&all.iter().collect::<Vec<_>>())
        };
        assert!(is_main(&[100, 50]) && is_main(&[30, 100, 20]));
        assert!(!is_main(&[100, 51]) && !is_main(&[30, 100, 21]) && !is_main(&[1, 0]));
    }

    /// A connection with a field that leads to its reader.
    fn heap() -> Heap {
        let mut heap = Heap::default();
        let plain = |name: &str, kind| GoType { name: name.into(), size: 8, kind, descriptor: None };
        let reader = heap.types.add(plain("main.Reader", Kind::Struct(Box::new([]))));
        let pointer = heap.types.add(plain("*main.Reader", Kind::Pointer(reader)));
        let field = Field { name: "main.r".into(), ty: pointer, offset: 0, is_embedded: false };
        heap.types.add(plain("main.Conn", Kind::Struct(Box::new([field]))));
        heap
    }

    #[test]
    fn things_that_come_and_go_together_are_joined() {
        let heap = heap();
        let joined = |readers, is_loose| {
            let reader = Found { is_loose, ..found("*main.Reader", readers, 30) };
            let mut all = vec![reader, found("*main.Conn", 10, 70)];
            join(&heap, &mut all);
            all.iter().map(|one| one.retained.bytes).collect::<Vec<_>>()
        };
        assert_eq!(joined(10, true), [100]);
        assert_eq!(joined(40, true), [100]);
        assert_eq!(joined(41, true), [30, 70], "too many more to be parts");
        assert_eq!(joined(10, false), [30, 70], "one thing holds the readers");
    }
}
