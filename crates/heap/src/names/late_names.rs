//! Names of package variables of which only the inference told what they lead to: `*tsdb.Head at bss+0x5b40`.

use crate::infer::payload_offset;
use crate::names::label_text::{Beyond, object_label};
use crate::names::labels::Labels;
use crate::objects::table::ObjectTable;
use crate::roots::root::{Naming, Root};
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::names::{FrameName, FrameRole};
use goheap_model::{Evidence, ObjectType, ObjectTypes, Part, RootClass, TypeTable};
use goheap_runtime::RuntimeModel;

/// The trie with the type in front of the place of words that nothing named; these roots then say the type of what they lead to.
pub(crate) fn name_by_types(
    trie: PathTrie,
    labels: &mut Labels,
    roots: &mut [Root],
    (model, objects): (&RuntimeModel<'_>, &ObjectTable<'_, '_>),
    (types, object_types): (&TypeTable, &ObjectTypes),
) -> PathTrie {
    let mut names: HashMap<TrieNode, u32> = HashMap::default();
    let is_nameless = |root: &&mut Root| {
        root.class == RootClass::Variables && root.naming == Naming::Nameless && !root.has_type && !root.is_conservative
    };
    for root in roots.iter_mut().filter(is_nameless) {
        let Some(slot) = objects.find_allocated(root.value) else { continue };
        let object = object_types.of(slot.id);
        let start = objects.address(slot) + payload_offset(model, objects.span(slot));
        let Some(text) = pointer_text(types, object, root.value == start) else { continue };
        let mark = if object.evidence() == Evidence::Candidate { " ?" } else { "" };
        let place = trie.label(root.node).map_or("", |label| labels.get(label)).to_owned();
        let text = format!("{}{mark} at {place}", labels.packages.shorten(&text));
        let label = labels.text(&text, || Beyond::Is(object).named(FrameName::at(FrameRole::Place, &place)));
        names.insert(root.node, label);
        root.has_type = true;
    }
    if names.is_empty() { trie } else { trie.relabelled(|node, label| names.get(&node).copied().unwrap_or(label)) }
}

/// The type of a word that leads to an object, to its start or elsewhere; None where that is not told.
fn pointer_text(types: &TypeTable, object: ObjectType, is_start: bool) -> Option<String> {
    let label = || object_label(types, object);
    match object.part() {
        _ if !object.is_known() => None,
        Part::Elements | Part::StringData => Some(label()),
        _ if !is_start => None,
        Part::Value | Part::BoxedValue => Some(format!("*{}", label())),
        Part::Closure => Some("func".to_owned()),
        Part::MapHeader | Part::ChanHeader => Some(label()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use goheap_model::{GoType, Kind};

    #[test]
    fn a_word_is_named_by_what_it_leads_to_where_that_is_told() {
        let mut types = TypeTable::default();
        let ty = types.add(GoType { name: "main.T".into(), size: 8, kind: Kind::Scalar, descriptor: None });
        let text = |part, is_start| pointer_text(&types, ObjectType::new(part, ty, Evidence::Exact), is_start);
        assert_eq!(text(Part::Value, true).as_deref(), Some("*main.T"));
        assert_eq!(text(Part::Value, false), None, "a pointer to a field is not told from one to the whole");
        assert_eq!(text(Part::Elements, false).as_deref(), Some("[]main.T"), "a slice may begin anywhere");
        assert_eq!(text(Part::StringData, false).as_deref(), Some("string"));
        assert_eq!(text(Part::Closure, true).as_deref(), Some("func"));
        assert_eq!(text(Part::MapHeader, true).as_deref(), Some("main.T"), "a map is its header");
        assert_eq!(text(Part::MapGroups, true), None, "no variable leads to a part of one");
        assert_eq!(pointer_text(&types, ObjectType::UNKNOWN, true), None);
    }
}
