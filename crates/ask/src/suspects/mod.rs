//! Suspects: where so much of the heap gathers that it is worth a look.
//!
//! Asked of the dominator tree as frames ([`DominatorFrames`]), where what is held alike is one frame and a frame knows how many values it
//! is. Eclipse MAT looks for the object at which the retained size falls most from it to each of those below. Here that is where values
//! become many: a map with its entries, a slice with its elements, a list, goroutines of one stack.

mod counts;
mod element;
mod finder;
mod holder;
mod kind;
mod merging;
mod served;
mod shared;
#[cfg(test)]
mod tests;
mod timers;

pub(crate) use element::type_of;
pub(crate) use holder::{is_grouping, text as holder_text, way};
pub use kind::{SuspectKind, is_closure_text};
pub use served::joined_suspects;
pub use shared::{HeldAtOnce, held_at_once};

use finder::Finder;
use foldhash::{HashMap, HashSet};
use goheap_graph::{TrieNode, Weight};
use goheap_model::{DominatorFrames, Extent, Heap, MapRoom, ObjectId, RootKind, TypeId};
use serde::Serialize;
use std::cmp::{Ordering, Reverse};

/// Something that retains much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Suspect {
    /// What kind of leak it looks like, if it is one.
    pub kind: SuspectKind,
    /// What would be freed if it went.
    pub retained: Weight,
    /// The variable, goroutines or object that holds it with the fields on the way: `main.cache.entries`.
    pub holder: String,
    /// The frames from the root to the holder, without what roots are grouped by.
    pub path: Vec<String>,
    /// What hangs there in numbers; None where it is one large thing.
    pub gathered: Option<Gathered>,
    /// How many the holder itself is: goroutines of one stack, objects that are held alike.
    pub holders: u64,
    /// The root above it.
    pub root: SuspectRoot,
    /// What of `retained` is referred to; None where that is not known.
    pub extent: Option<Extent>,
    /// Entries and slots of the maps that the holder is.
    pub maps: Option<MapRoom>,
    /// Names of the program's own by which its code can be searched: packages, types, variables, functions.
    pub keywords: Vec<String>,
    /// What comes and goes with what gathers, and is told as one with it: of connections, the goroutines that serve them and their buffers.
    pub with: Vec<Beside>,
    /// The frames that make it up, each with all below it.
    #[serde(skip)]
    pub parts: Vec<TrieNode>,
}

/// Many things of a kind below one holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gathered {
    /// How many.
    pub values: u64,
    /// What they retain.
    pub bytes: u64,
    /// What they are: their type as frames have it, of the program's own where those of the library wrap such.
    pub ty: String,
    /// The same with the whole names of packages.
    pub whole_type: String,
    /// The frame in which they hang on the holder.
    pub step: String,
    /// What else hangs there: of several kinds that the library wraps alike, those that retain less.
    pub others: Vec<Beside>,
    /// The type of most of what they keep, as frames have it.
    pub keeps: Option<String>,
}

/// Things of another kind beside those that gather.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// How many.
    pub values: u64,
    /// What they retain.
    pub bytes: u64,
    /// What they are.
    pub ty: String,
}

/// What kind of root a suspect hangs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspectRoot {
    /// A variable.
    Variable,
    /// Goroutines of one stack.
    Goroutines,
    /// The runtime's records.
    Other,
    /// Several, none of which alone holds it.
    #[default]
    Several,
}

impl Suspect {
    /// The group of goroutines that it is.
    pub fn goroutine_group(&self, frames: &DominatorFrames) -> Option<u32> {
        match frames.roots.get(self.parts.first()?)?.kind {
            RootKind::GoroutineGroup(group) => Some(group),
            _ => None,
        }
    }

    /// The objects whose birth was sampled and that it retains, ascending.
    pub fn sampled(&self, frames: &DominatorFrames) -> Vec<ObjectId> {
        let parts: HashSet<TrieNode> = self.parts.iter().copied().collect();
        let is_part = |node: TrieNode| {
            std::iter::successors(Some(node), |&node| frames.trie.parent(node)).any(|node| parts.contains(&node))
        };
        let mut known: HashMap<TrieNode, bool> = HashMap::default();
        let mut is_part = |node: TrieNode| *known.entry(node).or_insert_with(|| is_part(node));
        frames.sampled.iter().filter(|(_, node)| is_part(*node)).map(|&(object, _)| object).collect()
    }
}

impl SuspectRoot {
    /// What scripts know it by.
    pub fn name(self) -> &'static str {
        match self {
            SuspectRoot::Variable => "variable",
            SuspectRoot::Goroutines => "goroutines",
            SuspectRoot::Other => "other",
            SuspectRoot::Several => "several",
        }
    }
}

/// Those that retain at least so many bytes, the most first; [`joined_suspects`] tells more of connections.
pub fn suspects(heap: &Heap, frames: &DominatorFrames, least: u64) -> Vec<Suspect> {
    let finder = Finder::new(heap, frames, least.max(1));
    let mut found: Vec<Suspect> =
        timers::joined(&finder, finder.find()).into_iter().map(|found| suspect(heap, &finder, found)).collect();
    name_whole(heap, &mut found);
    found.sort_by(by_bytes);
    found
}

/// The most first.
fn by_bytes(a: &Suspect, b: &Suspect) -> Ordering {
    (Reverse(a.retained.bytes), &a.holder).cmp(&(Reverse(b.retained.bytes), &b.holder))
}

/// Types are keys for scripts: frames have them short.
fn name_whole(heap: &Heap, found: &mut [Suspect]) {
    let mut gathered: Vec<&mut Gathered> = found.iter_mut().filter_map(|suspect| suspect.gathered.as_mut()).collect();
    for index in 0..heap.types.len() {
        let whole = &*heap.types.get(TypeId(index as u32)).name;
        let short = heap.short_name(whole);
        if short == whole {
            continue;
        }
        for one in gathered.iter_mut().filter(|one| one.ty.trim_start_matches(['*', '[', ']']) == short) {
            one.whole_type = one.ty.replacen(&*short, whole, 1);
        }
    }
}

fn suspect(heap: &Heap, finder: &Finder<'_>, found: finder::Found) -> Suspect {
    let frames = finder.frames;
    let way = holder::way(frames, found.frame);
    let texts: Vec<String> = way.iter().map(|&node| frames.text(node).to_owned()).collect();
    let gathered = found.gathered.map(|gathered| Gathered {
        values: gathered.values,
        bytes: gathered.bytes,
        whole_type: gathered.ty.clone(),
        ty: gathered.ty,
        step: frames.text(gathered.frame).to_owned(),
        others: gathered.others,
        keeps: gathered.keeps,
    });
    let facts = frames.facts.as_ref();
    let named =
        texts.iter().map(String::as_str).chain(gathered.iter().flat_map(|gathered| [&*gathered.step, &*gathered.ty]));
    let suspect = Suspect {
        kind: SuspectKind::default(),
        retained: found.retained,
        holder: holder::text(heap, frames, &way),
        keywords: holder::keywords(heap, named),
        root: root(frames, &way),
        holders: finder.counts.of(found.frame),
        extent: finder.extent(&found.parts),
        maps: facts.and_then(|facts| facts.maps(found.frame)),
        with: Vec::new(),
        path: texts,
        gathered,
        parts: found.parts,
    };
    Suspect { kind: kind::kind_of(&suspect), ..suspect }
}

/// The root above the frames that lead to a holder.
pub(crate) fn root(frames: &DominatorFrames, way: &[TrieNode]) -> SuspectRoot {
    use goheap_model::RootClass::{Emptied, Goroutines, Other, Runtime, Variables};
    let Some(&top) = way.first() else { return SuspectRoot::Several };
    if !frames.is_root(top) {
        return SuspectRoot::Several;
    }
    let above = std::iter::successors(Some(top), |&node| frames.trie.parent(node));
    let class = above.filter_map(|node| match frames.roots.get(&node)?.kind {
        RootKind::Class(class) => Some(class),
        _ => None,
    });
    match class.last() {
        Some(Variables | Runtime) => SuspectRoot::Variable,
        Some(Goroutines) => SuspectRoot::Goroutines,
        Some(Other | Emptied) => SuspectRoot::Other,
        None => SuspectRoot::Several,
    }
}
