//! Branches of hash tries that no typed pointer leads to, as in a program without debug information: each is proved by its like.

use super::confirm::{SlotWords, confirm};
use super::engine::Inference;
use crate::meaning::containers::hash_trie;
use crate::meaning::plan::PointerWord;
use goheap_image::Address;
use goheap_model::{Part, Slot, TypeId};

/// True if the object, of which nothing but its shape says that it is a `branch`, is one: each child begins an object that is an entry of
/// this trie, or a branch that names this one as its parent; and there is one at least.
pub(super) fn proves(inference: &Inference<'_, '_, '_>, slot: Slot, branch: TypeId) -> bool {
    let (resolver, objects, memory) = (&*inference.resolver, inference.objects, inference.model.memory());
    if !hash_trie::is_branch(&resolver.types.get(branch).name) {
        return false;
    }
    let start = objects.address(slot);
    let word = |at: u64| memory.read_u64(Address(at));
    let (mut parent, mut children) = (None, Vec::new());
    for offset in (0..resolver.types.get(branch).size).step_by(8) {
        match resolver.entry(branch, offset).map(|entry| entry.word) {
            Some(PointerWord::Pointer(elem)) if elem == branch => parent = Some(offset),
            Some(PointerWord::TrieNode { entry, .. }) => children.push((offset, entry)),
            _ => {}
        }
    }
    let Some(parent) = parent else { return false };
    let is_child = |child: u64, entry: TypeId| {
        let found = objects.find_allocated(child).filter(|found| objects.address(*found) == child);
        match (found, memory.read_u8(Address(child))) {
            (Some(_), Some(0)) => word(child.wrapping_add(parent)) == Some(start),
            (Some(found), Some(1)) => {
                word(child) == Some(1)
                    && confirm(inference, &SlotWords::of(found), Part::Value, entry).is_some_and(|score| score > 0)
            }
            _ => false,
        }
    };
    let words = children.iter().map(|&(offset, entry)| (word(start.wrapping_add(offset)), entry));
    let mut met = 0;
    let are_children = words.clone().all(|(child, entry)| match child {
        Some(0) => true,
        Some(child) => {
            met += 1;
            is_child(child, entry)
        }
        None => false,
    });
    memory.read_u8(Address(start)) == Some(0) && are_children && met > 0
}
