//! Text that names types and packages, and text that finds them.

mod package;
mod package_names;
mod spelling;
mod standard_library;

pub use package::{BUILTIN, package_of};
pub use package_names::PackageNames;
pub use spelling::{Likeness, Spelling, is_of_the_compiler};
pub use standard_library::is_standard;
