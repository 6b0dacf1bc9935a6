//! Objects by what people call them: an address, a type, a variable's field.

use super::variable::{self, Found};
use crate::describe::element_text;
use crate::inspect::Places;
use crate::references::ReferenceGraph;
use crate::snapshot::HeapSnapshot;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// What was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The object that holds an address.
    Address(u64),
    /// All objects of a type.
    Type(String),
    /// What a variable, or a field that is reached from it, leads to.
    Variable(String),
}

/// What of that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    /// These objects, in order of address.
    Objects(Subject, Vec<u32>),
    /// No object holds the address.
    NoObject(u64),
    /// There is no such type or variable; these are all that there are.
    NoSuchName(Vec<String>),
    /// There is no such field; these are at the place where it should be.
    NoSuchField(Vec<String>),
}

/// An address has at least so many digits where it is written without 0x: shorter ones are names.
const BARE_DIGITS: usize = 9;

impl ReferenceGraph<'_, '_, '_> {
    /// The objects that `text` means: a hexadecimal address in one of them; a type as histograms or frames name it, arrays of it among
    /// them, `[]T` being rows of any length and `[N]T` those of one; a package variable, or a function and its variable, and fields behind it, as
    /// `main.cache.entries`.
    pub fn select(&self, text: &str) -> Selected {
        let snapshot = self.snapshot();
        if let Some(address) = address(text) {
            return match snapshot.objects.find_allocated(address) {
                Some(slot) => Selected::Objects(Subject::Address(address), vec![slot.id.0]),
                None => Selected::NoObject(address),
            };
        }
        let whole = snapshot.objects_of_type(text, |name| name.into());
        let objects =
            if whole.is_empty() { snapshot.objects_of_type(text, |name| snapshot.short_name(name)) } else { whole };
        if !objects.is_empty() {
            return Selected::Objects(Subject::Type(text.to_owned()), objects);
        }
        match variable::find(self, &Places::new(snapshot), text) {
            Found::Objects(objects) => Selected::Objects(Subject::Variable(text.to_owned()), objects),
            Found::NoField(fields) => Selected::NoSuchField(fields),
            Found::NoVariable(mut names) => {
                names.extend(snapshot.type_names());
                names.sort();
                names.dedup();
                Selected::NoSuchName(names)
            }
        }
    }
}

fn address(text: &str) -> Option<u64> {
    let (digits, is_marked) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || !(is_marked || digits.len() >= BARE_DIGITS) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

impl HeapSnapshot<'_, '_> {
    /// The allocated objects of the types that `name_of` names like that, in order of address.
    fn objects_of_type(&self, text: &str, name_of: impl Fn(&str) -> Cow<'_, str>) -> Vec<u32> {
        let family = match text.strip_prefix("[]") {
            Some(elem) => format!("[...]{elem}"),
            None => text.to_owned(),
        };
        let is_counted =
            text.strip_prefix('[').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
        let is_unknown = text == crate::histogram::UNKNOWN;
        let mut known = FxHashMap::default();
        let is_meant = |slot: &crate::Slot| match self.text_key(*slot) {
            None => is_unknown,
            Some(key) => {
                let key = if is_counted { key } else { key.family() };
                *known.entry(key.identity()).or_insert_with(|| {
                    let text = self.text_of(key);
                    let name = name_of(&text);
                    name == family || element_text(&name) == Some(&family)
                })
            }
        };
        self.objects.allocated().filter(is_meant).map(|slot| slot.id.0).collect()
    }

    /// The types that there are objects of, as histograms name them.
    fn type_names(&self) -> Vec<String> {
        let mut met = FxHashSet::default();
        let mut names = Vec::new();
        for slot in self.objects.allocated() {
            let Some(key) = self.text_key(slot).map(|key| key.family()) else { continue };
            if met.insert(key.identity()) {
                names.push(self.text_of(key));
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_names() {
        assert_eq!(address("0xc000012340"), Some(0xc0_0001_2340));
        assert_eq!(address("c000012340"), Some(0xc0_0001_2340));
        assert_eq!(address("0x10"), Some(0x10));
        for name in ["main.x", "face", "0x", "", "0xg", "11111111111111111111"] {
            assert_eq!(address(name), None, "{name}");
        }
    }
}
