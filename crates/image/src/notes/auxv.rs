//! `NT_AUXV`: what the kernel told the program when it started.

use crate::{Address, le};

/// The auxiliary vector (`AT_*` of include/uapi/linux/auxvec.h); empty when the core has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuxVector {
    pairs: Vec<(u64, u64)>,
}

impl AuxVector {
    pub(crate) fn parse(note: &[u8]) -> AuxVector {
        let pair = |chunk: &[u8]| Some((le::u64(chunk, 0)?, le::u64(chunk, 8)?));
        let pairs = note.chunks_exact(16).filter_map(pair).take_while(|&(key, _)| key != 0).collect();
        AuxVector { pairs }
    }

    /// A vector of which only `AT_ENTRY` is known.
    pub(crate) fn with_entry(entry: Address) -> AuxVector {
        AuxVector { pairs: vec![(9, entry.0)] }
    }

    /// Every pair of type and value, without the closing `AT_NULL`.
    pub fn pairs(&self) -> &[(u64, u64)] {
        &self.pairs
    }

    /// The value of type `key`.
    pub fn get(&self, key: u64) -> Option<u64> {
        self.pairs.iter().find(|pair| pair.0 == key).map(|pair| pair.1)
    }

    /// `AT_PHDR`: where the executable's program headers are.
    pub fn program_headers(&self) -> Option<Address> {
        self.get(3).map(Address)
    }

    /// `AT_PAGESZ`, bytes.
    pub fn page_size(&self) -> Option<u64> {
        self.get(6)
    }

    /// `AT_ENTRY`: the executable's entry point, where it was loaded.
    pub fn entry(&self) -> Option<Address> {
        self.get(9).map(Address)
    }

    /// `AT_EXECFN`: where the path given to execve is, NUL-terminated.
    pub fn exec_fn(&self) -> Option<Address> {
        self.get(31).map(Address)
    }

    /// `AT_SYSINFO_EHDR`: where the vDSO is.
    pub fn vdso(&self) -> Option<Address> {
        self.get(33).map(Address)
    }
}
