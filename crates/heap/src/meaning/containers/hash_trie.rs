//! Hash tries: `sync.Map` since Go 1.24 (internal/sync/hashtriemap.go), and the maps of interned values of package unique
//! (internal/concurrent in 1.23; unique/canonmap.go since 1.25). Sixteen children a branch; children are declared as pointers to
//! `node`, a struct of one byte, which begins each branch and each entry and tells which of both it is.

use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Target, Told};
use goheap_image::{Address, MemoryImage};
use goheap_model::{Part, TypeId, TypeTable};

const PACKAGES: [&str; 3] = ["internal/sync.", "internal/concurrent.", "unique."];

/// The name behind the package, if the type is of one that has hash tries.
fn name_of(name: &str) -> Option<&str> {
    PACKAGES.iter().find_map(|package| name.strip_prefix(package))
}

pub(super) fn is_whole(name: &str) -> bool {
    name_of(name).is_some_and(|name| name.starts_with("HashTrieMap[") || name.starts_with("canonMap["))
}

pub(crate) fn is_branch(name: &str) -> bool {
    name_of(name).is_some_and(|name| name.starts_with("indirect["))
}

pub(super) fn is_entry(name: &str) -> bool {
    name_of(name).is_some_and(|name| name.starts_with("entry["))
}

/// The map that a branch of that type's name is of, as people know it.
pub(super) fn whole_of(branch: &str) -> Option<String> {
    let package = PACKAGES.iter().find(|package| branch.starts_with(**package))?;
    let arguments = name_of(branch)?.strip_prefix("indirect")?;
    Some(match (*package, arguments) {
        ("internal/sync.", "[interface {},interface {}]") => super::old_sync_map::MAP.to_owned(),
        // In 1.23 and 1.24 package unique had no trie of its own.
        ("unique.", _) => format!("unique.canonMap{arguments}"),
        (package, _) => format!("{package}HashTrieMap{arguments}"),
    })
}

/// What a pointer to `elem` leads to, if that is a node: a branch or an entry of the same key and value.
pub(super) fn node(types: &TypeTable, elem: TypeId) -> Option<PointerWord> {
    let name = &*types.get(elem).name;
    let arguments = name_of(name)?.strip_prefix("node")?;
    let package = name.strip_suffix(arguments)?.strip_suffix("node")?;
    let of_kind = |kind: &str| types.by_name(&format!("{package}{kind}{arguments}"));
    Some(PointerWord::TrieNode { branch: of_kind("indirect")?, entry: of_kind("entry")? })
}

/// What stands at `node`: its first byte is `isEntry`.
pub(crate) fn target(memory: &MemoryImage, node: u64, branch: TypeId, entry: TypeId) -> Target {
    match memory.read_u8(Address(node)) {
        Some(0) => Target::Known(Part::Value, branch, Told::ByType),
        Some(1) => Target::Known(Part::Value, entry, Told::ByType),
        _ => Target::Unknown,
    }
}
