//! Containers of the standard library that are made of structs, as frames show them: like the language's own maps, the container,
//! then `[key]` and `[value]`, and nothing of what lies between.

use super::{hash_trie, old_sync_map};
use crate::meaning::plan::PointerWord;
use goheap_model::{TypeId, TypeTable};

/// What a pointer word is to such a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Nothing.
    No,
    /// The container's own pointer to one of its parts: it reads as the container itself.
    Whole,
    /// From one of its parts to another: no frame is made of it.
    Part,
}

/// True if a value of the type of that name is such a container.
pub(crate) fn is_whole(name: &str) -> bool {
    name == old_sync_map::MAP || hash_trie::is_whole(name)
}

/// The container whose first part is of that type, as far as the type tells: what is said of a pointer to it where nothing names one.
pub(crate) fn whole_of(part: &str) -> Option<String> {
    hash_trie::whole_of(part)
}

/// True if objects of the type of that name lead to nothing but parts of such a container.
pub(crate) fn is_machinery(name: &str) -> bool {
    is_whole(name) || old_sync_map::is_part(name) || hash_trie::is_branch(name)
}

/// How the field of the part of a container reads, if it is a key or a value.
pub(crate) fn item(owner: &str, field: &str) -> Option<&'static str> {
    match field {
        "key" if hash_trie::is_entry(owner) => Some("[key]"),
        "value" if hash_trie::is_entry(owner) => Some("[value]"),
        _ => None,
    }
}

/// What a pointer to one `elem` leads to, which is declared as something else in a hash trie.
pub(crate) fn pointer_to(types: &TypeTable, elem: TypeId) -> PointerWord {
    hash_trie::node(types, elem).unwrap_or(PointerWord::Pointer(elem))
}

/// The word in a field of `owner`, as the container has it.
pub(crate) fn word_of(types: &TypeTable, owner: &str, word: PointerWord) -> PointerWord {
    match (owner, word) {
        (old_sync_map::ENTRY, PointerWord::Pointer(value)) => PointerWord::BoxedValue(value),
        // Up to 1.19 an atomic.Value holds it.
        (old_sync_map::MAP, PointerWord::InterfaceData(_)) => {
            types.by_name(old_sync_map::READ_ONLY).map_or(word, PointerWord::Pointer)
        }
        _ => word,
    }
}

/// What the word is to the container whose parts it leads to.
pub(crate) fn inside(types: &TypeTable, word: PointerWord) -> Inside {
    let is_part = match word {
        PointerWord::TrieNode { .. } | PointerWord::BoxedValue(_) => true,
        PointerWord::Pointer(elem) => {
            let name = &*types.get(elem).name;
            old_sync_map::is_part(name) || hash_trie::is_branch(name) || hash_trie::is_entry(name)
        }
        PointerWord::Map(map) => &*types.get(map).name == old_sync_map::TABLE,
        _ => false,
    };
    if is_part { Inside::Part } else { Inside::No }
}
