//! Debug sections out of the fuzzer's bytes.

use crate::Cursor;
use goheap_runtime::dwarf::Sections;
use std::borrow::Cow;

/// The sections with their lengths before them, in two bytes each; `.debug_info` last, to the end.
const NAMES: [&str; 8] = [
    ".debug_abbrev",
    ".debug_str",
    ".debug_addr",
    ".debug_loc",
    ".debug_loclists",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_info",
];

/// Sections by name.
pub struct Parts<'a>([&'a [u8]; NAMES.len()]);

impl<'a> Parts<'a> {
    /// Takes the input apart.
    pub fn new(input: &'a [u8]) -> Parts<'a> {
        let mut input = Cursor::new(input);
        let mut parts = [&[][..]; NAMES.len()];
        let (last, lists) = parts.split_last_mut().expect("there are some");
        lists.iter_mut().for_each(|part| *part = input.piece());
        *last = input.rest();
        Parts(parts)
    }
}

impl<'d> Sections<'d> for Parts<'d> {
    fn section(&self, name: &str) -> Option<Cow<'d, [u8]>> {
        let index = NAMES.iter().position(|known| *known == name)?;
        self.0.get(index).map(|part| Cow::Borrowed(*part))
    }
}
