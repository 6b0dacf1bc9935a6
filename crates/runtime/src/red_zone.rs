//! Whether a program was built with `-asan`.

use crate::module::ModuleData;
use crate::version::GoVersion;
use goheap_model::RedZones;

/// What the runtime of a program with the address sanitizer alone has.
const SANITIZER_FUNCTION: &str = "runtime.asanpoison";

/// What the program in the module does: told by a function that its runtime has, which stripping leaves.
pub(crate) fn of(module: &ModuleData<'_>, version: &GoVersion) -> RedZones {
    let functions = &module.functions;
    let is_on = functions.iter().any(|func| functions.name(&func).starts_with(SANITIZER_FUNCTION));
    RedZones::new(is_on, version.release().has_pointer_bits_in_red_zones)
}
