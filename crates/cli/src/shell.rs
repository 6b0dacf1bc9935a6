//! Words as a shell reads them.

use std::ffi::OsStr;

/// Words that a shell reads as these, with spaces between. Bytes that are no text are lost.
pub(crate) fn line<Word: AsRef<OsStr>>(words: &[Word]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(&word.as_ref().to_string_lossy())).collect();
    words.join(" ")
}

/// One word that a shell reads as `text`.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:=,+@%^".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        assert_eq!(line(&["core.1", "--exe", "./my server", "it's"]), r"core.1 --exe './my server' 'it'\''s'");
        assert_eq!(quoted("[]uint8"), "'[]uint8'");
        assert_eq!(quoted("main.(*T).f"), "'main.(*T).f'");
        assert_eq!(quoted(""), "''");
    }
}
