//! Package variables.

use super::names::NameIndex;
use super::resolve::text;
use super::scan::UnitScan;
use super::types::{DwarfTypeId, TypeTable};

/// A package variable that the linker kept.
///
/// Static temporaries (`..stmp_1`) have symbols but no entry here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    /// `import/path.name`.
    pub name: Box<str>,
    /// Address at which the executable was linked: add the load bias of a position independent one.
    pub address: u64,
    /// Type; `None` when the reference leads nowhere.
    pub ty: Option<DwarfTypeId>,
}

/// All package variables, by address and by name.
#[derive(Debug, Default)]
pub(super) struct GlobalTable {
    pub(super) globals: Vec<Global>,
    by_name: NameIndex,
}

impl GlobalTable {
    pub(super) fn new(scans: &[UnitScan<'_>], types: &TypeTable) -> Self {
        let mut globals: Vec<Global> = scans
            .iter()
            .flat_map(|scan| &scan.globals)
            .map(|raw| Global { name: text(raw.name), address: raw.address, ty: types.by_entry(raw.ty) })
            .collect();
        // Variables of no size share the address of what follows.
        globals.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
        let by_name = NameIndex::new(globals.iter().map(|global| &*global.name));
        Self { globals, by_name }
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Global> {
        let place = self.by_name.find(&self.globals, name, |global| &global.name)?;
        self.globals.get(place)
    }
}
