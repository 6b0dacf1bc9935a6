//! What the kernel put on the stack before the program began: arguments and environment (fs/binfmt_elf.c, `create_elf_tables`).

use crate::{Address, MemoryImage, Process};
use std::ops::Range;

/// A page of pointers to strings would take a command line of megabytes.
const MOST_STRINGS: usize = 1 << 16;
/// A string is no longer (`MAX_ARG_STRLEN`).
const LONGEST_STRING: usize = 128 << 10;
/// All strings of one list that are read.
const MOST_BYTES: usize = 1 << 20;
/// Between the auxiliary vector and the name of the executable lie the strings, of 2 MiB by the usual limit of 8 MiB for the stack.
const SEARCHED_BYTES: u64 = 8 << 20;

/// Arguments and environment as the process was given them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartBlock {
    /// The arguments, the name of the program first.
    pub arguments: Vec<Vec<u8>>,
    /// The environment, `NAME=value` each.
    pub environment: Vec<Vec<u8>>,
    /// True if strings are left out or cut: they are absent, or too many, or too long.
    pub is_cut: bool,
}

impl StartBlock {
    /// The value that the process was given for the environment variable `name`.
    pub fn variable(&self, name: &str) -> Option<&[u8]> {
        let value = |entry: &'_ Vec<u8>| entry.starts_with(name.as_bytes()) && entry.get(name.len()) == Some(&b'=');
        self.environment.iter().find(|entry| value(entry)).and_then(|entry| entry.get(name.len() + 1..))
    }
}

/// Where the start block's numbers lie, and which of its strings begin with one of some names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartPlace {
    /// From argc to the end of the auxiliary vector.
    pub words: Range<u64>,
    /// The strings of the environment that were asked for.
    pub chosen: Vec<Range<u64>>,
}

impl Process {
    /// Where the start block lies; of the environment's strings those of the variables `names`. None as of [`Process::start_block`].
    pub fn start_place(&self, names: &[&str]) -> Option<StartPlace> {
        let (memory, auxv) = (&self.memory, self.core.aux_vector());
        let vector = find_vector(memory, auxv.exec_fn()?, auxv.pairs())?;
        let (environment, below) = pointers_below(memory, vector)?;
        let (_, argc) = pointers_below(memory, below)?;
        let chosen = environment.iter().filter_map(|&at| {
            let text = memory.c_string(Address(at), LONGEST_STRING)?;
            let is_chosen = |name: &&str| text.starts_with(name.as_bytes()) && text.get(name.len()) == Some(&b'=');
            names.iter().any(is_chosen).then(|| at..at.saturating_add(text.len() as u64))
        });
        let end = vector.0.saturating_add(auxv.pairs().len() as u64 * 16 + 16);
        Some(StartPlace { words: argc.0..end, chosen: chosen.collect() })
    }

    /// Finds arguments and environment on the first thread's stack; None where it was not dumped.
    ///
    /// Upwards lie argc, the pointers to the arguments, zero, those to the environment, zero, the auxiliary vector, and further up the
    /// strings. The note has the vector's contents, and the name of the executable is the last of the strings.
    pub fn start_block(&self) -> Option<StartBlock> {
        let auxv = self.core.aux_vector();
        let vector = find_vector(&self.memory, auxv.exec_fn()?, auxv.pairs())?;
        let (environment, below) = pointers_below(&self.memory, vector)?;
        let (arguments, argc) = pointers_below(&self.memory, below)?;
        if self.memory.read_u64(argc)? != arguments.len() as u64 {
            return None;
        }
        let (arguments, cut) = strings(&self.memory, &arguments);
        let (environment, also) = strings(&self.memory, &environment);
        Some(StartBlock { arguments, environment, is_cut: cut || also })
    }
}

/// The highest address below `top` at which the first pairs of the vector stand.
fn find_vector(memory: &MemoryImage, top: Address, pairs: &[(u64, u64)]) -> Option<Address> {
    let first: Vec<u64> = pairs.iter().take(4).flat_map(|&(key, value)| [key, value]).collect();
    if first.len() < 4 {
        return None;
    }
    let mut at = top.0 & !7;
    let end = at.saturating_sub(SEARCHED_BYTES);
    while at > end {
        at = at.checked_sub(8)?;
        let word = |index: usize| memory.read_u64(Address(at.wrapping_add(index as u64 * 8)));
        match word(0) {
            None => return None,
            Some(key) if key == first[0] && first.iter().enumerate().all(|(index, &one)| word(index) == Some(one)) => {
                return Some(Address(at));
            }
            Some(_) => {}
        }
    }
    None
}

/// The pointers of the list that ends with a zero just below `end`, in their order, and the address of the word before them: of the zero
/// that ends the list below, or of argc.
fn pointers_below(memory: &MemoryImage, end: Address) -> Option<(Vec<u64>, Address)> {
    let mut at = end.0.checked_sub(8)?;
    if memory.read_u64(Address(at))? != 0 {
        return None;
    }
    let mut found = Vec::new();
    loop {
        let below = at.checked_sub(8)?;
        let word = memory.read_u64(Address(below))?;
        // argc is their number; no string lies so low.
        if word == 0 || word == found.len() as u64 {
            // The zero ends the list below, so the next look-up begins behind it.
            let next = if word == 0 { Address(at) } else { Address(below) };
            found.reverse();
            return Some((found, next));
        }
        if found.len() >= MOST_STRINGS {
            return None;
        }
        found.push(word);
        at = below;
    }
}

fn strings(memory: &MemoryImage, pointers: &[u64]) -> (Vec<Vec<u8>>, bool) {
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    for &pointer in pointers {
        let text = memory.c_string(Address(pointer), LONGEST_STRING);
        let Some(text) = text.filter(|text| bytes.saturating_add(text.len()) <= MOST_BYTES) else {
            return (found, true);
        };
        bytes += text.len();
        found.push(text.into_owned());
    }
    (found, false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BASE: u64 = 0x7ff0_0000;

    /// argc, arguments, environment, vector; then the strings.
    fn block(argc: u64) -> (MemoryImage, Vec<(u64, u64)>) {
        let texts = BASE + 0x100;
        let pairs = vec![(33, 0x7fff_1000), (16, 1), (6, 4096), (31, texts + 14)];
        let mut words = vec![argc, texts, texts + 4, 0, texts + 9, 0];
        words.extend(pairs.iter().flat_map(|&(key, value)| [key, value]));
        words.extend([0, 0]);
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(0x100, 0);
        bytes.extend(b"./a\0-b c\0A=b=\0./a\0");
        (MemoryImage::from_buffers([(Address(BASE), bytes, true)]), pairs)
    }

    #[test]
    fn the_lists_are_found_from_the_vector_down() {
        let (memory, pairs) = block(2);
        let vector = find_vector(&memory, Address(BASE + 0x10e), &pairs).unwrap();
        assert_eq!(vector, Address(BASE + 48));
        let (environment, below) = pointers_below(&memory, vector).unwrap();
        assert_eq!(strings(&memory, &environment), (vec![b"A=b=".to_vec()], false));
        let (arguments, argc) = pointers_below(&memory, below).unwrap();
        assert_eq!((strings(&memory, &arguments).0, argc), (vec![b"./a".to_vec(), b"-b c".to_vec()], Address(BASE)));
    }

    #[test]
    fn what_does_not_end_with_its_number_is_no_list() {
        let (memory, pairs) = block(0x7777);
        let vector = find_vector(&memory, Address(BASE + 0x10e), &pairs).unwrap();
        let (_, below) = pointers_below(&memory, vector).unwrap();
        assert_eq!(pointers_below(&memory, below), None, "runs into the gap below");
        assert_eq!(find_vector(&memory, Address(BASE + 0x10e), &[(1, 2), (3, 4)]), None);
    }

    #[test]
    fn variables_are_found_by_their_whole_name() {
        let environment = [&b"GOGCX=1"[..], b"GOGC=50", b"GOGC"].map(<[u8]>::to_vec).to_vec();
        let block = StartBlock { environment, ..StartBlock::default() };
        assert_eq!(block.variable("GOGC"), Some(&b"50"[..]));
        assert_eq!(block.variable("GOG"), None);
    }
}
