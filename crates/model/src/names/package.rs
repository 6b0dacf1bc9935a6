//! The package that a type or function belongs to, by its name as Go writes it.

use std::borrow::Cow;

/// Of what is made of predeclared types alone.
pub const BUILTIN: &str = "(builtin)";

/// Names deeper than this in brackets are taken for builtin: a hostile name must not cost a stack.
const MAX_DEPTH: u32 = 64;

/// The package of the type or function `name`: `net/http` of `net/http.Header`, `main` of `[]*main.Item` and of
/// `main.List[net/http.Header]`, that of the value, else of the key, of a map; [`BUILTIN`] of what has none.
pub fn package_of(name: &str) -> Cow<'_, str> {
    match find(name, MAX_DEPTH) {
        // The linker writes dots of a path's last element so (cmd/internal/objabi.PathToPrefix).
        Some(package) if package.contains("%2e") => Cow::Owned(package.replace("%2e", ".")),
        Some(package) => Cow::Borrowed(package),
        None => Cow::Borrowed(BUILTIN),
    }
}

fn find(name: &str, depth: u32) -> Option<&str> {
    let depth = depth.checked_sub(1)?;
    let mut rest = name;
    // What a type is composed of before its element, and prefixes of the compiler's own.
    const BEFORE: [&str; 7] = ["*", "chan<- ", "<-chan ", "chan ", "go.shape.", "noalg.", "[]"];
    loop {
        rest = rest.trim_start();
        if let Some(after) = BEFORE.iter().find_map(|before| rest.strip_prefix(before)) {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            rest = &after[after.find(']')? + 1..];
        } else {
            break;
        }
    }
    for map in ["map[", "map.group[", "map.bucket["] {
        if let Some(inside) = rest.strip_prefix(map) {
            let end = closing(inside)?;
            return find(&inside[end + 1..], depth).or_else(|| find(&inside[..end], depth));
        }
    }
    first_qualified(rest)
}

/// Where the bracket closes that was opened before `inside`.
fn closing(inside: &str) -> Option<usize> {
    let mut open = 1_u32;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'[' => open = open.saturating_add(1),
            b']' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// The package of the first name with one; strings, which are tags of fields, hold none.
fn first_qualified(text: &str) -> Option<&str> {
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        if let Some(package) = qualifier(word) {
            return Some(package);
        }
        let is_string = after.starts_with('"');
        rest = match after.chars().next() {
            Some(_) if is_string => &after[string_end(after)..],
            Some(other) => &after[other.len_utf8()..],
            None => after,
        };
    }
    None
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | '~' | '%' | '·' | '+')
}

/// `net/http` of `net/http.Header`, and of `net/http.`, with which the name of a method begins.
fn qualifier(word: &str) -> Option<&str> {
    let last = word.rfind('/').map_or(0, |slash| slash + 1);
    let dot = last + word[last..].find('.')?;
    Some(&word[..dot]).filter(|package| package.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The bytes of the quoted string that `text` begins with.
fn string_end(text: &str) -> usize {
    let mut is_escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_those_of_the_named_type() {
        for (name, package) in [
            ("net/http.Header", "net/http"),
            ("[]*main.Item", "main"),
            ("[16]main.Item", "main"),
            ("main.List[net/http.Header]", "main"),
            ("main.List[go.shape.struct { A net/http.Header }]", "main"),
            ("map[string]*net/http.Request", "net/http"),
            ("map[main.Key]int", "main"),
            ("map[[2]main.Key][]string", "main"),
            ("map[net/url.URL]main.Page", "main"),
            ("chan<- chan main.Item", "main"),
            ("gopkg.in/yaml%2ev3.Node", "gopkg.in/yaml.v3"),
            ("github.com/a-b/c.d.T", "github.com/a-b/c"),
            ("net/http.(*Server).Serve.func1", "net/http"),
            ("main.main.func2", "main"),
            ("func(context.Context, string) error", "context"),
            ("struct { A int \"json:\\\"x.y\\\"\"; B *main.T }", "main"),
            ("noalg.map.group[string]*main.Item", "main"),
            ("internal/runtime/maps.Map", "internal/runtime/maps"),
            ("go.shape.*uint8", BUILTIN),
            ("go.shape.struct { F main.T }", "main"),
            ("struct { A int \"json:\\\"x.y\\\"\" }", BUILTIN),
            ("map[string][]uint8", BUILTIN),
            ("func(...int) error", BUILTIN),
            ("interface { Error() string }", BUILTIN),
            ("error", BUILTIN),
            ("unsafe.Pointer", "unsafe"),
            ("", BUILTIN),
            ("map[", BUILTIN),
            ("[", BUILTIN),
            ("[é.x", BUILTIN),
            ("\"", BUILTIN),
        ] {
            assert_eq!(package_of(name), package, "{name}");
        }
        assert_eq!(package_of(&"map[".repeat(100_000)), BUILTIN);
        assert_eq!(package_of(&"map[a]".repeat(100_000)), BUILTIN);
    }
}
