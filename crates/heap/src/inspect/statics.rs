//! One package variable, looked at closely: it is no object of the heap.

use super::{Field, InspectOptions, Listed};
use crate::snapshot::HeapSnapshot;

/// A package variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticValue {
    /// Its first byte.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Its name.
    pub name: String,
    /// Its type; empty where it is not known.
    pub ty: String,
    /// Its fields.
    pub fields: Listed<Field>,
}

impl HeapSnapshot<'_, '_> {
    /// The package variable that holds `address`; None where none is named there.
    pub fn inspect_static(&self, address: u64, options: InspectOptions) -> Option<StaticValue> {
        let variable = self.model.symbols.variable_at(address)?;
        let is_data = self.model.modules.iter().any(|module| module.holds_variable(address));
        let fields = match variable.ty.filter(|_| is_data) {
            Some(ty) => self.variable_fields("", ty, variable.address, options),
            None => Listed::none(),
        };
        let ty = variable.ty.map_or_else(String::new, |ty| self.types.get(ty).name.to_string());
        let name = variable.name.to_string();
        is_data.then_some(StaticValue { address: variable.address, size: variable.size, name, ty, fields })
    }
}
