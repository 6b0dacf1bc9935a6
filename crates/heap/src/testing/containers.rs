//! Maps, channels, slices, closures, and what is tied to objects.

use super::GoProcess;
use super::types::Type;

/// The words of an `hchan` that are pointers: buffer, timer, element type, both queues.
const CHANNEL_POINTERS: [usize; 7] = [2, 4, 5, 8, 9, 10, 11];

impl GoProcess {
    /// The words of a slice of `len` elements, with its array.
    pub(crate) fn slice(&mut self, elem: &str, len: u64, cap: u64) -> [u64; 3] {
        [self.row(elem, cap), len, cap]
    }

    /// A channel with room for `room` elements, of which these are queued; its header.
    pub(crate) fn channel(&mut self, elem: &str, queued: &[&[u64]], room: u64) -> u64 {
        let id = self.ty(elem);
        let (size, has_pointers) = (self.types.all[id].size, self.types.all[id].has_pointers());
        let fields = self.layout.hchan.clone();
        let (header, buffer) = if has_pointers {
            let header = self.raw(fields.size, &CHANNEL_POINTERS);
            (header, if room > 0 { self.row(elem, room) } else { 0 })
        } else {
            let header = self.raw(fields.size + room * size, &[]);
            (header, header + fields.size)
        };
        self.set(header + fields.qcount, &[queued.len() as u64]);
        self.set(header + fields.dataqsiz, &[room]);
        self.set(header + fields.buf, &[buffer]);
        self.put(header + fields.elemsize, &(size as u16).to_le_bytes());
        let descriptor = self.descriptor(elem);
        self.set(header + fields.elemtype, &[descriptor]);
        for (index, words) in queued.iter().enumerate() {
            self.set(buffer + index as u64 * size, words);
        }
        header
    }

    /// A small map with up to eight entries, each the words of its key and of its value; its header.
    pub(crate) fn map(&mut self, ty: &str, entries: &[(&[u64], &[u64])]) -> u64 {
        let part = self.map_group(ty, entries);
        let count = entries.len() as u64;
        if self.version.release().has_swiss_maps {
            let header = self.raw(48, &[2]);
            self.set(header, &[count, 0x77, part, 0]);
            return header;
        }
        let header = self.raw(48, &[2, 3, 5]);
        self.set(header, &[count, 0, part]);
        header
    }

    /// One group or bucket with these entries.
    pub(crate) fn map_group(&mut self, ty: &str, entries: &[(&[u64], &[u64])]) -> u64 {
        let groups = self.map_groups(ty, 1);
        self.fill_group(ty, groups, entries);
        groups
    }

    /// Empty groups or buckets in a row.
    pub(crate) fn map_groups(&mut self, ty: &str, count: u64) -> u64 {
        let map = self.ty(ty);
        let part = self.map_part(map);
        let name = self.types.all[part].name.clone();
        let at = self.row(&name, count);
        if self.version.release().has_swiss_maps {
            for group in 0..count {
                self.set(at + group * self.types.all[part].size, &[0x8080_8080_8080_8080]);
            }
        }
        at
    }

    /// Puts entries into the group or bucket at `at`.
    pub(crate) fn fill_group(&mut self, ty: &str, at: u64, entries: &[(&[u64], &[u64])]) {
        let map = self.ty(ty);
        let part = self.map_part(map);
        let part = self.types.all[part].clone();
        for (slot, (key, value)) in (0..).zip(entries) {
            let [key_at, value_at] = self.places_in_group(&part, at, slot);
            // A hash's last bits, or its first: any that say that the slot is full.
            self.put(at + slot, &[7]);
            self.set(key_at, key);
            self.set(value_at, value);
        }
    }

    /// Where key and value of a slot lie.
    fn places_in_group(&self, part: &Type, at: u64, slot: u64) -> [u64; 2] {
        let elem = |array: usize| &self.types.all[self.types.all[array].elem];
        if self.version.release().has_swiss_maps {
            let slots = &part.fields[1];
            let pair = elem(slots.ty);
            let start = at + slots.offset + slot * pair.size;
            return [start, start + pair.fields[1].offset];
        }
        [&part.fields[1], &part.fields[2]].map(|array| at + array.offset + slot * elem(array.ty).size)
    }

    /// A closure of the function, with these words behind its address; `pointers` are numbers of words.
    pub(crate) fn closure(&mut self, function: &str, captured: &[u64], pointers: &[usize]) -> u64 {
        let entry = self.function(function);
        let at = self.raw(8 + captured.len() as u64 * 8, pointers);
        self.set(at, &[entry]);
        self.set(at + 8, captured);
        at
    }

    /// Sets a finalizer on what lies at `at`: its function, and the type of the pointer to the object.
    pub(crate) fn finalizer(&mut self, at: u64, closure: u64, pointer: &str) {
        let kind = self.special_kind(0);
        let (fields, ty) = (self.layout.special_finalizer.clone(), self.descriptor(pointer));
        self.special(at, kind, &[(fields.func, closure), (fields.fint, ty), (fields.ot, ty)]);
    }

    /// A weak pointer's handle for what lies at `at`.
    pub(crate) fn weak_handle(&mut self, at: u64, handle: u64) {
        let (kind, field) = (self.special_kind(1), self.layout.special_weak_handle.handle.unwrap());
        self.special(at, kind, &[(field, handle)]);
    }

    /// A cleanup for what lies at `at`: its words.
    pub(crate) fn cleanup(&mut self, at: u64, words: [u64; 3]) {
        let kind = self.special_kind(2);
        let first = self.layout.special_cleanup.cleanup.or(self.layout.special_cleanup.func).unwrap();
        self.special(at, kind, &[(first, words[0]), (first + 8, words[1]), (first + 16, words[2])]);
    }

    /// Puts a call of a finalizer into the queue: the closure, what it is called with, and the type of that pointer.
    pub(crate) fn queue_finalizer(&mut self, closure: u64, argument: u64, pointer: &str) {
        let ty = self.descriptor(pointer);
        let block = self.record(0x1000);
        self.set(super::module::ANCHORS + 0x48, &[block]);
        self.set(block, &[0, 0, 1, closure, argument, 0, 0, ty]);
    }

    /// The number of finalizers, weak handles, cleanups.
    fn special_kind(&self, which: usize) -> u8 {
        use goheap_runtime::constants::SpecialKind;
        let wanted = [SpecialKind::Finalizer, SpecialKind::WeakHandle, SpecialKind::Cleanup][which];
        (0..20).find(|number| SpecialKind::from_number(*number, self.version.minor) == wanted).unwrap()
    }
}
