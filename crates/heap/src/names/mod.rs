//! Text that names types, fields, packages and frames, and text that finds them.

pub(crate) mod describe {
    pub(crate) use goheap_model::{TextKey, element_text, is_wanted_text};
}
pub(crate) mod label_text;
pub(crate) mod labels;
pub(crate) mod late_names;
pub(crate) mod promoted;

pub(crate) mod package {
    pub(crate) use goheap_model::names::package_of;
}
pub(crate) mod package_names {
    pub(crate) use goheap_model::names::PackageNames;
}
pub(crate) mod spelling {
    pub(crate) use goheap_model::names::{Likeness, Spelling, is_of_the_compiler};
}
pub(crate) mod standard_library {
    pub(crate) use goheap_model::names::is_standard;
}
