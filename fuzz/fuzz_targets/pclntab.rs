//! Function tables: names, frame sizes, stack map indices, positions, inlined calls and arguments, of Go 1.17 to 1.27.
#![no_main]

use goheap_fuzz::table_memory::{TEXT, version, with_module};
use goheap_fuzz::{Cursor, bounded};
use libfuzzer_sys::fuzz_target;

/// Functions that are asked for each input.
const ASKED: usize = 16;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let mut input = Cursor::new(input);
    let version = version(input.byte());
    with_module(&version, &mut input, |module, memory| {
        let table = &module.functions;
        table.is_sorted();
        for pc in [TEXT, TEXT + 0x40, TEXT + 0x100, u64::MAX] {
            table.find(pc);
        }
        for func in table.iter().take(ASKED) {
            table.end_of(&func);
            let _ = (table.name(&func).len(), table.print_name(&func).len());
            table.sp_steps(&func);
            for pc in [func.entry, func.entry.wrapping_add(7), func.entry.wrapping_add(0x80)] {
                table.sp_delta(&func, pc);
                for index in 0..4 {
                    table.pcdata(&func, index, pc);
                    table.funcdata(&func, index);
                }
                table.position(&func, pc);
                table.inline_stack(memory, &func, pc).iter().for_each(|frame| drop(frame.print_name()));
                table.arguments(memory, &func, TEXT, pc, true);
            }
        }
    });
}));
