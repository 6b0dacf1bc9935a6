//! The references of single objects by their words.

use goheap_model::{Graph, ObjectId, TypeId};

/// Bytes of a word.
const WORD: u64 = 8;

/// Types of the runtime's own records of which the graph gives some references to goroutines: it turns these to the record itself.
const RECORDS: [&str; 2] = ["runtime.g", "runtime.sudog"];

/// The references of the objects of a graph.
#[derive(Debug)]
pub(crate) struct WordReferences<'h> {
    graph: Graph<'h>,
    records: Vec<TypeId>,
}

impl<'h> WordReferences<'h> {
    /// Of a graph.
    pub(crate) fn new(graph: Graph<'h>) -> Self {
        let types = &graph.heap().types;
        WordReferences { graph, records: RECORDS.iter().filter_map(|name| types.by_name(name)).collect() }
    }

    /// Of an object: bytes from its slot's start to each word, in order, and the number of the object that it leads to. Of a graph
    /// without words they are taken to stand in a row.
    pub(crate) fn of(&self, id: ObjectId) -> impl Iterator<Item = (u64, u32)> + '_ {
        let edges = self.graph.edges();
        let (targets, tags) = (edges.targets(id.0), edges.tags(id.0));
        let kind = self.graph.heap().object_types.of(id);
        let is_record = kind.is_known() && self.records.contains(&kind.ty());
        let words = targets.iter().enumerate().map(move |(place, &to)| {
            let word = tags.and_then(|tags| tags.get(place)).map_or(place as u64, |&word| u64::from(word));
            (word * WORD, to)
        });
        words.filter(move |&(_, to)| !(is_record && to == id.0))
    }
}
