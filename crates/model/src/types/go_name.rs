//! Type names as Go writes them. The compiler's names for the linker, which DWARF has, differ: unexported fields of struct types
//! without a name are qualified by the package, types that need no hash function are marked by `noalg.`, and those declared in a
//! function are numbered (`main.T·3`).

use std::borrow::Cow;

/// The name without what only the linker needs.
pub(super) fn go_name(name: &str) -> Cow<'_, str> {
    let name = if name.contains("noalg.") { Cow::Owned(name.replace("noalg.", "")) } else { Cow::Borrowed(name) };
    let name = if name.contains('·') { Cow::Owned(without_numbers(&name)) } else { name };
    if name.contains("struct {") { Cow::Owned(with_plain_fields(&name)) } else { name }
}

fn without_numbers(name: &str) -> String {
    let mut parts = name.split('·');
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |name, part| name + part.trim_start_matches(|char: char| char.is_ascii_digit()))
}

/// Cuts the package off the names of fields in every `struct { … }` of the name.
fn with_plain_fields(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    // For each open brace whether it is a struct's.
    let mut braces: Vec<bool> = Vec::new();
    let mut rest = name;
    while let Some(char) = rest.chars().next() {
        let len = match char {
            '"' => quoted_len(rest),
            _ => char.len_utf8(),
        };
        let (piece, after) = rest.split_at(len);
        out.push_str(piece);
        rest = after;
        match char {
            '{' => braces.push(out.ends_with("struct {")),
            '}' => drop(braces.pop()),
            ' ' if braces.last() == Some(&true) && (out.ends_with("{ ") || out.ends_with("; ")) => {
                rest = &rest[qualifier_len(rest)..];
            }
            _ => {}
        }
    }
    out
}

/// Bytes of a field's qualifier: up to the last dot of a name that a type follows.
fn qualifier_len(field: &str) -> usize {
    let name = field.split([' ', ';']).next().unwrap_or("");
    let has_type = field[name.len()..].starts_with(' ') && !field[name.len()..].starts_with(" }");
    let is_name = name.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '/' | '-' | '%' | '~'));
    if has_type && is_name { name.rfind('.').map_or(0, |dot| dot + 1) } else { 0 }
}

/// Bytes of a quoted field tag, both quotes included.
fn quoted_len(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::go_name;

    #[test]
    fn fields_lose_their_package() {
        let cases = [
            ("struct { iter.v go.shape.int; iter.ok bool }", "struct { v go.shape.int; ok bool }"),
            (
                "*struct { sync.f func() interface { main.m() }; X []struct { a/b.c int } }",
                "*struct { f func() interface { main.m() }; X []struct { c int } }",
            ),
            (
                "struct { main.a int \"json:\\\"; x.y z\\\"\"; main.b int }",
                "struct { a int \"json:\\\"; x.y z\\\"\"; b int }",
            ),
            ("noalg.map.group[string]struct {}", "map.group[string]struct {}"),
            ("struct { F uintptr; X0 main.T }", "struct { F uintptr; X0 main.T }"),
            ("*main.T·3", "*main.T"),
            ("map[main.K·1]main.T", "map[main.K]main.T"),
        ];
        for (dwarf, go) in cases {
            assert_eq!(go_name(dwarf), go);
        }
    }
}
