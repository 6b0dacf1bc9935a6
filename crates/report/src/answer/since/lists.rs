//! Rows of a list by their names.

use super::{Pair, Told, cells};
use crate::answer::{Answer, Section, change_columns};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A list of a report whose rows are known by names.
pub(super) struct List {
    /// The section's key.
    key: &'static str,
    title: &'static str,
    /// The columns of bytes and of how many.
    bytes: &'static str,
    count: &'static str,
    /// The columns whose texts together name a row.
    names: &'static [&'static str],
}

pub(super) const LISTS: [List; 4] = [
    List { key: "types", title: "By type", bytes: "bytes", count: "objects", names: &["type"] },
    List {
        key: "goroutines",
        title: "Goroutines by where they stand: bytes retained, and how many",
        bytes: "retained",
        count: "goroutines",
        names: &["state", "place", "created_by"],
    },
    List {
        key: "sites",
        title: "By the line that allocated, as sampled",
        bytes: "bytes",
        count: "objects",
        names: &["site"],
    },
    List { key: "parts", title: "Memory of the process", bytes: "mapped", count: "", names: &["part"] },
];

/// Bytes and how many.
type Numbers = (u64, Option<u64>);

struct Changed<'n> {
    name: &'n str,
    bytes: Pair,
    /// How many, before and after.
    count: (Option<u64>, Option<u64>),
}

impl Changed<'_> {
    /// Whether it changed by enough. More goroutines are told, be they ever so small.
    fn is_told(&self, told: Told) -> bool {
        let Pair { before, after, .. } = self.bytes;
        let is_more = before == Some(0) && after == Some(0) && self.count.1 > self.count.0;
        let least = told.least.max(1);
        self.bytes.grew() >= least || is_more || told.shrank && self.bytes.shrank() >= least
    }
}

impl List {
    /// What changed.
    pub(super) fn difference(&self, older: &Answer, newer: &Answer, told: Told) -> Section {
        let (before, after) = (older.section_with(self.key, self.bytes), newer.section_with(self.key, self.bytes));
        let at_most = (smallest(before, self.bytes), smallest(after, self.bytes));
        let (before, after) = (self.rows(before), self.rows(after));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let rows = names.into_iter().map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            let bytes = Pair { before: old.map(|row| row.0), after: new.map(|row| row.0), at_most };
            Changed { name, bytes, count: (old.and_then(|row| row.1), new.and_then(|row| row.1)) }
        });
        let mut rows: Vec<Changed<'_>> = rows.filter(|row| row.is_told(told)).collect();
        rows.sort_by_key(|row| (Reverse(row.bytes.grew()), row.bytes.shrank(), row.name));
        let mut section = Section::new(self.key, change_columns("name"));
        self.title.clone_into(&mut section.title);
        for Changed { name, bytes, count } in rows {
            section.row(cells(bytes, count, name)).notes = bytes.lost(told.page).into_iter().collect();
        }
        section.limit(told.most);
        section
    }

    fn rows(&self, section: Option<&Section>) -> BTreeMap<String, Numbers> {
        let mut rows = BTreeMap::new();
        for (section, row) in section.iter().flat_map(|section| section.rows.iter().map(move |row| (section, row))) {
            let names: Vec<&str> =
                self.names.iter().filter_map(|key| section.text(row, key)).filter(|text| !text.is_empty()).collect();
            let Some(bytes) = section.number(row, self.bytes) else { continue };
            let sum: &mut Numbers = rows.entry(names.join(", ")).or_default();
            sum.0 = sum.0.saturating_add(bytes);
            sum.1 = section.number(row, self.count).map(|count| count.saturating_add(sum.1.unwrap_or(0)));
        }
        rows
    }
}

/// What a row that was left out had at the most.
fn smallest(section: Option<&Section>, key: &str) -> u64 {
    let cut = section.filter(|section| section.left_out > 0);
    cut.and_then(|section| section.rows.iter().filter_map(|row| section.number(row, key)).min()).unwrap_or(0)
}
