//! What a holder is called, and by which words its code is found.

use super::SuspectRoot;
use super::element::{place_and_type, type_of};
use goheap_graph::{PathTrie, TrieNode};
use goheap_model::names::name_in_text;
use goheap_model::{DominatorFrames, HELD_BY_SEVERAL, Heap, RootKind, SHARED};

/// Words by which code is searched; more are no help.
const MOST_KEYWORDS: usize = 8;

/// True of what roots are grouped by, and of what several of them hold together: it is nothing itself.
pub(crate) fn is_grouping(frames: &DominatorFrames, node: TrieNode) -> bool {
    match frames.roots.get(&node).map(|root| root.kind) {
        Some(RootKind::All | RootKind::Class(_) | RootKind::Package(..)) => true,
        Some(_) => false,
        None => {
            frames.trie.parent(node).is_some_and(|above| frames.is_root(above))
                && frames.text(node).starts_with(HELD_BY_SEVERAL)
        }
    }
}

/// The frames from the root to a frame, without those that roots are grouped by.
pub(crate) fn way(frames: &DominatorFrames, frame: TrieNode) -> Vec<TrieNode> {
    let up = std::iter::successors(Some(frame), |&node| frames.trie.parent(node));
    let mut way: Vec<TrieNode> = up.filter(|&node| node != PathTrie::ROOT && !is_grouping(frames, node)).collect();
    way.reverse();
    way
}

/// A variable, function or type with the fields behind it: `main.app.sessions.byID`. What the library holds it by is passed over:
/// `main.Shop.carts` of an `http.Server` whose handler is a `*main.Shop`.
pub(crate) fn text(heap: &Heap, frames: &DominatorFrames, way: &[TrieNode]) -> String {
    let mut text = String::new();
    // What the runtime's records keep, the program holds by none of its names: `finalizer queue → *main.File`.
    let is_record = super::root(frames, way) == SuspectRoot::Other;
    let mut is_own = is_record;
    for &node in way {
        let label = frames.text(node);
        let is_group = matches!(frames.roots.get(&node).map(|root| root.kind), Some(RootKind::GoroutineGroup(_)));
        let is_here = heap.is_library_text(label) == Some(false);
        match () {
            () if is_group || (is_record && text.is_empty()) => text.push_str(label),
            () if is_here && !is_own && !frames.is_root(node) => {
                text = type_of(label).trim_start_matches('*').to_owned()
            }
            () if is_here && !is_own => text = name_in_text(label).to_owned(),
            () => push(&mut text, label, frames.is_root(node)),
        }
        is_own |= is_here;
    }
    text
}

/// Adds a step.
fn push(text: &mut String, label: &str, is_root: bool) {
    let field = place_and_type(label).map(|(field, _)| field);
    let is_field = field.is_some();
    let place = field.unwrap_or_else(|| name_in_text(label));
    // Several ways lead to what is shared: no field does.
    let is_shared = place == SHARED;
    let step = match is_shared {
        true => type_of(label),
        false if is_root || is_field => place,
        false => label,
    };
    if !text.is_empty() && (is_shared || !is_field) {
        text.push_str(" → ");
    }
    text.push_str(step);
}

/// Names of the program's own in the texts of frames, those that come last first: they are nearest to what gathers.
pub(super) fn keywords<'t>(heap: &Heap, texts: impl DoubleEndedIterator<Item = &'t str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts.rev() {
        for name in names(text) {
            let is_own = heap.is_library_text(name) == Some(false);
            if is_own && found.len() < MOST_KEYWORDS && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

/// The qualified names in a text: `main.Session` of `map[string]*main.Session`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '(' | ')' | '*' | '-');
    let words = text.split(move |c: char| !is_of_name(c)).map(|word| word.trim_matches(['*', '.', '(', ')']));
    words.filter(|word| word.contains('.') && word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_out_of_texts() {
        let of = |text| names(text).collect::<Vec<_>>();
        assert_eq!(of(".entries map[string]*main.Session"), ["main.Session"]);
        assert_eq!(of("example.com/shop/cart.(*Store).Put"), ["example.com/shop/cart.(*Store).Put"]);
        assert_eq!(of("[i] []uint8"), [""; 0]);
    }

    #[test]
    fn types_are_cut_out_of_texts() {
        assert_eq!(type_of("[value] *main.Session"), "*main.Session");
        assert_eq!(type_of(".val interface {} = main.T ?"), "main.T");
        assert_eq!(type_of("tsdb.Head"), "tsdb.Head");
        assert_eq!(type_of("[captured session] *main.Session"), "*main.Session");
        assert_eq!(type_of("[]uint8"), "[]uint8");
        assert_eq!(type_of(".children map[http.canceler]struct {} in *http.cancelCtx"), "*http.cancelCtx");
    }
}
