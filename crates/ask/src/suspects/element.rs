//! What the things are that gather.

use super::finder::Finder;
use goheap_graph::TrieNode;
use goheap_model::Heap;

/// Things of one kind that hang on one holder.
pub(super) struct Element {
    pub(super) frame: TrieNode,
    pub(super) values: u64,
    pub(super) bytes: u64,
    pub(super) ty: String,
}

/// Those of a frame. Where the library's types wrap the program's own, as an element of a list does its value, the own are named.
pub(super) fn of_step(heap: &Heap, finder: &Finder<'_>, frame: TrieNode) -> Element {
    let values = finder.counts.of(frame);
    let is_library = |node: TrieNode| heap.is_library_text(finder.frames.text(node)).unwrap_or(true);
    let mut named = frame;
    while is_library(named) {
        let below = finder.main_child(named).filter(|&child| finder.counts.of(child) >= values / 2);
        match below {
            Some(child) => named = child,
            None => break,
        }
    }
    let named = if is_library(named) { frame } else { named };
    Element { frame, values, bytes: finder.bytes(frame), ty: type_of(finder.frames.text(named)).to_owned() }
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
