//! Text that names types, fields, packages and frames, and text that finds them.

pub(crate) mod describe;
pub(crate) mod label_text;
pub(crate) mod labels;
pub(crate) mod late_names;
pub(crate) mod package;
pub(crate) mod package_names;
pub(crate) mod promoted;
pub(crate) mod spelling;
pub(crate) mod standard_library;
