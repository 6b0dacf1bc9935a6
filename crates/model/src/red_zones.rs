//! Red zones: what the allocator adds to every object of a program that was built with `-asan` (runtime/malloc.go `computeRZlog`
//! from 1.18, `redZoneSize` since 1.24).

/// (greatest size, bytes behind it), and what is behind all that are larger.
const ZONES: [(u64, u64); 7] = [
    (64 - 16, 16),
    (128 - 32, 32),
    (512 - 64, 64),
    (4096 - 128, 128),
    ((1 << 14) - 256, 256),
    ((1 << 15) - 512, 512),
    ((1 << 16) - 1024, 1024),
];
const LAST_ZONE: u64 = 2048;
const WORDS: u64 = 64;

/// How objects are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedZones {
    is_on: bool,
    /// Since 1.24 the pointer bits of small objects are those of so many values as fit in object and red zone, the last one cut off
    /// (runtime/mbitmap.go `writeHeapBitsSmall`).
    have_bits: bool,
}

impl RedZones {
    /// If they are on, and if pointer bits go on into them.
    pub fn new(is_on: bool, have_bits: bool) -> Self {
        RedZones { is_on, have_bits: is_on && have_bits }
    }

    /// True if objects are padded.
    pub fn is_on(self) -> bool {
        self.is_on
    }

    /// Bytes that are allocated for an object of `size` bytes.
    pub fn padded(self, size: u64) -> u64 {
        if !self.is_on {
            return size;
        }
        let zone = ZONES.iter().find(|(greatest, _)| size <= *greatest).map_or(LAST_ZONE, |(_, zone)| *zone);
        size.saturating_add(zone)
    }

    /// Bytes of the largest object for which `room` bytes are allocated.
    pub fn unpadded(self, room: u64) -> u64 {
        if !self.is_on {
            return room;
        }
        let of_zone = |&(greatest, zone): &(u64, u64)| room.saturating_sub(zone).min(greatest);
        let most = ZONES.iter().map(of_zone).max().unwrap_or(0);
        let beyond = room.saturating_sub(LAST_ZONE);
        if beyond > ZONES[ZONES.len() - 1].0 { beyond } else { most }
    }

    /// The pointer bits of an object of `total` bytes, which are values in a row of `size` bytes and these bits; at most 64 words.
    pub fn bits(self, bits: u64, size: u64, total: u64) -> u64 {
        let bytes = if self.have_bits { self.padded(total) } else { total };
        let starts = (0..bytes.min(WORDS * 8)).step_by(usize::try_from(size.max(8)).unwrap_or(usize::MAX));
        let row = starts.fold(0, |row, start| row | bits << (start / 8));
        if !self.have_bits || bytes >= WORDS * 8 { row } else { row & ((1 << (bytes / 8)) - 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: RedZones = RedZones { is_on: false, have_bits: false };
    const OLD: RedZones = RedZones { is_on: true, have_bits: false };
    const NEW: RedZones = RedZones { is_on: true, have_bits: true };

    #[test]
    fn sizes_grow_by_the_runtime_s_steps() {
        let sizes = [1, 48, 49, 96, 97, 448, 449, 3968, 3969, 65536];
        assert_eq!(sizes.map(|size| OFF.padded(size)), sizes);
        assert_eq!(sizes.map(|size| NEW.padded(size)), [17, 64, 81, 128, 161, 512, 577, 4096, 4225, 67584]);
    }

    #[test]
    fn the_largest_size_of_a_room_is_told() {
        for room in [32_u64, 64, 80, 96, 128, 144, 512, 576, 4096, 32768, 65536, 66560, 73728] {
            let size = NEW.unpadded(room);
            assert!(NEW.padded(size) <= room && NEW.padded(size + 1) > room, "{size} of {room}");
        }
    }

    #[test]
    fn bits_go_on_in_the_red_zone() {
        // struct{ n int; p *T; q *T }, 24 bytes and 16 of red zone: the zone's words are those of the next value's start.
        assert_eq!(NEW.bits(0b110, 24, 24), 0b10_110);
        assert_eq!(OLD.bits(0b110, 24, 24), 0b110);
        assert_eq!(OFF.bits(0b110, 24, 48), 0b110_110);
        assert_eq!(NEW.bits(1, 8, 8), 0b111);
        assert_eq!(NEW.bits(1, 8, 512), u64::MAX);
    }
}
