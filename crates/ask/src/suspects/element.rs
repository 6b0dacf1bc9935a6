//! What the things are that gather.

use super::Beside;
use super::finder::Finder;
use goheap_graph::TrieNode;
use goheap_model::Heap;
use std::cmp::Reverse;

/// Others that are told beside those of one kind: no fewer than one of so many, at most so many kinds.
const WORTH: u64 = 20;
const KINDS: usize = 3;

/// Things of one kind that hang on one holder.
pub(super) struct Element {
    pub(super) frame: TrieNode,
    /// The frames from there to the one that names them.
    pub(super) way: Vec<TrieNode>,
    pub(super) values: u64,
    pub(super) bytes: u64,
    pub(super) ty: String,
    /// What else hangs there: of several kinds that are wrapped alike.
    pub(super) others: Vec<Beside>,
    /// The type of most of what one of them keeps.
    pub(super) keeps: Option<String>,
}

/// Those of a frame. Where the library's types wrap the program's own, as an element of a list does its value, the own are named: as many as these
/// are, and beside them others that are wrapped so.
pub(super) fn of_step(heap: &Heap, finder: &Finder<'_>, frame: TrieNode) -> Element {
    let values = finder.counts.of(frame);
    let is_library = |node: TrieNode| heap.is_library_text(finder.frames.text(node)).unwrap_or(true);
    let mut way = Vec::new();
    let mut named = frame;
    while is_library(named) {
        let below = finder.main_child(named).filter(|&child| finder.counts.of(child) >= values / 2);
        match below {
            Some(child) => named = child,
            None => break,
        }
        way.push(named);
    }
    if is_library(named) {
        (named, way) = (frame, Vec::new());
    }
    let is_all = finder.counts.of(named) == values;
    let bytes = finder.bytes(if is_all { frame } else { named });
    let ty = type_of(finder.frames.text(named)).to_owned();
    let others = if is_all { Vec::new() } else { others(finder, named, values) };
    let keeps = finder.main_child(named).map(|child| type_of(finder.frames.text(child)).to_owned());
    Element { frame, way, values: finder.counts.of(named), bytes, ty, others, keeps }
}

/// What is beside a frame and of another type, that of most bytes first.
fn others(finder: &Finder<'_>, named: TrieNode, values: u64) -> Vec<Beside> {
    let above = finder.frames.trie.parent(named);
    let beside = above.map_or(&[][..], |above| finder.below_of(above)).iter().filter(|&&node| node != named);
    let told = |&node: &TrieNode| Beside {
        values: finder.counts.of(node),
        bytes: finder.bytes(node),
        ty: type_of(finder.frames.text(node)).to_owned(),
    };
    let mut others: Vec<Beside> = beside.map(told).filter(|other| other.values >= values / WORTH).collect();
    others.sort_by(|a, b| (Reverse(a.bytes), &a.ty).cmp(&(Reverse(b.bytes), &b.ty)));
    others.truncate(KINDS);
    others
}

/// The type that the text of a frame names: `*main.Session` of `[value] *main.Session`, `main.T` of `.val any = main.T ?`.
pub(crate) fn type_of(text: &str) -> &str {
    let text = text.strip_suffix(" ?").unwrap_or(text);
    if let Some((_, is)) = text.rsplit_once(" = ").or_else(|| text.rsplit_once(" in ")) {
        return is;
    }
    place_and_type(text).map_or(text, |(_, ty)| ty)
}

/// The field or place that a text begins with, and the type behind it. A place may have spaces in brackets: `[captured session] *main.T`.
pub(super) fn place_and_type(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(['.', '[']) {
        return None;
    }
    let mut depth = 0;
    let end = text.char_indices().find(|&(_, letter)| {
        depth += i32::from("[{(".contains(letter)) - i32::from("]})".contains(letter));
        letter == ' ' && depth == 0
    });
    end.map(|(at, _)| (&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_frame_tells_its_type() {
        for (text, ty) in [
            ("[value] *main.Session", "*main.Session"),
            (".val any = main.T ?", "main.T"),
            (".next *main.Node", "*main.Node"),
            ("[captured session] *main.T", "*main.T"),
            (".m map[struct { a int }]string", "map[struct { a int }]string"),
            ("*main.T in main.Pool", "main.Pool"),
            ("main.cache", "main.cache"),
            (".alone", ".alone"),
        ] {
            assert_eq!(type_of(text), ty, "{text}");
        }
    }

    #[test]
    fn a_place_ends_outside_of_brackets() {
        assert_eq!(place_and_type("[captured a b] *main.T"), Some(("[captured a b]", "*main.T")));
        assert_eq!(place_and_type(".f(x y) func()"), Some((".f(x y)", "func()")));
        assert_eq!(place_and_type("main.x *main.T"), None, "a variable is no place");
        assert_eq!(place_and_type("[open ] *main.T"), Some(("[open ]", "*main.T")));
        assert_eq!(place_and_type("[never closed *main.T"), None);
    }
}
