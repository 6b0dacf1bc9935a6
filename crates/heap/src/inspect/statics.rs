//! One package variable, looked at closely: it is no object of the heap.

use crate::snapshot::HeapSnapshot;
use crate::waits::ANY_LOCK;
use goheap_model::contents::{InspectOptions, Listed, StaticValue};

impl HeapSnapshot<'_, '_> {
    /// The package variable that holds `address`; None where none is named there.
    pub(super) fn static_value(&self, address: u64, options: InspectOptions) -> Option<StaticValue> {
        let variable = self.model.symbols.variable_at(address)?;
        let is_data = self.model.modules.iter().any(|module| module.holds_variable(address));
        let fields = match variable.ty.filter(|_| is_data) {
            Some(ty) => self.variable_fields("", ty, variable.address, options),
            None => Listed::default(),
        };
        let ty = variable.ty.map_or_else(String::new, |ty| self.types.get(ty).name.to_string());
        let name = variable.name.to_string();
        // Where no lock or the like is known to lie, the field is told all the same.
        let place = self.static_name(address, ANY_LOCK).unwrap_or_else(|| name.clone());
        is_data.then_some(StaticValue { address: variable.address, size: variable.size, name, ty, place, fields })
    }
}
