//! The dominator tree as a profile that pprof reads.

use crate::{Error, Heap};
use foldhash::HashMap;
use goheap_ask::{FrameObjects, frame_at, frame_objects};
use goheap_export::ExportError;
use goheap_export::pprof::{FramePart, Mapping, Tree, write_tree};
use goheap_graph::PathTrie;
use goheap_heap::TopFrame;
use goheap_model::{Evidence, ObjectType, Part};
use std::io::Write;

/// A tree of frames as a profile.
pub struct FrameProfile<'a> {
    /// The heap.
    pub heap: &'a goheap_model::Heap,
    /// The frames.
    pub trie: &'a PathTrie,
    /// The text of a label of theirs.
    pub text: &'a dyn Fn(u32) -> &'a str,
    /// Of which types the objects of each are.
    pub parts: &'a [FrameObjects],
    /// The file of the program, and its build id.
    pub file: (&'a str, &'a str),
    /// What is said beside it.
    pub comments: Vec<String>,
    /// When it was, in nanoseconds since 1970; 0 where that is not known.
    pub time_nanos: i64,
}

/// What a profile of a dominator tree says of itself.
pub const WHO_RETAINS: &str = "goheap: each object once, below what retains it. A frame is a variable, field or element with its type; cum is what would \
                               be freed if its objects went.";

impl FrameProfile<'_> {
    /// Writes it, compressed; how many samples it has.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn write(self, out: impl Write) -> Result<u64, ExportError> {
        let texts = texts(self.heap, self.parts);
        let mut parts = self.parts.iter().map(|part| FramePart {
            frame: part.frame,
            ty: texts.get(&part.object.with_evidence(Evidence::Exact)).map_or("", |text| text),
            evidence: part.object.evidence().name(),
            weight: part.weight,
        });
        let (file, build_id) = self.file;
        let tree = Tree {
            trie: self.trie,
            text: &|label| (self.text)(label),
            root: &root_class,
            parts: &mut parts,
            mapping: Mapping { file, build_id, is_told: true, ..Mapping::default() },
            comments: self.comments,
            time_nanos: self.time_nanos,
        };
        write_tree(tree, out)
    }
}

impl Heap {
    /// Writes the dominator tree as a profile that `go tool pprof` reads: who retains what. How many samples it has.
    ///
    /// ```
    /// # let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.core.zst");
    /// # let executable = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cores/1.26/structures.zst");
    /// # let options = goheap::Options::default().executable(executable);
    /// let heap = goheap::open(core, &options.places(true))?;
    /// let mut profile = Vec::new();
    /// let samples = heap.write_pprof(&mut profile)?;
    /// assert!(samples > 0 && profile.starts_with(&[0x1f, 0x8b]), "gzip");
    /// # Ok::<(), goheap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotRead`] without [`Options::places`](crate::Options::places), [`Error::Export`] of what cannot be written, and
    /// [`Error::Refused`].
    pub fn write_pprof(&self, out: impl Write) -> Result<u64, Error> {
        let (frames, places) = (self.frames()?, self.places()?);
        let parts = frame_objects(self.data(), |id| frame_at(&places.frames, id), self.observer())?;
        let origin = &self.beside().origin;
        let doubts =
            self.diagnostics().iter().filter(|one| one.is_serious).map(|one| format!("{} {}", one.count, one.text));
        let profile = FrameProfile {
            heap: self.data(),
            trie: &frames.trie,
            text: &|label| frames.label_text(label),
            parts: &parts,
            file: (&origin.executable, &origin.build_id),
            comments: std::iter::once(WHO_RETAINS.to_owned()).chain(doubts).collect(),
            time_nanos: origin.time_nanos,
        };
        Ok(profile.write(out)?)
    }
}

/// What types are called, by what their objects are.
fn texts(heap: &goheap_model::Heap, parts: &[FrameObjects]) -> HashMap<ObjectType, String> {
    let mut texts = HashMap::default();
    for part in parts.iter().filter(|part| part.object.is_known()) {
        let text = || match part.object.part() {
            // Functions of one type are not told apart.
            Part::Closure => heap.short_name(&heap.types.get(part.object.ty()).name).into_owned(),
            _ => heap.short_name(&heap.family_text(heap.objects.slot(part.example))).into_owned(),
        };
        texts.entry(part.object.with_evidence(Evidence::Exact)).or_insert_with(text);
    }
    texts
}

/// The class of root of a frame of the first level.
fn root_class(text: &str) -> &'static str {
    match TopFrame::of(text) {
        TopFrame::Root(class) => class.name(),
        TopFrame::Several => "several",
        TopFrame::NotKnown => "not known to be reachable",
        TopFrame::Unreachable => "unreachable",
    }
}
