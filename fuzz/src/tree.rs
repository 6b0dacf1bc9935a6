//! A tree of frames and rows of cells out of the fuzzer's bytes.

use crate::Cursor;
use goheap_report::FlameTree;
use serde_json::{Map, Value};

/// JSON readers stop at a nesting of 128, of which a frame takes two.
const MAX_DEPTH: usize = 50;

/// What the formats get.
pub struct Input {
    /// The tree. Its parents may be wrong.
    pub tree: FlameTree,
    /// A title.
    pub title: String,
    /// The least width of a frame.
    pub percent: f64,
}

/// Reads frames up to the end.
pub fn read(input: &[u8]) -> Input {
    let mut input = Cursor::new(input);
    let (title, percent) = (input.text(), f64::from(input.byte()) / 64.0);
    let mut tree = FlameTree::default();
    let mut depths: Vec<usize> = Vec::new();
    while !input.is_empty() {
        let (choice, label) = (input.byte(), input.text());
        let own = if choice & 0x40 == 0 { u64::from(input.half()) } else { input.word() };
        let parent = (choice & 0x80 == 0).then_some(u32::from(choice & 0x3f));
        let depth = parent.and_then(|parent| depths.get(parent as usize)).map_or(0, |above| above + 1);
        if depth < MAX_DEPTH {
            depths.push(depth);
            tree.push(parent, label, own, own / 8).expect("few frames");
        }
    }
    Input { tree, title, percent }
}

/// Members that stand beside the tree.
pub fn meta(title: &str) -> Map<String, Value> {
    ["title", title].into_iter().map(|key| (key.to_owned(), Value::String(title.to_owned()))).collect()
}
