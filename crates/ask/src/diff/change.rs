//! Before and after, by name.

use super::moment::NamedCount;
use foldhash::HashMap;
use goheap_model::Share;
use serde::Serialize;
use std::cmp::Reverse;

/// How much there was and is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// In the older core.
    pub before: Share,
    /// In the newer one.
    pub after: Share,
}

impl Change {
    /// Bytes more, or less where it is negative; at the bounds of the type where that does not do.
    pub fn bytes(self) -> i64 {
        more(self.before.bytes, self.after.bytes)
    }

    /// Objects more, or less.
    pub fn objects(self) -> i64 {
        more(self.before.objects, self.after.objects)
    }
}

/// How much more the second is.
pub(super) fn more(before: u64, after: u64) -> i64 {
    let difference = i128::from(after) - i128::from(before);
    i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
}

/// A type, package, place or the like, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NamedChange {
    /// What it is called in both.
    pub name: String,
    /// How much of it there is.
    pub change: Change,
}

/// Rows of both by name, those that grew most first, by name where they grew alike; what did not change is among them.
pub fn changes(before: &[NamedCount], after: &[NamedCount]) -> Vec<NamedChange> {
    let mut by_name: HashMap<&str, Change> = HashMap::default();
    for row in before {
        by_name.entry(&row.name).or_default().before.add(row.share);
    }
    for row in after {
        by_name.entry(&row.name).or_default().after.add(row.share);
    }
    let named = |(name, change): (&str, Change)| NamedChange { name: name.to_owned(), change };
    let mut rows: Vec<NamedChange> = by_name.into_iter().map(named).collect();
    rows.sort_by(|a, b| {
        let key = |row: &NamedChange| Reverse((row.change.bytes(), row.change.objects()));
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    rows
}
