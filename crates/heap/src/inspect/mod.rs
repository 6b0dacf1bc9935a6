//! One object, looked at closely: its fields, what it points to, and who points to it.

mod detached;
mod fields;
mod holders;
mod place;
mod pointing;
mod statics;
mod tiny;
mod value;

pub use fields::Field;
pub use holders::{Holder, HolderGroup, RootHolder};
pub use place::EdgePlace;
pub(crate) use place::Places;
pub use statics::StaticValue;
pub(crate) use value::dynamic_descriptor;
pub use value::{Target, Value};

use crate::referred::ObjectWindows;
use crate::snapshot::HeapSnapshot;
use fields::Walk;
use goheap_image::Address;
use goheap_model::{MapRoom, Part, Slot, TypeId};

/// How closely an object is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectOptions {
    /// Whether contents are read: bytes of strings, numbers. They may be secrets of the dead process.
    pub values: bool,
    /// The most that is told of fields, of pointers, of holders and of roots each.
    pub limit: usize,
    /// Bytes of a string that are read.
    pub text_bytes: usize,
}

/// Some of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The first ones.
    pub shown: Vec<T>,
    /// How many more there are.
    pub left_out: u64,
}

impl<T> Listed<T> {
    fn none() -> Self {
        Listed { shown: Vec::new(), left_out: 0 }
    }

    fn push(&mut self, limit: usize, item: impl FnOnce() -> T) {
        if self.shown.len() < limit {
            self.shown.push(item());
        } else {
            self.left_out += 1;
        }
    }
}

/// A pointer of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The field that holds it.
    pub path: String,
    /// Bytes from the object's first byte.
    pub offset: u64,
    /// What it leads to.
    pub target: Target,
}

/// What can be told of one object beside its row in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The frames of the tree from the root down to the one that counts the object; none where no root reaches it.
    pub path: Vec<String>,
    /// Fields in order of offset, nested ones in place of those they are nested in; of a block of the tiny allocator the values in it.
    pub fields: Listed<Field>,
    /// Pointers by the collector's masks that are not nil.
    pub pointers: Listed<Pointer>,
    /// Roots that lead to it.
    pub roots: Listed<RootHolder>,
    /// Objects that lead to it.
    pub holders: Listed<Holder>,
    /// All of them by type, field and whether roots reach them.
    pub holder_groups: Vec<HolderGroup>,
    /// Of a closure, the entry of its function.
    pub function: Option<u64>,
    /// What of it is referred to, by reachable objects and by roots where the snapshot was taken with these.
    pub windows: ObjectWindows,
    /// Entries and slots of a map, where it is one's header.
    pub map: Option<MapRoom>,
}

impl HeapSnapshot<'_, '_> {
    /// Looks at the object in an allocated slot. Roots are among its holders, and its path is known, where the snapshot was
    /// taken with these options.
    pub fn inspect(&self, slot: Slot, options: InspectOptions) -> Inspection {
        let mut places = Places::new(self);
        let walk = Walk::new(self, options);
        let fields = match places.tiny_values(slot) {
            Some(values) => walk.tiny(slot, &values),
            None => walk.object(slot),
        };
        let (holders, holder_groups, mut windows) = places.holders(slot, options.limit);
        self.add_root_windows(slot, &mut windows);
        Inspection {
            path: self.frames_over(slot),
            windows: windows.finish(self.objects.payload(slot).1),
            map: self.map_room(slot),
            fields,
            pointers: places.pointers(slot, options.limit),
            roots: self.root_holders(slot, options.limit),
            holders,
            holder_groups,
            function: self.closure_entry(slot),
        }
    }

    /// The code that a closure calls.
    fn closure_entry(&self, slot: Slot) -> Option<u64> {
        let is_closure = self.object_types.of(slot.id).part() == Part::Closure;
        is_closure.then(|| self.model.memory().read_u64(Address(self.objects.payload(slot).0))).flatten()
    }

    /// The fields of the variable `name` of type `ty` that lies at `at`, outside of the heap.
    pub(crate) fn variable_fields(&self, name: &str, ty: TypeId, at: u64, options: InspectOptions) -> Listed<Field> {
        Walk::new(self, options).variable(name, ty, at)
    }

    fn frames_over(&self, slot: Slot) -> Vec<String> {
        let node = self.frame_of(slot.id);
        let labels = node.map_or_else(Vec::new, |node| self.tree.path(node));
        labels.into_iter().map(|label| self.label_text(label).to_owned()).collect()
    }

    /// What lies at an address that no object holds, in words.
    pub fn place_text(&self, address: u64) -> String {
        let text = self.target(address).text;
        text.trim_matches(['(', ')']).to_owned()
    }
}

#[cfg(test)]
mod tests;
