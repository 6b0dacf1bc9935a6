//! One object, looked at closely: its fields, what it points to, and who points to it.

mod detached;
mod fields;
mod holders;
mod place;
mod pointing;
mod statics;
mod tiny;
mod value;

pub use place::EdgePlace;
pub(crate) use place::Places;
pub(crate) use value::dynamic_descriptor;

use crate::snapshot::HeapSnapshot;
use fields::Walk;
use goheap_image::Address;
use goheap_model::contents::{Contents, Field, InspectOptions, Inspection, Listed, StaticValue};
use goheap_model::{Part, Slot, TypeId};

impl Contents for HeapSnapshot<'_, '_> {
    /// Roots are among its holders, and its path is known, where the snapshot was taken with these options.
    fn inspect(&self, slot: Slot, options: InspectOptions) -> Inspection {
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
            vote: self.vote(slot.id),
            windows: windows.finish(self.objects.payload(slot).1),
            map: self.map_room(slot),
            fields,
            pointers: places.pointers(slot, options.limit),
            roots: self.root_holders(slot, options.limit),
            holders,
            holder_groups,
            function: self.closure_entry(slot).and_then(|entry| self.function_text(entry)),
        }
    }

    fn inspect_static(&self, address: u64, options: InspectOptions) -> Option<StaticValue> {
        self.static_value(address, options)
    }

    fn place_text(&self, address: u64) -> String {
        let text = self.target(address).text;
        text.trim_matches(['(', ')']).to_owned()
    }
}

impl HeapSnapshot<'_, '_> {
    /// The code that a closure calls.
    fn closure_entry(&self, slot: Slot) -> Option<u64> {
        let is_closure = self.object_types.of(slot.id).part() == Part::Closure;
        is_closure.then(|| self.model.memory().read_u64(Address(self.objects.payload(slot).0))).flatten()
    }

    /// `main.open.func1 main.go:101`.
    fn function_text(&self, entry: u64) -> Option<String> {
        let name = self.model.function_name(entry)?;
        // What the compiler made itself is in no file.
        let is_written = |(file, _): &(String, u32)| !file.starts_with('<');
        let place = self.model.position(entry).filter(is_written).map(|(file, line)| {
            let file = file.rsplit('/').next().unwrap_or_default().to_owned();
            format!(" {file}:{line}")
        });
        Some(format!("{name}{}", place.unwrap_or_default()))
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
}

#[cfg(test)]
mod tests;
