//! Names of a dead process as pprof can show them.

use std::borrow::Cow;
use std::fmt::Write;

/// A name that pprof shows on one line and does not leave out.
///
/// | name | becomes | because else |
/// |---|---|---|
/// | newline, tab, NUL and other controls | `\n`, `\t`, `\x00` | lines of `-top` and `-raw` break in two |
/// | what turns or hides letters, and line separators | `\u{202e}` | a reader would see another name |
/// | nothing | `(no name)` | `<unknown>` in one view, nothing in the other |
///
/// `<`, `>`, brackets, quotes, `;` and `_Z` stay. pprof takes them for C++ where the name and the name in the linker's table are the same, so
/// functions are written without the second ([`super::Function::system_name`]).
pub fn shown(name: &str) -> Cow<'_, str> {
    if name.is_empty() {
        return Cow::Borrowed("(no name)");
    }
    if !name.contains(is_hidden) {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(name.len() + 16);
    for c in name.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '\n' => text.write_str("\\n"),
            '\t' => text.write_str("\\t"),
            '\r' => text.write_str("\\r"),
            _ if is_hidden(c) && c.is_ascii() => write!(text, "\\x{:02x}", u32::from(c)),
            _ if is_hidden(c) => write!(text, "\\u{{{:x}}}", u32::from(c)),
            _ => text.write_char(c),
        };
    }
    Cow::Owned(text)
}

/// Controls, line separators, and what formats without being seen (Unicode's Cc, Zl, Zp, and of Cf what turns or hides letters).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_but_for_what_breaks_lines() {
        for name in ["main.cache map[string]*T", "map[<-chan int]x", "_ZN3foo3barEv", "a;b \"c\" 'd' \\", "é 日"] {
            assert_eq!(shown(name), name);
        }
        assert_eq!(shown("a\0\n\t\u{1b}[2J\u{202e}\u{85}"), "a\\x00\\n\\t\\x1b[2J\\u{202e}\\u{85}");
        assert_eq!(shown(""), "(no name)");
        let long = "x\n".repeat(50_000);
        assert_eq!(shown(&long).len(), 150_000);
    }
}
