//! Package variables: data and bss of every module, by the collector's masks.

use super::RootCollector;
use crate::label_text::{field_label, variable_label};
use crate::object_type::Evidence;
use crate::root::RootClass;
use goheap_graph::{PathTrie, TrieNode};
use goheap_image::Address;
use goheap_runtime::bits::BitVector;
use goheap_runtime::{AddressRange, RuntimeModel, Variable};

/// Packages whose variables are the runtime's own. Their contents are the same in every program, so that others go first.
const RUNTIME_PACKAGES: [&str; 2] = ["runtime.", "internal/runtime/"];

impl<'m, 'p> RootCollector<'_, 'm, 'p> {
    pub(super) fn variables(&mut self) {
        let model: &'m RuntimeModel<'p> = self.model;
        for module in &model.modules {
            for (section, range, mask) in
                [("data", &module.data, &module.data_mask), ("bss", &module.bss, &module.bss_mask)]
            {
                self.section(section, range, mask);
            }
        }
    }

    fn section(&mut self, section: &str, range: &AddressRange, mask: &BitVector) {
        if mask.len == 0 && !range.is_empty() {
            self.set.counts.unbuilt_masks += 1;
        }
        for word in mask.ones() {
            let at = range.start + word as u64 * 8;
            if at >= range.end {
                break;
            }
            self.set.counts.variable_words += 1;
            match self.model.memory().read_u64(Address(at)) {
                Some(0) => {}
                Some(value) => self.variable_word(section, range, at, value),
                None => self.set.counts.absent_words += 1,
            }
        }
    }

    fn variable_word(&mut self, section: &str, range: &AddressRange, at: u64, value: u64) {
        if self.objects.find(value).is_none() {
            return;
        }
        let model: &'m RuntimeModel<'p> = self.model;
        let Some(variable) = model.symbols.variable_at(at) else {
            let node = self.node(PathTrie::ROOT, &format!("{section}+{:#x}", at - range.start));
            return self.root(value, RootClass::Variables, node);
        };
        let class = match RUNTIME_PACKAGES.iter().any(|package| variable.name.starts_with(package)) {
            true => RootClass::Runtime,
            false => RootClass::Variables,
        };
        let node = self.variable_node(variable, at, value);
        self.root(value, class, node);
    }

    /// The variable's frame, and below it that of the field unless the variable is one word's worth itself.
    fn variable_node(&mut self, variable: &Variable, at: u64, value: u64) -> TrieNode {
        let Some(ty) = variable.ty else { return self.node(PathTrie::ROOT, &variable.name) };
        let text = variable_label(&self.resolver.types, &variable.name, ty);
        let top = self.node(PathTrie::ROOT, &text);
        let offset = at - variable.address;
        let Some(entry) = self.resolver.entry(ty, offset).cloned() else {
            return self.node(top, &format!("+{offset:#x}"));
        };
        self.declared(value, entry.word, entry.field, at, Evidence::Exact);
        if entry.path.is_empty() {
            return top;
        }
        let text = field_label(self.resolver, self.model, "", &entry, at, value);
        let label = self.labels.owned(ty, &text);
        self.trie.child(top, label)
    }
}
