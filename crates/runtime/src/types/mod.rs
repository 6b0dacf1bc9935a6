//! Go types, from two sources joined in one table: the executable's DWARF and the runtime's own descriptors.
//!
//! A type that DWARF describes and that has a descriptor is one [`TypeId`]: `DW_AT_go_runtime_type` holds the descriptor's
//! offset from `moduledata.types` (Go 1.17 to 1.27, every build mode).

mod descriptor;
mod from_dwarf;
mod full_name;
mod itab;
mod linked;
mod map_part;
mod methods;
mod name;
mod raw;
mod reflect_names;

pub use descriptor::DescriptorReader;
pub(crate) use from_dwarf::add_dwarf;
pub use from_dwarf::from_dwarf as types_from_dwarf;
pub use full_name::FuncTypes;
pub use methods::Method;
pub(crate) use raw::RawType;
pub use reflect_names::RunTimeNames;
