//! Whose code the nodes of a heap are.

use foldhash::HashMap;
use goheap_model::Graph;
use goheap_model::names::{Code, code_of_package, code_of_type, package_of};
use goheap_model::{Heap, ObjectId, ObjectType, Part, RootClass, RootKind};
use std::cell::RefCell;

/// Whose objects and roots are, each kind asked once.
///
/// # Overhead
/// A byte a root node and a type, and some 40 a function with closures.
#[derive(Debug, Default)]
pub(crate) struct CodeOf {
    /// By the number of the root node, counted from the first.
    roots: Vec<Code>,
    by_type: RefCell<Vec<Option<Code>>>,
    by_function: RefCell<HashMap<u64, Code>>,
}

impl CodeOf {
    pub(super) fn new(graph: Graph<'_>) -> Self {
        let mut code = CodeOf::default();
        for (node, _) in graph.references().roots().iter() {
            let of_node = code.code_of_root(graph, node);
            code.roots.push(of_node);
        }
        code
    }

    /// Whose a node is.
    pub(super) fn node(&self, graph: Graph<'_>, node: u32) -> Code {
        match graph.object_of(node) {
            Some(object) => self.object(graph.heap(), object.0),
            None => self.roots.get((node - graph.object_count()) as usize).copied().unwrap_or(Code::Nobody),
        }
    }

    /// Whose the type of an object is, or the function of a closure.
    pub(super) fn object(&self, heap: &Heap, object: u32) -> Code {
        let kind: ObjectType = heap.object_types.of(ObjectId(object));
        match kind.part() {
            _ if !kind.is_known() => Code::Nobody,
            Part::Value => {
                let mut by_type = self.by_type.borrow_mut();
                if by_type.len() < heap.types.len() {
                    by_type.resize(heap.types.len(), None);
                }
                *by_type[kind.ty().0 as usize].get_or_insert_with(|| code_of_type(&heap.types.get(kind.ty()).name))
            }
            Part::Closure => {
                let function = heap.closures.function_of(ObjectId(object));
                let name = || heap.closures.name(function).unwrap_or_default();
                *self.by_function.borrow_mut().entry(function).or_insert_with(|| code_of_package(&package_of(name())))
            }
            _ => Code::Nobody,
        }
    }

    /// Frames of variables and functions are of their package; what stands below them is as they are, and so is what stands
    /// in the function that a goroutine began with.
    fn code_of_root(&self, graph: Graph<'_>, node: u32) -> Code {
        let Some(root) = graph.root_node(node) else { return Code::Nobody };
        let above = root.parent.map_or(Code::Nobody, |parent| self.node(graph, parent));
        match root.kind {
            RootKind::All | RootKind::Class(RootClass::Variables | RootClass::Goroutines) => Code::Nobody,
            RootKind::Class(_) => Code::Runtime,
            RootKind::Package(RootClass::Variables, package) => match graph.references().roots().package(package) {
                // Variables without a name: the program was stripped.
                "(no name)" => Code::Own,
                name => code_of_package(name),
            },
            RootKind::Package(..) => Code::Runtime,
            RootKind::GoroutineGroup(_) | RootKind::Goroutine(_) => {
                code_of_package(&package_of(&graph.start_of(node).unwrap_or_default()))
            }
            RootKind::Frame(_) => graph.function(node).map_or(above, |name| code_of_package(&package_of(name))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::{Evidence, HeapBuilder};

    #[test]
    fn objects_are_of_the_package_of_their_type() {
        let mut heap = HeapBuilder::default();
        let kinds = ["main.T", "net/http.conn", "runtime.g", "", "[]main.T"].map(|ty| heap.object(ty, 16));
        let table = heap.part("main.T", 64, Part::Elements, Evidence::Exact);
        let heap = heap.build().unwrap();
        let code = CodeOf::new(Graph::new(&heap).unwrap());
        let of = |object: ObjectId| code.object(&heap, object.0);
        assert_eq!(kinds.map(of), [Code::Own, Code::Library, Code::Runtime, Code::Nobody, Code::Nobody]);
        assert_eq!(of(table), Code::Nobody, "an array is whose what leads to it is");
        assert_eq!(kinds.map(of)[0], Code::Own, "the second time it is known");
    }

    #[test]
    fn goroutines_are_of_the_function_that_they_began_with() {
        let mut heap = HeapBuilder::default();
        let [own, library] = [heap.object("main.T", 16), heap.object("main.T", 16)];
        heap.goroutine(1, "main.serve", &[("own *main.T", own)]);
        heap.goroutine(2, "net/http.(*conn).serve", &[("library *main.T", library)]);
        let heap = heap.build().unwrap();
        let graph = Graph::new(&heap).unwrap();
        let code = CodeOf::new(graph);
        let node = |goroutine| graph.references().roots().node_of(RootKind::Goroutine(goroutine)).unwrap();
        let told = [0, 1].map(|goroutine| code.node(graph, node(goroutine)));
        assert_eq!(told, [Code::Own, Code::Library]);
        let all = graph.references().roots().root();
        assert_eq!(code.node(graph, all), Code::Nobody);
    }
}
