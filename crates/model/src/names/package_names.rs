//! Types in frames: `http.Header` for `net/http.Header`, unless the program has another package of that name.

use super::is_standard;
use crate::{TypeId, TypeTable};
use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which packages of a program share the end of their import path.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PackageNames {
    ambiguous: HashSet<Box<str>>,
    /// Short names of packages of the standard library.
    library: HashSet<Box<str>>,
    /// Nothing is shortened.
    is_whole: bool,
}

impl PackageNames {
    /// Of the packages that the names in `types` mention. Types that are met later change nothing: a label must read alike
    /// whenever it is made.
    pub fn new(types: &TypeTable) -> Self {
        let mut paths: HashMap<&str, &str> = HashMap::default();
        let mut ambiguous = HashSet::default();
        for index in 0..types.len() {
            for word in words(&types.get(TypeId(index as u32)).name).filter_map(Word::package) {
                if *paths.entry(word.short).or_insert(word.path) != word.path {
                    ambiguous.insert(word.short.into());
                }
            }
        }
        let library = paths.into_iter().filter(|(short, path)| is_of_library(path) && !ambiguous.contains(*short));
        let library = library.map(|(short, _)| short.into()).collect();
        PackageNames { ambiguous, library, is_whole: false }
    }

    /// The same; if `is_whole`, names stay as they are.
    pub fn whole_if(self, is_whole: bool) -> Self {
        PackageNames { is_whole, ..self }
    }

    /// Whether all the types that a label names are of the standard library; None where it names none. What a path of fields is made of is
    /// no type.
    pub fn is_library(&self, label: &str) -> Option<bool> {
        let named = words(label).filter(|word| !label[..word.start].ends_with('.')).filter_map(Word::package);
        let mut named = named.peekable();
        named.peek()?;
        Some(named.all(|package| match package.path.contains('/') {
            true => is_of_library(package.path),
            false => self.library.contains(package.path),
        }))
    }

    /// A type's name with the packages short where that is clear.
    pub fn shorten<'t>(&self, name: &'t str) -> Cow<'t, str> {
        if self.is_whole || !name.contains('/') {
            return Cow::Borrowed(name);
        }
        let (mut text, mut end) = (String::with_capacity(name.len()), 0);
        for word in words(name) {
            let Some(package) = word.package().filter(|package| !self.ambiguous.contains(package.short)) else {
                continue;
            };
            let cut = package.path.len() - package.short.len();
            text.push_str(&name[end..word.start]);
            end = word.start + cut;
        }
        text.push_str(&name[end..]);
        Cow::Owned(text)
    }
}

fn is_of_library(path: &str) -> bool {
    path.split('/').next().is_some_and(is_standard)
}

/// A qualified name among the brackets and stars of a type.
#[derive(Clone, Copy, Debug)]
struct Word<'t> {
    start: usize,
    text: &'t str,
}

/// A package's import path and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Package<'t> {
    path: &'t str,
    short: &'t str,
}

impl<'t> Word<'t> {
    /// The package of a qualified name. Of `a/b/v2` the short form is `b/v2`: the last element is a version.
    fn package(self) -> Option<Package<'t>> {
        let last = self.text.rfind('/').map_or(0, |slash| slash + 1);
        let path = &self.text[..last + self.text[last..].find('.')?];
        let is_version = path[last..]
            .strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        let start = match is_version {
            true => path[..last.saturating_sub(1)].rfind('/').map_or(0, |slash| slash + 1),
            false => last,
        };
        Some(Package { path, short: &path[start..] })
    }
}

/// The words of a type's name; the dots of `...T` belong to none.
fn words(name: &str) -> impl Iterator<Item = Word<'_>> {
    let is_part = |letter: char| letter.is_alphanumeric() || "_-./~%+·".contains(letter);
    name.split(move |letter| !is_part(letter)).filter(|text| !text.is_empty()).map(move |text| {
        let text = text.trim_start_matches('.');
        // The word is a part of the name itself, so the distance of their starts is its place.
        let start = text.as_ptr().addr() - name.as_ptr().addr();
        Word { start, text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GoType, Kind};

    #[test]
    fn labels_of_the_library_are_told_by_short_names() {
        let mut types = TypeTable::default();
        for name in ["net/http.Server", "bufio.Writer", "main.App", "a/http2.T", "a/list.T", "container/list.List"] {
            types.add(GoType { name: name.into(), size: 8, kind: Kind::Scalar, descriptor: None });
        }
        let names = PackageNames::new(&types);
        for (label, library) in [
            (".conn *http.conn", Some(true)),
            (".bw *bufio.Writer", Some(true)),
            (".mux121.m map[string]http.muxEntry", Some(true)),
            ("[value].h http.Handler = func main.(*App).login", Some(false)),
            ("w http.ResponseWriter = *http2.T", Some(false)),
            (".l *a/list.T", Some(false)),
            (".l *container/list.List", Some(true)),
            (".buf []uint8", None),
            ("[i].x.y", None),
        ] {
            assert_eq!(names.is_library(label), library, "{label}");
        }
    }

    #[test]
    fn packages_are_short_where_that_is_clear() {
        let mut types = TypeTable::default();
        for name in [
            "map[net/http.Key]*a/config.T",
            "b/config.T",
            "example.com/mod/v2.T",
            "other.com/thing/v2.T",
            "gopkg.in/yaml.v3.Node",
            "sync.Mutex",
            "internal/sync.Node",
        ] {
            types.add(GoType { name: name.into(), size: 8, kind: Kind::Scalar, descriptor: None });
        }
        let names = PackageNames::new(&types);
        for (full, short) in [
            ("net/http.Header", "http.Header"),
            ("map[net/http.Key]*a/config.T", "map[http.Key]*a/config.T"),
            ("[]b/config.T", "[]b/config.T"),
            ("func(...net/http.Key) chan<- net/http.Key", "func(...http.Key) chan<- http.Key"),
            ("example.com/mod/v2.T", "mod/v2.T"),
            ("gopkg.in/yaml.v3.Node", "yaml.v3.Node"),
            ("*internal/sync.Node", "*internal/sync.Node"),
            ("main.Stack[net/http.Key]", "main.Stack[http.Key]"),
            ("struct {…}", "struct {…}"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(names.shorten(full), short);
        }
    }
}
