//! By which word an object leads to another, where the words of edges are known.

use crate::word_row::{WordRow, offset_of};
use foldhash::HashMap;
use std::sync::{Mutex, PoisonError};

/// A row of more edges is not gone through for every question.
const WIDE: usize = 256;
/// So many times it is: that costs about what putting it in order does.
const ASKED: u32 = 32;

/// Wide rows, those of which much is asked in order of their targets: who asks for each element of an array of a million does not go
/// through all of it a million times.
///
/// # Overhead
/// 8 bytes an edge of the wide rows that were asked often.
#[derive(Debug, Default)]
pub struct WideRows(Mutex<HashMap<u32, Row>>);

/// A wide row.
#[derive(Debug)]
enum Row {
    /// How often it was asked.
    Asked(u32),
    /// By target, each once with its first word.
    Sorted(Box<[(u32, u32)]>),
}

impl WideRows {
    /// The offset of the first word of `row`, which is that of `node`, that leads to `to`.
    pub fn first(&self, node: u32, row: WordRow<'_>, to: u32) -> Option<u64> {
        if row.targets.len() <= WIDE {
            return first_in(row, to);
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(node).or_insert(Row::Asked(0));
        if let Row::Asked(times) = entry {
            if *times < ASKED {
                *times += 1;
                return first_in(row, to);
            }
            *entry = Row::Sorted(sorted(row));
        }
        let Row::Sorted(list) = entry else { return None };
        let at = list.binary_search_by_key(&to, |(target, _)| *target).ok()?;
        Some(offset_of(list[at].1))
    }
}

fn first_in(row: WordRow<'_>, to: u32) -> Option<u64> {
    let at = row.targets.iter().position(|&target| target == to)?;
    row.words.get(at).map(|&word| offset_of(word))
}

fn sorted(row: WordRow<'_>) -> Box<[(u32, u32)]> {
    let mut list: Vec<(u32, u32)> = row.targets.iter().copied().zip(row.words.iter().copied()).collect();
    // Words ascend in a row, so the first of each target is the least.
    list.sort_unstable();
    list.dedup_by_key(|(target, _)| *target);
    list.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_found_however_often_it_is_asked() {
        let targets: Vec<u32> = (0..1000).map(|index| 7 * (index % 400)).collect();
        let words: Vec<u32> = (0..1000).map(|index| 3 * index + 1).collect();
        let row = WordRow { targets: &targets, words: &words };
        let rows = WideRows::default();
        for round in 0..3 {
            for index in 0..400 {
                assert_eq!(rows.first(5, row, 7 * index), Some(u64::from(3 * index + 1) * 8), "{round}");
            }
            assert_eq!(rows.first(5, row, 1), None);
        }
        let narrow = WordRow { targets: &targets[..10], words: &words[..10] };
        assert_eq!((rows.first(6, narrow, 7), rows.first(6, narrow, 8)), (Some(32), None));
    }
}
