//! Names of types, variables and functions as people write them, held against those that the program has.

use std::borrow::Cow;

/// How a name was meant, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// The name itself, however Go lets it be written: `[]byte`, `any`, `interface{}`.
    Whole,
    /// By the ends of import paths: `session.Session` of `example.com/app/session.Session`.
    ShortPackages,
    /// An instance of what is generic: `metrics.Gauge` or `metrics.Gauge[...]` of `metrics.Gauge[float64]`.
    Instance,
}

/// A name that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    whole: String,
    /// Without type arguments, where it has none or `[...]`.
    generic: Option<String>,
}

impl Spelling {
    /// Of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let whole = canonical(text);
        let named_alone = whole.replace("[...]", "");
        let is_open = without_arguments(&named_alone) == named_alone;
        Spelling { generic: is_open.then(|| without_arguments(&whole).into_owned()), whole }
    }

    /// How it may mean `name`; None where it does not.
    #[must_use]
    pub fn likeness(&self, name: &str) -> Option<Likeness> {
        let name = canonical(name);
        if name == self.whole {
            return Some(Likeness::Whole);
        }
        if same_but_for_paths(&self.whole, &name) {
            return Some(Likeness::ShortPackages);
        }
        let generic = self.generic.as_ref()?;
        same_but_for_paths(generic, &without_arguments(&name)).then_some(Likeness::Instance)
    }
}

/// True of names that the compiler and the linker made, which nobody asks for.
#[must_use]
pub fn is_of_the_compiler(name: &str) -> bool {
    const SIGNS: [&str; 8] = ["go.shape.", "..", "noalg.", "type:", "go:", ".autotmp_", "·", "go.itab."];
    // `...` stands for a length or for type arguments.
    let name = name.replace("...", "");
    SIGNS.iter().any(|sign| name.contains(sign))
}

/// What Go has two names for.
const ALIASES: [(&str, &str); 3] = [("byte", "uint8"), ("rune", "int32"), ("any", "interface{}")];

/// One way of writing a type: aliases by what they stand for, spaces only between words.
fn canonical(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut is_behind_space = false;
    for token in tokens(text.trim()) {
        if token.trim().is_empty() {
            is_behind_space = true;
            continue;
        }
        let parts_words = is_behind_space && written.ends_with(is_of_word) && token.starts_with(is_of_word);
        if parts_words {
            written.push(' ');
        }
        is_behind_space = false;
        let alias = ALIASES.iter().find(|(alias, _)| *alias == token);
        written.push_str(alias.map_or(token, |(_, name)| name));
    }
    written
}

/// A qualified name's letters; dots and slashes belong to it.
fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || "_-./~%+·".contains(letter)
}

/// Words, and what stands between them letter by letter.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let word = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
        let (token, behind) = rest.split_at(if word == 0 { first.len_utf8() } else { word });
        rest = behind;
        Some(token)
    })
}

/// True if `name` reads as `asked` but for the beginnings of import paths.
fn same_but_for_paths(asked: &str, name: &str) -> bool {
    let (mut asked, mut name) = (tokens(asked), tokens(name));
    loop {
        match (asked.next(), name.next()) {
            (None, None) => return true,
            (Some(asked), Some(name)) if asked == name => {}
            (Some(asked), Some(name))
                if asked.starts_with(char::is_alphanumeric)
                    && name.strip_suffix(asked).is_some_and(|path| path.ends_with('/')) => {}
            _ => return false,
        }
    }
}

/// The name without what stands in brackets behind words other than `map`.
fn without_arguments(name: &str) -> Cow<'_, str> {
    let (mut kept, mut depth, mut before) = (String::new(), 0_usize, "");
    for token in tokens(name) {
        let opens = token == "[" && before.starts_with(|letter: char| letter.is_alphanumeric()) && before != "map";
        depth += usize::from(depth > 0 && token == "[" || opens);
        if depth == 0 {
            kept.push_str(token);
        }
        if depth > 0 && token == "]" {
            depth -= 1;
        }
        before = token;
    }
    if kept.len() == name.len() { Cow::Borrowed(name) } else { Cow::Owned(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(asked: &str, name: &str) -> Option<Likeness> {
        Spelling::new(asked).likeness(name)
    }

    #[test]
    fn names_are_meant_as_go_lets_them_be_written() {
        for (asked, name) in [
            ("[]byte", "[]uint8"),
            ("any", "interface {}"),
            ("interface{}", "interface {}"),
            ("map[string]any", "map[string]interface {}"),
            ("[]rune", "[]int32"),
            ("struct{a int; b []byte}", "struct { a int; b []uint8 }"),
            ("main.Pair[int, string]", "main.Pair[int,string]"),
            ("chan *main.Order", "chan *main.Order"),
            ("main.(*server).pay.func1", "main.(*server).pay.func1"),
        ] {
            assert_eq!(likeness(asked, name), Some(Likeness::Whole), "{asked}");
        }
        for (asked, name) in [
            ("*session.Session", "*example.com/app/session.Session"),
            ("app/session.Session", "example.com/app/session.Session"),
            ("map[session.ID]*session.Session", "map[a/session.ID]*a/session.Session"),
            ("list.Element", "container/list.Element"),
            ("main.Gauge[session.ID]", "main.Gauge[a/session.ID]"),
        ] {
            assert_eq!(likeness(asked, name), Some(Likeness::ShortPackages), "{asked}");
        }
        for (asked, name) in [
            ("metrics.Gauge", "a/metrics.Gauge[float64]"),
            ("metrics.Gauge[...]", "a/metrics.Gauge[map[string]int]"),
            ("*main.Stack", "*main.Stack[*main.Item]"),
            ("main.(*Stack[...]).Push", "main.(*Stack[go.shape.int]).Push"),
        ] {
            assert_eq!(likeness(asked, name), Some(Likeness::Instance), "{asked}");
        }
    }

    #[test]
    fn other_names_are_not_meant() {
        for (asked, name) in [
            ("ession.Session", "a/session.Session"),
            ("Session", "main.Session"),
            ("main.Gauge[int]", "main.Gauge[string]"),
            ("[]uint8", "[4]uint8"),
            ("main.any", "main.interface {}"),
            ("main.T", "*main.T"),
            ("map[string]", "map[string]int"),
            ("", "a"),
        ] {
            assert_eq!(likeness(asked, name), None, "{asked}");
        }
    }

    #[test]
    fn names_of_the_compiler_are_known() {
        for name in
            ["go.shape.int", "main..stmp_5", "type:.eq.main.T", "noalg.map.group[string]int", "main..dict.F[int]"]
        {
            assert!(is_of_the_compiler(name), "{name}");
        }
        for name in ["[...]main.T", "main.f[...].x", "gopkg.in/yaml.v3.Node", "map[string]int"] {
            assert!(!is_of_the_compiler(name), "{name}");
        }
    }
}
