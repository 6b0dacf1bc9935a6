//! Functions, their local variables and where these lie: location lists and ranges of both DWARF versions, and location expressions.
#![no_main]

use goheap_fuzz::{bounded, dwarf::Parts};
use goheap_runtime::dwarf::Dwarf;
use libfuzzer_sys::fuzz_target;

/// Functions that are asked for each input: bodies are read again by each question.
const ASKED: usize = 32;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(Some(dwarf)) = Dwarf::parse(&Parts::new(input)) else { return };
    for function in dwarf.functions().iter().take(ASKED) {
        let middle = function.low.midpoint(function.high);
        for pc in [function.low, middle, function.high.saturating_sub(1)] {
            let _ = format!("{:?}", dwarf.locals_at(pc));
            dwarf.inlined_at(pc);
        }
        dwarf.locals_of_function(middle);
        dwarf.captures(function.low);
        dwarf.function_at(middle);
    }
    let _ = dwarf.diagnostics();
}));
