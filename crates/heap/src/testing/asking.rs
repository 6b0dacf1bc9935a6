//! What tests ask of a snapshot, by address.

use crate::snapshot::HeapSnapshot;
use goheap_model::{Evidence, ObjectId};

impl HeapSnapshot<'_, '_> {
    /// The object at an address.
    pub(crate) fn id(&self, at: u64) -> ObjectId {
        self.objects.find_allocated(at).unwrap_or_else(|| panic!("nothing lies at {at:#x}")).id
    }

    /// The type of the object at an address, as it is shown.
    pub(crate) fn type_at(&self, at: u64) -> String {
        self.type_text(self.objects.find_allocated(at).unwrap_or_else(|| panic!("nothing lies at {at:#x}")))
    }

    /// How the type of the object at an address is known.
    pub(crate) fn evidence_at(&self, at: u64) -> Evidence {
        self.object_types.of(self.id(at)).evidence()
    }

    /// The frames above and of the object at an address, joined by ` → `.
    pub(crate) fn path_at(&self, at: u64) -> String {
        let frame = self.frame_of(self.id(at)).unwrap();
        let labels = self.tree.path(frame).into_iter().map(|label| self.label_text(label).to_string());
        labels.collect::<Vec<_>>().join(" → ")
    }
}
