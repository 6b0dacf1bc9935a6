//! How fields and their types read.

use std::borrow::Cow;

/// The path of a captured variable: `[captured x].f` for `.x.f` of a closure.
pub fn captured_path(path: &str) -> String {
    let path = path.strip_prefix('.').unwrap_or(path);
    let (name, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
    format!("[captured {name}]{rest}")
}

/// The variable or field with which a frame's text begins, without its type. Without DWARF a variable may be told by its type and place:
/// `sync.Pool at bss+0x6e00`.
pub fn name_in_text(text: &str) -> &str {
    match text.split_once(' ') {
        Some((name, rest)) if !rest.starts_with("at ") => name,
        _ => text,
    }
}

/// A type's name, short of what no frame has room for: the fields and methods of types without a name.
pub fn elided(name: &str) -> Cow<'_, str> {
    let mut text = String::new();
    let mut rest = name;
    while let Some(open) = rest.find(" {").map(|space| space + 2) {
        let inside = &rest[open..];
        let mut depth = 1_u32;
        let close = inside.find(|letter| {
            depth = match letter {
                '{' => depth + 1,
                '}' => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        let Some(close) = close else { break };
        text.push_str(&rest[..open]);
        text.push_str(if close == 0 { "" } else { "…" });
        rest = &inside[close..];
    }
    if text.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(text + rest) }
}

/// The function of a closure as frames tell it with the variables that it captured: `main.run.func1` of `main.run.func1{job, done}`; None of
/// types that have braces of their own.
pub fn closure_function(text: &str) -> Option<&str> {
    let (function, _) = text.strip_suffix('}')?.split_once('{')?;
    let is_name = function.ends_with(|last: char| last.is_alphanumeric() || "_)]".contains(last));
    let is_type = ["struct", "interface"].iter().any(|word| function.ends_with(word));
    (function.contains('.') && is_name && !is_type).then_some(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_without_a_name_show_no_insides() {
        for (name, short) in [
            ("main.Item", "main.Item"),
            ("map[string]struct {}", "map[string]struct {}"),
            ("*struct { f func() interface { Error() string }; b bool }", "*struct {…}"),
            ("map[struct { a int }]interface { M() }", "map[struct {…}]interface {…}"),
            ("struct { broken", "struct { broken"),
        ] {
            assert_eq!(elided(name), short);
        }
    }

    #[test]
    fn captured_variables_keep_the_way_inside_them() {
        assert_eq!(
            [".x", ".x.f", ".x[i].f", ".x.f.g"].map(captured_path),
            ["[captured x]", "[captured x].f", "[captured x][i].f", "[captured x].f.g"]
        );
    }
}
