//! Whose code a type, function or variable is: the program's own, a library's, the runtime's.

use crate::references::ReferenceGraph;
use crate::snapshot::HeapSnapshot;
use goheap_image::Address;
use goheap_model::names::is_standard;
use goheap_model::names::package_of;
use goheap_model::{ObjectType, Part, RootClass, RootKind};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The program's: its main module's and its dependencies', or, of Go's own commands, `cmd/...`.
    Own,
    /// The standard library's.
    Library,
    /// The runtime's.
    Runtime,
    /// Of no package: arrays, maps, channels, strings, pointers and what else types are composed of; and what has no type.
    Nobody,
}

/// Whose a package is, by its import path; [`Code::Nobody`] of what has none.
pub(crate) fn code_of_package(package: &str) -> Code {
    let is_in = |path: &str| package.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let first = package.split('/').next().unwrap_or_default();
    if package.is_empty() || package.starts_with('(') {
        Code::Nobody
    } else if package == "runtime" || is_in("runtime/internal") || is_in("internal/runtime") {
        // Others below `runtime/` are libraries, in whose variables programs put their data: cgo's handles.
        Code::Runtime
    } else if is_standard(first) {
        Code::Library
    } else {
        Code::Own
    }
}

/// Whose a named type is; [`Code::Nobody`] of what is composed of others.
fn code_of_type(name: &str) -> Code {
    const COMPOSED: [&str; 8] = ["*", "[", "map[", "chan ", "chan<-", "<-chan", "func(", "struct {"];
    let is_composed = COMPOSED.iter().any(|start| name.starts_with(start)) || name.starts_with("interface {");
    if is_composed { Code::Nobody } else { code_of_package(&package_of(name)) }
}

/// Whose the first named type is in the name of one that is composed of others; [`Code::Nobody`] where there is none.
pub(super) fn code_of_parts(name: &str) -> Code {
    let is_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '/' | '_' | '-');
    let named = name.split(|letter| !is_path(letter)).find(|part| part.contains('.') && !part.starts_with('.'));
    named.map_or(Code::Nobody, |part| code_of_package(&package_of(part)))
}

/// Whose objects and roots are, each kind asked once.
///
/// # Overhead
/// A byte a root node and a type, and some 40 a function with closures.
#[derive(Debug, Default)]
pub(crate) struct CodeOf {
    /// By the number of the root node, counted from the first.
    roots: Vec<Code>,
    by_type: RefCell<Vec<Option<Code>>>,
    by_function: RefCell<FxHashMap<u64, Code>>,
}

impl CodeOf {
    pub(super) fn new(graph: &ReferenceGraph<'_, '_, '_>) -> Self {
        let mut code = CodeOf::default();
        for (node, _) in graph.root_nodes() {
            let of_node = code.code_of_root(graph, node);
            code.roots.push(of_node);
        }
        code
    }

    /// Whose a node is.
    pub(super) fn node(&self, graph: &ReferenceGraph<'_, '_, '_>, node: u32) -> Code {
        match graph.object_of(node) {
            Some(object) => self.object(graph.snapshot(), object.0),
            None => self.roots.get((node - graph.object_count()) as usize).copied().unwrap_or(Code::Nobody),
        }
    }

    /// Whose the type of an object is, or the function of a closure.
    pub(super) fn object(&self, snapshot: &HeapSnapshot<'_, '_>, object: u32) -> Code {
        let kind: ObjectType = snapshot.object_types[object as usize];
        match kind.part() {
            _ if !kind.is_known() => Code::Nobody,
            Part::Value => {
                let mut by_type = self.by_type.borrow_mut();
                if by_type.len() < snapshot.types.len() {
                    by_type.resize(snapshot.types.len(), None);
                }
                *by_type[kind.ty().0 as usize].get_or_insert_with(|| code_of_type(&snapshot.types.get(kind.ty()).name))
            }
            Part::Closure => {
                let slot = snapshot.objects.slot(goheap_model::ObjectId(object));
                let function = snapshot.model.memory().read_u64(Address(snapshot.objects.payload(slot).0)).unwrap_or(0);
                let name = || snapshot.model.function_name(function).unwrap_or_default();
                *self.by_function.borrow_mut().entry(function).or_insert_with(|| code_of_package(&package_of(&name())))
            }
            _ => Code::Nobody,
        }
    }

    /// Frames of variables and functions are of their package; what stands below them is as they are, and so is what stands
    /// in the function that a goroutine began with.
    fn code_of_root(&self, graph: &ReferenceGraph<'_, '_, '_>, node: u32) -> Code {
        let Some(root) = graph.root_node(node) else { return Code::Nobody };
        let above = root.parent.map_or(Code::Nobody, |parent| self.node(graph, parent));
        match root.kind {
            RootKind::All | RootKind::Class(RootClass::Variables | RootClass::Goroutines) => Code::Nobody,
            RootKind::Class(_) => Code::Runtime,
            RootKind::Package(RootClass::Variables, package) => match graph.package_name(package) {
                // Variables without a name: the program was stripped.
                "(no name)" => Code::Own,
                name => code_of_package(name),
            },
            RootKind::Package(..) => Code::Runtime,
            RootKind::GoroutineGroup(_) | RootKind::Goroutine(_) => {
                code_of_package(&package_of(&graph.start_of(node).unwrap_or_default()))
            }
            RootKind::Frame(frame) => match graph.snapshot().frame_text(frame) {
                Some(text) if is_function(text) && is_on_stack(graph, root.parent) => {
                    code_of_package(&package_of(text))
                }
                _ => above,
            },
        }
    }
}

/// True for the frame of a function: unlike variables it has a package and no type behind it.
pub(super) fn is_function(text: &str) -> bool {
    let name = text.strip_suffix(" (inlined)").unwrap_or(text);
    name.contains('.') && !name.contains(' ') && !name.starts_with(['[', '.', '=', '?'])
}

fn is_on_stack(graph: &ReferenceGraph<'_, '_, '_>, parent: Option<u32>) -> bool {
    let up = std::iter::successors(parent, |&node| graph.root_node(node)?.parent);
    up.filter_map(|node| graph.root_node(node)).any(|root| matches!(root.kind, RootKind::Goroutine(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_the_programs_the_librarys_or_the_runtimes() {
        for (package, code) in [
            ("main", Code::Own),
            ("github.com/a/b", Code::Own),
            ("golang.org/x/net/http2", Code::Own),
            ("cmd/compile/internal/ir", Code::Own),
            ("fixtures/truth", Code::Own),
            ("net/http", Code::Library),
            ("vendor/golang.org/x/net/dns", Code::Library),
            ("internal/abi", Code::Library),
            ("runtime", Code::Runtime),
            ("runtime/pprof", Code::Library),
            ("runtime/cgo", Code::Library),
            ("runtime/internal/atomic", Code::Runtime),
            ("internal/runtime/maps", Code::Runtime),
            ("runtimes/x", Code::Own),
            ("(builtin)", Code::Nobody),
            ("", Code::Nobody),
        ] {
            assert_eq!(code_of_package(package), code, "{package}");
        }
        for (name, code) in [
            ("main.Item", Code::Own),
            ("main.List[net/http.Header]", Code::Own),
            ("*main.Item", Code::Nobody),
            ("[]main.Item", Code::Nobody),
            ("map[main.Key]int", Code::Nobody),
            ("struct { a main.T }", Code::Nobody),
            ("container/list.List", Code::Library),
            ("sync/atomic.Pointer[main.T]", Code::Library),
            ("uint8", Code::Nobody),
        ] {
            assert_eq!(code_of_type(name), code, "{name}");
        }
    }

    #[test]
    fn composed_types_are_of_what_they_are_composed_of() {
        for (name, code) in [
            ("[...]*main.Item", Code::Own),
            ("map[string]net/http.muxEntry groups", Code::Library),
            ("[2]*runtime.p", Code::Runtime),
            ("[...]uint8", Code::Nobody),
            ("[...]github.com/a/b-c.T", Code::Own),
        ] {
            assert_eq!(code_of_parts(name), code, "{name}");
        }
    }

    #[test]
    fn functions_are_told_from_variables() {
        assert!(["main.work", "net/http.(*conn).serve", "main.f (inlined)"].iter().all(|text| is_function(text)));
        assert!(!["order *main.Order", "x", "[fp-48]", ".f main.T", "= main.T"].iter().any(|text| is_function(text)));
    }
}
