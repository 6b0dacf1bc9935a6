//! Whose code a type, function or variable is: the program's own, a library's, the runtime's.

use super::{is_standard, package_of};

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
pub fn code_of_package(package: &str) -> Code {
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
pub fn code_of_type(name: &str) -> Code {
    const COMPOSED: [&str; 8] = ["*", "[", "map[", "chan ", "chan<-", "<-chan", "func(", "struct {"];
    let is_composed = COMPOSED.iter().any(|start| name.starts_with(start)) || name.starts_with("interface {");
    if is_composed { Code::Nobody } else { code_of_package(&package_of(name)) }
}

/// Whose the first named type is in the name of one that is composed of others; [`Code::Nobody`] where there is none.
pub fn code_of_parts(name: &str) -> Code {
    let is_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '/' | '_' | '-');
    let named = name.split(|letter| !is_path(letter)).find(|part| part.contains('.') && !part.starts_with('.'));
    named.map_or(Code::Nobody, |part| code_of_package(&package_of(part)))
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
}
