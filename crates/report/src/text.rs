//! The one place that makes strings from a dead process fit to be shown.
//!
//! A core's names and strings may hold anything: sequences that take over a terminal, characters that turn the direction of
//! a line, and what the flame graph tools take for their own syntax. Every format of this crate gets its text here.

pub(crate) mod width;

pub use goheap_model::words::shortened;
use std::borrow::Cow;
use std::fmt::Write;

/// Longest label, in characters, of a frame; a longer one ends in `…`.
pub const LABEL_CHARS: usize = 300;

/// Whether a reader could not see the character, or would see others wrongly for it: controls (C0, DEL, C1), directional
/// and other formatting characters, line separators, tags, and what XML 1.0 forbids.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

/// For a terminal: each hidden character becomes `\x1b` or `\u{202e}`, so that nothing but print leaves.
#[must_use]
pub fn terminal_text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push_visible(&mut shown, c));
    Cow::Owned(shown)
}

/// For a line that people read: letters that are written from right to left stand between the signs that isolate them (FSI and PDI of the
/// Unicode bidirectional algorithm), run by run, so that a name turns nothing around but its own letters: not its brackets, nor the numbers
/// beside it. To be called when the line is fit for a terminal and for its page: the signs take no place.
#[must_use]
pub fn isolated(line: &str) -> Cow<'_, str> {
    if line.is_ascii() || !line.contains(is_from_right) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() + 16);
    let mut is_inside = false;
    for c in line.chars() {
        // Marks that combine belong to the letter before.
        let is_next_inside = is_from_right(c) || is_inside && width::width(c.encode_utf8(&mut [0; 4])) == 0;
        match (is_inside, is_next_inside) {
            (false, true) => shown.push('\u{2068}'),
            (true, false) => shown.push('\u{2069}'),
            _ => {}
        }
        is_inside = is_next_inside;
        shown.push(c);
    }
    if is_inside {
        shown.push('\u{2069}');
    }
    Cow::Owned(shown)
}

/// What [`isolated`] was made of, so that a name can be given back as it was shown.
#[must_use]
pub fn not_isolated(text: &str) -> Cow<'_, str> {
    const SIGNS: [char; 2] = ['\u{2068}', '\u{2069}'];
    if text.contains(SIGNS) { Cow::Owned(text.replace(SIGNS, "")) } else { Cow::Borrowed(text) }
}

/// Letters and numbers of the blocks that Unicode keeps for scripts from right to left (DerivedBidiClass: R, AL, AN by default).
fn is_from_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// For one line of a picture: like [`terminal_text`], but any run of white space is one space, and none at either end. The
/// result is fit for XML once `&<>"'` are escaped, which inferno does.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c == ' ' || !(c.is_whitespace() || is_hidden(c));
    if text.chars().all(plain) && text.trim() == text && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        word.chars().for_each(|c| push_visible(&mut line, c));
    }
    Cow::Owned(line)
}

/// For a frame of a collapsed stack, as inferno 0.12, flamegraph.pl and their like read it. On top of [`one_line`]:
///
/// | label | becomes | because else |
/// |---|---|---|
/// | `struct { A int; B int }` | `struct { A int, B int }` | `;` parts frames |
/// | `main.x 5`, `5`, `1.5` | `main.x (5)`, `(5)`, `(1.5)` | a number at the end is a count, two make a differential graph |
/// | `# x` | `\x23 x` | the line is a comment |
/// | `f_[k]`, `_[w]`, `_[i]`, `_[j]` | `f_ [k]` | inferno takes it for an annotation and cuts it off |
/// | `-`, `--` | `(-)`, `(--)` | inferno draws it grey, as something left out |
/// | nothing | `(no name)` | two `;` in a row |
/// | longer than [`LABEL_CHARS`] | cut, with `…` | a picture of it would be all text |
#[must_use]
pub fn folded_label(label: &str) -> Cow<'_, str> {
    let mut label = one_line(label);
    if label.contains(';') {
        label = Cow::Owned(label.replace(';', ","));
    }
    if let Some((end, _)) = label.char_indices().nth(LABEL_CHARS) {
        let last = label[..end].char_indices().next_back();
        label = Cow::Owned(format!("{}…", &label[..last.map_or(0, |(at, _)| at)]));
    }
    protect_ends(label)
}

/// The rules of [`folded_label`] that look at how a label begins or ends.
fn protect_ends(label: Cow<'_, str>) -> Cow<'_, str> {
    let (before, last) = label.rsplit_once(' ').unwrap_or(("", &label));
    let space = if before.is_empty() { "" } else { " " };
    let kind = last.strip_suffix(']').and_then(|last| last.rsplit_once("_["));
    let owned = match (&*label, kind) {
        ("", _) => "(no name)".to_owned(),
        ("-" | "--", _) => format!("({label})"),
        _ if last.chars().all(|c| c.is_ascii_digit() || c == '.') => {
            format!("{before}{space}({last})")
        }
        (_, Some((name, "k" | "w" | "i" | "j"))) => {
            let kind = &label[label.len() - 3..];
            format!("{before}{space}{name}_ {kind}")
        }
        _ => return protect_comment(label),
    };
    protect_comment(Cow::Owned(owned))
}

fn protect_comment(label: Cow<'_, str>) -> Cow<'_, str> {
    match label.strip_prefix('#') {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => Cow::Owned(format!("\\x23{rest}")),
        _ => label,
    }
}

/// For a frame of a stap backtrace: takes what [`folded_label`] made of a label, and makes of it what stackcollapse-stap.pl
/// (FlameGraph; the same since 2012) turns back.
///
/// | label | becomes | because the script |
/// |---|---|---|
/// | `main.f+0x18` | `main.f+0x18+0x0` | cuts off the last `+` and what follows, for an offset |
/// | `a : b` | `a: b` | cuts off all up to the last ` : `, for an address |
/// | `gopkg.in/yaml%2ev2` | `gopkg.in/yaml%%2ev2` | prints the stack as a printf format |
#[must_use]
pub fn stap_label(folded: &str) -> Cow<'_, str> {
    let mut label = Cow::Borrowed(folded);
    // Not one `replace`: ` : : ` would leave one.
    while label.contains(" : ") {
        label = Cow::Owned(label.replace(" : ", ": "));
    }
    if label.contains('%') {
        label = Cow::Owned(label.replace('%', "%%"));
    }
    if label.contains('+') {
        label.to_mut().push_str("+0x0");
    }
    label
}

/// For a piece of finished JSON: hidden characters inside its strings become `\u202e` and the like, which any JSON reader
/// turns back. Line feeds are left: in finished JSON they stand between values only.
#[must_use]
pub fn json_text(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| c != '\n' && is_hidden(c);
    if !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

fn push_visible(shown: &mut String, c: char) {
    // Writing to a String does not fail.
    let _ = match u32::from(c) {
        code @ ..=0xff if is_hidden(c) => write!(shown, "\\x{code:02x}"),
        code if is_hidden(c) => write!(shown, "\\u{{{code:x}}}"),
        _ => shown.write_char(c),
    };
}

#[cfg(test)]
pub(crate) mod tests;
