//! Type descriptors (`abi.Type`), an itab, and masks.

use super::{RODATA, World};

/// Where `nameOff` and `typeOff` count from.
pub(super) const TYPES: u64 = RODATA + 0x4000;
pub(super) const TYPES_BYTES: u64 = 0x3000;
/// Each type has room for this much.
const ROOM: u64 = 0x100;
const NAMES: u64 = TYPES + 0x1000;
pub(super) const ITAB: u64 = TYPES + 0x1800;
pub(super) const LINKS: u64 = TYPES + 0x1a00;
/// A mask of pointers, and a GC program that makes one.
pub(super) const MASK: u64 = TYPES + 0x1b00;
/// The words of T that are pointers: all but an itab, and a length and a capacity at its end.
pub(super) const POINTERS: u8 = 0b0011_0111;
/// The mask of variables.
pub(super) const EVERY_WORD: u64 = TYPES + 0x1b80;
pub(super) const PROGRAM: u64 = TYPES + 0x1c00;
const FIELDS: u64 = TYPES + 0x1d00;
const METHODS: u64 = TYPES + 0x1f00;
pub(super) const DESCRIPTOR_BYTES: u64 = 12 * ROOM;

/// Types by their place.
pub(super) const INT: usize = 0;
pub(super) const POINTER: usize = 1;
pub(super) const STRUCT: usize = 2;
pub(super) const CHAN: usize = 7;

/// How many there are.
pub(super) const COUNT: usize = 11;

/// Size, bytes up to the last pointer, kind (`abi.Kind`), name.
const KINDS: [(u64, u64, u8, &str); COUNT] = [
    (8, 0, 2, "*int"),
    (8, 8, 22, "**main.T"),
    (64, 48, 25, "*main.T"),
    (24, 8, 23, "*[]main.T"),
    (128, 112, 17, "*[2]main.T"),
    (16, 8, 24, "*string"),
    (8, 8, 21, "*map[int]*main.T"),
    (8, 8, 18, "*chan *main.T"),
    (16, 16, 20, "*main.I"),
    (8, 8, 19, "*func(int) string"),
    (960, 944, 17, "*[15]main.T"),
];

/// Where a type's descriptor lies: one past the start, for offset 0 is none.
pub(super) const fn descriptor(index: usize) -> u64 {
    TYPES + 0x40 + index as u64 * ROOM
}

impl World {
    pub(super) fn types(&mut self) {
        // The package's name; then those of types.
        let mut name_at = self.name(NAMES, "main");
        for (index, (size, pointers, kind, name)) in KINDS.into_iter().enumerate() {
            let at = descriptor(index);
            self.places.words(at, &[size, pointers]);
            self.places.half(at + 16, 0x1234_5678 + index as u32);
            // The struct and the pointer to it have methods; the large array's mask is made when it is needed.
            let on_demand = if index == 10 && self.minor() >= 24 { 0x10 } else { 0 };
            let is_uncommon = u8::from([POINTER, STRUCT].contains(&index));
            let is_named = 4 * u8::from([INT, STRUCT, 5, 8].contains(&index));
            self.places.bytes(at + 20, &[on_demand | 2 | is_named | is_uncommon, 8, 8, kind | self.kind_flags(index)]);
            self.places.words(at + 24, &[0, self.gcdata(index)]);
            self.places.half(at + 40, (name_at - TYPES) as u32);
            self.places.half(at + 44, 0);
            name_at = self.name(name_at, name);
        }
        self.elements();
        self.places.words(ITAB, &[descriptor(8), descriptor(POINTER), 0x1234_5679, super::TEXT + 0x200]);
        for (slot, index) in [POINTER, 3, 6].into_iter().enumerate() {
            self.places.half(LINKS + slot as u64 * 4, (descriptor(index) - TYPES) as u32);
        }
        self.places.bytes(MASK, &[POINTERS; 64]);
        self.places.bytes(EVERY_WORD, &[0xff; 8]);
        // Eight bits, repeated 14 times.
        self.places.bytes(PROGRAM, &[8, POINTERS, 0x88, 14, 0]);
    }

    fn kind_flags(&self, index: usize) -> u8 {
        let is_program = index == 10 && self.minor() <= 23;
        u8::from(is_program) * 0x40 + u8::from([POINTER, 6, CHAN, 9].contains(&index)) * 0x20
    }

    fn gcdata(&self, index: usize) -> u64 {
        match index {
            // Behind the program's length; or the slot of a mask that nobody needed yet.
            10 if self.minor() <= 23 => PROGRAM - 4,
            10 => LINKS + 0x80,
            _ => MASK,
        }
    }

    /// A name: flags, length, text; in 1.16 and before two bytes of length, which nobody asks for.
    fn name(&mut self, at: u64, name: &str) -> u64 {
        self.places.bytes(at, &[&[1, name.len() as u8], name.as_bytes()].concat());
        at + 2 + name.len() as u64
    }

    /// What follows the first 48 bytes.
    fn elements(&mut self) {
        let element = [(POINTER, STRUCT), (3, STRUCT), (4, STRUCT), (6, INT), (CHAN, POINTER), (10, STRUCT)];
        for (of, to) in element {
            self.places.word(descriptor(of) + 48, descriptor(to));
        }
        self.places.words(descriptor(4) + 56, &[descriptor(3), 2]);
        self.places.words(descriptor(10) + 56, &[descriptor(3), 15]);
        // Map: element, bucket or group, hasher, sizes.
        self.places.words(descriptor(6) + 56, &[descriptor(POINTER), descriptor(4), super::TEXT, 16]);
        // Package path and fields; methods behind.
        self.places.words(descriptor(STRUCT) + 48, &[NAMES]);
        self.places.slice(descriptor(STRUCT) + 56, FIELDS, 5);
        let mut name_at = FIELDS + 0x80;
        for (slot, (name, ty, offset)) in
            [("next", POINTER, 0), ("table", 6, 8), ("queue", CHAN, 16), ("any", 8, 24), ("list", 3, 40)]
                .into_iter()
                .enumerate()
        {
            let offset = if self.minor() <= 18 { offset << 1 } else { offset };
            self.places.words(FIELDS + slot as u64 * 24, &[name_at, descriptor(ty), offset]);
            name_at = self.name(name_at, name);
        }
        // Interface: package path, methods (name, type).
        self.places.word(descriptor(8) + 48, NAMES);
        self.places.slice(descriptor(8) + 56, METHODS, 1);
        self.places.half(METHODS, (NAMES - TYPES) as u32);
        self.places.half(METHODS + 4, (descriptor(9) - TYPES) as u32);
        // Function: one argument, one result, their types behind.
        self.places.half(descriptor(9) + 48, 1 | 1 << 16);
        self.places.words(descriptor(9) + 56, &[descriptor(INT), descriptor(5)]);
        // uncommontype: package, methods, exported methods, offset.
        for (ty, at) in [(POINTER, 56), (STRUCT, 80)] {
            let at = descriptor(ty) + at;
            self.places.half(at, (NAMES - TYPES) as u32);
            self.places.half(at + 4, 1 | 1 << 16);
            self.places.half(at + 8, (METHODS + 0x10 - at) as u32);
        }
        for (slot, value) in
            [(NAMES - TYPES) as u32, (descriptor(9) - TYPES) as u32, 0x200, 0x200].into_iter().enumerate()
        {
            self.places.half(METHODS + 0x10 + slot as u64 * 4, value);
        }
    }
}
