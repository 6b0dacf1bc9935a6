//! The objects of a type, by what people call it.

use crate::recent::Recent;
use foldhash::HashSet;
use goheap_model::Heap;
use goheap_model::names::{Likeness, Spelling, closure_function};
use goheap_model::{Kind, Part, Slot, TextKey, TypeId, UNKNOWN_TYPE as UNKNOWN, element_text, is_wanted_text};
use std::collections::BTreeMap;

/// Objects of the types that a text means.
#[derive(Debug)]
pub(super) struct OfType {
    /// In order of address.
    pub(super) objects: Vec<u32>,
    /// Names of the types, where none is the very text.
    pub(super) taken_for: Vec<String>,
}

type Identity = (Part, TypeId, u64);

/// The types of a heap's objects by their names.
pub(super) struct Named<'h>(pub(super) &'h Heap);

impl Named<'_> {
    /// The objects of the type that `text` names exactly, else of those that it may name.
    pub(super) fn objects_of_type(&self, text: &str) -> (Option<OfType>, Option<OfType>) {
        let text = closure_function(text).unwrap_or(text);
        if text == UNKNOWN {
            let unknown = self.0.objects.allocated().filter(|&slot| self.0.text_key(slot).is_none());
            let objects: Vec<u32> = unknown.map(|slot| slot.id.0).collect();
            return ((!objects.is_empty()).then(|| OfType { objects, taken_for: Vec::new() }), None);
        }
        let family = match text.strip_prefix("[]") {
            Some(elem) => format!("[...]{elem}"),
            None => text.to_owned(),
        };
        let (asked, is_counted) = (Spelling::new(&family), is_counted(text));
        // Parts of a map or channel have names of their own, and are meant by the whole's where no object has that.
        let mut found: BTreeMap<(Likeness, bool), (HashSet<Identity>, Vec<String>)> = BTreeMap::new();
        for (key, name) in self.names(is_counted) {
            let own = [Some(&*name), element_text(&name), name.strip_prefix("func ")];
            let own = own.into_iter().flatten().filter_map(|name| asked.likeness(name)).min();
            let whole = || self.0.whole_text(key).and_then(|whole| asked.likeness(&whole));
            let Some(rank) = own.map(|own| (own, false)).or_else(|| Some((whole()?, true))) else { continue };
            let (keys, names) = found.entry(rank).or_default();
            keys.insert(key.identity());
            names.push(name);
        }
        let Some(((likeness, _), (keys, taken_for))) = found.pop_first() else { return (None, None) };
        let found = OfType { objects: self.objects_of_keys(&keys, is_counted), taken_for };
        match likeness {
            Likeness::Whole => (Some(OfType { taken_for: Vec::new(), ..found }), None),
            _ => (None, Some(found)),
        }
    }

    /// The objects of a type that is none of an object's own: of a named map, channel or slice those that it is made of, of a pointer
    /// what it points to.
    pub(super) fn objects_of_named_type(&self, text: &str) -> Option<OfType> {
        if let Some(target) = text.strip_prefix('*') {
            let (exact, alike) = self.objects_of_type(target);
            let found = exact.or(alike)?;
            let taken_for = if found.taken_for.is_empty() { vec![target.to_owned()] } else { found.taken_for };
            return Some(OfType { taken_for, ..found });
        }
        let asked = Spelling::new(text);
        let ids = (0..self.0.types.len()).map(|index| TypeId(index as u32));
        let meant: Vec<TypeId> = ids.filter(|&id| asked.likeness(&self.0.types.get(id).name).is_some()).collect();
        let elems: HashSet<TypeId> = meant.iter().filter_map(|&id| self.elements_of(id)).collect();
        let is_it = |key: TextKey| match key.part {
            Part::Value | Part::StringData | Part::Closure => false,
            Part::Elements => elems.contains(&key.ty),
            _ => meant.contains(&key.ty),
        };
        let (keys, taken_for): (HashSet<Identity>, Vec<String>) = self
            .names(false)
            .into_iter()
            .filter(|(key, _)| is_it(*key))
            .map(|(key, name)| (key.identity(), name))
            .unzip();
        (!keys.is_empty()).then(|| OfType { objects: self.objects_of_keys(&keys, false), taken_for })
    }

    /// The objects of types of whose names, or of an array's element, `is_wanted` says so.
    pub(super) fn objects_of_wanted(&self, is_wanted: &dyn Fn(&str) -> bool) -> Option<OfType> {
        let is_meant = |name: &str| is_wanted_text(name, is_wanted) || is_wanted(&self.0.short_name(name));
        let (keys, taken_for): (HashSet<Identity>, Vec<String>) = self
            .names(false)
            .into_iter()
            .filter(|(_, name)| is_meant(name))
            .map(|(key, name)| (key.identity(), name))
            .unzip();
        (!keys.is_empty()).then(|| OfType { objects: self.objects_of_keys(&keys, false), taken_for })
    }

    /// True of a type of the program, or a pointer to one or rows of it, whether there are objects of it or not.
    pub(super) fn is_known(&self, text: &str) -> bool {
        let rows = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(_, elem)| elem);
        let asked = [Some(text), rows, text.strip_prefix('*')].map(|text| text.map(Spelling::new));
        (0..self.0.types.len()).any(|index| {
            let name = &self.0.types.get(TypeId(index as u32)).name;
            asked.iter().flatten().any(|asked| asked.likeness(name) == Some(Likeness::Whole))
        })
    }

    /// The types that there are objects of, as histograms name them.
    pub(super) fn type_names(&self) -> Vec<String> {
        self.names(false).into_iter().map(|(_, name)| name).collect()
    }

    fn elements_of(&self, ty: TypeId) -> Option<TypeId> {
        match self.0.types.get(ty).kind {
            Kind::Slice(elem) => Some(elem),
            _ => None,
        }
    }

    /// The texts of objects, each once; arrays by their lengths or of every length together.
    fn names(&self, is_counted: bool) -> Vec<(TextKey, String)> {
        let (mut met, mut recent, mut names) = (HashSet::default(), Recent::default(), Vec::new());
        for slot in self.0.objects.allocated() {
            let meet = || {
                let key = self.key(slot, is_counted).filter(|key| met.insert(key.identity()));
                names.extend(key.map(|key| (key, self.0.text_of(key))));
            };
            self.each(&mut recent, slot, is_counted, meet);
        }
        names
    }

    fn key(&self, slot: Slot, is_counted: bool) -> Option<TextKey> {
        let key = self.0.text_key(slot)?;
        Some(if is_counted { key } else { key.family() })
    }

    fn objects_of_keys(&self, keys: &HashSet<Identity>, is_counted: bool) -> Vec<u32> {
        let mut recent = Recent::default();
        let is_meant = |slot: Slot| self.key(slot, is_counted).is_some_and(|key| keys.contains(&key.identity()));
        let is_it = |slot: &Slot| self.each(&mut recent, *slot, is_counted, || is_meant(*slot));
        self.0.objects.allocated().filter(is_it).map(|slot| slot.id.0).collect()
    }

    /// What is asked of objects of one key: by kind, and where arrays are told apart by their lengths by their room.
    fn each<T: Copy>(&self, recent: &mut Recent<T>, slot: Slot, is_counted: bool, ask: impl FnOnce() -> T) -> T {
        match is_counted {
            true => recent.of_slot(self.0, slot, ask),
            false => recent.of(self.0, slot.id, ask),
        }
    }
}

/// True of `[4]T`.
fn is_counted(text: &str) -> bool {
    text.strip_prefix('[').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use goheap_model::{Evidence, HeapBuilder};

    #[test]
    fn a_type_is_found_by_its_name_and_by_what_people_call_it() {
        let mut heap = HeapBuilder::default();
        let [one, other] = [heap.object("example.org/app/session.Session", 32), heap.object("main.Job", 16)];
        let unknown = heap.object("", 16);
        let rows = [2, 3].map(|count| heap.part("main.Job", 16 * count, Part::Elements, Evidence::Exact));
        let heap = heap.build().unwrap();
        let named = Named(&heap);
        let exact = |text: &str| named.objects_of_type(text).0.map(|of| of.objects);
        let jobs = vec![other.0, rows[0].0, rows[1].0];
        assert_eq!(exact("main.Job"), Some(jobs.clone()), "rows of them, too");
        assert_eq!(exact("(unknown)"), Some(vec![unknown.0]));
        assert_eq!(exact("[]main.Job"), Some(rows.map(|row| row.0).to_vec()), "of every length");
        assert_eq!(exact("[3]main.Job"), Some(vec![rows[1].0]));
        assert_eq!(exact("main.Nothing"), None);
        let alike = named.objects_of_type("session.Session").1.unwrap();
        assert_eq!((alike.objects, alike.taken_for), (vec![one.0], vec!["example.org/app/session.Session".to_owned()]));
        let pointer = named.objects_of_named_type("*main.Job").unwrap();
        assert_eq!((pointer.objects, pointer.taken_for), (jobs, vec!["main.Job".to_owned()]));
        let wanted = named.objects_of_wanted(&|name| name.ends_with("Session")).unwrap();
        assert_eq!(wanted.objects, [one.0]);
        assert!(named.objects_of_wanted(&|name| name == "main.Other").is_none());
        assert!(named.type_names().iter().any(|name| name == "[...]main.Job"), "lengths are told together");
    }

    #[test]
    fn a_closure_is_found_as_frames_tell_it() {
        assert_eq!(closure_function("web.(*Server).Serve.func1{sess}"), Some("web.(*Server).Serve.func1"));
        assert_eq!(closure_function("main.run.func1{job, done}"), Some("main.run.func1"));
        for ty in
            ["map[main.K]struct {}", "map[main.K]struct{}", "[]interface {}", "chan main.T", "struct { a main.T }"]
        {
            assert_eq!(closure_function(ty), None, "{ty}");
        }
        let mut heap = HeapBuilder::default();
        let closure = heap.object("main.run.func1", 32);
        let heap = heap.build().unwrap();
        let found = Named(&heap).objects_of_type("main.run.func1{job}").0.unwrap();
        assert_eq!(found.objects, [closure.0]);
    }

    #[test]
    fn an_array_with_its_length_is_counted() {
        assert!(is_counted("[4]main.T") && is_counted("[12]"));
        assert!(!is_counted("[]main.T") && !is_counted("[...]main.T") && !is_counted("main.T[4]"));
    }
}
