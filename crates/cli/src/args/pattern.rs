//! What is looked for in names: a regular expression, or a name as it is printed.

use goheap_model::names::Spelling;
use regex::Regex;

/// A regular expression that also finds the very text, and the type or function that the text is a way of writing.
///
/// Names that are printed are rarely expressions that find themselves: `[]uint8`, `main.(*T).f`, `main.Gauge[...]`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    spelling: Spelling,
    /// None of a name that is no expression.
    regex: Option<Regex>,
}

impl Pattern {
    /// For clap. What is wrong is told on one line; a text whose brackets match is a name, whatever else it is.
    pub(super) fn parse(text: &str) -> Result<Pattern, String> {
        let text = &*goheap_report::text::not_isolated(text);
        let regex = match Regex::new(text) {
            Ok(regex) => Some(regex),
            Err(regex::Error::Syntax(_)) if brackets_match(text) && !reads_like_expression(text) => None,
            Err(error) => {
                let message = error.to_string();
                let last = message.lines().last().unwrap_or_default();
                return Err(format!("no regular expression: {}", last.trim_start_matches("error: ")));
            }
        };
        Ok(Pattern { text: text.to_owned(), spelling: Spelling::new(text), regex })
    }

    /// As it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it finds something in a text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        let has_itself = || text.contains(&*self.text);
        let is_spelling = || self.spelling.likeness(text).is_some();
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text)) || has_itself() || is_spelling()
    }
}

/// True of what no name of Go has in it.
fn reads_like_expression(text: &str) -> bool {
    text.contains(['^', '$', '|', '\\', '?', '+']) && !has_place(text)
}

/// True of the name of a variable that only its place tells: `bss+0x5b40`, `*tsdb.Head ? at data+0x5b40`.
fn has_place(text: &str) -> bool {
    let place = text.rsplit_once(" at ").map_or(text, |(_, place)| place);
    ["bss+0x", "data+0x"].iter().any(|section| place.starts_with(section))
}

/// True if every bracket that is opened is closed, in order.
fn brackets_match(text: &str) -> bool {
    let mut open = Vec::new();
    for letter in text.chars() {
        let closes = match letter {
            '(' | '[' | '{' => {
                open.push(letter);
                continue;
            }
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => continue,
        };
        if open.pop() != Some(closes) {
            return false;
        }
    }
    open.is_empty()
}

/// What a command is asked about: an address, a goroutine, a name of a type, variable or function, or an expression for types.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// As it was given.
    pub(crate) text: String,
    /// Where it reads like an expression.
    pub(crate) pattern: Option<Pattern>,
}

impl Asked {
    /// For clap: what can be no name, no address and no expression is refused before the core is opened.
    pub(super) fn parse(text: &str) -> Result<Asked, String> {
        let text = &*goheap_report::text::not_isolated(text);
        if text.trim().is_empty() {
            return Err("an address, type, variable or goroutine is needed, such as main.cache".to_owned());
        }
        if text.starts_with("0x") || text.starts_with("0X") {
            super::listing::address(text)?;
        }
        let pattern = Pattern::parse(text)?;
        let is_expression = reads_like_expression(text) || text.contains(".*");
        Ok(Asked { text: text.to_owned(), pattern: is_expression.then_some(pattern) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_found_with_the_signs_that_a_terminal_is_given_around_its_letters() {
        let shown = goheap_report::text::isolated("main.\u{5e9}\u{5dd}[3]").into_owned();
        assert!(shown.contains('\u{2068}'));
        assert!(Pattern::parse(&shown).unwrap().is_match("main.\u{5e9}\u{5dd}[3]"));
        assert_eq!(Asked::parse(&shown).unwrap().text, "main.\u{5e9}\u{5dd}[3]");
    }

    #[test]
    fn what_is_printed_finds_itself() {
        for text in [
            "[]uint8",
            "main.(*server).pay.func1",
            "main.inGenericFrame[...]",
            "map[string]uint64 groups",
            "*main.Session",
            "interface {}",
            "[...]main.Session",
            "struct { a uint64; b string }",
            "func(int) (string, error)",
            "*tsdb.Head ? at bss+0x5b40",
        ] {
            assert!(Pattern::parse(text).unwrap().is_match(text), "{text}");
            assert!(!Pattern::parse(text).unwrap().is_match("something.Else"), "{text}");
        }
        assert!(Pattern::parse("[]byte").unwrap().is_match("[]uint8"));
        assert!(Pattern::parse("^main\\.").unwrap().is_match("main.Session"));
        assert!(!Pattern::parse("^main\\.").unwrap().is_match("domain.Session"));
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_one_line() {
        for wrong in ["(", "[a", "main.(", "a{99999}{99999}", "^(*x)$", "main.)"] {
            let message = Pattern::parse(wrong).map(|_| ()).unwrap_err();
            assert!(message.starts_with("no regular expression: ") && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn what_can_be_nothing_is_refused() {
        for wrong in ["", " ", "0x", "0xzz", "0x12345678123456789", "main.(", "^[a"] {
            assert!(Asked::parse(wrong).is_err(), "{wrong}");
        }
        for (text, is_expression) in [
            ("main.x", false),
            ("[]byte", false),
            ("^main", true),
            ("main.*", true),
            ("0xc0", false),
            ("sync.Pool at data+0x8", false),
        ] {
            assert_eq!(Asked::parse(text).unwrap().pattern.is_some(), is_expression, "{text}");
        }
    }
}
