//! Addresses of which something costly to find out was found to be true, for many threads.

use std::sync::atomic::{AtomicU64, Ordering};

/// Addresses that are remembered; of two in one place the later.
const PLACES: usize = 1 << 12;

/// A set that forgets: what is in it was put there, what is not may have been.
///
/// # Overhead
/// 32 KiB.
pub(crate) struct AddressCache {
    places: Box<[AtomicU64]>,
}

impl Default for AddressCache {
    fn default() -> Self {
        AddressCache { places: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl AddressCache {
    /// True if `is_true` holds for the address, which is not 0, as it always does or never.
    pub(crate) fn ask(&self, address: u64, is_true: impl FnOnce() -> bool) -> bool {
        // Such records lie a few words from each other.
        let place = &self.places[(address / 8) as usize % PLACES];
        if address != 0 && place.load(Ordering::Relaxed) == address {
            return true;
        }
        let found = is_true();
        if found {
            place.store(address, Ordering::Relaxed);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_true_is_not_asked_again() {
        let cache = AddressCache::default();
        let beside = 0x1000 + 8 * PLACES as u64;
        assert!(!cache.ask(0x1000, || false) && cache.ask(0x1000, || true) && cache.ask(0x1000, || false));
        assert!(!cache.ask(beside, || false), "in the same place");
        assert!(cache.ask(beside, || true) && cache.ask(beside, || false) && !cache.ask(0x1000, || false));
        assert!(cache.ask(0, || true) && !cache.ask(0, || false), "an empty place is no address");
    }
}
