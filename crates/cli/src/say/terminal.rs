//! What people read on: how wide it is, and whether it has letters beyond ASCII.

use crate::args::Input;
use goheap_report::page::{Page, ascii_text};
use std::borrow::Cow;
use std::io::IsTerminal;

/// Stdout as a page: lines as long as the terminal is wide, or as `COLUMNS` says; without end where stdout is no terminal and the user set
/// nothing. Sizes and names are as the input's options say.
pub(crate) fn page(input: &Input) -> Page {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let told = variable("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    let stdout = std::io::stdout();
    let has = || stdout.is_terminal().then(terminal_size::terminal_size).flatten();
    let columns = told.or_else(|| has().map(|(width, _)| usize::from(width.0))).filter(|&columns| columns > 0);
    Page { columns, ascii: is_ascii(variable), full_names: input.full_names, exact_bytes: input.bytes }
}

/// `text` in the letters of the user's locale.
pub(crate) fn letters(text: &str) -> Cow<'_, str> {
    if is_ascii(|name| std::env::var(name).ok().filter(|value| !value.is_empty())) {
        ascii_text(text)
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether the locale is one of ASCII. As POSIX has it, the first of these variables that is set decides, and none means `C`; of those with
/// letters of their own only UTF-8 is written.
fn is_ascii(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let charset = locale.split_once('.').map_or("", |(_, charset)| charset).to_ascii_lowercase();
    !(charset.starts_with("utf-8") || charset.starts_with("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_tells_the_letters() {
        let with = |variables: &'static [(&str, &str)]| {
            is_ascii(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(!with(&[("LANG", "de_DE.UTF-8")]));
        assert!(!with(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!with(&[("LANG", "ca_ES.utf8@valencia")]));
        assert!(with(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(with(&[("LC_ALL", "POSIX")]));
        assert!(with(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(with(&[("LANG", "de_DE")]));
        assert!(with(&[]));
    }
}
