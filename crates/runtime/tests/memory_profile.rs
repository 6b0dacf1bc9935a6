//! The memory profile of the carried cores: what is found without symbols is what symbols tell. Their programs do not use it, so
//! nothing is sampled but what was allocated before the runtime was told so.
#![allow(clippy::unwrap_used)]

mod common;

use common::{RELEASES, model, process};
use goheap_model::Unobserved;

#[test]
fn code_tells_what_symbols_tell() {
    for release in RELEASES {
        let process = process(release);
        let [named, found] = [false, true].map(|no_dwarf| model(&process, no_dwarf).mem_profile(&Unobserved).unwrap());
        assert_eq!((named.rate, found.rate), (Some(0), Some(0)), "{release}");
        assert!(named.has_list && named.has_cycle && !found.has_cycle, "{release}");
        // Without symbols an empty list is no list.
        assert_eq!(found.has_list, !named.buckets.is_empty(), "{release}");
        assert_eq!((&named.buckets, &named.samples), (&found.buckets, &found.samples), "{release}");
        assert_eq!((named.absent, found.absent), (0, 0), "{release}");
    }
}
