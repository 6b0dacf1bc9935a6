//! `sync.Map` up to Go 1.23 (sync/map.go; later with GOEXPERIMENT=nosynchashtriemap, as oldmap.go): two maps from keys to entries,
//! which have them in common, and behind each entry the box of its value.

/// The container. Since 1.24 it has a hash trie in it.
pub(super) const MAP: &str = "sync.Map";
/// What keys lead to: a pointer to an `interface {}` of its own.
pub(super) const ENTRY: &str = "sync.entry";
/// Both maps.
pub(super) const TABLE: &str = "map[interface {}]*sync.entry";

/// The box of one of both.
pub(super) const READ_ONLY: &str = "sync.readOnly";

pub(super) fn is_part(name: &str) -> bool {
    name == ENTRY || name == READ_ONLY
}
