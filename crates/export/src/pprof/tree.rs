//! A tree of frames as a profile: each frame is a function without a file, and what lies at it is a sample.

use super::text::shown;
use super::writer::{Function, Header, Label, Line, Location, Mapping, ValueType, Writer};
use crate::ExportError;
use foldhash::HashMap;
use goheap_graph::{PathTrie, TrieNode, Weight};
use std::io::Write;

/// Objects of a frame that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePart<'a> {
    /// The frame.
    pub frame: TrieNode,
    /// Their type; empty where it is not known.
    pub ty: &'a str,
    /// How that is known.
    pub evidence: &'a str,
    /// How much they are.
    pub weight: Weight,
}

/// A tree, and what its frames say.
pub struct Tree<'a, 'p> {
    /// The frames.
    pub trie: &'a PathTrie,
    /// The text of a label.
    pub text: &'a dyn Fn(u32) -> &'a str,
    /// The kind of root of a frame of the first level, by its text: the label `root`.
    pub root: &'a dyn Fn(&str) -> &'static str,
    /// Of frames, in their order, what their objects are, all of them together; a frame without any is one sample of all that it has.
    pub parts: &'a mut dyn Iterator<Item = FramePart<'p>>,
    /// The executable.
    pub mapping: Mapping<'a>,
    /// Lines that `go tool pprof -comments` shows.
    pub comments: Vec<String>,
    /// When the process died: nanoseconds since 1970; 0 where that is not known.
    pub time_nanos: i64,
}

/// What lies at the root itself, under no frame.
const NO_FRAME: &str = "(no frame)";

/// Writes the tree. Returns how many samples it has.
///
/// # Errors
/// It could not be written, or holds more than pprof can sum.
pub fn write_tree(tree: Tree<'_, '_>, out: impl Write) -> Result<u64, ExportError> {
    fits(tree.trie)?;
    let value = |what, unit| ValueType { what, unit };
    let header = Header {
        sample_types: vec![value("objects", "count"), value("bytes", "bytes")],
        default_sample_type: "bytes",
        time_nanos: tree.time_nanos,
        comments: tree.comments.iter().map(|comment| shown(comment).into_owned()).collect(),
        ..Header::default()
    };
    let mut writer = Writer::new(out, &header)?;
    let mapping = writer.mapping(&tree.mapping)?;
    let frames = Frames { trie: tree.trie, text: tree.text, mapping, locations: HashMap::default() };
    let mut samples = Samples { writer, frames, path: Vec::new(), count: 0 };
    let mut parts = tree.parts.peekable();
    let mut roots = vec![""; tree.trie.len()];
    for node in tree.trie.nodes() {
        roots[node.index()] = match tree.trie.parent(node) {
            None => "",
            Some(PathTrie::ROOT) => tree.trie.label(node).map_or("", |label| (tree.root)((tree.text)(label))),
            Some(parent) => roots[parent.index()],
        };
        while parts.next_if(|part| part.frame < node).is_some() {}
        let mut own = std::iter::from_fn(|| parts.next_if(|part| part.frame == node));
        samples.of_frame(node, roots[node.index()], &mut own)?;
    }
    samples.writer.finish()?;
    Ok(samples.count)
}

/// Samples as they are written.
struct Samples<'a, W: Write> {
    writer: Writer<W>,
    frames: Frames<'a>,
    path: Vec<u64>,
    count: u64,
}

impl<W: Write> Samples<'_, W> {
    /// What lies at a frame: its parts, and what they leave.
    fn of_frame<'p>(
        &mut self,
        node: TrieNode,
        root: &str,
        parts: &mut dyn Iterator<Item = FramePart<'p>>,
    ) -> Result<(), ExportError> {
        let mut rest = self.frames.trie.own(node);
        if rest == Weight::default() {
            return Ok(());
        }
        self.frames.path(node, &mut self.writer, &mut self.path)?;
        let root = Label::Text("root", root);
        for part in parts {
            let ty = if part.ty.is_empty() { "".into() } else { shown(part.ty) };
            self.add(part.weight, &[root, Label::Text("type", &ty), Label::Text("evidence", part.evidence)])?;
            rest.bytes = rest.bytes.saturating_sub(part.weight.bytes);
            rest.objects = rest.objects.saturating_sub(part.weight.objects);
        }
        if rest == Weight::default() { Ok(()) } else { self.add(rest, &[root]) }
    }

    fn add(&mut self, weight: Weight, labels: &[Label<'_>]) -> Result<(), ExportError> {
        self.count += 1;
        let labels: Vec<Label<'_>> = labels.iter().copied().filter(|label| !is_empty(label)).collect();
        let values = [weight.objects as i64, weight.bytes as i64];
        self.writer.sample(self.path.iter().copied(), &values, &labels)
    }
}

fn is_empty(label: &Label<'_>) -> bool {
    matches!(label, Label::Text(_, ""))
}

/// pprof sums in an int64 and wraps without a word.
fn fits(trie: &PathTrie) -> Result<(), ExportError> {
    let mut total = Weight::default();
    trie.nodes().for_each(|node| total.add(trie.own(node)));
    let most = i64::MAX as u64;
    for (what, found) in [("bytes", total.bytes), ("objects", total.objects)] {
        if found > most {
            return Err(ExportError::TooMany { format: "pprof", what, most, found });
        }
    }
    Ok(())
}

/// Frames as places, one a label.
struct Frames<'a> {
    trie: &'a PathTrie,
    text: &'a dyn Fn(u32) -> &'a str,
    mapping: u64,
    /// By label; None is no frame.
    locations: HashMap<Option<u32>, u64>,
}

impl Frames<'_> {
    /// The places of a frame and those above it.
    fn path(
        &mut self,
        node: TrieNode,
        writer: &mut Writer<impl Write>,
        path: &mut Vec<u64>,
    ) -> Result<(), ExportError> {
        path.clear();
        let up = std::iter::successors(Some(node), |&node| self.trie.parent(node).filter(|&up| up != PathTrie::ROOT));
        for node in up {
            path.push(self.location(self.trie.label(node), writer)?);
        }
        Ok(())
    }

    fn location(&mut self, label: Option<u32>, writer: &mut Writer<impl Write>) -> Result<u64, ExportError> {
        if let Some(&location) = self.locations.get(&label) {
            return Ok(location);
        }
        let name = label.map_or(NO_FRAME.into(), |label| shown((self.text)(label)));
        let function = writer.function(&Function { name: &name, ..Function::default() })?;
        let lines = &[Line { function, line: 0 }];
        let location = writer.location(&Location { mapping: self.mapping, lines, ..Location::default() })?;
        self.locations.insert(label, location);
        Ok(location)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    fn written(
        trie: &PathTrie,
        text: &dyn Fn(u32) -> &'static str,
        parts: &[FramePart<'_>],
    ) -> Result<(u64, Vec<u8>), ExportError> {
        let mut out = Vec::new();
        let tree = Tree {
            trie,
            text: &|label| text(label),
            root: &|_| "variables",
            parts: &mut parts.iter().copied(),
            mapping: Mapping::default(),
            comments: Vec::new(),
            time_nanos: 0,
        };
        let samples = write_tree(tree, &mut out)?;
        let mut plain = Vec::new();
        GzDecoder::new(&*out).read_to_end(&mut plain).unwrap();
        Ok((samples, plain))
    }

    fn holds(plain: &[u8], part: &[u8]) -> bool {
        plain.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn parts_of_a_frame_and_what_they_leave_are_samples() {
        let mut trie = PathTrie::new();
        let top = trie.child(PathTrie::ROOT, 0);
        let below = trie.child(top, 1);
        trie.add(below, 100, 4);
        trie.add(PathTrie::ROOT, 1, 1);
        let weight = Weight { bytes: 60, objects: 3 };
        let parts = [FramePart { frame: below, ty: "main.T", evidence: "exact", weight }];
        let (samples, plain) = written(&trie, &|label| ["a", "b\n<c>"][label as usize], &parts).unwrap();
        assert_eq!(samples, 3);
        for text in ["b\\n<c>", "main.T", "exact", "variables", NO_FRAME] {
            assert!(holds(&plain, text.as_bytes()), "{text}");
        }
        // Location 3 is below 2; locations 1 is that of no frame.
        assert!(holds(&plain, &[10, 2, 2, 3, 18, 2, 3, 60]) && holds(&plain, &[10, 2, 2, 3, 18, 2, 1, 40]));
    }

    #[test]
    fn what_pprof_cannot_sum_is_refused() {
        let mut trie = PathTrie::new();
        let top = trie.child(PathTrie::ROOT, 0);
        trie.add(top, i64::MAX as u64, 1);
        assert!(written(&trie, &|_| "a", &[]).is_ok());
        trie.add(PathTrie::ROOT, 1, 1);
        let refused = written(&trie, &|_| "a", &[]);
        assert!(matches!(refused, Err(ExportError::TooMany { what: "bytes", .. })));
    }
}
