//! How much of what is kept anything refers to, in words.

use crate::page::Page;
use crate::table::{grouped, whole_percent};
use goheap_model::MapRoom;

/// Less is not worth a word.
const WORTH_BYTES: u64 = 1024;
/// A map of fewer slots is small however empty it is.
const WORTH_SLOTS: u64 = 64;
/// Of maps that only grew at least a bit less than half of the slots are taken.
const SPARSE: u64 = 4;

/// True if so much more is kept than referred to that it is told: less than half, and a KiB or more is not.
pub fn is_told(referred: Option<u64>, kept: u64) -> bool {
    referred.is_some_and(|referred| referred < kept / 2 && kept - referred >= WORTH_BYTES)
}

/// Bytes that are kept and not referred to; 0 where that is not known.
pub fn unused(referred: Option<u64>, kept: u64) -> u64 {
    kept.saturating_sub(referred.unwrap_or(kept))
}

/// `31.3 KiB referred to, of 232.0 MiB`, where that is told.
pub fn told(page: Page, referred: Option<u64>, kept: u64) -> Option<String> {
    let referred = referred.filter(|_| is_told(referred, kept))?;
    Some(format!("{} referred to, of {}", page.bytes(referred), page.bytes(kept)))
}

/// Why less is used than kept, by the end of the text of a reference, and what helps.
pub fn reason(reference: &str) -> &'static str {
    let reference = reference.strip_suffix(" ?").unwrap_or(reference);
    let ty = reference.rsplit(' ').next().unwrap_or_default();
    let is_element = reference.starts_with("[i] *") && !ty.starts_with("*string") && !ty.starts_with("*[]");
    match ty.trim_start_matches('*') {
        // What such a pointer leads to is referred to as a whole, or not at all.
        _ if is_element => {
            "most lie outside of the lengths of their slices, whose arrays still lead to them (clear, or set them to nil)"
        }
        "string" => "short strings keep long ones alive (strings.Clone, or copy)",
        "[]uint8" | "[]byte" => "short slices keep long arrays alive (bytes.Clone, or copy)",
        ty if ty.starts_with("[]") => "short slices keep long arrays alive (slices.Clone, or copy)",
        _ => "short strings and slices keep long ones alive (strings.Clone, slices.Clone, or copy)",
    }
}

/// `10 entries in 2,048 slots (<1 %)`, of one map or of several.
pub fn map_told(MapRoom { entries, slots }: MapRoom) -> String {
    let load = if slots == 0 { String::new() } else { format!(" ({})", whole_percent(entries, slots)) };
    format!("{} entries in {} slots{load}", grouped(entries), grouped(slots))
}

/// True if maps have so much more room than entries that it is told.
pub fn is_sparse(entries: u64, slots: u64) -> bool {
    slots >= WORTH_SLOTS && entries < slots / SPARSE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_map_tells_its_load() {
        let told = |entries, slots| map_told(MapRoom { entries, slots });
        assert_eq!(told(10, 2048), "10 entries in 2,048 slots (<1 %)");
        assert_eq!((told(7, 8), told(0, 0)), ("7 entries in 8 slots (88 %)".into(), "0 entries in 0 slots".into()));
    }

    #[test]
    fn the_reason_goes_by_the_type() {
        let head = |reference: &str| reason(reference).split_once(" (").unwrap().1;
        assert_eq!(head("[value] string"), "strings.Clone, or copy)");
        assert_eq!(head(".buf []uint8"), "bytes.Clone, or copy)");
        assert_eq!(head("[i] interface {} = []uint8"), "bytes.Clone, or copy)");
        assert_eq!(head(".window []main.Quote"), "slices.Clone, or copy)");
        assert_eq!(head(".names []string"), "slices.Clone, or copy)");
        assert_eq!(head(".titles map[int]string"), "strings.Clone, slices.Clone, or copy)");
        assert_eq!(head("[i] *[]uint8"), "bytes.Clone, or copy)");
        assert_eq!(head("[i] *main.job"), "clear, or set them to nil)");
        assert_eq!(head("[i] *main.job ?"), "clear, or set them to nil)");
        assert_eq!(head("goroutines"), "strings.Clone, slices.Clone, or copy)");
    }

    #[test]
    fn what_is_told_is_less_than_half_and_more_than_a_kib() {
        assert_eq!(told(Page::default(), Some(20), 106_496).as_deref(), Some("20 B referred to, of 104.0 KiB"));
        assert_eq!(told(Page::default(), Some(60_000), 106_496), None);
        assert_eq!(told(Page::default(), Some(8), 1024), None);
        assert_eq!(told(Page::default(), None, 106_496), None);
        assert!(is_sparse(100, 8192) && !is_sparse(4000, 8192) && !is_sparse(0, 8));
    }
}
