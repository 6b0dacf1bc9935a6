//! Text that names types and packages, and text that finds them.

mod code;
mod fields;
mod frame_name;
mod package;
mod package_names;
mod spelling;
mod standard_library;

pub use code::{Code, code_of_package, code_of_parts, code_of_type};
pub use fields::{captured_path, closure_function, elided, name_in_text};
pub use frame_name::{Dynamic, FoundType, FrameName, FrameRole};
pub use package::{BUILTIN, package_of};
pub use package_names::PackageNames;
pub use spelling::{Likeness, Spelling, is_of_the_compiler};
pub use standard_library::is_standard;
