//! Where functions begin and end.

use crate::module::ModuleData;

/// The functions of all modules: (entry, end), ascending and apart.
pub(super) struct Functions(pub(super) Vec<(u64, u64)>);

impl Functions {
    pub(super) fn of(modules: &[ModuleData<'_>]) -> Self {
        let mut all = Vec::new();
        for module in modules {
            let within = |func: &crate::pclntab::Func| module.text.contains(&func.entry);
            all.extend(module.functions.iter().filter(within).map(|func| (func.entry, module.text.end)));
        }
        all.sort_unstable();
        all.dedup_by_key(|function| function.0);
        for index in 1..all.len() {
            all[index - 1].1 = all[index - 1].1.min(all[index].0);
        }
        Functions(all)
    }

    pub(super) fn begins_at(&self, address: u64) -> bool {
        self.0.binary_search_by_key(&address, |&(entry, _)| entry).is_ok()
    }
}
