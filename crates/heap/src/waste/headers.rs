//! Strings, slices, boxes and pointers to small values, as they stand in objects that roots reach and in the roots themselves.

use crate::error::HeapError;
use crate::infer::payload_offset;
use crate::meaning::plan::PointerWord;
use crate::meaning::resolve::{Resolver, Target, Told};
use crate::objects::page_table::Slots;
use crate::objects::table::Place;
use crate::referred::Window;
use crate::roots::root::Root;
use crate::snapshot::HeapSnapshot;
use crate::waste::places::{HeaderWord, Places, SMALL_VALUE, What, is_small};
use goheap_image::Address;
use goheap_model::{Claim, Kind, Meter, ObjectId, Observer, Part, TypeId};
use goheap_runtime::Span;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// Spans that a thread reads at a time.
const SPANS: usize = 64;
/// Bytes of a piece of a large object.
const PIECE: u64 = 1 << 20;

/// What a header is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A slice of single bytes.
    Bytes,
    /// Another slice.
    Slice,
    /// An interface, of a small value.
    Boxed,
    /// A pointer to a small value.
    Pointed,
    /// A pointer into what may be the bytes of a string or slice, of which it may need all.
    Whole,
}

impl Shape {
    /// True of a small value, whose type is part of what it is.
    pub(super) fn is_value(self) -> bool {
        matches!(self, Shape::Boxed | Shape::Pointed)
    }

    /// True of strings and slices.
    pub(super) fn is_run(self) -> bool {
        matches!(self, Shape::Text | Shape::Bytes | Shape::Slice)
    }

    /// True of what has a capacity.
    pub(super) fn is_slice(self) -> bool {
        matches!(self, Shape::Bytes | Shape::Slice)
    }
}

/// Where a header stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct HeaderPlace {
    pub(super) shape: Shape,
    /// True if `id` is a frame of the tree.
    pub(super) is_root: bool,
    /// One of [`Places`]; of a box the type of its value.
    pub(super) id: u32,
}

/// A run of bytes of the heap that a header refers to. It lies in one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Header {
    pub(super) address: u64,
    pub(super) len: u64,
    /// Bytes; of a small value the number of its type.
    pub(super) cap: u64,
    pub(super) place: HeaderPlace,
}

impl Header {
    pub(super) fn end(&self) -> u64 {
        self.address.saturating_add(self.len)
    }
}

/// All of them, in order of address.
pub(super) fn read(
    snapshot: &HeapSnapshot<'_, '_>,
    resolver: &Resolver<'_>,
    places: &Places,
    observer: &dyn Observer,
) -> Result<Vec<Header>, HeapError> {
    let meter = Meter::new(observer, u64::from(snapshot.objects.len()));
    let reader = Reader { snapshot, resolver, places, observer, found: Mutex::default() };
    let spans: Vec<u32> = (0..snapshot.model.heap.spans.len() as u32).collect();
    spans.par_chunks(SPANS).try_for_each(|some| {
        let mut found = Vec::new();
        for &span in some {
            reader.read_span(span, &mut found)?;
            meter.add(u64::from(snapshot.model.heap.spans[span as usize].nelems));
        }
        reader.keep(&found)
    })?;
    reader.keep(&reader.of_roots())?;
    let mut found = reader.found.into_inner().unwrap_or_default();
    // The order is one of all that a header says, so that threads may find them in any.
    found.par_sort_unstable();
    found.dedup();
    Ok(found)
}

struct Reader<'a, 'm, 'p> {
    snapshot: &'a HeapSnapshot<'m, 'p>,
    resolver: &'a Resolver<'m>,
    places: &'a Places,
    observer: &'a dyn Observer,
    found: Mutex<Vec<Header>>,
}

impl<'p> Reader<'_, '_, 'p> {
    /// Adds what one thread found, for which room is claimed.
    fn keep(&self, more: &[Header]) -> Result<(), HeapError> {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if found.capacity() - found.len() < more.len() {
            let room = more.len().max(found.len() / 2);
            let bytes = |headers: usize| (headers * size_of::<Header>()) as u64;
            self.observer.claim(Claim { kept: bytes(room), passing: bytes(found.len()) })?;
            found.reserve_exact(room);
        }
        found.extend_from_slice(more);
        Ok(())
    }

    fn read_span(&self, index: u32, found: &mut Vec<Header>) -> Result<(), HeapError> {
        let (span, objects) = (&self.snapshot.model.heap.spans[index as usize], &self.snapshot.objects);
        if span.is_noscan() {
            return Ok(());
        }
        let first = objects.first_of(index);
        for id in self.snapshot.reached.ones_in(first..first + span.nelems) {
            let (payload, bytes) = objects.payload(objects.slot_in(id, index));
            if bytes <= PIECE {
                self.read_object(span, id, payload, 0..bytes, found);
                continue;
            }
            (0..bytes.div_ceil(PIECE)).into_par_iter().try_for_each(|piece| {
                let start = piece * PIECE;
                if !self.is_there(payload.saturating_add(start)) {
                    return Ok(());
                }
                let mut found = Vec::new();
                self.read_object(span, id, payload, start..bytes.min(start + PIECE), &mut found);
                self.keep(&found)
            })?;
        }
        Ok(())
    }

    /// True if the core has any byte of the piece at an address: of a damaged one an object may be as large as the address space.
    fn is_there(&self, address: u64) -> bool {
        let memory = self.snapshot.model.memory();
        let next = || memory.next_readable(Address(address)).is_some_and(|next| next.0 - address < PIECE);
        memory.contiguous(Address(address)).is_some() || next()
    }

    /// Reads the words of an object that begin in a range of its payload.
    fn read_object(&self, span: &Span<'p>, id: u32, payload: u64, range: Range<u64>, found: &mut Vec<Header>) {
        let kind = self.places.of(self.snapshot.object_types.of(ObjectId(id)));
        if kind.words.is_empty() {
            return;
        }
        let period = kind.period.unwrap_or(u64::MAX);
        let mut value = range.start / period * period;
        while value < range.end {
            for word in kind.words {
                let offset = value + u64::from(word.offset);
                if range.contains(&offset) {
                    found.extend(self.header(span, payload.wrapping_add(offset), word));
                }
            }
            value = value.saturating_add(period);
        }
    }

    /// The header at an address; None of nil, of what contradicts itself, and of what lies outside the heap.
    fn header(&self, span: &Span<'p>, at: u64, word: &HeaderWord) -> Option<Header> {
        let masks = &self.snapshot.model.masks;
        let read = |index: u64| masks.word(span, at.checked_add(index * 8)?);
        let address = read(0).filter(|&address| address != 0)?;
        let place = |shape| HeaderPlace { shape, is_root: false, id: word.place };
        match word.what {
            What::Text => {
                let len = read(1)?;
                self.run(Header { address, len, cap: len, place: place(Shape::Text) })
            }
            What::Slice(size) => {
                let (len, cap) = (read(1)?.checked_mul(size)?, read(2)?.checked_mul(size)?);
                let shape = if size == 1 { Shape::Bytes } else { Shape::Slice };
                self.run(Header { address, len, cap, place: place(shape) })
            }
            What::Interface(has_methods) => {
                let word = PointerWord::InterfaceData(has_methods);
                match self.resolver.target(word, TypeId(0), at, address) {
                    Target::Known(Part::Value, ty, Told::Box) => {
                        let place = HeaderPlace { shape: Shape::Boxed, is_root: false, id: ty.0 };
                        self.small_value(address, ty, place)
                    }
                    _ => None,
                }
            }
            What::Pointer(ty) => self
                .small_value(address, ty, place(Shape::Pointed))
                .or_else(|| self.whole(address, place(Shape::Whole))),
            What::Whole => self.whole(address, place(Shape::Whole)),
        }
    }

    /// A pointer to what strings and slices are made of.
    fn whole(&self, address: u64, place: HeaderPlace) -> Option<Header> {
        let slot = self.snapshot.objects.find_allocated(address)?;
        let object = self.snapshot.object_types.of(slot.id);
        let is_row = object.is_known() && matches!(object.part(), Part::Elements | Part::StringData);
        is_row.then_some(Header { address, len: 0, cap: 0, place })
    }

    /// What a string or slice refers to.
    fn run(&self, header: Header) -> Option<Header> {
        let Header { len, cap, .. } = header;
        let is_sound = len <= cap && cap > 0;
        let place = self.snapshot.objects.place(header.address);
        let is_there = self.snapshot.objects.allocated_ids().contains(place.id);
        (is_sound && is_there && cap <= self.room(&place)).then_some(header)
    }

    /// A value in a slot of its own, or in one that it shares with other small ones.
    fn small_value(&self, address: u64, ty: TypeId, holder: HeaderPlace) -> Option<Header> {
        let types = &self.resolver.types;
        let len = types.get(ty).size;
        // A box may hold any value of two words; a slice's header takes three.
        let is_boxed =
            holder.shape == Shape::Boxed && len <= SMALL_VALUE && !matches!(types.get(ty).kind, Kind::Opaque);
        if len == 0 || !(is_boxed || is_small(types, ty)) {
            return None;
        }
        let place = self.snapshot.objects.place(address);
        let is_own = place.offset == 0 || place.slots == Slots::Tiny;
        let is_there = self.snapshot.objects.allocated_ids().contains(place.id);
        let is_slot_small = (1..=SMALL_VALUE).contains(&u64::from(place.elem_size));
        let fits = place.offset.saturating_add(len) <= u64::from(place.elem_size);
        (is_there && is_own && is_slot_small && fits).then_some(Header {
            address,
            len,
            cap: ty.0.into(),
            place: holder,
        })
    }

    /// Bytes from where a pointer leads to the end of the payload.
    fn room(&self, place: &Place) -> u64 {
        let size = match place.slots {
            Slots::WithBits | Slots::NoPointers | Slots::Tiny => u64::from(place.elem_size),
            Slots::Other => match self.snapshot.model.heap.spans.get(place.span as usize) {
                Some(span) => span.elem_size - payload_offset(self.snapshot.model, span),
                None => 0,
            },
        };
        size.saturating_sub(place.offset)
    }

    /// What variables refer to.
    fn of_roots(&self) -> Vec<Header> {
        let mut windows = self.snapshot.root_windows.iter().peekable();
        let of_root = |(root, index): (&Root, u32)| {
            let window = windows.next_if(|window| window.root == index).map_or(Window::Whole, |root| root.window);
            self.of_root(root, window)
        };
        self.snapshot.roots.iter().zip(0..).filter_map(of_root).collect()
    }

    /// What one root refers to: whether it is text is told by its object. A word that only looks like a pointer needs nothing.
    fn of_root(&self, root: &Root, window: Window) -> Option<Header> {
        let snapshot = self.snapshot;
        let place = |shape| HeaderPlace { shape, is_root: true, id: root.node.index() as u32 };
        let (len, cap) = match window {
            Window::Bytes { len, cap } => (len, cap),
            Window::Whole if !root.is_conservative => return self.whole(root.value, place(Shape::Whole)),
            _ => return None,
        };
        let object = snapshot.object_types.of(snapshot.objects.find_allocated(root.value)?.id);
        let shape = match object.part() {
            _ if !object.is_known() => Shape::Slice,
            Part::StringData => Shape::Text,
            Part::Elements if self.resolver.types.get(object.ty()).size == 1 => Shape::Bytes,
            _ => Shape::Slice,
        };
        self.run(Header { address: root.value, len, cap, place: place(shape) })
    }
}

/// Reads the bytes of a header's length.
pub(super) fn bytes<'s>(snapshot: &'s HeapSnapshot<'_, '_>, header: &Header) -> Option<std::borrow::Cow<'s, [u8]>> {
    snapshot.model.memory().bytes(Address(header.address), usize::try_from(header.len).ok()?)
}
