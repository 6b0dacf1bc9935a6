//! Code that is not Go's: which file was mapped at an address, and the nearest symbol there.

use crate::executable::SymbolKind;
use crate::{Address, Executable, Process};

/// What a program counter of native code is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativePlace {
    /// The mapped file, by the path in the core.
    pub file: String,
    /// Bytes from the start of the file.
    pub file_offset: u64,
    /// The symbol that holds it, or the nearest before it in the same file, and the bytes from there.
    pub symbol: Option<(String, u64)>,
}

impl Process {
    /// The mapped file that holds `address`, with the symbol there; None where no file was mapped.
    pub fn native_place(&self, address: Address) -> Option<NativePlace> {
        let mapped = self.core.mapped_files().iter().find(|mapped| mapped.contains(address))?;
        let file_offset = mapped.file_offset.wrapping_add(address.0.wrapping_sub(mapped.start.0));
        let file = mapped.path_lossy().into_owned();
        Some(NativePlace { file, file_offset, symbol: self.native_symbol(address) })
    }

    /// The function of the executable or of a library that was found that holds `address` by its symbols, and the bytes from its start.
    pub fn native_symbol(&self, address: Address) -> Option<(String, u64)> {
        let own = std::iter::once((&self.executable, self.load_bias));
        let others = self.shared_objects.iter().map(|object| (&object.executable, object.load_bias));
        own.chain(others).find_map(|(file, bias)| {
            let linked = address.0.wrapping_sub(bias);
            let holds = |start: u64, size: u64| linked.wrapping_sub(start) < size;
            file.load_segments().find(|segment| holds(segment.address.0, segment.memory_size))?;
            nearest(file, linked)
        })
    }
}

/// The function with the highest address not above `linked`. One that says where it ends must reach so far.
fn nearest(file: &Executable, linked: u64) -> Option<(String, u64)> {
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let functions = symbols.filter(|symbol| {
        let into = linked.checked_sub(symbol.address.0);
        let ends = |into: u64| symbol.size == 0 || into < symbol.size;
        symbol.kind == SymbolKind::Function && symbol.section != 0 && into.is_some_and(ends)
    });
    // Of several names the first by spelling, so that the answer is always the same.
    let best = functions.min_by_key(|symbol| (linked - symbol.address.0, symbol.name))?;
    Some((best.name.to_owned(), linked - best.address.0))
}
