//! Limits work that a few bytes of input can ask for many times over.

/// Bytes that may still be read.
///
/// In DWARF many short entries can point to one long string, list or entry, so that work is not bounded by the size of
/// the file. Whatever follows such a reference pays for it here.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Pays for `bytes`; `None` once there is not enough, and from then on.
    pub(super) fn spend(&mut self, bytes: usize) -> Option<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(0);
        left.map(|_| ())
    }

    pub(super) fn left(&self) -> usize {
        self.left
    }
}
