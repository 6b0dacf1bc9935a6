//! How many places text takes on a terminal, and making it take fewer.
//!
//! Letters of wide scripts take two, marks that combine none. Text must be fit for a terminal before ([`super::terminal_text`]).

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// By how much a line that goes on leans in.
pub(crate) const TEXT_TAB: usize = 2;

/// The fewest places for text in a line that goes on, however far it leans in.
const NARROWEST: usize = 8;

/// Places that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

fn of_char(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The longest beginning of `text` that takes at most `columns`.
fn head(text: &str, columns: usize) -> &str {
    let mut room = columns;
    let end = text.char_indices().find(|&(_, c)| {
        let width = of_char(c);
        room.checked_sub(width).map(|left| room = left).is_none()
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// The longest end of `text` that takes at most `columns`, not beginning with a mark that combines.
fn tail(text: &str, columns: usize) -> &str {
    let (mut room, mut start) = (columns, text.len());
    for (at, c) in text.char_indices().rev() {
        let width = of_char(c);
        let Some(left) = room.checked_sub(width) else { break };
        room = left;
        if width > 0 {
            start = at;
        }
    }
    &text[start..]
}

/// `text` in at most `columns` places: the middle gives way to `ellipsis`. Of a name both ends tell something: the package, and the type or
/// field. A number at the end, such as a line's, stays whole if it can: without its first digits it is another.
pub(crate) fn middle_out<'t>(text: &'t str, columns: usize, ellipsis: &str) -> Cow<'t, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(ellipsis));
    let number = Some(number_at_end(text)).filter(|&number| number <= room).unwrap_or(0);
    let head = head(text, room.div_ceil(2).min(room - number));
    let tail = tail(text, room - width(head).min(room));
    Cow::Owned(format!("{head}{}{tail}", self::head(ellipsis, columns)))
}

/// Digits at the end.
fn number_at_end(text: &str) -> usize {
    text.bytes().rev().take_while(u8::is_ascii_digit).count()
}

/// The least of a type that stands behind a field.
const LEAST_OF_TYPE: usize = 5;

/// A name in at most `columns` places. Of a field with its type, `3 × .render func(main.Quote) string`, the type gives way and the field
/// stays; of any other name the middle does. A note of numbers behind it, `(10 of 2,048 slots taken)`, stays whole.
pub(crate) fn shortened_name<'t>(text: &'t str, columns: usize, ellipsis: &str) -> Cow<'t, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let (name, note) = text.split_at(start_of_note(text));
    let before = columns.checked_sub(width(note)).filter(|&room| room >= LEAST_BEFORE_NOTE && !note.is_empty());
    if let Some(room) = before {
        return Cow::Owned(format!("{}{note}", shortened_name(name, room, ellipsis)));
    }
    let (field, ty) = text.split_at(end_of_field(text));
    let least = LEAST_OF_TYPE.max(number_at_end(ty) + width(ellipsis));
    match columns.checked_sub(width(field)).filter(|&room| room >= least && !field.is_empty()) {
        Some(room) => Cow::Owned(format!("{field}{}", middle_out(ty, room, ellipsis))),
        None => middle_out(text, columns, ellipsis),
    }
}

/// What is left of a name before a note, at least.
const LEAST_BEFORE_NOTE: usize = 8;

/// Where ` (10 of 2,048 slots taken)` begins; the end, where nothing of the kind stands there. Results of functions have no number.
fn start_of_note(text: &str) -> usize {
    let start = text.strip_suffix(')').and_then(|text| text.rfind(" ("));
    let is_note = |&start: &usize| text[start + 2..].starts_with(|first: char| first.is_ascii_digit());
    start.filter(is_note).unwrap_or(text.len())
}

/// Where the type of a field begins: behind how many there are, a mark for what was left out, and the field, which ends at a space outside
/// of brackets.
fn end_of_field(text: &str) -> usize {
    let count = text.find(" × ").filter(|&end| text[..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b','));
    let mut at = count.map_or(0, |end| end + " × ".len());
    if text[at..].starts_with("… ") {
        at += "… ".len();
    }
    let mut depth = 0_usize;
    for (index, letter) in text[at..].char_indices() {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => return at + index + 1,
            _ => {}
        }
    }
    at
}

/// `text` in lines of at most `columns` places, broken at spaces, or anywhere where a word is longer. All but the first lean in by `lean`,
/// or less where that leaves no room.
pub(crate) fn wrapped(text: &str, columns: usize, lean: usize) -> Vec<String> {
    let columns = columns.max(1);
    let lean = " ".repeat(lean.min(columns.saturating_sub(NARROWEST)));
    let mut lines = Vec::new();
    let mut line = String::new();
    // Places that the line takes: measured word by word, for a line without end holds a whole text.
    let mut taken = 0;
    // Spaces before the next word, unless the line ends there.
    let mut gap = 0;
    for (at, word) in text.split(' ').enumerate() {
        gap += usize::from(at > 0);
        if word.is_empty() {
            continue;
        }
        let before = std::mem::take(&mut gap);
        let wide = width(word);
        if taken + before + wide <= columns {
            line.extend([&*" ".repeat(before), word]);
            taken += before + wide;
            continue;
        }
        if line.is_empty() {
            line = " ".repeat(before.min(columns.saturating_sub(NARROWEST)));
        } else {
            lines.push(std::mem::replace(&mut line, lean.clone()));
        }
        taken = line.len();
        let mut rest = word;
        while taken <= columns && head(rest, columns - taken).len() < rest.len() {
            let part = head(rest, (columns - taken).max(2));
            // After a sign that parts names and numbers, if that does not waste the line.
            let sign = part.rfind(['/', '.', ',', ':', ']']).map(|at| at + 1).filter(|&end| end > part.len() / 2);
            let part = &part[..sign.unwrap_or(part.len())];
            let (part, left) = rest.split_at(if part.is_empty() { rest.len() } else { part.len() });
            line.push_str(part);
            lines.push(std::mem::replace(&mut line, lean.clone()));
            taken = line.len();
            rest = left;
        }
        line.push_str(rest);
        taken += width(rest);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::terminal_text;
    use crate::text::tests::nasty_label;
    use proptest::prelude::*;

    #[test]
    fn names_keep_both_ends() {
        for (text, columns, short) in [
            ("main.T", 6, "main.T"),
            ("github.com/a/b.Session", 12, "github…ssion"),
            ("世界世界世界", 7, "世…世界"),
            ("世界世界世界", 8, "世界…界"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}…e\u{301}"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
            ("server.go:3290", 7, "se…3290"),
            ("server.go:3290", 5, "…3290"),
            ("server.go:3290", 4, "se…0"),
        ] {
            let shown = middle_out(text, columns, "…");
            assert!(width(&shown) <= columns, "{shown}");
            assert_eq!(shown, short);
        }
        assert_eq!(middle_out("abcdefgh", 7, "..."), "ab...gh");
        assert_eq!(middle_out("abcdefgh", 2, "..."), "..");
    }

    #[test]
    fn a_note_of_numbers_stays_whole() {
        let text = "main.sparse map[int][]uint8 (10 of 2,048 slots taken)";
        assert_eq!(shortened_name(text, 50, "…"), "main.sparse map[in…uint8 (10 of 2,048 slots taken)");
        assert_eq!(shortened_name("main.f func() (int, error)", 20, "…"), "main.f func()…error)");
    }

    #[test]
    fn a_field_stays_whole_and_its_type_gives_way() {
        for (text, columns, short) in [
            ("5,980 × .render func main.open.func1{X0}", 26, "5,980 × .render func …{X0}"),
            ("5,980 × [shared] main.Dashboard", 25, "5,980 × [shared] main…ard"),
            ("[captured X0] []uint8", 19, "[captured X0] []…t8"),
            ("… .val interface {} = *main.request", 20, "… .val interf…equest"),
            ("main.cache.entries.of.all.sessions", 12, "main.c…sions"),
            (".a.very.long.field.with.parts *T", 12, ".a.ver…ts *T"),
            ("3 × x", 4, "3 …x"),
            ("http.(*Server).Serve server.go:3290", 29, "http.(*Server).Serve ser…3290"),
            ("http.(*Server).Serve server.go:3290", 25, "http.(*Serve…rver.go:3290"),
        ] {
            let shown = shortened_name(text, columns, "…");
            assert!(width(&shown) <= columns, "{shown}");
            assert_eq!(shown, short);
        }
    }

    #[test]
    fn wide_letters_take_two_places() {
        assert_eq!([width("世界"), width("e\u{301}"), width("ascii"), width("🦀")], [4, 1, 5, 2]);
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrapped("a bb  ccc", 9, 2), ["a bb  ccc"]);
        assert_eq!(wrapped("a bb  ccc", 8, 0), ["a bb", "ccc"]);
        assert_eq!(wrapped("  a bb", 4, 3), ["  a", "bb"]);
        assert_eq!(wrapped("    abcdefghijkl", 10, 6), ["  abcdefgh", "  ijkl"]);
        assert_eq!(wrapped("世界世界", 4, 0), ["世界", "世界"]);
        assert_eq!(wrapped("poll/fd_unix.go:1234", 18, 0), ["poll/fd_unix.go:", "1234"]);
        assert_eq!(wrapped("", 4, 0), [""]);
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_fits_and_nothing_is_lost(text in nasty_label(), columns in 2_usize..40, lean in 0_usize..12) {
            let text = terminal_text(&text);
            let lines = wrapped(&text, columns, lean);
            prop_assert!(lines.iter().all(|line| width(line) <= columns.max(2)), "{lines:?}");
            let solid = |text: &str| text.replace(' ', "");
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
            prop_assert!(width(&middle_out(&text, columns, "…")) <= columns);
            prop_assert!(width(&shortened_name(&text, columns, "…")) <= columns);
        }
    }
}
